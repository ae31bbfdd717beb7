"""Resolves bonds: their terms, and what is done in their life."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from settlement.domain.acts import (
    Act,
    AllocateBond,
    ClaimPayment,
    CreateGreenBond,
    CreatePayingAgent,
    ElectAccounts,
    ExitBond,
    OpenBond,
    RecordFixing,
    ReturnSurplus,
)
from settlement.domain.bonds.calendars import BusinessDayConvention, Calendar
from settlement.domain.bonds.entries import DayCount, DistributionKind
from settlement.domain.bonds.schedule import BondSchedule, date_of, fixing_due, schedule
from settlement.domain.bonds.terms import (
    ONE,
    BondTerms,
    Coupon,
    FixedCoupon,
    FloatingCoupon,
    Option,
    PrincipalRepayment,
    ZeroCoupon,
)
from settlement.domain.identifiers import check_dti, check_isin, check_lei
from settlement.domain.instruction import terms_hash
from settlement.domain.quantity import Quantity
from settlement.errors import InputError
from settlement.scenarios.clients import resolve_pass_on
from settlement.scenarios.context import Context, ResolvedBond, document_hash
from settlement.scenarios.crowds import holding, resolve_place
from settlement.scenarios.disclosures import resolve_attest, resolve_disclosure
from settlement.scenarios.language import Action, InstrumentSetUp, Party, PayStep, Perform
from settlement.scenarios.text import Path
from settlement.scenarios.written_base import Written
from settlement.scenarios.written_bonds import (
    AllocateWritten,
    AttestWritten,
    BondAct,
    BondWritten,
    ClaimWritten,
    ElectWritten,
    FixingWritten,
    FloatingWritten,
    OptionWritten,
    PassOnWritten,
    PayWritten,
    PlaceWritten,
    ReturnSurplusWritten,
)

DAY_COUNTS = {
    "30/360": DayCount.THIRTY_360_US,
    "ACT/360": DayCount.ACT_360,
    "ACT/365F": DayCount.ACT_365F,
    "ACT/ACT ICMA": DayCount.ACT_ACT_ICMA,
    "30E/360": DayCount.THIRTY_E_360,
}
"""The market's names of ISO 20022's codes."""

_PERCENT = re.compile(r"(-?[0-9]{1,3}(\.[0-9]{1,18})?) ?%")
_FIELD = re.compile(r"([a-z_]+)(\[([0-9]+)\])?: (.*)", re.DOTALL)
_NAME = re.compile(r"(coupon|repayment|redemption|early-redemption)( ([0-9]{1,5}))?")
_PRICE_DECIMALS = 4


def resolve_bond(context: Context, path: Path, name: str, written: BondWritten) -> InstrumentSetUp:
    """A bond's set-up, and its schedule in the context.

    Raises:
        InputError: the terms contradict themselves or name something unknown; says in which field.
    """
    terms = _terms(context, path, written)
    plan = _schedule(context, path, terms)
    agent = _paying_agent(context, path, name, written)
    context.bonds[name] = ResolvedBond(terms, plan, None if agent is None else agent.party)
    floating = written.coupon if isinstance(written.coupon, FloatingWritten) else None
    calculation_agent = (
        None if floating is None else context.party((*path, "coupon", "calculation_agent"), floating.calculation_agent)
    )
    create = CreateGreenBond(
        instrument=name,
        issuer=written.issuer,
        isin=terms.isin,
        currency=terms.currency,
        nominal=terms.nominal,
        minimum_denomination=terms.minimum_denomination,
        increment=terms.increment,
        day_count=terms.day_count,
        frequency=max(1, terms.frequency),
        utc_offset_seconds=context.utc_offset_seconds % 86_400,
        calculation_agent=calculation_agent,
        coupons=plan.coupons,
        repayments=plan.repayments,
        calls=plan.calls,
        terms_hash=terms.hash,
        framework_hash=document_hash(written.framework.document),
        framework_uri=written.framework.uri,
    )
    return InstrumentSetUp(
        instrument=name,
        kind="green-bond",
        issuer=written.issuer,
        decimals=0,
        currency=terms.currency,
        create=create,
        opens_at_once=written.opens == "at-once",
        paying_agent=agent,
        disclosure=resolve_disclosure(context, path, name, written, terms),
    )


def percent_millionths(context: Context, path: Path, text: str) -> int:
    """A percentage such as "4.05%", in millionths.

    Raises:
        InputError: it is not a percentage up to 100%, or finer than a millionth.
    """
    match = _PERCENT.fullmatch(text)
    if not match:
        raise context.error(path, f"{path[-1]} {text!r} is not a percentage such as 4.05%")
    millionths = Decimal(match[1]) * 10_000
    if millionths != int(millionths):
        raise context.error(path, f"{path[-1]} {text!r} has more than four decimals")
    if abs(millionths) > ONE:
        raise context.error(path, f"{path[-1]} {text!r} is above 100%")
    return int(millionths)


def _terms(context: Context, path: Path, written: BondWritten) -> BondTerms:
    nominal, minimum, increment = (
        context.amount((*path, field), getattr(written, field), 0)
        for field in ("nominal", "minimum_denomination", "increment")
    )
    return BondTerms(
        isin=context.at((*path, "isin"), check_isin, written.isin),
        issuer_lei=None
        if written.issuer_lei is None
        else context.at((*path, "issuer_lei"), check_lei, written.issuer_lei),
        dti=None if written.dti is None else context.at((*path, "dti"), check_dti, written.dti),
        currency=written.currency,
        nominal=nominal,
        minimum_denomination=minimum,
        increment=increment,
        issue_price_millionths=_price(context, (*path, "issue_price"), written.issue_price),
        coupon=_coupon(context, (*path, "coupon"), written),
        yield_millionths=None
        if written.yield_ is None
        else percent_millionths(context, (*path, "yield"), written.yield_),
        day_count=DAY_COUNTS[written.day_count],
        frequency=int(written.frequency),  # type: ignore[arg-type]
        pricing_date=_day_or_none(context, (*path, "pricing_date"), written.pricing_date),
        issue_date=context.day((*path, "issue_date"), written.issue_date),
        maturity_date=context.day((*path, "maturity_date"), written.maturity_date),
        first_coupon_date=_day_or_none(context, (*path, "first_coupon_date"), written.first_coupon_date),
        business_day_convention=BusinessDayConvention(written.business_day_convention),
        calendars=tuple(map(Calendar, written.calendars)),
        closed_days=tuple(
            context.day((*path, "closed_days", index), day) for index, day in enumerate(written.closed_days)
        ),
        adjusts_accrual=written.adjusts_accrual == "true",
        record_days=_small(context, (*path, "record_days"), written.record_days, 1, 30),
        repayments=tuple(
            PrincipalRepayment(
                day=context.day((*path, "repayments", index, "day"), each.day),
                fraction_millionths=_fraction(context, (*path, "repayments", index, "fraction"), each.fraction),
            )
            for index, each in enumerate(written.repayments)
        ),
        calls=_options(context, (*path, "calls"), written.calls),
        puts=_options(context, (*path, "puts"), written.puts),
    )


def _day_or_none(context: Context, path: Path, text: str | None) -> date | None:
    return None if text is None else context.day(path, text)


def _coupon(context: Context, path: Path, written: BondWritten) -> Coupon:
    if written.coupon == "zero":
        return ZeroCoupon()
    if not isinstance(written.coupon, FloatingWritten):
        rate = percent_millionths(context, path, written.coupon)
        if rate < 0:
            raise context.error(path, f"coupon {written.coupon!r} is below zero")
        return FixedCoupon(rate_millionths=rate)
    return FloatingCoupon(
        index=written.coupon.index,
        spread_millionths=percent_millionths(context, (*path, "spread"), written.coupon.spread),
        lookback_days=_small(context, (*path, "lookback_days"), written.coupon.lookback_days, 0, 30),
    )


def _schedule(context: Context, path: Path, terms: BondTerms) -> BondSchedule:
    try:
        return schedule(terms)
    except InputError as error:
        found = _FIELD.fullmatch(error.problem)
        if found is None:
            raise context.error(path, error.problem) from None
        at: Path = (*path, found[1]) if found[3] is None else (*path, found[1], int(found[3]))
        raise context.error(at, found[4]) from None


def _paying_agent(context: Context, path: Path, name: str, written: BondWritten) -> CreatePayingAgent | None:
    agent = written.paying_agent
    if agent is None:
        return None
    at: Path = (*path, "paying_agent")
    cash = context.of_kind((*at, "cash"), agent.cash, "tokenized-deposit")
    if cash.currency != written.currency:
        raise context.error((*at, "cash"), f"{agent.cash} is in {cash.currency}, and the bond in {written.currency}")
    if agent.party in context.parties:
        raise context.error((*at, "party"), f"{agent.party} is a party already: the paying agent is a new one")
    operator = context.party((*at, "operator"), agent.operator)
    context.parties[agent.party] = Party(
        party=agent.party, name=f"Paying agent of {name}", roles=("paying-agent",), is_contract=True
    )
    return CreatePayingAgent(party=agent.party, bond=name, cash=agent.cash, operator=operator)


def _options(context: Context, path: Path, written: list[OptionWritten]) -> tuple[Option, ...]:
    return tuple(
        Option(
            day=context.day((*path, index, "day"), each.day),
            price_millionths=_price(context, (*path, index, "price"), each.price),
        )
        for index, each in enumerate(written)
    )


def _price(context: Context, path: Path, text: str) -> int:
    price = context.amount(path, text, _PRICE_DECIMALS)
    if price > 10 * ONE:
        raise context.error(path, f"price {text} is above 1,000 per 100")
    return price


def _fraction(context: Context, path: Path, text: str) -> int:
    fraction = percent_millionths(context, path, text)
    if not 0 < fraction < ONE:
        raise context.error(path, f"fraction {text!r} is not above 0% and below 100%")
    return fraction


def _small(context: Context, path: Path, text: str, least: int, most: int) -> int:
    if not least <= int(text) <= most:
        raise context.error(path, f"{path[-1]} is {text}; allowed: {least} to {most}")
    return int(text)


# ---- what is done ----------------------------------------------------------------------------------------------------


def resolve_bond_action(context: Context, path: Path, word: str, written: Written) -> Action | None:
    """What a step does with a bond; None where it is about something else.

    Raises:
        InputError: it names something unknown, or what the terms do not allow.
    """
    if not isinstance(written, BondAct):
        return None
    bond = context.of_kind((*path, "bond"), written.bond, "green-bond")
    match written:
        case AllocateWritten():
            return Perform(act=_allocate(context, path, written))
        case FixingWritten():
            return Perform(act=_fixing(context, path, bond, written))
        case ElectWritten():
            return Perform(act=_elect(context, path, written))
        case AttestWritten():
            return resolve_attest(context, path, bond, written)
        case PlaceWritten():
            return resolve_place(context, path, written)
        case PayWritten():
            return _pay(context, path, bond, written)
        case ClaimWritten():
            agent, operator = _agent(context, path, bond)
            number = _number(context, path, written.bond, written.what, written.number)
            holder = context.party((*path, "holder"), written.holder)
            return Perform(
                act=ClaimPayment(agent=agent, by=operator, distribution=written.what, index=number, holder=holder)
            )
        case PassOnWritten():
            agent, _ = _agent(context, path, bond)
            number = _number(context, path, written.bond, written.what, written.number)
            return resolve_pass_on(context, path, written, agent, number)
        case ReturnSurplusWritten():
            agent, _ = _agent(context, path, bond)
            money = context.of_kind((*path, "to"), written.to, "tokenized-deposit")
            amount = context.amount((*path, "amount"), written.amount, money.decimals)
            quantity = Quantity(instrument=written.to, amount=amount)
            return Perform(act=ReturnSurplus(agent=agent, by=bond.issuer, quantity=quantity))
        case _:
            act: Act = OpenBond(instrument=written.bond) if word == "open_bond" else ExitBond(instrument=written.bond)
            return Perform(act=act)


def read_distribution(context: Context, path: Path, bond: str, name: str) -> tuple[DistributionKind, int]:
    """A distribution by its name; the number is from 0 on.

    Raises:
        InputError: there is none of that name.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise context.error(
            path, f"{name!r} is no distribution; write coupon 1, repayment 1, redemption or early-redemption 1"
        )
    agent_of = context.instruments[bond]
    _agent(context, path, agent_of)
    kind: DistributionKind = match[1]  # type: ignore[assignment]
    return kind, _number(context, path[:-1], bond, kind, match[3] or "1", name)


def _allocate(context: Context, path: Path, written: AllocateWritten) -> AllocateBond:
    terms = context.bonds[written.bond].terms
    total = 0
    for party, text in written.allocations.items():
        at: Path = (*path, "allocations", party)
        context.party(at, party)
        nominal = holding(context, at, written.bond, text)
        if written.orders is not None:
            ordered = written.orders.get(party)
            if ordered is None:
                raise context.error(at, f"{party} is allocated {text} and has no order in the book")
            if nominal > context.amount((*path, "orders", party), ordered, 0):
                raise context.error(at, f"{party} is allocated {text} and ordered {ordered}: at most what was ordered")
        total += nominal
    if total > terms.nominal:
        raise context.error((*path, "allocations"), f"{total:,} is allocated in all; the terms allow {terms.nominal:,}")
    return AllocateBond(
        quantity=Quantity(instrument=written.bond, amount=total),
        allocation_hash=terms_hash({"bond": written.bond, "allocations": dict(written.allocations)}),
    )


def _fixing(context: Context, path: Path, bond: InstrumentSetUp, written: FixingWritten) -> RecordFixing:
    create = bond.create
    assert isinstance(create, CreateGreenBond)  # noqa: S101 - bonds are made by nothing else
    if create.calculation_agent is None:
        raise context.error((*path, "bond"), f"the coupon of {written.bond} follows no index, so nothing is fixed")
    rate = percent_millionths(context, (*path, "rate"), written.rate)
    if rate < 0:
        raise context.error((*path, "rate"), f"rate {written.rate!r} is below zero: a coupon is not paid by its holder")
    number = _number(context, path, written.bond, "coupon", written.coupon, "coupon")
    resolved = context.bonds[written.bond]
    due = fixing_due(resolved.terms, resolved.schedule.coupons[number])
    late = date_of((context.clock + context.utc_offset_seconds) // 86_400) > due
    if late and written.late_because is None:
        raise context.error(
            (*path, "coupon"), f"coupon {written.coupon} was to be fixed by {due}: say why it is late (late_because)"
        )
    if written.late_because is not None and not late:
        raise context.error(
            (*path, "late_because"), f"coupon {written.coupon} is to be fixed by {due}, so it is in time"
        )
    source = written.source if written.late_because is None else f"{written.source} (late: {written.late_because})"
    if len(source.encode()) > 256:
        raise context.error((*path, "source"), "source and reason are longer than 256 bytes together")
    coupons = list(resolved.schedule.coupons)
    coupons[number] = coupons[number].model_copy(update={"rate_millionths": rate})
    fixed = resolved.schedule.model_copy(update={"coupons": tuple(coupons)})
    context.bonds[written.bond] = resolved._replace(schedule=fixed)  # For the trades that are priced from here on.
    return RecordFixing(
        instrument=written.bond,
        by=create.calculation_agent,
        coupon=number,
        rate_millionths=rate,
        source=source,
    )


def _elect(context: Context, path: Path, written: ElectWritten) -> ElectAccounts:
    bond = context.instruments[written.bond]
    agent, operator = _agent(context, path, bond)
    for party, money in written.accounts.items():
        context.party((*path, "accounts", party), party)
        context.of_kind((*path, "accounts", party), money, "tokenized-deposit")
    if written.by is None:
        return ElectAccounts(agent=agent, by=operator, accounts=written.accounts)
    by = context.party((*path, "by"), written.by)
    if set(written.accounts) != {by}:
        raise context.error((*path, "accounts"), f"{by} speaks for itself alone: name its own account, and no other")
    return ElectAccounts(agent=agent, by=by, accounts=written.accounts, as_operator=False)


def _pay(context: Context, path: Path, bond: InstrumentSetUp, written: PayWritten) -> PayStep:
    agent, operator = _agent(context, path, bond)
    return PayStep(
        bond=written.bond,
        agent=agent,
        by=bond.issuer if written.what == "early-redemption" else operator,
        distribution=written.what,
        index=_number(context, path, written.bond, written.what, written.number),
        page=_small(context, (*path, "page"), written.page, 1, 10_000),
        pages=None if written.pages is None else _small(context, (*path, "pages"), written.pages, 0, 1_000_000),
    )


def _agent(context: Context, path: Path, bond: InstrumentSetUp) -> tuple[str, str]:
    if bond.paying_agent is None:
        raise context.error((*path, "bond"), f"{bond.instrument} has no paying agent: add paying_agent to its terms")
    return bond.paying_agent.party, bond.paying_agent.operator


def _number(context: Context, path: Path, bond: str, what: str, text: str, field: str = "number") -> int:
    plan = context.bonds[bond].schedule
    count = {
        "coupon": len(plan.coupons),
        "repayment": len(plan.repayments),
        "redemption": 1,
        "early-redemption": len(plan.calls),
    }[what]
    if not 1 <= int(text) <= count:
        allowed = f"1 to {count}" if count else f"{bond} has none"
        raise context.error((*path, field), f"{what} {text} is not in the schedule; allowed: {allowed}")
    return int(text) - 1
