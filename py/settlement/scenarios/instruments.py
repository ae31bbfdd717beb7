"""Resolves the parties and instruments of a scenario."""

from __future__ import annotations

import re

from eth_utils.address import to_checksum_address

from settlement.domain.acts import (
    CreateBillOfLading,
    CreateTokenizedDeposit,
    CreateWholesaleCBDC,
    OpenAccount,
    SetCounterpartyLimit,
    SetDailyLimit,
)
from settlement.scenarios.bonds import resolve_bond
from settlement.scenarios.context import Context
from settlement.scenarios.language import InstrumentSetUp, Party
from settlement.scenarios.text import Path
from settlement.scenarios.written import (
    BillsWritten,
    DepositWritten,
    InstrumentWritten,
    PartyWritten,
    WholesaleWritten,
)
from settlement.scenarios.written_bonds import BondWritten

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MAX_DECIMALS = 18
_MAX_MANDATE = 2**64 - 1
_ORDER = ("wholesale-cbdc", "tokenized-deposit", "green-bond", "bill-of-lading")
"""Each kind comes after those that it may name."""

_ISSUER_ROLE = {
    "wholesale-cbdc": "central-bank",
    "tokenized-deposit": "bank",
    "green-bond": "issuer",
    "bill-of-lading": "carrier",
}


def resolve_parties(context: Context, written: dict[str, PartyWritten]) -> None:
    """Adds the parties to the context.

    Raises:
        InputError: an address is malformed or taken, or a name is reserved.
    """
    addresses: dict[str, str] = {}
    for name, party in written.items():
        path: Path = ("parties", name)
        if name == "none":
            raise context.error(path, "no party may be called none: expectations use that word for nobody")
        if len(set(party.roles)) != len(party.roles):
            raise context.error((*path, "roles"), "a role is there twice")
        if party.address is not None:
            _check_address(context, (*path, "address"), party.address)
            if party.address in addresses:
                raise context.error(
                    (*path, "address"),
                    f"the address is that of {addresses[party.address]} already; each has its own",
                )
            addresses[party.address] = name
        context.parties[name] = Party(party=name, name=party.name, roles=tuple(party.roles), address=party.address)


def _check_address(context: Context, path: Path, address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise context.error(path, f"{address!r} is not an address: 0x and 40 hexadecimal digits")
    right = to_checksum_address(address)
    if address != right:
        raise context.error(
            path, f"address {address} has the wrong checksum (EIP-55); if the digits are right, it is {right}"
        )


def resolve_instruments(context: Context, written: dict[str, InstrumentWritten]) -> None:
    """Adds the instruments to the context, reserves first.

    Raises:
        InputError: an issuer, reserve, account holder, mandate or term is not possible.
    """
    for name, instrument in sorted(written.items(), key=lambda item: _ORDER.index(item[1].kind)):
        path: Path = ("instruments", name)
        _check_issuer(context, path, instrument)
        if isinstance(instrument, WholesaleWritten):
            set_up = _wholesale(context, path, name, instrument)
        elif isinstance(instrument, DepositWritten):
            set_up = _deposit(context, path, name, instrument)
        elif isinstance(instrument, BondWritten):
            set_up = resolve_bond(context, path, name, instrument)
        else:
            set_up = _bills(name, instrument)
        context.instruments[name] = set_up
    for name, instrument in written.items():
        if isinstance(instrument, DepositWritten) and instrument.mandate is not None:
            _check_mandate_banks(context, ("instruments", name, "mandate"), instrument)


def _check_issuer(context: Context, path: Path, instrument: InstrumentWritten) -> None:
    context.party((*path, "issuer"), instrument.issuer)
    role = _ISSUER_ROLE[instrument.kind]
    if role not in context.parties[instrument.issuer].roles:
        raise context.error(
            (*path, "issuer"),
            f"the issuer of a {instrument.kind} needs the role {role}; {instrument.issuer} has not got it",
        )


def _wholesale(context: Context, path: Path, name: str, written: WholesaleWritten) -> InstrumentSetUp:
    decimals = _decimals(context, path, written.decimals)
    for index, holder in enumerate(written.accounts):
        party = context.known((*path, "accounts", index), "party", holder, context.parties)
        if not {"bank", "issuer"} & set(party.roles):
            raise context.error(
                (*path, "accounts", index),
                f"only banks and issuers hold wholesale money; {holder} has neither role",
            )
    return InstrumentSetUp(
        instrument=name,
        kind="wholesale-cbdc",
        issuer=written.issuer,
        decimals=decimals,
        currency=written.currency,
        create=CreateWholesaleCBDC(
            instrument=name, issuer=written.issuer, currency=written.currency, decimals=decimals
        ),
        accounts=_accounts(context, path, name, written.accounts),
    )


def _deposit(context: Context, path: Path, name: str, written: DepositWritten) -> InstrumentSetUp:
    decimals = _decimals(context, path, written.decimals)
    reserve = context.of_kind((*path, "reserve"), written.reserve, "wholesale-cbdc")
    if (reserve.currency, reserve.decimals) != (written.currency, decimals):
        raise context.error(
            (*path, "reserve"),
            f"{written.reserve} is in {reserve.currency} with {reserve.decimals} decimals; "
            f"deposits and their reserve agree in both, and {name} is in {written.currency} with {decimals}",
        )
    return InstrumentSetUp(
        instrument=name,
        kind="tokenized-deposit",
        issuer=written.issuer,
        decimals=decimals,
        currency=written.currency,
        create=CreateTokenizedDeposit(
            instrument=name,
            issuer=written.issuer,
            currency=written.currency,
            decimals=decimals,
            reserve=written.reserve,
            utc_offset_seconds=context.utc_offset_seconds % 86_400,
        ),
        accounts=_accounts(context, path, name, written.accounts),
        mandate=_mandate(context, (*path, "mandate"), name, written, decimals),
    )


def _mandate(
    context: Context, path: Path, name: str, written: DepositWritten, decimals: int
) -> tuple[SetCounterpartyLimit | SetDailyLimit, ...]:
    if written.mandate is None:
        return ()

    def limit(at: Path, text: str) -> int:
        amount = context.position(at, text, decimals)
        if amount > _MAX_MANDATE:
            raise context.error(at, f"limit {text!r} is more than a mandate carries (2^64 - 1 units)")
        return amount

    counterparties = [
        SetCounterpartyLimit(
            instrument=name,
            counterparty=bank,
            limit_per_payment=limit((*path, "limit_per_payment", bank), text),
        )
        for bank, text in written.mandate.limit_per_payment.items()
    ]
    per_day = limit((*path, "limit_per_day"), written.mandate.limit_per_day)
    return (*counterparties, SetDailyLimit(instrument=name, limit_per_day=per_day))


def _check_mandate_banks(context: Context, path: Path, written: DepositWritten) -> None:
    for bank in written.mandate.limit_per_payment if written.mandate else ():
        at: Path = (*path, "limit_per_payment", bank)
        party = context.known(at, "party", bank, context.parties)
        if "bank" not in party.roles:
            raise context.error(at, f"a mandate names banks; {bank} has not got the role bank")
        if bank == written.issuer:
            raise context.error(at, "a mandate names other banks, not the issuer itself")


def _bills(name: str, written: BillsWritten) -> InstrumentSetUp:
    return InstrumentSetUp(
        instrument=name,
        kind="bill-of-lading",
        issuer=written.issuer,
        decimals=0,
        currency=None,
        create=CreateBillOfLading(instrument=name, issuer=written.issuer),
    )


def _decimals(context: Context, path: Path, text: str) -> int:
    decimals = int(text)
    if decimals > _MAX_DECIMALS:
        raise context.error((*path, "decimals"), f"{text} decimals are too many; at most {_MAX_DECIMALS}")
    return decimals


def _accounts(context: Context, path: Path, name: str, holders: list[str]) -> tuple[OpenAccount, ...]:
    names = context.parties_in((*path, "accounts"), holders)
    for index, holder in enumerate(names):
        if not context.parties[holder].roles:
            raise context.error(
                (*path, "accounts", index),
                f"{holder} has no roles and is not admitted, so nobody can open an account for it",
            )
    return tuple(OpenAccount(instrument=name, holder=holder) for holder in names)
