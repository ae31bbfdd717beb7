"""Starts and stops a local development chain: anvil, on loopback, gone with the process that started it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, NamedTuple, NoReturn

from settlement.chain.compiler import checkout_root
from settlement.chain.rpc import Rpc, RpcError
from settlement.errors import ChainUnreachable, InputError

HOST = "127.0.0.1"
BLOCK_GAS_LIMIT = 60_000_000
"""Room for a batch of 200 instructions and more; a real chain may have less."""

HARDFORK = "prague"
"""Has cancun's opcodes, and what today's public chains have."""

STATE_INTERVAL_S = 5
"""How often a chain with a state file writes it, besides at its end."""

_OWN_CLOCK = "own-clock"

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0

_POLL_S = 0.02
_PR_SET_PDEATHSIG = 1
_PORT_ATTEMPTS = 50


@dataclass(frozen=True)
class NodeSettings:
    """How a chain is to be started.

    Attributes:
        timestamp: Unix time of the first block; None is now. A chain that is resumed goes on from its newest
            block; from now, where it was never told a time and now is later.
        port: Where it listens on loopback; None is a free port.
        state: File to resume from, and to keep the state in; None keeps nothing.
        log: File that anvil's output goes to, appended; None keeps nothing of it.
        extra: More options for anvil, as they are.

    """

    chain_id: int = 31337
    timestamp: int | None = None
    port: int | None = None
    state: Path | None = None
    log: Path | None = None
    block_gas_limit: int = BLOCK_GAS_LIMIT
    hardfork: str = HARDFORK
    extra: tuple[str, ...] = ()


class RunningNode(NamedTuple):
    """A chain that outlives the process that started it."""

    pid: int
    port: int
    url: str


class AnvilNode:
    """A chain for as long as a `with` block lasts; it ends with the block, and with this process in any case.

        with AnvilNode(NodeSettings(chain_id=31337)) as node:
            Rpc(node.url).call("eth_blockNumber", [])

    Inside the block (if entered in the main thread) SIGTERM unwinds the stack as Ctrl-C does.

    Raises:
        InputError: the port is in use.
        ChainUnreachable: anvil is missing, or did not answer in time.

    """

    def __init__(self, settings: NodeSettings | None = None) -> None:
        self.settings = settings or NodeSettings()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._restore: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self._port}"

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def pid(self) -> int:
        """Its process id; ChainUnreachable where it is not running."""
        if self._process is None:
            raise ChainUnreachable("the local chain is not running")
        return self._process.pid

    def __enter__(self) -> AnvilNode:
        self._restore = _unwind_on_sigterm()
        try:
            self._process, self._port = _start(self.settings, detached=False)
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            self._restore()

    def stop(self) -> None:
        """Ends the chain now; its state is written first. Again does nothing."""
        if self._process is not None:
            _end(self._process)
            self._process = None


def start_detached(settings: NodeSettings) -> RunningNode:
    """Starts a chain that outlives this process, until `stop_detached`; raises what AnvilNode does."""
    process, port = _start(settings, detached=True)
    process.returncode = 0  # not ours to wait for: Python would warn of a child that still runs
    return RunningNode(pid=process.pid, port=port, url=f"http://{HOST}:{port}")


def stop_detached(pid: int, timeout_s: float = STOP_TIMEOUT_S) -> None:
    """Ends a detached chain, which writes its state first, and waits until it is gone. Gone already is fine.

    The caller makes sure that the process id is the chain's (`ChainRecord.is_running`).
    """
    for wanted, patience in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, timeout_s)):
        try:
            os.kill(pid, wanted)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise InputError(f"the chain (process {pid}) is another user's, who has to end it") from error
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not _alive(pid):
                return
            time.sleep(_POLL_S)
    raise ChainUnreachable(f"the chain (process {pid}) could not be ended")


def find_anvil() -> Path:
    """SETTLEMENT_ANVIL, else the checkout's anvil, else the one on PATH, else ChainUnreachable."""
    chosen = os.environ.get("SETTLEMENT_ANVIL")
    if chosen:
        if not os.access(chosen, os.X_OK) or os.path.isdir(chosen):
            raise ChainUnreachable(f"SETTLEMENT_ANVIL names {chosen}, which is not a program")
        return Path(chosen)
    package = platform_package()
    if root := checkout_root():
        binary = root / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
        if os.access(binary, os.X_OK):
            return binary
    if found := shutil.which("anvil"):
        return _behind_wrapper(Path(found), package)
    raise ChainUnreachable(
        "the local chain needs anvil, which is not here: run scripts/setup in a checkout, or install it "
        "(npm install --global @foundry-rs/anvil), or name it with SETTLEMENT_ANVIL=/path/to/anvil"
    )


def _behind_wrapper(found: Path, package: str) -> Path:
    """The program itself where npm's wrapper was found, which would not pass signals on."""
    real = found.resolve()
    for folder in real.parents:
        for modules in (folder, folder / "node_modules"):
            binary = modules / "@foundry-rs" / package / "bin" / "anvil"
            if os.access(binary, os.X_OK):
                return binary
    return found


def platform_package() -> str:
    """The npm package that holds anvil for this machine."""
    machine = platform.machine().lower()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return f"anvil-{platform.system().lower()}-{machine}"


def _start(settings: NodeSettings, *, detached: bool) -> tuple[subprocess.Popen[bytes], int]:
    anvil = find_anvil()
    if settings.port is not None:
        _require_free(settings.port)
        return _start_on(anvil, settings, settings.port, detached=detached), settings.port
    with _reserved_port() as port:
        return _start_on(anvil, settings, port, detached=detached), port


def _start_on(anvil: Path, settings: NodeSettings, port: int, *, detached: bool) -> subprocess.Popen[bytes]:
    resumes = settings.state is not None and settings.state.exists()
    command = [str(anvil), *_options(settings, port, _first_time(settings, resumes=resumes))]
    with contextlib.ExitStack() as stack:
        # Files, not pipes: nobody reads a pipe later, and a full one would stop the chain.
        output: IO[bytes] = stack.enter_context(tempfile.TemporaryFile())
        if settings.log is not None:
            settings.log.parent.mkdir(parents=True, exist_ok=True)
            output = stack.enter_context(settings.log.open("a+b"))
        if settings.state is not None:
            settings.state.parent.mkdir(parents=True, exist_ok=True)

        def launch() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A session of its own even when it dies with us: Ctrl-C reaches us, and we end it in order.
                start_new_session=True,
                preexec_fn=None if detached else _die_with(os.getpid()),
            )

        try:
            process = launch() if detached else _from_a_lasting_thread(launch)
        except OSError as error:
            raise ChainUnreachable(f"{anvil} does not start: {error.strerror or error}") from error
        try:
            _wait_until_it_answers(process, settings.chain_id, port, output)
            if resumes:
                _resume_clock(Rpc(f"http://{HOST}:{port}"), settings)
        except BaseException:
            _end(process)
            raise
    return process


def _first_time(settings: NodeSettings, *, resumes: bool) -> int | None:
    """The time of the first block, as it was at the first start.

    Anvil makes a first block anew at each start, keeps it in its state beside the others, and shows any one of them
    after the next: only if they are all alike does the chain stay the chain that it was.
    """
    if settings.state is None:
        return settings.timestamp
    note = genesis_note(settings.state)
    if resumes:
        with contextlib.suppress(OSError, ValueError):
            return int(note.read_text("ascii").split()[0])
        return None
    first = int(time.time()) if settings.timestamp is None else settings.timestamp
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{first}" if settings.timestamp is None else f"{first} {_OWN_CLOCK}", "ascii")
    return first


def _has_own_clock(settings: NodeSettings) -> bool:
    """Whether the chain's time is not this machine's: it was told a time when it first started."""
    if settings.timestamp is not None or settings.state is None:
        return settings.timestamp is not None
    try:
        return _OWN_CLOCK in genesis_note(settings.state).read_text("ascii").split()
    except (OSError, ValueError):
        return False


def genesis_note(state: Path) -> Path:
    """Where the time of a kept chain's first block is noted."""
    return state.with_suffix(".genesis")


def _options(settings: NodeSettings, port: int, first_time: int | None) -> list[str]:
    options = ["--host", HOST, "--port", str(port), "--chain-id", str(settings.chain_id)]
    options += ["--hardfork", settings.hardfork, "--gas-limit", str(settings.block_gas_limit)]
    if first_time is not None:
        options += ["--timestamp", str(first_time)]
    if settings.state is not None:
        options += ["--state", str(settings.state), "--state-interval", str(STATE_INTERVAL_S)]
    return [*options, "--no-request-size-limit", "--quiet", *settings.extra]


def _wait_until_it_answers(process: subprocess.Popen[bytes], chain_id: int, port: int, output: IO[bytes]) -> None:
    rpc = Rpc(f"http://{HOST}:{port}", timeout_s=5)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            if _in_use(port):
                raise InputError(f"port {port} is in use: name another one, or end what listens there")
            raise ChainUnreachable(f"anvil ended at once, with status {process.returncode}{_words(output)}")
        with contextlib.suppress(ChainUnreachable, RpcError, ValueError):
            if int(str(rpc.call("eth_chainId", [])), 16) == chain_id and process.poll() is None:
                return
        time.sleep(_POLL_S)
    raise ChainUnreachable(f"anvil did not answer on port {port} within {START_TIMEOUT_S:.0f} seconds")


def _resume_clock(rpc: Rpc, settings: NodeSettings) -> None:
    """Anvil keeps its blocks and not its clock, which begins again at the first block."""
    newest = int(rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)
    now = newest + 1 if _has_own_clock(settings) else max(newest + 1, int(time.time()))
    rpc.call("evm_setTime", [now])


def _words(output: IO[bytes]) -> str:
    """What anvil said last, on one line."""
    output.seek(0)
    text = output.read()[-2000:].decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ": " + " ".join(lines[-5:]) if lines else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, on which anvil writes its state; SIGKILL where that takes too long or is interrupted."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except BaseException as error:
            process.kill()
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does first: asks Linux for a SIGTERM when its parent dies. macOS has no such thing."""
    if sys.platform != "linux":
        return lambda: None
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the question
            os._exit(1)

    return ask


def _from_a_lasting_thread(launch: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Starts the child from a thread that lasts: to Linux, it is the thread that is the child's parent."""
    if sys.platform != "linux" or threading.current_thread() is threading.main_thread():
        return launch()
    answers: queue.SimpleQueue[subprocess.Popen[bytes] | BaseException] = queue.SimpleQueue()

    def keep() -> None:
        try:
            process = launch()
        except BaseException as error:
            answers.put(error)
            return
        answers.put(process)
        with contextlib.suppress(ChildProcessError):
            # Until the child has ended, and without taking its status away from whoever waits for it.
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

    threading.Thread(target=keep, name="anvil", daemon=True).start()
    answer = answers.get()
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _unwind_on_sigterm() -> Callable[[], None]:
    """Makes SIGTERM raise SystemExit, unless somebody handles it already; returns what undoes that."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return lambda: None

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    def restore() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, leave)
    return restore


@contextlib.contextmanager
def _reserved_port() -> Iterator[int]:
    """A free TCP port, kept from our other processes by a lock on the UDP port until anvil listens."""
    for _ in range(_PORT_ATTEMPTS):
        with socket.socket() as probe, socket.socket(type=socket.SOCK_DGRAM) as lock:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
            try:
                lock.bind((HOST, port))
            except OSError:
                continue
            probe.close()
            yield port
            return
    raise ChainUnreachable("no free port was found on loopback")


def _require_free(port: int) -> None:
    if not 1 <= port <= 65535:
        raise InputError(f"{port} is not a port: use 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            raise InputError(f"port {port} may not be used by this user: name one above 1023") from error
        except OSError as error:
            raise InputError(f"port {port} is in use: name another one, or end what listens there") from error


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # were it our child, it would stay as a zombie
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
