"""What became of what was sent: results, finality, and what a reorganisation takes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, text, update
from sqlalchemy.engine import Connection

from settlement.domain.instruction import InstructionStatus
from settlement.durable import rows, schema
from settlement.durable.database import NewEntry, Writing
from settlement.durable.items import RETRIABLE, items_of
from settlement.durable.lanes import SqlLanes
from settlement.durable.rows import FINAL, MINED, STORED, SUPERSEDED
from settlement.ports import (
    BatchResult,
    Block,
    Judgement,
    Lane,
    QueueState,
    SignedTransaction,
    Slot,
)

_SETTLED = (InstructionStatus.SETTLED.value, InstructionStatus.CONFIRMED.value)

_queue, _tx = schema.queue, schema.signed_transaction

_SET_POSITION = text(
    "INSERT INTO chain_position (scope, number, hash) VALUES (:scope, :number, :hash) "
    "ON CONFLICT (scope) DO UPDATE SET number = excluded.number, hash = excluded.hash"
)


class SqlResults(SqlLanes):
    """The part of `ports.Queue` about signed transactions and their blocks."""

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
            self._apply(writing, judgements, block.timestamp, result.transaction, share, (lane.lane, nonce))
            _set_position(connection, self.scope, block)

    def record_judgements(self, lane: Lane, judgements: Sequence[Judgement], at: float) -> None:
        """See `ports.Queue.record_judgements`."""
        with self.database.write() as writing:
            self._require(writing.connection, lane)
            # It was read before: what another worker has sent meanwhile is that one's to judge.
            locked = rows.lock_queue(writing.connection, [judgement.sequence for judgement in judgements])
            ours = {row.sequence for row in locked if row.state in RETRIABLE}
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
        slot: tuple[int, int] | None = None,
    ) -> None:
        """Moves the instructions, and notes it; one that is settled already stays so.

        What settles belongs to the batch that settled it, whichever it was last sent with: with that one it is
        confirmed, or goes back.
        """
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
            if slot is not None and status.value in _SETTLED:
                values |= {"lane": slot[0], "nonce": slot[1]}
            for some in rows.within(_queue.c.sequence, sequences):
                writing.connection.execute(update(_queue).where(some).values(**values))
        writing.add_history(entries)

    def _settled(self, connection: Connection, sequences: Sequence[int]) -> set[int]:
        return {row.sequence for row in rows.lock_queue(connection, sequences) if row.status in _SETTLED}

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
            return None if row is None else (int(row.nonce), Block(int(row.block_number), str(row.block_hash), 0))

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
                signed.setdefault(int(row.nonce), []).append(rows.transaction_of(row))
            slots = []
            for nonce, transactions in signed.items():
                members = self._members(lane, nonce).where(_queue.c.state == QueueState.IN_FLIGHT.value)
                items = items_of(connection, connection.execute(members).all())
                slots.append(Slot(nonce, tuple(transactions), tuple(items)))
            return slots

    def position(self) -> Block | None:
        """See `ports.Queue.position`."""
        columns = schema.chain_position.c
        with self.database.read() as connection:
            found = connection.execute(select(columns.number, columns.hash).where(columns.scope == self.scope)).first()
            return None if found is None else Block(int(found.number), str(found.hash), 0)

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


def _set_position(connection: Connection, scope: int, block: Block) -> None:
    """In one statement: two workers may note their first block at once."""
    connection.execute(_SET_POSITION, {"scope": scope, "number": block.number, "hash": block.hash})
