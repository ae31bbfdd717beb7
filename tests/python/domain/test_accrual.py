"""Interest and prices: the worked numbers of the 2023 bond, and agreement with exact fractions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.domain.accrual import accrued_interest_half_up, clean_value_half_up, price_trade
from settlement.errors import InputError

COUPON = 40_500
ISSUE = date(2023, 2, 16)


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


@pytest.mark.parametrize(
    ("nominal", "start", "end", "expected"),
    [
        (80_000_000_000, ISSUE, date(2023, 8, 16), 1_606_684_932),
        (80_000_000_000, date(2023, 8, 16), date(2024, 2, 16), 1_633_315_068),
        (80_000_000_000, ISSUE, date(2024, 2, 16), 3_240_000_000),
        (10_000_000_000, ISSUE, date(2023, 5, 16), 98_753_425),
        (10_000_000_000, ISSUE, ISSUE, 0),
    ],
)
def test_interest_of_the_2023_bond(nominal: int, start: date, end: date, expected: int) -> None:
    assert accrued_interest_half_up(nominal, COUPON, start, end) == expected


def test_a_trade_at_99_80_clean() -> None:
    trade = price_trade(
        100_000_000,
        Decimal("99.80"),
        coupon_millionths=COUPON,
        accrual_start=ISSUE,
        settlement_date=date(2023, 5, 16),
    )
    assert (trade.clean, trade.accrued_interest, trade.cash) == (9_980_000_000, 98_753_425, 10_078_753_425)


def test_half_a_unit_is_rounded_up() -> None:
    assert accrued_interest_half_up(500_000, 1, ISSUE, ISSUE + timedelta(days=365)) == 1
    assert accrued_interest_half_up(499_999, 1, ISSUE, ISSUE + timedelta(days=365)) == 0
    assert clean_value_half_up(1, Decimal("50")) == 1
    assert clean_value_half_up(1, Decimal("49.9999999")) == 0


@given(
    nominal=st.integers(0, 2**96),
    coupon=st.integers(0, 1_000_000),
    days=st.integers(0, 40_000),
)
def test_interest_is_the_exact_fraction_rounded_half_up(nominal: int, coupon: int, days: int) -> None:
    exact = Fraction(nominal * coupon * days, 365 * 1_000_000)
    assert accrued_interest_half_up(nominal, coupon, ISSUE, ISSUE + timedelta(days=days)) == half_up(exact)


@given(nominal=st.integers(0, 2**96), price=st.decimals("0.000001", "1000", places=6))
def test_clean_value_is_the_exact_fraction_rounded_half_up(nominal: int, price: Decimal) -> None:
    assert clean_value_half_up(nominal, price) == half_up(Fraction(nominal) * Fraction(price) / 100)


@pytest.mark.parametrize(
    ("nominal", "price", "end", "fragment"),
    [
        (1, "99", date(2023, 2, 15), "before 2023-02-16"),
        (1, "0", ISSUE, "not above zero"),
        (1, "-1", ISSUE, "not above zero"),
        (1, "NaN", ISSUE, "not above zero"),
        (-1, "99", ISSUE, "not negative"),
    ],
)
def test_impossible_trades_are_refused(nominal: int, price: str, end: date, fragment: str) -> None:
    with pytest.raises(InputError, match=fragment):
        price_trade(nominal, Decimal(price), coupon_millionths=COUPON, accrual_start=ISSUE, settlement_date=end)
