"""A custodian's client book, kept in a database of its own: the custodian's system, not the market's."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy.engine import Connection

from settlement.domain.custody import ClientBooking, require_bookable, require_same_booking
from settlement.durable.database import Layout, Store
from settlement.durable.rows import chunks
from settlement.errors import InputError

VERSION = 1
"""Of the layout; a client book of another one is refused."""

_metadata = MetaData()

_Key = BigInteger().with_variant(Integer, "sqlite")

_head = Table(
    "client_book",
    _metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)
"""One row: the layout's version. Who writes locks it."""

_booking = Table(
    "booking",
    _metadata,
    Column("entry", _Key, primary_key=True, autoincrement=False),
    Column("custodian", String(40), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("instrument", String(40), nullable=False),
    Column("time", _Key, nullable=False),
    UniqueConstraint("custodian", "reference"),
    Index("booking_instrument", "custodian", "instrument"),
)
"""Only added to, as are its lines: what was wrong is set right by another booking."""

_line = Table(
    "booking_line",
    _metadata,
    Column("entry", _Key, ForeignKey("booking.entry"), primary_key=True, autoincrement=False),
    Column("client", String(64), primary_key=True),
    # In decimal digits: an account carries more than any database's integer, and SQLite has no exact type beyond it.
    Column("amount", String(30), nullable=False),
    Index("booking_line_client", "client"),
)

_LAYOUT = Layout(version=VERSION, metadata=_metadata, head=_head, row={"id": 1, "version": VERSION})


class ClientBook:
    """The sub-ledgers of one or several custodians, to which bookings are only ever added.

    Args:
        where: A file, or a URL such as `postgresql://user@host/name`; None keeps everything in memory.

    Raises:
        InputError: it is no client book, or one of another version, or cannot be used.
        JournalUnavailable: it does not answer.
    """

    def __init__(self, where: Path | str | None = None) -> None:
        self._store = Store(where, _LAYOUT)

    def close(self) -> None:
        """Lets go of the file."""
        self._store.close()

    def append(self, *bookings: ClientBooking) -> bool:
        """Adds bookings, all or nothing. What is there is read under the lock that they are written under.

        Returns:
            Whether any is new; the same one under the same reference again changes nothing.

        Raises:
            InputError: the reference is taken by another booking, or a client would be below zero; names the field.
            JournalUnavailable: it cannot be written now.
        """
        with self._store.transaction() as connection:
            # On SQLite the transaction itself lets no other writer in; on PostgreSQL this row does.
            connection.execute(select(_head.c.version).with_for_update()).one()
            added = [self._append(connection, booking) for booking in bookings]
        return any(added)

    def bookings(self, custodian: str, instrument: str | None = None) -> list[ClientBooking]:
        """A custodian's bookings in the order in which they were added; by default those in every instrument.

        Raises:
            InputError: the book is damaged.
            JournalUnavailable: it does not answer.
        """
        condition = _booking.c.custodian == custodian
        if instrument is not None:
            condition &= _booking.c.instrument == instrument
        with self._store.read() as connection:
            return self._read(connection, condition)

    def accounts(self) -> list[tuple[str, str]]:
        """Which custodians have booked what: custodian and instrument, by name.

        Raises:
            JournalUnavailable: it does not answer.
        """
        columns = (_booking.c.custodian, _booking.c.instrument)
        with self._store.read() as connection:
            return [tuple(row) for row in connection.execute(select(*columns).distinct().order_by(*columns))]

    def _append(self, connection: Connection, booking: ClientBooking) -> bool:
        taken = (_booking.c.custodian == booking.custodian) & (_booking.c.reference == booking.reference)
        for booked in self._read(connection, taken):
            require_same_booking(booked, booking)
            return False
        require_bookable(self._of_givers(connection, booking), booking)
        _insert(connection, booking)
        return True

    def _of_givers(self, connection: Connection, new: ClientBooking) -> list[ClientBooking]:
        """What is booked on those who give in a new booking, without other clients' lines: they do not bear on it."""
        givers = [client for client, amount in new.amounts.items() if amount < 0]
        ours = (_booking.c.custodian == new.custodian) & (_booking.c.instrument == new.instrument)
        return [booked for some in chunks(givers) for booked in self._read(connection, ours & _line.c.client.in_(some))]

    def _read(self, connection: Connection, condition: ColumnElement[bool]) -> list[ClientBooking]:
        # A booking without lines is damaged, and has to be seen.
        query = (
            select(_booking, _line.c.client, _line.c.amount)
            .join(_line, _line.c.entry == _booking.c.entry, isouter=True)
            .where(condition)
            .order_by(_booking.c.entry, _line.c.client)
        )
        lines = itertools.groupby(connection.execute(query), key=lambda row: row.entry)
        return [self._booking(list(some)) for _, some in lines]

    def _booking(self, lines: Sequence[Any]) -> ClientBooking:
        first = lines[0]
        try:
            return ClientBooking(
                custodian=first.custodian,
                instrument=first.instrument,
                reference=first.reference,
                time=first.time,
                amounts={line.client: int(line.amount) for line in lines},
            )
        except (TypeError, ValueError) as error:
            raise InputError(f"{self._store.name} is damaged: booking {first.reference!r} cannot be read") from error


def _insert(connection: Connection, booking: ClientBooking) -> None:
    last = connection.execute(select(func.max(_booking.c.entry))).scalar()
    entry = 1 if last is None else last + 1
    values = booking.model_dump(exclude={"amounts"})
    connection.execute(insert(_booking).values(entry=entry, **values))
    lines = [
        {"entry": entry, "client": client, "amount": str(amount)} for client, amount in sorted(booking.amounts.items())
    ]
    connection.execute(insert(_line), lines)
