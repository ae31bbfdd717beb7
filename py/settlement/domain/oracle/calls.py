"""What the oracle is told: calls with their arguments, and events where it does not model what brought them about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

NOBODY = "0x" + "0" * 40
"""The zero address: where what is issued comes from, and what is redeemed goes."""


class TermsLeg(NamedTuple):
    """A leg as the ledger sees it; `quantity` is a token id where the instrument is a title."""

    giver: str
    receiver: str
    instrument: str
    receiver_instrument: str
    quantity: int


class Terms(NamedTuple):
    """An instruction as the ledger sees it.

    Attributes:
        instruction_id: What its parties sign.
        legs: In order.
        terms_hash: Hash of the terms that stay off chain.
        not_before: First second in which it may settle.
        deadline: Last second.
        nonce: Serves this group of parties once.
        holds: The id of each leg's hold.

    """

    instruction_id: str
    legs: tuple[TermsLeg, ...]
    terms_hash: bytes
    not_before: int
    deadline: int
    nonce: int
    holds: tuple[str, ...] = ()

    @property
    def group(self) -> tuple[tuple[str, str], ...]:
        """Whose nonce it is: who gives to whom, leg by leg."""
        return tuple((leg.giver, leg.receiver) for leg in self.legs)


class Consenting(NamedTuple):
    """A consent, and whether its signature is the party's over what it is for.

    Attributes:
        party: Whose it is.
        is_signed: Whether it holds; taken for given where a contract says so.
        is_asked: Whether a contract's own rule says so, which is not modelled.

    """

    party: str
    is_signed: bool
    is_asked: bool = False


class Call(NamedTuple):
    """A call of one of the contracts, or a contract's creation.

    Attributes:
        sender: Who calls.
        at: The block's Unix time.
        contract: What is called, or came into being.
        function: The function's signature; the contract's name where one is created.
        arguments: In order; instructions as `Terms`, lists of consents as tuples of `Consenting`.

    """

    sender: str
    at: int
    contract: str
    function: str
    arguments: tuple[Any, ...]


class Event(NamedTuple):
    """An event of one of the contracts, where what brought it about is not modelled; arguments in order."""

    contract: str
    name: str
    arguments: tuple[Any, ...]


class Outcome(NamedTuple):
    """What became of one instruction of a batch: settled, or why it failed."""

    instruction_id: str
    failure: str | None


class Happened(NamedTuple):
    """A transaction as the chain shows it.

    Attributes:
        transaction: Its hash.
        at: Its block's Unix time.
        call: What was called; None where that is not modelled, and its events tell.
        succeeded: Whether the chain took it.
        events: What the contracts said, in order, where the call is not modelled.
        outcomes: What became of a batch's instructions, in order.
        moved: What each account got less what it gave, by instrument, holder and title (0 where there is none).
        is_open: The chain may have refused it for a reason that is no rule: it ran out of gas, or a contract's own
            rule refused a signature.

    """

    transaction: str
    at: int
    call: Call | None
    succeeded: bool
    events: tuple[Event, ...]
    outcomes: tuple[Outcome, ...]
    moved: Mapping[tuple[str, str, int], int]
    is_open: bool
