"""Resolves legs, orders and submissions."""

from __future__ import annotations

from decimal import Decimal

from settlement.domain.bonds.interest import price_trade
from settlement.domain.bonds.schedule import date_of
from settlement.domain.instruction import Leg, title_id
from settlement.domain.quantity import Quantity
from settlement.errors import InputError
from settlement.scenarios.context import MINOR_DECIMALS, Context, midnight
from settlement.scenarios.language import Alteration, Order, PricedLeg, Submission
from settlement.scenarios.text import Path
from settlement.scenarios.written import (
    LegWritten,
    OrderWritten,
    PricedWritten,
    SubmissionWritten,
    UnlistedWritten,
)

_DAY_SECONDS = 86_400
_UNLISTED_DECIMALS = 2
_MAX_NONCE = 2**256 - 1
_ORDER_FIELDS = ("not_before", "deadline", "nonce", "terms", "consents", "signed_by")


def resolve_submission(context: Context, path: Path, written: SubmissionWritten) -> Submission:
    """An order to submit: a new one, or with the id alone one that was instructed before.

    Raises:
        InputError: a name, an amount or a time in it cannot be used.
    """
    if written.legs is None:
        for field in _ORDER_FIELDS:
            if getattr(written, field) is not None:
                raise context.error(
                    (*path, field),
                    f"{field} without legs: give all of the order, or the id of one instructed before",
                )
        order = context.order((*path, "id"), written.id)
    else:
        order = resolve_order(context, path, written)
    altered = None
    if written.altered is not None:
        leg = leg_index(context, (*path, "altered", "leg"), written.altered.leg, order)
        amount = context.amount((*path, "altered", "amount"), written.altered.amount, _decimals_of(context, order, leg))
        if amount == order.legs[leg].quantity.amount:
            raise context.error((*path, "altered", "amount"), "that is the amount already; an alteration changes it")
        altered = Alteration(leg=leg, amount=amount)
    return Submission(order=order, is_new=written.legs is not None, altered=altered)


def resolve_order(context: Context, path: Path, written: OrderWritten) -> Order:
    """A new order.

    Raises:
        InputError: the id is taken, or a name, an amount or a time in it cannot be used.
    """
    if written.id in context.orders:
        raise context.error((*path, "id"), f"id {written.id!r} is taken by an earlier step; each order has its own")
    if written.legs is None:
        raise context.error(path, "field 'legs' is missing: an order has at least one leg")
    priced: list[PricedLeg] = []
    legs = tuple(_leg(context, (*path, "legs", index), index, leg, priced) for index, leg in enumerate(written.legs))
    _require_what_is_priced(context, (*path, "legs"), legs, priced)
    not_before, deadline = _window(context, path, written)
    consents = (
        _who_must_consent(context, legs)
        if written.consents is None
        else context.parties_in((*path, "consents"), written.consents)
    )
    order = Order(
        id=written.id,
        legs=legs,
        not_before=not_before,
        deadline=deadline,
        nonce=_nonce(context, (*path, "nonce"), written.nonce),
        terms=written.terms or {},
        consents=consents,
        signed_by=_signed_by(context, (*path, "signed_by"), written.signed_by or {}, consents),
        priced=tuple(priced),
    )
    context.orders[order.id] = order
    return order


def _require_what_is_priced(context: Context, path: Path, legs: tuple[Leg, ...], priced: list[PricedLeg]) -> None:
    """What is paid for is what is delivered: of each bond as much is priced as moves in the order."""
    for each in priced:
        bond = each.nominal.instrument
        moved = sum(leg.quantity.amount for leg in legs if leg.quantity.instrument == bond)
        total = sum(other.nominal.amount for other in priced if other.nominal.instrument == bond)
        if moved != total:
            raise context.error(
                (*path, each.leg, "priced", "nominal"),
                f"{total:,} of {bond} is priced in this order, and {moved:,} of it moves",
            )


def leg_index(context: Context, path: Path, text: str, order: Order) -> int:
    """The position of one of an order's legs.

    Raises:
        InputError: there is no such leg.
    """
    if int(text) >= len(order.legs):
        raise context.error(path, f"{order.id} has no leg {text}; its legs are 0 to {len(order.legs) - 1}")
    return int(text)


def _window(context: Context, path: Path, written: OrderWritten) -> tuple[int, int]:
    not_before = context.clock
    if written.not_before is not None:
        not_before = context.time((*path, "not_before"), written.not_before)
    deadline = max(not_before, context.start) + _DAY_SECONDS
    if written.deadline is not None:
        deadline = context.time((*path, "deadline"), written.deadline)
    if deadline < not_before:
        raise context.error((*path, "deadline"), "the deadline is before the first moment of settlement (not_before)")
    return not_before, deadline


def _nonce(context: Context, path: Path, text: str | None) -> int | None:
    if text is None:
        return None
    if int(text) > _MAX_NONCE:
        raise context.error(path, "the nonce is larger than 2^256 - 1")
    return int(text)


def _signed_by(context: Context, path: Path, written: dict[str, str], consents: tuple[str, ...]) -> dict[str, str]:
    for party, signer in written.items():
        context.party((*path, party), party)
        context.party((*path, party), signer)
        if party not in consents:
            raise context.error((*path, party), f"{party} gives no consent here; consents: {', '.join(consents)}")
    return dict(written)


def _who_must_consent(context: Context, legs: tuple[Leg, ...]) -> tuple[str, ...]:
    names: dict[str, None] = dict.fromkeys(leg.giver for leg in legs)
    for leg in legs:
        instrument = context.instruments.get(leg.quantity.instrument)
        if instrument is not None and instrument.kind == "bill-of-lading":
            names[leg.receiver] = None
    return tuple(names)


def _leg(context: Context, path: Path, index: int, written: LegWritten, priced: list[PricedLeg]) -> Leg:
    giver = context.party((*path, "from"), written.from_)
    receiver = context.party((*path, "to"), written.to)
    instrument = _instrument_name(context, path, written)
    receiver_instrument = instrument
    if written.to_instrument is not None:
        receiver_instrument = _receiver_instrument(context, path, instrument, written.to_instrument)
    if written.title is not None:
        amount = _title(context, path, instrument, written.title)
    elif written.priced is not None:
        leg = _priced(context, (*path, "priced"), index, instrument, written.priced)
        priced.append(leg)
        amount = leg.trade.cash
    else:
        amount = _amount(context, (*path, "amount"), instrument, written.amount or "")
    return Leg(
        giver=giver,
        receiver=receiver,
        quantity=Quantity(instrument=instrument, amount=amount),
        receiver_instrument=receiver_instrument,
    )


def _instrument_name(context: Context, path: Path, written: LegWritten) -> str:
    if isinstance(written.instrument, UnlistedWritten):
        name = written.instrument.unlisted
        if name in context.instruments:
            raise context.error(
                (*path, "instrument", "unlisted"),
                f"{name} is listed under instruments; an unlisted one has a name of its own",
            )
        context.unlisted[name] = None
        return name
    return context.instrument((*path, "instrument"), written.instrument).instrument


def _receiver_instrument(context: Context, path: Path, instrument: str, to_instrument: str) -> str:
    at: Path = (*path, "to_instrument")
    if instrument in context.unlisted:
        raise context.error(at, "to_instrument is for payments between banks; an unlisted contract has none")
    giving = context.of_kind((*path, "instrument"), instrument, "tokenized-deposit")
    receiving = context.of_kind(at, to_instrument, "tokenized-deposit")
    if to_instrument == instrument:
        raise context.error(at, "to_instrument is the same as instrument; leave it out for payments within one bank")
    if receiving.currency != giving.currency or receiving.decimals != giving.decimals:
        raise context.error(
            at,
            f"{to_instrument} is in {receiving.currency} with {receiving.decimals} decimals and {instrument} "
            f"in {giving.currency} with {giving.decimals}; a payment between banks stays in one currency",
        )
    return to_instrument


def _amount(context: Context, path: Path, instrument: str, text: str) -> int:
    if instrument in context.unlisted:
        return context.amount(path, text, _UNLISTED_DECIMALS)
    set_up = context.instruments[instrument]
    if set_up.kind == "bill-of-lading":
        raise context.error(path, f"{instrument} holds titles: give `title` with the document reference, not an amount")
    return context.amount(path, text, set_up.decimals)


def _title(context: Context, path: Path, instrument: str, reference: str) -> int:
    at: Path = (*path, "title")
    if instrument in context.unlisted:
        return title_id(reference)
    context.of_kind((*path, "instrument"), instrument, "bill-of-lading")
    return context.title(at, reference, instrument).amount


def _priced(context: Context, path: Path, index: int, instrument: str, written: PricedWritten) -> PricedLeg:
    if instrument in context.unlisted:
        raise context.error(path, "a priced amount needs money that is listed under instruments")
    cash = context.money(path, instrument)
    bond = context.of_kind((*path, "bond"), written.bond, "green-bond")
    if cash.currency != bond.currency or cash.decimals != MINOR_DECIMALS:
        raise context.error(
            path,
            f"{written.bond} is priced in {bond.currency} with {MINOR_DECIMALS} decimals; not {instrument}",
        )
    terms, plan, _ = context.bonds[written.bond]
    nominal = context.amount((*path, "nominal"), written.nominal, 0)
    settles = context.day((*path, "settlement_date"), written.settlement_date)
    if settles > terms.maturity_date:
        raise context.error((*path, "settlement_date"), f"{settles} is after the maturity of {written.bond}")
    price = Decimal(context.amount((*path, "clean_price"), written.clean_price, 9)).scaleb(-9)
    try:
        trade = price_trade(plan, terms.day_count, terms.frequency, nominal, price, settles)
    except InputError as error:
        raise context.error((*path, "settlement_date"), error.problem) from None
    today = date_of((context.clock + context.utc_offset_seconds) // 86_400)
    if path[0] == "steps" and settles < today:
        raise context.error((*path, "settlement_date"), f"{settles} is over: the clock is at {today}")
    return PricedLeg(
        leg=index,
        nominal=Quantity(instrument=written.bond, amount=nominal),
        clean_price=written.clean_price,
        settlement_date=midnight(settles),
        trade=trade,
    )


def _decimals_of(context: Context, order: Order, leg: int) -> int:
    instrument = order.legs[leg].quantity.instrument
    return context.instruments[instrument].decimals if instrument in context.instruments else _UNLISTED_DECIMALS
