"""A client book keeps what was booked once, lets nobody overdraw, and says in one sentence when it cannot be used."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from settlement.domain.custody import ClientBooking, client_positions
from settlement.domain.quantity import MAX_QUANTITY
from settlement.durable import engines
from settlement.durable.custody import ClientBook
from settlement.durable.database import Database
from settlement.errors import InputError, JournalUnavailable

BOND = "amber-bond"
CUSTODIAN = "north-custody"
TIMEOUT_S = 60

OVERDRAWING = """
import sys
from settlement.domain.custody import ClientBooking
from settlement.durable.custody import ClientBook
from settlement.errors import InputError

where, name = sys.argv[1:]
print("ready", flush=True)
sys.stdin.readline()
book = ClientBook(where)
booked = 0
for number in range(20):
    amounts = {"client-a": -10, "client-b": 10}
    terms = {"custodian": "north-custody", "instrument": "amber-bond", "time": 200, "amounts": amounts}
    try:
        booked += book.append(ClientBooking(reference=f"{name}-{number}", **terms))
    except InputError as error:
        assert "too few" in str(error)
print(booked)
"""

KILLED = """
import os, signal, sys
from settlement.domain.custody import ClientBooking
from settlement.durable.custody import ClientBook

book = ClientBook(sys.argv[1])
terms = {"custodian": "north-custody", "instrument": "amber-bond", "time": 100}
book.append(ClientBooking(reference="B-1", amounts={"client-a": 10, "client-b": 5}, **terms))
book.append(ClientBooking(reference="B-2", amounts={"client-a": -4, "client-c": 4}, **terms))
with book._store.transaction() as connection:
    connection.exec_driver_sql("INSERT INTO booking VALUES (3, 'north-custody', 'B-3', 'amber-bond', 100)")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def booking(reference: str, amounts: dict[str, int], time: int = 100, **other: str) -> ClientBooking:
    return ClientBooking(
        **{"custodian": CUSTODIAN, "instrument": BOND, **other}, reference=reference, time=time, amounts=amounts
    )


@pytest.fixture(params=["memory", "file", "postgresql"])
def where(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql").new_database()
    return None if request.param == "memory" else tmp_path / "clients.sqlite"


@pytest.fixture
def book(where):
    made = ClientBook(where)
    yield made
    made.close()


# ---- what is kept ----------------------------------------------------------------------------------------------------


def test_bookings_are_kept_in_order_and_by_custodian_and_instrument(book):
    first = booking("B-2", {"client-a": 10, "client-b": 5}, 200)
    second = booking("B-1", {"client-a": 3}, 100, instrument="jade-bond")
    elsewhere = booking("B-1", {"client-a": 7}, custodian="east-custody")
    assert [book.append(each) for each in (first, second, elsewhere)] == [True, True, True]
    assert book.bookings(CUSTODIAN) == [first, second]
    assert book.bookings(CUSTODIAN, "jade-bond") == [second]
    assert book.bookings("east-custody", BOND) == [elsewhere]
    assert book.bookings("south-custody") == []
    assert book.accounts() == [("east-custody", BOND), (CUSTODIAN, BOND), (CUSTODIAN, "jade-bond")]


def test_the_same_booking_again_changes_nothing(book):
    taken = booking("B-1", {"client-a": 10})
    given = booking("B-2", {"client-a": -10, "client-b": 10})
    assert [book.append(each) for each in (taken, given, given, taken)] == [True, True, False, False]
    assert book.bookings(CUSTODIAN) == [taken, given]


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (booking("B-1", {"client-a": 11}), "amounts.client-a"),
        (booking("B-1", {"client-a": 10, "client-b": -1}), "amounts.client-b"),
        (booking("B-1", {"client-a": 10}, 101), "time"),
        (booking("B-1", {"client-a": 10}, instrument="jade-bond"), "instrument"),
    ],
)
def test_other_content_under_the_same_reference_is_refused_by_its_field(book, other, field):
    first = booking("B-1", {"client-a": 10})
    book.append(first)
    with pytest.raises(InputError, match=f"is taken by another booking: {field} is") as caught:
        book.append(other)
    assert caught.value.location.field == field
    assert book.bookings(CUSTODIAN) == [first]


def test_a_client_is_not_overdrawn_and_nothing_of_the_booking_is_written(book):
    first = booking("B-1", {"client-a": 10, "client-b": 5})
    book.append(first)
    refused = booking("B-2", {"client-a": -10, "client-b": -6, "client-c": 16}, 200)
    with pytest.raises(InputError, match=r"6 of amber-bond cannot be taken from client 'client-b'.*: 1 too few"):
        book.append(refused)
    assert book.bookings(CUSTODIAN) == [first]
    book.append(booking("B-3", {"client-b": 1}))
    assert book.append(refused)
    assert client_positions(book.bookings(CUSTODIAN), BOND, None) == {"client-c": 16}


def test_what_an_account_carries_is_kept_exactly(book):
    most = booking("B" * 64, {"ä" * 64: MAX_QUANTITY, "client-b": MAX_QUANTITY - 1}, 2**63 - 1)
    book.append(most)
    book.append(booking("B-2", {"ä" * 64: -MAX_QUANTITY}, 2**63 - 1))
    assert book.bookings(CUSTODIAN)[0] == most
    assert client_positions(book.bookings(CUSTODIAN), BOND, None) == {"client-b": MAX_QUANTITY - 1}


def test_more_givers_than_a_statement_names(book):
    clients = [f"client-{number}" for number in range(1001)]
    book.append(booking("B-0", {clients[-1]: 2}))
    book.append(booking("B-1", dict.fromkeys(clients[:-1], 2)))
    book.append(booking("B-2", dict.fromkeys(clients, -1) | {"client-a": 1001}))
    with pytest.raises(InputError, match="'client-1000', who holds 1 at 100: 1 too few"):
        book.append(booking("B-3", dict.fromkeys(clients, -1) | {"client-1000": -2}))


# ---- several at once, and sudden ends --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "postgresql"])
def test_processes_that_race_do_not_overdraw_a_client(kind, request, tmp_path):
    where = (
        request.getfixturevalue("postgresql").new_database() if kind == "postgresql" else tmp_path / "clients.sqlite"
    )
    book = ClientBook(where)
    book.append(booking("B-1", {"client-a": 250}))
    commands = [[sys.executable, "-c", OVERDRAWING, str(where), name] for name in ("one", "two")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    racing = [subprocess.Popen(command, **pipes) for command in commands]
    assert [process.stdout.readline() for process in racing] == ["ready\n"] * 2
    for process in racing:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=TIMEOUT_S) for process in racing]
    assert [error for _, error in ended] == ["", ""]
    assert sum(int(booked) for booked, _ in ended) == 25
    assert client_positions(book.bookings(CUSTODIAN), BOND, None) == {"client-b": 250}
    book.close()


def test_who_is_not_of_this_program_cannot_write_while_a_booking_is_checked(tmp_path):
    path = tmp_path / "clients.sqlite"
    book = ClientBook(path)
    stranger = sqlite3.connect(path, isolation_level=None, timeout=0)
    with book._store.transaction(), pytest.raises(sqlite3.OperationalError, match="is locked"):
        stranger.execute("BEGIN IMMEDIATE")
    stranger.close()
    book.close()


def test_threads_that_race_do_not_overdraw_a_client(book):
    book.append(booking("B-1", {"client-a": 50}))

    def give(number: int) -> bool:
        try:
            return book.append(booking(f"give-{number}", {"client-a": -10, "client-b": 10}))
        except InputError:
            return False

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(give, range(12))) == 5
    assert client_positions(book.bookings(CUSTODIAN), BOND, None) == {"client-b": 50}


def test_threads_that_bring_the_same_booking_book_it_once(book):
    with ThreadPoolExecutor(4) as threads:
        booked = list(threads.map(book.append, [booking("B-1", {"client-a": 50})] * 8))
    assert sorted(booked) == [False] * 7 + [True]
    assert len(book.bookings(CUSTODIAN)) == 1


@pytest.mark.parametrize("kind", ["file", "postgresql"])
def test_what_was_booked_outlives_its_process_and_what_was_not_leaves_nothing(kind, request, tmp_path):
    where = (
        request.getfixturevalue("postgresql").new_database() if kind == "postgresql" else tmp_path / "clients.sqlite"
    )
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(where)], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert (killed.returncode, killed.stderr) == (-9, "")
    book = ClientBook(where)
    booked = book.bookings(CUSTODIAN)
    assert [each.reference for each in booked] == ["B-1", "B-2"]
    assert client_positions(booked, BOND, None) == {"client-a": 6, "client-b": 5, "client-c": 4}
    assert book.append(booking("B-3", {"client-a": -6, "client-b": 6}))
    book.close()


# ---- what cannot be used ---------------------------------------------------------------------------------------------


def changed(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def unknown_version(path: Path) -> None:
    ClientBook(path).close()
    changed(path, "UPDATE client_book SET version = 99")


def no_version(path: Path) -> None:
    ClientBook(path).close()
    changed(path, "DELETE FROM client_book")


def other_book(path: Path) -> None:
    changed(path, "CREATE TABLE client_book (dear_diary)")


def other_tables(path: Path) -> None:
    changed(path, "CREATE TABLE booking (hotel)")


def journal(path: Path) -> None:
    Database(path).close()


def truncated(path: Path) -> None:
    ClientBook(path).close()
    path.write_bytes(path.read_bytes()[:10_000])


def nonsense(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (unknown_version, "has version 99 of the layout and this program reads 1"),
        (no_version, "has version None of the layout"),
        (other_book, "is not a client book: its table `client_book` is something else"),
        (other_tables, "has version an older one of the layout"),
        (journal, "is not a client book but a journal"),
        (nonsense, "is not a client book: the file is something else, or damaged"),
        (truncated, "is damaged"),
        (folder, "cannot be opened"),
    ],
)
def test_a_file_that_is_no_client_book_of_ours_is_refused_in_one_sentence(tmp_path, make, told):
    path = tmp_path / "clients.sqlite"
    make(path)
    with pytest.raises(InputError, match=told) as caught:
        ClientBook(path)
    assert str(caught.value).startswith(f"the client book {path} ")
    assert "\n" not in str(caught.value)
    assert "--forget" not in str(caught.value)


def test_a_client_book_is_no_journal(tmp_path):
    path = tmp_path / "clients.sqlite"
    ClientBook(path).close()
    with pytest.raises(InputError, match="is not a journal but a client book: name another file or database"):
        Database(path)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE booking_line SET amount = 'x'",
        "UPDATE booking_line SET amount = '0'",
        "UPDATE booking SET time = -1",
        "DELETE FROM booking_line",
    ],
)
def test_a_damaged_booking_is_told_and_nothing_is_built_on_it(tmp_path, damage):
    path = tmp_path / "clients.sqlite"
    book = ClientBook(path)
    book.append(booking("B-1", {"client-a": 10}))
    changed(path, damage)
    told = f"the client book {path} is damaged: booking 'B-1' cannot be read"
    with pytest.raises(InputError, match=told):
        book.bookings(CUSTODIAN)
    with pytest.raises(InputError):
        book.append(booking("B-2", {"client-a": -1}))
    book.close()


def test_pages_damaged_behind_an_intact_beginning_are_told(tmp_path):
    path = tmp_path / "clients.sqlite"
    book = ClientBook(path)
    book.append(booking("B-1", {f"client-{number}": 1 for number in range(2000)}))
    book.close()
    changed(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    path.write_bytes(whole[:40_000] + b"\xff" * (len(whole) - 40_000))
    damaged = ClientBook(path)
    with pytest.raises(InputError, match="is damaged"):
        damaged.bookings(CUSTODIAN)
    damaged.close()


def test_a_client_book_that_another_process_keeps_locked_is_unavailable(tmp_path, monkeypatch):
    path = tmp_path / "clients.sqlite"
    ClientBook(path).close()
    monkeypatch.setattr(engines, "LOCK_TIMEOUT_S", 0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    book = ClientBook(path)
    with pytest.raises(JournalUnavailable, match=r"the client book .* is locked by another process"):
        book.append(booking("B-1", {"client-a": 1}))
    holder.close()
    assert book.append(booking("B-1", {"client-a": 1}))
    book.close()


def test_a_write_protected_client_book_can_be_read_and_refuses_bookings(tmp_path, monkeypatch):
    path = tmp_path / "clients.sqlite"
    book = ClientBook(path)
    book.append(booking("B-1", {"client-a": 1}))
    book.close()
    monkeypatch.setattr(engines.os, "access", lambda _path, _mode: False)
    copy = ClientBook(path)
    assert len(copy.bookings(CUSTODIAN)) == 1
    with pytest.raises(InputError, match="cannot be written: the file or its folder is read-only"):
        copy.append(booking("B-2", {"client-a": 1}))
    copy.close()


def test_a_client_book_of_another_kind_of_database_is_refused():
    with pytest.raises(InputError, match=r"a client book is a file or postgresql://USER@HOST/NAME, not mysql://"):
        ClientBook("mysql://a@b/c")
