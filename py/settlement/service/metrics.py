"""What a running service tells Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from settlement.domain.instruction import InstructionStatus
from settlement.errors import SettlementError
from settlement.ports import BatchResult, Judgement, Queue

_SETTLED = (InstructionStatus.SETTLED, InstructionStatus.CONFIRMED)


class Metrics:
    """Counters of this process since it started, and the queue as it stands when somebody asks.

    Args:
        queue: The queue.
        now: The chain's time, in which the queue's own times are.
        head: The number of the chain's newest block, asked for anew.
        followed: The number of the block up to which this process has looked.

    """

    def __init__(
        self, queue: Queue, now: Callable[[], float], head: Callable[[], int], followed: Callable[[], int]
    ) -> None:
        self._queue, self._now, self._head, self._followed = queue, now, head, followed
        self._registry = CollectorRegistry()
        self._settled = Counter("settlement_settled", "Instructions settled.", registry=self._registry)
        self._not_settled = Counter(
            "settlement_not_settled",
            "Attempts that left an instruction pending, failing, refused or expired, by reason.",
            ["status", "reason"],
            registry=self._registry,
        )
        self._gas = Counter("settlement_gas_used", "Gas of mined batches.", registry=self._registry)
        self._batches = Counter("settlement_batches", "Mined batches.", registry=self._registry)
        self._registry.register(_Standing(self))

    def observe(self, judgements: Sequence[Judgement], result: BatchResult | None) -> None:
        """Counts what became of instructions."""
        if result is not None:
            self._batches.inc()
            self._gas.inc(result.gas_used)
        settled = 0
        for judgement in judgements:
            if judgement.status in _SETTLED:
                settled += 1
            else:
                # The error's name alone: its sentence holds amounts, and every amount would be a series of its own.
                reason = judgement.detail.split(":")[0].split("(")[0] if "_" in judgement.detail else "other"
                self._not_settled.labels(judgement.status.value, reason).inc()
        if settled:
            self._settled.inc(settled)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def standing(self) -> Iterable[Metric]:
        """What is read at the moment of asking."""
        try:
            figures = self._queue.figures()
        except SettlementError:
            yield GaugeMetricFamily("settlement_journal_up", "1 where the journal answers.", 0)
        else:
            yield GaugeMetricFamily("settlement_journal_up", "1 where the journal answers.", 1)
            by_status = GaugeMetricFamily("settlement_instructions", "Instructions by status.", labels=["status"])
            for status, count in sorted(figures.by_status.items()):
                by_status.add_metric([status], count)
            yield by_status
            yield GaugeMetricFamily("settlement_queue_depth", "Instructions not finished.", figures.unfinished)
            oldest = figures.oldest_taken_at
            age = 0.0 if oldest is None else max(0.0, self._now() - oldest)
            yield GaugeMetricFamily("settlement_queue_oldest_age_seconds", "Age of the oldest unfinished one.", age)
        started = time.monotonic()
        try:
            lag = max(0, self._head() - self._followed())
        except SettlementError:
            yield GaugeMetricFamily("settlement_chain_up", "1 where the chain answers.", 0)
        else:
            yield GaugeMetricFamily("settlement_chain_up", "1 where the chain answers.", 1)
            yield GaugeMetricFamily("settlement_chain_lag_blocks", "Blocks that were not looked at yet.", lag)
        took = time.monotonic() - started
        yield GaugeMetricFamily("settlement_chain_answer_seconds", "How long the chain took to say so.", took)


class _Standing:
    """The part of the registry that is read when asked."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics.standing()

    def describe(self) -> Iterable[Metric]:
        return ()
