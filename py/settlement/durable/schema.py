"""The journal's tables. Terms, consents, signed transactions and history are only added to; the queue is rewritten."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from settlement.ports import QueueState

VERSION = 3
"""Of the layout; a journal of another one is refused."""

metadata = MetaData()

# The keys are counted here and not by the database, so that a batch of rows is written in one statement. What belongs
# together is written in one transaction: foreign keys would look it all up again, six times for an instruction.
_Key = BigInteger().with_variant(Integer, "sqlite")

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("sequences", _Key, nullable=False),
    Column("entries", _Key, nullable=False),
    Column("head", LargeBinary(32), nullable=False),
    Column("chain_id", _Key),
    Column("genesis_hash", String(66)),
)
"""One row: the layout's version, how many instructions and history entries there are, and the last entry's digest."""

scope = Table(
    "scope",
    metadata,
    Column("scope", Integer, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("since_block", _Key),
)
"""One deployment and run, within which references are unique; what is in blocks up to `since_block` came before it."""

instruction = Table(
    "instruction",
    metadata,
    Column("sequence", _Key, primary_key=True, autoincrement=False),
    Column("scope", Integer, nullable=False),
    Column("instruction_id", String(66), nullable=False, unique=True),
    Column("reference", String(64), nullable=False),
    Column("parties", Text, nullable=False),
    Column("nonce", BigInteger),
    Column("body", Text, nullable=False),
    UniqueConstraint("scope", "reference"),
    UniqueConstraint("scope", "parties", "nonce"),
)

consents = Table(
    "consents",
    metadata,
    Column("sequence", _Key, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
"""Consents as they came: the first with the instruction, others later; each row a JSON list of party, address and
signature."""

cancellation = Table(
    "cancellation",
    metadata,
    Column("sequence", _Key, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("party", String(40), nullable=False),
    Column("address", String(42), nullable=False),
    Column("signature", Text, nullable=False),
)
"""A party's word that an instruction is to be cancelled; the newest, where there were several."""

queue = Table(
    "queue",
    metadata,
    Column("sequence", _Key, primary_key=True, autoincrement=False),
    Column("scope", Integer, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("status", String(12), nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float(53), nullable=False),
    Column("tried_at", Float(53), nullable=False),
    Column("deadline", Float(53), nullable=False),
    Column("failing_at", Float(53)),
    Column("waits_for", String(42)),
    Column("partial_lot", String(80)),
    Column("parent", _Key),
    Column("lane", Integer),
    Column("nonce", _Key),
    Column("taken_at", Float(53), nullable=False),
    Column("detail", Text, nullable=False),
    Index("queue_slot", "lane", "nonce"),
)
"""Where each instruction stands: one row, rewritten; `history` says how it came there."""

IS_READY = queue.c.state == literal_column(str(QueueState.READY.value))
IS_WAITING = queue.c.state == literal_column(str(QueueState.WAITING.value))
"""With the numbers written out: a database uses an index over some rows only where it sees that it covers the query."""

# Over those rows only that are looked for by it: every other change of a row then leaves it alone.
for _name, _columns, _rows in (
    ("queue_ready", (queue.c.scope, queue.c.priority, queue.c.sequence), IS_READY),
    ("queue_waiting", (queue.c.scope, queue.c.due_at), IS_WAITING),
    ("queue_parent", (queue.c.parent,), queue.c.parent.is_not(None)),
):
    Index(_name, *_columns, sqlite_where=_rows, postgresql_where=_rows)

lane = Table(
    "lane",
    metadata,
    Column("lane", Integer, primary_key=True, autoincrement=False),
    Column("scope", Integer, primary_key=True),
    Column("address", String(42), nullable=False),
    Column("owner", String(64)),
    Column("leased_until", Float(53), nullable=False),
)
"""A submitter's address with its row of transaction nonces; one worker at a time has it, while it renews its lease."""

signed_transaction = Table(
    "signed_transaction",
    metadata,
    Column("hash", String(66), primary_key=True),
    Column("raw", LargeBinary, nullable=False),
    Column("sender", String(42), nullable=False),
    Column("nonce", _Key, nullable=False),
    Column("act", String(40), nullable=False),
    Column("scope", Integer, nullable=False),
    Column("lane", Integer),
    Column("state", SmallInteger, nullable=False),
    Column("signed_at", Float(53), nullable=False),
    Column("block_number", _Key),
    Column("block_hash", String(66)),
    Column("gas_used", _Key),
    Index("signed_transaction_slot", "scope", "lane", "state", "nonce"),
)

history = Table(
    "history",
    metadata,
    Column("entry", _Key, primary_key=True, autoincrement=False),
    Column("sequence", _Key, nullable=False, index=True),
    Column("status", String(12), nullable=False),
    Column("at", _Key, nullable=False),
    Column("hash", String(66)),
    Column("gas_used", _Key),
    Column("evidence", String(64)),
    Column("detail", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
)

chain_position = Table(
    "chain_position",
    metadata,
    Column("scope", Integer, primary_key=True, autoincrement=False),
    Column("number", _Key, nullable=False),
    Column("hash", String(66), nullable=False),
)
"""The newest block that was seen: a chain that lost it was reorganised, or is another one."""
