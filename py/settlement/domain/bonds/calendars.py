"""Business days: which days settle payments in a currency, and how a date moves that does not.

The holidays are those of the library `holidays`. Each calendar is good for the years named in `KNOWN_YEARS` and refuses
every other one:

- HK, to 2099: the general holidays of the General Holidays Ordinance (Cap. 149), whose rules fix them ahead, those that
  follow the moon too. The exchange's table has them from 2014 on.
- TARGET and US, to 2099: TARGET's closing days and those of the Federal Reserve Banks, fixed ahead by rules.
- CN, decided to 2026: from year to year the State Council decides which weekdays join a holiday, and says so the
  November before. Later years, to 2099, have only the holidays that the law names, so that a payment day in them is
  provisional: days that are added are given as `closed`. Weekends that are made up for stay closed.

What is decided later still, such as a day closed by a typhoon, is given as `closed`; rules may change by law.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from datetime import date, timedelta
from enum import StrEnum

from settlement.errors import InputError

_A_DAY = timedelta(days=1)

_WEATHER = "Severe Weather"
"""In the names of days on which the exchange did not trade; they are no general holidays."""


class Calendar(StrEnum):
    """Where payments are made: Hong Kong, the euro's TARGET, the United States' Fedwire, the Chinese Mainland."""

    HK = "HK"
    TARGET = "TARGET"
    US = "US"
    CN = "CN"


KNOWN_YEARS = {
    Calendar.HK: range(2014, 2100),
    Calendar.TARGET: range(1999, 2100),
    Calendar.US: range(1999, 2100),
    Calendar.CN: range(2008, 2100),
}
"""The years that each calendar is good for."""


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
        InputError: the year is one that a calendar does not know.
    """
    for calendar in calendars:
        known = KNOWN_YEARS[calendar]
        if day.year not in known:
            raise InputError(f"calendar {calendar} knows the years {known[0]} to {known[-1]}, not {day.year}")
    if day.weekday() >= 5 or day in closed:
        return False
    return not any(day in _holidays(calendar, day.year) for calendar in calendars)


def adjust(
    day: date, convention: BusinessDayConvention, calendars: Sequence[Calendar], closed: Collection[date] = ()
) -> date:
    """The business day to which a convention moves a day; the day itself where it is one.

    Raises:
        InputError: the year is one that a calendar does not know.
    """
    if convention is BusinessDayConvention.NONE:
        return day
    step = -_A_DAY if convention is BusinessDayConvention.PRECEDING else _A_DAY
    moved = _until(lambda found: is_business_day(found, calendars, closed), day, step)
    if convention is BusinessDayConvention.MODIFIED_FOLLOWING and moved.month != day.month:
        return _until(lambda found: is_business_day(found, calendars, closed), day, -_A_DAY)
    return moved


def business_days_after(day: date, count: int, calendars: Sequence[Calendar], closed: Collection[date] = ()) -> date:
    """The day that lies `count` business days after a day.

    Raises:
        InputError: the count is negative, or the year one that a calendar does not know.
    """
    return _counted(day, count, _A_DAY, calendars, closed)


def business_days_before(day: date, count: int, calendars: Sequence[Calendar], closed: Collection[date] = ()) -> date:
    """The day that lies `count` business days before a day.

    Raises:
        InputError: the count is negative, or the year one that a calendar does not know.
    """
    return _counted(day, count, -_A_DAY, calendars, closed)


def _counted(day: date, count: int, step: timedelta, calendars: Sequence[Calendar], closed: Collection[date]) -> date:
    if count < 0:
        raise InputError(f"a number of business days is 0 or more, not {count}")
    for _ in range(count):
        day = _until(lambda found: is_business_day(found, calendars, closed), day + step, step)
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
            table = holidays.financial_holidays("XHKG", years=year, language="en_US")
            return frozenset(day for day, name in table.items() if _WEATHER not in name)
        case Calendar.CN:
            found = holidays.country_holidays("CN", years=year)
        case Calendar.TARGET:
            found = holidays.financial_holidays("XECB", years=year)
        case Calendar.US:
            found = holidays.financial_holidays("XFED", years=year)
    return frozenset(found)
