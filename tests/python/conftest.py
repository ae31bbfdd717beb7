"""What the tests of the command line, the network and the wheel share."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from settlement.chain.artifacts import Artifacts, load_artifacts

CHECKOUT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Ran:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as one JSON document; anything more or less is an error."""
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one error sentence, which is the last line on standard error."""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        assert self.err.splitlines()[-1] == lines[0]
        return lines[0]


class Settle:
    """The command `settle` with a SETTLEMENT_HOME of its own, by which its processes are found again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SETTLEMENT_", "PYTEST"))}
        self.environment = inherited | {"SETTLEMENT_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        self.program = [str(Path(sys.executable).with_name("settle"))]
        self.folder = home.parent

    def __call__(self, *arguments: str | Path, **environment: str) -> Ran:
        """Runs to the end."""
        process = self.start(*arguments, **environment)
        try:
            out, err = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return Ran(process.returncode, out, err)

    def ok(self, *arguments: str | Path, **environment: str) -> Ran:
        """Runs to the end, which has to be a good one."""
        ran = self(*arguments, **environment)
        assert ran.code == 0, ran.err + ran.out
        return ran

    def json(self, *arguments: str | Path, **environment: str) -> Any:
        """Runs with --json and returns the document."""
        return self.ok(*arguments, "--json", **environment).document

    def start(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Starts it, with pipes for what it says."""
        return subprocess.Popen(
            [*self.program, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment | environment,
        )

    def processes(self) -> list[int]:
        """Ids of living processes that have this SETTLEMENT_HOME: the command's own, and its chains."""
        mark = f"SETTLEMENT_HOME={self.home}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                zombie = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] == "Z"
                if not zombie and mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
        return found

    def left_running(self, patience_s: float = 5.0) -> list[int]:
        """Processes that have not ended a moment after their parent did."""
        return [pid for pid in self.processes() if not _ended(pid, patience_s)]


def _ended(pid: int, patience_s: float) -> bool:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], patience_s)[0])
    finally:
        os.close(handle)


@pytest.fixture
def settle(tmp_path: Path) -> Iterator[Settle]:
    """The command, in an empty folder; whatever it left running is ended afterwards."""
    command = Settle(tmp_path / "home")
    yield command
    for pid in command.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    """The compiled contracts; made here when they are stale, so that no test of the command has to wait for it."""
    return load_artifacts()


@pytest.fixture(scope="session", autouse=True)
def _compiled(artifacts: Artifacts) -> None:
    """Compiles before the first test."""


@pytest.fixture
def shipped() -> Callable[[str], str]:
    """The text of a shipped scenario."""
    library = CHECKOUT / "py" / "settlement" / "scenarios" / "library"
    return lambda name: (library / f"{name}.yaml").read_text("utf-8")
