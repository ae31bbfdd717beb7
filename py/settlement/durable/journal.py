"""The journal: what was agreed, signed and done, kept before anything is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from settlement.domain.instruction import FINISHED, Consent, Instruction, InstructionStatus
from settlement.domain.matching import require_match
from settlement.durable import rows, schema
from settlement.durable.database import Database, NewEntry, Writing
from settlement.errors import InputError
from settlement.ports import (
    HistoryEntry,
    JournalEntry,
    NewInstruction,
    QueueState,
    SignedTransaction,
    StoredInstruction,
)

_ON_CHAIN = (
    InstructionStatus.SENT,
    InstructionStatus.SETTLED,
    InstructionStatus.CONFIRMED,
    InstructionStatus.CANCELLING,
)
"""Settled, or perhaps so: the chain knows."""


class SqlJournal:
    """Implements `ports.Journal`. References are unique within a scope: one deployment and run.

    Args:
        where: The database, its file or URL; None keeps it in memory.
        scope: Whose instructions, of those in the database.
        clock: What time it is.
        first_nonce: From which on it counts those of parties that it does not know yet.
    """

    def __init__(
        self,
        where: Database | Path | str | None = None,
        scope: str = "",
        clock: Callable[[], float] = time.time,
        first_nonce: int = 0,
    ) -> None:
        self._clock, self._first_nonce = clock, first_nonce
        self.database = where if isinstance(where, Database) else Database(where)
        self.scope = self.database.scope(scope)

    def close(self) -> None:
        """Lets go of the file."""
        self.database.close()

    # ---- one at a time -----------------------------------------------------------------------------------------------

    def record_instruction(self, instruction_id: str, instruction: Instruction) -> bool:
        """See `ports.Journal.record_instruction`."""
        with self.database.read() as connection:
            if _sequence(connection, instruction_id) is not None:
                return False
        stored = self.stored([instruction.reference]).get(instruction.reference)
        if stored is not None:
            _refuse_reference(instruction, stored.instruction)
        new = NewInstruction(
            instruction_id=instruction_id,
            instruction=instruction,
            consents=(),
            status=InstructionStatus.INSTRUCTED,
            state=QueueState.BY_HAND,
            priority=0,
            due_at=0,
            counts_nonce=self.nonce_holder(instruction) is None,
        )
        if not self._add([new], self._clock(), history=False):
            raise InputError(f"reference {instruction.reference!r} was taken by somebody else just now")
        return True

    def record_consents(self, instruction_id: str, consents: Sequence[Consent]) -> None:
        """See `ports.Journal.record_consents`."""
        with self.database.write() as writing:
            sequence = _known(writing.connection, instruction_id)
            _add_consents(writing.connection, sequence, consents)

    def record_transaction(self, transaction: SignedTransaction, act: str, instruction_ids: Sequence[str]) -> None:
        """See `ports.Journal.record_transaction`."""
        with self.database.write() as writing:
            connection = writing.connection
            rows.store_transaction(connection, transaction, act=act, scope=self.scope, at=self._clock())
            entry = HistoryEntry(InstructionStatus.SENT, int(self._clock()), transaction.hash)
            rows.lock_queue(connection, [_known(connection, instruction_id) for instruction_id in instruction_ids])
            for instruction_id in instruction_ids:
                _step(writing, instruction_id, entry)

    def record_transactions(self, transactions: Sequence[tuple[SignedTransaction, str]]) -> None:
        """See `ports.Journal.record_transactions`."""
        with self.database.write() as writing:
            for transaction, act in transactions:
                rows.store_transaction(writing.connection, transaction, act=act, scope=self.scope, at=self._clock())

    def record_history(self, instruction_id: str, entry: HistoryEntry) -> None:
        """See `ports.Journal.record_history`."""
        with self.database.write() as writing:
            _step(writing, instruction_id, entry)

    def entry(self, instruction_id: str) -> JournalEntry | None:
        """See `ports.Journal.entry`.

        Raises:
            InputError: the beginning fits several instructions.
        """
        columns = schema.instruction.c
        named = select(columns.sequence, columns.instruction_id).order_by(columns.sequence)
        with self.database.read() as connection:
            # A scenario's references come again with every run: the newest is meant.
            found = connection.execute(named.where(columns.reference == instruction_id)).all()[-1:]
            if not found and rows.is_beginning_of_id(instruction_id):
                by_id = columns.instruction_id.startswith(instruction_id, autoescape=True)
                found = connection.execute(named.where(by_id)).all()
            if len(found) > 1:
                ids = ", ".join(row.instruction_id for row in found[:5])
                raise InputError(f"{instruction_id!r} fits {len(found)} instructions: {ids}")
            return _entry(connection, found[0].sequence) if found else None

    def next_nonce(self, parties: Sequence[str]) -> int:
        """See `ports.Journal.next_nonce`."""
        group = tuple(parties)
        return self.next_nonces([group])[group]

    # ---- many at once ------------------------------------------------------------------------------------------------

    def stored(self, references: Sequence[str]) -> Mapping[str, StoredInstruction]:
        """See `ports.Journal.stored`."""
        columns = schema.instruction.c
        found = self._stored(columns.reference, references, columns.scope == self.scope)
        return {known.instruction.reference: known for known in found}

    def by_ids(self, instruction_ids: Sequence[str]) -> Mapping[str, StoredInstruction]:
        """See `ports.Journal.by_ids`."""
        found = self._stored(schema.instruction.c.instruction_id, instruction_ids, true())
        return {known.instruction_id: known for known in found}

    def has_instructions(self) -> bool:
        """Whether this scope has any."""
        columns = schema.instruction.c
        with self.database.read() as connection:
            query = select(columns.sequence).where(columns.scope == self.scope).limit(1)
            return connection.execute(query).first() is not None

    def settlements(self) -> Iterator[StoredInstruction]:
        """See `ports.Journal.settlements`."""
        columns, queue = schema.instruction.c, schema.queue.c
        wanted = [status.value for status in _ON_CHAIN]
        query = (
            select(columns.sequence, columns.instruction_id, columns.body, queue.status)
            .join(schema.queue, queue.sequence == columns.sequence)
            .where(columns.scope == self.scope, queue.status.in_(wanted))
            .order_by(columns.sequence)
        )
        with self.database.read() as connection:
            for row in connection.execute(query.execution_options(yield_per=1000)):
                instruction = Instruction.model_validate_json(row.body)
                yield StoredInstruction(row.instruction_id, instruction, InstructionStatus(row.status), ())

    def _stored(
        self, column: ColumnElement[Any], values: Sequence[str], condition: ColumnElement[bool]
    ) -> list[StoredInstruction]:
        columns = schema.instruction.c
        found = []
        with self.database.read() as connection:
            for some in rows.chunks(values):
                query = (
                    select(columns.sequence, columns.instruction_id, columns.body, schema.queue.c.status)
                    .join(schema.queue, schema.queue.c.sequence == columns.sequence)
                    .where(condition, column.in_(some))
                )
                these = connection.execute(query).all()
                consents = rows.consents_of(connection, [row.sequence for row in these])
                for row in these:
                    instruction = Instruction.model_validate_json(row.body)
                    status = InstructionStatus(row.status)
                    found.append(
                        StoredInstruction(row.instruction_id, instruction, status, tuple(consents[row.sequence]))
                    )
        return found

    def next_nonces(self, groups: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], int]:
        """See `ports.Journal.next_nonces`."""
        columns = schema.instruction.c
        found = dict.fromkeys(groups, self._first_nonce)
        with self.database.read() as connection:
            for some in rows.chunks([rows.group(parties) for parties in found]):
                query = (
                    select(columns.parties, func.max(columns.nonce))
                    .where(columns.scope == self.scope, columns.parties.in_(some))
                    .group_by(columns.parties)
                )
                for parties, newest in connection.execute(query):
                    if newest is not None:
                        found[rows.parties_of(parties)] = int(newest) + 1
        return found

    def nonce_holder(self, instruction: Instruction) -> str | None:
        """See `ports.Journal.nonce_holder`."""
        columns = schema.instruction.c
        query = select(columns.reference).where(
            columns.scope == self.scope,
            columns.parties == rows.group(instruction.parties),
            columns.nonce == rows.counted(instruction.nonce),
        )
        with self.database.read() as connection:
            holder = connection.execute(query).scalar()
        return None if holder is None else str(holder)

    def take_in(self, instructions: Sequence[NewInstruction], at: float) -> bool:
        """See `ports.Journal.take_in`."""
        return self._add(instructions, at, history=True)

    def complete(self, instruction_id: str, consents: Sequence[Consent], due_at: float, at: float) -> None:
        """See `ports.Journal.complete`."""
        with self.database.write() as writing:
            connection = writing.connection
            sequence = _known(connection, instruction_id)
            _add_consents(connection, sequence, consents)
            queue = schema.queue
            changed = connection.execute(
                update(queue)
                .where(queue.c.sequence == sequence, queue.c.status == InstructionStatus.INSTRUCTED.value)
                .values(
                    status=InstructionStatus.MATCHED.value,
                    state=(QueueState.WAITING if due_at > at else QueueState.READY).value,
                    due_at=due_at,
                )
            )
            if changed.rowcount:
                proof = rows.instruction_evidence("", consents)
                status = InstructionStatus.MATCHED.value
                writing.add_history([(sequence, instruction_id, status, int(at), None, None, proof, "")])

    def _add(self, instructions: Sequence[NewInstruction], at: float, *, history: bool) -> bool:
        if not instructions:
            return True
        try:
            with self.database.write() as writing:
                connection = writing.connection
                first = writing.next_sequence(len(instructions))
                parents = _parents(connection, instructions)
                terms, queued, consents, entries = [], [], {}, []
                for sequence, new in enumerate(instructions, first):
                    body = new.instruction.model_dump_json()
                    terms.append(self._terms_row(sequence, new, body))
                    queued.append(self._queue_row(sequence, new, at, parents))
                    consents[sequence] = new.consents
                    entries.append(_first_entry(sequence, new, body, at))
                rows.insert_rows(connection, schema.instruction, terms)
                rows.insert_rows(connection, schema.queue, queued)
                rows.add_consents(connection, consents)
                if history:
                    writing.add_history(entries)
        except IntegrityError:
            return False
        return True

    def _terms_row(self, sequence: int, new: NewInstruction, body: str) -> dict[str, object]:
        return {
            "sequence": sequence,
            "scope": self.scope,
            "instruction_id": new.instruction_id,
            "reference": new.instruction.reference,
            "parties": rows.group(new.instruction.parties),
            "nonce": rows.counted(new.instruction.nonce) if new.counts_nonce else None,
            "body": body,
        }

    def _queue_row(
        self, sequence: int, new: NewInstruction, at: float, parents: Mapping[str, Any]
    ) -> dict[str, object]:
        parent = parents[new.parent] if new.parent else None
        return {
            "sequence": sequence,
            "scope": self.scope,
            "state": new.state.value,
            "status": new.status.value,
            "priority": parent.priority if parent else new.priority,
            "attempts": 0,
            "due_at": new.due_at,
            "tried_at": 0.0,
            "deadline": rows.deadline(new.instruction.deadline),
            "failing_at": parent.failing_at if parent else new.failing_at,
            "partial_lot": None if new.partial_lot is None else str(new.partial_lot),
            "parent": parent.sequence if parent else None,
            "taken_at": at,
            "detail": "",
        }


def _first_entry(sequence: int, new: NewInstruction, body: str, at: float) -> NewEntry:
    proof = rows.instruction_evidence(body, new.consents)
    return (sequence, new.instruction_id, new.status.value, int(at), None, None, proof, "")


def _parents(connection: Connection, instructions: Sequence[NewInstruction]) -> Mapping[str, Any]:
    ids = [new.parent for new in instructions if new.parent]
    if not ids:
        return {}
    terms, queue = schema.instruction.c, schema.queue.c
    query = (
        select(terms.instruction_id, terms.sequence, queue.priority, queue.failing_at)
        .join(schema.queue, queue.sequence == terms.sequence)
        .where(terms.instruction_id.in_(ids))
    )
    return {row.instruction_id: row for row in connection.execute(query)}


def _step(writing: Writing, instruction_id: str, entry: HistoryEntry) -> None:
    """A step that no worker made; the instruction stays in the hands of whoever made it."""
    connection = writing.connection
    sequence = _known(connection, instruction_id)
    status = entry.status
    state = QueueState.DONE if status in FINISHED else QueueState.BY_HAND
    queue = schema.queue
    detail = rows.storable(entry.detail)
    values = {"status": status.value, "state": state.value, "detail": detail}
    connection.execute(update(queue).where(queue.c.sequence == sequence).values(**values))
    proof = None
    if status in (InstructionStatus.INSTRUCTED, InstructionStatus.MATCHED):
        (_, instruction) = rows.bodies_of(connection, [sequence])[sequence]
        consents = rows.consents_of(connection, [sequence])[sequence]
        proof = rows.instruction_evidence(instruction.model_dump_json(), consents)
    writing.add_history(
        [
            (
                sequence,
                instruction_id,
                status.value,
                entry.at,
                entry.transaction,
                entry.gas_used,
                proof,
                detail,
            )
        ]
    )


def _sequence(connection: Connection, instruction_id: str) -> int | None:
    columns = schema.instruction.c
    found = connection.execute(select(columns.sequence).where(columns.instruction_id == instruction_id)).scalar()
    return None if found is None else int(found)


def _known(connection: Connection, instruction_id: str) -> int:
    sequence = _sequence(connection, instruction_id)
    if sequence is None:
        raise InputError(f"instruction {instruction_id} is not in the journal")
    return sequence


def _add_consents(connection: Connection, sequence: int, consents: Sequence[Consent]) -> None:
    """Adds those that are not there yet. The instruction's row in the queue keeps others out meanwhile."""
    columns = schema.consents.c
    connection.execute(select(schema.queue.c.state).where(schema.queue.c.sequence == sequence).with_for_update())
    known = rows.consents_of(connection, [sequence])[sequence]
    last = connection.execute(select(func.max(columns.part)).where(columns.sequence == sequence)).scalar()
    new = [consent for consent in dict.fromkeys(consents) if consent not in known]
    rows.add_consents(connection, {sequence: new}, 0 if last is None else last + 1)


def _entry(connection: Connection, sequence: int) -> JournalEntry:
    instruction_id, instruction = rows.bodies_of(connection, [sequence])[sequence]
    history = schema.history
    steps = connection.execute(select(history).where(history.c.sequence == sequence).order_by(history.c.entry))
    return JournalEntry(
        instruction_id=instruction_id,
        instruction=instruction,
        consents=tuple(rows.consents_of(connection, [sequence])[sequence]),
        history=tuple(
            HistoryEntry(InstructionStatus(step.status), step.at, step.hash, step.gas_used, step.detail)
            for step in steps
        ),
    )


def _refuse_reference(instruction: Instruction, taken: Instruction) -> None:
    try:
        require_match(instruction, taken)
    except InputError as difference:
        raise InputError(f"reference {instruction.reference!r} is taken by other terms: {difference}") from None
