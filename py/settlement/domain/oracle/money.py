"""Money: accounts at its issuer, bookings, and of deposits the mandate over the bank's reserves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from settlement.domain.oracle.calls import Call
from settlement.domain.oracle.fungible import Fungible
from settlement.domain.oracle.registry import BANK, CENTRAL_BANK, ISSUER, Registry
from settlement.domain.oracle.tables import Refusal, Tables

DAY_SECONDS = 86_400


class AccountMoney(Fungible):
    """Money that only holders with an account can have, which may be blocked."""

    CALLS: ClassVar[Mapping[str, str]] = {
        **Fungible.CALLS,
        "openAccount(address)": "open_account",
        "closeAccount(address)": "close_account",
        "blockAccount(address)": "block_account",
        "unblockAccount(address)": "unblock_account",
        "issue(address,uint256,bytes32)": "issue",
        "redeem(address,uint256,bytes32)": "redeem",
    }
    HOLDERS: ClassVar[int] = 0xFFFF

    def __init__(self, tables: Tables, registry: Registry, address: str, issuer: str) -> None:
        super().__init__(tables, registry, address, issuer)
        self.accounts: dict[str, str] = {}
        self._booked: dict[bytes, bool] = {}

    def open_account(self, call: Call, holder: str) -> None:
        """The issuer takes a holder on."""
        self._require_issuer(call)
        self._registry.require_role(holder, self.HOLDERS)
        if self.accounts.get(holder):
            raise Refusal("AccountMoney_AccountExists", holder)
        self._tables.put(self.accounts, holder, "open")

    def close_account(self, call: Call, holder: str) -> None:
        """The issuer closes an empty account."""
        self._require_account(call, holder)
        if self.balances.get(holder):
            raise Refusal("AccountMoney_AccountNotEmpty", holder)
        self._tables.put(self.accounts, holder, "")

    def block_account(self, call: Call, holder: str) -> None:
        """The issuer blocks an account."""
        self._require_account(call, holder)
        self._tables.put(self.accounts, holder, "blocked")

    def unblock_account(self, call: Call, holder: str) -> None:
        """The issuer ends that."""
        self._require_account(call, holder)
        self._tables.put(self.accounts, holder, "open")

    def issue(self, call: Call, holder: str, quantity: int, reference: bytes) -> None:
        """The issuer books new money, under a reference that serves once."""
        self._book(call, reference)
        self._registry.require_active(holder)
        self.mint(holder, quantity)

    def redeem(self, call: Call, holder: str, quantity: int, reference: bytes) -> None:
        """The issuer takes money back, under a reference that serves once."""
        self._book(call, reference)
        self._registry.require_active(holder)
        self.burn(holder, quantity)

    def check_account(self, account: str) -> None:
        """See `Fungible.check_account`."""
        standing = self.accounts.get(account)
        if standing == "open":
            return
        if not standing:
            raise Refusal("AccountMoney_NoAccount", f"{account} has no account of {self.address}")
        raise Refusal("AccountMoney_AccountBlocked", f"the account of {account} is blocked")

    def _book(self, call: Call, reference: bytes) -> None:
        self._require_issuer(call)
        if self._booked.get(reference):
            raise Refusal("AccountMoney_BookingReferenceUsed", "0x" + reference.hex())
        self._tables.put(self._booked, reference, True)

    def _require_account(self, call: Call, holder: str) -> None:
        self._require_issuer(call)
        if not self.accounts.get(holder):
            raise Refusal("AccountMoney_NoAccount", f"{holder} has no account of {self.address}")


class WholesaleMoney(AccountMoney):
    """Central bank money, for banks and issuers."""

    HOLDERS: ClassVar[int] = BANK | ISSUER
    ISSUED_BY: ClassVar[int] = CENTRAL_BANK


class Deposits(AccountMoney):
    """A bank's deposits. Across banks they are burned here and minted there, and reserves move the same way."""

    CALLS: ClassVar[Mapping[str, str]] = {
        **AccountMoney.CALLS,
        "setCounterpartyLimit(address,uint64)": "set_counterparty_limit",
        "setDailyLimit(uint64)": "set_daily_limit",
    }
    ISSUED_BY: ClassVar[int] = BANK

    def __init__(
        self, tables: Tables, registry: Registry, address: str, issuer: str, reserve: str, utc_offset: int
    ) -> None:
        super().__init__(tables, registry, address, issuer)
        self.reserve = reserve
        self._utc_offset = utc_offset
        self._limits: dict[str, int] = {}
        self._used: dict[int, int] = {}

    def set_counterparty_limit(self, call: Call, counterparty: str, limit: int) -> None:
        """The bank says how much a payment to another bank may be without its consent; zero ends that."""
        self._require_issuer(call)
        if limit:
            self._registry.require_role(counterparty, BANK)
        self._tables.put(self._limits, counterparty, limit)

    def set_daily_limit(self, call: Call, limit: int) -> None:
        """The bank says how much of that a business day may see."""
        self._require_issuer(call)
        self._tables.put(self._limits, "day", limit)

    def debit(self, payer: str, amount: int, payee_bank: str, at: int) -> bool:
        """Burns a payment across banks, and says whether the bank's mandate covers it."""
        covered = self.use_mandate(amount, payee_bank, at)
        self.burn(payer, amount)
        return covered

    def use_mandate(self, amount: int, payee_bank: str, at: int) -> bool:
        """Whether the bank's mandate covers a payment, which then counts for its business day."""
        today = (at + self._utc_offset) // DAY_SECONDS
        used = self._used.get(today, 0) + amount
        covered = amount <= self._limits.get(payee_bank, 0) and used <= self._limits.get("day", 0)
        if covered:
            self._tables.put(self._used, today, used)
        return covered
