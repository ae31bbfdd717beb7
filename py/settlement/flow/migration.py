"""Migration: a register that was closed for good on one platform goes on at another, holder by holder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from settlement.domain import acts
from settlement.domain.bonds.register import Holding, RegisterExport, RegisterSource
from settlement.domain.quantity import Quantity
from settlement.errors import InputError
from settlement.flow.crowds import place
from settlement.flow.desk import Desk, perform, perform_many


def export_register(desk: Desk, bond: str) -> RegisterExport:
    """The whole register of a bond that has exited. Nothing moves there any more, so it is the same at every block.

    Raises:
        InputError: the bond has not exited, or what was read does not add up to what exists.
    """
    ledger = desk.ledger
    status = ledger.bond_status(bond)
    if status != "exited":
        raise InputError(f"{bond} is {status}: holders still trade, so close its register first (settle bond exit)")
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


def import_register(desk: Desk, export: RegisterExport, on_progress: Callable[[str], None] = lambda _: None) -> None:
    """Sets a bond up on a fresh deployment, with the holdings of an exported register, and opens it to trading.

    The issuer gets a key of its own here; every holder keeps its account. The digest of the export is recorded on the
    chain as the list of allocations. Who was frozen or suspended is so again.

    Raises:
        InputError: the register goes on here already, or the holdings here differ from those exported.
        Refused: a holder is barred here, or the terms are refused.
    """
    ledger, bond, issuer = desk.ledger, export.bond.instrument, export.bond.issuer
    for contract, status in ledger.allocated(export.digest):
        if status != "closing":  # An import that broke off never opened, and is left as it is.
            raise InputError(f"this register goes on here already, at {contract}, and is {status}")
    on_progress(f"admitting {len(export.holdings):,} holders")
    names = _names(export)
    ledger.know_parties(names)
    address = ledger.party_address(issuer)
    perform(desk, acts.AdmitParty(party=issuer, address=address, roles=("issuer",)))
    perform(desk, acts.ProvideGas(party=issuer, wei=10**18))
    others = [each for each in export.holdings if each.address != export.issuer_address]
    by_address = {address: name for name, address in names.items()}
    perform_many(
        desk,
        [
            acts.AdmitParty(party=by_address[each.address], address=each.address, roles=each.roles or ("investor",))
            for each in others
        ],
    )
    perform(desk, export.bond)
    perform(desk, acts.AdmitInstrument(instrument=bond))
    on_progress(f"delivering {export.supply:,} nominal")
    nominals = {by_address[each.address]: each.nominal for each in others}
    _deliver(desk, export, nominals)
    perform(desk, acts.OpenBond(instrument=bond))
    for each in others:
        if each.standing in ("suspended", "frozen"):
            change: acts.ChangePartyStatus = acts.ChangePartyStatus(
                party=by_address[each.address], change="suspend" if each.standing == "suspended" else "freeze"
            )
            perform(desk, change)
    require_equal(desk, export)


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


def _deliver(desk: Desk, export: RegisterExport, nominals: Mapping[str, int]) -> None:
    bond = export.bond.instrument
    delivered = sum(nominals.values())
    if export.supply > delivered:
        rest = Quantity(instrument=bond, amount=export.supply - delivered)
        perform(desk, acts.IssueBond(quantity=rest))
    if delivered:
        whole = Quantity(instrument=bond, amount=delivered)
        allocation = acts.AllocateBond(quantity=whole, allocation_hash=export.digest)
        place(desk, export.bond.issuer, allocation, nominals)


def _names(export: RegisterExport) -> dict[str, str]:
    """Names for the holders' accounts here: those of the export, where they are names and nobody else's."""
    found: dict[str, str] = {}
    taken = {export.bond.issuer}
    for number, each in enumerate(export.holdings, start=1):
        if each.address == export.issuer_address:
            continue
        name = each.holder if not each.holder.startswith("0x") and each.holder not in taken else f"holder-{number:05}"
        taken.add(name)
        found[name] = each.address
    if export.bond.calculation_agent is not None and export.calculation_agent_address is not None:
        found.setdefault(export.bond.calculation_agent, export.calculation_agent_address)
    return found
