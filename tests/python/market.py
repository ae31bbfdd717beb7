"""A market: two banks, a seller at one and a buyer at the other, and a bond."""

from __future__ import annotations

from copy import copy
from datetime import date
from pathlib import Path

from settlement import Network, connect
from settlement.app import deploy_on
from settlement.chain.rpc import Rpc
from settlement.domain.instruction import Leg
from settlement.flow.confirm import confirm
from settlement.flow.settle import settle


class Market:
    """The seller holds HK$1,000 of the bond; the buyer has HK$5,000.00 at another bank than the seller's."""

    def __init__(self, network: Network, url: str) -> None:
        self.network = network
        self.rpc = Rpc(url)
        self.settle = network.settle
        network.admit("authority", "central-bank")
        for bank in ("bank-amber", "bank-jade"):
            network.admit(bank, "bank")
        network.admit("issuer", "issuer")
        for client in ("seller", "buyer"):
            network.admit(client, "investor")
        network.create_wholesale_cbdc("wholesale-hkd", "authority", accounts=["bank-amber", "bank-jade"])
        network.create_tokenized_deposit("amber-hkd", "bank-amber", "wholesale-hkd", accounts=["seller"])
        network.create_tokenized_deposit("jade-hkd", "bank-jade", "wholesale-hkd", accounts=["buyer"])
        network.set_mandate("jade-hkd", {"bank-amber": "100,000.00"}, "100,000.00")
        network.create_green_bond(
            "bond",
            "issuer",
            isin="HK0000000007",
            nominal=1_000,
            minimum_denomination=1,
            increment=1,
            coupon_millionths=40_500,
            issue_date=date(2023, 2, 16),
            maturity_date=date(2024, 2, 16),
        )
        for bank in ("bank-amber", "bank-jade"):
            network.issue("wholesale-hkd", bank, "10,000.00", f"market-{bank}")
        network.issue("jade-hkd", "buyer", "5,000.00", "market-buyer")
        network.issue("bond", "issuer", "1,000", "market-bond")
        bonds = network.instruction(network.leg("issuer", "seller", "bond", "1,000"), reference="market-bond")
        confirm(network.desk, settle(network.desk, network.match(bonds)))

    def again(self, url: str, journal: Path) -> Market:
        """The same market, with what is remembered of it in a copy of its journal."""
        ledger = self.network.ledger
        market = copy(self)
        market.rpc = Rpc(url)
        market.network = connect(url, deployment=ledger.deployment, directory=ledger.directory, journal=journal)
        market.settle = market.network.settle
        return market

    def trade(self, nominal: str, cash: str) -> list[Leg]:
        """Bonds from seller to buyer against cash from bank to bank."""
        return [
            self.network.leg("seller", "buyer", "bond", nominal),
            self.network.leg("buyer", "seller", "jade-hkd", cash, receiver_instrument="amber-hkd"),
        ]

    def amounts(self) -> dict[tuple[str, str], int]:
        """Balances that are not nought, in smallest units."""
        positions = self.network.ledger.positions()
        return {key: position.balance for key, position in positions.items() if position.balance}

    def now(self) -> int:
        """The chain's time."""
        return self.network.ledger.head().timestamp


def build_market(url: str) -> Market:
    """A market on a chain that has nothing on it yet."""
    return Market(connect(url, deployment=deploy_on(url)), url)
