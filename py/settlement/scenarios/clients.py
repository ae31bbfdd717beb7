"""Resolves what custodians book for their clients."""

from __future__ import annotations

import re

from settlement.domain.bonds.entries import distribution_name
from settlement.scenarios.context import Context
from settlement.scenarios.language import Action, BookClientsStep, PassOnStep
from settlement.scenarios.text import Path
from settlement.scenarios.written_bonds import PassOnWritten
from settlement.scenarios.written_steps import BookClientsWritten, ClientsWritten

_SIGNED = re.compile(r"-?[0-9].*")
_ZERO = re.compile(r"-?0+(\.0+)?")
_REDEMPTIONS = frozenset({"redemption", "early-redemption"})
"""With these the nominal ceases to be."""

_NOMINAL = "/n"
"""What is added to a reference for the booking by which the nominal ceases."""


def resolve_book_clients(context: Context, path: Path, written: BookClientsWritten) -> BookClientsStep:
    """What a custodian books for its clients.

    Raises:
        InputError: the party is no custodian, the instrument is unknown or holds titles, or an amount cannot be read.
    """
    _custodian(context, (*path, "custodian"), written.custodian)
    decimals = _decimals(context, (*path, "instrument"), written.instrument)
    return BookClientsStep(
        custodian=written.custodian,
        instrument=written.instrument,
        reference=written.reference,
        amounts={
            client: _signed(context, (*path, "amounts", client), text, decimals)
            for client, text in written.amounts.items()
        },
    )


def resolve_pass_on(context: Context, path: Path, written: PassOnWritten, agent: str, index: int) -> PassOnStep:
    """What a custodian passes on to its clients; `index` is from 0 on.

    Raises:
        InputError: the party is no custodian, the instrument is unknown or no deposits.
    """
    _custodian(context, (*path, "custodian"), written.custodian)
    money = context.of_kind((*path, "instrument"), written.instrument, "tokenized-deposit")
    bond = context.instruments[written.bond]
    if money.currency != bond.currency:
        raise context.error(
            (*path, "instrument"), f"{written.instrument} is in {money.currency}, and the bond pays in {bond.currency}"
        )
    redeems = written.what in _REDEMPTIONS
    name = distribution_name(written.what, index + 1).replace(" ", "-")
    reference = f"{written.bond}/{name}"  # Of the distribution, so that nobody is given the same one twice.
    record = index
    if written.what == "repayment":
        record = context.bonds[written.bond].schedule.repayments[index].coupon
    return PassOnStep(
        custodian=written.custodian,
        bond=written.bond,
        agent=agent,
        distribution=written.what,
        index=index,
        record=None if redeems else record,
        instrument=written.instrument,
        reference=reference,
        nominal_reference=reference + _NOMINAL if redeems else None,
    )


def note_references(context: Context, path: Path, action: Action) -> None:
    """Notes under which references a step books; steps that are to be refused book nothing.

    Raises:
        InputError: an earlier step books under one of them.
    """
    if not isinstance(action, BookClientsStep | PassOnStep):
        return
    nominal = action.nominal_reference if isinstance(action, PassOnStep) else None
    at: Path = path if isinstance(action, PassOnStep) else (*path, "reference")
    for reference in (action.reference, nominal):
        key = (action.custodian, reference or "")
        if reference is not None and key in context.client_bookings:
            raise context.error(
                at, f"reference {reference!r} of {action.custodian} is taken by an earlier step: each booking has one"
            )
        context.client_bookings.add(key)


def resolve_clients(context: Context, path: Path, written: ClientsWritten) -> dict[str, dict[str, dict[str, int]]]:
    """What clients are expected to have: custodian, instrument, client, smallest units.

    Raises:
        InputError: a party is no custodian, an instrument is unknown or holds titles, or an amount cannot be read.
    """
    found: dict[str, dict[str, dict[str, int]]] = {}
    for custodian, instruments in written.items():
        _custodian(context, (*path, custodian), custodian)
        for name, amounts in instruments.items():
            at: Path = (*path, custodian, name)
            decimals = _decimals(context, at, name)
            found.setdefault(custodian, {})[name] = {
                client: context.position((*at, client), text, decimals) for client, text in amounts.items()
            }
    return found


def _custodian(context: Context, path: Path, name: str) -> None:
    context.party(path, name)
    if "custodian" not in context.parties[name].roles:
        raise context.error(path, f"{name} keeps no clients: that needs the role custodian")


def _decimals(context: Context, path: Path, name: str) -> int:
    instrument = context.instrument(path, name)
    if instrument.kind == "bill-of-lading":
        raise context.error(path, f"{name} holds titles; a client book is of bonds and money")
    return instrument.decimals


def _signed(context: Context, path: Path, text: str, decimals: int) -> int:
    if not _SIGNED.fullmatch(text):
        raise context.error(path, f"amount {text!r} is not a decimal number such as 1,000,000.00 or -1,000,000.00")
    if _ZERO.fullmatch(text):
        raise context.error(path, f"amount {text!r} is zero: leave out clients who are not moved")
    amount = context.amount(path, text.removeprefix("-"), decimals)
    return -amount if text.startswith("-") else amount
