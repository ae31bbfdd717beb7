"""Migration: a register that was closed for good on one platform goes on at another, holder by holder."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from settlement.domain import acts
from settlement.domain.bonds.register import Holding, RegisterExport, RegisterSource
from settlement.domain.quantity import Quantity
from settlement.errors import InputError
from settlement.flow.desk import Desk, perform, perform_many

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def export_register(desk: Desk, bond: str) -> RegisterExport:
    """The whole register of a bond that has exited. Nothing moves there any more, so it is the same at every block.

    Raises:
        InputError: the bond has not exited, or what was read does not add up to what exists.
    """
    ledger = desk.ledger
    status = ledger.bond_status(bond)
    if status != "exited":
        why = (
            "holders still trade, so close its register first (settle bond exit)"
            if status == "live"
            else ("only a register that was closed to go on elsewhere is exported")
        )
        raise InputError(f"{bond} is {status}: {why}")
    head, record = ledger.head(), ledger.directory.instrument(bond)
    lines = ledger.register(bond)
    standings = ledger.standings([line.address for line in lines])
    creation = ledger.bond_creation(bond)
    agent = creation.calculation_agent
    try:
        return RegisterExport(
            bond=creation,
            issuer_address=ledger.directory.address_of(record.issuer),
            calculation_agent_address=None if agent is None else ledger.directory.address_of(agent),
            source=RegisterSource(
                chain_id=ledger.chain_id,
                contract=record.address,
                block=head.number,
                block_hash=head.hash,
                timestamp=head.timestamp,
            ),
            supply=ledger.supply(bond),
            holdings=tuple(
                Holding(address=line.address, holder=line.holder, nominal=line.nominal, roles=roles, standing=standing)
                for line, (roles, standing) in zip(lines, standings, strict=True)
            ),
        )
    except ValueError as error:
        raise InputError(f"the register of {bond} cannot be exported: {error}") from error


def import_register(
    desk: Desk,
    export: RegisterExport,
    on_progress: Callable[[str], None] = lambda _: None,
    *,
    is_recorded: bool = False,
) -> None:
    """Sets a bond up on a fresh deployment, with the holdings of an exported register, and opens it to trading.

    The issuer gets a key of its own here; every holder keeps its account. The digest of the export is recorded on the
    chain as the list of allocations, before anything is issued: an import that broke off is found by it, and called
    again it goes on. Who was frozen or suspended is so again before the first trade. Roles of who is known here stay.

    Args:
        desk: The ledger and the journal.
        export: The register.
        on_progress: Told what goes on.
        is_recorded: Whether this register was imported to the end before, so that it is not once more.

    Raises:
        InputError: this register or this bond goes on here already, the chain's clock is before the export, a holder is
            barred here, nobody holds the bond, or the holdings here differ from those exported.
        Refused: the terms are refused.
    """
    _Import(desk, export, on_progress, is_recorded).run()


class _Import:
    """One register, on its way to one deployment."""

    def __init__(
        self, desk: Desk, export: RegisterExport, on_progress: Callable[[str], None], is_recorded: bool
    ) -> None:
        self._is_recorded = is_recorded
        self._desk, self._ledger, self._export = desk, desk.ledger, export
        self._bond, self._issuer = export.bond.instrument, export.bond.issuer
        self._on_progress = on_progress
        self._holders = [each for each in export.holdings if each.address != export.issuer_address]
        self._names = _names(export)

    def run(self) -> None:
        """See `import_register`."""
        export = self._export
        if not self._holders:
            raise InputError(f"nobody but the issuer holds {self._bond}: issue it anew instead")
        now = self._ledger.head().timestamp
        if now < export.source.timestamp:
            raise InputError(
                f"the chain's clock is at {_utc(now)}, before the register was exported, at "
                f"{_utc(export.source.timestamp)}: coupons that were paid there would be paid here again"
            )
        said = dict(self._ledger.allocated(export.digest))
        for contract, status in said.items():
            if status != "closing" and (status != "live" or self._is_recorded):
                raise InputError(f"this register goes on here already, at {contract}, and is {status}")
        begun = self._begun()
        self._require_nobody_barred(begun=begun is not None)
        self._admit()
        if begun is None:
            perform(self._desk, export.bond)
            perform(self._desk, acts.AdmitInstrument(instrument=self._bond))
        else:
            self._ledger.know_bond(export.bond, begun)
        if not said:
            self._allocate()
        self._deliver()
        self._bar()
        if self._ledger.bond_status(self._bond) == "closing":
            perform(self._desk, acts.OpenBond(instrument=self._bond))
        require_equal(self._desk, export)

    def _begun(self) -> str | None:
        """The contract with which an import that broke off had begun; its issuer has the key that it has now."""
        isin, ours = self._export.bond.isin, self._ledger.party_address(self._issuer)
        found = None
        for contract, status, issuer in self._ledger.bonds_with(isin):
            if issuer == ours and status in ("closing", "live"):
                found = contract
            elif status in ("closing", "live", "redeeming"):
                raise InputError(f"a bond with ISIN {isin} is here already, at {contract}, and is {status}")
        return found

    def _require_nobody_barred(self, *, begun: bool) -> None:
        standings = self._ledger.standings([each.address for each in self._holders])
        for each, (_, standing) in zip(self._holders, standings, strict=True):
            if standing in ("suspended", "frozen") and not (begun and standing == each.standing):
                raise InputError(f"{each.holder} ({each.address}) is {standing} here and cannot be given its nominal")

    def _admit(self) -> None:
        self._on_progress(f"admitting {len(self._holders):,} holders")
        self._ledger.know_parties({name: address for address, name in self._names.items()})
        address = self._ledger.party_address(self._issuer)
        perform(self._desk, acts.AdmitParty(party=self._issuer, address=address, roles=("issuer",)))
        perform(self._desk, acts.ProvideGas(party=self._issuer, wei=10**18))
        standings = self._ledger.standings([each.address for each in self._holders])
        new: list[acts.Act] = [
            acts.AdmitParty(party=self._names[each.address], address=each.address, roles=_holding_roles(each))
            for each, (_, standing) in zip(self._holders, standings, strict=True)
            if standing == "unknown"
        ]
        perform_many(self._desk, new)

    def _allocate(self) -> None:
        delivered = sum(each.nominal for each in self._holders)
        quantity = Quantity(instrument=self._bond, amount=delivered)
        perform(self._desk, acts.AllocateBond(quantity=quantity, allocation_hash=self._export.digest))

    def _deliver(self) -> None:
        self._on_progress(f"delivering {self._export.supply:,} nominal")
        missing = self._export.supply - self._ledger.supply(self._bond)
        if missing:
            perform(self._desk, acts.IssueBond(quantity=Quantity(instrument=self._bond, amount=missing)))
        held = {line.address.lower(): line.nominal for line in self._ledger.register(self._bond)}
        deliveries: list[acts.Act] = [
            acts.Transfer(
                giver=self._issuer,
                receiver=self._names[each.address],
                quantity=Quantity(instrument=self._bond, amount=each.nominal),
            )
            for each in self._holders
            if held.get(each.address.lower(), 0) == 0
        ]
        perform_many(self._desk, deliveries)

    def _bar(self) -> None:
        standings = self._ledger.standings([each.address for each in self._holders])
        for each, (_, standing) in zip(self._holders, standings, strict=True):
            if each.standing in ("suspended", "frozen") and standing == "active":
                change: Literal["suspend", "freeze"] = "suspend" if each.standing == "suspended" else "freeze"
                perform(self._desk, acts.ChangePartyStatus(party=self._names[each.address], change=change))


def require_equal(desk: Desk, export: RegisterExport) -> None:
    """Sees to it that a bond here has exactly the holdings of an exported register; the issuer's own under its own key.

    Raises:
        InputError: says the first difference.
    """
    bond, here = export.bond.instrument, desk.ledger.directory.address_of(export.bond.issuer)
    wanted = {
        (here if each.address == export.issuer_address else each.address).lower(): each.nominal
        for each in export.holdings
    }
    found = {line.address.lower(): line.nominal for line in desk.ledger.register(bond)}
    for address in dict.fromkeys([*wanted, *found]):
        if wanted.get(address, 0) != found.get(address, 0):
            raise InputError(
                f"{address} has {found.get(address, 0):,} of {bond} here, and {wanted.get(address, 0):,} in the export"
            )


def _holding_roles(holding: Holding) -> tuple[acts.Role, ...]:
    """What an unknown holder is admitted as: what it needs to hold, and nothing that lets it issue."""
    return ("custodian",) if "custodian" in holding.roles else ("investor",)


def _names(export: RegisterExport) -> dict[str, str]:
    """Names here by the holders' accounts: those of the export, where they are names and nobody else's."""
    exported = {each.holder for each in export.holdings}
    found: dict[str, str] = {}
    taken = {export.bond.issuer}
    for number, each in enumerate(export.holdings, start=1):
        if each.address == export.issuer_address:
            continue
        name = each.holder
        if _NAME.fullmatch(name) is None or name in taken:
            free = (f"holder-{suffix:05}" for suffix in itertools.count(number))
            name = next(candidate for candidate in free if candidate not in taken | exported)
        taken.add(name)
        found[each.address] = name
    agent, address = export.bond.calculation_agent, export.calculation_agent_address
    if agent is not None and address is not None and agent not in taken:
        found.setdefault(address, agent)
    return found


def _utc(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"
