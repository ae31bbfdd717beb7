"""Whether the books balance: what was issued is there, in the right hands, and nothing else is."""

from __future__ import annotations

from collections import Counter

from settlement.domain import acts
from settlement.domain.runs import CheckReport
from settlement.ports import Ledger


class Books:
    """Counts what issuers do, and compares it with the ledger."""

    def __init__(self) -> None:
        self._issued: Counter[str] = Counter()

    def count(self, act: acts.Act) -> None:
        """Notes an issue or redemption that took place."""
        if isinstance(act, acts.IssueMoney | acts.IssueBond):
            self._issued[act.quantity.instrument] += act.quantity.amount
        elif isinstance(act, acts.RedeemMoney | acts.RedeemBond):
            self._issued[act.quantity.instrument] -= act.quantity.amount

    def count_redeemed(self, bond: str, nominal: int) -> None:
        """Notes nominal that its paying agent redeemed."""
        self._issued[bond] -= nominal

    def checks(self, ledger: Ledger) -> list[CheckReport]:
        """Per instrument: balances add up to the supply, nothing held that is not owned, and the supply is what was
        issued less what was redeemed; for deposits of one currency together, since payments move them between banks.
        """
        listed = [
            record
            for record in ledger.directory.instruments.values()
            if record.kind != "bill-of-lading" and not record.unlisted
        ]
        supplies = {record.instrument: ledger.supply(record.instrument) for record in listed}
        positions = ledger.positions()
        found: list[CheckReport] = []
        for record in listed:
            name, supply = record.instrument, supplies[record.instrument]
            own = [position for (_, instrument), position in positions.items() if instrument == name]
            total = sum(position.balance for position in own)
            found.append(_equal(f"{name}: balances add up to the supply", total, supply))
            over = sum(position.held > position.balance for position in own)
            found.append(_equal(f"{name}: nothing is held that is not owned", over, 0))
            if record.kind != "tokenized-deposit":
                found.append(_equal(f"{name}: supply is issued less redeemed", supply, self._issued[name]))
        for reserve in sorted({record.reserve for record in listed if record.reserve}):
            deposits = [record.instrument for record in listed if record.reserve == reserve]
            supply = sum(supplies[name] for name in deposits)
            issued = sum(self._issued[name] for name in deposits)
            found.append(_equal(f"deposits settling in {reserve}: supply is issued less redeemed", supply, issued))
        return found


def _equal(name: str, actual: int, expected: int) -> CheckReport:
    detail = "" if actual == expected else f"{actual} instead of {expected}"
    return CheckReport(name=name, ok=actual == expected, detail=detail)
