"""Lock: matched on chain, every leg on hold; and the ways out of it that are not settlement."""

from __future__ import annotations

from collections.abc import Sequence

from settlement.domain.acts import Act, Cancel, Expire, Lock, ReleaseLeg
from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.errors import Refused
from settlement.flow.desk import Desk, Outcome, perform, record, require_told, told

_EVENTS = {
    InstructionStatus.LOCKED: "InstructionLocked",
    InstructionStatus.CANCELLED: "InstructionCancelled",
    InstructionStatus.EXPIRED: "InstructionExpired",
}
"""What the engine tells where a step has led there."""


def lock(desk: Desk, matched: MatchedInstruction) -> Outcome:
    """Places the holds of all legs, or of none.

    Raises:
        Refused: the ledger refused; nothing is held.
        OutcomeUnknown: sent, and no receipt was seen that tells of it.
    """
    act = Lock(instruction=matched.instruction, consents=matched.consents)
    return _step(desk, act, matched.instruction_id, InstructionStatus.LOCKED)


def cancel(desk: Desk, instruction: Instruction, reason: str, cancellations: Sequence[Consent]) -> Outcome:
    """Cancels for good: one party alone while open, all of them once locked.

    Raises:
        Refused: somebody's word is missing, or the instruction is past cancelling.
        OutcomeUnknown: sent, and no receipt was seen that tells of it.
    """
    act = Cancel(instruction=instruction, reason=reason, cancellations=tuple(cancellations))
    return _step(desk, act, desk.ledger.instruction_id(instruction), InstructionStatus.CANCELLED, reason)


def expire(desk: Desk, instruction: Instruction) -> Outcome:
    """Records that the deadline has passed, and releases the holds.

    Raises:
        Refused: the window is still open, or nothing is locked.
        OutcomeUnknown: sent, and no receipt was seen that tells of it.
    """
    act = Expire(instruction=instruction)
    return _step(desk, act, desk.ledger.instruction_id(instruction), InstructionStatus.EXPIRED)


def release_leg(desk: Desk, instruction: Instruction, leg: int) -> Outcome:
    """Releases one leg's hold of a cancelled or expired instruction.

    Raises:
        Refused: that leg is not held, or the instruction is not over.
    """
    instruction_id = desk.ledger.instruction_id(instruction)
    receipt = perform(desk, ReleaseLeg(instruction=instruction, leg=leg), [instruction_id])
    return record(desk, Outcome(instruction_id, desk.ledger.status(instruction), receipt), f"leg {leg} released")


def _step(desk: Desk, act: Act, instruction_id: str, status: InstructionStatus, detail: str = "") -> Outcome:
    try:
        receipt = perform(desk, act, [instruction_id])
    except Refused as refusal:
        record(desk, Outcome(instruction_id, InstructionStatus.REFUSED, reasons=refusal.reasons))
        raise
    require_told(desk, receipt, [instruction_id], told(desk, receipt, _EVENTS[status]))
    return record(desk, Outcome(instruction_id, status, receipt), detail)
