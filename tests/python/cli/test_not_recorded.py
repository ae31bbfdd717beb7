"""Where a run cannot be kept here: that is found before anything is sent, or else said together with what settled."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from settlement.app.json_files import write_new
from settlement.app.running import UP, run_scenario
from settlement.chain.node import AnvilNode
from settlement.chain.rpc import Rpc
from settlement.domain.runs import NotRecorded
from settlement.durable.chains import ChainStore
from settlement.errors import InputError
from settlement.scenarios.load import load_scenario

SETTLE = Path(sys.executable).with_name("settle")
RUN = ("run", "interbank-transfer")
SMALL = 'unset COVERAGE_PROCESS_CONFIG; ulimit -f 1; exec "$@"'
"""Has a shell run a program whose files are a kilobyte at most, as on a disk that becomes full. What scripts/coverage
counts of it would not fit either.
"""


@pytest.fixture
def node():
    with AnvilNode() as node:
        yield node


def height(url):
    return int(Rpc(url).call("eth_blockNumber", []), 16)


# ---- before ----------------------------------------------------------------------------------------------------------


def test_nothing_is_sent_where_the_description_cannot_be_written(settle, node, tmp_path):
    ran = settle(*RUN, "--chain", node.url, "--describe", tmp_path / "nowhere" / "network.json")
    assert "network.json: the file cannot be written: No such file or directory" in ran.sentence
    assert (ran.code, height(node.url)) == (2, 0)


def test_nothing_is_sent_where_the_description_is_there_already(settle, node, tmp_path):
    (tmp_path / "network.json").write_text("mine")
    ran = settle(*RUN, "--chain", node.url, "--describe", tmp_path / "network.json")
    assert "network.json: there is such a file already" in ran.sentence
    assert (ran.code, height(node.url), (tmp_path / "network.json").read_text()) == (2, 0, "mine")


def test_a_run_that_fails_leaves_no_description(settle, node, tmp_path):
    ran = settle(*RUN, "--chain", node.url, "--chain-id", "7", "--describe", tmp_path / "network.json")
    assert (ran.code, (tmp_path / "network.json").exists()) == (2, False)


@pytest.mark.parametrize("target", ["a-file", "nowhere", "/proc/1"])
def test_nothing_is_sent_where_no_run_can_be_stored(settle, target):
    up = settle.json("up")
    before = height(up["url"])
    (settle.home / "a-file").write_text("")
    (settle.home / "runs").symlink_to(settle.home / target)
    ran = settle(*RUN, "--chain", "up")
    assert str(settle.home / "runs") in ran.sentence
    assert (ran.code, height(up["url"])) == (2, before)


# ---- after -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full(settle_in, tmp_path_factory):
    """Runs with a description for which the disk has no room, and where it was to be."""
    folder = tmp_path_factory.mktemp("full")
    small = ("bash", "-c", SMALL, "-", SETTLE)

    def run(*more):
        with settle_in(folder) as settle, AnvilNode() as node:
            where = ("--chain", node.url, "--describe", folder / "network.json")
            # Python keeps its bytecode as far as it fits, and cannot read it afterwards.
            return settle.program(*small, *RUN, *where, *more, PYTHONDONTWRITEBYTECODE="1")

    return run, folder / "network.json"


@pytest.fixture(scope="module")
def undescribed(full):
    return full[0]()


def test_a_run_that_was_not_described_is_said_to_have_settled(undescribed, full):
    told = f"settled on the chain, and was not recorded in {full[1]}: File too large"
    assert (undescribed.code, told in undescribed.sentence) == (3, True)


def test_a_run_that_was_not_described_is_reported_all_the_same(undescribed):
    assert "3,800,000.00" in undescribed.out


@pytest.mark.usefixtures("undescribed")
def test_half_a_description_is_not_left(full):
    assert not full[1].exists()


def test_a_run_that_was_not_described_is_one_document_with_its_error(full):
    document = json.loads(full[0]("--json").out)
    assert [item["status"] for item in document["settlements"]] == ["confirmed", "refused"]
    assert (document["ok"], document["error"]["kind"]) == (False, "NotRecorded")


def test_a_run_that_was_not_stored_comes_with_its_report(settle):
    settle.ok("up")
    store = ChainStore(settle.home)

    def spoil(_):
        if store.runs_path.is_dir():
            store.runs_path.rmdir()
            store.runs_path.write_text("")

    with pytest.raises(NotRecorded, match=f"settled on the chain, and was not recorded in {store.runs_path}") as told:
        run_scenario(load_scenario("interbank-transfer"), UP, store=store, on_progress=spoil)
    assert told.value.report.ok


def test_of_a_file_that_cannot_be_written_to_its_end_nothing_is_left(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"chain\.json: the file cannot be written: No space left on device"):
        write_new("{}", tmp_path / "chain.json")
    assert list(tmp_path.iterdir()) == []
