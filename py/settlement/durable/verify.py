"""Verification: whether the journal still says what it said when it was written."""

from __future__ import annotations

from sqlalchemy import select

from settlement.domain.audit import GENESIS, AuditedEntry, digest
from settlement.durable import schema
from settlement.durable.database import Database


def verify(database: Database) -> tuple[str, ...]:
    """Every place at which the history, its count or the queue contradicts the chain of digests; none is good.

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
    return tuple(faults)
