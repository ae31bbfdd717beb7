"""Throughput: DvPs a second from unsigned instructions to confirmed and journaled, beside what the chain can do.

All figures are of one run on one machine, over the same cross-bank DvPs between 10 sellers and 10 buyers:

- raw: signed and encoded beforehand, batches of 200 pushed into the chain and mined: what the chain can do;
- durable: submitted by this process, both parties' signatures made on the way, journaled, settled and confirmed by
  `settle serve` in a process of its own;
- naive: one web3.py call after another.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from settlement.app.description import NetworkDescription
from settlement.app.service import Service
from settlement.app.wiring import connect, deploy_on, describe, open_service
from settlement.chain.artifacts import load_artifacts
from settlement.chain.naive import NaiveClient
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.chain.rpc import Rpc
from settlement.domain.instruction import InstructionStatus, Leg
from settlement.domain.submission import Submission
from settlement.durable import schema
from settlement.errors import SettlementError
from settlement.flow.intake import submit
from settlement.flow.network import Network
from settlement.ports import SignedTransaction
from settlement.reports.market import TRADERS, cross_bank_dvp, set_up_market

BATCH = 200
WARM_UP = 4 * BATCH
RAW_MAX = 20_000
NAIVE = 60
LATENCY_SECONDS = 8
DEADLINE_SECONDS = 86_400
PATIENCE_SECONDS = 120
LABEL = "throughput"

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Market:
    """A network with traders on a chain, as this process and others find it."""

    network: Network
    description: NetworkDescription
    now: int
    node_pid: int
    legs: Mapping[tuple[int, int], tuple[Leg, ...]]

    def submission(self, index: int) -> Submission:
        legs = self.legs[index % TRADERS, index // TRADERS % TRADERS]
        return Submission(reference=f"dvp-{index}", legs=legs, deadline=self.now + DEADLINE_SECONDS)


def measure_throughput(
    instructions: int = 100_000, postgresql: str | None = None, say: Say = lambda _: None
) -> dict[str, Any]:
    """Measures raw, durable and naive throughput, latency at half load, and memory.

    Args:
        instructions: How many DvPs the durable run settles.
        postgresql: URL of an empty database: the durable run is repeated on it with two workers.
        say: Told what goes on.

    Raises:
        ChainUnreachable: the chain could not be started.
        SettlementError: not everything settled.
    """
    with _market(say) as market:
        say("raw: signing and encoding beforehand")
        raw = _raw(market, min(instructions, RAW_MAX), say)
        say("naive: one call after another")
        naive = _naive(market)
    with _market(say) as market, tempfile.TemporaryDirectory() as folder:
        durable = _durable(market, str(Path(folder) / "journal.sqlite"), 1, instructions, say)
        latency = durable.pop("latency")
    figures = {
        "instructions": instructions,
        "raw_dvp_per_s": raw,
        "durable_dvp_per_s": durable["dvp_per_s"],
        "ratio": round(durable["dvp_per_s"] / raw, 3),
        "naive_dvp_per_s": naive,
        "durable_over_naive": round(durable["dvp_per_s"] / naive, 1),
        "latency_half_load_ms": latency,
        "cpu_share": durable["cpu_share"],
        "rss_mib": durable["rss_mib"],
        "cpus": os.cpu_count(),
    }
    if postgresql is not None:
        with _market(say) as market:
            other = _durable(market, postgresql, 2, instructions, say)
            other.pop("latency")
            figures["postgresql_two_workers"] = other
            figures["postgresql_over_sqlite"] = round(other["dvp_per_s"] / durable["dvp_per_s"], 3)
    return figures


@contextlib.contextmanager
def _market(say: Say) -> Iterator[_Market]:
    say("setting up two banks and twenty traders")
    with AnvilNode(NodeSettings()) as node:
        deployment = deploy_on(node.url)
        network = connect(node.url, deployment=deployment, label=LABEL)
        sellers = [f"seller-{index}" for index in range(TRADERS)]
        buyers = [f"buyer-{index}" for index in range(TRADERS)]
        set_up_market(network, sellers, buyers)
        description = describe(node.url, deployment, network.ledger.directory, LABEL)
        legs = {
            (seller, buyer): tuple(cross_bank_dvp(network, sellers[seller], buyers[buyer]))
            for seller in range(TRADERS)
            for buyer in range(TRADERS)
        }
        yield _Market(network, description, network.ledger.head().timestamp, node.pid, legs)


# ---- raw and naive ---------------------------------------------------------------------------------------------------


def _raw(market: _Market, count: int, say: Say) -> float:
    """Batches of 200, signed and encoded before the clock starts; sent one after the other, and all mined."""
    with tempfile.TemporaryDirectory() as folder:
        service = open_service(market.description, str(Path(folder) / "journal.sqlite"))
        try:
            ledger, lane = service.network.ledger, 1
            address = service.batches.submitter(lane)
            service.batches.view(address, 0, None)
            nonces: dict[tuple[str, ...], int] = {}
            transactions: list[SignedTransaction] = []
            for start in range(0, WARM_UP + count, BATCH):
                batch = []
                for index in range(start, start + BATCH):
                    item = market.submission(index)
                    nonce = nonces.get(item.parties, 0)
                    nonces[item.parties] = nonce + 1
                    instruction = item.instruction(nonce)
                    batch.append(ledger.signed(instruction, instruction.givers))
                transactions.append(service.batches.sign_batch(batch, lane, len(transactions)))
            rpc = Rpc(market.description.url)
            warm = WARM_UP // BATCH
            for transaction in transactions[:warm]:
                rpc.call("eth_sendRawTransaction", [transaction.raw])
            _mined(rpc, address, warm)
            say("raw: pushing")
            started = time.perf_counter()
            for transaction in transactions[warm:]:
                rpc.call("eth_sendRawTransaction", [transaction.raw])
            _mined(rpc, address, len(transactions))
            took = time.perf_counter() - started
            settled = sum(_settled_by(service, transaction.hash) for transaction in transactions[warm:])
        finally:
            service.close()
    if settled != len(transactions[warm:]) * BATCH:
        raise SettlementError(f"of {len(transactions[warm:]) * BATCH} DvPs pushed raw only {settled} settled")
    return round(settled / took, 1)


def _settled_by(service: Service, transaction: str) -> int:
    result = service.batches.result(transaction)
    return 0 if result is None else sum(item.reason is None for item in result.items)


def _mined(rpc: Rpc, address: str, count: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while (mined := int(rpc.call("eth_getTransactionCount", [address, "latest"]), 16)) < count:
        if time.monotonic() > until:
            raise SettlementError(f"of {count} transactions only {mined} are in a block after {PATIENCE_SECONDS} s")
        time.sleep(0.001)


def _naive(market: _Market) -> float:
    ledger = market.network.ledger
    client = NaiveClient(market.description.url, load_artifacts(), market.description.deployment)
    matched = []
    for index in range(NAIVE):
        instruction = market.submission(10_000_000 + index).instruction(1_000_000 + index)
        matched.append(ledger.signed(instruction, instruction.givers))
    started = time.perf_counter()
    settled = sum(client.settle(item, ledger.directory) for item in matched)
    took = time.perf_counter() - started
    if settled != NAIVE:
        raise SettlementError(f"of {NAIVE} DvPs one by one only {settled} settled")
    return round(NAIVE / took, 1)


# ---- durable ---------------------------------------------------------------------------------------------------------


def _durable(market: _Market, journal: str, workers: int, count: int, say: Say) -> dict[str, Any]:
    service = open_service(market.description, journal)
    with contextlib.ExitStack() as stack:
        stack.callback(service.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        described = folder / "network.json"
        described.write_text(market.description.model_dump_json(), "utf-8")
        running = [stack.enter_context(_serving(described, journal, folder / f"{n}.log")) for n in range(workers)]
        kind = journal.partition("://")[0] if "://" in journal else "sqlite"
        say(f"durable ({kind}): warming up")
        _submit(service, market, 0, WARM_UP)
        _confirmed(service, WARM_UP, folder)
        pids = {"submitter": os.getpid(), "chain": market.node_pid} | {
            f"worker_{n + 1}": process.pid for n, process in enumerate(running)
        }
        say(f"durable ({kind}): {count:,} DvPs")
        memory: dict[str, list[float]] = {name: [] for name in pids}
        busy = {name: _cpu_seconds(pid) for name, pid in pids.items()}
        started = time.perf_counter()
        for start in range(0, count, BATCH):
            _submit(service, market, WARM_UP + start, BATCH)
            if start % (max(1, count // 20 // BATCH) * BATCH) == 0:
                for name, pid in pids.items():
                    memory[name].append(_rss_mib(pid))
        _confirmed(service, WARM_UP + count, folder)
        took = time.perf_counter() - started
        shares = {name: round((_cpu_seconds(pid) - busy[name]) / took, 2) for name, pid in pids.items()}
        rate = count / took
        say(f"durable ({kind}): latency at half load")
        latency = _latency(service, market, WARM_UP + count, rate / 2)
        peaks = {name: round(max(values), 1) for name, values in memory.items()}
        early = {name: round(values[min(2, len(values) - 1)], 1) for name, values in memory.items()}
        return {
            "dvp_per_s": round(rate, 1),
            "cpu_share": shares,
            "rss_mib": {"after_a_tenth": early, "peak": peaks},
            "latency": latency,
        }


def _submit(service: Service, market: _Market, first: int, count: int) -> None:
    for start in range(first, first + count, BATCH):
        submit(service.network.desk, [market.submission(index) for index in range(start, start + BATCH)], market.now)


@contextlib.contextmanager
def _serving(description: Path, journal: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "settlement.cli", "serve", "--network", str(description), "--journal", journal]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def _confirmed(service: Service, count: int, folder: Path) -> None:
    """Waits until so many are confirmed, and nothing is otherwise."""
    queue, status = schema.queue.c, InstructionStatus.CONFIRMED.value
    left = (
        select(func.count())
        .select_from(schema.queue)
        .where(queue.scope == service.queue.scope, queue.state.in_((0, 1, 2)))
    )
    waited = time.perf_counter()
    before = -1
    while True:
        with service.database.read() as connection:
            found = connection.execute(left).scalar() or 0
        if found == 0:
            break
        if found != before:
            before, waited = found, time.perf_counter()
        if time.perf_counter() - waited > PATIENCE_SECONDS:
            logs = "".join(path.read_text("utf-8", "replace")[-500:] for path in folder.glob("*.log"))
            raise SettlementError(f"{found} DvPs have not settled for {PATIENCE_SECONDS} s; the workers say: {logs}")
        time.sleep(0.01)
    figures = service.queue.figures()
    if figures.by_status != {status: count}:
        raise SettlementError(f"of {count} DvPs not all are confirmed: {dict(figures.by_status)}")


def _latency(service: Service, market: _Market, first: int, rate: float) -> Mapping[str, float]:
    """From submission to confirmation, at a steady rate in chunks of a twentieth of a second."""
    chunk = max(1, int(rate / 20))
    history = schema.history.c
    submitted: dict[int, float] = {}
    delays: list[float] = []
    with service.database.read() as connection:
        newest = connection.execute(select(func.max(history.entry))).scalar() or 0
        sequence = (connection.execute(select(func.max(schema.queue.c.sequence))).scalar() or 0) + 1
    started = time.perf_counter()
    index, total = first, first + int(rate * LATENCY_SECONDS)
    while len(delays) < total - first and time.perf_counter() - started < LATENCY_SECONDS * 3:
        due = time.perf_counter() - started
        if index < total and due >= (index - first) / rate:
            batch = [market.submission(number) for number in range(index, min(index + chunk, total))]
            at = time.perf_counter()
            submit(service.network.desk, batch, market.now)
            for _ in batch:
                submitted[sequence] = at
                sequence += 1
            index += len(batch)
        else:
            time.sleep(0.002)
        with service.database.read() as connection:
            query = select(history.entry, history.sequence, history.status).where(history.entry > newest)
            for entry, of, status in connection.execute(query.order_by(history.entry)):
                newest = entry
                if status == InstructionStatus.CONFIRMED.value and of in submitted:
                    delays.append((time.perf_counter() - submitted.pop(of)) * 1000)
    delays.sort()
    return {
        "dvp_per_s": round(rate, 1),
        "p50": round(delays[len(delays) // 2], 1),
        "p99": round(delays[len(delays) * 99 // 100], 1),
    }


# ---- what the system says of a process -------------------------------------------------------------------------------


def _rss_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
