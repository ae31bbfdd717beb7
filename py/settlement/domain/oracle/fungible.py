"""Fungible instruments: balances, what of them is held, and the supply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from settlement.domain.oracle.calls import NOBODY, Call
from settlement.domain.oracle.instrument import EngineBound
from settlement.domain.oracle.registry import Registry
from settlement.domain.oracle.tables import Refusal, Tables
from settlement.domain.quantity import MAX_QUANTITY


class Fungible(EngineBound):
    """Accounts that carry a balance and holds. Every movement goes through `_take` and `_give`."""

    CALLS: ClassVar[Mapping[str, str]] = {
        **EngineBound.CALLS,
        "transfer(address,uint256)": "transfer",
        "approve(address,uint256)": "approve",
        "transferFrom(address,address,uint256)": "transfer_from",
    }

    def __init__(self, tables: Tables, registry: Registry, address: str, issuer: str) -> None:
        super().__init__(tables, registry, address, issuer)
        self.balances: dict[str, int] = tables.balances(address)
        self.held: dict[str, int] = {}
        self.holds: dict[str, tuple[str, int]] = {}
        self.supplies: dict[str, int] = {}
        self._allowances: dict[tuple[str, str], int] = {}

    @property
    def supply(self) -> int:
        """How much there is."""
        return self.supplies.get("supply", 0)

    def free_of(self, account: str) -> int:
        """What an account has and is not held."""
        return self.balances.get(account, 0) - self.held.get(account, 0)

    # ---- what holders do ---------------------------------------------------------------------------------------------

    def transfer(self, call: Call, receiver: str, quantity: int) -> None:
        """A holder moves its own, without an instruction."""
        self._transfer(call.sender, receiver, quantity)

    def approve(self, call: Call, spender: str, quantity: int) -> None:
        """A holder lets somebody move its own."""
        self._tables.put(self._allowances, (call.sender, spender), quantity)

    def transfer_from(self, call: Call, giver: str, receiver: str, quantity: int) -> None:
        """A party moves what a holder let it move."""
        self._registry.require_active(call.sender)
        allowed = self._allowances.get((giver, call.sender), 0)
        if allowed != 2**256 - 1:
            if quantity > allowed:
                raise Refusal("ERC20InsufficientAllowance", f"{call.sender} may move {allowed} of {giver}'s")
            self._tables.put(self._allowances, (giver, call.sender), allowed - quantity)
        self._transfer(giver, receiver, quantity)

    def _transfer(self, giver: str, receiver: str, quantity: int) -> None:
        for party in (giver, receiver, self.issuer):
            self._registry.require_active(party)
        self.book_transfer(giver, receiver, quantity, 0)

    # ---- what the engine does ----------------------------------------------------------------------------------------

    def book_transfer(self, giver: str, receiver: str, quantity: int, at: int) -> None:
        """See `Instrument.book_transfer`."""
        if giver == receiver:
            raise Refusal("Instrument_SelfMovement", giver)
        self._before_movement(giver, receiver)
        _require_amount(quantity)
        self._check_quantity(quantity)
        self._take(giver, quantity)
        self._give(receiver, quantity)
        self._check_position(giver)
        self._check_position(receiver)

    def place_hold(self, hold: str, owner: str, quantity: int) -> None:
        """See `Instrument.place_hold`."""
        if self.holds.get(hold, (NOBODY, 0))[0] != NOBODY:
            raise Refusal("Instrument_HoldExists", hold)
        self._before_movement(owner, NOBODY)
        _require_amount(quantity)
        self.check_account(owner)
        self._require_free(owner, quantity)
        self._check_quantity(quantity)
        self._check_hold(owner, quantity)
        self._tables.put(self.held, owner, self.held.get(owner, 0) + quantity)
        self._tables.put(self.holds, hold, (owner, quantity))
        self._check_position(owner)

    def resolve_hold(self, hold: str) -> None:
        """See `Instrument.resolve_hold`."""
        owner, quantity = self.holds.get(hold, (NOBODY, 0))
        if owner == NOBODY:
            raise Refusal("Instrument_HoldUnknown", hold)
        self._tables.put(self.holds, hold, (NOBODY, 0))
        self._tables.put(self.held, owner, self.held[owner] - quantity)

    # ---- inside ------------------------------------------------------------------------------------------------------

    def mint(self, account: str, quantity: int) -> None:
        """New quantity on an account."""
        self._before_movement(NOBODY, account)
        _require_amount(quantity)
        self._check_quantity(quantity)
        if self.supply + quantity > MAX_QUANTITY:
            raise Refusal("Instrument_InvalidQuantity", str(quantity))
        self._tables.put(self.supplies, "supply", self.supply + quantity)
        self._give(account, quantity)

    def burn(self, account: str, quantity: int) -> None:
        """Quantity of an account ceases to be."""
        self._before_movement(account, NOBODY)
        _require_amount(quantity)
        self._check_quantity(quantity)
        self._take(account, quantity)
        self._tables.put(self.supplies, "supply", self.supply - quantity)

    def _take(self, account: str, quantity: int) -> None:
        self.check_account(account)
        self._require_free(account, quantity)
        self._tables.put(self.balances, account, self.balances.get(account, 0) - quantity)

    def _give(self, account: str, quantity: int) -> None:
        self.check_account(account)
        balance = self.balances.get(account, 0) + quantity
        if balance > MAX_QUANTITY:
            raise Refusal("Instrument_InvalidQuantity", str(quantity))
        self._tables.put(self.balances, account, balance)

    def _require_free(self, account: str, quantity: int) -> None:
        free = self.free_of(account)
        if quantity > free:
            raise Refusal("Instrument_InsufficientFree", f"{account} has {free} free and needs {quantity}")

    # ---- for the derived book ----------------------------------------------------------------------------------------

    def check_account(self, account: str) -> None:
        """Refuses unless an account may be debited and credited."""

    def _before_movement(self, giver: str, receiver: str) -> None:
        """Refuses where nothing may go from one to the other now."""

    def _check_quantity(self, quantity: int) -> None:
        """Refuses a quantity that cannot move."""

    def _check_position(self, account: str) -> None:
        """Refuses what an account may not be left with free."""

    def _check_hold(self, account: str, quantity: int) -> None:
        """Refuses what could not be delivered by itself."""


def _require_amount(quantity: int) -> None:
    if not 0 < quantity <= MAX_QUANTITY:
        raise Refusal("Instrument_InvalidQuantity", str(quantity))
