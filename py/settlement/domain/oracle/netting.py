"""Reserves inside a batch: added up, and moved once per bank at its end."""

from __future__ import annotations

from settlement.domain.oracle.fungible import Fungible
from settlement.domain.oracle.tables import Refusal, Tables

CLOSED, NET_ONLY, COVERED = range(3)
"""Outside a batch; all or nothing, where only the net has to be covered; each for itself, where each payment has to."""


class Netting:
    """What each bank is owed of each reserve, and in `COVERED` what it has left to pay with."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._mode = CLOSED
        self._nets: dict[tuple[str, str], int] = {}
        self._covers: dict[tuple[str, str], int] = {}
        self._reserves: dict[str, Fungible] = {}

    def open(self, *, each_for_itself: bool) -> None:
        """A batch begins."""
        self._mode = COVERED if each_for_itself else NET_ONLY
        self._nets, self._covers = {}, {}

    def close(self, at: int) -> None:
        """The batch ends: net debtors pay net creditors of the same reserve."""
        self.abandon()
        left = dict(self._nets)
        for debtor in left:
            for creditor in left:
                amount = min(-left[debtor], left[creditor])
                if creditor[0] == debtor[0] and amount > 0:
                    left[debtor] += amount
                    left[creditor] -= amount
                    self._reserves[debtor[0]].book_transfer(debtor[1], creditor[1], amount, at)

    def abandon(self) -> None:
        """The batch is over, whatever became of it."""
        self._mode = CLOSED

    def move(self, reserve: Fungible, payer: str, payee: str, amount: int, at: int) -> None:
        """Reserves from bank to bank: now, or at the end of the batch that is open."""
        if payer == payee:
            raise Refusal("Instrument_SelfMovement", payer)
        if self._mode == CLOSED:
            reserve.book_transfer(payer, payee, amount, at)
            return
        self._reserves[reserve.address] = reserve
        for bank, change in ((payer, -amount), (payee, amount)):
            key = (reserve.address, bank)
            if key not in self._nets:
                reserve.check_account(bank)
                self._tables.put(self._nets, key, 0)
                self._tables.put(self._covers, key, reserve.free_of(bank))
            if self._mode == COVERED:
                self._cover(key, change)
            self._tables.put(self._nets, key, self._nets[key] + change)

    def note(self, instrument: str, account: str, change: int) -> None:
        """What an account has free more or less beside netting: a bank may give away what it owes."""
        if self._mode == COVERED and (instrument, account) in self._nets:
            self._cover((instrument, account), change)

    def _cover(self, key: tuple[str, str], change: int) -> None:
        cover = self._covers[key]
        if cover + change < 0:
            raise Refusal("Instrument_InsufficientFree", f"{key[1]} has {cover} left and needs {-change}")
        self._tables.put(self._covers, key, cover + change)
