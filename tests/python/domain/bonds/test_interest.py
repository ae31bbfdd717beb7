"""What a bond pays and accrues, to the cent; the oracle for every day count is QuantLib."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
import QuantLib as ql  # noqa: N813 - as its own documentation does
from dateutil.relativedelta import relativedelta
from examples import of_2024, terms
from hypothesis import given
from hypothesis import strategies as st

from settlement import InputError
from settlement.domain.bonds.calendars import BusinessDayConvention
from settlement.domain.bonds.entries import DayCount, day_number
from settlement.domain.bonds.interest import (
    accrued_interest_half_up,
    interest_fraction,
    price_trade,
    shares_cumulative_half_up,
    thirty_360,
    times_half_up,
    year_fraction,
)
from settlement.domain.bonds.schedule import date_of, schedule
from settlement.domain.bonds.terms import FloatingCoupon, PrincipalRepayment

QUANTLIB = {
    DayCount.THIRTY_360_US: ql.Thirty360(ql.Thirty360.USA),
    DayCount.ACT_360: ql.Actual360(),
    DayCount.ACT_365F: ql.Actual365Fixed(),
    DayCount.THIRTY_E_360: ql.Thirty360(ql.Thirty360.European),
}

TOO_SHORT_FOR_A_REGISTER = 4
"""Days: over a weekend, the register of a shorter first coupon would close before the issue."""

DAYS = st.dates(date(1995, 1, 1), date(2060, 12, 31))


def quantlib(day):
    return ql.Date(day.day, day.month, day.year)


def coupons_of(bond):
    """Each coupon on the whole issue, in cents."""
    plan = schedule(bond)
    minor = bond.nominal * 100
    return [
        times_half_up(minor, *interest_fraction(plan, bond.day_count, bond.frequency, number))
        for number in range(len(plan.coupons))
    ]


def lengths_of(bond):
    return [coupon.end_day - coupon.start_day for coupon in schedule(bond).coupons]


# ---- the worked numbers; half-yearly payment and ACT/365 (Fixed) are assumptions ---------------------------


def test_the_2023_issue_pays_its_two_coupons():
    assert lengths_of(terms()) == [181, 184]
    assert coupons_of(terms()) == [1_606_684_932, 1_633_315_068]
    assert sum(coupons_of(terms())) == 3_240_000_000, "a year is 4.05 %"


def test_a_trade_in_the_2023_issue_costs_price_and_accrued_interest():
    bond = terms()
    trade = price_trade(
        schedule(bond), bond.day_count, bond.frequency, 100_000_000, Decimal("99.80"), date(2023, 5, 16)
    )
    assert trade.accrued_interest == 98_753_425, "89 days"
    assert trade.cash == 10_078_753_425


def test_the_2024_issue_pays_in_dollars_and_renminbi():
    hkd = of_2024(38_000, 2_000_000_000, "HKD")
    assert lengths_of(hkd) == [182, 184, 181, 184]
    assert coupons_of(hkd) == [3_789_589_041, 3_831_232_877, 3_768_767_123, 3_831_232_877]
    cny = of_2024(29_000, 1_500_000_000, "CNY")
    assert coupons_of(cny) == [2_169_041_096, 2_192_876_712, 2_157_123_288, 2_192_876_712]


def test_the_2025_issue_pays_its_first_year():
    bond = terms(
        nominal=2_500_000_000,
        coupon={"kind": "fixed", "rate_millionths": 25_000},
        issue_date=date(2025, 11, 11),
        maturity_date=date(2027, 11, 11),
    )
    assert coupons_of(bond)[:2] == [3_099_315_068, 3_150_684_932]


# ---- day counts ------------------------------------------------------------------------------------------------------


@given(st.sampled_from(list(QUANTLIB)), DAYS, DAYS)
def test_days_are_counted_as_quantlib_counts_them(day_count, one, other):
    start, end = sorted((one, other))
    if (end - start).days < TOO_SHORT_FOR_A_REGISTER:
        return
    bond = terms(issue_date=start, maturity_date=end, frequency=0, calendars=(), day_count=day_count)
    (coupon,) = schedule(bond).coupons
    numerator, denominator = year_fraction(coupon, day_count, 0, day_number(end))
    assert numerator / denominator == pytest.approx(
        QUANTLIB[day_count].yearFraction(quantlib(start), quantlib(end)), abs=1e-12
    )


@pytest.mark.parametrize(
    ("start", "end", "us", "european"),
    [
        (date(2024, 2, 29), date(2024, 8, 31), 180, 181),
        (date(2024, 2, 29), date(2025, 2, 28), 360, 359),
        (date(2023, 2, 28), date(2023, 3, 31), 30, 32),
        (date(2024, 1, 31), date(2024, 2, 29), 29, 29),
        (date(2024, 8, 29), date(2024, 8, 31), 2, 1),
    ],
)
def test_thirty_day_months_at_their_ends(start, end, us, european):
    assert thirty_360(start, end, us=True) == us
    assert thirty_360(start, end, us=False) == european


@given(DAYS, st.integers(1, 60), st.sampled_from([1, 2, 4, 12]), st.integers(0, 40))
def test_icma_counts_as_quantlib_with_the_schedule(start, months, frequency, offset):
    """Against QuantLib's ISMA convention: its schedule's dates, and fractions of the notional periods that it makes."""
    end = start + timedelta(days=months * 31)
    if end.year > 2060:
        return
    bond = terms(
        issue_date=start,
        maturity_date=end,
        frequency=frequency,
        day_count=DayCount.ACT_ACT_ICMA,
        calendars=(),
        business_day_convention=BusinessDayConvention.NONE,
        record_days=1,
    )
    period = ql.Period(12 // frequency, ql.Months)
    theirs = ql.Schedule(
        quantlib(start), quantlib(end), period, ql.NullCalendar(), ql.Unadjusted, ql.Unadjusted,
        ql.DateGeneration.Backward, False,
    )  # fmt: skip
    if theirs[1] - theirs[0] < TOO_SHORT_FOR_A_REGISTER:
        return
    plan = schedule(bond)
    assert [quantlib(date_of(coupon.end_day)) for coupon in plan.coupons] == list(theirs)[1:]
    counter = ql.ActualActual(ql.ActualActual.ISMA)
    calendar = ql.NullCalendar()
    for coupon in plan.coupons:
        day = min(coupon.end_day, coupon.start_day + max(1, offset))
        numerator, denominator = year_fraction(coupon, bond.day_count, frequency, day)
        months_back = ql.Period(-12 // frequency * (len(plan.coupons) - plan.coupons.index(coupon)), ql.Months)
        begins = calendar.advance(quantlib(end), months_back, ql.Unadjusted)
        expected = counter.yearFraction(
            quantlib(date_of(coupon.start_day)), quantlib(date_of(day)), begins, quantlib(date_of(coupon.end_day))
        )
        assert numerator / denominator == pytest.approx(expected, abs=1e-9)


def test_a_long_first_period_under_icma_counts_each_side_of_the_notional_date():
    bond = terms(
        issue_date=date(2023, 1, 16),
        maturity_date=date(2024, 2, 16),
        first_coupon_date=date(2023, 8, 16),
        day_count=DayCount.ACT_ACT_ICMA,
    )
    first = schedule(bond).coupons[0]
    assert date_of(first.split_day) == date(2023, 2, 16)
    assert (first.reference_days, first.reference_days_after_split) == (184, 181)
    numerator, denominator = year_fraction(first, bond.day_count, 2, first.end_day)
    assert numerator / denominator == pytest.approx(31 / 184 / 2 + 1 / 2)


def test_the_first_periods_of_isdas_memorandum_on_actual_actual():
    """ISDA, EMU and market conventions: recent developments (1998): a short and a long first period."""
    short = terms(
        issue_date=date(1999, 2, 1), maturity_date=date(2000, 7, 1), frequency=1, day_count=DayCount.ACT_ACT_ICMA,
        calendars=(),
    )  # fmt: skip
    long = terms(
        issue_date=date(2002, 8, 15), first_coupon_date=date(2003, 7, 15), maturity_date=date(2004, 1, 15),
        day_count=DayCount.ACT_ACT_ICMA, calendars=(),
    )  # fmt: skip
    first_of_short, first_of_long = schedule(short).coupons[0], schedule(long).coupons[0]
    assert Fraction(*year_fraction(first_of_short, short.day_count, 1, first_of_short.end_day)) == Fraction(150, 365)
    assert Fraction(*year_fraction(first_of_long, long.day_count, 2, first_of_long.end_day)) == (
        Fraction(181, 181 * 2) + Fraction(153, 184 * 2)
    )


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"issue_date": date(2023, 4, 1)}, Fraction(137, 2 * 181)),
        (
            {"issue_date": date(2023, 1, 16), "first_coupon_date": date(2023, 8, 16)},
            Fraction(31, 2 * 184) + Fraction(1, 2),
        ),
    ],
)
def test_a_first_period_under_icma_is_no_whole_one_because_accrual_moves(changes, first):
    bond = terms(day_count=DayCount.ACT_ACT_ICMA, adjusts_accrual=True, **changes)
    plan = schedule(bond)
    fractions = [Fraction(*year_fraction(each, bond.day_count, 2, each.end_day)) for each in plan.coupons]
    assert fractions == [first, Fraction(1, 2)]


def test_notional_periods_under_icma_move_with_the_accrual():
    """16 September 2023 is a Saturday: the first period ends on the 18th, and so does the one that measures it."""
    bond = terms(
        issue_date=date(2023, 5, 2),
        maturity_date=date(2024, 9, 16),
        day_count=DayCount.ACT_ACT_ICMA,
        adjusts_accrual=True,
    )
    first, second = schedule(bond).coupons[:2]
    assert (date_of(first.end_day), first.reference_days) == (date(2023, 9, 18), 186), "16 March to 18 September"
    assert second.end_day - second.start_day == second.reference_days, "a whole period is a whole coupon"


def test_under_icma_a_first_period_from_a_months_last_day_is_a_whole_one():
    """31 August to 30 November, of a bond that matures on 31 May."""
    bond = terms(
        issue_date=date(2004, 8, 31), maturity_date=date(2005, 5, 31), frequency=4, day_count=DayCount.ACT_ACT_ICMA,
        calendars=(),
    )  # fmt: skip
    fractions = [Fraction(*year_fraction(each, bond.day_count, 4, each.end_day)) for each in schedule(bond).coupons]
    assert fractions == [Fraction(1, 4)] * 3


@pytest.mark.parametrize(
    ("maturity", "expected"),
    [
        (date(2023, 8, 16), Fraction(181, 365)),
        (date(2024, 2, 16), Fraction(1)),
        (date(2024, 8, 16), Fraction(181, 365) + 1),
        (date(2025, 2, 16), Fraction(2)),
    ],
)
def test_a_single_coupon_under_icma_is_measured_in_years(maturity, expected):
    bond = terms(maturity_date=maturity, frequency=0, day_count=DayCount.ACT_ACT_ICMA)
    (coupon,) = schedule(bond).coupons
    assert Fraction(*year_fraction(coupon, bond.day_count, 0, coupon.end_day)) == expected


def test_a_single_coupon_under_icma_spans_two_years_at_most():
    with pytest.raises(InputError, match=r"^frequency: a single coupon under ACT/ACT \(ICMA\) spans at most two years"):
        schedule(terms(maturity_date=date(2025, 2, 17), frequency=0, day_count=DayCount.ACT_ACT_ICMA))


@given(
    maturity=st.dates(date(2005, 1, 1), date(2060, 12, 31)).filter(lambda day: day.day <= 28),
    periods=st.integers(3, 12),
    frequency=st.sampled_from([1, 2, 4, 12]),
    shortening=st.integers(0, 360),
    long_first=st.booleans(),
)
def test_stubs_under_icma_are_measured_as_quantlib_measures_them(maturity, periods, frequency, shortening, long_first):
    """Against QuantLib's ISMA day counter with its own schedule, short and long first periods, every coupon whole.

    A whole period follows the first one, and maturity is on a day that every month has: QuantLib steps the notional
    dates of the first period back from the first coupon, and cannot where there is but one.
    """
    months = 12 // frequency
    ends = [maturity - relativedelta(months=months * number) for number in range(periods, -1, -1)]
    issue = ends[0] + timedelta(days=shortening % ((ends[1] - ends[0]).days - 5))
    first = ends[2] if long_first else ends[1]
    bond = terms(
        issue_date=issue,
        first_coupon_date=first,
        maturity_date=maturity,
        frequency=frequency,
        day_count=DayCount.ACT_ACT_ICMA,
        calendars=(),
        business_day_convention=BusinessDayConvention.NONE,
    )
    theirs = ql.Schedule(
        quantlib(issue), quantlib(maturity), ql.Period(months, ql.Months), ql.NullCalendar(), ql.Unadjusted,
        ql.Unadjusted, ql.DateGeneration.Backward, False, quantlib(first),
    )  # fmt: skip
    counter = ql.ActualActual(ql.ActualActual.ISMA, theirs)
    for coupon in schedule(bond).coupons:
        start, end = quantlib(date_of(coupon.start_day)), quantlib(date_of(coupon.end_day))
        assert float(Fraction(*year_fraction(coupon, bond.day_count, frequency, coupon.end_day))) == pytest.approx(
            counter.yearFraction(start, end), abs=1e-9
        )


# ---- accrual ---------------------------------------------------------------------------------------------------------


def test_accrual_begins_again_on_each_coupon_date():
    bond = terms()
    plan = schedule(bond)

    def accrued(day):
        return accrued_interest_half_up(plan, bond.day_count, bond.frequency, 80_000_000_000, day)

    assert accrued(date(2023, 2, 15)) == 0
    assert accrued(date(2023, 2, 16)) == 0
    assert accrued(date(2023, 8, 15)) == times_half_up(80_000_000_000, 40_500 * 180, 365_000_000)
    assert accrued(date(2023, 8, 16)) == 0
    assert accrued(date(2024, 2, 16)) == 1_633_315_068, "at maturity it is the last coupon"


@given(
    day_count=st.sampled_from(list(QUANTLIB)),
    issue=st.dates(date(2000, 1, 1), date(2050, 12, 31)),
    periods=st.integers(1, 8),
    frequency=st.sampled_from([1, 2, 4]),
    extra=st.integers(5, 80),
    passed=st.integers(0, 3000),
)
def test_interest_accrues_as_on_quantlibs_fixed_rate_bond(day_count, issue, periods, frequency, extra, passed):
    """A nominal of 1,000,000.00 at 4.05 %, on any day of its life, its first period short or whole."""
    months = 12 // frequency
    maturity = issue + relativedelta(months=months * periods) + timedelta(days=extra)
    bond = terms(
        issue_date=issue,
        maturity_date=maturity,
        frequency=frequency,
        day_count=day_count,
        calendars=(),
        business_day_convention=BusinessDayConvention.NONE,
    )
    dates = ql.Schedule(
        quantlib(issue), quantlib(maturity), ql.Period(months, ql.Months), ql.NullCalendar(), ql.Unadjusted,
        ql.Unadjusted, ql.DateGeneration.Backward, False,
    )  # fmt: skip
    if dates[1] - dates[0] < TOO_SHORT_FOR_A_REGISTER:
        return
    theirs = ql.FixedRateBond(0, 100.0, dates, [0.0405], QUANTLIB[day_count], ql.Unadjusted)
    on = issue + timedelta(days=passed % (maturity - issue).days)
    ours = accrued_interest_half_up(schedule(bond), day_count, frequency, 100_000_000, on)
    assert ours == pytest.approx(theirs.accruedAmount(quantlib(on)) * 1_000_000, abs=0.51)


def test_after_the_record_day_a_trade_is_without_the_coupon():
    bond = terms(record_days=5)
    plan = schedule(bond)
    record = date_of(plan.coupons[0].record_day)
    cum = price_trade(plan, bond.day_count, 2, 1_000_000, Decimal(100), record)
    ex = price_trade(plan, bond.day_count, 2, 1_000_000, Decimal(100), record + timedelta(days=1))
    coupon = times_half_up(100_000_000, *interest_fraction(plan, bond.day_count, 2, 0))
    assert cum.accrued_interest > 0
    assert ex.accrued_interest < 0, "the seller gets the coupon, so the buyer pays less"
    days = plan.coupons[0].end_day - day_number(record) - 1
    assert ex.accrued_interest == pytest.approx(-coupon * days / 181, abs=1)


def test_a_trade_after_the_record_days_of_two_coupons_is_without_both():
    """30 business days before a monthly payment lie in the period before: the registers of two coupons are closed."""
    bond = terms(record_days=30, frequency=12, issue_date=date(2023, 1, 16), first_coupon_date=date(2023, 3, 16))
    plan = schedule(bond)
    third_closed = date_of(plan.coupons[2].record_day) + timedelta(days=1)
    assert day_number(third_closed) < plan.coupons[1].end_day
    ex = price_trade(plan, bond.day_count, 12, 100_000_000, Decimal(100), third_closed)
    accrued = accrued_interest_half_up(plan, bond.day_count, 12, 10_000_000_000, third_closed)
    lost = [times_half_up(10_000_000_000, *interest_fraction(plan, bond.day_count, 12, number)) for number in (1, 2)]
    assert ex.accrued_interest == accrued - sum(lost)


def test_what_was_repaid_bears_no_interest():
    bond = terms(repayments=(PrincipalRepayment(day=date(2023, 8, 16), fraction_millionths=250_000),))
    assert coupons_of(bond) == [1_606_684_932, times_half_up(1_633_315_068, 3, 4)]


def test_interest_of_an_index_that_is_not_fixed_is_not_known():
    bond = terms(coupon=FloatingCoupon(index="HONIA"))
    with pytest.raises(InputError, match="the index of coupon 1 is not fixed yet"):
        coupons_of(bond)


# ---- rounding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("holders", [1, 5_000])
def test_shares_are_together_what_is_due_for_one_holder_and_for_thousands(holders):
    amounts = [1_000_000 + 500_000 * (number % 7) for number in range(holders)]
    shares = shares_cumulative_half_up(amounts, 100 * 40_500 * 181, 365_000_000)
    assert sum(shares) == times_half_up(sum(amounts), 100 * 40_500 * 181, 365_000_000)


@given(st.lists(st.integers(0, 10**12), max_size=50), st.integers(0, 10**9), st.integers(1, 10**9))
def test_shares_conserve_the_total_and_are_off_by_less_than_a_unit(amounts, numerator, denominator):
    shares = shares_cumulative_half_up(amounts, numerator, denominator)
    assert sum(shares) == times_half_up(sum(amounts), numerator, denominator)
    for amount, share in zip(amounts, shares, strict=True):
        assert abs(share * denominator - amount * numerator) <= denominator


# ---- bad input -------------------------------------------------------------------------------------------------------


def test_a_trade_before_the_issue_has_no_price():
    bond = terms()
    with pytest.raises(InputError, match="before 2023-02-16, where it starts"):
        price_trade(schedule(bond), bond.day_count, 2, 1, Decimal(100), date(2023, 2, 15))


def test_at_maturity_the_price_is_that_of_a_redemption_by_delivery():
    bond = terms()
    trade = price_trade(schedule(bond), bond.day_count, 2, 800_000_000, Decimal(100), date(2024, 2, 16))
    assert trade.accrued_interest == 1_633_315_068, "the whole last coupon"


def test_a_trade_after_maturity_has_no_price():
    bond = terms()
    with pytest.raises(InputError, match="cannot settle on 2024-02-17: interest ends on 2024-02-16, at maturity"):
        price_trade(schedule(bond), bond.day_count, 2, 1, Decimal(100), date(2024, 2, 17))


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_a_price_is_above_zero(price):
    bond = terms()
    with pytest.raises(InputError, match="is not above zero; it is a price per 100"):
        price_trade(schedule(bond), bond.day_count, 2, 1, Decimal(price), date(2023, 5, 16))
