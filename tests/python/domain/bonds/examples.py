"""Bonds to test with: the published terms, and what the sources leave open as a parameter."""

from __future__ import annotations

from datetime import date
from typing import Any

from settlement.domain.bonds.calendars import BusinessDayConvention, Calendar
from settlement.domain.bonds.entries import DayCount
from settlement.domain.bonds.terms import BondTerms, FixedCoupon

ISIN = "HK0FICT20231"


def terms(**changes: Any) -> BondTerms:
    """The 2023 issue: HK$800m, 4.05 %, 16 February 2023 to 16 February 2024.

    Half-yearly payment and ACT/365 (Fixed) are assumptions: the sources do not say.
    """
    values: dict[str, Any] = {
        "isin": ISIN,
        "currency": "HKD",
        "nominal": 800_000_000,
        "minimum_denomination": 1_000_000,
        "increment": 500_000,
        "coupon": FixedCoupon(rate_millionths=40_500),
        "day_count": DayCount.ACT_365F,
        "frequency": 2,
        "issue_date": date(2023, 2, 16),
        "maturity_date": date(2024, 2, 16),
        "business_day_convention": BusinessDayConvention.FOLLOWING,
        "calendars": (Calendar.HK,),
    }
    return BondTerms(**(values | changes))


def of_2024(rate_millionths: int, nominal: int, currency: str) -> BondTerms:
    """A tranche of the 2024 issue: two years from 7 February 2024. Half-yearly and ACT/365 (Fixed) are assumptions."""
    return terms(
        currency=currency,
        nominal=nominal,
        coupon=FixedCoupon(rate_millionths=rate_millionths),
        issue_date=date(2024, 2, 7),
        maturity_date=date(2026, 2, 7),
    )
