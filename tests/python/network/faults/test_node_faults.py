"""The node is away, slow, reorganised, restarted or another one: each instruction settles once, the books agree."""

from __future__ import annotations

import pytest
from market import build_market
from proxy import ANSWER_LOST, DOWN, HTML, SLOW, WELL, proxied
from served import ServedMarket

from settlement import ChainUnreachable, InputError, OutcomeUnknown
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.domain.finality import FinalityRule
from settlement.domain.instruction import InstructionStatus
from settlement.durable.verify import verify

CONFIRMED = InstructionStatus.CONFIRMED


@pytest.fixture
def behind(market, settlement_chain, tmp_path):
    """The market with a proxy between us and the node, and little patience."""
    with proxied(settlement_chain) as proxy:
        made = ServedMarket(market, settlement_chain, tmp_path / "journal.sqlite", url_of_ours=proxy.url)
        yield made, proxy
        proxy.manner = WELL
        made.service.close()


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "eth_getTransactionCount", "eth_getLogs"])
@pytest.mark.parametrize("manner", [ANSWER_LOST, DOWN, HTML, SLOW])
def test_whatever_happens_on_the_way_it_settles_once(behind, manner, method):
    service, proxy = behind
    worker = service.worker(resend_s=0.05)
    service.submit("FIRST")
    service.until_well(worker, "FIRST", CONFIRMED)
    service.submit("R")
    proxy.manner, proxy.concerns = manner, method
    worker_rounds(worker, lambda: proxy.struck >= 1)
    proxy.manner = WELL
    service.until_well(worker, "R", CONFIRMED)
    service.require_books(2)


def worker_rounds(worker, until):
    """Rounds as a running worker makes them: trouble is waited out."""
    for _ in range(500):
        if until():
            return
        try:
            worker.step()
        except (ChainUnreachable, OutcomeUnknown):
            worker.forget()
    pytest.fail("the fault was not met")


@pytest.mark.parametrize("depth", range(1, 7))
def test_a_reorganisation_of_any_depth_before_finality_is_settled_again(service, depth):
    worker = service.worker(finality=FinalityRule(kind="depth", depth=8), resend_s=0.01, batch_size=1)
    for number in range(depth):
        service.submit(f"R-{number}")
        service.until(worker, f"R-{number}", InstructionStatus.SETTLED)
    service.market.rpc.call("anvil_reorg", [depth, []])
    for number in range(depth):
        service.until_ever(worker, f"R-{number}", InstructionStatus.PENDING)
    for number in range(depth):
        service.until_well(worker, f"R-{number}", InstructionStatus.SETTLED)
    service.market.rpc.call("anvil_mine", ["0x9"])
    for number in range(depth):
        service.until_well(worker, f"R-{number}", CONFIRMED)
    service.require_books(depth)


def test_a_transaction_that_the_node_dropped_is_sent_again(service):
    rpc = service.market.rpc
    rpc.call("evm_setAutomine", [False])
    try:
        service.submit("R")
        worker = service.worker(resend_s=0.01, replace_s=None)
        worker_rounds(worker, lambda: rpc.call("txpool_status", [])["pending"] == "0x1")
        rpc.call("anvil_dropAllTransactions", [])
        worker_rounds(worker, lambda: rpc.call("txpool_status", [])["pending"] == "0x1")
    finally:
        rpc.call("evm_setAutomine", [True])
        rpc.call("anvil_mine", ["0x1"])
    service.until(worker, "R", CONFIRMED)
    service.require_books(1)


def test_a_node_that_is_restarted_from_its_state_goes_on(tmp_path):
    state, journal = tmp_path / "state.json", tmp_path / "journal.sqlite"
    with AnvilNode(NodeSettings(state=state)) as node:
        market = build_market(node.url)
        service = ServedMarket(market, node.url, journal)
        service.submit("BEFORE")
        service.until(service.worker(), "BEFORE", CONFIRMED)
        service.submit("AFTER")
        port = node.port
        service.service.close()
    with AnvilNode(NodeSettings(state=state, port=port)) as node:
        again = ServedMarket(market, node.url, journal, description=service.description)
        again.until_well(again.worker("other"), "AFTER", CONFIRMED)
        again.require_books(2)
        again.service.close()


def test_a_node_that_is_restarted_empty_is_refused_and_the_journal_is_unchanged(tmp_path):
    with AnvilNode(NodeSettings()) as node:
        market, port = build_market(node.url), node.port
        service = ServedMarket(market, node.url, tmp_path / "journal.sqlite")
        service.submit("R")
    with AnvilNode(NodeSettings(port=port)), pytest.raises(InputError, match="restarted empty is another chain"):
        service.worker().run(lambda: False)
    assert [step.status.value for step in service.journal.entry("R").history] == ["matched"]
    service.service.close()


def test_two_orchestrators_with_the_same_key_settle_each_instruction_once(market, settlement_chain, tmp_path):
    first = ServedMarket(market, settlement_chain, tmp_path / "first.sqlite")
    second = ServedMarket(market, settlement_chain, tmp_path / "second.sqlite")
    for number in range(6):
        first.submit(f"A-{number}", nonce=number)
        second.submit(f"B-{number}", nonce=100 + number)
    one, two = (each.worker(resend_s=0.01, batch_size=2, in_flight_max=2) for each in (first, second))
    for number in range(6):
        for _ in range(2_000):
            one.step()
            two.step()
            if first.status(f"A-{number}") is second.status(f"B-{number}") is CONFIRMED:
                break
    assert market.network.position("buyer", "bond").balance == 120
    assert {first.status(f"A-{n}") for n in range(6)} | {second.status(f"B-{n}") for n in range(6)} == {CONFIRMED}
    for each in (first, second):
        assert verify(each.service.database) == ()
        each.service.close()


def test_submissions_twice_and_in_any_order_settle_once(service):
    deadline = service.market.now() + 86_400
    for number in (3, 1, 2, 3, 0, 1):
        service.submit(f"R-{number}", deadline=deadline, nonce=number)
    worker = service.worker()
    for number in range(4):
        service.until(worker, f"R-{number}", CONFIRMED)
    service.require_books(4)


@pytest.mark.parametrize("jump", [-3_600.0, 3_600.0])
def test_a_clock_that_jumps_settles_nothing_twice_and_loses_nothing(service, jump):
    class Jumping:
        def __init__(self):
            self.offset = 0.0

        def now(self):
            return 1_000_000_000.0 + self.offset

        def elapsed(self):
            return float(service.market.now())

        def sleep(self, seconds):
            raise AssertionError("nobody waits here")

    clock = Jumping()
    service.submit("R-1")
    worker = service.worker(clock=clock)
    service.until(worker, "R-1", CONFIRMED)
    clock.offset = jump
    service.submit("R-2")
    service.until(worker, "R-2", CONFIRMED)
    service.require_books(2)
