"""A network with the queue that settles what is submitted to it: what `settle serve` and its sisters work on."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from settlement.app.signing import Signing
from settlement.chain.batches import EvmBatches
from settlement.chain.books import EvmBooks
from settlement.chain.deployment import Deployment
from settlement.domain.oracle import Oracle
from settlement.durable.database import Database
from settlement.durable.queue import SqlQueue
from settlement.errors import InputError
from settlement.flow.clock import SystemClock
from settlement.flow.network import Network
from settlement.flow.worker import Worker
from settlement.flow.worker_rule import WorkerRule
from settlement.ports import BatchResult, ChainIdentity, Clock, Judgement
from settlement.service.reconcile import Reconciliation, reconcile


@dataclass(frozen=True)
class Service:
    """A network, and what workers need to settle the instructions in its journal."""

    network: Network
    deployment: Deployment
    batches: EvmBatches
    books: EvmBooks
    queue: SqlQueue
    identity: ChainIdentity
    database: Database
    signing: Signing

    def worker(
        self,
        rule: WorkerRule | None = None,
        owner: str | None = None,
        observe: Callable[[Sequence[Judgement], BatchResult | None], None] = lambda _judgements, _result: None,
        clock: Clock | None = None,
    ) -> Worker:
        """A worker on this network, under a name that no other one has; see `flow.worker.Worker`."""
        name = owner or f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"
        return Worker(
            self.network.desk,
            self.batches,
            self.queue,
            self.identity,
            rule or WorkerRule(),
            clock or SystemClock(),
            name,
            observe=observe,
        )

    def reconcile(self, say: Callable[[str], None] = lambda _: None) -> Reconciliation:
        """Compares journal, chain and the oracle's rules; see `service.reconcile`."""
        since = self.database.since_block(self.queue.scope)
        oracle = Oracle(self.deployment.registry.lower(), self.deployment.engine.lower())
        return reconcile(self.network.journal, self.books, self.network.ledger.directory, oracle, since, say)

    def close(self) -> None:
        """Lets go of the journal."""
        self.database.close()


def require_chain(batches: EvmBatches, expected: ChainIdentity) -> None:
    """Sees to it that the chain is the one that is expected.

    Raises:
        InputError: it is another one.
        ChainUnreachable: nobody answers.
    """
    found = batches.identity()
    if found != expected:
        raise InputError(
            f"the chain is another one: it has id {found.chain_id} and the first block {found.genesis_hash[:10]}…, and "
            f"the network is on chain {expected.chain_id} with {expected.genesis_hash[:10]}…; "
            "a chain that was restarted empty is another one"
        )
    if not batches.is_deployed():
        raise InputError("there is no settlement engine on the chain where the network has it")
