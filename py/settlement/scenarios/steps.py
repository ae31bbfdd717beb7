"""Resolves steps and expectations."""

from __future__ import annotations

from settlement.domain.acts import (
    Act,
    ChangeAccountBlock,
    ChangePartyStatus,
    IssueBond,
    IssueMoney,
    RedeemBond,
    RedeemMoney,
    Transfer,
)
from settlement.domain.bonds.entries import distribution_name
from settlement.domain.quantity import Quantity
from settlement.scenarios.bills import bill_of, resolve_bill_action
from settlement.scenarios.bonds import read_distribution, resolve_bond_action
from settlement.scenarios.clients import note_references, resolve_book_clients, resolve_clients
from settlement.scenarios.context import MINOR_DECIMALS, Context
from settlement.scenarios.disclosures import resolve_disclosure_states
from settlement.scenarios.language import (
    Action,
    AdvanceStep,
    BatchStep,
    BondStatusName,
    CancelStep,
    DistributionExpected,
    Expectation,
    ExpireStep,
    InstructStep,
    LockStep,
    Perform,
    ReleaseLegStep,
    ReplayStep,
    SettleLockedStep,
    SettleStep,
    Step,
)
from settlement.scenarios.orders import leg_index, resolve_order, resolve_submission
from settlement.scenarios.text import Path
from settlement.scenarios.written import SubmissionWritten
from settlement.scenarios.written_base import Written
from settlement.scenarios.written_bills import BillRegisterAct
from settlement.scenarios.written_bonds import DistributionWritten, PassOnWritten, PayWritten
from settlement.scenarios.written_steps import (
    AccountAct,
    AdvanceWritten,
    AmountsWritten,
    BatchWritten,
    BookClientsWritten,
    CancelWritten,
    ExpectWritten,
    IdWritten,
    IssueWritten,
    OutcomeWritten,
    PartyAct,
    RedeemWritten,
    ReleaseLegWritten,
    SettleLockedWritten,
    StepWritten,
    TransferWritten,
)

_SENDS_NOTHING = frozenset({"instruct", "advance"})
_NOT_ONE_TRANSACTION = _SENDS_NOTHING | {"pay", "place", "book_clients", "pass_on"}


def resolve_steps(context: Context, key: str, written: list[StepWritten]) -> tuple[Step, ...]:
    """Resolves a list of steps in order; each sees what those before it instructed and issued.

    Raises:
        InputError: a step cannot be carried out as it is written.
    """
    return tuple(_step(context, (key, number), number, step) for number, step in enumerate(written))


def _step(context: Context, path: Path, number: int, written: StepWritten) -> Step:
    word = written.word
    time = None if written.at is None else _block_time(context, path, word, written.at)
    action = _action(context, (*path, word), word, getattr(written, word))
    expect = resolve_expectation(context, (*path, "expect"), written.expect)
    at: Path = (*path, "expect")
    if expect.refused and word in _SENDS_NOTHING:
        raise context.error((*at, "refused"), f"{word} sends nothing to the ledger, so nothing can be refused")
    if expect.failed:
        if not isinstance(action, BatchStep) or action.mode != "each-for-itself":
            raise context.error((*at, "failed"), "`failed` is for a batch in the mode each-for-itself")
        members = {item.order.id: item for item in action.items}
        for order_id in expect.failed:
            context.known((*at, "failed", order_id), "id", order_id, members)
    if not expect.refused:
        note_references(context, (*path, word), action)
    return Step(
        number=number,
        word=word,
        name=written.name or _default_name(word, getattr(written, word)),
        line=context.source.location(path).line or 1,
        action=action,
        expect=expect,
        at=time,
    )


def _block_time(context: Context, path: Path, word: str, text: str) -> int:
    """When the step's transaction is to be in a block; the clock is there then."""
    at: Path = (*path, "at")
    if path[0] == "opening" or word in _NOT_ONE_TRANSACTION:
        what = "the opening" if path[0] == "opening" else f"{word}, which is not one transaction,"
        raise context.error(at, f"{what} has no time of its own")
    time = context.time(at, text)
    if time < context.clock:
        raise context.error(at, f"{text} is before the time that the clock has by then")
    context.clock = time
    return time


def _default_name(word: str, written: Written) -> str:
    """What a step without a name is called: its action, and what it acts on where that is one thing."""
    if isinstance(written, AdvanceWritten):
        return f"the clock moves to {written.to}"
    if isinstance(written, PayWritten):
        return f"{written.bond} pays {distribution_name(written.what, int(written.number))}"
    if isinstance(written, PassOnWritten):
        paid = distribution_name(written.what, int(written.number))
        return f"{written.custodian} passes on {paid} of {written.bond} to its clients"
    if isinstance(written, BookClientsWritten):
        return f"{written.custodian} books {written.instrument} for its clients"
    subject = (
        (bill_of(written) if isinstance(written, BillRegisterAct) else None)
        or getattr(written, "bond", None)
        or getattr(written, "id", None)
        or getattr(written, "party", None)
        or getattr(written, "instrument", None)
    )
    return f"{word.replace('_', ' ')} {subject}" if subject else word.replace("_", " ")


def _action(context: Context, path: Path, word: str, written: Written) -> Action:
    if (about_bonds := resolve_bond_action(context, path, word, written)) is not None:
        return about_bonds
    if (about_bills := resolve_bill_action(context, path, word, written)) is not None:
        return about_bills
    match written:
        case BatchWritten():
            return _batch(context, path, written)
        case SubmissionWritten():
            submission = resolve_submission(context, path, written)
            return LockStep(submission=submission) if word == "lock" else SettleStep(submission=submission)
        case BookClientsWritten():
            return resolve_book_clients(context, path, written)
        case AdvanceWritten():
            return _advance(context, path, written)
        case IdWritten():
            return _later(context, path, word, written)
        case _ if word == "instruct":
            return InstructStep(order=resolve_order(context, path, written))  # type: ignore[arg-type]
        case _:
            return Perform(act=_act(context, path, word, written))


def _batch(context: Context, path: Path, written: BatchWritten) -> BatchStep:
    items = tuple(
        resolve_submission(context, (*path, "settlements", index), item)
        for index, item in enumerate(written.settlements)
    )
    return BatchStep(mode=written.mode, items=items)


def _advance(context: Context, path: Path, written: AdvanceWritten) -> AdvanceStep:
    if path[0] == "opening":
        raise context.error(path, "the opening lies before the start; advance the clock in steps")
    to = context.time((*path, "to"), written.to)
    if to <= context.clock:
        raise context.error(
            (*path, "to"), f"the clock only goes forward, and {written.to} is not after where it stands"
        )
    context.clock = to
    return AdvanceStep(to=to)


def _later(context: Context, path: Path, word: str, written: IdWritten) -> Action:
    order = context.order((*path, "id"), written.id)
    match written:
        case SettleLockedWritten():
            consents = context.parties_in((*path, "consents"), written.consents)
            return SettleLockedStep(order=order, consents=consents)
        case CancelWritten():
            if len(written.reason.encode()) > 256:
                raise context.error((*path, "reason"), "the reason is longer than 256 bytes")
            by = context.parties_in((*path, "by"), written.by)
            return CancelStep(order=order, reason=written.reason, by=by)
        case ReleaseLegWritten():
            return ReleaseLegStep(order=order, leg=leg_index(context, (*path, "leg"), written.leg, order))
        case _:
            return ReplayStep(order=order) if word == "replay" else ExpireStep(order=order)


def _act(context: Context, path: Path, word: str, written: Written) -> Act:
    match written:
        case IssueWritten():
            return _issue(context, path, written)
        case RedeemWritten():
            return _redeem(context, path, written)
        case TransferWritten():
            return _transfer(context, path, written)
        case PartyAct():
            party = context.party((*path, "party"), written.party)
            return ChangePartyStatus(party=party, change=word)  # type: ignore[arg-type]
        case AccountAct():
            context.money((*path, "instrument"), written.instrument)
            holder = context.party((*path, "holder"), written.holder)
            return ChangeAccountBlock(instrument=written.instrument, holder=holder, blocked=word == "block_account")
        case _:
            raise context.error(path, f"action {word!r} is not known")


def _issue(context: Context, path: Path, written: IssueWritten) -> Act:
    instrument = context.instrument((*path, "instrument"), written.instrument)
    if instrument.kind != "green-bond":
        context.money((*path, "instrument"), written.instrument)
    amount = context.amount((*path, "amount"), written.amount, instrument.decimals)
    quantity = Quantity(instrument=written.instrument, amount=amount)
    if instrument.kind == "green-bond":
        if written.reference is not None:
            raise context.error((*path, "reference"), "a bond is issued without a booking reference; leave it out")
        if written.to is not None and written.to != instrument.issuer:
            raise context.error(
                (*path, "to"),
                f"a bond is issued to its issuer's own account, {instrument.issuer}, and settled from there",
            )
        return IssueBond(quantity=quantity)
    to = _needed(context, path, "to", written.to)
    reference = _needed(context, path, "reference", written.reference)
    return IssueMoney(holder=context.party((*path, "to"), to), quantity=quantity, booking_reference=reference)


def _redeem(context: Context, path: Path, written: RedeemWritten) -> Act:
    instrument = context.instrument((*path, "instrument"), written.instrument)
    if instrument.kind != "green-bond":
        context.money((*path, "instrument"), written.instrument)
    amount = context.amount((*path, "amount"), written.amount, instrument.decimals)
    quantity = Quantity(instrument=written.instrument, amount=amount)
    if instrument.kind == "green-bond":
        if written.reference is not None:
            raise context.error((*path, "reference"), "a bond is redeemed without a booking reference; leave it out")
        if written.from_ is not None and written.from_ != instrument.issuer:
            raise context.error(
                (*path, "from"), f"a bond is redeemed from its issuer's own account, {instrument.issuer}"
            )
        return RedeemBond(quantity=quantity)
    holder = _needed(context, path, "from", written.from_)
    reference = _needed(context, path, "reference", written.reference)
    return RedeemMoney(holder=context.party((*path, "from"), holder), quantity=quantity, booking_reference=reference)


def _needed(context: Context, path: Path, field: str, value: str | None) -> str:
    if value is None:
        raise context.error(path, f"field {field!r} is missing: money needs it")
    return value


def _transfer(context: Context, path: Path, written: TransferWritten) -> Act:
    instrument = context.instrument((*path, "instrument"), written.instrument)
    if instrument.kind == "bill-of-lading":
        raise context.error((*path, "instrument"), "titles move by settlement only, not by a transfer")
    return Transfer(
        giver=context.party((*path, "from"), written.from_),
        receiver=context.party((*path, "to"), written.to),
        quantity=Quantity(
            instrument=written.instrument,
            amount=context.amount((*path, "amount"), written.amount, instrument.decimals),
        ),
    )


# ---- expectations ------------------------------------------------------------------------------------------


def resolve_expectation(context: Context, path: Path, written: OutcomeWritten) -> Expectation:
    """Resolves an expectation of a step or of the end.

    Raises:
        InputError: it names something unknown, or an amount cannot be read.
    """
    for key in ("status", "accrued_interest", "cash"):
        for order_id in getattr(written, key):
            context.order((*path, key, order_id), order_id)
    for key in ("control", "endorsee", "bill_status"):
        for reference in getattr(written, key):
            context.known((*path, key, reference), "document", reference, context.titles)
    step = written if isinstance(written, ExpectWritten) else ExpectWritten()
    refused = step.refused if isinstance(step.refused, list) else [step.refused] if step.refused else []
    return Expectation(
        refused=tuple(dict.fromkeys(refused)),
        failed=dict(step.failed),
        unchanged=step.unchanged == "true",
        status=dict(written.status),
        positions=_positions(context, (*path, "positions"), written.positions),
        together=_together(context, (*path, "together"), written.together),
        held=_positions(context, (*path, "held"), written.held),
        supply={
            name: context.position((*path, "supply", name), text, _fungible(context, (*path, "supply", name), name))
            for name, text in written.supply.items()
        },
        control=_parties_or_none(context, (*path, "control"), written.control),
        endorsee=_parties_or_none(context, (*path, "endorsee"), written.endorsee),
        bill_status=dict(written.bill_status),
        accrued_interest=_of_priced(context, (*path, "accrued_interest"), written.accrued_interest),
        cash=_of_priced(context, (*path, "cash"), written.cash),
        bond_status=_bond_statuses(context, (*path, "bond_status"), written.bond_status),
        disclosures=resolve_disclosure_states(context, (*path, "disclosures"), written.disclosures),
        distributions=_distributions(context, (*path, "distributions"), written.distributions),
        clients=resolve_clients(context, (*path, "clients"), written.clients),
    )


def _parties_or_none(context: Context, path: Path, written: dict[str, str]) -> dict[str, str | None]:
    return {
        reference: None if party == "none" else context.party((*path, reference), party)
        for reference, party in written.items()
    }


def _together(context: Context, path: Path, written: AmountsWritten) -> dict[str, dict[str, int]]:
    for crowd in written:
        context.known((*path, crowd), "crowd", crowd, context.crowds)
    return _amounts(context, path, written)


def _positions(context: Context, path: Path, written: AmountsWritten) -> dict[str, dict[str, int]]:
    for party in written:
        context.party((*path, party), party)
    return _amounts(context, path, written)


def _amounts(context: Context, path: Path, written: AmountsWritten) -> dict[str, dict[str, int]]:
    positions: dict[str, dict[str, int]] = {}
    for party, amounts in written.items():
        positions[party] = {
            name: context.position((*path, party, name), text, context.instrument((*path, party, name), name).decimals)
            for name, text in amounts.items()
        }
    return positions


def _fungible(context: Context, path: Path, name: str) -> int:
    instrument = context.instrument(path, name)
    if instrument.kind == "bill-of-lading":
        raise context.error(path, f"{name} holds titles; they have no supply")
    return instrument.decimals


def _bond_statuses(context: Context, path: Path, written: dict[str, BondStatusName]) -> dict[str, BondStatusName]:
    for bond in written:
        context.of_kind((*path, bond), bond, "green-bond")
    return dict(written)


def _distributions(
    context: Context, path: Path, written: dict[str, dict[str, DistributionWritten]]
) -> dict[str, dict[str, DistributionExpected]]:
    found: dict[str, dict[str, DistributionExpected]] = {}
    for bond, expected in written.items():
        context.of_kind((*path, bond), bond, "green-bond")
        for name, amounts in expected.items():
            at: Path = (*path, bond, name)
            kind, index = read_distribution(context, at, bond, name)
            due, paid, set_aside = (
                context.position((*at, field), getattr(amounts, field), MINOR_DECIMALS)
                for field in ("due", "paid", "set_aside")
            )
            found.setdefault(bond, {})[name] = DistributionExpected(
                distribution=kind, index=index, due=due, paid=paid, set_aside=set_aside
            )
    return found


def _of_priced(context: Context, path: Path, written: dict[str, str]) -> dict[str, int]:
    amounts: dict[str, int] = {}
    for order_id, text in written.items():
        if not context.orders[order_id].priced:
            raise context.error((*path, order_id), f"{order_id} has no priced leg")
        amounts[order_id] = context.position((*path, order_id), text, MINOR_DECIMALS)
    return amounts
