"""Interest and prices of bonds, in integers of the currency's smallest unit. Rounding is in the name.

The bond's contract computes the same integers (contracts/libraries/Accrual.sol, contracts/assets/CouponSchedule.sol).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field

from settlement.domain.bonds.entries import CouponEntry, DayCount, day_number
from settlement.domain.bonds.schedule import BondSchedule, date_of
from settlement.domain.bonds.terms import ONE
from settlement.domain.model import Model
from settlement.errors import InputError

_PRICE_BASIS = 100


class PricedTrade(Model):
    """What a trade in a bond costs, in smallest units of its currency.

    Attributes:
        clean: Nominal times clean price.
        accrued_interest: From the last coupon date to the settlement date; below zero where the buyer does not get the
            coming coupon, which is paid to the seller.
    """

    clean: Annotated[int, Field(ge=0)]
    accrued_interest: int

    @property
    def cash(self) -> int:
        """What the buyer pays: clean value and accrued interest."""
        return self.clean + self.accrued_interest


def times_half_up(amount: int, numerator: int, denominator: int) -> int:
    """`amount * numerator / denominator`, rounded half up."""
    return (2 * amount * numerator + denominator) // (2 * denominator)


def shares_cumulative_half_up(amounts: Sequence[int], numerator: int, denominator: int) -> list[int]:
    """Each amount's share, so that all together are the rounded whole.

    A share is the difference between two rounded running totals, which is off its exact value by less than one unit.
    """
    shares, total = [], 0
    for amount in amounts:
        before = times_half_up(total, numerator, denominator)
        total += amount
        shares.append(times_half_up(total, numerator, denominator) - before)
    return shares


def year_fraction(coupon: CouponEntry, day_count: DayCount, frequency: int, day: int) -> tuple[int, int]:
    """The part of a year from a period's start to a day in it, as numerator and denominator.

    ACT/ACT (ICMA Rule 251): days over the days of the notional period they lie in times the periods of a year.

    Args:
        coupon: The period.
        day_count: How days are counted.
        frequency: Coupons a year; a bond that pays once counts as one.
        day: Days since 1 January 1970, the period's end included.
    """
    if day_count is DayCount.ACT_365F:
        return day - coupon.start_day, 365
    if day_count is DayCount.ACT_360:
        return day - coupon.start_day, 360
    if day_count is DayCount.ACT_ACT_ICMA:
        return _icma(coupon, max(1, frequency), day)
    return thirty_360(date_of(coupon.start_day), date_of(day), us=day_count is DayCount.THIRTY_360_US), 360


def thirty_360(start: date, end: date, *, us: bool) -> int:
    """Days between two dates in a year of twelve months of thirty days.

    European (30E/360, A007): a 31st counts as the 30th. US (30/360, A001): the last of February as a first date counts
    as the 30th, and as a second one too where both are; then a second 31st counts as the 30th where the first date is
    the 30th or later, and a first 31st does.
    """
    first, last = start.day, end.day
    if us:
        if _is_end_of_february(start):
            last = 30 if _is_end_of_february(end) else last
            first = 30
        last = 30 if last == 31 and first >= 30 else last
        first = min(first, 30)
    else:
        first, last = min(first, 30), min(last, 30)
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def accrued_interest_half_up(
    schedule: BondSchedule, day_count: DayCount, frequency: int, nominal_minor: int, on: date
) -> int:
    """Interest on a nominal from the last coupon date to a day, rounded half up; nothing before the issue.

    Args:
        schedule: The bond's.
        day_count: The bond's.
        frequency: The bond's.
        nominal_minor: Original nominal in smallest units of the currency; what was repaid of it bears none.
        on: The settlement date; it does not accrue itself.

    Raises:
        InputError: the period's index is not fixed, or the nominal is negative.
    """
    if nominal_minor < 0:
        raise InputError("nominal of an accrual is not negative")
    day = day_number(on)
    if day <= schedule.coupons[0].start_day:
        return 0
    number = period_of(schedule, day)
    numerator, denominator = interest_fraction(schedule, day_count, frequency, number, day)
    return times_half_up(nominal_minor, numerator, denominator)


def period_of(schedule: BondSchedule, day: int) -> int:
    """The period that a day accrues in, from 0 on; a coupon date belongs to the one that begins with it."""
    last = len(schedule.coupons) - 1
    return next((number for number, coupon in enumerate(schedule.coupons) if day < coupon.end_day), last)


def interest_fraction(
    schedule: BondSchedule, day_count: DayCount, frequency: int, number: int, day: int | None = None
) -> tuple[int, int]:
    """What a smallest unit of original nominal earns in a period, up to a day or all of it, as a fraction.

    Raises:
        InputError: the period's index is not fixed.
    """
    coupon = schedule.coupons[number]
    if coupon.rate_millionths is None:
        raise InputError(f"the index of coupon {number + 1} is not fixed yet")
    upto = coupon.end_day if day is None else min(day, coupon.end_day)
    numerator, denominator = year_fraction(coupon, day_count, frequency, upto)
    return coupon.rate_millionths * outstanding_millionths(schedule, number) * numerator, denominator * ONE * ONE


def outstanding_millionths(schedule: BondSchedule, number: int) -> int:
    """The part of the original nominal that is outstanding during a period, in millionths."""
    return ONE - sum(each.fraction_millionths for each in schedule.repayments if each.coupon < number)


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
    return times_half_up(nominal_minor, numerator, denominator * _PRICE_BASIS)


def price_trade(
    schedule: BondSchedule,
    day_count: DayCount,
    frequency: int,
    nominal: int,
    clean_price: Decimal,
    settlement_date: date,
    minor_units: int = 100,
) -> PricedTrade:
    """Prices a trade in a bond; clean value and accrued interest are each rounded half up.

    A trade that settles after a coupon's record day and before its period ends leaves the coupon with the seller, so
    the interest that is still to accrue is taken off the price (it is ex-coupon). At maturity the price is that of a
    redemption by delivery, the last coupon included; it is not for a bond whose paying agent pays that coupon.

    Args:
        schedule: The bond's.
        day_count: The bond's.
        frequency: The bond's.
        nominal: In whole units of the currency.
        clean_price: Per 100 of nominal, without accrued interest.
        settlement_date: Day on which the trade settles.
        minor_units: Smallest units to one unit of currency.

    Raises:
        InputError: the settlement date is before the issue or after maturity, the price is not above zero, or the
            index of a period that counts is not fixed.
    """
    day = day_number(settlement_date)
    if day < schedule.coupons[0].start_day:
        start = date_of(schedule.coupons[0].start_day)
        raise InputError(f"interest cannot accrue until {settlement_date}, which is before {start}, where it starts")
    if day > schedule.coupons[-1].end_day:
        end = date_of(schedule.coupons[-1].end_day)
        raise InputError(f"a trade cannot settle on {settlement_date}: interest ends on {end}, at maturity")
    nominal_minor = nominal * minor_units
    accrued = accrued_interest_half_up(schedule, day_count, frequency, nominal_minor, settlement_date)
    for number in range(period_of(schedule, day), len(schedule.coupons)):
        if not schedule.coupons[number].record_day < day < schedule.coupons[number].end_day:
            break
        accrued -= times_half_up(nominal_minor, *interest_fraction(schedule, day_count, frequency, number))
    clean = clean_value_half_up(nominal_minor, clean_price)
    return PricedTrade(clean=clean, accrued_interest=accrued)


def _icma(coupon: CouponEntry, frequency: int, day: int) -> tuple[int, int]:
    if coupon.split_day == 0:
        return day - coupon.start_day, coupon.reference_days * frequency
    before = min(day, coupon.split_day) - coupon.start_day
    after = max(0, day - coupon.split_day)
    numerator = before * coupon.reference_days_after_split + after * coupon.reference_days
    return numerator, coupon.reference_days * coupon.reference_days_after_split * frequency


def _is_end_of_february(day: date) -> bool:
    return day.month == 2 and date_of(day_number(day) + 1).month == 3
