"""The oracle: all contracts of one deployment, and what they say is so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from settlement.domain.oracle.bills import Bills
from settlement.domain.oracle.bond import Bond
from settlement.domain.oracle.calls import NOBODY, Call, Event, Outcome
from settlement.domain.oracle.control import ControlTracking
from settlement.domain.oracle.engine import Engine
from settlement.domain.oracle.facts import Fact
from settlement.domain.oracle.fungible import Fungible
from settlement.domain.oracle.instrument import Instrument
from settlement.domain.oracle.money import Deposits, WholesaleMoney
from settlement.domain.oracle.registry import Registry
from settlement.domain.oracle.tables import Account, Refusal, Tables

_BOND_TERMS = "(bytes12,bytes3,uint96,uint96,uint96,uint8,uint8,uint32,address,bytes32,bytes32)"
_COUPONS = "(uint32,uint32,uint32,uint32,uint32,uint16,uint16,uint32)[]"

CONSTRUCTORS: Mapping[str, tuple[str, ...]] = {
    "Registry": ("address", "address", "address"),
    "SettlementEngine": ("address",),
    "WholesaleCBDC": ("string", "string", "uint8", "address", "address", "address"),
    "TokenizedDeposit": ("string", "string", "uint8", "address", "address", "address", "address", "uint256"),
    "GreenBond": (
        *("string", "string", "address", "address", "address"),
        *(_BOND_TERMS, _COUPONS, "(uint16,uint32)[]", "(uint32,uint32)[]", "string"),
    ),
    "BillOfLading": ("string", "string", "address", "address", "address", "address"),
}
"""The types of what each contract is created with."""

_CLASSES = (Registry, Engine, WholesaleMoney, Deposits, Bond, Bills)

SIGNATURES: frozenset[str] = frozenset(signature for each in _CLASSES for signature in each.CALLS)
"""Every function that is modelled."""


class Oracle:
    """Works out what calls lead to.

    Args:
        registry: The registry's address; contracts of other deployments are none of its business.
        engine: The engine's.

    """

    def __init__(self, registry: str, engine: str) -> None:
        self._tables = Tables()
        self._registry = Registry(self._tables, registry)
        self.instruments: dict[str, Instrument] = {}
        self._engine = Engine(self._tables, self._registry, engine, self.instruments)
        self._controls: dict[str, ControlTracking] = {}
        self.is_deployed = False
        self._told: Event | None = None

    def models(self, call: Call) -> bool:
        """Whether the rules of a call are known here."""
        if call.function in CONSTRUCTORS:
            return True
        contract = self._contract(call.contract)
        return contract is not None and call.function in contract.CALLS

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of the last batch's instructions."""
        return tuple(self._engine.outcomes)

    def apply(self, call: Call) -> Mapping[Account, int]:
        """Carries a call out, and tells what it moved.

        Raises:
            Refusal: by the rules it is refused; nothing has changed.
        """
        mark = self._tables.mark()
        try:
            if call.function in CONSTRUCTORS:
                self._create(call)
            else:
                contract = self._contract(call.contract)
                assert contract is not None  # noqa: S101 - see `models`
                handler: Callable[..., None] = getattr(contract, contract.CALLS[call.function])
                handler(call, *call.arguments)
        except Refusal:
            self._tables.roll_back(mark)
            raise
        return self._tables.keep()

    def tell(self, event: Event, at: int) -> None:
        """Takes a movement from its event, as far as accounts and holds allow it.

        Raises:
            Refusal: they do not.
        """
        instrument = self.instruments.get(event.contract)
        before, self._told = self._told, event
        if isinstance(instrument, Fungible):
            _tell(instrument, event)
            self._count(before, event, at)
        elif isinstance(instrument, Bills) and event.name == "Transfer":
            self._tables.put(instrument.owners, event.arguments[2], event.arguments[1])
        elif instrument is not None and event.name == "HoldPlaced":
            instrument.place_hold(*event.arguments)
        elif instrument is not None and event.name == "HoldResolved":
            instrument.resolve_hold(event.arguments[0])
        self._tables.keep()

    # ---- what is so --------------------------------------------------------------------------------------------------

    def facts(self) -> Iterator[Fact]:
        """Everything that can be compared: each party with each instrument, titles, holds, instructions, parties."""
        parties = list(self._registry.roles)
        purposes: dict[str, str] = {}
        for terms in self._engine.known.values():
            purposes.update(dict.fromkeys(terms.holds, terms.instruction_id))
        for address, instrument in self.instruments.items():
            if isinstance(instrument, Fungible):
                yield from _fungible_facts(address, instrument, parties, purposes)
            elif isinstance(instrument, Bills):
                yield from _bill_facts(address, instrument, purposes)
        for party in parties:
            yield Fact("party", self._registry.address, party, self._registry.status_of(party))
        engine = self._engine
        for terms in engine.known.values():
            yield Fact("instruction", engine.address, terms.instruction_id, engine.status_of(terms), terms)
        for instruction_id, held in engine.held_legs.items():
            yield Fact("legs", engine.address, instruction_id, held)

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _count(self, before: Event | None, event: Event, at: int) -> None:
        """Deposits burned, and the bank's reserves moved by as much: a payment across banks, which uses its mandate."""
        deposits = self.instruments.get(before.contract) if before else None
        if not before or not isinstance(deposits, Deposits) or (before.name, event.name) != ("Transfer", "Transfer"):
            return
        burned, reserves = before.arguments, event.arguments
        is_payment = burned[1] == NOBODY and (burned[2], deposits.issuer) == (reserves[2], reserves[0])
        if is_payment and deposits.reserve == event.contract:
            deposits.use_mandate(reserves[2], reserves[1], at)

    def _contract(self, address: str) -> Any:
        if address == self._registry.address:
            return self._registry
        if address == self._engine.address:
            return self._engine
        return self.instruments.get(address)

    def _create(self, call: Call) -> None:
        made, values = call.contract, call.arguments
        if call.function == "Registry" and made == self._registry.address:
            self._registry.govern(*values)
            self.is_deployed = True
        elif call.function == "WholesaleCBDC":
            self._enter(values[3], values[5], WholesaleMoney(self._tables, self._registry, made, values[4]))
        elif call.function == "TokenizedDeposit":
            deposits = Deposits(self._tables, self._registry, made, values[4], values[6], values[7])
            self._enter(values[3], values[5], deposits)
        elif call.function == "GreenBond":
            nominal, minimum, increment = values[5][2:5]
            bond = Bond(self._tables, self._registry, made, values[3], nominal, minimum, increment)
            self._enter(values[2], values[4], bond)
        elif call.function == "BillOfLading":
            control = self._controls.setdefault(values[5], ControlTracking(self._tables, self._registry))
            bills = Bills(self._tables, self._registry, made, values[3], control, self.instruments)
            self._enter(values[2], values[4], bills)

    def _enter(self, engine: str, registry: str, instrument: WholesaleMoney | Deposits | Bond | Bills) -> None:
        """Takes an instrument in, where it is of this deployment and its issuer has the role."""
        if (engine, registry) != (self._engine.address, self._registry.address):
            return
        self._registry.require_role(instrument.issuer, instrument.ISSUED_BY)
        self._tables.put(self._registry.issuers, instrument.address, instrument.issuer)
        self._tables.put(self.instruments, instrument.address, instrument)


def _tell(instrument: Fungible, event: Event) -> None:
    if event.name == "RegisterClosed" and isinstance(instrument, Bond):
        instrument.enter(event.arguments[0])
    elif event.name == "HoldPlaced":
        instrument.place_hold(*event.arguments)
    elif event.name == "HoldResolved":
        instrument.resolve_hold(event.arguments[0])
    elif event.name == "Transfer":
        giver, receiver, quantity = event.arguments
        if giver == NOBODY:
            instrument.mint(receiver, quantity)
        elif receiver != NOBODY:
            instrument.book_transfer(giver, receiver, quantity, 0)
        elif isinstance(instrument, Bond):
            instrument.burn_redeemed(giver, quantity)
        else:
            instrument.burn(giver, quantity)


def _fungible_facts(
    address: str, instrument: Fungible, parties: list[str], purposes: Mapping[str, str]
) -> Iterator[Fact]:
    yield Fact("supply", address, "", instrument.supply)
    if isinstance(instrument, Bond):
        yield Fact("stage", address, "", instrument.stage)
    for holder in dict.fromkeys([*parties, *instrument.balances]):
        yield Fact("balance", address, holder, instrument.balances.get(holder, 0))
        yield Fact("held", address, holder, instrument.held.get(holder, 0))
    for hold, (owner, quantity) in instrument.holds.items():
        yield Fact("hold", address, hold, int(owner, 16) << 256 | quantity, purpose=purposes.get(hold, ""))


def _bill_facts(address: str, instrument: Bills, purposes: Mapping[str, str]) -> Iterator[Fact]:
    for title, owner in instrument.owners.items():
        yield Fact("owner", address, f"{title:#x}", int(owner, 16))
        yield Fact("titleholder", address, f"{title:#x}", int(instrument.titleholder_of(title), 16))
    for hold, title in instrument.holds.items():
        expected = int(instrument.owners.get(title, NOBODY), 16) << 256 | title if title else 0
        yield Fact("hold", address, hold, expected, purpose=purposes.get(hold, ""))
