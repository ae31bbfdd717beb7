"""What people ask of the queue, and ask it to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from settlement.domain.audit import evidence
from settlement.domain.instruction import InstructionStatus
from settlement.durable import rows, schema
from settlement.durable.items import RETRIABLE, queue_row, queue_rows
from settlement.durable.lanes import SqlLanes
from settlement.durable.rows import MINED, STORED
from settlement.errors import InputError, Reason, Refused
from settlement.ports import (
    Cancellation,
    QueueFigures,
    QueueRow,
    QueueState,
)

_UNFINISHED = (
    QueueState.READY.value,
    QueueState.WAITING.value,
    QueueState.IN_FLIGHT.value,
    QueueState.TO_CANCEL.value,
)
_CANCELLABLE = (*RETRIABLE, QueueState.BY_HAND.value)

_queue, _tx = schema.queue, schema.signed_transaction


class SqlRequests(SqlLanes):
    """The part of `ports.Queue` for people."""

    def retry(self, keys: Sequence[str], at: float) -> Sequence[str]:
        """See `ports.Queue.retry`."""
        pending, ready = InstructionStatus.PENDING.value, QueueState.READY.value
        why = "to be tried again by request"
        with self.database.write() as writing:
            connection = writing.connection
            if keys:
                named = [self._named(connection, key) for key in dict.fromkeys(keys)]
                _require_retriable(named)
                rows.lock_queue(connection, [row.sequence for row in named])
                found = [self._named(connection, key) for key in dict.fromkeys(keys)]
            else:
                waiting = queue_rows().where(_queue.c.scope == self.scope, schema.IS_WAITING)
                in_order = waiting.order_by(_queue.c.sequence).with_for_update(of=_queue)
                found = list(connection.execute(in_order))
            _require_retriable(found)
            sequences = [row.sequence for row in found]
            values = {"state": ready, "status": pending, "due_at": 0.0, "attempts": 0, "detail": why}
            for some in rows.within(_queue.c.sequence, sequences):
                connection.execute(update(_queue).where(some).values(**values))
            writing.add_history(
                [(row.sequence, row.instruction_id, pending, int(at), None, None, None, why) for row in found]
            )
        return [row.instruction_id for row in found]

    def request_cancellation(self, instruction_id: str, cancellation: Cancellation, at: float) -> None:
        """See `ports.Queue.request_cancellation`."""
        cancelling, table = InstructionStatus.CANCELLING.value, schema.cancellation
        with self.database.write() as writing:
            connection = writing.connection
            rows.lock_queue(connection, [self._named(connection, instruction_id).sequence])
            row = self._named(connection, instruction_id)
            if row.status == cancelling:
                return
            if row.state not in _CANCELLABLE or row.status == InstructionStatus.SENT.value:
                raise _not_possible("cancel", row)
            connection.execute(delete(table).where(table.c.sequence == row.sequence))
            consent = cancellation.consent
            fields = {"party": consent.party, "address": consent.address, "signature": consent.signature}
            connection.execute(insert(table).values(sequence=row.sequence, reason=cancellation.reason, **fields))
            values = {"status": cancelling, "state": QueueState.TO_CANCEL.value, "detail": cancellation.reason}
            connection.execute(update(_queue).where(_queue.c.sequence == row.sequence).values(**values))
            proof = evidence(cancellation.reason, consent.address, consent.signature)
            entry = (row.instruction_id, cancelling, int(at), None, None, proof, cancellation.reason)
            writing.add_history([(row.sequence, *entry)])

    def _named(self, connection: Connection, key: str) -> Any:
        terms = schema.instruction.c
        row = None
        for column in (terms.reference, terms.instruction_id):  # A caller's reference may look like an id.
            row = row or connection.execute(queue_rows().where(_queue.c.scope == self.scope, column == key)).first()
        if row is None:
            raise InputError(f"instruction {key!r} is not in this queue: give a whole id or a reference")
        return row

    def unfinished_past(self, now: float, limit: int) -> Sequence[tuple[QueueRow, int]]:
        """See `ports.Queue.unfinished_past`."""
        past = (_queue.c.deadline < now) | (
            (_queue.c.failing_at <= now) & (_queue.c.status == InstructionStatus.PENDING.value)
        )
        states = (QueueState.READY.value, QueueState.WAITING.value)
        query = queue_rows().where(_queue.c.scope == self.scope, _queue.c.state.in_(states), past).limit(limit)
        with self.database.read() as connection:
            return [(queue_row(row), row.sequence) for row in connection.execute(query)]

    def is_busy(self) -> bool:
        """See `ports.Queue.is_busy`."""
        states = (QueueState.READY.value, QueueState.IN_FLIGHT.value, QueueState.TO_CANCEL.value)
        open_ones = _queue.c.state.in_(states)
        not_final = (_tx.c.scope == self.scope) & _tx.c.lane.is_not(None) & (_tx.c.state.in_((STORED, MINED)))
        with self.database.read() as connection:
            query = select(_queue.c.sequence).where(_queue.c.scope == self.scope, open_ones).limit(1)
            if connection.execute(query).first() is not None:
                return True
            return connection.execute(select(_tx.c.hash).where(not_final).limit(1)).first() is not None

    def rows(self, statuses: Sequence[InstructionStatus], limit: int) -> Sequence[QueueRow]:
        """See `ports.Queue.rows`."""
        named = _queue.c.status.in_([status.value for status in statuses])
        wanted = named if statuses else _queue.c.state.in_(_UNFINISHED)
        query = (
            queue_rows()
            .where(_queue.c.scope == self.scope, wanted)
            .order_by(_queue.c.state, _queue.c.priority.desc(), _queue.c.sequence)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [queue_row(row) for row in connection.execute(query)]

    def figures(self) -> QueueFigures:
        """See `ports.Queue.figures`."""
        unfinished = case((_queue.c.state.in_(_UNFINISHED), _queue.c.taken_at))
        query = (
            select(_queue.c.status, func.count(), func.count(unfinished), func.min(unfinished))
            .where(_queue.c.scope == self.scope)
            .group_by(_queue.c.status)
        )
        with self.database.read() as connection:
            found = connection.execute(query).all()
            oldest = min((float(row[3]) for row in found if row[3] is not None), default=None)
            return QueueFigures({row[0]: row[1] for row in found}, sum(row[2] for row in found), oldest)


def _require_retriable(found: Sequence[Any]) -> None:
    for row in found:
        if row.state not in RETRIABLE and row.status != InstructionStatus.REFUSED.value:
            raise _not_possible("try again", row)


def _not_possible(what: str, row: Any) -> Refused:
    on_its_way = row.state in (QueueState.IN_FLIGHT.value, QueueState.TO_CANCEL.value) or row.status == "sent"
    why = "it is on its way, and the chain decides: look again in a moment" if on_its_way else "that is for good"
    reason = Reason("Queue_NotPossible", {"status": row.status}, f"{row.reference!r} is {row.status}; {why}")
    return Refused([reason], what)
