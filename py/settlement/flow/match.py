"""Match: the consents of all sides over the same terms."""

from __future__ import annotations

from collections.abc import Sequence

from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.domain.matching import require_match
from settlement.flow.desk import Desk, Outcome, record
from settlement.flow.instruct import instruct


def required_consents(desk: Desk, instruction: Instruction) -> tuple[str, ...]:
    """Every giver, and every receiver of a title; banks whose mandate does not suffice are not among them."""
    titles = tuple(
        leg.receiver
        for leg in instruction.legs
        if desk.ledger.directory.instrument(leg.quantity.instrument).kind == "bill-of-lading"
    )
    return tuple(dict.fromkeys(instruction.givers + titles))


def match(
    desk: Desk, instruction: Instruction, consents: Sequence[Consent], theirs: Instruction | None = None
) -> MatchedInstruction:
    """Brings an instruction and its consents together; where the other side's version is given, it has to be the same.

    Raises:
        InputError: the two versions differ; names the field.
    """
    if theirs is not None:
        require_match(instruction, theirs)
    instruction_id = instruct(desk, instruction)
    desk.journal.record_consents(instruction_id, consents)
    record(desk, Outcome(instruction_id, InstructionStatus.MATCHED))
    return MatchedInstruction(instruction_id=instruction_id, instruction=instruction, consents=tuple(consents))
