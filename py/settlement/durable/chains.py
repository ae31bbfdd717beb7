"""The development chain that is up: where it is, and what it needs to come up again. Files, no processes.

All of it is in one folder: SETTLEMENT_HOME, or the user's state folder.

    chain.json      the chain that is up
    state.json      what anvil keeps of the chain between `down` and `up`
    state.genesis   the time of its first block
    deployment.json where the core contracts are on it
    anvil.log       what anvil says
    runs/N.json     results of runs
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from platformdirs import user_state_dir
from pydantic import Field, ValidationError

from settlement.domain.model import Address, Model
from settlement.errors import InputError

FORMAT = 1
"""Version of the layout of chain.json."""

HOME_VARIABLE = "SETTLEMENT_HOME"


class ChainRecord(Model):
    """The chain that is up, or was when this was written.

    Attributes:
        format: Version of the layout.
        pid: The node's process.
        process_started: When that process started, as the system tells it: a process id is used again.
        port: Where it listens on loopback.
        url: Where it answers.
        chain_id: The chain's id.
        started_at: Unix time at which it came up.
        deployment: Addresses of the core contracts by name, such as `engine`.

    """

    format: Annotated[int, Field(ge=1)] = FORMAT
    pid: Annotated[int, Field(gt=1)]
    process_started: str
    port: Annotated[int, Field(ge=1, le=65535)]
    url: str
    chain_id: Annotated[int, Field(ge=1)]
    started_at: Annotated[int, Field(ge=0)]
    deployment: Mapping[str, Address] = Field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        """Whether its process lives and is the one that was started, not another that got its id."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return False  # ours, it would obey us
        return process_started(self.pid) == self.process_started


class ChainStore:
    """The folder in which the chain that is up is remembered.

    Args:
        home: The folder; by default SETTLEMENT_HOME, or else the user's state folder.

    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or state_home()

    @property
    def record_path(self) -> Path:
        """The record of the chain that is up."""
        return self.home / "chain.json"

    @property
    def state_path(self) -> Path:
        """The chain's own state, which the node reads and writes."""
        return self.home / "state.json"

    @property
    def deployment_path(self) -> Path:
        """Where the core contracts are on the chain that this state is of."""
        return self.home / "deployment.json"

    @property
    def log_path(self) -> Path:
        """What the node says."""
        return self.home / "anvil.log"

    @property
    def runs_path(self) -> Path:
        """The folder of runs."""
        return self.home / "runs"

    @property
    def clients_path(self) -> Path:
        """The folder of custodians' client books, one for each run in which there is one."""
        return self.home / "clients"

    def load(self) -> ChainRecord | None:
        """The record; None where no chain is up. Whether its process still lives is for `is_running` to say.

        Raises:
            InputError: the file cannot be read, or is damaged, or of another version.

        """
        try:
            text = self.record_path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise InputError(f"{self.record_path} cannot be read ({why}): run `settle down`") from error
        try:
            record = ChainRecord.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the file"
            raise InputError(f"{self.record_path} is damaged ({where}: {first['msg']}): run `settle down`") from error
        if record.format != FORMAT:
            raise InputError(
                f"{self.record_path} has format {record.format} and this version reads {FORMAT}: "
                "run `settle down`, then `settle up`"
            )
        return record

    def running(self) -> ChainRecord | None:
        """The record of a chain that is up and lives; None where there is none, or its process has ended.

        The record of one that has ended stays until the next takes its place: whoever only looks has no lock, and
        would forget a chain that another process has started since.

        Raises:
            InputError: see `load`.

        """
        record = self.load()
        return record if record is not None and record.is_running else None

    def save(self, record: ChainRecord) -> None:
        """Remembers the chain that is up.

        Raises:
            InputError: the folder cannot be written.

        """
        _write(self.record_path, record.model_dump_json(indent=2) + "\n")

    def clear(self, *, state: bool = False) -> None:
        """Forgets the chain that is up.

        Args:
            state: Its state too, so that the next chain is a new one.

        Raises:
            InputError: see `remove`.

        """
        self.remove(self.record_path)
        if state:
            self.remove(self.state_path, self.state_path.with_suffix(".genesis"))

    def remove(self, *paths: Path) -> None:
        """Removes files, as far as they are there.

        Raises:
            InputError: one cannot be removed.

        """
        try:
            for path in paths:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(f"{error.filename} cannot be removed: {error.strerror}") from error

    def save_deployment(self, text: str) -> None:
        """Remembers where the core contracts are (JSON), for when the chain comes up again.

        Raises:
            InputError: the folder cannot be written.

        """
        _write(self.deployment_path, text)

    def load_deployment(self) -> str | None:
        """Where the core contracts are, as it was saved; None where nothing was deployed.

        Raises:
            InputError: the file cannot be read.

        """
        try:
            return self.deployment_path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise self.deployment_unreadable(why) from error

    def deployment_unreadable(self, why: str) -> InputError:
        """What to do where nobody can tell any more which contracts the state is of: never deploy others silently."""
        return InputError(
            f"{self.deployment_path} cannot be read ({why}): put it back, or start afresh with `settle down --forget`"
        )

    def require_runs(self) -> None:
        """Sees to it that runs can be stored, before there is one that has settled.

        Raises:
            InputError: the folder cannot be written.

        """
        _make_folder(self.runs_path)
        with _writing(self.runs_path), tempfile.TemporaryFile(dir=self.runs_path):
            pass

    def save_run(self, text: str) -> Path:
        """Stores the result of a run (JSON) under the next free number and returns its path.

        Raises:
            InputError: the folder cannot be written.

        """
        number = max(self.run_numbers(), default=0)
        while True:
            number += 1
            path = self.runs_path / f"{number}.json"
            if _write(path, text, replace=False):
                return path
            # Another run took the number meanwhile.

    def run_numbers(self) -> list[int]:
        """The numbers of the stored runs, in order."""
        if not self.runs_path.is_dir():
            return []
        return sorted(int(path.stem) for path in self.runs_path.glob("*.json") if path.stem.isdecimal())

    def load_run(self, number: int) -> str:
        """A stored run, as it was saved.

        Raises:
            InputError: there is none of this number.

        """
        try:
            return (self.runs_path / f"{number}.json").read_text("utf-8")
        except FileNotFoundError as error:
            known = ", ".join(map(str, self.run_numbers())) or "none"
            raise InputError(f"there is no run {number}; stored runs: {known}") from error

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps other processes from starting or ending the chain meanwhile; waits for them first.

        Raises:
            InputError: the folder cannot be written.

        """
        _make_folder(self.home)
        with _writing(self.home):
            handle = (self.home / "chain.lock").open("w")
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def state_home() -> Path:
    """SETTLEMENT_HOME, or else the user's state folder of this system.

    Raises:
        InputError: the user has none, as where a container runs under a number that nobody has.

    """
    chosen = os.environ.get(HOME_VARIABLE)
    try:
        return Path(chosen).absolute() if chosen else Path(user_state_dir("settlement", appauthor=False))
    except RuntimeError:
        problem = f"this user has no home directory to keep a chain's state in: name a folder with {HOME_VARIABLE}"
        raise InputError(problem) from None


def process_started(pid: int) -> str:
    """When a process started, as a text that only has to be compared; empty where there is no such process.

    A zombie has ended: it has no start either.
    """
    if platform.system() == "Linux":
        try:
            # The command's name may hold spaces and brackets; what follows it does not. Fields 3 and 22.
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return ""
        return "" if fields[0] in ("Z", "X") else f"{boot}/{fields[19]}"
    try:
        command = ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, env={"LC_ALL": "C"})
    except (OSError, subprocess.SubprocessError):
        return ""
    status, _, started = answer.stdout.strip().partition(" ")
    return "" if status.startswith("Z") else started.strip()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}): choose another folder with {HOME_VARIABLE}"
        ) from error


def _make_folder(path: Path) -> None:
    """Sees to it that a folder is there.

    Raises:
        InputError: something else has its name, or it cannot be made.

    """
    with _writing(path):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            problem = f"{path} is no folder: move it away, or choose another folder with {HOME_VARIABLE}"
            raise InputError(problem) from None


def _write(path: Path, text: str, *, replace: bool = True) -> bool:
    """All of it or nothing, and for this user only; False where it is there already and is not to be replaced.

    Raises:
        InputError: it cannot be written.

    """
    _make_folder(path.parent)
    with _writing(path):
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
            if not replace:
                return _link(name, path)
            os.replace(name, path)
            return True
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def _link(name: str, path: Path) -> bool:
    """Gives a file another name too; False where that is taken."""
    try:
        os.link(name, path)
    except FileExistsError:
        return False
    return True
