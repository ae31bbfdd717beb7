"""What there is to prove in tests/contracts/proofs, and what halmos says of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROOFS = Path("tests/contracts/proofs")
OUT = Path("build/proofs/out")
QUERY_TIMEOUT_S = 120
# One text in a call of any function's: a document reference, which has 20 characters at most.
HALMOS = [
    *("--forge-build-out", str(OUT), "--solver", "z3", "--solver-timeout-assertion", f"{QUERY_TIMEOUT_S}s"),
    *("--array-lengths", "documentReference=20", "--no-status"),
]


@dataclass(frozen=True)
class Property:
    """A `check_` function: what it proves, and what is concrete in it."""

    contract: str
    name: str
    says: str
    bounds: str

    @property
    def id(self) -> str:
        """The invariant that it is a part of, such as DVP-1."""
        return "-".join(self.name.split("_")[:2])

    def is_one_of(self, words: list[str]) -> bool:
        """Whether its id, contract or name contains one of the words; always, if there are none."""
        return not words or any(word in text for word in words for text in (self.id, self.contract, self.name))


@dataclass(frozen=True)
class Outcome:
    """What halmos says of one function."""

    verdict: str
    incomplete: bool
    seconds: float


def properties(root: Path = ROOT) -> list[Property]:
    """Every `check_` function in the folder, in the order in which they stand."""
    return [found for source in sorted((root / PROOFS).glob("*.t.sol")) for found in _properties_of(source)]


def _properties_of(source: Path) -> Iterator[Property]:
    contract = ""
    comment: list[str] = []
    for line in source.read_text("utf-8").splitlines():
        line = line.strip()
        if line.startswith("///"):
            comment.append(line[3:].strip())
            continue
        if named := re.match(r"contract (\w+) is ", line):
            contract = named[1]
        if named := re.match(r"function check_(\w+)\(", line):
            yield Property(contract, named[1], _tag(comment, "@notice"), _tag(comment, "@custom:bounds"))
        comment = []


def _tag(comment: list[str], tag: str) -> str:
    found = re.search(rf"{tag} (.*?)(?= @[a-z]|$)", " ".join(comment))
    return found[1] if found else ""


def compile_proofs(root: Path = ROOT) -> None:
    """Compiles what halmos reads. Raises SystemExit where that fails."""
    command = ["scripts/forge", "build", "--ast", "--extra-output", "storageLayout", "metadata"]
    done = subprocess.run(command, cwd=root, env=_environment(root), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"prove: forge build failed.\n{done.stdout}{done.stderr}")


def run_halmos(
    contract: str, functions: list[str], root: Path = ROOT, *, early_exit: bool = False
) -> dict[str, Outcome]:
    """What becomes of some functions of one contract, by their names."""
    chosen = f"^({'|'.join(functions)})\\("
    program = ROOT / ".venv-proofs/bin/halmos"
    command = [str(program), "--root", str(root), "--contract", contract, "--match-test", chosen, *HALMOS]
    if early_exit:
        command.append("--early-exit")
    done = subprocess.run(command, cwd=root, env=_environment(root), capture_output=True, text=True, check=False)
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    found = re.findall(r"^\[(\w+)\] (\w+)\(.*?\(paths: \d+, time: ([\d.]+)s", text, re.MULTILINE)
    # A long warning is broken over several lines.
    unexplored = re.findall(r"(\w+)\([^:]*: paths have not been fully explored", re.sub(r"\s*\n\s+", " ", text))
    outcomes = {name: Outcome(verdict, name in unexplored, float(took)) for verdict, name, took in found}
    if missing := set(functions) - outcomes.keys():
        print(f"prove: halmos said nothing of {', '.join(sorted(missing))}:\n{text[-2000:]}", file=sys.stderr)
    return outcomes


def _environment(root: Path) -> dict[str, str]:
    """Halmos starts a `forge` that it finds, and makes a folder at home for solvers that it does not need."""
    home = ROOT / "build/proofs/home"
    home.mkdir(parents=True, exist_ok=True)
    path = f"{root / 'scripts'}:{os.environ.get('PATH', '')}"
    return os.environ | {"FOUNDRY_PROFILE": "proofs", "PATH": path, "HOME": str(home)}


def result_of(check: Outcome | None, reach: Outcome | None) -> str:
    """In one word: proved, or why it is not."""
    if check is None or reach is None:
        return "error"
    if check.verdict == "PASS" and check.incomplete:
        return "incomplete"
    if check.verdict == "PASS":
        return "proved" if reach.verdict == "FAIL" else "vacuous"
    return {"FAIL": "REFUTED", "TIMEOUT": "timeout"}.get(check.verdict, "error")
