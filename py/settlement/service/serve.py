"""A worker that runs until it is told to stop, and answers who asks how it is."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from dataclasses import dataclass

from settlement.flow.worker import Worker
from settlement.ports import Queue
from settlement.service.http import Answer, as_json, serving
from settlement.service.metrics import Metrics

log = logging.getLogger("settlement.service")

_GARBAGE_THRESHOLD = 50_000
"""Objects before Python looks for cycles. A batch makes thousands of objects and no cycle: looking took a tenth of the
worker's time."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class ServeRule:
    """How a service runs.

    Attributes:
        port: Where it answers on loopback; 0 for any that is free.
        until_idle: End when nothing is ready or on its way; what waits stays in the journal.
        drain_s: How long to follow what is on its way after the order to stop, in seconds.

    """

    port: int = 0
    until_idle: bool = False
    drain_s: float = 10.0


def serve(
    worker: Worker,
    queue: Queue,
    metrics: Metrics,
    rule: ServeRule,
    should_stop: Callable[[], bool],
    on_ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Runs until `should_stop` says so; then drains, gives its lane back and returns.

    Raises:
        InputError: the port is in use, or the chain is not the one that the journal belongs to.
    """

    def health() -> Answer:
        return as_json(200, {"status": "alive"})

    def ready() -> Answer:
        if worker.is_working:
            return as_json(200, {"status": "ready"})
        return as_json(503, {"status": "waiting", "reason": worker.trouble or "starting"})

    def ends() -> bool:
        return should_stop() or (rule.until_idle and worker.is_idle and not queue.is_busy())

    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD)
    answers = {"/health": health, "/ready": ready, "/metrics": lambda: (200, METRICS_TYPE, metrics.text())}
    with serving(rule.port, answers) as port:
        url = f"http://127.0.0.1:{port}"
        log.info("serving", extra={"url": url})
        on_ready(url)
        worker.run(ends, rule.drain_s)
    log.info("stopped")
