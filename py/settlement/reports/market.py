"""The market that measurements are made on: two banks, their clients, and cross-bank DvPs between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from settlement.domain.instruction import Leg
from settlement.flow.network import Network

TRADERS = 10

_ISIN = "HK0000000007"


def set_up_market(network: Network, sellers: Sequence[str], buyers: Sequence[str]) -> None:
    """Sets two banks up with their clients on an empty network: sellers hold bonds at one, buyers money at the other.

    Raises:
        Refused: the network is not empty.
    """
    network.admit("authority", "central-bank")
    network.admit("bank-amber", "bank")
    network.admit("bank-jade", "bank")
    network.admit("issuer", "issuer")
    for trader in (*sellers, *buyers, "neighbour"):
        network.admit(trader, "investor", provide_gas=False)
    network.create_wholesale_cbdc("wholesale-hkd", "authority", accounts=["bank-amber", "bank-jade"])
    at_amber = [*sellers, "neighbour", "issuer"]
    network.create_tokenized_deposit("amber-hkd", "bank-amber", "wholesale-hkd", accounts=at_amber)
    network.create_tokenized_deposit("jade-hkd", "bank-jade", "wholesale-hkd", accounts=buyers)
    network.set_mandate("jade-hkd", {"bank-amber": "1,000,000.00"}, "1,000,000,000.00")
    network.create_green_bond(
        "bond",
        "issuer",
        isin=_ISIN,
        nominal=10**9,
        minimum_denomination=1,
        increment=1,
        coupon_millionths=40_500,
        issue_date=date(2023, 2, 16),
        maturity_date=date(2024, 2, 16),
    )
    for bank in ("bank-amber", "bank-jade"):
        network.issue("wholesale-hkd", bank, "100,000,000.00")
    for buyer in buyers:
        network.issue("jade-hkd", buyer, "1,000,000.00")
    for holder in ("neighbour", *sellers):
        network.issue("amber-hkd", holder, "1,000.00")
    network.issue("bond", "issuer", "100,000,000")
    for holder in (*sellers, *buyers, "neighbour"):
        network.settle(network.leg("issuer", holder, "bond", "1,000,000"))


def bond_leg(network: Network, seller: str, buyer: str) -> Leg:
    """One unit of the bond."""
    return network.leg(seller, buyer, "bond", "1")


def cross_bank_dvp(network: Network, seller: str, buyer: str) -> list[Leg]:
    """One unit of the bond against 1.00, between clients of two banks."""
    cash = network.leg(buyer, seller, "jade-hkd", "1.00", receiver_instrument="amber-hkd")
    return [bond_leg(network, seller, buyer), cash]
