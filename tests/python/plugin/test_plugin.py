"""The pytest plugin in somebody else's suite: a fresh network per test, a chain per worker, nothing left behind."""

from __future__ import annotations

import re
import sys

import pytest

SUITE = """
import pathlib
import pytest
import settlement


@pytest.mark.parametrize("number", range(6))
def test_starts_from_nothing(settlement_network, settlement_chain, number):
    assert dict(settlement_network.ledger.directory.parties) == {}
    assert dict(settlement_network.ledger.directory.instruments) == {}
    network = settlement_network
    before = network.ledger.head().number
    network.admit("authority", "central-bank")
    network.admit("bank", "bank")
    network.create_wholesale_cbdc("cbdc", "authority", accounts=["bank"])
    assert network.position("bank", "cbdc").balance == 0
    network.issue("cbdc", "bank", "1.00", "BOOKING-1")
    assert network.position("bank", "cbdc").balance == 100
    with pathlib.Path("said").open("a") as said:
        said.write(f"{settlement_chain} {before}\\n")
"""

FAILING = """
def test_one(settlement_network):
    settlement_network.admit("authority", "central-bank")
    assert not "on purpose"


def test_two(settlement_network):
    settlement_network.admit("authority", "central-bank")
"""


@pytest.fixture
def suite(settle):
    """Runs a suite in a folder of its own and returns how it ended."""

    def run(text, *options):
        (settle.folder / "test_theirs.py").write_text(text)
        ran = settle.program(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *options)
        return ran, re.sub(r"\x1b\[[0-9;]*m", "", ran.out.splitlines()[-1] if ran.out else ran.err)

    return run


def test_each_test_starts_from_nothing_and_each_worker_has_a_chain(suite, settle):
    ran, summary = suite(SUITE, "-n", "2")
    assert "6 passed" in summary, ran.out + ran.err
    said = [line.split() for line in (settle.folder / "said").read_text().splitlines()]
    assert len({url for url, _ in said}) == 2
    assert len({block for _, block in said}) == 1
    assert settle.left_running() == []


def test_a_failing_test_does_not_touch_the_next(suite):
    ran, summary = suite(FAILING)
    assert "1 failed, 1 passed" in summary, ran.out


def test_a_failing_suite_leaves_no_chain(suite, settle):
    suite(FAILING, "-x")
    assert settle.left_running() == []


def test_a_suite_that_does_not_ask_for_a_network_starts_no_chain(suite, settle):
    settle.environment["SETTLEMENT_ANVIL"] = "/nonexistent"
    ran, summary = suite("def test_nothing(): pass")
    assert "1 passed" in summary, ran.out


def test_the_fixture_says_what_it_is(suite):
    ran, _ = suite("", "--fixtures")
    assert "settlement_network" in ran.out
    assert "nobody is admitted" in ran.out


OLD_CHAIN = """
import pytest

from settlement.chain.rpc import Rpc


def test_a_chain_with_a_long_past(settlement_network, settlement_chain):
    rpc, engine = Rpc(settlement_chain), settlement_network.ledger.deployment.engine
    code = rpc.call("eth_getCode", [engine, "latest"])
    rpc.call("anvil_mine", [hex(1_100)])
    rpc.call("anvil_reorg", [20, []])
    assert rpc.call("eth_getCode", [engine, "latest"]) == code


@pytest.mark.parametrize("number", range(120))
def test_the_next_ones_down_to_their_beginning(settlement_network, settlement_chain, number):
    rpc = Rpc(settlement_chain)
    rpc.call("anvil_mine", [hex(12)])
    if number % 4 == 0:
        rpc.call("anvil_reorg", [12, []])
"""


def test_a_chain_that_many_tests_have_used_can_still_be_reorganised(suite):
    ran, summary = suite(OLD_CHAIN)
    assert "121 passed" in summary, ran.out
