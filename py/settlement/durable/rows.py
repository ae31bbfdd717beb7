"""Rows of the journal as what they stand for, and back."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from settlement.domain.audit import evidence
from settlement.domain.instruction import Consent, Instruction
from settlement.durable import schema
from settlement.ports import SignedTransaction

_COUNTED_NONCES = 2**62
"""Nonces from here on are the caller's own choice and do not move the counter, which has to fit the column."""

_RUNS = 8
"""Up to so many runs of numbers, a statement for each is quicker than one that names every number."""

STORED, MINED, FINAL, SUPERSEDED = 0, 1, 2, 3
"""States of a signed transaction."""

_ID_BEGINS = 10
"""Characters of an id that name it: 0x and eight digits, as tables show them."""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

CHUNK = 400
"""How many values a statement names at once: well within what every database takes."""


@functools.lru_cache(maxsize=4096)
def group(parties: tuple[str, ...]) -> str:
    """A group of parties as it is stored."""
    return json.dumps(parties)


def parties_of(stored: str) -> tuple[str, ...]:
    """A stored group of parties."""
    return tuple(json.loads(stored))


def counted(nonce: int) -> int | None:
    """A nonce, where it is one that moves the counter."""
    return nonce if nonce < _COUNTED_NONCES else None


def deadline(second: int) -> float:
    """A deadline as the queue compares it; one beyond all time is as good as none."""
    return float(min(second, 2**62))


def chunks(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """The values, so many at a time as one statement may name."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def within(column: ColumnElement[Any], values: Sequence[int]) -> Iterable[ColumnElement[bool]]:
    """Conditions that hold for these values, each for one statement, lowest first. Batches mostly have one unbroken run
    of numbers, and a range is read, planned and looked up many times as fast as hundreds of values.
    """
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    if len(runs) <= _RUNS:
        yield from (column.between(first, last) for first, last in runs)
    else:
        yield from (column.in_(some) for some in chunks(sorted(values)))


def lock_queue(connection: Connection, sequences: Sequence[int]) -> list[Any]:
    """Locks rows of the queue, in order of sequence as everybody does, so that nobody waits for who waits for him; and
    reads what they are now: whoever decides by what a row is locks it first.
    """
    columns = schema.queue.c
    found: list[Any] = []
    wanted = (columns.sequence, columns.state, columns.status, columns.attempts, columns.tried_at, columns.due_at)
    for some in within(columns.sequence, sequences):
        query = select(*wanted).where(some).order_by(columns.sequence).with_for_update()
        found += connection.execute(query).all()
    return found


def is_beginning_of_id(key: str) -> bool:
    """Whether a key is long enough an id, or beginning of one, not to be met by chance."""
    return key.startswith("0x") and len(key) >= _ID_BEGINS


def storable(text: str) -> str:
    """What the chain said, as every database keeps it: a contract may send a zero character, which PostgreSQL has not,
    and a node half of a surrogate pair, which no database has.
    """
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def insert_rows(connection: Connection, table: Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows that all name the same columns in the same order.

    Written for each database in its own quickest way: a general insert spends most of its time on looking for values
    to convert, and none has to be.

    Raises:
        IntegrityError: a row with the same key is there.
    """
    if not values:
        return
    columns = tuple(values[0])
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert_text(table, columns), [tuple(row.values()) for row in values])
        return
    text = "".join("\t".join(map(_copied, row.values())) + "\n" for row in values)
    driver = connection.connection.cursor()
    statement = f"COPY {table.name} ({', '.join(columns)}) FROM STDIN"
    try:
        driver.copy_expert(statement, io.StringIO(text))
    except Exception as error:
        # Outside SQLAlchemy's own statements nobody else makes the driver's errors SQLAlchemy's.
        base = connection.dialect.dbapi.Error if connection.dialect.dbapi else Exception
        raise DBAPIError.instance(statement, None, error, base, dialect=connection.dialect) from error
    finally:
        driver.close()


@functools.cache
def _insert_text(table: Table, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - the program's own names


def _copied(value: object) -> str:
    """A value in COPY's text format."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return str(value)


def instruction_evidence(body: str, consents: Sequence[Consent]) -> str:
    """What the history's digests cover of an instruction and the consents that came with it."""
    return evidence(body, *sorted(f"{consent.address}{consent.signature}" for consent in consents))


def add_consents(connection: Connection, consents: Mapping[int, Sequence[Consent]], part: int = 0) -> None:
    """Adds consents to instructions, as the part with this number."""
    values = [
        {"sequence": sequence, "part": part, "body": json.dumps([[c.party, c.address, c.signature] for c in some])}
        for sequence, some in consents.items()
        if some
    ]
    insert_rows(connection, schema.consents, values)


def consents_of(connection: Connection, sequences: Sequence[int]) -> Mapping[int, list[Consent]]:
    """The consents of each instruction, in the order in which they came."""
    found: dict[int, list[Consent]] = {sequence: [] for sequence in sequences}
    columns = schema.consents.c
    for some in within(columns.sequence, sequences):
        query = select(columns.sequence, columns.body).where(some).order_by(columns.sequence, columns.part)
        for sequence, body in connection.execute(query):
            found[sequence] += [
                Consent(party=party, address=address, signature=signature)
                for party, address, signature in json.loads(body)
            ]
    return found


def bodies_of(connection: Connection, sequences: Sequence[int]) -> Mapping[int, tuple[str, Instruction]]:
    """The id and the instruction of each sequence."""
    columns = schema.instruction.c
    found = {}
    for some in within(columns.sequence, sequences):
        query = select(columns.sequence, columns.instruction_id, columns.body).where(some)
        for sequence, instruction_id, body in connection.execute(query):
            found[sequence] = instruction_id, Instruction.model_validate_json(body)
    return found


def store_transaction(
    connection: Connection,
    transaction: SignedTransaction,
    *,
    act: str,
    scope: int,
    at: float,
    lane: int | None = None,
) -> None:
    """Adds a signed transaction. The same again changes nothing, but that one given up before is to be sent again."""
    table, columns = schema.signed_transaction, schema.signed_transaction.c
    known = columns.hash == transaction.hash
    if connection.execute(select(columns.nonce).where(known)).first():
        given_up = known & (columns.state == SUPERSEDED)
        connection.execute(update(table).where(given_up).values(state=STORED))
        return
    connection.execute(
        insert(schema.signed_transaction).values(
            hash=transaction.hash,
            raw=bytes.fromhex(transaction.raw[2:]),
            sender=transaction.sender,
            nonce=transaction.nonce,
            act=act,
            scope=scope,
            lane=lane,
            state=STORED,
            signed_at=at,
        )
    )


def transaction_of(row: Any) -> SignedTransaction:
    """A stored transaction."""
    return SignedTransaction(
        hash=str(row.hash), raw="0x" + bytes(row.raw).hex(), sender=str(row.sender), nonce=int(row.nonce)
    )
