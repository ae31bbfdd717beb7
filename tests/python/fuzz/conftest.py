"""A market on a chain of its own, as it is before each case."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lying import LyingNode
from market import Market
from proxy import proxied
from stage import Stage

from settlement import connect
from settlement.chain.rpc import Rpc


@pytest.fixture(scope="module")
def stage(settlement_chain: str, _settlement_deployment: object) -> Iterator[Stage]:
    """Where cases are played, each on the same chain."""
    rpc = Rpc(settlement_chain)
    snapshot = rpc.call("evm_snapshot", [])
    try:
        market = Market(connect(settlement_chain, deployment=_settlement_deployment), settlement_chain)
        with proxied(settlement_chain, LyingNode) as node:
            yield Stage(market, settlement_chain, node)
    finally:
        rpc.call("evm_revert", [snapshot])
