"""A custodian's own book: who its clients are behind the one nominee account that the ledger knows.

The ledger holds one balance for the custodian (the upper tier). What each client has of it is in the custodian's
sub-ledger (the lower tier), whose positions together are that balance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Annotated

from pydantic import Field, field_validator

from settlement.domain.instruction import Reference
from settlement.domain.model import InstrumentId, Model, PartyId
from settlement.domain.quantity import MAX_QUANTITY
from settlement.errors import InputError, Location

ClientId = Annotated[str, Field(pattern=r"^[^\p{C}]{1,64}$")]
"""A client's name in the custodian's book: text without control and format characters."""

BookingTime = Annotated[int, Field(ge=0, le=2**63 - 1)]
"""Seconds of the chain's clock (Unix time)."""

SignedAmount = Annotated[int, Field(ge=-MAX_QUANTITY, le=MAX_QUANTITY)]
"""What a client receives, in smallest units of the instrument; below zero what it gives."""


class ClientBooking(Model):
    """One entry of a custodian's sub-ledger, which moves one or several clients at once.

    Attributes:
        custodian: The party whose nominee account is behind it.
        instrument: What is booked.
        reference: The custodian's own id of the booking, which it uses once.
        time: When it takes effect; may be before that of bookings made earlier.
        amounts: What each client receives (above zero) or gives (below zero), in smallest units; never zero.
    """

    custodian: PartyId
    instrument: InstrumentId
    reference: Reference
    time: BookingTime
    amounts: Annotated[Mapping[ClientId, SignedAmount], Field(min_length=1)]

    @field_validator("amounts")
    @classmethod
    def _moves_every_client(cls, amounts: Mapping[str, int]) -> Mapping[str, int]:
        for client, amount in amounts.items():
            if amount == 0:
                raise ValueError(f"the amount of client {client!r} is zero: leave out clients who are not moved")
        return amounts

    @property
    def nominee_amount(self) -> int:
        """What the nominee account has to move by: zero where clients book among themselves, else as it settled."""
        return sum(self.amounts.values())


class SubLedgerDifference(Model):
    """The clients' positions in an instrument against the custodian's balance on the ledger, in smallest units.

    Attributes:
        clients_total: All clients' positions together.
        nominee_balance: What the ledger shows for the custodian.
    """

    clients_total: int
    nominee_balance: int

    @property
    def difference(self) -> int:
        """Nominee balance less clients' positions: above zero an excess that no client has, below zero a shortfall."""
        return self.nominee_balance - self.clients_total


def client_positions(bookings: Iterable[ClientBooking], instrument: str, until: int | None) -> dict[str, int]:
    """What each client holds of an instrument, in smallest units; clients who hold nothing are left out.

    Args:
        bookings: Of one custodian; those in other instruments do not count.
        instrument: The instrument.
        until: The last second that counts, such as the end of a record date; None for every booking.

    Raises:
        InputError: the bookings are of several custodians.
    """
    positions: dict[str, int] = defaultdict(int)
    custodians = set()
    for booking in bookings:
        custodians.add(booking.custodian)
        if booking.instrument == instrument and (until is None or booking.time <= until):
            for client, amount in booking.amounts.items():
                positions[client] += amount
    if len(custodians) > 1:
        # Clients are named by their custodian: the same name at another one is somebody else.
        raise InputError(f"positions are of one custodian, not of {', '.join(sorted(custodians))}")
    return {client: position for client, position in sorted(positions.items()) if position}


def require_bookable(bookings: Iterable[ClientBooking], new: ClientBooking) -> None:
    """Checks that a booking leaves no client below zero at any time from its own on.

    A time is a whole second: what is booked in the same one counts together.

    Args:
        bookings: What is booked already; other custodians and instruments do not count.
        new: The booking.

    Raises:
        InputError: a client would be below zero; names the client, when it has too little, how much is missing, and
            the field.
    """
    moves: dict[str, list[tuple[int, int]]] = {client: [] for client, amount in new.amounts.items() if amount < 0}
    for booking in bookings:
        if (booking.custodian, booking.instrument) == (new.custodian, new.instrument):
            for client in moves.keys() & booking.amounts.keys():
                moves[client].append((booking.time, booking.amounts[client]))
    for client in sorted(moves):
        held, at = _least_held(moves[client], new.time)
        given = -new.amounts[client]
        if given > held:
            raise InputError(
                f"{given} of {new.instrument} cannot be taken from client {client!r}, who holds {held} at {at}: "
                f"{given - held} too few",
                Location(field=f"amounts.{client}"),
            )


def require_same_booking(booked: ClientBooking, again: ClientBooking) -> None:
    """Compares a booking with one that came under the same reference before.

    Raises:
        InputError: they differ; names the first field that does, and both values.
    """
    before, now = _fields(booked), _fields(again)
    for field in dict.fromkeys([*now, *before]):
        if now.get(field) != before.get(field):
            raise InputError(
                f"reference {again.reference!r} of {again.custodian} is taken by another booking: "
                f"{field} is {now.get(field)!r} and was {before.get(field)!r}",
                Location(field=field),
            )


def share_conserving(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Splits an amount among clients in proportion to their positions, so that the shares are the amount exactly.

    Largest-remainder method (Hamilton's; M. L. Balinski and H. P. Young, Fair Representation, 1982): everybody gets
    the exact share rounded down, and the units that are left go one each to the largest fractions, of equal ones to the
    first by name. A share is off its exact value by less than one unit.

    Args:
        total: What is split, such as a coupon in cents.
        weights: What each client holds, such as on the record date.

    Returns:
        Each client's share by name, which may be zero.

    Raises:
        InputError: the total is negative, there is nobody to share, or a weight is not above zero.
    """
    if total < 0:
        raise InputError(f"{total} cannot be shared: an amount that is shared is not negative", Location(field="total"))
    if not weights:
        raise InputError(f"{total} cannot be shared among nobody", Location(field="weights"))
    for client, weight in weights.items():
        if weight <= 0:
            raise InputError(
                f"client {client!r} has the weight {weight}; weights are above zero",
                Location(field=f"weights.{client}"),
            )
    whole = sum(weights.values())
    shares, fractions = {}, {}
    for client in sorted(weights):
        shares[client], fractions[client] = divmod(total * weights[client], whole)
    left = total - sum(shares.values())
    for client in sorted(fractions, key=lambda name: (-fractions[name], name))[:left]:
        shares[client] += 1
    return shares


def reconcile(positions: Mapping[str, int], nominee_balance: int) -> SubLedgerDifference:
    """Compares the clients' positions in an instrument with the custodian's balance on the ledger.

    Args:
        positions: Each client's, in smallest units, as of the time of the balance.
        nominee_balance: What the ledger shows for the custodian, in smallest units.
    """
    return SubLedgerDifference(clients_total=sum(positions.values()), nominee_balance=nominee_balance)


def _least_held(moves: Iterable[tuple[int, int]], start: int) -> tuple[int, int]:
    """The least that is held at any time from a start on, and the first time at which that is so."""
    by_time = defaultdict(int, {start: 0})
    for time, amount in moves:
        by_time[max(time, start)] += amount
    times = sorted(by_time)
    return min(zip(accumulate(by_time[time] for time in times), times, strict=True))


def _fields(booking: ClientBooking) -> dict[str, object]:
    amounts = {f"amounts.{client}": amount for client, amount in sorted(booking.amounts.items())}
    return {"instrument": booking.instrument, "time": booking.time, **amounts}
