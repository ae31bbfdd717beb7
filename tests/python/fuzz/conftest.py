"""A market on a chain of its own, as it is before each case."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator

import pytest
from lying import LyingNode
from market import Market
from proxy import proxied
from stage import NOMINALS, PATIENCE_S, RULE, Stage, rounds

from settlement import connect
from settlement.chain.rpc import Rpc
from settlement.chain.transactions import Transactor
from settlement.domain.instruction import InstructionStatus
from settlement.durable.verify import verify


@pytest.fixture(scope="module")
def stage(settlement_chain: str, _settlement_deployment: object) -> Iterator[Stage]:
    """Where cases are played, each on the same chain."""
    rpc = Rpc(settlement_chain)
    snapshot = rpc.call("evm_snapshot", [])
    try:
        market = Market(connect(settlement_chain, deployment=_settlement_deployment), settlement_chain)
        with proxied(settlement_chain, LyingNode) as node, pytest.MonkeyPatch.context() as patch:
            # Where a lie has a transaction sent with a nonce far ahead, its receipt never comes.
            waiting = functools.partialmethod(Transactor.__init__, receipt_timeout_s=PATIENCE_S)
            patch.setattr(Transactor, "__init__", waiting)
            yield Stage(market, settlement_chain, node)
    finally:
        rpc.call("evm_revert", [snapshot])


@pytest.fixture(scope="module")
def journal(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """The file of a journal: one instruction settled, one pending, one ready."""
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    with stage.forgotten():
        with stage.opened(path) as service:
            worker = service.worker(RULE, "before")
            for reference, status in (("S", InstructionStatus.CONFIRMED), ("P", InstructionStatus.PENDING)):
                stage.submit(service, reference, stage.trade_of(NOMINALS[reference]))
                assert rounds(worker, lambda r=reference, s=status: service.network.journal.entry(r).status is s)
            worker.close()
            stage.submit(service, "R", stage.trade_of(NOMINALS["R"]))
            assert verify(service.database) == ()
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.close()
        yield path.read_bytes()
