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
from hypothesis import settings
from postgresql import Server, programs_or_skip

from settlement.chain.artifacts import Artifacts, load_artifacts

CHECKOUT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
WITHOUT_CONTRACTS = {"checks", "domain", "scenarios"}
"""Folders whose tests need no compiled contracts: scripts/test runs them while these are being compiled."""
SETTLE = str(Path(sys.executable).with_name("settle"))
# How long an example takes is no property of what is tested: a busy machine is slow.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
TIMEOUT_S = 300.0
"""A command that takes so long hangs; the longest takes a minute on an idle machine."""


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


class Forker:
    """Runs the command in processes forked from one that has it imported already."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, arguments: list[str], environment: dict[str, str], folder: Path, scratch: Path) -> Ran:
        """One run, in a process of its own."""
        if self._process is None:
            command = [sys.executable, str(HERE / "forking.py")]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        asking, answering = self._process.stdin, self._process.stdout
        assert asking is not None
        assert answering is not None
        asked = {"arguments": arguments, "environment": environment, "folder": str(folder)}
        asked |= {"out": str(scratch / "out"), "err": str(scratch / "err")}
        asking.write(json.dumps(asked) + "\n")
        asking.flush()
        if not select.select([answering], [], [], TIMEOUT_S)[0]:
            self.close()
            pytest.fail(f"settle {' '.join(arguments)} did not end within {TIMEOUT_S:.0f} seconds")
        code = int(answering.readline())
        return Ran(code, (scratch / "out").read_text("utf-8"), (scratch / "err").read_text("utf-8"))

    def close(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


class Settle:
    """The command `settle` with a SETTLEMENT_HOME of its own, by which its processes are found again."""

    def __init__(self, home: Path, scratch: Path, forker: Forker) -> None:
        self.home = home
        self.folder = home.parent
        self._scratch = scratch
        self._forker = forker
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SETTLEMENT_", "PYTEST"))}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # Compiling what is imported takes a second each time.
        self.environment = inherited | {"SETTLEMENT_HOME": str(home)}

    def __call__(self, *arguments: str | Path, **environment: str) -> Ran:
        """Runs to the end."""
        words = [str(argument) for argument in arguments]
        return self._forker.run(words, self.environment | environment, self.folder, self._scratch)

    def program(self, *command: str | Path, **environment: str) -> Ran:
        """Runs another program as the command is run, from its own start."""
        ran = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment | environment,
            timeout=TIMEOUT_S,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def ok(self, *arguments: str | Path, **environment: str) -> Ran:
        """Runs to the end, which has to be a good one."""
        ran = self(*arguments, **environment)
        assert ran.code == 0, ran.err + ran.out
        return ran

    def json(self, *arguments: str | Path, **environment: str) -> Any:
        """Runs with --json and returns the document."""
        return self.ok(*arguments, "--json", **environment).document

    def start(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Starts the installed program, with pipes for what it says."""
        return subprocess.Popen(
            [SETTLE, *map(str, arguments)],
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


@pytest.fixture(scope="session")
def _forker() -> Iterator[Forker]:
    forker = Forker()
    yield forker
    forker.close()


@pytest.fixture(scope="session")
def settle_in(
    tmp_path_factory: pytest.TempPathFactory, _forker: Forker
) -> Callable[[Path], contextlib.AbstractContextManager[Settle]]:
    """The command, in a folder; whatever it left running is ended afterwards."""

    @contextlib.contextmanager
    def make(folder: Path) -> Iterator[Settle]:
        command = Settle(folder / "home", tmp_path_factory.mktemp("said"), _forker)
        yield command
        for pid in command.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    return make


@pytest.fixture
def settle(tmp_path: Path, settle_in: Callable[[Path], contextlib.AbstractContextManager[Settle]]) -> Iterator[Settle]:
    """The command, in an empty folder."""
    with settle_in(tmp_path) as command:
        yield command


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    """The compiled contracts; made here when they are stale, so that no test of the command has to wait for it."""
    return load_artifacts()


@pytest.fixture(scope="session", autouse=True)
def _compiled(request: pytest.FixtureRequest) -> None:
    """Compiles before the first test, unless all that run need no contracts."""
    folders = {item.path.relative_to(HERE).parts[0] for item in request.session.items}
    if folders - WITHOUT_CONTRACTS:
        request.getfixturevalue("artifacts")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of this process's own."""
    server = Server(programs_or_skip())
    yield server
    server.close()


@pytest.fixture
def shipped() -> Callable[[str], str]:
    """The text of a shipped scenario."""
    library = CHECKOUT / "py" / "settlement" / "scenarios" / "library"
    return lambda name: (library / f"{name}.yaml").read_text("utf-8")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest first: at the end there is something short for each processor."""
    items.sort(key=lambda item: "readme" not in item.path.parts)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker of what takes long; it runs all the same unless deselected with -m 'not slow'."""
    config.addinivalue_line("markers", "slow: builds and installs the wheel")
