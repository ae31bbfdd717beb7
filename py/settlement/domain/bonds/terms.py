"""A bond's terms: what its prospectus says, as far as it decides who gets how much when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, field_validator

from settlement.domain.bonds.calendars import BusinessDayConvention, Calendar
from settlement.domain.bonds.entries import DayCount
from settlement.domain.identifiers import check_dti, check_isin, check_lei
from settlement.domain.instruction import canonical_json, terms_hash
from settlement.domain.model import Model
from settlement.errors import InputError

ONE = 1_000_000
"""Rates, prices and fractions are in millionths: 4.05 % is 40,500, par is 1,000,000."""

Rate = Annotated[int, Field(ge=0, le=ONE)]
Price = Annotated[int, Field(ge=1, le=10 * ONE)]


class FixedCoupon(Model):
    """The same annual rate in every period."""

    kind: Literal["fixed"] = "fixed"
    rate_millionths: Rate


class ZeroCoupon(Model):
    """No interest: the bond is issued below what it repays."""

    kind: Literal["zero"] = "zero"


class FloatingCoupon(Model):
    """An index, fixed for each period by the calculation agent, and a spread.

    Attributes:
        index: Its name, such as HONIA.
        spread_millionths: Added to it.
        lookback_days: How many business days before a period ends the index is fixed at the latest.
    """

    kind: Literal["floating"] = "floating"
    index: Annotated[str, Field(min_length=1, max_length=40)]
    spread_millionths: Annotated[int, Field(ge=-ONE, le=ONE)] = 0
    lookback_days: Annotated[int, Field(ge=0, le=30)] = 5


Coupon = Annotated[FixedCoupon | ZeroCoupon | FloatingCoupon, Field(discriminator="kind")]


class PrincipalRepayment(Model):
    """A part of the original nominal that is repaid on a coupon date before maturity."""

    day: date
    fraction_millionths: Annotated[int, Field(ge=1, lt=ONE)]


class Option(Model):
    """A day from which the issuer may call the bond, or a holder put it, and the price of its principal."""

    day: date
    price_millionths: Price


class BondTerms(Model):
    """Terms of a bond. Nominal, denomination and increment are whole units of the currency.

    Attributes:
        isin: ISO 6166, with its check digit.
        issuer_lei: The issuer's ISO 17442 identifier; None where it has none.
        dti: ISO 24165 identifier of the token; None where it has none.
        currency: ISO 4217.
        nominal: What may be issued.
        minimum_denomination: The smallest holding.
        increment: The step in which it moves.
        issue_price_millionths: At par 1,000,000; apart from coupon and yield.
        coupon: Fixed, zero or floating.
        yield_millionths: At issue; for information.
        day_count: How days are counted.
        frequency: Coupons a year; 0 for a single one at maturity.
        pricing_date: When it was priced; None where unknown.
        issue_date: From when interest runs.
        maturity_date: When it is due.
        first_coupon_date: Where the first period is shorter or longer than the others.
        business_day_convention: Where a payment goes that falls on no business day.
        calendars: Places in all of which payments have to be made that day.
        closed_days: Days that are closed besides holidays, such as one moved by a typhoon.
        adjusts_accrual: Whether interest runs to the moved day.
        record_days: How many business days before the payment the register is looked at.
        repayments: Amortisation.
        calls: The issuer's.
        puts: The holders'.
    """

    isin: str
    issuer_lei: str | None = None
    dti: str | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    nominal: Annotated[int, Field(ge=1, lt=2**96)]
    minimum_denomination: Annotated[int, Field(ge=1)]
    increment: Annotated[int, Field(ge=1)]
    issue_price_millionths: Price = ONE
    coupon: Coupon
    yield_millionths: Annotated[int, Field(ge=-ONE, le=ONE)] | None = None
    day_count: DayCount
    frequency: Literal[0, 1, 2, 4, 12]
    pricing_date: date | None = None
    issue_date: date
    maturity_date: date
    first_coupon_date: date | None = None
    business_day_convention: BusinessDayConvention = BusinessDayConvention.FOLLOWING
    calendars: tuple[Calendar, ...] = ()
    closed_days: tuple[date, ...] = ()
    adjusts_accrual: bool = False
    record_days: Annotated[int, Field(ge=1, le=30)] = 1
    repayments: tuple[PrincipalRepayment, ...] = ()
    calls: tuple[Option, ...] = ()
    puts: tuple[Option, ...] = ()

    @field_validator("isin")
    @classmethod
    def _isin(cls, isin: str) -> str:
        return check_isin(isin)

    @property
    def canonical_json(self) -> str:
        """The text that is hashed: every field, dates as ISO 8601, sorted keys, no white space."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def hash(self) -> str:
        """SHA-256 of the terms' canonical JSON: what the bond's contract keeps."""
        return terms_hash(self.model_dump(mode="json"))

    @property
    def price_fraction(self) -> Decimal:
        """The issue price as a part of par."""
        return Decimal(self.issue_price_millionths) / ONE


def require_consistent(terms: BondTerms) -> BondTerms:
    """Returns terms that do not contradict themselves.

    Raises:
        InputError: they do; `where` of the error's first word is the field.
    """
    for field, problem in _contradictions(terms):
        raise InputError(f"{field}: {problem}")
    return terms


def _contradictions(terms: BondTerms) -> Iterable[tuple[str, str]]:
    if terms.issuer_lei is not None:
        check_lei(terms.issuer_lei)
    if terms.dti is not None:
        check_dti(terms.dti)
    if terms.minimum_denomination % terms.increment:
        yield "minimum_denomination", "it is no multiple of the increment"
    if terms.nominal % terms.increment:
        yield "nominal", "it is no multiple of the increment"
    if terms.nominal < terms.minimum_denomination:
        yield "nominal", "it is below the minimum denomination"
    if terms.maturity_date <= terms.issue_date:
        yield "maturity_date", f"{terms.maturity_date} is not after the issue on {terms.issue_date}"
    if terms.pricing_date is not None and terms.pricing_date > terms.issue_date:
        yield "pricing_date", f"{terms.pricing_date} is after the issue on {terms.issue_date}"
    first = terms.first_coupon_date
    if first is not None:
        if terms.frequency == 0:
            yield "first_coupon_date", "a bond with a single coupon, at maturity, has no first one before"
        if not terms.issue_date < first <= terms.maturity_date:
            yield "first_coupon_date", f"{first} is not between issue and maturity"
    if isinstance(terms.coupon, ZeroCoupon) and terms.frequency != 0:
        yield "frequency", "a bond without coupons has no frequency: 0"
    if isinstance(terms.coupon, ZeroCoupon) and terms.repayments:
        yield "repayments", "a bond without coupons is repaid at maturity"
    yield from _in_order("repayments", [each.day for each in terms.repayments], terms)
    yield from _in_order("calls", [each.day for each in terms.calls], terms)
    yield from _in_order("puts", [each.day for each in terms.puts], terms)
    if sum(each.fraction_millionths for each in terms.repayments) >= ONE:
        yield "repayments", "they are the whole principal or more, and nothing is left for maturity"


def _in_order(field: str, days: list[date], terms: BondTerms) -> Iterable[tuple[str, str]]:
    for position, day in enumerate(days):
        if not terms.issue_date < day < terms.maturity_date:
            yield f"{field}[{position}]", f"{day} is not between issue and maturity"
        if position and day <= days[position - 1]:
            yield f"{field}[{position}]", f"{day} is not after {days[position - 1]}, which comes before it in the list"
