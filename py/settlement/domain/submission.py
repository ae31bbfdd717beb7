"""What a caller hands in to be settled: the terms, how urgent it is, and whether a part of it is of use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from settlement.domain.instruction import MAX_LEGS, Consent, Instruction, Leg, Reference, UnixTime
from settlement.domain.matching import require_match
from settlement.domain.model import Model
from settlement.errors import InputError

PRIORITY_DEFAULT, PRIORITY_MAX = 5, 9


class Submission(Model):
    """An instruction as its caller submits it.

    Attributes:
        reference: The caller's own id. The same again with the same terms is already there; with others, refused.
        legs: Performed in order, all or none.
        terms: The full terms as plain JSON values.
        not_before: First second (Unix time) in which it may settle.
        deadline: Last second in which it may settle.
        nonce: Serves this group of parties once; None where the journal is to choose the next.
        priority: 0 to 9; what is higher goes first.
        settlement_date_end: First second after the settlement date: pending becomes failing there; None never.
        partial_lot: Where both sides allow partial settlement: the smallest part, in units of the first leg. Other
            legs are divided in proportion, which has to come out even.
        consents: Signatures that come along. Where there is none, each party's own signer is asked.

    """

    reference: Reference
    legs: Annotated[tuple[Leg, ...], Field(min_length=1, max_length=MAX_LEGS)]
    terms: Mapping[str, Any] = {}
    not_before: UnixTime = 0
    deadline: UnixTime
    nonce: Annotated[int, Field(ge=0, le=2**256 - 1)] | None = None
    priority: Annotated[int, Field(ge=0, le=PRIORITY_MAX)] = PRIORITY_DEFAULT
    settlement_date_end: UnixTime | None = None
    partial_lot: Annotated[int, Field(ge=1)] | None = None
    consents: tuple[Consent, ...] = ()

    @property
    def parties(self) -> tuple[str, ...]:
        """Every giver and receiver once, in order of appearance."""
        return tuple(dict.fromkeys(party for leg in self.legs for party in (leg.giver, leg.receiver)))

    def instruction(self, nonce: int) -> Instruction:
        """The instruction that the parties sign, with a nonce that the journal chose, or its own."""
        return Instruction(
            reference=self.reference,
            legs=self.legs,
            terms=self.terms,
            not_before=self.not_before,
            deadline=self.deadline,
            nonce=nonce if self.nonce is None else self.nonce,
        )


def require_same_terms(submission: Submission, stored: Instruction) -> None:
    """Compares a submission with what is stored under its reference.

    Raises:
        InputError: other terms; names the first field that differs, and both values.
    """
    try:
        require_match(submission.instruction(stored.nonce), stored)
    except InputError as difference:
        raise InputError(f"reference {submission.reference!r} is taken by other terms: {difference}") from None
