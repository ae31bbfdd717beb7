"""Instruct: an instruction gets its id and is stored before anything else happens to it."""

from __future__ import annotations

from settlement.domain.instruction import Instruction, InstructionStatus
from settlement.flow.desk import Desk, Outcome, record


def instruct(desk: Desk, instruction: Instruction) -> str:
    """Stores an instruction and returns its id; the same again is already there.

    Raises:
        InputError: a party or instrument is unknown, or the reference is taken by other terms.
    """
    instruction_id = desk.ledger.instruction_id(instruction)
    if desk.journal.record_instruction(instruction_id, instruction):
        record(desk, Outcome(instruction_id, InstructionStatus.INSTRUCTED))
    return instruction_id
