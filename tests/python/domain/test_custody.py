"""A custodian's sub-ledgers: positions, what may be booked, and how a receipt is shared."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from settlement.domain.custody import (
    ClientBooking,
    client_positions,
    reconcile,
    require_bookable,
    require_same_booking,
    share_conserving,
)
from settlement.domain.quantity import MAX_QUANTITY
from settlement.errors import InputError

BOND = "amber-bond"
CLIENTS = ("client-a", "client-b", "client-c")


def booking(amounts: dict[str, int], time: int = 100, reference: str = "B-1", **other: str) -> ClientBooking:
    return ClientBooking(
        **{"custodian": "north-custody", "instrument": BOND, **other}, reference=reference, time=time, amounts=amounts
    )


AMOUNTS = st.dictionaries(st.sampled_from(CLIENTS), st.integers(-50, 50).filter(bool), min_size=1)
BOOKINGS = st.lists(st.builds(booking, AMOUNTS, st.integers(0, 20)), max_size=12)
WEIGHTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, MAX_QUANTITY), min_size=1)
TOTALS = st.integers(0, MAX_QUANTITY)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amounts", {}),
        ("amounts", {"client-a": 0}),
        ("amounts", {"client-a": 1.0}),
        ("amounts", {"client-a": True}),
        ("amounts", {"client-a": MAX_QUANTITY + 1}),
        ("amounts", {"client-a": -MAX_QUANTITY - 1}),
        ("amounts", {"": 1}),
        ("amounts", {"client\n": 1}),
        ("amounts", {"c" * 65: 1}),
        ("reference", ""),
        ("reference", "B" * 65),
        ("reference", "B\0"),
        ("time", -1),
        ("time", 2**63),
        ("time", 1.5),
        ("custodian", "North Custody"),
        ("instrument", "amber bond"),
        ("note", "a field that no booking has"),
    ],
)
def test_what_is_no_booking_is_refused(field: str, value: object) -> None:
    fields = booking({"client-a": 1}).model_dump() | {field: value}
    with pytest.raises(ValidationError, match=rf"(?m)^{field}"):
        ClientBooking(**fields)


def test_a_booking_between_clients_does_not_move_the_nominee_account() -> None:
    assert booking({"client-a": -7, "client-b": 3, "client-c": 4}).nominee_amount == 0
    assert booking({"client-a": -7, "client-b": 3}).nominee_amount == -4


# ---- positions -------------------------------------------------------------------------------------------------------


def test_positions_on_a_record_date_leave_out_what_is_booked_after_it() -> None:
    booked = [
        booking({"client-a": 10, "client-b": 5}, 100),
        booking({"client-a": -4, "client-c": 4}, 200),
        booking({"client-b": -5, "client-c": 5}, 201),
    ]
    assert client_positions(booked, BOND, 99) == {}
    assert client_positions(booked, BOND, 100) == {"client-a": 10, "client-b": 5}
    assert client_positions(booked, BOND, 200) == {"client-a": 6, "client-b": 5, "client-c": 4}
    assert client_positions(booked, BOND, None) == {"client-a": 6, "client-c": 9}


def test_another_instrument_has_its_own_positions() -> None:
    booked = [booking({"client-a": 10}), booking({"client-a": 3}, instrument="jade-bond")]
    assert client_positions(booked, BOND, None) == {"client-a": 10}


def test_clients_of_two_custodians_are_not_added_up() -> None:
    booked = [booking({"client-a": 10}), booking({"client-a": 3}, custodian="east-custody")]
    with pytest.raises(InputError, match="positions are of one custodian, not of east-custody, north-custody"):
        client_positions(booked, BOND, None)


@given(booked=BOOKINGS, until=st.none() | st.integers(-1, 21))
def test_positions_are_the_sum_of_the_bookings(booked: list[ClientBooking], until: int | None) -> None:
    counted = [each for each in booked if until is None or each.time <= until]
    expected: Counter[str] = Counter()
    for each in counted:
        expected.update(each.amounts)
    positions = client_positions(booked, BOND, until)
    assert positions == {client: amount for client, amount in expected.items() if amount}
    assert positions == client_positions(reversed(booked), BOND, until)
    assert reconcile(positions, sum(each.nominee_amount for each in counted)).difference == 0


@pytest.mark.parametrize(("nominee", "difference"), [(15, 0), (17, 2), (12, -3), (0, -15)])
def test_reconciliation_tells_an_excess_and_a_shortfall(nominee: int, difference: int) -> None:
    found = reconcile({"client-a": 10, "client-b": 5}, nominee)
    assert (found.clients_total, found.nominee_balance, found.difference) == (15, nominee, difference)


# ---- what may be booked ----------------------------------------------------------------------------------------------


def test_a_client_who_has_too_little_is_named_with_what_is_missing() -> None:
    booked = [booking({"client-a": 10, "client-b": 5})]
    require_bookable(booked, booking({"client-a": -10, "client-c": 10}))
    told = "12 of amber-bond cannot be taken from client 'client-a', who holds 10 at 100: 2 too few"
    with pytest.raises(InputError, match=told) as caught:
        require_bookable(booked, booking({"client-b": -5, "client-a": -12, "client-c": 17}))
    assert caught.value.location is not None
    assert caught.value.location.field == "amounts.client-a"


def test_a_booking_for_an_earlier_time_may_not_take_what_was_given_since() -> None:
    booked = [
        booking({"client-a": 10}, 100),
        booking({"client-a": -8}, 200),
        booking({"client-a": 20}, 300),
    ]
    require_bookable(booked, booking({"client-a": -2}, 150))
    with pytest.raises(InputError, match="who holds 2 at 200: 1 too few"):
        require_bookable(booked, booking({"client-a": -3}, 150))
    require_bookable(booked, booking({"client-a": -22}, 300))


def test_what_is_received_later_cannot_be_given_before() -> None:
    with pytest.raises(InputError, match="who holds 0 at 99: 1 too few"):
        require_bookable([booking({"client-a": 10}, 100)], booking({"client-a": -1}, 99))


def test_what_other_custodians_and_instruments_hold_does_not_count() -> None:
    elsewhere = [
        booking({"client-a": 10}, custodian="east-custody"),
        booking({"client-a": 10}, instrument="jade-bond"),
    ]
    with pytest.raises(InputError, match="who holds 0"):
        require_bookable(elsewhere, booking({"client-a": -1}))


@given(wanted=BOOKINGS)
def test_exactly_what_leaves_somebody_below_zero_is_refused(wanted: list[ClientBooking]) -> None:
    booked: list[ClientBooking] = []
    for new in wanted:
        after = [client_positions([*booked, new], BOND, time) for time in range(new.time, 21)]
        if all(position > 0 for positions in after for position in positions.values()):
            require_bookable(booked, new)
            booked.append(new)
        else:
            with pytest.raises(InputError, match="too few"):
                require_bookable(booked, new)


@pytest.mark.parametrize(
    ("again", "told"),
    [
        ({"amounts": {"client-a": 7, "client-b": 5}}, "amounts.client-a is 7 and was 10"),
        ({"amounts": {"client-a": 10}}, "amounts.client-b is None and was 5"),
        ({"amounts": {"client-a": 10, "client-b": 5, "client-c": 1}}, "amounts.client-c is 1 and was None"),
        ({"time": 101}, "time is 101 and was 100"),
        ({"instrument": "jade-bond"}, "instrument is 'jade-bond' and was 'amber-bond'"),
    ],
)
def test_another_booking_under_the_same_reference_is_told_by_its_field(again: dict[str, object], told: str) -> None:
    first = booking({"client-a": 10, "client-b": 5})
    require_same_booking(first, booking({"client-b": 5, "client-a": 10}))
    with pytest.raises(InputError, match=f"reference 'B-1' of north-custody is taken by another booking: {told}"):
        require_same_booking(first, ClientBooking(**{**first.model_dump(), **again}))


# ---- sharing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, {"a": 1, "b": 1, "c": 1}, {"a": 34, "b": 33, "c": 33}),
        (2, {"c": 1, "b": 1, "a": 1}, {"a": 1, "b": 1, "c": 0}),
        (10, {"a": 1, "b": 6, "c": 8}, {"a": 1, "b": 4, "c": 5}),
        (0, {"a": 1, "b": 2}, {"a": 0, "b": 0}),
        (7, {"a": 5}, {"a": 7}),
    ],
)
def test_what_is_left_goes_to_the_largest_fractions(
    total: int, weights: dict[str, int], shares: dict[str, int]
) -> None:
    assert share_conserving(total, weights) == shares


@given(total=TOTALS, weights=WEIGHTS)
def test_shares_are_the_total_and_each_is_off_by_less_than_one_unit(total: int, weights: dict[str, int]) -> None:
    shares = share_conserving(total, weights)
    assert sum(shares.values()) == total
    assert shares.keys() == weights.keys()
    whole = sum(weights.values())
    assert all(abs(shares[client] - Fraction(total * weights[client], whole)) < 1 for client in weights)


@given(total=TOTALS, weights=WEIGHTS, data=st.data())
def test_shares_do_not_depend_on_the_order_of_the_clients(
    total: int, weights: dict[str, int], data: st.DataObject
) -> None:
    reordered = dict(data.draw(st.permutations(list(weights.items()))))
    assert share_conserving(total, reordered) == share_conserving(total, weights)


@given(total=TOTALS, weights=WEIGHTS)
def test_who_holds_more_never_gets_less(total: int, weights: dict[str, int]) -> None:
    shares = share_conserving(total, weights)
    by_weight = sorted(weights, key=lambda client: weights[client])
    for less, more in pairwise(by_weight):
        assert weights[less] == weights[more] or shares[less] <= shares[more]


@pytest.mark.parametrize(
    ("total", "weights", "field", "told"),
    [
        (-1, {"a": 1}, "total", "-1 cannot be shared"),
        (5, {}, "weights", "5 cannot be shared among nobody"),
        (5, {"a": 0}, "weights.a", "client 'a' has the weight 0"),
        (5, {"a": 1, "b": -1}, "weights.b", "client 'b' has the weight -1"),
    ],
)
def test_what_cannot_be_shared_is_refused(total: int, weights: dict[str, int], field: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        share_conserving(total, weights)
    assert caught.value.location is not None
    assert caught.value.location.field == field
