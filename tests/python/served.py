"""The market's network with its journal in a file or a database, and workers on it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from market import Market

from settlement import ChainUnreachable, OutcomeUnknown
from settlement.app import NetworkDescription, describe, open_service
from settlement.domain.instruction import InstructionStatus
from settlement.domain.submission import Submission
from settlement.durable.verify import verify
from settlement.flow.intake import submit
from settlement.flow.worker import Worker
from settlement.flow.worker_rule import WorkerRule
from settlement.ports import ChainIdentity, Clock, Slot

PATIENCE_S = 10.0
"""How long a worker that is to meet trouble waits for the node's answer; who gives none hangs up at once."""

TROUBLE_S = 30.0
"""How long a worker may need to get over what struck it."""

ROUNDS_MAX = 2_000
"""More than any of these needs; a test that needs more fails here and does not hang."""


class ServedMarket:
    """The market's network with its journal in a file, and workers on it."""

    def __init__(
        self,
        market: Market,
        url: str,
        journal: Path | str,
        url_of_ours: str | None = None,
        description: NetworkDescription | None = None,
    ) -> None:
        ledger = market.network.ledger
        self.market = market
        self.description = description or describe(url, ledger.deployment, ledger.directory, "")
        self._journal_at = journal
        self.service = (
            open_service(self.description, journal)
            if url_of_ours is None
            else open_service(self.description, journal, url=url_of_ours, timeout_s=PATIENCE_S)
        )
        self.journal, self.queue = self.service.network.journal, self.service.queue
        self.batches, self.identity = self.service.batches, self.service.identity

    def worker(
        self,
        owner: str = "one",
        identity: ChainIdentity | None = None,
        clock: Clock | None = None,
        **rule: object,
    ) -> Worker:
        rules = WorkerRule(**({"poll_s": 0.001, "look_s": 0.0} | rule))
        service = self.service if identity is None else dataclasses.replace(self.service, identity=identity)
        return service.worker(rules, owner, clock=clock)

    def dispatch(self, worker: Worker) -> Slot:
        """Has the worker's first batch signed and stored, and not sent."""
        lane = worker.recover()
        slot = self.queue.dispatch(
            lane,
            10,
            worker.now(),
            lambda items: self.batches.sign_batch([item.matched for item in items], lane.lane, 0),
        )
        assert slot is not None
        return slot

    def submit(self, reference: str, nominal: str = "10", cash: str = "1.00", **more: object) -> None:
        now = self.market.now()
        legs = tuple(self.market.trade(nominal, cash))
        item = Submission(**({"reference": reference, "legs": legs, "deadline": now + 86_400} | more))
        submit(self.service.network.desk, [item], now)

    def status(self, reference: str) -> InstructionStatus | None:
        entry = self.journal.entry(reference)
        return None if entry is None else entry.status

    def require_books(self, settled: int) -> None:
        """So many trades of ten bonds each have settled, each once, by the journal and by the chain.

        Looked at past whatever stands between the worker and the node, and with patience.
        """
        assert self.market.network.position("buyer", "bond").balance == 10 * settled
        assert verify(self.service.database) == ()
        straight = open_service(self.description, self._journal_at)
        try:
            assert straight.reconcile().differences == ()
        finally:
            straight.close()

    def until(self, worker: Worker, reference: str, status: InstructionStatus) -> None:
        for _ in range(ROUNDS_MAX):
            worker.step()
            if self.status(reference) is status:
                return
        pytest.fail(f"{reference} is {self.status(reference)}, not {status}")

    def until_well(self, worker: Worker, reference: str, status: InstructionStatus) -> None:
        """As `until`, by a worker that waits trouble out."""
        self._until(worker, reference, status, lambda steps: steps[-1:] == [status])

    def until_ever(self, worker: Worker, reference: str, status: InstructionStatus) -> None:
        """As `until_well`, for a status that may be over already when somebody looks."""
        self._until(worker, reference, status, lambda steps: status in steps)

    def _until(
        self,
        worker: Worker,
        reference: str,
        status: InstructionStatus,
        is_there: Callable[[list[InstructionStatus]], bool],
    ) -> None:
        until = time.monotonic() + TROUBLE_S
        while time.monotonic() < until:
            try:
                worker.step()
            except (ChainUnreachable, OutcomeUnknown):
                worker.forget()
                time.sleep(0.01)
            entry = self.journal.entry(reference)
            if entry is not None and is_there([step.status for step in entry.history]):
                return
        pytest.fail(f"{reference} is {self.status(reference)}, not {status}")
