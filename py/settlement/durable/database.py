"""Databases: SQLite in WAL mode in a file or in memory, or PostgreSQL by URL; one code for both.

The journal's is one; other books, such as a custodian's, are kept in theirs in the same way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, Table, func, insert, inspect, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from settlement.domain.audit import GENESIS, AuditedEntry, digest
from settlement.durable import schema
from settlement.durable.engines import engine_of, is_write_protected, may_be_ours, read_only_engine, shown, url_of
from settlement.durable.rows import insert_rows
from settlement.durable.troubles import UNREADABLE, trouble
from settlement.durable.turn import Turn
from settlement.errors import InputError, JournalUnavailable

_PREPARING = 0x5E77_1E
"""PostgreSQL's advisory lock for making the tables; any number that nobody else uses."""

NewEntry = tuple[int, str, str, int, str | None, int | None, str | None, str]
"""Sequence, then the fields of an AuditedEntry from the instruction's id on."""

_KINDS = {"journal": "journal", "client_book": "client book"}
"""What each layout is called, by the table that holds its version: no two of them share a database."""


@dataclass(frozen=True)
class Layout:
    """What a database holds.

    Attributes:
        version: Of the layout; another one is refused.
        metadata: Its tables.
        head: The table with one row, which tells the version; named in `_KINDS`.
        row: That row when the database is new.
        advice: What to do about another version, besides naming another file.
    """

    version: int
    metadata: MetaData
    head: Table
    row: Mapping[str, Any]
    advice: str = ""

    @property
    def kind(self) -> str:
        """What it is called."""
        return _KINDS[self.head.name]


JOURNAL = Layout(
    version=schema.VERSION,
    metadata=schema.metadata,
    head=schema.journal,
    row={"id": 1, "version": schema.VERSION, "sequences": 0, "entries": 0, "head": GENESIS},
    advice="; `settle down --forget` removes that of the chain that is up",
)


class Writing:
    """One write transaction: everything in it is stored, or nothing; its history is chained at its end."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._head: tuple[int, int, bytes] | None = None
        self._entries: list[NewEntry] = []

    def next_sequence(self, count: int) -> int:
        """The first of `count` new sequence numbers, which nobody else gets."""
        sequences, entries, head = self._locked_head()
        self._head = sequences + count, entries, head
        return sequences + 1

    def add_history(self, entries: Sequence[NewEntry]) -> None:
        """Adds entries at the transaction's end."""
        self._entries.extend(entries)

    def finish(self) -> None:
        """Chains and stores the history. Last, so that writers wait for each other as briefly as can be.

        Raises:
            ValueError: there are other entries than the journal counted; see `troubles.UNREADABLE`.
        """
        if self._entries:
            sequences, count, head = self._locked_head()
            entries = []
            for sequence, *fields in self._entries:
                count += 1
                head = digest(head, AuditedEntry(count, *fields))  # type: ignore[arg-type]
                entries.append(_row(count, sequence, fields, head))
            try:
                insert_rows(self.connection, schema.history, entries)
            except IntegrityError as error:
                # The count is locked, so nobody else has just taken the number.
                raise ValueError("the history has more entries than were counted") from error
            self._head = sequences, count, head
        if self._head is not None:
            sequences, count, head = self._head
            self.connection.execute(update(schema.journal).values(sequences=sequences, entries=count, head=head))

    def _locked_head(self) -> tuple[int, int, bytes]:
        if self._head is None:
            columns = schema.journal.c
            query = select(columns.sequences, columns.entries, columns.head).with_for_update()
            sequences, entries, head = self.connection.execute(query).one()
            self._head = sequences, entries, bytes(head)
        return self._head


class Store:
    """A database with one layout.

    Args:
        where: A file, or a URL such as `postgresql://user@host/name`; None keeps everything in memory.
        layout: What it holds.

    Raises:
        InputError: it holds something else, or another version, or cannot be used.
        JournalUnavailable: it does not answer.

    """

    def __init__(self, where: Path | str | None, layout: Layout) -> None:
        self._layout, kind = layout, layout.kind
        url = url_of(where, kind)
        self.name = f"the {kind} in memory" if where is None else f"the {kind} {shown(url)}"
        in_file = url.get_backend_name() == "sqlite" and url.database is not None
        protected = in_file and is_write_protected(Path(str(url.database)))
        with self.translated():
            self.engine = read_only_engine(Path(str(url.database))) if protected else engine_of(url, kind)
        beside = in_file and not protected and may_be_ours(Path(str(url.database)))
        self._turn = Turn(Path(f"{url.database}-turn") if beside else None)
        try:
            with self.translated():
                self._prepare()
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def is_shared(self) -> bool:
        """Whether several machines may work on it."""
        return self.engine.dialect.name != "sqlite"

    def close(self) -> None:
        """Lets go of it."""
        self.engine.dispose()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of it.

        Raises:
            JournalUnavailable: it does not answer.
        """
        with self._exclusive(only_in_memory=True), self.translated(), self._reading().connect() as connection:
            yield connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection that writes; nothing of it is stored when the block raises.

        SQLite has one such block at a time. On PostgreSQL there are several, and each locks what it decides by.

        Raises:
            JournalUnavailable: it does not answer, or has no room.
        """
        with self._exclusive(), self.translated():
            options = {"settlement_writes": True}
            with self.engine.connect().execution_options(**options) as connection, connection.begin():
                yield connection

    @contextlib.contextmanager
    def translated(self) -> Iterator[None]:
        """Turns what the driver raises into our errors; IntegrityError passes, for callers who look for it."""
        try:
            yield
        except IntegrityError:
            raise
        except (ArgumentError, NoSuchModuleError) as error:
            raise InputError(f"{self.name} cannot be opened: use a file, or postgresql://USER@HOST/NAME") from error
        except (SQLAlchemyError, ModuleNotFoundError) as error:
            raise trouble(self.name, self._layout.kind, error) from error
        except UNREADABLE as error:
            raise InputError(f"{self.name} is damaged: a row holds what this program never writes") from error

    def _reading(self) -> Engine:
        # PostgreSQL's statements each see the newest state otherwise. SQLite's transactions see one state anyhow.
        return self.engine.execution_options(isolation_level="REPEATABLE READ") if self.is_shared else self.engine

    @contextlib.contextmanager
    def _exclusive(self, *, only_in_memory: bool = False) -> Iterator[None]:
        in_memory = isinstance(self.engine.pool, StaticPool)
        if in_memory or (not self.is_shared and not only_in_memory):
            with self._turn.taken():
                yield
        else:
            yield

    def _prepare(self) -> None:
        """Makes the tables where there are none; several processes may do so at once."""
        with self.engine.connect() as connection:
            ready = self._has_tables(connection)
        if not ready:
            with self.transaction() as connection:
                self._make_tables(connection)
        with self.engine.connect() as connection:
            version = connection.execute(select(self._layout.head.c.version)).scalar()
        if version != self._layout.version:
            raise self._other_version(str(version))

    def _has_tables(self, connection: Connection) -> bool:
        found = inspect(connection)
        tables = set(found.get_table_names())
        head, kind = self._layout.head.name, self._layout.kind
        if head in tables:
            if "version" not in {column["name"] for column in found.get_columns(head)}:
                raise InputError(f"{self.name} is not a {kind}: its table `{head}` is something else")
            return True
        for other in tables & set(_KINDS):
            raise InputError(f"{self.name} is not a {kind} but a {_KINDS[other]}: name another file or database")
        if tables & set(self._layout.metadata.tables):
            raise self._other_version("an older one")
        return False

    def _make_tables(self, connection: Connection) -> None:
        if self.is_shared:
            # Who creates a table that somebody else is just creating fails; SQLite has one writer at a time anyhow.
            connection.execute(select(func.pg_advisory_xact_lock(_PREPARING)))
        if not self._has_tables(connection):
            self._layout.metadata.create_all(connection)
            connection.execute(insert(self._layout.head).values(**self._layout.row))

    def _other_version(self, version: str) -> InputError:
        return InputError(
            f"{self.name} has version {version} of the layout and this program reads {self._layout.version}: keep it "
            f"for the program that wrote it and name another file{self._layout.advice}"
        )


class Database(Store):
    """A journal's database.

    Args:
        where: A file, or a URL such as `postgresql://user@host/name`; None keeps everything in memory.

    Raises:
        InputError: it is no journal, or one of another version, or cannot be used.
        JournalUnavailable: it does not answer.

    """

    def __init__(self, where: Path | str | None = None) -> None:
        super().__init__(where, JOURNAL)

    @contextlib.contextmanager
    def write(self) -> Iterator[Writing]:
        """A transaction; nothing of it is stored when the block raises.

        Raises:
            JournalUnavailable: it does not answer, or has no room.
        """
        with self.transaction() as connection:
            writing = Writing(connection)
            yield writing
            writing.finish()

    def scope(self, name: str) -> int:
        """The number of a scope, which is entered when it is new."""
        for _ in range(2):
            with self.read() as connection:
                found = connection.execute(select(schema.scope.c.scope).where(schema.scope.c.name == name)).scalar()
            if found is not None:
                return int(found)
            with contextlib.suppress(IntegrityError), self.write() as writing:
                writing.connection.execute(insert(schema.scope).values(name=name))
        raise JournalUnavailable(f"{self.name} does not keep what is written to it")

    def since_block(self, scope: int, head: int | None = None) -> int:
        """The number of the newest block when the scope was begun; notes `head` where none is noted yet."""
        columns = schema.scope.c
        with self.read() as connection:
            found = connection.execute(select(columns.since_block).where(columns.scope == scope)).scalar()
            since = None if found is None else int(found)
        if since is None and head is not None:
            with self.write() as writing:
                unknown = (columns.scope == scope) & columns.since_block.is_(None)
                writing.connection.execute(update(schema.scope).where(unknown).values(since_block=head))
            return self.since_block(scope)
        return -1 if since is None else since

    def bind(self, chain_id: int, genesis_hash: str) -> None:
        """Binds the journal to a chain, or checks that it is the one it is bound to.

        Raises:
            InputError: it belongs to another chain.
        """
        with self.read() as connection:
            bound = connection.execute(select(schema.journal.c.chain_id, schema.journal.c.genesis_hash)).one()
        if bound.chain_id is None:
            with self.write() as writing:
                values = {"chain_id": chain_id, "genesis_hash": genesis_hash}
                table = schema.journal
                writing.connection.execute(update(table).where(table.c.chain_id.is_(None)).values(**values))
            return self.bind(chain_id, genesis_hash)
        if (bound.chain_id, bound.genesis_hash) != (chain_id, genesis_hash):
            raise InputError(
                f"{self.name} belongs to another chain: it knows chain {bound.chain_id} with the first block "
                f"{str(bound.genesis_hash)[:10]}…, and this is chain {chain_id} with {genesis_hash[:10]}…; "
                "a chain that was restarted empty is another one"
            )
        return None


def _row(entry: int, sequence: int, fields: list[Any], head: bytes) -> dict[str, Any]:
    _, status, at, transaction, gas_used, evidence, detail = fields
    return {
        "entry": entry,
        "sequence": sequence,
        "status": status,
        "at": at,
        "hash": transaction,
        "gas_used": gas_used,
        "evidence": evidence,
        "detail": detail,
        "digest": head,
    }
