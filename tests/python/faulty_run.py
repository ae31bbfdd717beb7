"""A run of the service in a process of its own, in which a fault strikes at a named point: a port's method, before or
after it did its work. The points are those of the ports, so that production code knows nothing of them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from built_models import build_models

from settlement import Refused
from settlement.app import NetworkDescription, Service, open_service
from settlement.chain.artifacts import load_artifacts
from settlement.chain.rpc import Rpc, RpcError
from settlement.domain.discipline import RetryRule
from settlement.domain.finality import FinalityRule
from settlement.domain.submission import Submission
from settlement.errors import ChainUnreachable, JournalUnavailable, OutcomeUnknown
from settlement.flow.intake import submit
from settlement.flow.network import Network
from settlement.flow.worker_rule import WorkerRule
from settlement.ports import Cancellation

ROUNDS_MAX = 3_000
ROUNDS_PER_BLOCK = 2
LEASE_S = 0.05
"""Short, so that the next process takes over at once."""


@dataclass(frozen=True)
class Fault:
    """What strikes: at which passage of which point, and whether the process dies there or a call fails.

    Attributes:
        port: journal, queue or batches.
        method: One of its methods.
        when: before or after it did its work.
        how: killed, or failing: the call raises as if the journal or the chain were away.
        passage: Which passage it is, from 1 on.

    """

    port: str
    method: str
    when: str
    how: str
    passage: int = 1


@dataclass(frozen=True)
class Task:
    """What the process is to do."""

    description: NetworkDescription
    journal: str
    submissions: tuple[Submission, ...]
    cancels: str
    reorganised: Path
    """A file that is there once the chain was reorganised, or where it is not to be: once at most, whoever runs."""


class Watched:
    """A port whose calls pass a hook before and after."""

    def __init__(self, target: Any, passing: Callable[[str, str], None], turn: Any = None) -> None:
        self._target, self._passing, self._turn = target, passing, turn or contextlib.nullcontext()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._passing(name, "before")
            with self._turn:
                result = found(*arguments, **named)
            # A call that found nothing to do has changed nothing that a fault after it could tear apart.
            if result is not None or name not in ("dispatch", "dispatch_cancellation"):
                self._passing(name, "after")
            return result

        return call


def run(task: Task, fault: Fault | None) -> int:
    """Runs it in a process; the exit status, negative where a signal ended it."""
    process = _CONTEXT.Process(target=_run, args=(task, fault))
    process.start()
    process.join(60)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise AssertionError("the run did not end within a minute")
    return process.exitcode


_NODE = threading.RLock()
"""A node that is asked things while it reorganises its chain for us may be left without a state."""

# The process that they are forked from imports this file, so none of them has to do this.
load_artifacts()
build_models()
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["settlement.app", "faulty_run"])


def _run(task: Task, fault: Fault | None) -> None:
    service = _watched(open_service(task.description, task.journal), fault)
    _take_in(service, task)
    rule = WorkerRule(
        batch_size=5,
        poll_s=0.001,
        look_s=0.0,
        linger_s=0.0,
        lease_s=LEASE_S,
        resend_s=0.0,
        replace_s=0.02,
        finality=FinalityRule(kind="depth", depth=3),
        retry=RetryRule(pause_s=3_600.0),
    )
    worker = service.worker(rule)
    chain = _Chain(service, Rpc(task.description.url), task.reorganised)
    worker.run(lambda: chain.goes_on(busy=not worker.is_idle), drain_s=0.0)
    service.close()


def _take_in(service: Service, task: Task) -> None:
    """As a caller does who is told that the journal is away: the same again."""
    desk, now = service.network.desk, service.batches.now()
    for _ in range(3):
        try:
            submit(desk, task.submissions, now)
            entry = desk.journal.entry(task.cancels)
            assert entry is not None
            word = desk.ledger.cancellation(entry.instruction.parties[0], entry.instruction, "by agreement")
            service.queue.request_cancellation(entry.instruction_id, Cancellation("by agreement", word), now)
        except JournalUnavailable:
            continue
        except Refused:
            return  # An earlier process has carried it out.
        return
    raise AssertionError("the journal stays away")


class _Chain:
    """Mines, since nothing else does: only so can a transaction wait long enough for its fee to be raised."""

    def __init__(self, service: Service, rpc: Rpc, reorganised: Path) -> None:
        self._service, self._rpc, self._reorganised = service, rpc, reorganised
        self._rounds = 0

    def goes_on(self, *, busy: bool) -> bool:
        """Whether the run is over."""
        self._rounds += 1
        if self._rounds > ROUNDS_MAX:
            raise AssertionError(f"not idle after {ROUNDS_MAX} rounds: {self._service.queue.figures()}")
        if self._rounds % ROUNDS_PER_BLOCK == 0:
            self._mine()
        return not busy and not self._service.queue.is_busy()

    def _mine(self) -> None:
        self._rpc.call("anvil_mine", ["0x1"])
        settled = self._service.queue.figures().by_status.get("settled", 0)
        if settled and not self._reorganised.exists():
            self._reorganised.touch()
            try:
                with _NODE:
                    self._rpc.call("anvil_reorg", [2, []])
            except RpcError as error:
                raise AssertionError(f"the chain was not reorganised: {error}") from error


def _watched(service: Service, fault: Fault | None) -> Service:
    passages = 0

    def passing_of(port: str) -> Callable[[str, str], None]:
        def passing(method: str, when: str) -> None:
            nonlocal passages
            if fault is None or (port, method, when) != (fault.port, fault.method, fault.when):
                return
            passages += 1
            if passages == fault.passage:
                _strike(fault)

        return passing

    ledger, journal = service.network.ledger, Watched(service.network.journal, passing_of("journal"))
    return replace(
        service,
        network=Network(ledger, journal),
        batches=Watched(service.batches, passing_of("batches"), _NODE),
        queue=Watched(service.queue, passing_of("queue")),
    )


def _strike(fault: Fault) -> None:
    if fault.how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault.port != "batches":
        raise JournalUnavailable("the journal is away: a planted fault")
    if fault.method == "send" and fault.when == "after":
        raise OutcomeUnknown("0x", "a planted fault")
    raise ChainUnreachable("the chain is away: a planted fault")
