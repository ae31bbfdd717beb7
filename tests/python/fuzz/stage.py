"""A market with a service that reaches its chain through a node that may lie; every case begins with the same chain."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lying import LyingNode
from market import Market

from settlement.app import Service, describe, open_service
from settlement.domain.instruction import Leg
from settlement.domain.submission import Submission
from settlement.errors import ChainUnreachable, OutcomeUnknown
from settlement.flow.intake import submit
from settlement.flow.worker import Worker
from settlement.flow.worker_rule import WorkerRule

PATIENCE_S = 5.0
"""How long an answer may take, and a receipt. A node that says nothing is another test's."""

ROUNDS_MAX = 2_000

RULE = WorkerRule(poll_s=0.001, look_s=0.0, linger_s=0.0, resend_s=0.0, replace_s=0.5)
"""Where a lie has a batch signed for a fee that no block takes, it is replaced before all rounds are over."""


NOMINALS = {"S": 10, "P": 2_000, "R": 40}
"""Of the instructions of a journal to be damaged: settled; pending, since the seller has only a thousand; and ready."""


class Stage:
    """Plays cases.

    Attributes:
        market: The market.
        node: What lies.
        journal: The journal of the case that is played.

    """

    def __init__(self, market: Market, url: str, node: LyingNode) -> None:
        ledger = market.network.ledger
        self.market, self.node, self.journal = market, node, Path()
        self.description = describe(url, ledger.deployment, ledger.directory, "")
        self.before = self._balances()
        with self.played() as service:
            service.network.settle(*self.trade())
            self.after = self._balances()
        assert self.before != self.after

    def trade(self) -> list[Leg]:
        """What is to settle once, or not at all."""
        return self.trade_of(10)

    def trade_of(self, nominal: int) -> list[Leg]:
        """So much of the bond against one dollar."""
        return self.market.trade(str(nominal), "1.00")

    @contextlib.contextmanager
    def played(self) -> Iterator[Service]:
        """A service with a new journal; what happens in the block, the chain forgets."""
        with tempfile.TemporaryDirectory() as folder, self.forgotten():
            self.journal = Path(folder) / "journal.sqlite"
            with self.opened(self.journal) as service:
                yield service

    @contextlib.contextmanager
    def forgotten(self) -> Iterator[None]:
        """What happens in the block, the chain forgets; and the node is well before and after."""
        rpc = self.market.rpc
        snapshot = rpc.call("evm_snapshot", [])
        self.node.tell([])
        try:
            yield
        finally:
            self.node.tell([])
            rpc.call("anvil_dropAllTransactions", [])
            rpc.call("evm_revert", [snapshot])

    @contextlib.contextmanager
    def opened(self, journal: Path) -> Iterator[Service]:
        """A service over this journal, through the node."""
        service = open_service(self.description, journal, url=self.node.url, timeout_s=PATIENCE_S)
        try:
            yield service
        finally:
            service.close()

    def submit(self, service: Service, reference: str = "R", legs: Sequence[Leg] = ()) -> None:
        """Takes the trade in, or another."""
        now = self.market.now()
        item = Submission(reference=reference, legs=tuple(legs or self.trade()), deadline=now + 86_400)
        submit(service.network.desk, [item], now)

    def times_settled(self) -> int:
        """How often the trade has settled by the chain's books; anything else is an error."""
        now = self._balances()
        assert now in (self.before, self.after), now
        return int(now == self.after)

    def _balances(self) -> dict[tuple[str, str], int]:
        return self.market.amounts()


def rounds(worker: Worker, is_over: Callable[[], bool], rounds_max: int = ROUNDS_MAX) -> bool:
    """Rounds as a running worker makes them: trouble is waited out. Whether it came to its end."""
    for _ in range(rounds_max):
        try:
            worker.step()
        except (ChainUnreachable, OutcomeUnknown):
            worker.forget()
        if is_over():
            return True
    return False
