"""A custodian's clients in a bond on the chain that is up, against its nominee account on the ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import NamedTuple

from settlement.app.bonds import open_bond, register
from settlement.app.stored import client_book_path, stored_run
from settlement.domain.custody import SubLedgerDifference, client_positions, reconcile
from settlement.durable.chains import ChainStore
from settlement.durable.custody import ClientBook
from settlement.errors import InputError


class ClientsOfBond(NamedTuple):
    """What each client has of a bond, and how that compares with the ledger; nominal in whole units."""

    positions: Mapping[str, int]
    sums: SubLedgerDifference


def clients_of(
    bond: str, custodian: str, coupon: int | None = None, run: int | None = None, store: ChainStore | None = None
) -> ClientsOfBond:
    """A custodian's clients and its nominee position, now or at the record time of a coupon (from 1 on).

    Args:
        bond: The bond's name in its scenario.
        custodian: The custodian's.
        coupon: At its record time; None is now.
        run: Which run on the chain that is up; None is the last.
        store: Where that chain is remembered.

    Raises:
        InputError: no chain is up, there is no such run, bond, party or coupon, or the custodian booked no clients.
        Refused: the coupon's record time has not passed.
    """
    store = store or ChainStore()
    stored, _ = stored_run(store, run)
    view = open_bond(bond, run, store)
    ledger = view.network.ledger
    ledger.directory.address_of(custodian)  # Says which parties there are.
    lines = {} if coupon is None else {line.holder: line.nominal for line in register(view, coupon)}
    path = client_book_path(store, stored.label)
    if not path.is_file():
        raise InputError(f"no custodian of this run keeps clients: its scenario has no step `book_clients` ({path})")
    with contextlib.closing(ClientBook(path)) as book:
        keepers = [keeper for keeper, instrument in book.accounts() if instrument == bond]
        if custodian not in keepers:
            raise InputError(f"{custodian} booked no clients in {bond}; who did: {', '.join(keepers) or 'nobody'}")
        bookings = book.bookings(custodian, bond)
    if coupon is None:
        balance, until = ledger.position(custodian, bond).balance, None
    else:
        balance, until = lines.get(custodian, 0), view.terms.record_time(coupon - 1) - 1
    positions = client_positions(bookings, bond, until)
    return ClientsOfBond(positions, reconcile(positions, balance))
