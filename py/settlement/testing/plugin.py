"""The pytest plugin: a fresh deployed network per test, on one chain per worker.

The chain and the core contracts are made once per pytest process, so once per pytest-xdist worker, each on a port of
its own; every test gets the state right after deployment, by snapshot and revert.

    def test_payment(settlement_network):
        settlement_network.admit("authority", "central-bank")
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from settlement.app import connect, deploy_on
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.chain.rpc import Rpc
from settlement.flow.network import Network

_IN_MEMORY = ("--prune-history", "256")
"""States of so many blocks are kept, in memory: a chain that anvil reorganises back to a state on disk has lost the
code of every contract. Without this it moves all but the last few there once it is hundreds of blocks old."""


@pytest.fixture(scope="session")
def settlement_chain() -> Iterator[str]:
    """URL of a development chain that lasts as long as this pytest process."""
    with AnvilNode(NodeSettings(extra=_IN_MEMORY)) as node:
        yield node.url


@contextmanager
def taken_back(url: str) -> Iterator[None]:
    """Whatever is done to the chain in the block is undone at its end; down to its beginning it may be reorganised.

    Anvil forgets a block's state by when its hash was first seen, and a block that is mined right after a revert may be
    one that an earlier test has mined: the same parent, the same second, nothing in it. So its miner is another one.
    """
    rpc = Rpc(url)
    snapshot = rpc.call("evm_snapshot", [])
    rpc.call("anvil_setCoinbase", ["0x" + secrets.token_hex(20)])
    rpc.call("anvil_mine", ["0x1"])
    try:
        yield
    finally:
        rpc.call("evm_revert", [snapshot])


@pytest.fixture(scope="session")
def _settlement_deployment(settlement_chain: str) -> object:
    return deploy_on(settlement_chain)


@pytest.fixture
def settlement_network(settlement_chain: str, _settlement_deployment: object) -> Iterator[Network]:
    """A network on which nothing has happened yet: registry, engine and dry run are deployed, nobody is admitted."""
    with taken_back(settlement_chain):
        yield connect(settlement_chain, deployment=_settlement_deployment)  # type: ignore[arg-type]
