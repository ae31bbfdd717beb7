"""Whatever a journal's file holds: it is used or refused, a change that matters shows, and nothing settles twice."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damage import changes, damaged
from found import examples, found
from hypothesis import given
from hypothesis import strategies as st
from stage import NOMINALS, RULE, Stage, rounds

from settlement.app import Service
from settlement.durable.database import Database
from settlement.durable.verify import verify
from settlement.errors import InputError, JournalUnavailable, LaneLost, Refused

MATTERS = {
    "history": {"entry", "sequence", "status", "at", "hash", "gas_used", "evidence", "detail", "digest"},
    "instruction": {"sequence", "scope", "instruction_id", "reference", "parties", "nonce", "body"},
    "consents": {"body"},
    "queue": {"status"},
    "journal": {"entries", "head"},
    "signed_transaction": {"hash", "raw"},
}
"""What decides whether and what is settled, and what was: a change of it shows."""

ROUNDS = 25


@pytest.fixture
def play(stage: Stage, journal: bytes, tmp_path: Path) -> Callable[[list[dict[str, Any]]], None]:
    """Changes the file and has it used."""
    path = tmp_path / "journal.sqlite"

    def play(case: list[dict[str, Any]]) -> None:
        for beside in tmp_path.glob("journal.sqlite*"):
            beside.unlink()
        path.write_bytes(journal)
        for change in case:
            damaged(path, change)
        with stage.forgotten():
            _used(stage, path)
            settled = stage.market.network.position("buyer", "bond").balance
            assert settled in (NOMINALS["S"], NOMINALS["S"] + NOMINALS["R"])

    return play


def _contents(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        return list(map(str, connection.execute("SELECT * FROM sqlite_master"))) + [
            str(row)
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for row in connection.execute(f"SELECT * FROM {name.decode()}")  # noqa: S608
        ]


def _told(path: Path) -> bool:
    """Whether `settle journal verify` shows that something is wrong."""
    try:
        with contextlib.closing(Database(path)) as database:
            return bool(verify(database))
    except InputError:
        return True


def _used(stage: Stage, path: Path) -> None:
    """As an operator's commands do: verified, looked at, worked on, reconciled; submitted to only where it is good."""
    is_good = False
    with contextlib.suppress(InputError, JournalUnavailable), contextlib.closing(Database(path)) as database:
        is_good = not verify(database)
    with contextlib.suppress(InputError, JournalUnavailable), stage.opened(path) as service:
        for look in (
            service.queue.figures,
            lambda: service.queue.rows((), 100),
            lambda: [service.network.journal.entry(reference) for reference in NOMINALS],
            service.reconcile,
            lambda: _work(service),
            lambda: service.queue.retry([], 0.0),
            lambda: is_good and stage.submit(service, "S", stage.trade_of(NOMINALS["S"])),
            lambda: _work(service),
        ):
            with contextlib.suppress(InputError, JournalUnavailable, LaneLost, Refused):
                look()


def _work(service: Service) -> None:
    worker = service.worker(RULE, "after")
    try:
        rounds(worker, lambda: not service.queue.is_busy(), ROUNDS)
    finally:
        worker.close()


CHANGES = [(table, column) for table, columns in MATTERS.items() for column in sorted(columns)]


@pytest.mark.parametrize(("table", "column"), CHANGES)
def test_a_change_that_matters_shows(journal, tmp_path, table, column):
    path = tmp_path / "journal.sqlite"
    for row, value in ((0, "9"), (1, 9), (2, "x"), (0, "@nought")):
        path.write_bytes(journal)
        before = _contents(path)
        damaged(path, {"table": table, "row": row, "column": column, "value": value})
        assert _contents(path) == before or _told(path), (row, value)


@pytest.mark.parametrize("table", MATTERS)
def test_a_missing_row_shows(journal, tmp_path, table):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(journal)
    assert not _told(path)
    damaged(path, {"table": table, "row": 0, "how": "drop"})
    assert _told(path)


@found("journal")
def test_a_journal_that_once_did_harm_does_none(play, case):
    play(case)


def test_whatever_a_journal_holds_is_used_or_refused(play):
    @examples(8)
    @given(case=st.lists(changes(), min_size=1, max_size=2))
    def tried(case):
        play(case)

    tried()
