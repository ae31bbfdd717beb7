"""A gateway says what is not so, and it looks right: nothing is called settled or refused on its word alone."""

from __future__ import annotations

import json

import pytest
from proxy import Proxy, proxied
from served import ServedMarket

from settlement import OutcomeUnknown, connect
from settlement.domain.discipline import RetryRule
from settlement.domain.instruction import InstructionStatus
from settlement.flow.lock import cancel, expire, lock
from settlement.flow.settle import settle, settle_batch, settle_locked


class Gateway(Proxy):
    """Forwards, and then lets `falsify` change the answer to the methods that it names; it gets the asked and the said.

    Attributes:
        falsify: By method; a lie is told as often as it is asked for.
        keeps: Whether transactions are kept here, and not passed on.
        kept: The last request that was kept.
        last: The hash of the last transaction that went through.

    """

    def __init__(self, target):
        super().__init__(target)
        self.falsify, self.keeps, self.kept, self.last = {}, False, b"", None

    def treat(self, handler, body):
        asked = json.loads(body)
        said = [self._said(each) for each in asked] if isinstance(asked, list) else self._said(asked)
        self._answer(handler, 200, json.dumps(said).encode())

    def _said(self, asked):
        body = json.dumps(asked).encode()
        sends = asked["method"] == "eth_sendRawTransaction"
        if sends and self.keeps:
            self.kept = body
        said = {"id": asked["id"]} if sends and self.keeps else self._forwarded(body).json()
        if sends and not self.keeps:
            self.last = said.get("result")
        change = self.falsify.get(asked["method"], lambda _, said: said)
        return change(asked, said)


@pytest.fixture
def gateway(settlement_chain):
    with proxied(settlement_chain, Gateway) as made:
        yield made


@pytest.fixture
def behind(market, gateway, tmp_path):
    """The market's network, reached through the gateway."""
    ledger = market.network.ledger
    network = connect(
        gateway.url, deployment=ledger.deployment, directory=ledger.directory, journal=tmp_path / "journal.sqlite"
    )
    yield network
    network.journal.close()


def another_s_receipt(gateway, asked):
    body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "method": asked["method"], "params": [gateway.last]})
    return gateway._forwarded(body.encode()).json()


def silent(_, said):
    """A receipt as it is, but for what its contracts tell in it."""
    return said | {"result": said["result"] and said["result"] | {"logs": []}}


def told_by_another(_, said):
    """A receipt as it is, but for who tells in it."""
    receipt = said["result"]
    logs = [log | {"address": "0x" + "11" * 20} for log in receipt["logs"]] if receipt else []
    return said | {"result": receipt and receipt | {"logs": logs}}


def test_another_transaction_s_receipt_settles_nothing(market, behind, gateway):
    behind.settle(*market.trade("10", "1,000.00"))
    matched = behind.match(behind.instruction(*market.trade("20", "2,000.00"), reference="R"))
    gateway.keeps = True
    gateway.falsify = {
        "eth_sendRawTransaction": lambda _, said: said | {"result": gateway.last},
        "eth_getTransactionReceipt": lambda asked, _: another_s_receipt(gateway, asked),
    }
    with pytest.raises(OutcomeUnknown):
        settle(behind.desk, matched)
    assert behind.journal.entry("R").status is InstructionStatus.SENT


def test_a_transaction_that_a_gateway_passes_on_after_it_has_answered_with_an_error_is_settled(market, behind, gateway):
    def passed_on(asked, said):
        gateway._forwarded(gateway.kept)
        return gateway._forwarded(json.dumps(asked).encode()).json()

    matched = behind.match(behind.instruction(*market.trade("10", "1,000.00"), reference="R"))
    gateway.keeps = True
    gateway.falsify = {
        "eth_sendRawTransaction": lambda _, said: said | {"error": {"code": -32603, "message": "upstream timed out"}},
        "eth_getTransactionReceipt": passed_on,
    }
    assert settle(behind.desk, matched).status is InstructionStatus.SETTLED


@pytest.mark.parametrize("lie", [silent, told_by_another])
def test_a_receipt_in_which_the_engine_does_not_tell_of_it_leaves_its_settlement_unknown(market, behind, gateway, lie):
    matched = behind.match(behind.instruction(*market.trade("10", "1,000.00"), reference="R"))
    gateway.falsify = {"eth_getTransactionReceipt": lie}
    with pytest.raises(OutcomeUnknown, match="does not tell of instruction"):
        settle(behind.desk, matched)
    assert behind.journal.entry("R").status is InstructionStatus.SENT


def test_a_batch_s_receipt_that_tells_of_none_of_it_refuses_none_of_it(market, behind, gateway):
    references = ("R-1", "R-2")
    batch = [behind.match(behind.instruction(*market.trade("1", "1.00"), reference=each)) for each in references]
    gateway.falsify = {"eth_getTransactionReceipt": silent}
    with pytest.raises(OutcomeUnknown):
        settle_batch(behind.desk, batch, "each-for-itself")
    assert {behind.journal.entry(each).status for each in references} == {InstructionStatus.SENT}


def locked(network, market, **terms):
    matched = network.match(network.instruction(*market.trade("10", "1,000.00"), reference="R", **terms))
    lock(network.desk, matched)
    return matched


def to_lock(network, market):
    matched = network.match(network.instruction(*market.trade("10", "1,000.00"), reference="R"))
    return lambda: lock(network.desk, matched)


def to_settle_locked(network, market):
    matched = locked(network, market)
    return lambda: settle_locked(network.desk, matched)


def to_cancel(network, market):
    instruction = locked(network, market).instruction
    words = [network.ledger.cancellation(party, instruction, "no more") for party in instruction.parties]
    return lambda: cancel(network.desk, instruction, "no more", words)


def to_expire(network, market):
    deadline = market.now() + 1_000
    instruction = locked(network, market, deadline=deadline).instruction
    network.ledger.advance_to(deadline + 1)
    return lambda: expire(network.desk, instruction)


@pytest.mark.parametrize("step", [to_lock, to_settle_locked, to_cancel, to_expire])
def test_a_receipt_in_which_the_engine_is_silent_leaves_each_step_unknown(market, behind, gateway, step):
    taken = step(behind, market)
    gateway.falsify = {"eth_getTransactionReceipt": silent}
    with pytest.raises(OutcomeUnknown, match="does not tell of instruction"):
        taken()
    assert behind.journal.entry("R").status is InstructionStatus.SENT


def test_a_worker_that_is_not_shown_what_its_batch_did_neither_refuses_nor_settles_it_again(
    market, gateway, settlement_chain, tmp_path
):
    service = ServedMarket(market, settlement_chain, tmp_path / "journal.sqlite", url_of_ours=gateway.url)
    worker = service.worker(retry=RetryRule(attempts_max=1, pause_s=0.01))
    service.submit("R")
    gateway.falsify = {
        "eth_getTransactionReceipt": silent,
        "eth_getLogs": lambda _, said: said | {"result": []},
    }
    service.until_ever(worker, "R", InstructionStatus.PENDING)
    gateway.falsify = {}
    service.until_well(worker, "R", InstructionStatus.CONFIRMED)
    service.require_books(1)
    service.service.close()
