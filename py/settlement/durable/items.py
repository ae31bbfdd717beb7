"""Rows of the queue as what they stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.engine import Connection

from settlement.domain.instruction import InstructionStatus, MatchedInstruction
from settlement.durable import rows, schema
from settlement.ports import (
    QueuedInstruction,
    QueueRow,
    QueueState,
)

RETRIABLE = (QueueState.READY.value, QueueState.WAITING.value)
"""States of what is in nobody's hands."""

_queue = schema.queue


def items_of(
    connection: Connection, chosen: Sequence[Any], known: Mapping[int, MatchedInstruction] | None = None
) -> list[QueuedInstruction]:
    """In the order in which they were chosen; `known` are those whose terms and consents were read already."""
    found = dict(known or {})
    unread = [row.sequence for row in chosen if row.sequence not in found]
    if unread:
        bodies, consents = rows.bodies_of(connection, unread), rows.consents_of(connection, unread)
        for sequence in unread:
            instruction_id, instruction = bodies[sequence]
            found[sequence] = MatchedInstruction(
                instruction_id=instruction_id, instruction=instruction, consents=tuple(consents[sequence])
            )
    return [
        QueuedInstruction(
            sequence=row.sequence,
            attempts=row.attempts,
            matched=found[row.sequence],
            partial_lot=None if row.partial_lot is None else int(row.partial_lot),
            cancels=row.status == InstructionStatus.CANCELLING.value,
        )
        for row in chosen
    ]


def queue_rows() -> Select[Any]:
    """Rows of the queue with the id and reference of each."""
    terms = schema.instruction
    return select(_queue, terms.c.instruction_id, terms.c.reference).join(terms, terms.c.sequence == _queue.c.sequence)


def queue_row(row: Any) -> QueueRow:
    """A row as people read it."""
    return QueueRow(
        instruction_id=row.instruction_id,
        reference=row.reference,
        status=InstructionStatus(row.status),
        state=QueueState(row.state),
        priority=int(row.priority),
        attempts=int(row.attempts),
        taken_at=_time(row.taken_at),
        due_at=_time(row.due_at),
        deadline=_time(row.deadline),
        failing_at=None if row.failing_at is None else _time(row.failing_at),
        partial_lot=None if row.partial_lot is None else int(row.partial_lot),
        detail=row.detail,
    )


def _time(value: Any) -> float:
    """Seconds, as the database has them; what is none raises, as whatever this program never writes."""
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError(f"{seconds} is no time")
    return seconds
