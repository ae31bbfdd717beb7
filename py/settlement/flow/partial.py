"""Partial settlement, where both sides allow it: what can settle now settles, the rest waits as its own instruction.

The part has the nonce of the whole, so the chain settles one of the two and never both. The remainder is signed only
when the part is final: at no time can more than the whole settle.
"""

from __future__ import annotations

from settlement.domain.instruction import Instruction, InstructionStatus, Leg
from settlement.errors import InputError, Reason
from settlement.flow.desk import Desk
from settlement.flow.match import required_consents
from settlement.ports import Judgement, NewInstruction, Queue, QueuedInstruction, QueueState

_REFERENCE_MAX = 64

_PARTIAL_OF = "partial_of"
"""In a part's terms: the id of the whole."""


def divide(desk: Desk, item: QueuedInstruction, shortage: Reason, now: float) -> Judgement | None:
    """Takes in the part of an instruction that a shortage leaves possible; None where there is none."""
    whole, lot = item.matched.instruction, item.partial_lot
    assert lot is not None  # noqa: S101 - the caller looked
    reference = f"{whole.reference}/1"
    if len(reference) > _REFERENCE_MAX:
        return None
    if reference not in desk.journal.stored([reference]):
        units = _possible(desk, whole, lot, shortage)
        if units == 0:
            return None
        part = _scaled(whole, units, reference, whole.nonce, item.matched.instruction_id)
        if not _take_in(desk, part, item.matched.instruction_id, None, now, counts_nonce=False):
            return None
    detail = f"settles in parts, the first of them {reference}"
    return Judgement(item.sequence, item.matched.instruction_id, InstructionStatus.PARTIAL, QueueState.DONE, detail)


def remainders(desk: Desk, queue: Queue, now: float) -> int:
    """Takes in what is left of instructions whose part is final; how many."""
    count = 0
    for item, part in queue.parts_settled(limit=100):
        whole = item.matched.instruction
        if part.terms.get(_PARTIAL_OF) != item.matched.instruction_id:
            continue  # Its parties have not signed that it is a part: the journal was changed.
        left = whole.legs[0].quantity.amount - part.legs[0].quantity.amount
        nonce = desk.journal.next_nonce(whole.parties)
        rest = _scaled(whole, left, f"{whole.reference}/2", nonce, item.matched.instruction_id)
        count += _take_in(desk, rest, item.matched.instruction_id, item.partial_lot, now, counts_nonce=True)
    return count


def _possible(desk: Desk, whole: Instruction, lot: int, shortage: Reason) -> int:
    """Units of the first leg that the shortage leaves possible, in whole lots; 0 where it is not about one leg."""
    free, needed = int(str(shortage.arguments["free"])), int(str(shortage.arguments["needed"]))
    owner = str(shortage.arguments["owner"])
    short = [
        leg
        for leg in whole.legs
        if leg.quantity.amount == needed and desk.ledger.directory.address_of(leg.giver) == owner
    ]
    if not short:
        return 0
    units = whole.legs[0].quantity.amount * free // needed // lot * lot
    return units if units < whole.legs[0].quantity.amount else 0


def _scaled(whole: Instruction, units: int, reference: str, nonce: int, whole_id: str) -> Instruction:
    """The same with `units` of the first leg and as much of the others; intake saw to it that this comes out even."""
    total = whole.legs[0].quantity.amount

    def scaled(leg: Leg) -> Leg:
        amount = leg.quantity.amount * units // total
        return leg.model_copy(update={"quantity": leg.quantity.model_copy(update={"amount": amount})})

    return whole.model_copy(
        update={
            "reference": reference,
            "legs": tuple(map(scaled, whole.legs)),
            "terms": {**whole.terms, _PARTIAL_OF: whole_id},
            "nonce": nonce,
        }
    )


def _take_in(
    desk: Desk, instruction: Instruction, whole_id: str, lot: int | None, now: float, *, counts_nonce: bool
) -> bool:
    try:
        matched = desk.ledger.signed(instruction, required_consents(desk, instruction))
    except InputError:
        return False  # Somebody's key is elsewhere, so nobody can sign for the part.
    new = NewInstruction(
        instruction_id=matched.instruction_id,
        instruction=instruction,
        consents=matched.consents,
        status=InstructionStatus.MATCHED,
        state=QueueState.READY,
        priority=0,
        due_at=now,
        partial_lot=lot,
        parent=whole_id,
        counts_nonce=counts_nonce,
    )
    return desk.journal.take_in([new], now)
