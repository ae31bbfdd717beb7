"""Bonds as fungible nominal: denominations, and the stages of an issue. Coupons are out of scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from settlement.domain.oracle.calls import NOBODY, Call
from settlement.domain.oracle.fungible import Fungible
from settlement.domain.oracle.registry import ISSUER, Registry
from settlement.domain.oracle.tables import Refusal, Tables

CLOSING, LIVE, REDEEMING, REPAID, EXITED = range(5)
"""Stages, as `BondStatus` in contracts/types/Bond.sol."""


class Bond(Fungible):
    """An issue's nominal. What a paying agent redeems is taken from its events."""

    CALLS: ClassVar[Mapping[str, str]] = {
        **Fungible.CALLS,
        "issue(uint256)": "issue",
        "redeem(uint256)": "redeem",
        "allocate(bytes32,uint256)": "allocate",
        "open()": "open",
        "exit()": "exit",
    }
    ISSUED_BY: ClassVar[int] = ISSUER

    def __init__(
        self,
        tables: Tables,
        registry: Registry,
        address: str,
        issuer: str,
        nominal: int,
        minimum: int,
        increment: int,
    ) -> None:
        super().__init__(tables, registry, address, issuer)
        self._nominal, self._minimum, self._increment = nominal, minimum, increment
        self._figures: dict[str, int] = {}
        self.is_redeeming = False

    @property
    def stage(self) -> int:
        """Where the issue stands."""
        return self._figures.get("stage", CLOSING)

    def issue(self, call: Call, nominal: int) -> None:
        """The issuer issues to its own account, up to the terms' nominal in all."""
        self._require_issuer(call)
        issued = self._figures.get("issued", 0) + nominal
        if issued > self._nominal:
            raise Refusal("GreenBond_NominalExceeded", f"{issued} of {self._nominal}")
        self._tables.put(self._figures, "issued", issued)
        self.mint(self.issuer, nominal)

    def redeem(self, call: Call, nominal: int) -> None:
        """The issuer redeems what came back to it."""
        self._require_issuer(call)
        if self.stage == EXITED:
            raise Refusal("GreenBond_UnexpectedStatus", "the register is closed")
        self.burn_redeemed(self.issuer, nominal)

    def allocate(self, call: Call, _allocation: bytes, nominal: int) -> None:
        """The issuer says how much was allocated."""
        self._require_stage(call, CLOSING)
        if nominal > self._nominal:
            raise Refusal("GreenBond_NominalExceeded", f"{nominal} of {self._nominal}")
        self._tables.put(self._figures, "allocated", nominal)

    def open(self, call: Call) -> None:
        """The issuer opens the issue, once what was allocated is delivered."""
        self._require_stage(call, CLOSING)
        delivered = self.supply - self.balances.get(self.issuer, 0)
        if delivered != self._figures.get("allocated", 0):
            raise Refusal("GreenBond_NotDelivered", str(delivered))
        self.enter(LIVE)

    def exit(self, call: Call) -> None:
        """The issuer closes the register for good."""
        self._require_stage(call, LIVE)
        self.enter(EXITED)

    def enter(self, stage: int) -> None:
        """Another stage."""
        self._tables.put(self._figures, "stage", stage)

    def burn_redeemed(self, holder: str, nominal: int) -> None:
        """Nominal that is redeemed, as is possible when nothing else moves; the last of it ends the issue."""
        self.is_redeeming = True
        try:
            self.burn(holder, nominal)
        finally:
            self.is_redeeming = False
        if self.stage == REDEEMING and not self.supply:
            self.enter(REPAID)

    def _require_stage(self, call: Call, stage: int) -> None:
        self._require_issuer(call)
        if self.stage != stage:
            raise Refusal("GreenBond_UnexpectedStatus", f"the issue is at stage {self.stage}")

    def _before_movement(self, giver: str, receiver: str) -> None:
        if self.stage == LIVE:
            return
        is_movement = NOBODY not in (giver, receiver)
        among_others = is_movement and self.issuer not in (giver, receiver)
        if (self.stage == CLOSING and among_others) or (self.stage > LIVE and not self.is_redeeming):
            raise Refusal("GreenBond_UnexpectedStatus", f"the issue is at stage {self.stage}")

    def _check_quantity(self, quantity: int) -> None:
        if quantity % self._increment:
            raise Refusal("GreenBond_NotInIncrement", f"{quantity} is no multiple of {self._increment}")

    def _check_position(self, account: str) -> None:
        free = self.free_of(account)
        if 0 < free < self._minimum and account != self.issuer:
            raise Refusal("GreenBond_BelowMinimumDenomination", f"{account} would have {free} free")

    def _check_hold(self, account: str, quantity: int) -> None:
        if quantity < self._minimum:
            raise Refusal("GreenBond_BelowMinimumDenomination", f"{account} would have {quantity} on hold")
