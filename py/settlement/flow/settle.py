"""Settle: all legs of an instruction in one transaction, or none; alone, out of its holds, or in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from settlement.domain.acts import Act, Settle, SettleBatch, SettleLocked
from settlement.domain.instruction import Consent, InstructionStatus, MatchedInstruction
from settlement.errors import Reason, Refused
from settlement.flow.desk import Desk, Outcome, perform, record, require_told, told

BatchMode = Literal["all-or-nothing", "each-for-itself"]


def settle(desk: Desk, matched: MatchedInstruction) -> Outcome:
    """Settles an instruction; asks for every reason against it first, so that a refusal costs nothing.

    Raises:
        Refused: with every reason; nothing was changed, and it may be tried again inside its window.
        OutcomeUnknown: sent, and no receipt was seen that tells of it.
    """
    act = Settle(instruction=matched.instruction, consents=matched.consents)
    return _settle(desk, act, matched, desk.ledger.reasons(matched.instruction, matched.consents))


def settle_locked(desk: Desk, matched: MatchedInstruction, bank_consents: Sequence[Consent] = ()) -> Outcome:
    """Settles a locked instruction out of its holds; `bank_consents` are those of banks above their mandate.

    Raises:
        Refused: with every reason; the holds stand.
        OutcomeUnknown: sent, and no receipt was seen that tells of it.
    """
    act = SettleLocked(instruction=matched.instruction, consents=tuple(bank_consents))
    return _settle(desk, act, matched, desk.ledger.reasons(matched.instruction, bank_consents, locked=True))


def settle_batch(desk: Desk, batch: Sequence[MatchedInstruction], mode: BatchMode) -> tuple[Outcome, ...]:
    """Settles many instructions in one transaction, reserves netted per bank.

    Raises:
        Refused: in `all-or-nothing`, one was refused and nothing was changed.
        OutcomeUnknown: no receipt was seen, or one that does not tell of each; those it tells of are recorded.
    """
    items = tuple(Settle(instruction=item.instruction, consents=item.consents) for item in batch)
    ids = [item.instruction_id for item in batch]
    try:
        receipt = perform(desk, SettleBatch(items=items, mode=mode), ids)
    except Refused as refusal:
        for instruction_id in ids:
            record(desk, Outcome(instruction_id, InstructionStatus.REFUSED, reasons=refusal.reasons))
        raise
    settled = told(desk, receipt, "InstructionSettled")
    failed = told(desk, receipt, "InstructionFailed")
    outcomes = []
    for instruction_id in ids:
        if instruction_id in settled:
            outcomes.append(record(desk, Outcome(instruction_id, InstructionStatus.SETTLED, receipt)))
        elif instruction_id in failed:
            reasons = (desk.ledger.reason(failed[instruction_id].arguments["reason"]),)
            outcomes.append(record(desk, Outcome(instruction_id, InstructionStatus.REFUSED, reasons=reasons)))
    require_told(desk, receipt, ids, {*settled, *failed})
    return tuple(outcomes)


def _settle(desk: Desk, act: Act, matched: MatchedInstruction, reasons: Sequence[Reason]) -> Outcome:
    instruction_id = matched.instruction_id
    try:
        if reasons:
            raise Refused(reasons, f"instruction {matched.instruction.reference}")
        receipt = perform(desk, act, [instruction_id])
    except Refused as refusal:
        record(desk, Outcome(instruction_id, InstructionStatus.REFUSED, reasons=refusal.reasons))
        raise
    require_told(desk, receipt, [instruction_id], told(desk, receipt, "InstructionSettled"))
    return record(desk, Outcome(instruction_id, InstructionStatus.SETTLED, receipt))
