"""An error proves a refusal, or it proves nothing: nodes and gateways in their own words."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from settlement.chain.artifacts import Artifacts
from settlement.chain.refusals import Verdict, verdict_on
from settlement.chain.rpc import Rpc
from settlement.chain.transactions import Transactor
from settlement.errors import OutcomeUnknown, Refused
from settlement.ports import SignedTransaction

Serve = Callable[[Callable[[bytes], tuple[int, str, str] | None]], str]

KNOWN, NONCE_TAKEN, TOO_LARGE, REFUSED, OPEN = Verdict

SAID = [
    ("already known", KNOWN),
    ("AlreadyKnown", KNOWN),
    ("[0x1f2e] already imported", KNOWN),
    ("transaction already imported", KNOWN),
    ("Known transaction", KNOWN),
    ("nonce too low: next nonce 5, tx nonce 4", NONCE_TAKEN),
    ("Nonce too low", NONCE_TAKEN),
    ("OldNonce, Current nonce: 5, nonce of rejected tx: 4", NONCE_TAKEN),
    ("replacement transaction underpriced", NONCE_TAKEN),
    ("transaction underpriced: tip needed 1, tip permitted 0", NONCE_TAKEN),
    ("oversized data: transaction size 131080, limit 131072", TOO_LARGE),
    ("MaxTxSizeExceeded, size 140000", TOO_LARGE),
    ("exceeds block gas limit", TOO_LARGE),
    ("Transaction gas limit exceeds block gas limit", TOO_LARGE),
    ("transaction's gas limit 40000000 exceeds block's gas limit 30000000", TOO_LARGE),
    ("GasLimitExceeded, Gas limit: 30000000, gas limit of rejected tx: 40000000", TOO_LARGE),
    ("transaction gas limit too high (cap: 16777216, tx: 20000000)", TOO_LARGE),
    ("intrinsic gas too low: gas 20000, minimum needed 21000", TOO_LARGE),
    ("intrinsic gas too high -- tx.gas_limit > env.block.gas_limit", TOO_LARGE),
    ("Intrinsic gas exceeds gas limit", TOO_LARGE),
    ("insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1", REFUSED),
    ("Insufficient funds for gas * price + value", REFUSED),
    ("InsufficientFunds, Balance is zero, cannot pay gas", REFUSED),
    ("Upfront cost exceeds account balance", REFUSED),
    ("invalid sender", REFUSED),
    ("Invalid signature", REFUSED),
    ("invalid transaction v, r, s values", REFUSED),
    ("invalid chain id for signer: have 1 want 2", REFUSED),
    ("Wrong chainId", REFUSED),
    ("InvalidTxChainId: Expected 1, got 2", REFUSED),
    ("Incompatible EIP-155 transaction, signed for another chain", REFUSED),
    ("only replay-protected (EIP-155) transactions allowed over RPC", REFUSED),
    ("max fee per gas less than block base fee", REFUSED),
    ("FeeTooLow, MaxFeePerGas too low", REFUSED),
    ("tx fee (1.20 ether) exceeds the configured cap (1.00 ether)", REFUSED),
    ("Failed to decode signed transaction", REFUSED),
    ("rlp: expected input list for types.LegacyTx", REFUSED),
    ("transaction type not supported", REFUSED),
    ("upstream request timed out", OPEN),
    ("Internal error", OPEN),
    ("rate limit exceeded", OPEN),
    ("limit exceeded", OPEN),
    ("txpool is full", OPEN),
    ("unknown transaction", OPEN),
    ("header not found", OPEN),
    ("", OPEN),
]


@pytest.mark.parametrize(("message", "verdict"), SAID)
def test_what_an_error_says_of_a_transaction(message: str, verdict: Verdict) -> None:
    assert verdict_on(message) is verdict


def test_case_and_spelling_are_no_difference() -> None:
    assert {verdict_on(each) for each in ("ALREADY KNOWN", "alreadyKnown", "already_known", "Already-Known!")} == {
        KNOWN
    }


HASH, OTHER = "0x" + "aa" * 32, "0x" + "bb" * 32
SENT = SignedTransaction(HASH, "0x02", "0x" + "11" * 20, 4)
BLOCK = {"number": "0x7", "hash": OTHER, "timestamp": "0x1", "gasLimit": "0x1", "gasUsed": "0x0", "transactions": []}
RECEIPT = {"transactionHash": HASH, "blockNumber": "0x7", "blockHash": OTHER, "status": "0x1", "gasUsed": "0x1"}
RECEIPT |= {"logs": []}
WAITING = {"hash": HASH, "from": SENT.sender, "input": "0x", "gas": "0x1"}


class Chain:
    """A node that answers a sent transaction with an error.

    Attributes:
        objection: That error.
        receipts: What it answers when it is asked for the receipt, one time after another; from then on the last.
        waiting: What it answers when it is asked for the transaction.
        used: How many transactions of the sender are in blocks.

    """

    def __init__(self, serve: Serve, artifacts: Artifacts, patience_s: float = 0.02) -> None:
        self.objection: Any = {"code": -32603, "message": "upstream request timed out"}
        self.receipts: list[Any] = [None]
        self.waiting: Any = None
        self.used = 4
        self.transactor = Transactor(Rpc(serve(self._answered)), artifacts, 1, str, receipt_timeout_s=patience_s)

    def _answered(self, body: bytes) -> tuple[int, str, str]:
        asked = json.loads(body)
        said = [self._answer(each) for each in asked] if isinstance(asked, list) else self._answer(asked)
        return 200, "application/json", json.dumps(said)

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": asked["id"]} | self._said(asked["method"])

    def _said(self, method: str) -> dict[str, Any]:
        if method == "eth_sendRawTransaction":
            return {"error": self.objection}
        if method == "eth_getTransactionReceipt":
            return {"result": self.receipts.pop(0) if len(self.receipts) > 1 else self.receipts[0]}
        known = {
            "eth_getTransactionByHash": self.waiting,
            "eth_getTransactionCount": hex(self.used),
            "eth_getBlockByNumber": BLOCK,
        }
        return {"result": known[method]} if method in known else {"error": {"code": -32601, "message": "no"}}

    def objects(self, message: str) -> None:
        self.objection = {"code": -32000, "message": message}


def one(transactor: Transactor) -> None:
    transactor.send(SENT)
    assert transactor.receipt(SENT).succeeded


def many(transactor: Transactor) -> None:
    transactor.send_many([SENT])


@pytest.fixture
def chain(serve: Serve, artifacts: Artifacts) -> Chain:
    return Chain(serve, artifacts)


both = pytest.mark.parametrize("send", [one, many])


@both
def test_an_error_that_proves_nothing_is_no_refusal(chain: Chain, send: Callable[[Transactor], None]) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        send(chain.transactor)
    assert caught.value.transaction == HASH


@both
def test_who_waited_in_vain_is_told_what_the_node_said(chain: Chain, send: Callable[[Transactor], None]) -> None:
    with pytest.raises(OutcomeUnknown, match=r"no receipt .* the node answered .* upstream request timed out"):
        send(chain.transactor)


@both
def test_what_was_passed_on_late_has_succeeded(
    serve: Serve, artifacts: Artifacts, send: Callable[[Transactor], None]
) -> None:
    chain = Chain(serve, artifacts, patience_s=60)
    chain.receipts = [None, None, None, RECEIPT]
    send(chain.transactor)


@both
def test_an_error_that_proves_a_refusal_is_one_at_once(
    serve: Serve, artifacts: Artifacts, send: Callable[[Transactor], None]
) -> None:
    chain = Chain(serve, artifacts, patience_s=60)
    chain.objects("insufficient funds for gas * price + value")
    with pytest.raises(Refused, match="insufficient funds"):
        send(chain.transactor)


@both
def test_what_another_transaction_used_the_nonce_of_is_refused(
    serve: Serve, artifacts: Artifacts, send: Callable[[Transactor], None]
) -> None:
    chain = Chain(serve, artifacts, patience_s=60)
    chain.objects("nonce too low: next nonce 5, tx nonce 4")
    chain.used = 5
    with pytest.raises(Refused, match="nonce too low"):
        send(chain.transactor)


@both
def test_a_nonce_that_no_block_has_used_is_no_refusal(chain: Chain, send: Callable[[Transactor], None]) -> None:
    chain.objects("nonce too low")
    with pytest.raises(OutcomeUnknown):
        send(chain.transactor)


@both
@pytest.mark.parametrize("message", ["nonce too low", "insufficient funds", "already known"])
def test_what_is_in_a_block_already_has_succeeded(
    chain: Chain, send: Callable[[Transactor], None], message: str
) -> None:
    chain.objects(message)
    chain.used, chain.receipts = 5, [RECEIPT]
    send(chain.transactor)


@both
def test_what_comes_into_a_block_while_its_nonce_is_looked_at_has_succeeded(
    chain: Chain, send: Callable[[Transactor], None]
) -> None:
    chain.objects("nonce too low")
    chain.used, chain.receipts = 5, [None, RECEIPT]
    send(chain.transactor)


@both
def test_what_waits_for_a_block_is_not_refused(chain: Chain, send: Callable[[Transactor], None]) -> None:
    chain.objects("insufficient funds")
    chain.waiting = WAITING
    with pytest.raises(OutcomeUnknown):
        send(chain.transactor)
