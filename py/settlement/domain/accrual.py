"""Interest and prices of bonds, in integers of the currency's smallest unit. Rounding is in the name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from settlement.domain.model import Model
from settlement.errors import InputError

RATE_ONE = 1_000_000
"""Rates are in millionths: 4.05 % is 40,500."""

DAYS_PER_YEAR = 365
"""Of ACT/365 (Fixed), ISO 20022 code A005: leap years count 365 too."""

_PRICE_BASIS = 100


class PricedTrade(Model):
    """What a trade in a bond costs, in smallest units of its currency.

    Attributes:
        clean: Nominal times clean price.
        accrued_interest: Interest from the accrual start to the settlement date.
    """

    clean: Annotated[int, Field(ge=0)]
    accrued_interest: Annotated[int, Field(ge=0)]

    @property
    def cash(self) -> int:
        """What the buyer pays: clean value and accrued interest."""
        return self.clean + self.accrued_interest


def accrued_interest_half_up(nominal_minor: int, coupon_millionths: int, start: date, end: date) -> int:
    """Interest under ACT/365 (Fixed) from `start` to `end`, rounded half up to a whole smallest unit.

    Args:
        nominal_minor: Nominal in smallest units of the currency.
        coupon_millionths: Annual rate in millionths.
        start: First day that accrues.
        end: The settlement date; it does not accrue itself.

    Raises:
        InputError: the end is before the start, or the nominal or the rate is negative.
    """
    if nominal_minor < 0 or coupon_millionths < 0:
        raise InputError("nominal and coupon of an accrual are not negative")
    days = (end - start).days
    if days < 0:
        raise InputError(f"interest cannot accrue until {end}, which is before {start}, where it starts")
    divisor = DAYS_PER_YEAR * RATE_ONE
    return (2 * nominal_minor * coupon_millionths * days + divisor) // (2 * divisor)


def clean_value_half_up(nominal_minor: int, clean_price: Decimal) -> int:
    """Nominal times a clean price per 100, rounded half up to a whole smallest unit.

    Raises:
        InputError: the price is not a finite number above zero, or the nominal is negative.
    """
    if not clean_price.is_finite() or clean_price <= 0:
        raise InputError(
            f"clean price {clean_price} is not above zero; it is a price per 100 of nominal, such as 99.80"
        )
    if nominal_minor < 0:
        raise InputError("nominal of a trade is not negative")
    numerator, denominator = clean_price.as_integer_ratio()
    divisor = denominator * _PRICE_BASIS
    return (2 * nominal_minor * numerator + divisor) // (2 * divisor)


def price_trade(
    nominal: int,
    clean_price: Decimal,
    *,
    coupon_millionths: int,
    accrual_start: date,
    settlement_date: date,
    minor_units: int = 100,
) -> PricedTrade:
    """Prices a trade in a bond; clean value and accrued interest are each rounded half up.

    Args:
        nominal: In whole units of the currency.
        clean_price: Per 100 of nominal, without accrued interest.
        coupon_millionths: Annual rate in millionths.
        accrual_start: Day from which interest accrues: the issue date or the last coupon date.
        settlement_date: Day on which the trade settles.
        minor_units: Smallest units to one unit of currency.

    Raises:
        InputError: the settlement date is before the accrual start, or the price is not above zero.
    """
    nominal_minor = nominal * minor_units
    return PricedTrade(
        clean=clean_value_half_up(nominal_minor, clean_price),
        accrued_interest=accrued_interest_half_up(nominal_minor, coupon_millionths, accrual_start, settlement_date),
    )
