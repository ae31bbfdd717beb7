"""Verification: whether the journal still says what it said when it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eth_utils.crypto import keccak
from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from settlement.domain.audit import GENESIS, AuditedEntry, digest, evidence
from settlement.domain.instruction import FINISHED, Instruction, InstructionStatus
from settlement.durable import rows, schema
from settlement.durable.database import Database
from settlement.ports import QueueState

_OVER = {status.value for status in (*FINISHED, InstructionStatus.PARTIAL, InstructionStatus.SETTLED)}
"""Statuses of what nothing is to be done with; what is settled is confirmed by its transaction."""

_SENDING = (InstructionStatus.SENT.value, InstructionStatus.CANCELLING.value)
"""Statuses that are written together with the transaction that they name."""

_ATTESTING = (
    InstructionStatus.INSTRUCTED.value,
    InstructionStatus.MATCHED.value,
    InstructionStatus.CANCELLING.value,
)
"""Statuses whose entries attest terms and consents, or a party's word that it is to be cancelled."""

_TO_BE_CANCELLED = (QueueState.IN_FLIGHT, QueueState.TO_CANCEL)
"""Where the queue has what is to be cancelled."""


def verify(database: Database) -> tuple[str, ...]:
    """Every place at which history, terms or consents contradict the chain of digests; none is good.

    And where the queue contradicts them: in status, deadline, what an instruction is part of, whether it is done or to
    be cancelled. And where a transaction's bytes are not those of its hash, or are missing though the history says that
    they were sent. What else the queue goes by (when to try, in which lots and order, who has it in hand, what replaced
    a transaction) nobody has signed, and whoever writes to the database can change it unseen.

    Raises:
        JournalUnavailable: the journal does not answer.
    """
    history, terms, queue = schema.history.c, schema.instruction.c, schema.queue.c
    faults: list[str] = []
    previous, count = GENESIS, 0
    last: dict[str, str] = {}
    query = (
        select(schema.history, terms.instruction_id)
        .join(schema.instruction, terms.sequence == history.sequence)
        .order_by(history.entry)
    )
    with database.read() as connection:
        for row in connection.execute(query.execution_options(yield_per=1000)):
            count += 1
            if row.entry != count:
                faults.append(f"entry {count} is missing: the next one is {row.entry}")
                count = row.entry
            fields = (row.status, row.at, row.hash, row.gas_used, row.evidence, row.detail)
            expected = digest(previous, AuditedEntry(row.entry, row.instruction_id, *fields))
            previous = bytes(row.digest)
            if previous != expected:
                faults.append(f"entry {row.entry} (instruction {row.instruction_id}) was changed after it was written")
            last[row.instruction_id] = row.status
        entries, head = connection.execute(select(schema.journal.c.entries, schema.journal.c.head)).one()
        if (entries, bytes(head)) != (count, previous):
            faults.append(f"the history ends at entry {count}, and the journal counted {entries}")
        standing = select(terms.instruction_id, queue.status).join(schema.queue, queue.sequence == terms.sequence)
        for instruction_id, status in connection.execute(standing):
            if status != last.get(instruction_id, status):
                faults.append(f"instruction {instruction_id} is {status}, and its history says {last[instruction_id]}")
        faults += _changed_terms(connection)
        faults += _changed_transactions(connection)
    return tuple(faults)


def _changed_terms(connection: Connection) -> Iterator[str]:
    """Instructions whose terms or consents are not those that their history attests."""
    terms, whole = schema.instruction.c, schema.instruction.alias("whole")
    query = (
        select(
            schema.instruction,
            schema.queue.c.sequence.label("queued"),
            schema.queue.c.state,
            schema.queue.c.status,
            schema.queue.c.deadline,
            schema.queue.c.parent,
            schema.queue.c.scope.label("queue_scope"),
            whole.c.instruction_id.label("whole_id"),
        )
        .join(schema.queue, schema.queue.c.sequence == terms.sequence, isouter=True)
        .join(whole, whole.c.sequence == schema.queue.c.parent, isouter=True)
        .order_by(terms.sequence)
    )
    scopes = set(connection.execute(select(schema.scope.c.scope)).scalars())
    for some in connection.execute(query.execution_options(yield_per=rows.CHUNK)).partitions():
        sequences = [row.sequence for row in some]
        consents, attested = _consents(connection, sequences), _attested(connection, sequences)
        words = _words(connection, [row.sequence for row in some if row.status == InstructionStatus.CANCELLING.value])
        for row in some:
            entries = attested.get(row.sequence)
            if entries and not _attest(entries, row.body, consents.get(row.sequence, [])):
                yield f"the terms or consents of instruction {row.instruction_id} were changed after they were written"
            else:
                yield from _misplaced(row, Instruction.model_validate_json(row.body))
            if row.queued is None:
                yield f"instruction {row.instruction_id} is not in the queue: it would never settle"
            elif row.scope != row.queue_scope or row.scope not in scopes:
                yield f"instruction {row.instruction_id} is entered in one network and queued in another, or in none"
            elif row.state == QueueState.DONE and row.status not in _OVER:
                yield f"instruction {row.instruction_id} is {row.status}, and done for the queue: it would never settle"
            elif row.status == InstructionStatus.CANCELLING.value:
                yield from _cancelled_otherwise(row, entries or [], words.get(row.sequence))


def _cancelled_otherwise(row: Any, entries: Sequence[tuple[str, str]], word: str | None) -> Iterator[str]:
    """Where what is to be cancelled would settle after all, or not by the word that was given."""
    if row.state not in _TO_BE_CANCELLED:
        yield f"instruction {row.instruction_id} is to be cancelled, and the queue has something else to do with it"
    if word is None or word not in [proof for status, proof in entries if status == row.status][-1:]:
        yield f"the cancellation of instruction {row.instruction_id} was changed after it was asked for"


def _words(connection: Connection, sequences: Sequence[int]) -> Mapping[int, str]:
    """The evidence of each cancellation that is there, by instruction."""
    columns = schema.cancellation.c
    return {
        row.sequence: evidence(str(row.reason), str(row.address), str(row.signature))
        for some in rows.within(columns.sequence, sequences)
        for row in connection.execute(select(schema.cancellation).where(some))
    }


def _misplaced(row: Any, instruction: Instruction) -> Iterator[str]:
    """Where what is looked for by is not what the terms say: the same could be submitted again, or be given up."""
    if (
        row.reference != instruction.reference
        or row.parties != rows.group(instruction.parties)
        or row.nonce not in (None, rows.counted(instruction.nonce))
    ):
        yield f"instruction {row.instruction_id} is entered under another reference, parties or nonce"
    if row.parent is not None and instruction.terms.get("partial_of") != row.whole_id:
        yield f"instruction {row.instruction_id} is entered as a part of another one, and its terms do not say so"
    if row.queued is not None and row.deadline != rows.deadline(instruction.deadline):
        yield f"instruction {row.instruction_id} has the deadline {instruction.deadline}, and the queue another"


def _changed_transactions(connection: Connection) -> Iterator[str]:
    """Transactions whose signed bytes are not those that their hash is of, or are there no more."""
    signed, history = schema.signed_transaction.c, schema.history.c
    for hash_, raw in connection.execute(select(signed.hash, signed.raw).execution_options(yield_per=1000)):
        if "0x" + keccak(bytes(raw)).hex() != hash_:
            yield f"transaction {hash_} was changed after it was signed"
    lost = (
        select(history.hash, func.min(history.entry))
        .join(schema.signed_transaction, signed.hash == history.hash, isouter=True)
        .where(history.status.in_(_SENDING), history.hash.is_not(None), signed.hash.is_(None))
        .group_by(history.hash)
        .order_by(func.min(history.entry))
    )
    for hash_, entry in connection.execute(lost):
        yield f"transaction {hash_}, which entry {entry} says was sent, is missing or has another hash now"


def _attest(entries: Sequence[tuple[str, str]], body: str, given: Sequence[str]) -> bool:
    """Whether the first entry attests the terms, and the last match all the consents that are there."""
    first = [evidence(body, *sorted(given[:count])) for count in range(len(given) + 1)]
    last = [evidence(text, *sorted(given)) for text in (body, "")]
    matched = [proof for status, proof in entries if status == InstructionStatus.MATCHED.value]
    return entries[0][1] in first and (not matched or matched[-1] in last)


def _consents(connection: Connection, sequences: Sequence[int]) -> Mapping[int, list[str]]:
    """What is attested of each consent, in the order in which they came; as it is stored, whatever that is."""
    columns = schema.consents.c
    found: dict[int, list[str]] = {}
    for some in rows.within(columns.sequence, sequences):
        query = select(columns.sequence, columns.body).where(some).order_by(columns.sequence, columns.part)
        for sequence, body in connection.execute(query):
            try:
                texts = [f"{address}{signature}" for _, address, signature in json.loads(body)]
            except (TypeError, ValueError):
                texts = [str(body)]
            found.setdefault(sequence, []).extend(texts)
    return found


def _attested(connection: Connection, sequences: Sequence[int]) -> Mapping[int, list[tuple[str, str]]]:
    """Status and evidence of each entry about terms and consents, by instruction, oldest first."""
    history = schema.history.c
    found: dict[int, list[tuple[str, str]]] = {}
    for some in rows.within(history.sequence, sequences):
        attests = history.evidence.is_not(None) & history.status.in_(_ATTESTING)
        query = select(history.sequence, history.status, history.evidence).where(some, attests).order_by(history.entry)
        for sequence, status, proof in connection.execute(query):
            found.setdefault(sequence, []).append((status, proof))
    return found
