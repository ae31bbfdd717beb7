"""Business days: which days settle payments in a currency, and how a date moves that does not.

The holidays are those of the library `holidays`, by the rules in force: those that follow the moon are computed ahead
(2027 and later). What a government decides later, such as a typhoon's closing or a day made up for, is given as
`closed`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from enum import StrEnum

from settlement.errors import InputError

_YEARS = range(1990, 2100)
_A_DAY = timedelta(days=1)


class Calendar(StrEnum):
    """Where payments are made: Hong Kong, the euro's TARGET, the United States' Fedwire, the Chinese Mainland."""

    HK = "HK"
    TARGET = "TARGET"
    US = "US"
    CN = "CN"


class BusinessDayConvention(StrEnum):
    """Where a payment goes that falls on no business day; ISDA's names.

    `modified-following` is the next business day, or the one before where that is in another month.
    """

    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified-following"
    PRECEDING = "preceding"
    NONE = "none"


def is_business_day(day: date, calendars: Sequence[Calendar], closed: Collection[date] = ()) -> bool:
    """Whether payments are made on a day in all of these places.

    Args:
        day: The day.
        calendars: The places.
        closed: Days that are closed besides their holidays.

    Raises:
        InputError: the year is one that the calendars do not know.
    """
    if day.year not in _YEARS:
        raise InputError(f"calendars know the years {_YEARS[0]} to {_YEARS[-1]}, not {day.year}")
    if day.weekday() >= 5 or day in closed:
        return False
    return not any(day in _holidays(calendar, day.year) for calendar in calendars)


def adjust(
    day: date, convention: BusinessDayConvention, calendars: Sequence[Calendar], closed: Collection[date] = ()
) -> date:
    """The business day to which a convention moves a day; the day itself where it is one.

    Raises:
        InputError: the year is one that the calendars do not know.
    """
    if convention is BusinessDayConvention.NONE:
        return day
    step = -_A_DAY if convention is BusinessDayConvention.PRECEDING else _A_DAY
    moved = _until(lambda found: is_business_day(found, calendars, closed), day, step)
    if convention is BusinessDayConvention.MODIFIED_FOLLOWING and moved.month != day.month:
        return _until(lambda found: is_business_day(found, calendars, closed), day, -_A_DAY)
    return moved


def business_days_before(day: date, count: int, calendars: Sequence[Calendar], closed: Collection[date] = ()) -> date:
    """The day that lies `count` business days before a day.

    Raises:
        InputError: the count is negative, or the year one that the calendars do not know.
    """
    if count < 0:
        raise InputError(f"{count} business days before a day are not a number from 0 on")
    for _ in range(count):
        day = _until(lambda found: is_business_day(found, calendars, closed), day - _A_DAY, -_A_DAY)
    return day


def _until(holds: Callable[[date], bool], day: date, step: timedelta) -> date:
    while not holds(day):
        day += step
    return day


@functools.cache
def _holidays(calendar: Calendar, year: int) -> frozenset[date]:
    import holidays

    match calendar:
        case Calendar.HK:
            found = holidays.financial_holidays("XHKG", years=year)
        case Calendar.CN:
            found = holidays.country_holidays("CN", years=year)
        case Calendar.TARGET:
            found = holidays.financial_holidays("XECB", years=year)
        case Calendar.US:
            found = holidays.financial_holidays("XFED", years=year)
    return frozenset(found)
