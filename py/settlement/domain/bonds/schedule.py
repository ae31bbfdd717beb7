"""A bond's schedule: when it accrues, who is entitled, and when it pays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from settlement.domain.bonds.calendars import adjust, business_days_before
from settlement.domain.bonds.entries import CallEntry, CouponEntry, DayCount, RepaymentEntry, day_number
from settlement.domain.bonds.terms import BondTerms, FixedCoupon, FloatingCoupon, require_consistent
from settlement.domain.model import Model
from settlement.errors import InputError

_MONTHS = 12


class BondSchedule(Model):
    """What a bond's contract keeps of its terms: every coupon, repayment and call."""

    coupons: tuple[CouponEntry, ...]
    repayments: tuple[RepaymentEntry, ...] = ()
    calls: tuple[CallEntry, ...] = ()


def schedule(terms: BondTerms) -> BondSchedule:
    """The schedule that follows from the terms.

    Coupon dates are counted back from maturity in whole months, each from maturity itself, so that a month without
    such a day has its last one and the next has its own again. What does not fill a period is the first one: short,
    unless `first_coupon_date` makes it long.

    ACT/ACT (ICMA Rule 251) measures a first period by the notional periods that it lies in, which move with the accrual
    dates where those do; a single coupon is measured in whole years before maturity.

    Raises:
        InputError: the terms contradict themselves, or the calendars.
    """
    require_consistent(terms)
    dates = _accrual_dates(terms)
    coupons = tuple(_coupon(terms, dates, number) for number in range(len(dates) - 1))
    if coupons[0].record_day < coupons[0].start_day:
        closes = date_of(coupons[0].record_day)
        raise InputError(f"record_days: the register of coupon 1 closes on {closes}, before the issue")
    for number, (one, other) in enumerate(itertools.pairwise(coupons)):
        if other.record_day <= one.record_day:
            raise InputError(f"record_days: the register of coupon {number + 2} closes no later than that before it")
    return BondSchedule(
        coupons=coupons,
        repayments=tuple(_repayments(terms, dates)),
        calls=tuple(
            CallEntry(day=day_number(each.day), price_millionths=each.price_millionths) for each in terms.calls
        ),
    )


def fixing_due(terms: BondTerms, coupon: CouponEntry) -> date:
    """The last day on which a floating coupon is fixed in time: so many business days before its period ends.

    Raises:
        InputError: the coupon is not floating, or a calendar does not know the year.
    """
    if not isinstance(terms.coupon, FloatingCoupon):
        raise InputError("coupon: it follows no index, so nothing is fixed")
    end = date_of(coupon.end_day)
    return business_days_before(end, terms.coupon.lookback_days, terms.calendars, terms.closed_days)


def notional_dates(terms: BondTerms) -> list[date]:
    """Coupon dates as if the first period were whole, from the one at or before the issue date to maturity."""
    if terms.frequency == 0:
        return [terms.issue_date, terms.maturity_date]
    found = [terms.maturity_date]
    while found[-1] > terms.issue_date:
        found.append(terms.maturity_date - relativedelta(months=_MONTHS // terms.frequency * len(found)))
    return found[::-1]


def _accrual_dates(terms: BondTerms) -> list[date]:
    notional = notional_dates(terms)
    first = terms.first_coupon_date
    if first is None:
        dates = [terms.issue_date, *(day for day in notional if day > terms.issue_date)]
    else:
        if first not in notional:
            near = ", ".join(str(day) for day in notional if day > terms.issue_date)
            raise InputError(
                f"first_coupon_date: {first} is no whole number of periods before maturity; allowed: {near}"
            )
        if sum(terms.issue_date < day < first for day in notional) > 1:
            raise InputError(f"first_coupon_date: {first} makes the first period longer than two")
        dates = [terms.issue_date, *(day for day in notional if day >= first)]
    if not terms.adjusts_accrual:
        return dates
    moved = [dates[0], *(_moved(terms, day) for day in dates[1:])]
    for number, (start, end) in enumerate(itertools.pairwise(moved)):
        if end <= start:
            raise InputError(
                f"business_day_convention: it ends coupon {number + 1} on {end}, not after its start {start}"
            )
    return moved


def _moved(terms: BondTerms, day: date) -> date:
    return adjust(day, terms.business_day_convention, terms.calendars, terms.closed_days)


def _coupon(terms: BondTerms, dates: list[date], number: int) -> CouponEntry:
    start, end = dates[number], dates[number + 1]
    payment = _moved(terms, end)
    record = business_days_before(payment, terms.record_days, terms.calendars, terms.closed_days)
    split, reference, after_split = _references(terms, start, end)
    rate = terms.coupon.rate_millionths if isinstance(terms.coupon, FixedCoupon) else 0
    return CouponEntry(
        start_day=day_number(start),
        end_day=day_number(end),
        split_day=0 if split is None else day_number(split),
        record_day=day_number(record),
        payment_day=day_number(payment),
        reference_days=reference,
        reference_days_after_split=after_split,
        rate_millionths=None if isinstance(terms.coupon, FloatingCoupon) else rate,
    )


def _references(terms: BondTerms, start: date, end: date) -> tuple[date | None, int, int]:
    """Where the period crosses a notional coupon date, and how long the notional periods on both sides are."""
    icma = terms.day_count is DayCount.ACT_ACT_ICMA
    if terms.frequency == 0 and not icma:
        return None, (end - start).days, 0
    notional = _reference_dates(terms)
    inside = [day for day in notional if start < day < end]
    if len(inside) > 1:
        raise InputError(
            f"frequency: a single coupon under ACT/ACT (ICMA) spans at most two years, not {start} to {end}; "
            "allowed: 1, 2, 4, 12"
        )
    pieces = [start, *inside, end]
    lengths = []
    for left, right in itertools.pairwise(pieces):
        began = max(day for day in notional if day <= left)
        ended = min(day for day in notional if day >= right)
        lengths.append((ended - began).days)
    return (inside[0], lengths[0], lengths[1]) if inside else (None, lengths[0], 0)


def _reference_dates(terms: BondTerms) -> list[date]:
    """Notional dates as accrual sees them: moved where it moves; a single coupon counts in whole years.

    A first one before the issue that would move past it stays at the issue, from where interest runs.
    """
    found = notional_dates(terms.model_copy(update={"frequency": terms.frequency or 1}))
    if not terms.adjusts_accrual:
        return found
    first = found[0] if found[0] == terms.issue_date else min(_moved(terms, found[0]), terms.issue_date)
    return [first, *(_moved(terms, day) for day in found[1:])]


def _repayments(terms: BondTerms, dates: list[date]) -> Iterator[RepaymentEntry]:
    for position, repayment in enumerate(terms.repayments):
        if repayment.day not in dates[1:-1]:
            raise InputError(f"repayments[{position}]: {repayment.day} is no coupon date before maturity")
        coupon = dates.index(repayment.day) - 1
        yield RepaymentEntry(coupon=coupon, fraction_millionths=repayment.fraction_millionths)


def date_of(day: int) -> date:
    """Days since 1 January 1970 as a date."""
    return date(1970, 1, 1) + timedelta(days=day)
