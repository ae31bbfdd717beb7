import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from settlement.chain import node as module
from settlement.chain.node import AnvilNode, NodeSettings, find_anvil, start_detached, stop_detached
from settlement.chain.rpc import Rpc
from settlement.errors import ChainUnreachable, InputError

Ended = Callable[[int], bool]
SOURCES = Path(module.__file__).resolve().parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")

PARENT = """
import sys, threading
from settlement.chain.node import AnvilNode
def run():
    with AnvilNode() as node:
        print(node.pid, node.url, flush=True)
        {inside}
{start}
"""


def parent(inside: str = "threading.Event().wait()", start: str = "run()") -> subprocess.Popen[str]:
    """A process that runs a node."""
    code = PARENT.format(inside=inside, start=start)
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)


def started(process: subprocess.Popen[str]) -> int:
    """The node's process id, once it answers."""
    assert process.stdout is not None
    pid, url = process.stdout.readline().split()
    assert Rpc(url).call("eth_chainId", []) == hex(31337)
    return int(pid)


def ethers(rpc: Rpc) -> int:
    return int(rpc.call("eth_getBalance", ["0x" + "11" * 20, "latest"]), 16)


def test_answers_as_asked_and_ends(ended: Ended) -> None:
    settings = NodeSettings(chain_id=1337, timestamp=1_800_000_000)
    with AnvilNode(settings) as node:
        rpc, pid = Rpc(node.url), node.pid
        assert rpc.call("eth_chainId", []) == hex(1337)
        block = rpc.call("eth_getBlockByNumber", ["latest", False])
        assert int(block["timestamp"], 16) == 1_800_000_000
        assert int(block["gasLimit"], 16) == module.BLOCK_GAS_LIMIT
    assert ended(pid)
    with pytest.raises(ChainUnreachable, match="not running"):
        _ = node.pid
    with pytest.raises(ChainUnreachable):
        rpc.call("eth_chainId", [])


def test_knows_transient_storage() -> None:
    # TSTORE(0, 7); return TLOAD(0)
    code = "0x60075f5d5f5c5f5260205ff3"
    with AnvilNode() as node:
        assert int(Rpc(node.url).call("eth_call", [{"data": code}, "latest"]), 16) == 7


def test_ends_on_an_exception(ended: Ended) -> None:
    node = AnvilNode()
    pids: list[int] = []

    def fail() -> None:
        with node:
            pids.append(node.pid)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert ended(pids[0])


@LINUX
def test_killed_parents_leave_no_orphan(ended: Ended) -> None:
    with parent() as process:
        pid = started(process)
        process.kill()
    assert ended(pid)


@LINUX
def test_killed_parents_with_threads_leave_no_orphan(ended: Ended) -> None:
    with parent(start="thread = threading.Thread(target=run)\nthread.start()\nthread.join()") as process:
        pid = started(process)
        process.kill()
    assert ended(pid)


@LINUX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it(ended: Ended, number: signal.Signals) -> None:
    with parent(inside="signal.pause()", start="import signal\nrun()") as process:
        pid = started(process)
        process.send_signal(number)
    assert ended(pid)
    assert process.returncode in (128 + signal.SIGTERM, -signal.SIGINT, 1)


def test_outlives_the_thread_that_started_it() -> None:
    node = AnvilNode()
    thread = threading.Thread(target=node.__enter__)
    thread.start()
    thread.join()
    try:
        assert Rpc(node.url).call("eth_chainId", []) == hex(31337)
        os.kill(node.pid, 0)
    finally:
        node.stop()


def test_sigterm_is_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with AnvilNode():
        pass
    assert signal.getsignal(signal.SIGTERM) is before


def test_port_in_use() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} is in use"), AnvilNode(NodeSettings(port=port)):
            pass
        with pytest.raises(InputError, match=f"port {port} is in use"):
            start_detached(NodeSettings(port=port))
    with pytest.raises(InputError, match="not a port"), AnvilNode(NodeSettings(port=70000)):
        pass


def test_many_at_once_are_all_different() -> None:
    nodes = [AnvilNode(NodeSettings(chain_id=1000 + number)) for number in range(4)]
    threads = [threading.Thread(target=node.__enter__) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len({node.port for node in nodes}) == 4
        for number, node in enumerate(nodes):
            assert Rpc(node.url).call("eth_chainId", []) == hex(1000 + number)
    finally:
        for node in nodes:
            node.stop()


def test_missing_anvil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTLEMENT_ANVIL", str(tmp_path / "missing"))
    with pytest.raises(ChainUnreachable, match="SETTLEMENT_ANVIL names"), AnvilNode():
        pass
    monkeypatch.delenv("SETTLEMENT_ANVIL")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "checkout_root", lambda: tmp_path)
    with pytest.raises(ChainUnreachable, match="run scripts/setup"), AnvilNode():
        pass


def test_order_of_anvils(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def program(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    monkeypatch.delenv("SETTLEMENT_ANVIL", raising=False)
    assert find_anvil().parts[-4:-3] == ("@foundry-rs",)
    monkeypatch.setattr(module, "checkout_root", lambda: None)
    on_path = program(tmp_path / "bin" / "anvil")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_anvil() == on_path
    # npm's global layout: bin/anvil links to the wrapper, the platform's package lies beside or inside it
    on_path.unlink()
    wrapper = program(tmp_path / "lib" / "node_modules" / "@foundry-rs" / "anvil" / "bin.mjs")
    on_path.symlink_to(wrapper)
    real = program(wrapper.parent / "node_modules" / "@foundry-rs" / module.platform_package() / "bin" / "anvil")
    assert find_anvil() == real
    chosen = program(tmp_path / "chosen")
    monkeypatch.setenv("SETTLEMENT_ANVIL", str(chosen))
    assert find_anvil() == chosen


def test_an_anvil_that_ends_says_why(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("garbage")
    with (
        pytest.raises(ChainUnreachable, match=r"ended at once.*state\.json"),
        AnvilNode(NodeSettings(state=state)),
    ):
        pass
    with pytest.raises(ChainUnreachable, match="unexpected argument"):
        start_detached(NodeSettings(extra=("--no-such-option",)))


def test_an_anvil_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: Ended) -> None:
    script = tmp_path / "anvil"
    script.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec tail -f /dev/null\n")
    script.chmod(0o755)
    monkeypatch.setenv("SETTLEMENT_ANVIL", str(script))
    monkeypatch.setattr(module, "START_TIMEOUT_S", 0.5)
    with pytest.raises(ChainUnreachable, match="did not answer on port"), AnvilNode():
        pass
    assert ended(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("timestamp", [None, 1_800_000_000])
def test_detached_outlives_its_parent_and_resumes(tmp_path: Path, ended: Ended, timestamp: int | None) -> None:
    state, log = tmp_path / "home" / "state.json", tmp_path / "home" / "anvil.log"
    code = (
        "import sys; from pathlib import Path; from settlement.chain.node import *\n"
        "settings = NodeSettings(state=Path(sys.argv[1]), log=Path(sys.argv[2]))\n"
        "node = start_detached(settings); print(node.pid, node.url)"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    command = [sys.executable, "-W", "error", "-c", code, str(state), str(log)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=True)
    pid, url = done.stdout.split()
    rpc = Rpc(url)
    try:
        rpc.call("anvil_setBalance", ["0x" + "11" * 20, hex(5)])
        rpc.call("evm_setNextBlockTimestamp", [1_900_000_000])
        rpc.call("evm_mine", [])
        assert ethers(rpc) == 5
        before = rpc.call("eth_getBlockByNumber", ["latest", False])
    finally:
        stop_detached(int(pid))
    assert ended(int(pid))
    assert done.stderr == ""
    assert log.is_file()

    again = start_detached(NodeSettings(state=state, log=log, timestamp=timestamp))
    try:
        resumed = Rpc(again.url)
        assert ethers(resumed) == 5
        after = resumed.call("eth_getBlockByNumber", ["latest", False])
        assert (after["number"], after["timestamp"]) == (before["number"], before["timestamp"])
        assert after["hash"] == before["hash"]
        resumed.call("evm_mine", [])
        mined = resumed.call("eth_getBlockByNumber", ["latest", False])
        assert 0 < int(mined["timestamp"], 16) - int(before["timestamp"], 16) < 60
        assert mined["parentHash"] == before["hash"]
    finally:
        stop_detached(again.pid)
    stop_detached(again.pid)  # gone already


def test_state_is_kept_by_an_attached_node_too(tmp_path: Path) -> None:
    settings = NodeSettings(state=tmp_path / "state.json")
    with AnvilNode(settings) as node:
        Rpc(node.url).call("anvil_setBalance", ["0x" + "11" * 20, hex(9)])
    with AnvilNode(settings) as node:
        assert ethers(Rpc(node.url)) == 9


@pytest.mark.parametrize("timestamp", [None, 1_700_000_000])
def test_a_chain_that_is_resumed_again_and_again_stays_the_same_chain(tmp_path: Path, timestamp: int | None) -> None:
    settings = NodeSettings(timestamp=timestamp, state=tmp_path / "state.json")
    first_blocks, times = [], []
    for _ in range(4):
        with AnvilNode(settings) as node:
            rpc = Rpc(node.url)
            first_blocks.append(rpc.call("eth_getBlockByNumber", ["0x0", False]))
            rpc.call("anvil_mine", ["0x2", "0x1"])
            times.append(int(rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16))
    # Of several first blocks that anvil keeps it would show any one, by chance.
    assert {block["hash"] for block in first_blocks} == {first_blocks[0]["hash"]}
    kept = json.loads(settings.state.read_text("utf-8"))["blocks"]
    assert [block["header"]["number"] for block in kept].count("0x0") == 1
    assert times == sorted(set(times))
