"""What the command line does with the queue, as functions: describe a network, serve it, submit to it, tend it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from settlement.app import operations
from settlement.app.description import NetworkDescription, read_description
from settlement.app.service import Service
from settlement.app.wiring import describe, open_service
from settlement.domain.finality import read_finality
from settlement.durable.chains import ChainStore
from settlement.errors import InputError
from settlement.flow.worker import WorkerRule
from settlement.service.metrics import Metrics
from settlement.service.serve import ServeRule, serve


def describe_network(run: int | None = None, store: ChainStore | None = None) -> NetworkDescription:
    """The network of a run on the chain that is up; of the last one.

    Raises:
        InputError: no chain is up, or there is no such run.
    """
    store = store or ChainStore()
    stored, record = operations.stored_run(store, run)
    return describe(record.url, operations.deployment_of(record), stored.directory, stored.label)


def open_named(
    network: Path | None, journal: str | None, store: ChainStore | None = None, allow_development_keys: bool = False
) -> tuple[Service, NetworkDescription]:
    """The service over the network in a file, or that of the last run on the chain that is up, and its description.

    Raises:
        InputError: there is none, or it is another chain than the journal's.
        ChainUnreachable, JournalUnavailable: nobody answers.
    """
    store = store or ChainStore()
    if network is not None and journal is None:
        raise InputError("--network names a network of your own: name its journal too, with --journal FILE or URL")
    description = describe_network(store=store) if network is None else read_description(network)
    where = operations.journal_path(store) if journal is None else journal
    service = open_service(description, where, allow_development_keys=allow_development_keys)
    return service, description


def run_service(
    service: Service,
    description: NetworkDescription,
    rule: ServeRule,
    should_stop: Callable[[], bool],
    batch_size: int = WorkerRule.batch_size,
    finality: str | None = None,
    on_ready: Callable[[str], None] = lambda _url: None,
) -> None:
    """Runs a worker until it is told to stop.

    Raises:
        InputError: the finality rule cannot be read, the port is in use, or the chain is another one.
    """
    rules = WorkerRule(batch_size=batch_size, finality=read_finality(finality or description.finality))
    metrics = Metrics(service.queue, lambda: worker.now(), service.batches.head_number, lambda: worker.followed)
    worker = service.worker(rules, observe=metrics.observe)
    serve(worker, service.queue, metrics, rule, should_stop, on_ready)
