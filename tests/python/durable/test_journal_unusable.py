"""A journal that cannot be used says so in one sentence, and is not changed by the attempt."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from settlement.domain.instruction import InstructionStatus
from settlement.durable import database
from settlement.durable.database import Database
from settlement.durable.journal import SqlJournal
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


def nonsense(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (unknown_version, "has version 99 of the layout"),
        (other_tables, "has version an older one of the layout"),
        (nonsense, "is not a journal: the file is something else, or damaged"),
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


@pytest.mark.parametrize("url", ["mysql://a@b/c", "postgresql://[", "://"])
def test_a_url_of_another_kind_is_refused(url):
    with pytest.raises(InputError, match=r"postgresql://USER@HOST/NAME"):
        Database(url)


def test_a_file_that_became_read_only_is_refused_and_keeps_what_it_had(tmp_path):
    path = tmp_path / "journal.sqlite"
    Database(path).close()
    written = path.read_bytes()
    read_only = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(InputError, match="read-only"):
        SqlJournal(read_only, "somebody")
    read_only.close()
    assert path.read_bytes() == written


def test_a_journal_that_another_process_keeps_locked_is_unavailable(tmp_path, monkeypatch):
    path = tmp_path / "journal.sqlite"
    Database(path).close()
    monkeypatch.setattr(database, "LOCK_TIMEOUT_S", 0.05)
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


def test_an_unknown_version_is_refused_on_postgresql(postgresql):
    url = postgresql.new_database()
    made = Database(url)
    with made.write() as writing:
        writing.connection.exec_driver_sql("UPDATE journal SET version = 99")
    made.close()
    with pytest.raises(InputError, match="has version 99 of the layout"):
        Database(url)


def test_a_server_that_goes_away_is_unavailable_until_it_is_back(postgresql):
    kept = Database(postgresql.new_database())
    kept.bind(1, "0x" + "1" * 64)
    postgresql.stop()
    try:
        with pytest.raises(JournalUnavailable), kept.write():
            pass
    finally:
        postgresql.start()
    with pytest.raises(InputError, match="belongs to another chain"):
        kept.bind(2, "0x" + "2" * 64)
    kept.close()


def test_processes_that_make_the_same_journal_at_once_make_one(postgresql):
    url = postgresql.new_database()
    program = f"from settlement.durable.database import Database; Database({url!r}).scope('x')"
    command = [sys.executable, "-c", program]
    racing = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in racing] == [("", 0)] * 3


def test_statuses_fit_their_column():
    assert max(len(status) for status in InstructionStatus) <= 12
