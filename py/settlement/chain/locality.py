"""Which chains are local: where development keys, which everybody can compute, do no harm.

A chain is local where both are true: its URL's host is loopback, and its id is a development chain's. A tunnel makes
a public chain answer on loopback, so the host alone says nothing; and an id is what a node claims, so it alone says
nothing about whose node that is. A signature is good for the chain id that it names and for no other.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

DEVELOPMENT_CHAIN_IDS = frozenset({31337, 1337})
"""Chain ids that development nodes use and no public chain does."""

PUBLIC_CHAINS: Mapping[int, str] = {
    1: "Ethereum",
    5: "Goerli",
    10: "OP Mainnet",
    56: "BNB Smart Chain",
    97: "BNB Smart Chain's testnet",
    100: "Gnosis",
    133: "HashKey Chain's testnet",
    137: "Polygon PoS",
    177: "HashKey Chain",
    324: "zkSync Era",
    8453: "Base",
    10200: "Chiado",
    17000: "Holesky",
    42161: "Arbitrum One",
    42220: "Celo",
    43113: "Fuji",
    43114: "Avalanche C-Chain",
    59144: "Linea",
    80002: "Amoy",
    84532: "Base Sepolia",
    421614: "Arbitrum Sepolia",
    534352: "Scroll",
    560048: "Hoodi",
    11155111: "Sepolia",
    11155420: "OP Sepolia",
}
"""Chains that everybody reaches: no development key signs for them, whatever is asked."""


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine by its form; no name but `localhost` is looked up."""
    if "\\" in url:
        return False  # Readers of URLs differ on where its host ends.
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(url: str, chain_id: int) -> bool:
    """Whether development keys do no harm on the chain with this id at this URL."""
    return chain_id in DEVELOPMENT_CHAIN_IDS and is_loopback(url)
