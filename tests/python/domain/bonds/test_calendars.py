"""Business days: what each calendar closes on, for which years it is good, and how days are counted."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import QuantLib as ql  # noqa: N813 - as its own documentation does

from settlement import InputError
from settlement.domain.bonds.calendars import (
    KNOWN_YEARS,
    BusinessDayConvention,
    Calendar,
    adjust,
    business_days_after,
    business_days_before,
    is_business_day,
)

QUANTLIB = {
    Calendar.TARGET: ql.TARGET(),
    Calendar.US: ql.UnitedStates(ql.UnitedStates.FederalReserve),
    Calendar.CN: ql.China(ql.China.IB),
    Calendar.HK: ql.HongKong(),
}

# Weekdays on which Hong Kong's general holidays fell by substitution and which QuantLib 1.44 has as open.
OPEN_FOR_QUANTLIB = {date(2019, 5, 13), date(2021, 4, 6), date(2021, 12, 27), date(2022, 12, 27)}


def weekdays(year):
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    return [day for day in days if day.year == year and day.weekday() < 5]


def closed_weekdays(calendar, year):
    return {day for day in weekdays(year) if not is_business_day(day, [calendar])}


@pytest.mark.parametrize(
    ("calendar", "years"),
    [
        (Calendar.HK, range(2014, 2027)),
        (Calendar.TARGET, range(1999, 2100)),
        (Calendar.US, range(1999, 2100)),
        (Calendar.CN, range(2008, 2027)),
    ],
)
def test_each_calendar_closes_on_quantlibs_days_in_every_year_that_both_know(calendar, years):
    for year in years:
        theirs = {
            day for day in weekdays(year) if not QUANTLIB[calendar].isBusinessDay(ql.Date(day.day, day.month, day.year))
        }
        assert closed_weekdays(calendar, year) - OPEN_FOR_QUANTLIB == theirs - OPEN_FOR_QUANTLIB, year


def test_hong_kongs_general_holidays_of_2026_and_2027_that_fall_on_weekdays():
    assert closed_weekdays(Calendar.HK, 2026) == {
        date(2026, month, day)
        for month, day in [
            (1, 1), (2, 17), (2, 18), (2, 19), (4, 3), (4, 6), (4, 7), (5, 1), (5, 25), (6, 19), (7, 1), (10, 1),
            (10, 19), (12, 25),
        ]
    }  # fmt: skip
    assert closed_weekdays(Calendar.HK, 2027) == {
        date(2027, month, day)
        for month, day in [
            (1, 1), (2, 8), (2, 9), (3, 26), (3, 29), (4, 5), (5, 13), (6, 9), (7, 1), (9, 16), (10, 1), (10, 8),
            (12, 27),
        ]
    }  # fmt: skip


def test_a_day_on_which_only_the_exchange_stood_still_is_a_business_day_unless_it_is_given():
    black_rain = date(2023, 9, 8)
    assert is_business_day(black_rain, [Calendar.HK])
    assert not is_business_day(black_rain, [Calendar.HK], closed=[black_rain])


@pytest.mark.parametrize("calendar", list(Calendar))
def test_a_year_that_a_calendar_does_not_know_is_refused_and_not_guessed(calendar):
    known = KNOWN_YEARS[calendar]
    is_business_day(date(known[0], 1, 4), [calendar])
    is_business_day(date(known[-1], 12, 28), [calendar])
    for year in (known[0] - 1, known[-1] + 1):
        with pytest.raises(
            InputError, match=f"^calendar {calendar} knows the years {known[0]} to {known[-1]}, not {year}$"
        ):
            is_business_day(date(year, 6, 1), [calendar])


def test_joint_calendars_know_the_years_that_all_of_them_know():
    assert is_business_day(date(2008, 6, 2), [Calendar.CN])
    with pytest.raises(InputError, match="calendar HK knows the years 2014 to 2099, not 2008"):
        is_business_day(date(2008, 6, 2), [Calendar.CN, Calendar.HK])


def test_the_mainlands_years_after_2026_have_the_holidays_of_the_law_until_more_are_decided():
    assert {date(2027, 2, 5), date(2027, 2, 8), date(2027, 10, 1)} <= closed_weekdays(Calendar.CN, 2027)
    decided = date(2027, 2, 11)
    assert is_business_day(decided, [Calendar.CN])
    assert not is_business_day(decided, [Calendar.CN], closed=[decided])


def test_without_a_calendar_only_weekends_and_given_days_are_closed():
    assert is_business_day(date(1995, 12, 25), [])
    assert not is_business_day(date(1995, 12, 25), [], closed=[date(1995, 12, 25)])
    assert not is_business_day(date(2150, 1, 3), [])


def test_business_days_are_counted_over_lunar_new_year_both_ways():
    assert business_days_after(date(2026, 2, 16), 1, [Calendar.HK]) == date(2026, 2, 20)
    assert business_days_after(date(2027, 2, 5), 2, [Calendar.HK]) == date(2027, 2, 11)
    assert business_days_before(date(2027, 2, 10), 1, [Calendar.HK]) == date(2027, 2, 5)
    assert business_days_after(date(2027, 2, 6), 0, [Calendar.HK]) == date(2027, 2, 6)


@pytest.mark.parametrize("count_of", [business_days_after, business_days_before])
def test_a_count_of_business_days_is_not_negative(count_of):
    with pytest.raises(InputError, match="a number of business days is 0 or more, not -1"):
        count_of(date(2026, 2, 16), -1, [Calendar.HK])


def test_modified_following_turns_back_at_the_end_of_a_month_that_holidays_fill():
    assert adjust(date(2027, 10, 31), BusinessDayConvention.MODIFIED_FOLLOWING, [Calendar.HK]) == date(2027, 10, 29)
    good_friday = date(2024, 3, 29)
    assert adjust(good_friday, BusinessDayConvention.MODIFIED_FOLLOWING, [Calendar.HK]) == date(2024, 3, 28)
