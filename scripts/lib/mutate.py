"""Runs the contract tests against mutants of the contracts and says which no test noticed. See scripts/mutate."""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build/mutants"
EXPLAINED = ROOT / "tests/contracts/surviving-mutants.json"
SCORE_MIN = 95
RUN_TIMEOUT_S = 300
TOO_LONG = f"no end within {RUN_TIMEOUT_S} s"
# FHR writes a function's body twice, which never compiles. SBR makes types smaller than the values in them can get.
MUTATORS_LEFT_OUT = {"FHR", "SBR"}
# What notices most comes first: each stage sees what the one before let live.
STAGES = [
    ("--no-match-path", "tests/contracts/{invariant,gas,proofs,fuzz}/**"),
    ("--match-path", "tests/contracts/fuzz/**"),
    ("--match-path", "tests/contracts/invariant/**"),
]
SETTINGS = {
    "FOUNDRY_PROFILE": "mutants",
    "FOUNDRY_FUZZ_RUNS": "64",
    "FOUNDRY_INVARIANT_RUNS": "8",
    "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0",
}
# As the contracts are deployed: see foundry.toml.
DEPLOYED = {
    "FOUNDRY_PROFILE": "mutants",
    "FOUNDRY_VIA_IR": "true",
    "FOUNDRY_OPTIMIZER": "true",
    "FOUNDRY_OPTIMIZER_RUNS": "1000000",
    "FOUNDRY_OUT": "build/deployed/out",
    "FOUNDRY_CACHE_PATH": "build/deployed/cache",
}


@dataclass(frozen=True)
class Mutant:
    """One edit: the bytes from `start` to `end` of a contract become `new`."""

    mutator: str
    path: str
    line: int
    start: int
    end: int
    old: str
    new: str

    @property
    def changes_nothing(self) -> bool:
        """Whether it leaves out that a variable begins at nought, which it does without being told."""
        return self.mutator == "MVIV" and self.old.split() == [*self.new.split(), "=", "0"]

    def of(self, source: bytes) -> bytes:
        """The contract with the edit."""
        return source[: self.start] + self.new.encode() + source[self.end :]

    def stands_in(self) -> str:
        """The lines that are edited, without what an edit elsewhere in the file would change."""
        source = (ROOT / self.path).read_bytes()
        before, after = source[: self.start].rpartition(b"\n")[2], source[self.end :].partition(b"\n")[0]
        return " ".join(f"{before.decode()}{self.old}{after.decode()}".split())

    def __str__(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.path}:{self.line} {self.mutator}: {old} → {new}"


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    `killed`, which includes what kept the tests from ending in time: `by` says so, or names the test; `alive`; or `no
    mutant`, where it does not compile, or what would be deployed is the same to the byte.
    """

    mutant: Mutant
    verdict: str
    by: str
    seconds: float


class Bench:
    """A copy of the repository in which one mutant at a time is tested."""

    def __init__(self, at: Path) -> None:
        self.at = at
        for name in ("contracts", "scripts", "tests/contracts", "build/mutants/out", "build/mutants/cache"):
            shutil.copytree(ROOT / name, at / name, symlinks=True)
        for name in ("foundry.toml", "package.json"):
            shutil.copy(ROOT / name, at)
        (at / "node_modules").symlink_to(ROOT / "node_modules")
        self._sound: dict[str, str] | None = None

    def objection(self) -> str | None:
        """What the tests have against the contracts as they are. Whoever had something would kill every mutant."""
        verdict, by = next(self._verdicts(), ("", ""))
        return by or "they do not compile" if verdict else None

    def try_mutant(self, mutant: Mutant) -> Outcome:
        """Plants it, runs the tests until one fails, takes it out again."""
        if mutant.changes_nothing:
            return Outcome(mutant, "no mutant", "", 0.0)
        started = time.monotonic()
        with self._planted(mutant):
            verdict, by = next(self._verdicts(), ("alive", ""))
        if verdict == "alive":
            self._sound = self._sound or self._deployed()
            with self._planted(mutant):
                if self._deployed() == self._sound:
                    verdict = "no mutant"
        return Outcome(mutant, verdict, by, time.monotonic() - started)

    @contextmanager
    def _planted(self, mutant: Mutant) -> Iterator[None]:
        target = self.at / mutant.path
        sound = target.read_bytes()
        target.write_bytes(mutant.of(sound))
        try:
            yield
        finally:
            target.write_bytes(sound)

    def _deployed(self) -> dict[str, str]:
        """What would be deployed of each contract; an optimiser sees that some edits say the same."""
        forge(["build", "contracts"], self.at, DEPLOYED, timeout_s=None).check_returncode()
        found = sorted((self.at / DEPLOYED["FOUNDRY_OUT"]).glob("*.sol/*.json"))
        return {path.name: json.loads(path.read_text("utf-8"))["bytecode"]["object"] for path in found}

    def _verdicts(self) -> Iterator[tuple[str, str]]:
        for stage in STAGES:
            try:
                done = forge(["test", "--fail-fast", *stage], self.at)
            except subprocess.TimeoutExpired:
                yield "killed", TOO_LONG
                return
            killer = failed_test(done.stdout)
            if killer:
                yield "killed", killer
            elif "Compilation failed" in done.stderr:
                yield "no mutant", ""
            elif done.returncode != 0:
                raise SystemExit(f"mutate: forge ended with {done.returncode}.\n{done.stdout}{done.stderr}")


def failed_test(said: str) -> str | None:
    """The first test that failed, by what forge said; of an invariant the calls that broke it stand in between."""
    failed = re.search(r"^\[FAIL.*?\s(\w+)\(\S*\) \((?:gas|runs): ", said, re.MULTILINE | re.DOTALL)
    return failed[1] if failed else None


def forge(
    arguments: list[str], at: Path, settings: Mapping[str, str] = SETTINGS, timeout_s: float | None = RUN_TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Runs forge, as mutants are compiled and tested unless told otherwise."""
    return subprocess.run(
        [str(at / "scripts/forge"), *arguments],
        cwd=at,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def explanations() -> dict[tuple[str, str, str], str]:
    """Why the mutants that are known to live do no harm, by path, edited lines and what they become."""
    entries = json.loads(EXPLAINED.read_text("utf-8"))
    return {(path, line["at"], line["becomes"]): line["why"] for path, lines in entries.items() for line in lines}


def why_alive(mutant: Mutant, known: dict[tuple[str, str, str], str]) -> str | None:
    """The explanation of a mutant that lives, if there is one."""
    return known.get((mutant.path, mutant.stands_in(), " ".join(mutant.new.split())))


def first_objection(benches: SimpleQueue[Bench]) -> str | None:
    """What the tests have against the contracts as they are; see `Bench.objection`."""
    bench = benches.get()
    try:
        return bench.objection()
    finally:
        benches.put(bench)


def try_all(mutants: list[Mutant], benches: SimpleQueue[Bench], log: Path) -> Iterator[Outcome]:
    """Tries them, as many at once as there are benches, and notes each outcome in the log as it comes."""

    def try_one(mutant: Mutant) -> Outcome:
        bench = benches.get()
        try:
            return bench.try_mutant(mutant)
        finally:
            benches.put(bench)

    with log.open("a", encoding="utf-8") as out, ThreadPoolExecutor(max_workers=benches.qsize()) as pool:
        for outcome in pool.map(try_one, mutants):
            out.write(json.dumps(asdict(outcome)) + "\n")
            out.flush()
            yield outcome


def earlier(log: Path) -> dict[Mutant, Outcome]:
    """What an interrupted run found, as far as it still holds: what was killed, and what was no mutant."""
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    found: list[dict[str, Any]] = [json.loads(line) for line in lines]
    outcomes = [Outcome(Mutant(**each.pop("mutant")), **each) for each in found]
    return {each.mutant: each for each in outcomes if each.verdict != "alive"}


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options; see scripts/mutate."""
    parser = argparse.ArgumentParser(prog="scripts/mutate")
    parser.add_argument("words", nargs="*", help="parts of a path or a mutator's name; every mutant without one")
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants that are drawn by lot")
    parser.add_argument("--seed", type=int, default=0, help="of the lot; 0 unless told")
    parser.add_argument("--resume", action="store_true", help="keep what the last run killed, and try the rest")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Tries the mutants that the arguments choose, and says how many were killed."""
    options = parse(arguments)
    made = [Mutant(**each) for each in json.loads((FOLDER / "mutants.json").read_text("utf-8"))]
    mutants = [
        each
        for each in made
        if each.mutator not in MUTATORS_LEFT_OUT
        and (not options.words or any(word in each.path or word == each.mutator for word in options.words))
    ]
    if not mutants:
        print(f"mutate: no mutant's path or mutator is {' or '.join(options.words)}.", file=sys.stderr)
        return 2
    everything = len(mutants)
    if options.sample and options.sample < everything:
        mutants = random.Random(options.seed).sample(mutants, options.sample)  # noqa: S311 - a lot, no key
    log = FOLDER / "outcomes.jsonl"
    if not options.resume:
        log.unlink(missing_ok=True)
    known = earlier(log)
    outcomes = [known[each] for each in mutants if each in known]
    left = [each for each in mutants if each not in known]
    print(f"{len(mutants)} of {everything} mutants, {len(outcomes)} of them known from before", flush=True)
    sound = forge(["build"], ROOT)
    if sound.returncode != 0:
        print(f"mutate: the contracts do not compile.\n{sound.stdout}{sound.stderr}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        benches: SimpleQueue[Bench] = SimpleQueue()
        for number in range(min(os.cpu_count() or 1, max(len(left), 1))):
            benches.put(Bench(Path(folder) / str(number)))
        objection = first_objection(benches) if left else None
        if objection is not None:
            print(f"mutate: the contracts as they are fail already: {objection}", file=sys.stderr)
            return 1
        for number, outcome in enumerate(try_all(left, benches, log), 1):
            outcomes.append(outcome)
            found = f"{outcome.verdict:9} {outcome.mutant}  {outcome.by} ({outcome.seconds:.0f} s)"
            print(f"{number}/{len(left)} {found}", flush=True)
    return report(outcomes, everything)


def report(outcomes: list[Outcome], everything: int) -> int:
    """The table by mutator, the survivors, and as the last line the score; status 1 where that is too low."""
    known = explanations()
    killed = [each for each in outcomes if each.verdict == "killed"]
    alive = [each.mutant for each in outcomes if each.verdict == "alive"]
    unexplained = [each for each in alive if why_alive(each, known) is None]
    dead, living = (Counter(each) for each in ([one.mutant.mutator for one in killed], [one.mutator for one in alive]))
    print(f"\n{'mutator':8} {'killed':>7} {'alive':>6}")
    for name in sorted(dead | living):
        print(f"{name:8} {dead[name]:7} {living[name]:6}")
    for mutant in alive:
        print(f"alive: {mutant}\n       {why_alive(mutant, known) or 'NOT EXPLAINED'}")
    tried = len(killed) + len(alive)
    score = 100 * len(killed) / tried if tried else 0.0
    too_long = sum(each.by == TOO_LONG for each in killed)
    print(
        f"{len(killed)} of {tried} mutants killed ({score:.1f} %, {too_long} of them by having no end; "
        f"{len(outcomes)} of {everything} tried, "
        f"{len(outcomes) - tried} do not compile or change nothing), "
        f"{len(unexplained)} of {len(alive)} survivors not explained"
    )
    return 0 if score >= SCORE_MIN and not unexplained else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
