"""Everything that can go wrong, as one tree; nothing else leaves this package.

SettlementError
├── InputError            what was given cannot be used; nothing was changed          exit 2
│   ├── KeyUnusable       a key is there and cannot be used: its password, or the file itself   exit 2
│   └── EblRefused        read and understood, and breaks a rule of DCSA's (domain.ebl)   exit 1
├── Refused               the ledger said no, with reasons; it will not change its mind by itself   exit 1
├── ExpectationNotMet     it ran, and the outcome is not the one that was expected    exit 1
├── ChainUnreachable      nobody answered, nothing was sent; try again                exit 3
├── LaneLost              another worker has taken over; what it had is taken care of exit 3
├── JournalUnavailable    the journal cannot be read or written now; try again        exit 3
├── OutcomeUnknown        sent, and not yet known whether it took effect; ask the chain   exit 3
└── NotRecorded           a run settled, and could not be written down here (domain.runs)   exit 3
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import category

_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of Unicode whose characters do something where others are seen: controls, directions, ends of lines."""


SENTENCE_MAX = 900
"""Characters of a sentence that says what is wrong."""


def printable(text: str, keep: str = "") -> str:
    """The text as a terminal can show it: what is no visible character is written as Python writes it.

    Strangers' words are read on terminals, where a control character could clear the screen, forge a line or turn the
    direction of writing.

    Args:
        text: Anything.
        keep: Characters that stay as they are.

    """
    if text.isprintable():
        return text
    return "".join(c if c in keep or category(c) not in _UNSEEN else ascii(c)[1:-1] for c in text)


def shortened(text: str) -> str:
    """A sentence without the middle of what somebody wrote at great length: how it begins, and what it says to do."""
    return (
        text if len(text) <= SENTENCE_MAX else f"{text[: SENTENCE_MAX * 6 // 10]} … {text[-SENTENCE_MAX * 3 // 10 :]}"
    )


class SettlementError(Exception):
    """Base of every expected error; its text is one clear sentence for a person."""

    exit_code = 1


@dataclass(frozen=True)
class Location:
    """Where in the input a fault lies; whatever does not apply is None."""

    file: str | None = None
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        where = self.file or ""
        if self.line is not None:
            where += f":{self.line}"
        if self.field:
            where += f" ({self.field})" if where else self.field
        # A field that nobody knows is called what a stranger called it, and this is read on terminals.
        return printable(where)


class InputError(SettlementError):
    """What was given cannot be used: says what is wrong, where, and what is allowed."""

    exit_code = 2

    def __init__(self, problem: str, location: Location | None = None) -> None:
        self.problem = shortened(problem)
        self.location = location
        super().__init__(shortened(f"{location}: {self.problem}") if location else self.problem)


class KeyUnusable(InputError):
    """A key is there and cannot be used: its password is wrong or not to be had, or it is damaged or another party's.

    A key that is not there is a plain InputError: it may be elsewhere, and its signatures come along.
    """


@dataclass(frozen=True)
class Reason:
    """One reason of a refusal: the contract error's name, its arguments by name, and the sentence for a person."""

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    sentence: str = ""

    def __str__(self) -> str:
        if self.sentence:
            return f"{self.name}: {self.sentence}"
        arguments = ", ".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.name}({arguments})"


class Refused(SettlementError):
    """The ledger refused; nothing was changed."""

    exit_code = 1

    def __init__(self, reasons: Sequence[Reason], what: str = "") -> None:
        self.reasons = tuple(reasons)
        text = "; ".join(str(reason) for reason in self.reasons) or "refused without a reason"
        super().__init__(f"{what}: {text}" if what else text)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the reasons, in the order the ledger gave them."""
        return tuple(reason.name for reason in self.reasons)


class ExpectationNotMet(SettlementError):
    """It ran, and the outcome is not the one that was expected."""

    exit_code = 1


class ChainUnreachable(SettlementError):
    """The chain could not be started or did not answer; nothing was sent."""

    exit_code = 3


class JournalUnavailable(SettlementError):
    """The journal, or a client book, cannot be read or written now.

    Its server is away, its disk is full, or another process locks it.
    """

    exit_code = 3


class LaneLost(SettlementError):
    """Another worker has taken over the lane: whoever had it changes nothing more, and takes a new one."""

    exit_code = 3


class OutcomeUnknown(SettlementError):
    """A transaction was sent and no receipt has been seen; only the chain can say what became of it."""

    exit_code = 3

    def __init__(self, transaction: str, detail: str = "") -> None:
        self.transaction = transaction
        super().__init__(
            f"transaction {transaction} was sent and its outcome is not known"
            + (f" ({detail})" if detail else "")
            + "; it may still settle"
        )
