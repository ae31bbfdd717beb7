"""The queue: who works on what, with leases that another worker takes over when they run out.

In PostgreSQL several write at once. Each locks, in this order, its lane's row, rows of the queue (in order of sequence,
or those that nobody has locked), the position and the journal's row; intake begins with the journal's row, and then
locks nothing that was there before. So two do not wait for each other; should they all the same, PostgreSQL ends one of
them, and it tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, case, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from settlement.domain.audit import evidence
from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.durable import rows, schema
from settlement.durable.database import Database, NewEntry, Writing
from settlement.errors import InputError, LaneLost, Reason, Refused
from settlement.ports import (
    BatchResult,
    Block,
    Cancellation,
    Judgement,
    Lane,
    QueuedInstruction,
    QueueFigures,
    QueueRow,
    QueueState,
    SignedTransaction,
    Slot,
)

STORED, MINED, FINAL, SUPERSEDED = 0, 1, 2, 3
"""States of a signed transaction."""

_OPEN = (InstructionStatus.MATCHED.value, InstructionStatus.PENDING.value, InstructionStatus.FAILING.value)
_SETTLED = (InstructionStatus.SETTLED.value, InstructionStatus.CONFIRMED.value)

_UNFINISHED = (
    QueueState.READY.value,
    QueueState.WAITING.value,
    QueueState.IN_FLIGHT.value,
    QueueState.TO_CANCEL.value,
)
_RETRIABLE = (QueueState.READY.value, QueueState.WAITING.value)
_CANCELLABLE = (*_RETRIABLE, QueueState.BY_HAND.value)

_queue, _tx, _lane = schema.queue, schema.signed_transaction, schema.lane

_SET_POSITION = text(
    "INSERT INTO chain_position (scope, number, hash) VALUES (:scope, :number, :hash) "
    "ON CONFLICT (scope) DO UPDATE SET number = excluded.number, hash = excluded.hash"
)


class SqlQueue:
    """Implements `ports.Queue` for the instructions of one scope."""

    def __init__(self, database: Database, scope: int) -> None:
        self.database = database
        self.scope = scope

    # ---- lanes -------------------------------------------------------------------------------------------------------

    def acquire_lane(self, owner: str, address_of: Callable[[int], str], now: float, lease_s: float) -> Lane:
        """See `ports.Queue.acquire_lane`."""
        while True:
            try:
                with self.database.write() as writing:
                    return self._acquire(writing.connection, owner, address_of, now, lease_s)
            except IntegrityError:
                continue  # Another worker made the same new lane: there is another one, or a newer one, for us.

    def renew(self, lane: Lane, now: float, lease_s: float) -> None:
        """See `ports.Queue.renew`."""
        with self.database.write() as writing:
            self._require(writing.connection, lane)
            mine = (_lane.c.lane == lane.lane) & (_lane.c.scope == self.scope)
            writing.connection.execute(update(_lane).where(mine).values(leased_until=now + lease_s))

    def release(self, lane: Lane) -> None:
        """See `ports.Queue.release`."""
        with self.database.write() as writing:
            mine = (_lane.c.lane == lane.lane) & (_lane.c.scope == self.scope) & (_lane.c.owner == lane.owner)
            writing.connection.execute(update(_lane).where(mine).values(owner=None, leased_until=0))

    def has_orphans(self, now: float) -> bool:
        """See `ports.Queue.has_orphans`."""
        query = select(_lane.c.lane).where(_lane.c.scope == self.scope, self._nobodys(now), self._on_its_way())
        with self.database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def adopt_lane(self, owner: str, up_to_block: int, now: float, lease_s: float) -> Lane | None:
        """See `ports.Queue.adopt_lane`."""
        mined = exists().where(
            _tx.c.scope == self.scope,
            _tx.c.lane == _lane.c.lane,
            _tx.c.state == MINED,
            _tx.c.block_number <= up_to_block,
        )
        query = select(_lane).where(_lane.c.scope == self.scope, self._nobodys(now), mined).limit(1)
        with self.database.read() as connection:
            if connection.execute(query).first() is None:
                return None
        with self.database.write() as writing:
            found = writing.connection.execute(query.with_for_update(skip_locked=True)).first()
            if found is None:
                return None
            mine = (_lane.c.lane == found.lane) & (_lane.c.scope == self.scope)
            values = {"owner": owner, "leased_until": now + lease_s}
            writing.connection.execute(update(_lane).where(mine).values(**values))
        return Lane(found.lane, found.address, owner)

    def _nobodys(self, now: float) -> Any:
        return or_(_lane.c.owner.is_(None), _lane.c.leased_until < now)

    def _on_its_way(self) -> Any:
        return exists().where(_tx.c.scope == self.scope, _tx.c.lane == _lane.c.lane, _tx.c.state == STORED)

    def _acquire(
        self, connection: Connection, owner: str, address_of: Callable[[int], str], now: float, lease_s: float
    ) -> Lane:
        mine_first = case((_lane.c.owner == owner, 0), else_=1)
        orphans_first = case((self._on_its_way(), 0), else_=1)
        query = (
            select(_lane)
            .where(_lane.c.scope == self.scope, or_(_lane.c.owner == owner, self._nobodys(now)))
            .order_by(mine_first, orphans_first, _lane.c.lane)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        free = connection.execute(query).first()
        values = {"owner": owner, "leased_until": now + lease_s}
        if free is not None:
            mine = (_lane.c.lane == free.lane) & (_lane.c.scope == self.scope)
            connection.execute(update(_lane).where(mine).values(**values))
            return Lane(free.lane, free.address, owner)
        newest = connection.execute(select(func.max(_lane.c.lane)).where(_lane.c.scope == self.scope)).scalar()
        number = (newest or 0) + 1
        address = address_of(number)
        connection.execute(insert(_lane).values(lane=number, scope=self.scope, address=address, **values))
        return Lane(number, address, owner)

    def _require(self, connection: Connection, lane: Lane) -> None:
        """Fences off a worker that was taken for dead: it may be alive, and has to change nothing."""
        query = select(_lane.c.owner).where(_lane.c.lane == lane.lane, _lane.c.scope == self.scope).with_for_update()
        owner = connection.execute(query).scalar()
        if owner != lane.owner:
            raise LaneLost(f"lane {lane.lane} was taken over by another worker")

    # ---- what is next ------------------------------------------------------------------------------------------------

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
            known = {item.sequence: item.matched for item in _items(connection, seen)}
        with self.database.write() as writing:
            connection = writing.connection
            self._require(connection, lane)
            chosen = connection.execute(query.with_for_update(skip_locked=True)).all()
            if not chosen:
                return None
            items = _items(connection, chosen, known)
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
            (item,) = _items(connection, chosen)
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

    # ---- what became of it -------------------------------------------------------------------------------------------

    def record_replacement(self, lane: Lane, transaction: SignedTransaction, at: float) -> None:
        """See `ports.Queue.record_replacement`."""
        with self.database.write() as writing:
            self._require(writing.connection, lane)
            rows.store_transaction(
                writing.connection, transaction, act="settle-batch", scope=self.scope, at=at, lane=lane.lane
            )

    def record_result(
        self, lane: Lane, nonce: int, result: BatchResult, judgements: Sequence[Judgement], *, final: bool
    ) -> None:
        """See `ports.Queue.record_result`."""
        with self.database.write() as writing:
            connection = writing.connection
            self._require(connection, lane)
            slot = self._slot(lane, nonce)
            block = result.block
            connection.execute(update(_tx).where(slot, _tx.c.hash != result.transaction).values(state=SUPERSEDED))
            connection.execute(
                update(_tx)
                .where(_tx.c.hash == result.transaction)
                .values(
                    state=FINAL if final else MINED,
                    block_number=block.number,
                    block_hash=block.hash,
                    gas_used=result.gas_used,
                )
            )
            share = result.gas_used // max(1, len(result.items))
            self._apply(writing, judgements, block.timestamp, result.transaction, share)
            _set_position(connection, self.scope, block)

    def record_judgements(self, lane: Lane, judgements: Sequence[Judgement], at: float) -> None:
        """See `ports.Queue.record_judgements`."""
        with self.database.write() as writing:
            self._require(writing.connection, lane)
            # It was read before: what another worker has sent meanwhile is that one's to judge.
            locked = rows.lock_queue(writing.connection, [judgement.sequence for judgement in judgements])
            ours = {row.sequence for row in locked if row.state in _RETRIABLE}
            self._apply(writing, [each for each in judgements if each.sequence in ours], at, None, None)

    def record_superseded(self, lane: Lane, nonce: int, judgements: Sequence[Judgement], at: float) -> None:
        """See `ports.Queue.record_superseded`."""
        with self.database.write() as writing:
            self._require(writing.connection, lane)
            writing.connection.execute(update(_tx).where(self._slot(lane, nonce)).values(state=SUPERSEDED))
            self._apply(writing, judgements, at, None, None)

    def _slot(self, lane: Lane, nonce: int) -> Any:
        return (_tx.c.scope == self.scope) & (_tx.c.lane == lane.lane) & (_tx.c.nonce == nonce)

    def _apply(
        self,
        writing: Writing,
        judgements: Sequence[Judgement],
        at: float,
        transaction: str | None,
        gas_used: int | None,
    ) -> None:
        """Moves the instructions, and notes it; one that is settled already stays so."""
        settled = self._settled(writing.connection, [judgement.sequence for judgement in judgements])
        alike: dict[tuple[Any, ...], list[int]] = {}
        entries: list[NewEntry] = []
        for judgement in judgements:
            if judgement.sequence in settled:
                continue
            detail = rows.storable(judgement.detail)
            key = (judgement.status, judgement.state, detail, judgement.due_at, judgement.waits_for)
            alike.setdefault(key, []).append(judgement.sequence)
            used = gas_used if judgement.status.value in _SETTLED else None
            fields = (judgement.status.value, int(at), transaction, used, None, detail)
            entries.append((judgement.sequence, judgement.instruction_id, *fields))
        for (status, state, detail, due_at, waits_for), sequences in alike.items():
            values = {
                "status": status.value,
                "state": state.value,
                "detail": detail,
                "due_at": due_at,
                "waits_for": waits_for,
            }
            for some in rows.within(_queue.c.sequence, sequences):
                writing.connection.execute(update(_queue).where(some).values(**values))
        writing.add_history(entries)

    def _settled(self, connection: Connection, sequences: Sequence[int]) -> set[int]:
        return {row.sequence for row in rows.lock_queue(connection, sequences) if row.status in _SETTLED}

    # ---- finality ----------------------------------------------------------------------------------------------------

    def confirm(self, lane: Lane, up_to_block: int, at: float) -> int:
        """See `ports.Queue.confirm`."""
        final = (
            (_tx.c.scope == self.scope)
            & (_tx.c.lane == lane.lane)
            & (_tx.c.state == MINED)
            & (_tx.c.block_number <= up_to_block)
        )
        with self.database.read() as connection:
            if connection.execute(select(_tx.c.hash).where(final).limit(1)).first() is None:
                return 0
        confirmed = InstructionStatus.CONFIRMED.value
        count = 0
        with self.database.write() as writing:
            self._require(writing.connection, lane)
            for row in writing.connection.execute(select(_tx.c.hash, _tx.c.nonce).where(final)).all():
                members = self._members(lane, row.nonce).where(_queue.c.status == InstructionStatus.SETTLED.value)
                found = writing.connection.execute(members.with_for_update(of=_queue)).all()
                values = {"status": confirmed, "state": QueueState.DONE.value}
                for some in rows.within(_queue.c.sequence, [member.sequence for member in found]):
                    writing.connection.execute(update(_queue).where(some).values(**values))
                writing.add_history(
                    [(m.sequence, m.instruction_id, confirmed, int(at), row.hash, None, None, "") for m in found]
                )
                count += len(found)
            writing.connection.execute(update(_tx).where(final).values(state=FINAL))
        return count

    def newest_mined(self, lane: Lane) -> tuple[int, Block] | None:
        """See `ports.Queue.newest_mined`."""
        query = (
            select(_tx.c.nonce, _tx.c.block_number, _tx.c.block_hash)
            .where(_tx.c.scope == self.scope, _tx.c.lane == lane.lane, _tx.c.state.in_((MINED, FINAL)))
            .order_by(_tx.c.nonce.desc())
            .limit(1)
        )
        with self.database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else (row.nonce, Block(row.block_number, row.block_hash, 0))

    def unmine(self, lane: Lane, nonce: int, at: float) -> None:
        """See `ports.Queue.unmine`."""
        pending, cancelling = InstructionStatus.PENDING.value, InstructionStatus.CANCELLING.value
        why = "its block left the chain"
        with self.database.write() as writing:
            connection = writing.connection
            self._require(connection, lane)
            values = {"state": STORED, "block_number": None, "block_hash": None, "gas_used": None}
            connection.execute(update(_tx).where(self._slot(lane, nonce)).values(**values))
            for was, now in ((_SETTLED, pending), ((InstructionStatus.CANCELLED.value,), cancelling)):
                members = self._members(lane, nonce).where(_queue.c.status.in_(was))
                found = connection.execute(members.with_for_update(of=_queue)).all()
                changed = {"status": now, "state": QueueState.IN_FLIGHT.value, "detail": why}
                for some in rows.within(_queue.c.sequence, [row.sequence for row in found]):
                    connection.execute(update(_queue).where(some).values(**changed))
                writing.add_history(
                    [(row.sequence, row.instruction_id, now, int(at), None, None, None, why) for row in found]
                )

    def in_flight(self, lane: Lane) -> Sequence[Slot]:
        """See `ports.Queue.in_flight`."""
        with self.database.read() as connection:
            query = (
                select(_tx)
                .where(_tx.c.scope == self.scope, _tx.c.lane == lane.lane, _tx.c.state == STORED)
                .order_by(_tx.c.nonce, _tx.c.signed_at)
            )
            signed: dict[int, list[SignedTransaction]] = {}
            for row in connection.execute(query):
                signed.setdefault(row.nonce, []).append(rows.transaction_of(row))
            slots = []
            for nonce, transactions in signed.items():
                members = self._members(lane, nonce).where(_queue.c.state == QueueState.IN_FLIGHT.value)
                items = _items(connection, connection.execute(members).all())
                slots.append(Slot(nonce, tuple(transactions), tuple(items)))
            return slots

    def position(self) -> Block | None:
        """See `ports.Queue.position`."""
        columns = schema.chain_position.c
        with self.database.read() as connection:
            found = connection.execute(select(columns.number, columns.hash).where(columns.scope == self.scope)).first()
        return None if found is None else Block(found.number, found.hash, 0)

    def record_position(self, block: Block) -> None:
        """See `ports.Queue.record_position`."""
        with self.database.write() as writing:
            _set_position(writing.connection, self.scope, block)

    def _members(self, lane: Lane, nonce: int) -> Select[Any]:
        return (
            select(
                _queue.c.sequence,
                _queue.c.attempts,
                _queue.c.partial_lot,
                _queue.c.status,
                schema.instruction.c.instruction_id,
            )
            .join(schema.instruction, schema.instruction.c.sequence == _queue.c.sequence)
            .where(_queue.c.scope == self.scope, _queue.c.lane == lane.lane, _queue.c.nonce == nonce)
            .order_by(_queue.c.sequence)
        )

    # ---- looking up --------------------------------------------------------------------------------------------------

    def find(self, instruction_ids: Sequence[str]) -> Sequence[QueuedInstruction]:
        """See `ports.Queue.find`."""
        found: list[QueuedInstruction] = []
        with self.database.read() as connection:
            for some in rows.chunks(list(instruction_ids)):
                query = _rows().where(_queue.c.scope == self.scope, schema.instruction.c.instruction_id.in_(some))
                found += _items(connection, connection.execute(query).all())
        return found

    def parts_settled(self, limit: int) -> Sequence[tuple[QueuedInstruction, Instruction]]:
        """See `ports.Queue.parts_settled`."""
        part, sibling = _queue.alias("part"), _queue.alias("sibling")
        alone = ~exists().where(sibling.c.parent == part.c.parent, sibling.c.sequence != part.c.sequence)
        query = (
            select(part.c.parent, part.c.sequence)
            .where(
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
            wholes = _rows().where(_queue.c.sequence.in_([row.parent for row in pairs]))
            items = {item.sequence: item for item in _items(connection, connection.execute(wholes).all())}
        return [(items[row.parent], parts[row.sequence][1]) for row in pairs]

    # ---- what people do ----------------------------------------------------------------------------------------------

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
                waiting = _rows().where(_queue.c.scope == self.scope, schema.IS_WAITING)
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
        column = terms.instruction_id if key.startswith("0x") else terms.reference
        row = connection.execute(_rows().where(_queue.c.scope == self.scope, column == key)).first()
        if row is None:
            raise InputError(f"instruction {key!r} is not in this queue: give a whole id or a reference")
        return row

    # ---- what people ask ---------------------------------------------------------------------------------------------

    def unfinished_past(self, now: float, limit: int) -> Sequence[tuple[QueueRow, int]]:
        """See `ports.Queue.unfinished_past`."""
        past = (_queue.c.deadline < now) | (
            (_queue.c.failing_at <= now) & (_queue.c.status == InstructionStatus.PENDING.value)
        )
        states = (QueueState.READY.value, QueueState.WAITING.value)
        query = _rows().where(_queue.c.scope == self.scope, _queue.c.state.in_(states), past).limit(limit)
        with self.database.read() as connection:
            return [(_queue_row(row), row.sequence) for row in connection.execute(query)]

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
            _rows()
            .where(_queue.c.scope == self.scope, wanted)
            .order_by(_queue.c.state, _queue.c.priority.desc(), _queue.c.sequence)
            .limit(limit)
        )
        with self.database.read() as connection:
            return [_queue_row(row) for row in connection.execute(query)]

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
        oldest = [row[3] for row in found if row[3] is not None]
        return QueueFigures({row[0]: row[1] for row in found}, sum(row[2] for row in found), min(oldest, default=None))


def _set_position(connection: Connection, scope: int, block: Block) -> None:
    """In one statement: two workers may note their first block at once."""
    connection.execute(_SET_POSITION, {"scope": scope, "number": block.number, "hash": block.hash})


def _items(
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


def _require_retriable(found: Sequence[Any]) -> None:
    for row in found:
        if row.state not in _RETRIABLE and row.status != InstructionStatus.REFUSED.value:
            raise _not_possible("try again", row)


def _not_possible(what: str, row: Any) -> Refused:
    on_its_way = row.state in (QueueState.IN_FLIGHT.value, QueueState.TO_CANCEL.value) or row.status == "sent"
    why = "it is on its way, and the chain decides: look again in a moment" if on_its_way else "that is for good"
    reason = Reason("Queue_NotPossible", {"status": row.status}, f"{row.reference!r} is {row.status}; {why}")
    return Refused([reason], what)


def _rows() -> Select[Any]:
    terms = schema.instruction
    return select(_queue, terms.c.instruction_id, terms.c.reference).join(terms, terms.c.sequence == _queue.c.sequence)


def _queue_row(row: Any) -> QueueRow:
    return QueueRow(
        instruction_id=row.instruction_id,
        reference=row.reference,
        status=InstructionStatus(row.status),
        state=QueueState(row.state),
        priority=row.priority,
        attempts=row.attempts,
        taken_at=row.taken_at,
        due_at=row.due_at,
        deadline=row.deadline,
        failing_at=row.failing_at,
        partial_lot=None if row.partial_lot is None else int(row.partial_lot),
        detail=row.detail,
    )
