"""Confirm: a settlement is reported as done once its block is final by the network's rule."""

from __future__ import annotations

from settlement.domain.instruction import InstructionStatus
from settlement.flow.desk import Desk, Outcome, record


def confirm(desk: Desk, outcome: Outcome) -> Outcome:
    """Moves a settled instruction to confirmed where its block is final; leaves it as it is where not yet."""
    if outcome.status is not InstructionStatus.SETTLED or outcome.receipt is None:
        return outcome
    if not desk.ledger.is_final(outcome.receipt):
        return outcome
    return record(desk, Outcome(outcome.instruction_id, InstructionStatus.CONFIRMED, outcome.receipt))
