"""What a worker finds when it begins again: nothing is stuck, whatever happened in between."""

from __future__ import annotations

import pytest
from proxy import NOTHING, WELL, proxied
from served import ServedMarket

from settlement import ChainUnreachable, OutcomeUnknown
from settlement.chain.keystore import DevelopmentSigner
from settlement.domain.finality import FinalityRule
from settlement.domain.instruction import InstructionStatus
from settlement.ports import BatchResult, Block, ItemOutcome, Judgement, QueueState

SETTLED, CONFIRMED = InstructionStatus.SETTLED, InstructionStatus.CONFIRMED


def test_a_reorganisation_while_nobody_worked_takes_no_nonce_twice(service):
    rule = {"finality": FinalityRule(kind="depth", depth=4), "resend_s": 0.01, "batch_size": 1}
    first = service.worker("first", **rule)
    for number in range(2):
        service.submit(f"R-{number}")
        service.until(first, f"R-{number}", SETTLED)
    first.close()
    service.market.rpc.call("anvil_reorg", [2, []])
    service.submit("R-2")
    next_one = service.worker("next", **rule)
    for number in range(3):
        service.until_well(next_one, f"R-{number}", SETTLED)
    service.market.rpc.call("anvil_mine", ["0x5"])
    for number in range(3):
        service.until_well(next_one, f"R-{number}", CONFIRMED)
    service.require_books(3)


@pytest.fixture
def behind(market, settlement_chain, tmp_path):
    """The market with a proxy between us and the node."""
    with proxied(settlement_chain) as proxy:
        made = ServedMarket(market, settlement_chain, tmp_path / "journal.sqlite", url_of_ours=proxy.url)
        yield made, proxy
        proxy.manner = WELL
        made.service.close()


def rounds(worker, until, rounds_max=500):
    """Rounds as a running worker makes them: trouble is waited out."""
    for _ in range(rounds_max):
        if until():
            return
        try:
            worker.step()
        except (ChainUnreachable, OutcomeUnknown):
            worker.forget()
    pytest.fail("it did not come to that")


def test_a_fee_is_not_raised_for_ever(service):
    rpc = service.market.rpc
    rpc.call("evm_setAutomine", [False])
    try:
        service.submit("R")
        worker = service.worker(resend_s=0.0, replace_s=0.0)
        lane = worker.recover()
        for _ in range(100):
            worker.step()
        (slot,) = service.queue.in_flight(lane)
        assert 5 < len(slot.transactions) < 15
    finally:
        rpc.call("evm_setAutomine", [True])
        rpc.call("anvil_mine", ["0x1"])
    service.until(worker, "R", CONFIRMED)
    service.require_books(1)


def send_from_a_stranger(service):
    key = DevelopmentSigner("/stranger", service.identity.chain_id)
    service.market.rpc.call("anvil_setBalance", [key.address, hex(10**20)])
    values = {"type": 2, "chainId": service.identity.chain_id, "nonce": 0, "gas": 21_000, "value": 0, "data": b""}
    values |= {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 0, "accessList": [], "to": key.address}
    service.market.rpc.call("eth_sendRawTransaction", [key.sign_transaction(values).raw])


def test_a_receipt_that_a_reorganisation_took_away_between_two_questions_is_asked_for_again(behind):
    service, proxy = behind
    rpc = service.market.rpc
    worker = service.worker(replace_s=None)
    service.submit("FIRST")
    service.until(worker, "FIRST", CONFIRMED)
    rpc.call("evm_setAutomine", [False])
    try:
        service.submit("R")
        send_from_a_stranger(service)  # So that the batch is not alone in its block.
        rounds(worker, lambda: rpc.call("txpool_status", [])["pending"] == "0x2")
        proxy.manner, proxy.concerns = NOTHING, "eth_getTransactionReceipt"
        rpc.call("anvil_mine", ["0x1"])
        rounds(worker, lambda: proxy.struck >= 1)
    finally:
        proxy.manner = WELL
        rpc.call("evm_setAutomine", [True])
    service.until_well(worker, "R", CONFIRMED)
    service.require_books(2)


def test_a_batch_too_large_for_the_chain_is_settled_in_smaller_ones(behind):
    service, proxy = behind
    for number in range(7):
        service.submit(f"R-{number}")
    proxy.size_max = 3_000
    worker = service.worker(resend_s=0.01)
    for number in range(7):
        service.until(worker, f"R-{number}", CONFIRMED)
    proxy.size_max = None  # What is asked to reconcile may be large.
    service.require_books(7)


def test_an_instruction_too_large_for_the_chain_is_refused_and_the_others_settle(behind):
    service, proxy = behind
    proxy.size_max = 3_000
    service.submit("LARGE", legs=tuple(service.market.trade("1", "1.00") * 16))
    for number in range(3):
        service.submit(f"R-{number}")
    worker = service.worker(resend_s=0.01)
    service.until(worker, "LARGE", InstructionStatus.REFUSED)
    assert "no transaction as large as this needs" in service.journal.entry("LARGE").history[-1].detail
    for number in range(3):
        service.until(worker, f"R-{number}", CONFIRMED)
    proxy.size_max = None
    service.require_books(3)


def test_bytes_that_are_signed_again_after_they_were_superseded_are_on_their_way_again(service):
    """A foreign transaction took the nonce, and a reorganisation took that away: the same is signed once more."""
    service.submit("R")
    worker = service.worker(resend_s=0.01)
    lane, first = worker.recover(), service.dispatch(worker)
    (item,) = first.items
    back = Judgement(item.sequence, item.matched.instruction_id, InstructionStatus.PENDING, QueueState.READY)
    service.queue.record_superseded(lane, first.nonce, [back], worker.now())
    assert service.dispatch(worker).transactions == first.transactions
    assert [slot.nonce for slot in service.queue.in_flight(lane)] == [first.nonce]
    worker.forget()
    service.until(worker, "R", CONFIRMED)
    service.require_books(1)


def test_what_an_older_batch_settled_goes_back_with_that_batch(service):
    """Refused by the first batch, sent with a second one, and settled by the first one after a reorganisation."""
    service.submit("R")
    worker = service.worker(finality=FinalityRule(kind="depth", depth=9))
    lane, first = worker.recover(), service.dispatch(worker)
    (item,) = first.items
    key, queue = item.matched.instruction_id, service.queue

    def mined(slot, status, state, block):
        result = BatchResult(
            slot.transactions[0].hash, Block(block, f"0x{block:064x}", 1), 1, (ItemOutcome(key, None),)
        )
        queue.record_result(lane, slot.nonce, result, [Judgement(item.sequence, key, status, state)], final=False)

    mined(first, InstructionStatus.PENDING, QueueState.WAITING, 100)
    queue.retry(["R"], worker.now())
    queue.dispatch(lane, 1, worker.now(), lambda items: service.batches.sign_batch([items[0].matched], lane.lane, 1))
    queue.unmine(lane, first.nonce, worker.now())
    mined(first, SETTLED, QueueState.DONE, 101)
    assert service.status("R") is SETTLED
    queue.unmine(lane, first.nonce, worker.now())
    assert service.status("R") is InstructionStatus.PENDING
    worker.forget()
    service.until(worker, "R", SETTLED)
    service.require_books(1)


def test_what_was_settled_under_another_finality_rule_is_confirmed_under_the_new_one(service):
    service.submit("R")
    service.until(service.worker("first", finality=FinalityRule(kind="depth", depth=9), lease_s=-1.0), "R", SETTLED)
    service.until(service.worker("next"), "R", CONFIRMED)
    service.require_books(1)
