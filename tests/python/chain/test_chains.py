import json
import os
import pwd
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from settlement.durable.chains import ChainRecord, ChainStore, process_started, state_home
from settlement.errors import InputError


def record(pid: int, started: str | None = None) -> ChainRecord:
    return ChainRecord(
        pid=pid,
        process_started=process_started(pid) if started is None else started,
        port=8545,
        url="http://127.0.0.1:8545",
        chain_id=31337,
        started_at=1_800_000_000,
        deployment={"engine": "0x" + "11" * 20},
    )


@pytest.fixture
def store(tmp_path: Path) -> ChainStore:
    return ChainStore(tmp_path / "home")


def test_what_was_saved_is_loaded(store: ChainStore) -> None:
    assert store.load() is None
    saved = record(os.getpid())
    store.save(saved)
    assert store.load() == saved
    assert store.running() == saved
    assert [path.name for path in store.home.iterdir()] == ["chain.json"]
    assert store.record_path.stat().st_mode & 0o077 == 0
    store.clear()
    store.clear()
    assert store.load() is None


def test_state_goes_only_when_asked(store: ChainStore) -> None:
    store.save(record(os.getpid()))
    store.state_path.write_text("{}")
    store.clear()
    assert store.state_path.exists()
    store.clear(state=True)
    assert not store.state_path.exists()


def test_a_process_that_is_gone_or_another(store: ChainStore) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        running = record(process.pid)
        assert running.is_running
        # The same id, another process.
        assert not record(process.pid, "another").is_running
        assert not record(process.pid, "").is_running
        process.kill()
        # A zombie until it is waited for.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not running.is_running
    assert not running.is_running
    assert process_started(process.pid) == ""
    store.save(running)
    assert store.running() is None


def test_a_chain_that_was_started_while_somebody_looked_is_not_forgotten(
    store: ChainStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, started = record(os.getpid(), "another"), record(os.getpid())
    store.save(ended)

    def is_running(looked_at: ChainRecord) -> bool:
        store.save(started)
        return looked_at == started

    monkeypatch.setattr(ChainRecord, "is_running", property(is_running))
    assert store.running() is None
    assert store.load() == started


def test_another_users_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not record(os.getpid()).is_running


@pytest.mark.parametrize("text", ["", "{", "null", "{}", '{"pid": 1}', "\x00\x01"])
def test_a_damaged_file(store: ChainStore, text: str) -> None:
    store.home.mkdir()
    store.record_path.write_text(text)
    with pytest.raises(InputError, match=r"chain\.json .*run `settle down`"):
        store.load()
    store.clear()
    assert store.load() is None


def test_bytes_that_are_no_text(store: ChainStore) -> None:
    store.home.mkdir()
    store.record_path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"chain\.json cannot be read .*run `settle down`"):
        store.load()


def test_another_version(store: ChainStore) -> None:
    store.save(record(os.getpid()))
    document = json.loads(store.record_path.read_text())
    store.record_path.write_text(json.dumps({**document, "format": 2}))
    with pytest.raises(InputError, match="has format 2 and this version reads 1: run `settle down`"):
        store.load()


def test_runs_are_numbered(store: ChainStore) -> None:
    assert store.run_numbers() == []
    assert store.save_run('{"a": 1}') == store.runs_path / "1.json"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store.save_run, ["{}"] * 12))
    assert store.run_numbers() == list(range(1, 14))
    assert store.load_run(1) == '{"a": 1}'
    with pytest.raises(InputError, match="there is no run 99; stored runs: 1, 2, "):
        store.load_run(99)


@pytest.mark.parametrize("target", ["nowhere", "file"])
def test_runs_are_stored_in_a_folder_and_nowhere_else(store: ChainStore, target: str) -> None:
    (store.home / "file").parent.mkdir()
    (store.home / "file").write_text("")
    store.runs_path.symlink_to(store.home / target)
    with pytest.raises(InputError, match=r"runs is no folder: move it away, or choose another"):
        store.save_run("{}")


def test_a_home_that_leads_nowhere(store: ChainStore) -> None:
    store.home.symlink_to(store.home.parent / "nowhere")
    with pytest.raises(InputError, match=r"home is no folder: move it away, or choose another"), store.lock():
        pass


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = ChainStore(tmp_path / "file" / "home")
    with pytest.raises(InputError, match="cannot be written"):
        store.save(record(os.getpid()))
    with pytest.raises(InputError, match="cannot be written"), store.lock():
        pass


def test_the_lock_keeps_others_out(store: ChainStore) -> None:
    code = "import fcntl, sys\ntry: fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    code += "except BlockingIOError: print('busy')"
    command = [sys.executable, "-c", code, str(store.home / "chain.lock")]
    with store.lock():
        assert subprocess.check_output(command, text=True) == "busy\n"
    assert subprocess.check_output(command, text=True) == ""


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTLEMENT_HOME", str(tmp_path))
    assert ChainStore().home == tmp_path
    monkeypatch.delenv("SETTLEMENT_HOME")
    assert state_home().name == "settlement"


def test_a_user_without_a_home_is_told_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> None:
        raise KeyError(number)

    for variable in ("SETTLEMENT_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(InputError, match="name a folder with SETTLEMENT_HOME"):
        state_home()
