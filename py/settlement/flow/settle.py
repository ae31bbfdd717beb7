"""Settle: all legs of an instruction in one transaction, or none; alone, out of its holds, or in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from settlement.domain.acts import Act, Settle, SettleBatch, SettleLocked
from settlement.domain.instruction import Consent, InstructionStatus, MatchedInstruction
from settlement.errors import Reason, Refused
from settlement.flow.desk import Desk, Outcome, perform, record

BatchMode = Literal["all-or-nothing", "each-for-itself"]


def settle(desk: Desk, matched: MatchedInstruction) -> Outcome:
    """Settles an instruction; asks for every reason against it first, so that a refusal costs nothing.

    Raises:
        Refused: with every reason; nothing was changed, and it may be tried again inside its window.
    """
    act = Settle(instruction=matched.instruction, consents=matched.consents)
    return _settle(desk, act, matched, matched.consents)


def settle_locked(desk: Desk, matched: MatchedInstruction, bank_consents: Sequence[Consent] = ()) -> Outcome:
    """Settles a locked instruction out of its holds; `bank_consents` are those of banks above their mandate.

    Raises:
        Refused: with every reason; the holds stand.
    """
    act = SettleLocked(instruction=matched.instruction, consents=tuple(bank_consents))
    return _settle(desk, act, matched, bank_consents)


def settle_batch(desk: Desk, batch: Sequence[MatchedInstruction], mode: BatchMode) -> tuple[Outcome, ...]:
    """Settles many instructions in one transaction, reserves netted per bank.

    Raises:
        Refused: in `all-or-nothing`, one was refused and nothing was changed.
    """
    items = tuple(Settle(instruction=item.instruction, consents=item.consents) for item in batch)
    ids = [item.instruction_id for item in batch]
    try:
        receipt = perform(desk, SettleBatch(items=items, mode=mode), ids)
    except Refused as refusal:
        for instruction_id in ids:
            record(desk, Outcome(instruction_id, InstructionStatus.REFUSED, reasons=refusal.reasons))
        raise
    settled = {event.arguments["instructionId"] for event in receipt.events if event.name == "InstructionSettled"}
    reasons = {
        event.arguments["instructionId"]: desk.ledger.reason(event.arguments["reason"])
        for event in receipt.events
        if event.name == "InstructionFailed"
    }
    return tuple(
        record(desk, Outcome(instruction_id, InstructionStatus.SETTLED, receipt))
        if instruction_id in settled
        else record(desk, _failed(instruction_id, reasons))
        for instruction_id in ids
    )


def _failed(instruction_id: str, reasons: dict[str, Reason]) -> Outcome:
    reason = reasons.get(instruction_id, Reason("Reverted", {}, "the batch reported no reason"))
    return Outcome(instruction_id, InstructionStatus.REFUSED, reasons=(reason,))


def _settle(desk: Desk, act: Act, matched: MatchedInstruction, consents: Sequence[Consent]) -> Outcome:
    instruction_id = matched.instruction_id
    try:
        reasons = desk.ledger.reasons(matched.instruction, consents)
        if reasons:
            raise Refused(reasons, f"instruction {matched.instruction.reference}")
        receipt = perform(desk, act, [instruction_id])
    except Refused as refusal:
        record(desk, Outcome(instruction_id, InstructionStatus.REFUSED, reasons=refusal.reasons))
        raise
    return record(desk, Outcome(instruction_id, InstructionStatus.SETTLED, receipt))
