"""Settlement discipline: which refusals may pass, what they wait for, and when to try again. Times are seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from settlement.domain.model import Model
from settlement.errors import Reason

MAY_PASS: dict[str, str | None] = {
    "Instrument_InsufficientFree": "owner",
    "Registry_PartyNotActive": "party",
    "Registry_InstrumentNotAdmitted": "instrument",
    "AccountMoney_NoAccount": "holder",
    "AccountMoney_AccountBlocked": "holder",
    "GreenBond_BelowMinimumDenomination": "holder",
    "Title_NotOwner": "party",
    "Title_OnHold": None,
    "BillOfLading_EntrustmentNotAccepted": "receiver",
    "BillOfLading_NotEntrusted": None,
    "BillOfLading_UnexpectedStatus": None,
    "Engine_TooEarly": None,
}
"""Refusals that may pass, with the argument that names whom a change has to concern before another try is of use."""

UNEXPLAINED = ("Reverted", "UnknownError", "Error", "Panic")
"""A contract that says nothing may think better of it, but not for ever."""


class RetryRule(Model):
    """How often and when to try again.

    Attributes:
        attempts_max: After so many attempts an instruction is refused; each costs gas. With the pauses below that is
            hours of a change every moment, or days of none.
        attempts_unexplained_max: The same where the ledger gives no reason that we know.
        pause_s: Before the first retry when nothing is seen to have changed; doubles with each attempt.
        pause_max_s: The longest such pause.
        woken_pause_s: The shortest time between two attempts when something has changed; doubles too.
        woken_pause_max_s: The longest such pause.

    """

    attempts_max: int = 1_000
    attempts_unexplained_max: int = 5
    pause_s: float = 30.0
    pause_max_s: float = 600.0
    woken_pause_s: float = 0.1
    woken_pause_max_s: float = 30.0

    def again_in(self, attempts: int) -> float:
        """Seconds until the next attempt where nothing is seen to have changed."""
        return float(min(self.pause_s * 2 ** min(attempts - 1, 16), self.pause_max_s))

    def woken_in(self, attempts: int) -> float:
        """The least seconds between an attempt and the next one after a change."""
        return float(min(self.woken_pause_s * 2 ** min(attempts, 16), self.woken_pause_max_s))


class Verdict(NamedTuple):
    """What follows from a refused attempt: `retries` says whether to try again, and `waits_for` whom it waits for."""

    retries: bool
    waits_for: str | None


def judge(reason: Reason, attempts: int, givers: Sequence[str], rule: RetryRule) -> Verdict:
    """Whether a refusal may pass.

    Args:
        reason: The ledger's reason.
        attempts: How many attempts there were, this one included.
        givers: Addresses of those who give: their consent has to be there from the start. A consent that is missing
            of anybody else is a bank's, whose mandate does not cover the payment, and may be widened.
        rule: The bounds.
    """
    if attempts >= rule.attempts_max:
        return Verdict(False, None)
    if reason.name == "Engine_ConsentMissing":
        party = str(reason.arguments.get("party"))
        return Verdict(party not in givers, party)
    if reason.name in MAY_PASS:
        argument = MAY_PASS[reason.name]
        waits_for = reason.arguments.get(argument) if argument else None
        return Verdict(True, None if waits_for is None else str(waits_for))
    if reason.name in UNEXPLAINED:
        return Verdict(attempts < rule.attempts_unexplained_max, None)
    return Verdict(False, None)
