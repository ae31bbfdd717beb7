"""A market with the oracle beside it, made once for a module and taken back after each use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from side_by_side import SideBySide

from settlement import connect
from settlement.app import deploy_on
from settlement.chain.rpc import Rpc


@pytest.fixture(scope="module")
def both(settlement_chain: str) -> Iterator[SideBySide]:
    """Whatever is done in `both.anew()` is taken back there."""
    rpc = Rpc(settlement_chain)
    snapshot = rpc.call("evm_snapshot", [])
    yield SideBySide(connect(settlement_chain, deployment=deploy_on(settlement_chain)), settlement_chain)
    rpc.call("evm_revert", [snapshot])
