"""How a database is reached: SQLite in a file or in memory, or PostgreSQL by URL."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from settlement.errors import InputError
from settlement.files import open_plain

_MAGIC = b"SQLite format 3\0"

LOCK_TIMEOUT_S = 30.0
"""How long to wait for another process to finish writing."""

CONNECT_TIMEOUT_S = 5

SILENCE_MAX_S = 60
"""How long PostgreSQL bears with a transaction whose client says nothing: a machine that went away locks nobody out."""


def url_of(where: Path | str | None, kind: str) -> URL:
    """The database that a file, a URL or nothing names; nothing is kept in memory.

    Raises:
        InputError: a URL that cannot be read, or is neither SQLite's nor PostgreSQL's; `kind` is what is looked for.
    """
    if where is None:
        return URL.create("sqlite")
    if isinstance(where, Path) or "://" not in where:
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except (ArgumentError, ValueError) as error:
        raise InputError(f"the {kind}'s URL cannot be read: use a file, or postgresql://USER@HOST/NAME") from error
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg2")
    if url.get_backend_name() == "postgresql" and not (url.database and url.host):
        raise InputError(f"the {kind}'s URL names no host or no database: use postgresql://USER@HOST/NAME")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise InputError(f"a {kind} is a file or postgresql://USER@HOST/NAME, not {url.get_backend_name()}://")
    if url.get_backend_name() == "sqlite" and (url.query or not url.database or url.database == ":memory:"):
        raise InputError(f"a {kind} in SQLite is named by its file, without options")
    return url


def shown(url: URL) -> str:
    """For people to see: without a password, and of a URL's query nothing."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(query={}, password=None, drivername="postgresql").render_as_string()


def may_be_ours(path: Path) -> bool:
    """Whether a file is new, or SQLite's: beside anything else nothing is left."""
    try:
        with open_plain(path) as stream:
            return stream.read(len(_MAGIC)) in (b"", _MAGIC)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def is_write_protected(path: Path) -> bool:
    """Whether a file is there that may only be read, or beside which nothing may be made."""
    return os.path.isfile(path) and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def read_only_engine(path: Path) -> Engine:
    """For a journal that may only be read, such as an auditor's copy: nothing is made beside it.

    A copy that was taken while somebody wrote has a second file with it, and is then read with that.
    """
    whole = "" if Path(f"{path}-wal").exists() else "&immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{whole}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=LOCK_TIMEOUT_S, check_same_thread=False)

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool)


def engine_of(url: URL, kind: str) -> Engine:
    """What connects to it; a file's folder is made.

    Raises:
        InputError: that folder cannot be made.
    """
    if url.get_backend_name() == "postgresql":
        limits = {"lock_timeout": LOCK_TIMEOUT_S, "idle_in_transaction_session_timeout": SILENCE_MAX_S}
        settings = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": " ".join(f"-c {name}={limit * 1000:.0f}" for name, limit in limits.items()),
        }
        return create_engine(
            url,
            connect_args={name: value for name, value in settings.items() if name not in url.query},
            isolation_level="READ COMMITTED",  # Writers lock what they decide by; what they waited for is then seen.
            pool_pre_ping=True,
            executemany_mode="values_plus_batch",
            insertmanyvalues_page_size=500,
        )
    if url.database is None:
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the {kind} {url.database} cannot be made: {error.strerror}") from error
        engine = create_engine(url, poolclass=QueuePool, connect_args={"timeout": LOCK_TIMEOUT_S})

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection, _record):  # type: ignore[no-untyped-def]
        connection.isolation_level = None  # Transactions begin where we say so, below.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection):  # type: ignore[no-untyped-def]
        writes = connection.get_execution_options().get("settlement_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
