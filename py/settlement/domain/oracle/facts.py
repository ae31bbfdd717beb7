"""What the oracle says is so, as questions that the chain's contracts can be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from settlement.domain.oracle.calls import NOBODY, Terms
from settlement.domain.oracle.engine import STATUS_NAMES as INSTRUCTION_STATUSES
from settlement.domain.oracle.registry import STATUS_NAMES as PARTY_STATUSES

FactKind = Literal["balance", "held", "supply", "stage", "owner", "titleholder", "hold", "party", "instruction", "legs"]


class Fact(NamedTuple):
    """One thing that is so.

    Attributes:
        kind: What is asked: an account's balance, what of it is held, a supply, a bond's stage, a title's owner and
            titleholder, a hold, a party's status, an instruction's status, and its legs that are held, as bits.
        contract: Who is asked.
        subject: Whom or what it is about: an account, a title or a hold; an instruction's id.
        expected: The answer by the rules, all its words as one number; nought where there is nothing.
        terms: Of an instruction.
        purpose: Of a hold: for which instruction it is.

    """

    kind: FactKind
    contract: str
    subject: str
    expected: int
    terms: Terms | None = None
    purpose: str = ""

    def difference(self, found: int) -> str:
        """A sentence that says what the chain has, and what the rules leave."""
        has, of = _SAYINGS[self.kind](self, found), _SAYINGS[self.kind](self, self.expected)
        about = {
            "balance": f"{self.subject} has {has} of {self.contract}, and by the rules {of}",
            "held": f"of {self.contract} {has} of {self.subject}'s are held, and by the rules {of}",
            "supply": f"there are {has} of {self.contract}, and by the rules {of}",
            "stage": f"bond {self.contract} is at stage {has}, and by the rules at {of}",
            "owner": f"title {self.subject} of {self.contract} is in possession of {has}, and by the rules of {of}",
            "titleholder": f"{has} has title to {self.subject} of {self.contract}, and by the rules {of}",
            "hold": f"hold {self.subject} on {self.contract} for instruction {self.purpose} is of {has}, and by the "
            f"rules of {of}",
            "party": f"{self.subject} is {has}, and by the rules {of}",
            "instruction": f"instruction {self.subject} is {has}, and by the rules {of}",
            "legs": f"of instruction {self.subject} {has} are held, and by the rules {of}",
        }
        return about[self.kind]


def _address(value: int) -> str:
    address = "0x" + (value & (2**160 - 1)).to_bytes(20).hex()
    return "nobody" if address == NOBODY else address


def _named(names: tuple[str, ...], value: int) -> str:
    return names[value] if value < len(names) else f"at {value}"


def _hold(fact: Fact, value: int) -> str:
    owner, quantity = value >> 256, value & (2**256 - 1)
    return f"{quantity} of {_address(owner)}'s" if value else "nothing"


_SAYINGS: dict[FactKind, Callable[[Fact, int], str]] = {
    "balance": lambda _, value: str(value),
    "held": lambda _, value: str(value),
    "supply": lambda _, value: str(value),
    "stage": lambda _, value: str(value),
    "owner": lambda _, value: _address(value),
    "titleholder": lambda _, value: _address(value),
    "hold": _hold,
    "party": lambda _, value: _named(PARTY_STATUSES, value),
    "instruction": lambda _, value: _named(INSTRUCTION_STATUSES, value),
    "legs": lambda _, value: "legs " + ", ".join(str(i) for i in range(32) if value >> i & 1) if value else "no legs",
}
