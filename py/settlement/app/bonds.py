"""Bonds on the chain that is up: their registers, their schedules, and what they pay."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from settlement.app import connect
from settlement.app.chain import deployment_of
from settlement.app.stored import journal_path, stored_run
from settlement.domain.bonds.entries import CouponEntry, DistributionKind, day_number
from settlement.domain.bonds.interest import period_of
from settlement.domain.bonds.schedule import date_of
from settlement.domain.bonds.terms import FloatingCoupon
from settlement.domain.directory import InstrumentRecord
from settlement.domain.quantity import format_amount
from settlement.domain.wording import listed
from settlement.durable.chains import ChainStore
from settlement.errors import InputError, Location, Reason, Refused
from settlement.files import read_plain
from settlement.flow.disclosing import attest
from settlement.flow.network import Network
from settlement.flow.servicing import claim_payments, pay_distribution
from settlement.ports import BondOnChain, Disclosed, Distribution, Movement, PrincipalLine, RegisterLine, SetAside
from settlement.scenarios.load import load_scenario


class CouponLine(NamedTuple):
    """A coupon: its number from 1 on, the period, and how far its payment has come."""

    number: int
    coupon: CouponEntry
    distribution: Distribution | None


class BondView(NamedTuple):
    """A bond on the chain that is up: the network, what the directory says of it, and its contract's terms."""

    network: Network
    record: InstrumentRecord
    terms: BondOnChain
    status: str


class Difference(NamedTuple):
    """A field in which a file and the chain differ."""

    field: str
    file: str
    chain: str


def open_bond(bond: str, run: int | None = None, store: ChainStore | None = None) -> BondView:
    """A bond of a run on the chain that is up; of the last one.

    Raises:
        InputError: no chain is up, there is no such run, or no such bond in it.
    """
    store = store or ChainStore()
    stored, chain = stored_run(store, run)
    network = connect(
        chain.url,
        deployment=deployment_of(chain),
        label=stored.label,
        directory=stored.directory,
        journal=journal_path(store),
    )
    record = network.ledger.directory.instrument(bond)
    if record.kind != "green-bond":
        bonds = [each.instrument for each in stored.directory.instruments.values() if each.kind == "green-bond"]
        raise InputError(f"{bond} is a {record.kind}; bonds of this run: {', '.join(bonds) or 'none'}")
    return BondView(network, record, network.ledger.bond_terms(bond), network.ledger.bond_status(bond))


def register(view: BondView, coupon: int | None = None) -> tuple[RegisterLine, ...]:
    """Who holds the bond now, or held it at the record time of a coupon (from 1 on).

    Raises:
        InputError: there is no such coupon.
        Refused: its record time has not passed.
    """
    if coupon is not None and not 1 <= coupon <= len(view.terms.schedule.coupons):
        raise InputError(f"coupon {coupon} is not in the schedule; allowed: 1 to {len(view.terms.schedule.coupons)}")
    return view.network.ledger.register(view.record.instrument, None if coupon is None else coupon - 1)


def principal_lines(view: BondView) -> tuple[PrincipalLine, ...]:
    """Every repayment, the redemption, and every call, and how far its payment has come."""
    agent, plan = view.record.paying_agent, view.terms.schedule

    def line(
        what: DistributionKind, index: int, day: int, fraction: int | None = None, price: int | None = None
    ) -> PrincipalLine:
        state = None if agent is None else view.network.ledger.distribution(agent, what, index)
        return PrincipalLine(what, index + 1, date_of(day), fraction, price, state)

    repayments = [
        line("repayment", index, plan.coupons[each.coupon].payment_day, each.fraction_millionths)
        for index, each in enumerate(plan.repayments)
    ]
    calls = [
        line("early-redemption", index, each.day, price=each.price_millionths) for index, each in enumerate(plan.calls)
    ]
    return (*repayments, line("redemption", 0, plan.coupons[-1].payment_day), *calls)


def register_at(view: BondView, time: int) -> tuple[RegisterLine, ...]:
    """Who held the bond at the end of a second, from its contract's events alone, in the order in which they came.

    Raises:
        Refused: the chain is not past that second.
    """
    now = view.network.ledger.head().timestamp
    if time >= now:
        shown = [f"{datetime.fromtimestamp(each, UTC):%Y-%m-%d %H:%M:%S} UTC" for each in (time, now)]
        raise Refused([Reason("NotPassed", {}, f"{shown[0]} has not passed: the chain is at {shown[1]}")])
    balances: dict[str, int] = {}
    for movement in view.network.ledger.movements(view.record.instrument):
        if movement.time > time:
            break
        for holder, nominal in ((movement.giver, -movement.nominal), (movement.receiver, movement.nominal)):
            if holder is not None:
                balances[holder] = balances.get(holder, 0) + nominal
    name_of = view.network.ledger.directory.name_of
    return tuple(RegisterLine(holder, name_of(holder), nominal) for holder, nominal in balances.items() if nominal)


class HistoryLine(NamedTuple):
    """A movement by names, and what either side held afterwards; None where nominal came into being or ceased to be."""

    movement: Movement
    giver: str | None
    giver_after: int | None
    receiver: str | None
    receiver_after: int | None


def history(view: BondView, holder: str | None = None) -> tuple[HistoryLine, ...]:
    """Who gave whom how much and when, and what each held afterwards; of one holder, or of all.

    Raises:
        InputError: no such holder is known.
    """
    directory = view.network.ledger.directory
    wanted = None if holder is None else directory.address_of(holder).lower()
    balances: dict[str, int] = {}
    found = []
    for movement in view.network.ledger.movements(view.record.instrument):
        after: list[int | None] = []
        for account, nominal in ((movement.giver, -movement.nominal), (movement.receiver, movement.nominal)):
            if account is not None:
                balances[account] = balances.get(account, 0) + nominal
            after.append(None if account is None else balances[account])
        sides = [movement.giver, movement.receiver]
        if wanted is None or wanted in {side.lower() for side in sides if side is not None}:
            names = [None if side is None else directory.name_of(side) for side in sides]
            found.append(HistoryLine(movement, names[0], after[0], names[1], after[1]))
    return tuple(found)


def moment_of(view: BondView, text: str) -> int:
    """A day, meaning its last second where the bond's days end, or a time with its offset from UTC, as Unix time.

    Raises:
        InputError: it is neither.
    """
    offset = view.network.ledger.bond_creation(view.record.instrument).utc_offset_seconds
    try:
        if len(text) == len("2023-02-16"):
            return (day_number(date.fromisoformat(text)) + 1) * 86_400 - offset - 1
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(f"{text!r} is neither a day such as 2023-02-16 nor a time such as 2023-02-16T09:00:00+08:00")
    return int(moment.timestamp())


def coupon_lines(view: BondView) -> tuple[CouponLine, ...]:
    """Every coupon, and how far its payment has come where the bond has a paying agent."""
    agent = view.record.paying_agent
    return tuple(
        CouponLine(
            number + 1, coupon, None if agent is None else view.network.ledger.distribution(agent, "coupon", number)
        )
        for number, coupon in enumerate(view.terms.schedule.coupons)
    )


def holdings_over_time(view: BondView) -> tuple[tuple[str, ...], Mapping[str, tuple[int, ...]]]:
    """Who held how much at each record time that has passed, and now: the times, and for each holder a nominal each."""
    coupons = view.terms.schedule.coupons
    times, registers = [], []
    for number, coupon in enumerate(coupons):
        try:
            lines = register(view, number + 1)
        except Refused:
            break  # From here on no record time has passed.
        times.append(date_of(coupon.record_day).isoformat())
        registers.append({line.holder: line.nominal for line in lines})
    times.append(date_of(_today(view)).isoformat())
    registers.append({line.holder: line.nominal for line in register(view)})
    holders = dict.fromkeys(holder for found in registers for holder in found)
    return tuple(times), {holder: tuple(found.get(holder, 0) for found in registers) for holder in holders}


def current_coupon(view: BondView) -> int | None:
    """The number, from 1 on, of the coupon that accrues at the chain's newest block; None where none does."""
    coupons, today = view.terms.schedule.coupons, _today(view)
    if view.status not in ("closing", "live") or not coupons[0].start_day <= today < coupons[-1].end_day:
        return None
    return period_of(view.terms.schedule, today) + 1


def _today(view: BondView) -> int:
    """The day, since 1970, that it is where the bond's days begin and end."""
    offset = view.network.ledger.bond_creation(view.record.instrument).utc_offset_seconds
    return (view.network.ledger.head().timestamp + offset) // 86_400


class DisclosureView(NamedTuple):
    """What a bond's money is for, and what its issuer promised to publish and published."""

    use_of_proceeds: tuple[str, ...]
    disclosures: tuple[Disclosed, ...]


def disclosures(view: BondView) -> DisclosureView:
    """What a bond's issuer promised to publish, and what was attested.

    Raises:
        InputError: it promised nothing.
    """
    bond = view.record.instrument
    return DisclosureView(view.network.ledger.use_of_proceeds(bond), view.network.ledger.disclosures(bond))


def attest_document(view: BondView, number: int, document: Path, uri: str, signed_by: str | None = None) -> Disclosed:
    """Has a document signed by its attester, or by the party named, and recorded; `number` is from 1 on.

    Raises:
        InputError: the file cannot be read, or the issuer promised no such disclosure.
        Refused: somebody else than the attester signed.
    """
    try:
        content = read_plain(document)
    except OSError as error:
        raise InputError(f"the document cannot be read: {error.strerror}", Location(file=str(document))) from error
    if not content:
        raise InputError("the document is empty", Location(file=str(document)))
    digest = "0x" + hashlib.sha256(content).hexdigest()
    bond = view.record.instrument
    if signed_by is not None:
        view.network.ledger.directory.address_of(signed_by)  # Says which parties there are.
    attest(view.network.desk, bond, number - 1, digest, uri, signed_by)
    return view.network.ledger.disclosures(bond)[number - 1]


def compare_with_file(view: BondView, scenario: str) -> tuple[Difference, ...]:
    """Every field in which a scenario's terms of a bond differ from what its contract keeps; none is good.

    Raises:
        InputError: the file has a fault, or no such bond.
    """
    name = view.record.instrument
    loaded = load_scenario(scenario)
    if name not in loaded.bonds:
        raise InputError(f"{scenario} has no bond {name!r}; allowed: {', '.join(loaded.bonds) or 'none'}")
    terms, plan = loaded.bonds[name]
    chain = view.terms
    fields = {
        "isin": (terms.isin, chain.isin),
        "currency": (terms.currency, chain.currency),
        "nominal": (terms.nominal, chain.nominal),
        "minimum_denomination": (terms.minimum_denomination, chain.minimum_denomination),
        "increment": (terms.increment, chain.increment),
        "day_count": (terms.day_count, chain.day_count),
        "frequency": (max(1, terms.frequency), chain.frequency),
        "terms_hash": (terms.hash, chain.terms_hash),
    }
    found = [Difference(field, str(ours), str(theirs)) for field, (ours, theirs) in fields.items() if ours != theirs]
    kept = chain.schedule
    floats = isinstance(terms.coupon, FloatingCoupon)  # Then fixings are no part of the terms.
    for what, our_entries, their_entries in (
        ("coupon", plan.coupons, kept.coupons),
        ("repayment", plan.repayments, kept.repayments),
        ("call", plan.calls, kept.calls),
    ):
        if len(our_entries) != len(their_entries):
            found.append(Difference(f"{what}s", str(len(our_entries)), str(len(their_entries))))
        for number, (ours, theirs) in enumerate(zip(our_entries, their_entries, strict=False), start=1):
            for field, our_value in ours.model_dump().items():
                their_value = getattr(theirs, field)
                if our_value != their_value and not (floats and field == "rate_millionths"):
                    shown = _shown(field, our_value), _shown(field, their_value)
                    found.append(Difference(f"{what} {number}: {field.removesuffix('_millionths')}", *shown))
    return tuple(found)


def _shown(field: str, value: int | None) -> str:
    """A value of a schedule's entry as people read it."""
    if field.endswith("_millionths"):
        return "not fixed" if value is None else f"{format_amount(value, 4)}%"
    if (field == "day" or field.endswith("_day")) and value:
        return date_of(value).isoformat()
    return str(value)


def pay(
    view: BondView,
    kind: DistributionKind,
    number: int,
    page: int,
    on_page: Callable[[Distribution], None] = lambda _: None,
) -> Distribution:
    """Pays a coupon, a repayment or the principal, from wherever that was left.

    Raises:
        InputError: the bond has no paying agent.
        Refused: it is too early, nobody is entitled, or the money is not there.
    """
    agent = _require_distribution(view, kind, number)
    state, _ = pay_distribution(view.network.desk, agent, view.record.issuer, kind, number - 1, page, on_page=on_page)
    return state


class Claimed(NamedTuple):
    """What was set aside for a holder, and why it could not be paid now; no reasons where it was."""

    set_aside: SetAside
    reasons: tuple[Reason, ...]


def claim(view: BondView, kind: DistributionKind, number: int, holder: str | None = None) -> tuple[Claimed, ...]:
    """Pays what was set aside of a distribution to a holder, or to everybody who can be paid now.

    Raises:
        InputError: the bond has no paying agent, there is no such distribution, or nothing is set aside for the holder.
    """
    agent = _require_distribution(view, kind, number)
    kept = {each.holder: each for each in view.network.ledger.set_aside(agent, kind, number - 1)}
    if holder is not None:
        view.network.ledger.directory.address_of(holder)
        if holder not in kept:
            raise InputError(
                f"nothing of {kind} {number} is set aside for {holder}; for whom: {listed(kept, 'nobody')}"
            )
    holders = list(kept) if holder is None else [holder]
    found = claim_payments(view.network.desk, agent, view.record.issuer, kind, number - 1, holders)
    return tuple(Claimed(kept[name], reasons) for name, reasons in found.items())


def _require_distribution(view: BondView, kind: DistributionKind, number: int) -> str:
    """The paying agent of a bond that has such a distribution."""
    agent = view.record.paying_agent
    if agent is None:
        raise InputError(f"{view.record.instrument} has no paying agent here")
    plan = view.terms.schedule
    count = {
        "coupon": len(plan.coupons),
        "repayment": len(plan.repayments),
        "redemption": 1,
        "early-redemption": len(plan.calls),
    }[kind]
    if not 1 <= number <= count:
        allowed = f"allowed: 1 to {count}" if count else f"{view.record.instrument} has none"
        raise InputError(f"{kind} {number} is not in the schedule; {allowed}")
    return agent
