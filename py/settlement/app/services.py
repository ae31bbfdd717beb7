"""What the command line does with the queue, as functions: describe a network, serve it, submit to it, tend it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from settlement.app.chain import deployment_of
from settlement.app.description import NetworkDescription, read_description
from settlement.app.looking import require_journal
from settlement.app.service import Service
from settlement.app.signing import Keys
from settlement.app.stored import journal_path, stored_run
from settlement.app.wiring import describe, open_service, scope_of
from settlement.domain.finality import read_finality
from settlement.durable.chains import ChainStore
from settlement.durable.database import Database
from settlement.durable.queue import SqlQueue
from settlement.errors import InputError
from settlement.flow.worker_rule import WorkerRule
from settlement.ports import Cancellation
from settlement.service.metrics import Metrics
from settlement.service.serve import ServeRule, serve
from settlement.service.submitting import Submitted, submit_stream

REASON_BYTES_MAX = 256
"""As the engine has it."""


def describe_network(run: int | None = None, store: ChainStore | None = None) -> NetworkDescription:
    """The network of a run on the chain that is up; of the last one.

    Raises:
        InputError: no chain is up, or there is no such run.
    """
    store = store or ChainStore()
    stored, record = stored_run(store, run)
    return describe(record.url, deployment_of(record), stored.directory, stored.label)


def open_named(
    network: Path | None, journal: str | None, store: ChainStore | None = None, keys: Keys | None = None
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
    where = journal_path(store) if journal is None else journal
    if journal is not None and "://" not in journal and not os.path.isdir(Path(journal).absolute().parent):
        raise InputError(f"the journal {journal} cannot be made: there is no folder {Path(journal).absolute().parent}")
    service = open_service(description, where, keys=keys)
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
        InputError: the finality rule cannot be read, the port is in use, the chain is another one, or the submitter's
            key is missing or unusable.
    """
    service.signing.require_submitter()
    rules = WorkerRule(batch_size=batch_size, finality=read_finality(finality or description.finality))
    metrics = Metrics(service.queue, lambda: worker.now(), service.batches.head_number, lambda: worker.followed)
    worker = service.worker(rules, observe=metrics.observe)
    serve(worker, service.queue, metrics, rule, should_stop, on_ready)


def submit_file(
    service: Service,
    path: Path,
    name: str,
    keep_going: bool,
    on_progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Submitted:
    """Takes a file of submissions in; see `service.submitting`.

    Raises:
        InputError: a line is at fault.
    """
    now = service.batches.now()
    return submit_stream(service.network.desk, path, name, now, keep_going, on_progress)


@contextlib.contextmanager
def open_queue(network: Path | None, journal: str | None, store: ChainStore | None = None) -> Iterator[SqlQueue]:
    """The queue alone, for who asks or changes it without the chain.

    Raises:
        InputError: there is no such network or journal.
        JournalUnavailable: it does not answer.
    """
    store = store or ChainStore()
    if network is not None and journal is None:
        raise InputError("--network names a network of your own: name its journal too, with --journal FILE or URL")
    if network is None:
        stored, record = stored_run(store)
        scope = scope_of(deployment_of(record), stored.label)
    else:
        described = read_description(network)
        scope = scope_of(described.deployment, described.label)
    where = journal_path(store) if journal is None else journal
    require_journal(where)
    database = Database(where)
    try:
        yield SqlQueue(database, database.scope(scope))
    finally:
        database.close()


def cancel(service: Service, key: str, party: str, reason: str) -> str:
    """Has an instruction cancelled by a worker, on the word of one of its parties; its id.

    Raises:
        InputError: the instruction is unknown, the party is none of its own, or has no usable key here.
        Refused: it is on its way, or finished.
    """
    entry = service.network.journal.entry(key)
    if entry is None:
        raise InputError(f"instruction {key!r} is unknown: give an id, its beginning (0x…), or a reference")
    instruction = entry.instruction
    if party not in instruction.parties:
        raise InputError(f"{party!r} is no party to {key!r}; these are: {', '.join(instruction.parties)}")
    if len(reason.encode()) > REASON_BYTES_MAX:
        raise InputError(f"a reason has at most {REASON_BYTES_MAX} bytes")
    consent = service.network.ledger.cancellation(party, instruction, reason)
    asked = Cancellation(reason, consent)
    service.queue.request_cancellation(entry.instruction_id, asked, service.batches.now())
    return entry.instruction_id
