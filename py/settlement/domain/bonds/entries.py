"""A bond's schedule as its contract keeps it; dates are days since 1 January 1970, rates are in millionths."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from settlement.domain.model import Model

Day = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""Days since 1 January 1970."""

DistributionKind = Literal["coupon", "repayment", "redemption", "early-redemption"]
"""What a paying agent pays."""


def distribution_name(kind: str, number: int) -> str:
    """What a distribution is called: `coupon 2`, `redemption`; numbers are from 1 on."""
    return kind if kind == "redemption" else f"{kind} {number}"


class DayCount(StrEnum):
    """How days are counted, by ISO 20022's InterestComputationMethod code."""

    THIRTY_360_US = "A001"
    ACT_360 = "A004"
    ACT_365F = "A005"
    ACT_ACT_ICMA = "A006"
    THIRTY_E_360 = "A007"


class CouponEntry(Model):
    """A coupon period.

    Attributes:
        start_day: First day that accrues.
        end_day: Day on which the period ends; it accrues in the next one.
        split_day: Where a long first period crosses a notional coupon date under ACT/ACT (ICMA), that date; else 0.
        record_day: Holders at the end of this day are entitled.
        payment_day: Day on which it is paid.
        reference_days: Days of the notional period before the split, or of the only one; ACT/ACT (ICMA) asks.
        reference_days_after_split: The same after the split.
        rate_millionths: Annual rate; None until the index is fixed.
    """

    start_day: Day
    end_day: Day
    split_day: Day = 0
    record_day: Day
    payment_day: Day
    reference_days: Annotated[int, Field(ge=0, le=2**16 - 1)]
    reference_days_after_split: Annotated[int, Field(ge=0, le=2**16 - 1)] = 0
    rate_millionths: Annotated[int, Field(ge=0, le=1_000_000)] | None


class RepaymentEntry(Model):
    """A part of the principal that is repaid with a coupon before the last; in millionths of the original nominal."""

    coupon: Annotated[int, Field(ge=0, lt=2**16)]
    fraction_millionths: Annotated[int, Field(ge=1, lt=1_000_000)]


class CallEntry(Model):
    """From `day` on the issuer may repay everything at this price, in millionths of the principal outstanding."""

    day: Day
    price_millionths: Annotated[int, Field(ge=1, le=2**32 - 1)]


def day_number(day: date) -> int:
    """A date as days since 1 January 1970."""
    return (day - date(1970, 1, 1)).days


def single_coupon(issue_date: date, maturity_date: date, rate_millionths: int) -> CouponEntry:
    """The only coupon of a bond that pays once, at maturity; the record date is the day before."""
    return CouponEntry(
        start_day=day_number(issue_date),
        end_day=day_number(maturity_date),
        record_day=day_number(maturity_date) - 1,
        payment_day=day_number(maturity_date),
        reference_days=(maturity_date - issue_date).days,
        rate_millionths=rate_millionths,
    )
