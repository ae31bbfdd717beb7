"""A journal that cannot be used says so in one sentence, and is not changed by the attempt."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import event

from settlement.domain.instruction import InstructionStatus
from settlement.durable import engines
from settlement.durable.database import Database
from settlement.durable.journal import SqlJournal
from settlement.durable.verify import verify
from settlement.errors import InputError, JournalUnavailable


def unknown_version(path: Path) -> None:
    Database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE journal SET version = 99")
    connection.close()


def other_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE history (x)")
    connection.close()


def other_journal(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE journal (dear_diary)")
    connection.close()


def truncated(path: Path) -> None:
    Database(path).close()
    path.write_bytes(path.read_bytes()[:10_000])


def nonsense(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (unknown_version, "has version 99 of the layout"),
        (other_tables, "has version an older one of the layout"),
        (other_journal, "is not a journal: its table `journal` is something else"),
        (nonsense, "is not a journal: the file is something else, or damaged"),
        (truncated, "is damaged"),
        (folder, "cannot be opened"),
    ],
)
def test_a_file_that_is_no_journal_of_ours_is_refused(tmp_path, make, told):
    path = tmp_path / "journal.sqlite"
    make(path)
    with pytest.raises(InputError, match=told):
        Database(path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        Database(tmp_path / "file" / "journal.sqlite")


@pytest.mark.parametrize("url", ["sqlite:///file:journal.sqlite?mode=ro&uri=true", "sqlite://", "sqlite:///:memory:"])
def test_sqlite_with_options_or_without_a_file_is_refused(url):
    with pytest.raises(InputError, match="a journal in SQLite is named by its file"):
        Database(url)


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgresql://[", "://"])
def test_a_url_of_another_kind_is_refused(url):
    with pytest.raises(InputError, match=r"postgresql://USER@HOST/NAME"):
        Database(url)


def test_a_file_that_became_read_only_is_refused_and_keeps_what_it_had(tmp_path):
    path = tmp_path / "journal.sqlite"
    Database(path).close()
    written = path.read_bytes()
    read_only = Database(path)
    read_only.engine.dispose()
    event.listen(read_only.engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only=ON"))
    with pytest.raises(InputError, match="cannot be written: the file or its folder is read-only"):
        SqlJournal(read_only, "somebody")
    read_only.close()
    assert path.read_bytes() == written


def test_a_write_protected_journal_can_be_read_and_verified_and_leaves_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "journal.sqlite"
    SqlJournal(path, "somebody").close()
    before = path.read_bytes()
    for beside in tmp_path.glob("journal.sqlite-*"):
        beside.unlink()
    monkeypatch.setattr(engines.os, "access", lambda _path, _mode: False)
    copy = Database(path)
    assert verify(copy) == ()
    assert SqlJournal(copy, "somebody").entry("nothing") is None
    refused = pytest.raises(InputError, match="cannot be written: the file or its folder is read-only")
    with refused, copy.write() as writing:
        writing.connection.exec_driver_sql("DELETE FROM history")
    copy.close()
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["journal.sqlite"]


def test_a_journal_that_another_process_keeps_locked_is_unavailable(tmp_path, monkeypatch):
    path = tmp_path / "journal.sqlite"
    Database(path).close()
    monkeypatch.setattr(engines, "LOCK_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    locked = Database(path)
    with pytest.raises(JournalUnavailable, match="is locked by another process"), locked.write():
        pass
    holder.close()
    with locked.write():
        pass
    locked.close()


def write_more_than_fits(full: Database) -> None:
    with full.write() as writing:
        writing.connection.exec_driver_sql("PRAGMA max_page_count = 1")
        writing.connection.exec_driver_sql("CREATE TABLE scratch (x)")
        writing.connection.exec_driver_sql("INSERT INTO scratch SELECT randomblob(1000000)")


def test_a_full_disk_is_told_and_nothing_half_written_stays(tmp_path):
    full = Database(tmp_path / "journal.sqlite")
    journal = SqlJournal(full, "somebody")
    with pytest.raises(JournalUnavailable, match="has no room left on its disk"):
        write_more_than_fits(full)
    with full.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'scratch'").scalar() == 0
    journal.close()


# ---- PostgreSQL ------------------------------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_unavailable():
    with pytest.raises(JournalUnavailable, match="does not answer: its server is not there") as caught:
        Database("postgresql://somebody:secret@127.0.0.1:1/journal")
    assert "secret" not in str(caught.value)


def test_a_database_that_is_not_there_is_refused(postgresql):
    with pytest.raises(InputError, match="there is no such database or user"):
        Database(postgresql.url("nowhere"))


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("guarded:wrong", "does not let us in: name a user and a password that may"),
        ("guarded", "does not let us in: it wants a password"),
        ("nobody", "there is no such database or user"),
    ],
)
def test_a_user_who_may_not_come_in_is_refused_and_no_password_is_told(postgresql, user, told):
    with pytest.raises(InputError, match=told) as caught:
        Database(postgresql.url("postgres", user))
    assert "wrong" not in str(caught.value)


def test_a_user_who_may_not_make_tables_is_refused(postgresql):
    url = postgresql.new_database()
    postgresql.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", url)
    with pytest.raises(InputError, match="does not let us in: this user may not do that"):
        Database(postgresql.url(url.rpartition("/")[2], "guarded:right"))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE journal SET version = 99", "has version 99 of the layout"),
        ("DROP TABLE journal", "has version an older one of the layout"),
        ("DROP TABLE journal; CREATE TABLE journal (dear_diary text)", "its table `journal` is something else"),
    ],
)
def test_a_database_that_holds_something_else_is_refused(postgresql, statement, told):
    url = postgresql.new_database()
    Database(url).close()
    postgresql.execute(statement, url)
    with pytest.raises(InputError, match=told):
        Database(url)


def test_a_missing_table_is_told(postgresql):
    url = postgresql.new_database()
    Database(url).close()
    postgresql.execute("DROP TABLE scope CASCADE", url)
    with pytest.raises(InputError, match="is damaged: a table is missing"):
        SqlJournal(url, "somebody")


def test_a_database_that_may_only_be_read_is_refused(postgresql):
    url = postgresql.new_database()
    Database(url).close()
    postgresql.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with pytest.raises(InputError, match="cannot be written: it is read-only"):
        SqlJournal(url, "somebody")


def test_a_journal_that_somebody_keeps_locked_is_unavailable_on_postgresql(postgresql, monkeypatch):
    monkeypatch.setattr(engines, "LOCK_TIMEOUT_S", 0.05)
    kept = Database(postgresql.new_database())
    with kept.write() as holder:
        holder.next_sequence(1)
        with pytest.raises(JournalUnavailable, match="is locked by another process"):
            kept.bind(1, "0x" + "1" * 64)
    kept.close()


def test_a_server_that_goes_away_is_unavailable_until_it_is_back(postgresql):
    kept = Database(postgresql.new_database())
    postgresql.stop()
    try:
        with pytest.raises(JournalUnavailable), kept.write():
            pass
    finally:
        postgresql.start()
    with kept.write():
        pass
    kept.close()


def test_a_journal_of_another_chain_is_refused(postgresql):
    kept = Database(postgresql.new_database())
    kept.bind(1, "0x" + "1" * 64)
    with pytest.raises(InputError, match="belongs to another chain"):
        kept.bind(2, "0x" + "2" * 64)
    kept.close()


def test_statuses_fit_their_column():
    assert max(len(status) for status in InstructionStatus) <= 12
