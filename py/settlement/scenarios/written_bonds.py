"""Bonds in the scenario language: their terms, and what is done in their life."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema

from settlement.domain.bonds.disclosure import DisclosureKind, UseOfProceeds
from settlement.domain.bonds.entries import DistributionKind
from settlement.scenarios.written_base import (
    Amount,
    Day,
    Flag,
    InstrumentName,
    PartyName,
    Text,
    Whole,
    Written,
    shape,
)

Percent = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?\s?%$"})]

DayCountName = Literal["30/360", "ACT/360", "ACT/365F", "ACT/ACT ICMA", "30E/360"]

Convention = Literal["following", "modified-following", "preceding", "none"]

BondStatusName = Literal["closing", "live", "redeeming", "repaid", "exited"]


class FrameworkWritten(Written):
    """A bond's green framework: where it is and what it says."""

    uri: Text
    document: Text


class FloatingWritten(Written):
    """An index and a spread; the calculation agent fixes it for each period."""

    index: Annotated[str, Field(min_length=1, max_length=40)]
    spread: Percent = "0%"
    lookback_days: Whole = "5"
    calculation_agent: PartyName


class RepaymentWritten(Written):
    """A part of the original nominal that is repaid on a coupon date."""

    day: Day
    fraction: Percent


class OptionWritten(Written):
    """A day from which the issuer may call the bond, or a holder put it, at a price per 100."""

    day: Day
    price: Amount


class PayingAgentWritten(Written):
    """The contract that pays the holders: its name as a party, the deposits it pays from, and who operates it."""

    party: PartyName
    cash: InstrumentName
    operator: PartyName


class CommitmentWritten(Written):
    """What the issuer promises to publish by the end of a day, and who signs it."""

    kind: DisclosureKind
    due: Day
    by: PartyName


class BondWritten(Written):
    """A green bond; nominal, minimum and increment in whole units of currency."""

    kind: Literal["green-bond"]
    issuer: PartyName
    isin: Text
    issuer_lei: Text | None = None
    dti: Annotated[str, Field(pattern=r"^[1-9B-DF-HJ-NP-TV-XZ][0-9B-DF-HJ-NP-TV-XZ]{8}$")] | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    nominal: Amount
    minimum_denomination: Amount
    increment: Amount
    issue_price: Amount = "100"
    coupon: Annotated[
        Annotated[Percent | Literal["zero"], Tag("<text>")] | Annotated[FloatingWritten, Tag("<mapping>")],
        Discriminator(shape),
    ]
    yield_: Percent | None = Field(default=None, alias="yield")
    day_count: DayCountName
    frequency: Literal["0", "1", "2", "4", "12"] = "0"
    pricing_date: Day | None = None
    issue_date: Day
    maturity_date: Day
    first_coupon_date: Day | None = None
    business_day_convention: Convention = "following"
    calendars: list[Literal["HK", "TARGET", "US", "CN"]] = Field(default_factory=list)
    closed_days: list[Day] = Field(default_factory=list)
    adjusts_accrual: Flag = "false"
    record_days: Whole = "1"
    repayments: list[RepaymentWritten] = Field(default_factory=list)
    calls: list[OptionWritten] = Field(default_factory=list)
    puts: list[OptionWritten] = Field(default_factory=list)
    opens: Literal["at-once", "when-delivered"] = "at-once"
    paying_agent: PayingAgentWritten | None = None
    framework: FrameworkWritten
    use_of_proceeds: list[UseOfProceeds] = Field(default_factory=list)
    disclosures: Annotated[list[CommitmentWritten], Field(max_length=64)] = Field(default_factory=list)


# ---- what is done ----------------------------------------------------------------------------------------------------


class BondAct(Written):
    """The issuer acts on its bond."""

    bond: InstrumentName


class AllocateWritten(BondAct):
    """Who gets how much of the issue; with the orders of the book, within them."""

    allocations: Annotated[dict[PartyName, Amount], Field(min_length=1)]
    orders: dict[PartyName, Amount] | None = None


class PlaceWritten(BondAct):
    """Deliver an issue free of payment to every member of a crowd: these nominals in turn."""

    crowd: PartyName
    nominals: Annotated[list[Amount], Field(min_length=1)]


class FixingWritten(BondAct):
    """The calculation agent fixes a coupon's rate, spread included; after the day it was due by with the reason."""

    coupon: Whole
    rate: Percent
    source: Annotated[str, Field(min_length=1, max_length=160)]
    late_because: Annotated[str, Field(min_length=1, max_length=80)] | None = None


class ElectWritten(BondAct):
    """In which deposits holders are paid; a holder's own word where there is `by`."""

    accounts: Annotated[dict[PartyName, InstrumentName], Field(min_length=1)]
    by: PartyName | None = None


class PayWritten(BondAct):
    """Pay a coupon, a repayment or the principal to everybody on the register, in pages of so many."""

    what: DistributionKind
    number: Whole = "1"
    page: Whole = "250"
    pages: Whole | None = None


class ClaimWritten(BondAct):
    """Pay a holder what was set aside for it."""

    what: DistributionKind
    number: Whole = "1"
    holder: PartyName


class ReturnSurplusWritten(BondAct):
    """The paying agent gives the issuer back what nobody is owed."""

    to: InstrumentName
    amount: Amount


class AttestWritten(BondAct):
    """A document that was promised, signed by its attester, or as it seems by another."""

    disclosure: Whole
    document: Annotated[Any, WithJsonSchema({"type": ["object", "string"]})]
    uri: Annotated[str, Field(min_length=1, max_length=256)]
    signed_by: PartyName | None = None


class PassOnWritten(BondAct):
    """A custodian shares what the paying agent paid it among its clients, by what each had at the record time.

    How much that is, is read from the chain. It is booked under the distribution's name, such as `bond/coupon-1`, so it
    is once. Refused with `ClientBook_NothingReceived` where it was not paid (yet),
    `ClientBook_OtherMoney` where in other deposits, `ClientBook_NotReconciled` where its clients' positions are not
    what it was paid on, and as `book_clients` is.
    """

    custodian: PartyName
    what: DistributionKind
    number: Whole = "1"
    instrument: InstrumentName


class DistributionWritten(Written):
    """What a distribution came to."""

    due: Amount
    paid: Amount
    set_aside: Amount
