"""A randomised run of faults against the service, by processes that are killed, a proxy and a node that is restarted.

Each step strikes once and submits some DvPs. In the end everything heals: all that was submitted has to be settled,
once; positions, journal and chain have to agree. The steps follow from the seed and can be replayed; those of a run
that failed are cut down to fewer that still fail.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from proxy import ANSWER_LOST, DOWN, HTML, SLOW, WELL, proxied

from settlement.app import connect, deploy_on, describe, open_service
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.chain.rpc import Rpc, RpcError
from settlement.durable.verify import verify
from settlement.errors import ChainUnreachable, SettlementError
from settlement.reports.market import TRADERS, set_up_market

PER_STEP = 40
PATIENCE_S = 90.0
SHRINK_RUNS_MAX = 6
UNREACHABLE = 3
FAULTS = (
    "kill-worker", "stop-worker", "kill-submitter", "answers-lost", "node-down", "node-slow", "html", "restart-node",
    "reorganise-1", "reorganise-2", "submit-again", "burst",
)  # fmt: skip


class Failed(Exception):
    """The promise was broken; says how."""


def main() -> int:
    """Runs, and says how it ended."""
    options = _options()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"seed {seed}", flush=True)
    until = time.monotonic() + options.minutes * 60
    steps = options.replay.split(",") if options.replay else _by_chance(seed, until)
    done: list[str] = []
    try:
        Run(seed, done, print).all(steps)
    except Failed as failure:
        print(f"FAILED: {failure}")
        shortest = _shrunk(seed, done) if len(done) > 1 else done
        print(f"to replay: scripts/chaos --seed {seed} --replay {','.join(shortest)}")
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="A randomised run of faults.")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long faults strike; default 1")
    parser.add_argument("--seed", type=int, help="the same seed strikes in the same order")
    parser.add_argument("--replay", help=f"these steps and no others, of {', '.join(FAULTS)}")
    options = parser.parse_args()
    unknown = set(options.replay.split(",")) - set(FAULTS) if options.replay else set()
    if unknown or options.minutes <= 0:
        parser.error(f"unknown steps: {', '.join(sorted(unknown))}" if unknown else "--minutes is above nought")
    return options


def _by_chance(seed: int, until: float) -> Iterator[str]:
    chance = random.Random(seed)
    while time.monotonic() < until:
        yield chance.choice(FAULTS)


def _shrunk(seed: int, steps: list[str]) -> list[str]:
    """Fewer steps that still fail: halves, then quarters, are left out, as long as patience lasts."""
    print("looking for fewer steps that still fail", flush=True)
    size, runs = max(1, len(steps) // 2), 0
    while size and runs < SHRINK_RUNS_MAX:
        for start in range(0, len(steps), size):
            fewer = steps[:start] + steps[start + size :]
            runs += 1
            try:
                Run(seed, [], lambda _: None).all(fewer)
            except Failed:
                steps = fewer
                break
            if runs >= SHRINK_RUNS_MAX:
                break
        else:
            size //= 2
    return steps


class Run:
    """One run from an empty chain and journal to the comparison at its end."""

    def __init__(self, seed: int, done: list[str], say: Callable[[str], None]) -> None:
        self._chance, self._done, self._say = random.Random(seed + 1), done, say
        self._submitted = 0
        self._files: list[Path] = []
        self._worker: subprocess.Popen[bytes] | None = None

    def all(self, steps: Sequence[str] | Iterator[str]) -> None:
        """Does the steps and compares.

        Raises:
            Failed: something is not as promised.
        """
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            self._folder = Path(folder)
            self._journal, self._log = str(self._folder / "journal.sqlite"), self._folder / "worker.log"
            self._node = AnvilNode(NodeSettings(state=self._folder / "state.json"))
            self._node.__enter__()
            stack.callback(lambda: self._node.__exit__(None, None, None))
            self._settings = NodeSettings(state=self._folder / "state.json", port=self._node.port)
            self._proxy = stack.enter_context(proxied(self._node.url))
            stack.callback(self._end_worker, signal.SIGKILL)
            self._set_up()
            self._start_worker()
            for step in steps:
                self._done.append(step)
                self._say(f"{datetime.now(UTC):%H:%M:%S} {step}")
                self._strike(step)
                self._require_worker()
            self._heal()
            self._compare()

    def _set_up(self) -> None:
        deployment = deploy_on(self._node.url)
        self._network = connect(self._node.url, deployment=deployment, label="chaos")
        self._sellers = [f"seller-{index}" for index in range(TRADERS)]
        self._buyers = [f"buyer-{index}" for index in range(TRADERS)]
        set_up_market(self._network, self._sellers, self._buyers)
        directory = self._network.ledger.directory
        self._description = describe(self._proxy.url, deployment, directory, "chaos")
        self._described = self._folder / "network.json"
        self._described.write_text(self._description.model_dump_json(), "utf-8")
        self._before = self._positions()

    # ---- faults ------------------------------------------------------------------------------------------------------

    def _strike(self, step: str) -> None:
        manner = {"answers-lost": ANSWER_LOST, "node-down": DOWN, "node-slow": SLOW, "html": HTML}.get(step)
        if manner is not None:
            self._submit()
            self._proxy.manner = manner
            self._pass(0.3, 1.5)
            self._proxy.manner = WELL
            return
        match step:
            case "kill-worker" | "stop-worker":
                self._submit()
                self._end_worker(signal.SIGKILL if step == "kill-worker" else signal.SIGTERM)
                self._start_worker()
            case "kill-submitter":
                submitter = self._submitter(self._written())
                self._pass(0.5, 2.0)
                submitter.kill()
                submitter.communicate()
                self._submit(self._files[-1])
            case "restart-node":
                self._submit()
                with self._undisturbed():
                    self._node.__exit__(None, None, None)
                self._pass(0.0, 1.0)
                self._node = AnvilNode(self._settings)
                self._node.__enter__()
            case "reorganise-1" | "reorganise-2":
                self._submit()
                self._reorganise(int(step[-1]))
            case "submit-again":
                self._submit()
                self._submit(self._chance.choice(self._files))
            case "burst":
                for _ in range(3):
                    self._written()
                for file in self._files[-3:]:
                    self._submit(file)

    def _reorganise(self, depth: int) -> None:
        with self._undisturbed(), contextlib.suppress(RpcError):  # A chain just restarted cannot go back.
            Rpc(self._node.url).call("anvil_reorg", [depth, []])

    @contextlib.contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """Nothing comes to the node, and nothing waits in it: anvil reorganises and writes its state bit by bit.

        It keeps what a transaction did that comes meanwhile, and has lost its block: no chain does that.
        """
        self._proxy.manner = DOWN
        try:
            until = time.monotonic() + PATIENCE_S
            while self._proxy.forwarding or int(Rpc(self._node.url).call("txpool_status", [])["pending"], 16):
                if time.monotonic() > until:
                    raise Failed("the node does not come to rest")
                time.sleep(0.02)
            yield
        finally:
            self._proxy.manner = WELL

    def _pass(self, least: float, most: float) -> None:
        """Time goes by, and blocks come."""
        until = time.monotonic() + self._chance.uniform(least, most)
        while time.monotonic() < until:
            with contextlib.suppress(ChainUnreachable):  # The node may be down just now.
                self._mine()
            time.sleep(0.1)

    def _mine(self) -> None:
        Rpc(self._node.url).call("anvil_mine", ["0x1"])

    # ---- processes ---------------------------------------------------------------------------------------------------

    def _start_worker(self) -> None:
        with self._log.open("ab") as log:
            self._said_before = log.tell()
            self._worker = subprocess.Popen(
                self._command("serve", "--finality", "depth:3"), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _end_worker(self, how: signal.Signals) -> None:
        if self._worker is not None:
            self._worker.send_signal(how)
            self._worker.wait(timeout=60)
            self._worker = None

    def _require_worker(self) -> None:
        """One that serves goes on whatever happens; one that does not reach the chain at its start is started again."""
        if self._worker is None or self._worker.poll() is None:
            return
        said = self._log.read_bytes()[self._said_before :].decode("utf-8", "replace")
        if self._worker.returncode != UNREACHABLE or '"serving"' in said:
            raise Failed(f"the worker ended by itself: {said[-2000:]}")
        self._start_worker()

    def _written(self) -> Path:
        """A file of new submissions."""
        path = self._folder / f"{self._submitted}.jsonl"
        with path.open("w", encoding="utf-8") as stream:
            for index in range(self._submitted, self._submitted + PER_STEP):
                seller, buyer = self._sellers[index % TRADERS], self._buyers[index // TRADERS % TRADERS]
                cash = {"instrument": "jade-hkd", "to_instrument": "amber-hkd", "amount": "1.00"}
                legs = [
                    {"from": seller, "to": buyer, "instrument": "bond", "amount": "1"},
                    {"from": buyer, "to": seller} | cash,
                ]
                line = {"id": f"DVP-{index}", "legs": legs, "deadline": "2099-12-31T00:00:00+00:00"}
                stream.write(json.dumps(line) + "\n")
        self._submitted += PER_STEP
        self._files.append(path)
        return path

    def _submitter(self, path: Path) -> subprocess.Popen[bytes]:
        command = self._command("submit", str(path))
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def _submit(self, path: Path | None = None) -> None:
        """As a caller does: the same again until it is told that everything is there."""
        path = path or self._written()
        for _ in range(20):
            submitter = self._submitter(path)
            _, told = submitter.communicate(timeout=120)
            if submitter.returncode == 0:
                return
            if submitter.returncode != 3:
                raise Failed(f"submit ended with {submitter.returncode}: {told.decode()[-500:]}")
            self._pass(0.1, 0.3)
        raise Failed("submit never succeeded")

    def _command(self, *words: str) -> list[str]:
        where = ("--network", str(self._described), "--journal", self._journal)
        return [sys.executable, "-m", "settlement.cli", *words, *where]

    # ---- the end -----------------------------------------------------------------------------------------------------

    def _heal(self) -> None:
        if not self._files:
            self._submit()
        service = open_service(self._description, self._journal)
        try:
            until = time.monotonic() + PATIENCE_S
            while service.queue.is_busy() or service.queue.figures().unfinished:
                self._require_worker()
                if time.monotonic() > until:
                    figures = dict(service.queue.figures().by_status)
                    log = self._log.read_text("utf-8", "replace")[-1500:]
                    raise Failed(f"not finished {PATIENCE_S:.0f} s after the last fault: {figures}; {log}")
                self._pass(0.1, 0.2)
        finally:
            service.close()
        self._end_worker(signal.SIGTERM)

    def _compare(self) -> None:
        service = open_service(self._description, self._journal)
        try:
            statuses = dict(service.queue.figures().by_status)
            found = service.reconcile()
            faults = verify(service.database)
        finally:
            service.close()
        differences = [*found.differences, *faults]
        if statuses != {"confirmed": self._submitted}:
            differences.append(f"{self._submitted} were submitted, and these are there: {statuses}")
        differences += self._misplaced()
        self._say("\n".join(f"{count:5} {step}" for step, count in sorted(Counter(self._done).items())))
        self._say(f"{self._submitted} DvPs submitted, {statuses.get('confirmed', 0)} confirmed, each once")
        self._say("\n".join([*differences, f"{len(differences)} differences"]))
        if differences:
            raise Failed(f"{len(differences)} differences, first: {differences[0]}")

    def _misplaced(self) -> Iterator[str]:
        """Positions against what the submitted instructions imply."""
        implied = Counter(self._before)
        for index in range(self._submitted):
            seller, buyer = self._sellers[index % TRADERS], self._buyers[index // TRADERS % TRADERS]
            implied.update({(buyer, "bond"): 1, (seller, "amber-hkd"): 100, ("bank-amber", "wholesale-hkd"): 100})
            implied.subtract({(seller, "bond"): 1, (buyer, "jade-hkd"): 100, ("bank-jade", "wholesale-hkd"): 100})
        now = self._positions()
        for key in sorted(implied.keys() | now.keys()):
            if implied[key] != now.get(key, 0):
                yield f"{key[0]} has {now.get(key, 0)} of {key[1]} and should have {implied[key]}"

    def _positions(self) -> dict[tuple[str, str], int]:
        positions = self._network.ledger.positions()
        return {key: position.balance for key, position in positions.items() if position.balance}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (ChainUnreachable, SettlementError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
