"""What custodians book for their clients in a run, and whether it adds up to their accounts on the ledger.

The book refuses as the ledger does, with reasons that a step may expect:

    ClientBook_InsufficientPosition  a client would be below zero
    ClientBook_ReferenceTaken        the reference has a booking
    ClientBook_NothingReceived       what is to be passed on was not paid to the custodian (yet)
    ClientBook_OtherMoney            it was paid in other deposits
    ClientBook_NotReconciled         the clients' positions are not what the custodian was paid on
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from settlement.domain.bonds.entries import distribution_name
from settlement.domain.custody import ClientBooking, client_positions, reconcile, require_bookable, share_conserving
from settlement.domain.quantity import format_amount
from settlement.domain.runs import CheckReport
from settlement.durable.custody import ClientBook
from settlement.errors import InputError, Reason, Refused
from settlement.ports import HolderPayment, Ledger
from settlement.scenarios.language import BookClientsStep, PassOnStep


class SubLedgers:
    """The custodians' sub-ledgers in one run.

    Args:
        ledger: Where their nominee accounts are.
        where: The client book's file, which is made when the first booking comes; None keeps it in memory.
    """

    def __init__(self, ledger: Ledger, where: Path | None = None) -> None:
        self._ledger = ledger
        self._where = where
        self._book: ClientBook | None = None

    def close(self) -> None:
        """Lets go of the file."""
        if self._book is not None:
            self._book.close()

    def positions(self, custodian: str, instrument: str, until: int | None = None) -> dict[str, int]:
        """What each client has, in smallest units; up to the second `until`, or of all bookings."""
        bookings = [] if self._book is None else self._book.bookings(custodian, instrument)
        return client_positions(bookings, instrument, until)

    def book(self, step: BookClientsStep) -> tuple[ClientBooking, ...]:
        """Books for clients, as of the chain's newest block; what was booked.

        Raises:
            Refused: a client would be below zero, or the reference is taken.
        """
        booking = ClientBooking(
            custodian=step.custodian,
            instrument=step.instrument,
            reference=step.reference,
            time=self._ledger.head().timestamp,
            amounts=step.amounts,
        )
        self._append([booking])
        return (booking,)

    def pass_on(self, step: PassOnStep) -> tuple[ClientBooking, ...]:
        """Shares what the custodian was paid among its clients, to the last smallest unit, and books it.

        Entitled is who had the bond at the record time; of a redemption, who has it. With a redemption, the clients'
        nominal ceases as the custodian's does.

        Raises:
            Refused: the custodian was paid nothing, in other money, or on another nominal than its clients have.
        """
        payment = self._payment(step)
        until = None
        if step.record is not None:
            until = self._ledger.bond_terms(step.bond).record_time(step.record) - 1
        nominals = self.positions(step.custodian, step.bond, until)
        found = reconcile(nominals, payment.nominal)
        if found.difference:
            raise _refused(
                "NotReconciled",
                f"{step.custodian} was paid on {payment.nominal:,} of {step.bond}, and its clients have "
                f"{found.clients_total:,}",
            )
        time = self._ledger.head().timestamp
        shares = {client: share for client, share in share_conserving(payment.amount, nominals).items() if share}
        bookings = [
            ClientBooking(
                custodian=step.custodian,
                instrument=step.instrument,
                reference=step.reference,
                time=time,
                amounts=shares,
            )
        ]
        if step.nominal_reference is not None:
            bookings.append(
                ClientBooking(
                    custodian=step.custodian,
                    instrument=step.bond,
                    reference=step.nominal_reference,
                    time=time,
                    amounts={client: -nominal for client, nominal in nominals.items()},
                )
            )
        self._append(bookings)
        return tuple(bookings)

    def checks(self) -> list[CheckReport]:
        """For every custodian and what it booked: bonds add up to its balance on the ledger; money is within it, since
        a custodian has money of its own too.
        """
        found = []
        for custodian, instrument in [] if self._book is None else self._book.accounts():
            record = self._ledger.directory.instrument(instrument)
            balance = self._ledger.position(custodian, instrument).balance
            sums = reconcile(self.positions(custodian, instrument), balance)
            if record.kind == "green-bond":
                name = f"{custodian}: clients' {instrument} add up to its nominee position"
                ok = sums.difference == 0
            else:
                name = f"{custodian}: clients' {instrument} is within its nominee balance"
                ok = sums.difference >= 0
            clients, nominee = (format_amount(sum_, record.decimals) for sum_ in (sums.clients_total, balance))
            detail = "" if ok else f"clients have {clients}, the nominee account has {nominee}"
            found.append(CheckReport(name=name, ok=ok, detail=detail))
        return found

    def _payment(self, step: PassOnStep) -> HolderPayment:
        payment = self._ledger.payment(step.agent, step.distribution, step.index, step.custodian)
        if payment is None or payment.amount == 0:
            name = distribution_name(step.distribution, step.index + 1)
            raise _refused("NothingReceived", f"{step.custodian} was not paid {name} of {step.bond}")
        if payment.instrument != step.instrument:
            raise _refused(
                "OtherMoney", f"{step.custodian} was paid in {payment.instrument}, and not in {step.instrument}"
            )
        return payment

    def _append(self, bookings: Sequence[ClientBooking]) -> None:
        """All of them, or none where one is refused: a run's book has no other writer."""
        book = self._opened()
        for booking in bookings:
            booked = book.bookings(booking.custodian)
            if any(each.reference == booking.reference for each in booked):
                raise _refused(
                    "ReferenceTaken", f"reference {booking.reference!r} of {booking.custodian} is taken by a booking"
                )
            try:
                require_bookable(booked, booking)
            except InputError as error:
                raise _refused("InsufficientPosition", error.problem) from error
        book.append(*bookings)

    def _opened(self) -> ClientBook:
        if self._book is None:
            if self._where is not None:
                with contextlib.suppress(OSError):  # Opening the file says so.
                    self._where.parent.mkdir(parents=True, exist_ok=True)
            self._book = ClientBook(self._where)
        return self._book


def _refused(name: str, sentence: str) -> Refused:
    return Refused([Reason(f"ClientBook_{name}", {}, sentence)])
