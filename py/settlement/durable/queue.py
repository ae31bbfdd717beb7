"""The queue: what is ready, in which order, and what wakes what waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, exists, select, update

from settlement.domain.instruction import Consent, Instruction, InstructionStatus
from settlement.durable import rows, schema
from settlement.durable.items import items_of, queue_rows
from settlement.durable.requests import SqlRequests
from settlement.durable.results import SqlResults
from settlement.ports import (
    Cancellation,
    Lane,
    QueuedInstruction,
    QueueState,
    SignedTransaction,
    Slot,
)

_queue = schema.queue


class SqlQueue(SqlResults, SqlRequests):
    """Implements `ports.Queue` for the instructions of one scope."""

    def wake_due(self, now: float) -> int:
        """See `ports.Queue.wake_due`."""
        due = (_queue.c.scope == self.scope) & (schema.IS_WAITING) & (_queue.c.due_at <= now)
        with self.database.read() as connection:
            if connection.execute(select(_queue.c.sequence).where(due).limit(1)).first() is None:
                return 0
        with self.database.write() as writing:
            # Those that somebody else has in hand are looked at the next time.
            free = select(_queue.c.sequence).where(due).with_for_update(skip_locked=True)
            woken = update(_queue).where(_queue.c.sequence.in_(free)).values(state=QueueState.READY.value)
            return int(writing.connection.execute(woken).rowcount)

    def wake(self, addresses: Sequence[str], now: float, earliest: Callable[[int], float]) -> None:
        """See `ports.Queue.wake`."""
        waiting = (_queue.c.scope == self.scope) & (schema.IS_WAITING)
        with self.database.write() as writing:
            connection = writing.connection
            concerned: list[int] = []
            for some in rows.chunks(list(addresses)):
                query = select(_queue.c.sequence).where(waiting, _queue.c.waits_for.in_(some))
                concerned += connection.execute(query).scalars()
            values = [
                {"of": row.sequence, "due": row.tried_at + earliest(row.attempts)}
                for row in rows.lock_queue(connection, concerned)
                if row.state == QueueState.WAITING.value and row.tried_at + earliest(row.attempts) < row.due_at
            ]
            if values:
                brought_forward = update(_queue).where(_queue.c.sequence == bindparam("of"))
                connection.execute(brought_forward.values(due_at=bindparam("due")), values)

    def waited_for(self, limit: int) -> tuple[str, ...]:
        """See `ports.Queue.waited_for`."""
        query = (
            select(_queue.c.waits_for)
            .where(
                _queue.c.scope == self.scope,
                schema.IS_WAITING,
                _queue.c.waits_for.is_not(None),
            )
            .distinct()
            .limit(limit)
        )
        with self.database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def dispatch(
        self,
        lane: Lane,
        limit: int,
        at: float,
        sign: Callable[[Sequence[QueuedInstruction]], SignedTransaction],
        only: Sequence[int] | None = None,
        at_least: int = 1,
    ) -> Slot | None:
        """See `ports.Queue.dispatch`."""
        query = (
            select(_queue.c.sequence, _queue.c.attempts, _queue.c.partial_lot, _queue.c.status)
            .where(_queue.c.scope == self.scope, schema.IS_READY)
            .order_by(_queue.c.priority.desc(), _queue.c.sequence)
            .limit(limit)
        )
        if only is not None:
            query = query.where(_queue.c.sequence.in_(only))
        # A look that locks nobody: most often there is nothing to do, and reading terms keeps nobody waiting here.
        with self.database.read() as connection:
            seen = connection.execute(query).all()
            if len(seen) < at_least:
                return None
            known = {item.sequence: item.matched for item in items_of(connection, seen)}
        with self.database.write() as writing:
            connection = writing.connection
            self._require(connection, lane)
            chosen = connection.execute(query.with_for_update(skip_locked=True)).all()
            if not chosen:
                return None
            items = items_of(connection, chosen, known)
            transaction = sign(items)
            rows.store_transaction(connection, transaction, act="settle-batch", scope=self.scope, at=at, lane=lane.lane)
            values = {
                "status": InstructionStatus.SENT.value,
                "state": QueueState.IN_FLIGHT.value,
                "attempts": _queue.c.attempts + 1,
                "lane": lane.lane,
                "nonce": transaction.nonce,
                "tried_at": at,
                "waits_for": None,
            }
            for some in rows.within(_queue.c.sequence, [row.sequence for row in chosen]):
                connection.execute(update(_queue).where(some).values(**values))
            sent = InstructionStatus.SENT.value
            writing.add_history(
                [
                    (item.sequence, item.matched.instruction_id, sent, int(at), transaction.hash, None, None, "")
                    for item in items
                ]
            )
        return Slot(transaction.nonce, (transaction,), tuple(items))

    def dispatch_cancellation(
        self, lane: Lane, at: float, sign: Callable[[QueuedInstruction, Cancellation], SignedTransaction]
    ) -> Slot | None:
        """See `ports.Queue.dispatch_cancellation`."""
        query = (
            select(_queue.c.sequence, _queue.c.attempts, _queue.c.partial_lot, _queue.c.status)
            .where(_queue.c.scope == self.scope, _queue.c.state == QueueState.TO_CANCEL.value)
            .order_by(_queue.c.sequence)
            .limit(1)
        )
        with self.database.read() as connection:
            if connection.execute(query).first() is None:
                return None
        with self.database.write() as writing:
            connection = writing.connection
            self._require(connection, lane)
            chosen = connection.execute(query.with_for_update(skip_locked=True)).all()
            if not chosen:
                return None
            (item,) = items_of(connection, chosen)
            table = schema.cancellation
            asked = connection.execute(select(table).where(table.c.sequence == item.sequence)).one()
            consent = Consent(party=asked.party, address=asked.address, signature=asked.signature)
            transaction = sign(item, Cancellation(asked.reason, consent))
            rows.store_transaction(connection, transaction, act="cancel", scope=self.scope, at=at, lane=lane.lane)
            mine = _queue.c.sequence == item.sequence
            values = {"state": QueueState.IN_FLIGHT.value, "lane": lane.lane, "nonce": transaction.nonce}
            connection.execute(update(_queue).where(mine).values(**values))
            status = InstructionStatus.CANCELLING.value
            fields = (item.matched.instruction_id, status, int(at), transaction.hash, None, None, asked.reason)
            writing.add_history([(item.sequence, *fields)])
        return Slot(transaction.nonce, (transaction,), (item,))

    def find(self, instruction_ids: Sequence[str]) -> Sequence[QueuedInstruction]:
        """See `ports.Queue.find`."""
        found: list[QueuedInstruction] = []
        with self.database.read() as connection:
            for some in rows.chunks(list(instruction_ids)):
                query = queue_rows().where(_queue.c.scope == self.scope, schema.instruction.c.instruction_id.in_(some))
                found += items_of(connection, connection.execute(query).all())
        return found

    def parts_settled(self, limit: int) -> Sequence[tuple[QueuedInstruction, Instruction]]:
        """See `ports.Queue.parts_settled`."""
        part, sibling, whole = _queue.alias("part"), _queue.alias("sibling"), _queue.alias("whole")
        alone = ~exists().where(sibling.c.parent == part.c.parent, sibling.c.sequence != part.c.sequence)
        query = (
            select(part.c.parent, part.c.sequence)
            .join(whole, whole.c.sequence == part.c.parent)
            .where(
                whole.c.status == InstructionStatus.PARTIAL.value,
                part.c.scope == self.scope,
                part.c.parent.is_not(None),
                part.c.status == InstructionStatus.CONFIRMED.value,
                alone,
            )
            .limit(limit)
        )
        with self.database.read() as connection:
            pairs = connection.execute(query).all()
            if not pairs:
                return []
            parts = rows.bodies_of(connection, [row.sequence for row in pairs])
            wholes = queue_rows().where(_queue.c.sequence.in_([row.parent for row in pairs]))
            items = {item.sequence: item for item in items_of(connection, connection.execute(wholes).all())}
            return [(items[row.parent], parts[row.sequence][1]) for row in pairs]
