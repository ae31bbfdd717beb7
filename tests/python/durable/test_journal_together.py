"""PostgreSQL lets several write at once: nobody reads half of it, fails, or waits for who waits for him."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, text, update

from settlement.durable import schema
from settlement.durable.database import Database
from settlement.durable.queue import SqlQueue
from settlement.errors import JournalUnavailable
from settlement.ports import Block

PATIENCE_S = 20.0


@pytest.fixture
def url(postgresql):
    return postgresql.new_database()


@pytest.fixture
def database(url):
    made = Database(url)
    yield made
    made.close()


@pytest.fixture
def elsewhere():
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit


def until_somebody_waits(database):
    here = "datname = current_database() AND wait_event_type = 'Lock'"
    waiting = text(f"SELECT count(*) FROM pg_stat_activity WHERE {here}")  # noqa: S608
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with database.read() as connection:
            if connection.execute(waiting).scalar():
                return
    pytest.fail("nobody waits")


def test_processes_that_make_the_same_journal_at_once_make_one(url):
    program = f"from settlement.durable.database import Database; Database({url!r}).scope('x')"
    command = [sys.executable, "-c", program]
    racing = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate(timeout=60)[1], process.returncode) for process in racing] == [("", 0)] * 3


def test_who_comes_while_another_one_makes_the_tables_waits_and_uses_them(url, database, elsewhere):
    with database.write() as writing:
        schema.metadata.drop_all(writing.connection)
    with database.write() as writing:
        database._make_tables(writing.connection)
        late = elsewhere(Database, url)
        until_somebody_waits(database)
    late.result(PATIENCE_S).close()


def test_a_reader_sees_one_state_while_others_write(database):
    counted = text("SELECT sequences FROM journal")
    with database.read() as connection:
        before = connection.execute(counted).scalar()
        with database.write() as writing:
            writing.next_sequence(5)
        assert connection.execute(counted).scalar() == before


def test_two_workers_that_note_the_first_block_at_once_both_go_on(database, elsewhere):
    mine = {"scope": 1, "number": 7, "hash": "0x7"}
    with database.write() as writing:
        writing.connection.execute(insert(schema.chain_position).values(**mine))
        other = elsewhere(SqlQueue(database, 1).record_position, Block(8, "0x8", 0))
        until_somebody_waits(database)
    other.result(PATIENCE_S)
    assert SqlQueue(database, 1).position().number in (7, 8)


def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(database, elsewhere):
    rename = update(schema.scope).values(since_block=1)
    first, second = (rename.where(schema.scope.c.scope == database.scope(name)) for name in ("first", "second"))

    def other():
        with database.write() as writing:
            writing.connection.execute(second)
            writing.connection.execute(first)

    def both():
        with database.write() as writing:
            writing.connection.execute(first)
            crossing = elsewhere(other)
            until_somebody_waits(database)
            writing.connection.execute(second)
        crossing.result(PATIENCE_S)

    with pytest.raises(JournalUnavailable, match="was written by two at once, and the other one went first"):
        both()
