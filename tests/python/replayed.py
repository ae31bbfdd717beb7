"""A network's chain, worked out again by the rules and compared with its contracts."""

from __future__ import annotations

from settlement import Network
from settlement.chain.artifacts import load_artifacts
from settlement.chain.books import EvmBooks
from settlement.chain.rpc import Rpc
from settlement.domain.oracle import Oracle, Replay
from settlement.service.replay import Replayed, compare, named


def books_of(network: Network, url: str) -> EvmBooks:
    return EvmBooks(Rpc(url), load_artifacts(), network.ledger.deployment)


def oracle_of(network: Network) -> Oracle:
    deployment = network.ledger.deployment
    return Oracle(deployment.registry.lower(), deployment.engine.lower())


def replayed(network: Network, url: str) -> tuple[Replayed, list[str]]:
    """What was worked out of all that happened on it, and every difference."""
    books, replay = books_of(network, url), Replay(oracle_of(network))
    block = books.head()
    differences = [told for page in books.transactions(block) for each in page for told in replay.take(each.happened)]
    counts, found = compare(books, replay, block)
    return counts, [named(each, network.ledger.directory) for each in (*differences, *found)]
