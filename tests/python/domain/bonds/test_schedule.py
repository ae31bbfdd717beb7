"""When a bond accrues and pays: periods, stubs, month ends, and days on which nobody pays."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest
import QuantLib as ql  # noqa: N813 - as its own documentation does
from dateutil.relativedelta import relativedelta
from examples import of_2024, terms
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from settlement import InputError
from settlement.domain.bonds.calendars import (
    BusinessDayConvention,
    Calendar,
    adjust,
    business_days_before,
    is_business_day,
)
from settlement.domain.bonds.schedule import date_of, schedule
from settlement.domain.bonds.terms import BondTerms, Option, PrincipalRepayment, ZeroCoupon


def ends(bond):
    return [date_of(coupon.end_day) for coupon in schedule(bond).coupons]


def payments(bond):
    return [date_of(coupon.payment_day) for coupon in schedule(bond).coupons]


def test_a_single_coupon_is_paid_at_maturity():
    assert ends(terms(frequency=0)) == [date(2024, 2, 16)]


def test_a_short_first_period_comes_first():
    bond = terms(issue_date=date(2023, 4, 1))
    assert ends(bond) == [date(2023, 8, 16), date(2024, 2, 16)]


def test_a_long_first_period_is_asked_for():
    bond = terms(issue_date=date(2023, 1, 16), first_coupon_date=date(2023, 8, 16))
    assert ends(bond) == [date(2023, 8, 16), date(2024, 2, 16)]


def test_months_without_such_a_day_have_their_last_and_the_next_its_own_again():
    bond = terms(issue_date=date(2023, 8, 31), maturity_date=date(2025, 8, 31))
    assert ends(bond) == [date(2024, 2, 29), date(2024, 8, 31), date(2025, 2, 28), date(2025, 8, 31)]


def test_a_bond_that_matures_on_29_february():
    bond = terms(issue_date=date(2023, 2, 28), maturity_date=date(2024, 2, 29))
    assert ends(bond) == [date(2023, 8, 29), date(2024, 2, 29)]


def test_the_2024_issue_ends_on_a_saturday_and_is_paid_on_monday():
    bond = of_2024(38_000, 2_000_000_000, "HKD")
    assert date(2026, 2, 7).weekday() == 5
    assert ends(bond)[-1] == date(2026, 2, 7), "interest runs to the date itself"
    assert payments(bond)[-1] == date(2026, 2, 9)
    assert date_of(schedule(bond).coupons[-1].record_day) == date(2026, 2, 6)


def test_interest_may_run_to_the_moved_day():
    bond = of_2024(38_000, 2_000_000_000, "HKD").model_copy(update={"adjusts_accrual": True})
    assert ends(bond)[-1] == date(2026, 2, 9)


@pytest.mark.parametrize(
    ("due", "paid"),
    [
        (date(2026, 2, 15), date(2026, 2, 16)),  # a Sunday
        (date(2026, 2, 17), date(2026, 2, 20)),  # three days of Lunar New Year
        (date(2027, 2, 6), date(2027, 2, 10)),  # a Saturday before two of them
        (date(2027, 12, 25), date(2027, 12, 28)),  # Christmas on a weekend
        (date(2026, 4, 3), date(2026, 4, 8)),  # Good Friday to the day after Easter Monday
    ],
)
def test_payments_move_over_hong_kongs_holidays(due, paid):
    assert adjust(due, BusinessDayConvention.FOLLOWING, [Calendar.HK]) == paid


def test_a_day_closed_by_a_typhoon_moves_the_payment():
    bond = terms(issue_date=date(2025, 3, 23), maturity_date=date(2026, 9, 23), closed_days=(date(2025, 9, 23),))
    assert payments(bond)[0] == date(2025, 9, 24)


@given(
    issue=st.dates(date(2000, 1, 1), date(2050, 12, 31)),
    months=st.integers(2, 60),
    frequency=st.sampled_from([1, 2, 4, 12]),
    convention=st.sampled_from(["following", "modified-following", "preceding"]),
)
def test_payments_and_moved_accrual_fall_on_quantlibs_days(issue, months, frequency, convention):
    """Over a random life on TARGET, accrual dates that move with the payments, short first periods among them."""
    theirs = {
        "following": ql.Following, "modified-following": ql.ModifiedFollowing, "preceding": ql.Preceding,
    }[convention]  # fmt: skip
    maturity = issue + relativedelta(months=months, days=7)
    expected = ql.Schedule(
        ql.Date(issue.day, issue.month, issue.year), ql.Date(maturity.day, maturity.month, maturity.year),
        ql.Period(12 // frequency, ql.Months), ql.TARGET(), theirs, theirs, ql.DateGeneration.Backward, False,
    )  # fmt: skip
    bond = terms(
        issue_date=issue,
        maturity_date=maturity,
        frequency=frequency,
        calendars=(Calendar.TARGET,),
        business_day_convention=BusinessDayConvention(convention),
        adjusts_accrual=True,
    )
    dates = [day.to_date() for day in list(expected)[1:]]
    if dates[0] - issue < timedelta(days=7):
        return
    assert ends(bond) == dates
    assert payments(bond) == dates


def test_a_payment_waits_for_every_place():
    independence_day = date(2025, 7, 4)
    assert is_business_day(independence_day, [Calendar.HK])
    assert not is_business_day(independence_day, [Calendar.HK, Calendar.US])
    assert not is_business_day(date(2025, 5, 1), [Calendar.TARGET])
    assert not is_business_day(date(2025, 10, 1), [Calendar.CN])


def test_modified_following_stays_in_the_month():
    saturday = date(2026, 1, 31)
    assert adjust(saturday, BusinessDayConvention.MODIFIED_FOLLOWING, [Calendar.HK]) == date(2026, 1, 30)
    assert adjust(saturday, BusinessDayConvention.FOLLOWING, [Calendar.HK]) == date(2026, 2, 2)
    assert adjust(saturday, BusinessDayConvention.PRECEDING, [Calendar.HK]) == date(2026, 1, 30)
    assert adjust(saturday, BusinessDayConvention.NONE, [Calendar.HK]) == saturday


def test_record_days_are_business_days():
    assert business_days_before(date(2026, 2, 20), 1, [Calendar.HK]) == date(2026, 2, 16)
    assert business_days_before(date(2026, 2, 20), 0, [Calendar.HK]) == date(2026, 2, 20)


def test_a_year_that_no_calendar_knows_is_refused():
    with pytest.raises(InputError, match="2014 to 2099"):
        is_business_day(date(2100, 1, 4), [Calendar.HK])


def test_repayments_and_calls_have_their_place_in_the_schedule():
    plan = schedule(
        terms(
            repayments=(PrincipalRepayment(day=date(2023, 8, 16), fraction_millionths=250_000),),
            calls=(Option(day=date(2023, 10, 2), price_millionths=1_005_000),),
        )
    )
    assert plan.repayments[0].coupon == 0
    assert date_of(plan.calls[0].day) == date(2023, 10, 2)


# ---- terms that contradict themselves ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"maturity_date": date(2023, 2, 16)}, "maturity_date: 2023-02-16 is not after the issue"),
        ({"pricing_date": date(2023, 2, 17)}, "pricing_date: 2023-02-17 is after the issue"),
        ({"minimum_denomination": 1_200_000}, "minimum_denomination: it is no multiple of the increment"),
        ({"nominal": 800_100_000}, "nominal: it is no multiple of the increment"),
        ({"nominal": 500_000}, "nominal: it is below the minimum denomination"),
        ({"coupon": ZeroCoupon()}, "frequency: a bond without coupons has no frequency"),
        (
            {"first_coupon_date": date(2023, 6, 1)},
            "first_coupon_date: 2023-06-01 is no whole number of periods before maturity; allowed: 2023-08-16",
        ),
        ({"first_coupon_date": date(2025, 6, 1)}, "first_coupon_date: 2025-06-01 is not between"),
        (
            {"issue_date": date(2022, 2, 16), "first_coupon_date": date(2024, 2, 16)},
            "first_coupon_date: 2024-02-16 makes the first period longer than two",
        ),
        (
            {"repayments": (PrincipalRepayment(day=date(2023, 8, 17), fraction_millionths=1),)},
            r"repayments\[0\]: 2023-08-17 is no coupon date",
        ),
        (
            {
                "frequency": 4,
                "repayments": (
                    PrincipalRepayment(day=date(2023, 5, 16), fraction_millionths=500_000),
                    PrincipalRepayment(day=date(2023, 8, 16), fraction_millionths=500_000),
                ),
            },
            "repayments: they are the whole principal",
        ),
        ({"calls": (Option(day=date(2024, 2, 16), price_millionths=1),)}, r"calls\[0\]: 2024-02-16 is not between"),
        (
            {
                "puts": (
                    Option(day=date(2023, 8, 1), price_millionths=1),
                    Option(day=date(2023, 8, 1), price_millionths=1),
                )
            },
            r"puts\[1\]: 2023-08-01 is not after",
        ),
        ({"issuer_lei": "529900T8BM49AURSDO54"}, "has the wrong check digits 54; for 529900T8BM49AURSDO they are 55"),
        ({"dti": "X9J9K872T"}, "DTI X9J9K872T has the wrong check character T; for X9J9K872 it is S"),
        (
            {"frequency": 12, "closed_days": tuple(date(2023, 4, 10) + timedelta(days=number) for number in range(45))},
            "record_days: the register of coupon 3 closes no later",
        ),
        (
            {"issue_date": date(2023, 8, 14), "record_days": 5},
            "record_days: the register of coupon 1 closes on 2023-08-09, before the issue",
        ),
        (
            {
                "issue_date": date(2023, 7, 15),
                "maturity_date": date(2024, 1, 16),
                "frequency": 12,
                "business_day_convention": BusinessDayConvention.PRECEDING,
                "adjusts_accrual": True,
            },
            "business_day_convention: it ends coupon 1 on 2023-07-14, not after its start 2023-07-15",
        ),
    ],
)
def test_contradictions_are_refused_and_name_the_field(changes, told):
    with pytest.raises(InputError, match=told):
        schedule(terms(**changes))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"coupon": {"kind": "floating"}}, "coupon.floating.index"),
        ({"coupon": {"kind": "zero", "rate_millionths": 40_500}}, "coupon.zero.rate_millionths"),
        ({"coupon": {"kind": "fixed", "rate_millionths": 0.0405}}, "coupon.fixed.rate_millionths"),
        ({"coupon": {"kind": "fixed", "rate_millionths": -1}}, "coupon.fixed.rate_millionths"),
        ({"issue_price_millionths": 0}, "issue_price_millionths"),
        ({"frequency": 3}, "frequency"),
        ({"nominal": 0}, "nominal"),
        ({"increment": 0}, "increment"),
        ({"currency": "hkd"}, "currency"),
        ({"record_days": 0}, "record_days"),
        ({"yield": 40_500}, "yield"),
    ],
)
def test_terms_that_no_bond_has_cannot_be_written(changes, field):
    with pytest.raises(ValidationError) as refused:
        terms(**changes)
    assert [".".join(map(str, error["loc"])) for error in refused.value.errors()] == [field]


def test_an_isin_with_a_wrong_check_digit_cannot_be_written():
    with pytest.raises(InputError, match="ISIN HK0FICT20232 has the wrong check digit 2"):
        terms(isin="HK0FICT20232")


def test_the_hash_of_terms_is_that_of_their_canonical_json():
    text = terms().canonical_json
    assert text.startswith('{"adjusts_accrual":false,"business_day_convention":"following","calendars":["HK"],')
    assert '"coupon":{"kind":"fixed","rate_millionths":40500}' in text
    assert terms().hash == "0x" + hashlib.sha256(text.encode()).hexdigest()
    assert BondTerms.model_validate_json(text) == terms()


def test_terms_have_one_hash_and_every_change_another():
    assert terms().hash == terms().hash
    assert terms(record_days=2).hash != terms().hash
