"""Transactions: nonce, fee, gas limit, signature, sending, and the receipt."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from settlement.chain.artifacts import Artifacts
from settlement.chain.calls import Call
from settlement.chain.events import decode_events
from settlement.chain.refusals import Verdict, verdict_on
from settlement.chain.reverts import decode_revert
from settlement.chain.rpc import AnswerLost, Rpc, RpcError
from settlement.errors import ChainUnreachable, OutcomeUnknown, Reason, Refused
from settlement.ports import Block, LedgerEvent, Receipt, SignedTransaction, Signer

GAS_MARGIN_PERCENT = 20
"""Added to the estimate: the state may change before the transaction is mined."""

_SENT_AT_ONCE = 250
"""How many transactions go to the chain in a request."""

POLL_SECONDS_MIN, POLL_SECONDS_MAX = 0.002, 0.25


class Transactor:
    """Makes, sends and follows transactions on one chain."""

    def __init__(
        self,
        rpc: Rpc,
        artifacts: Artifacts,
        chain_id: int,
        naming: Callable[[str], str],
        receipt_timeout_s: float = 60.0,
    ) -> None:
        self._rpc = rpc
        self._artifacts = artifacts
        self._chain_id = chain_id
        self._naming = naming
        self._receipt_timeout_s = receipt_timeout_s
        self._objections: dict[str, str] = {}

    def sign(self, call: Call, signer: Signer) -> SignedTransaction:
        """Signs a call as a transaction, after the chain has said that it would succeed.

        Raises:
            Refused: the chain would refuse it now.
            ChainUnreachable: nobody answered.
        """
        request: dict[str, Any] = {
            "from": signer.address,
            "data": "0x" + call.data.hex(),
            "value": hex(call.wei),
        }
        if call.to is not None:
            request["to"] = call.to
        gas, nonce, latest = self._ask(request, signer.address)
        base_fee = int(latest.get("baseFeePerGas", "0x0"), 16)
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": nonce,
            "gas": min(gas + gas * GAS_MARGIN_PERCENT // 100, int(latest["gasLimit"], 16)),
            "maxFeePerGas": 2 * base_fee + base_fee // 8,
            "maxPriorityFeePerGas": 0 if base_fee == 0 else base_fee // 8,
            "value": call.wei,
            "data": call.data,
            "accessList": [],
        }
        if call.to is not None:
            transaction["to"] = to_checksum_address(call.to)
        raw, transaction_hash = signer.sign_transaction(transaction)
        return SignedTransaction(hash=transaction_hash, raw=raw, sender=signer.address, nonce=nonce)

    def sign_many(self, calls: Sequence[tuple[Call, Signer]], gas: int) -> list[SignedTransaction]:
        """Signs calls one after another, without asking the chain about each; what one needs, those before may bring.

        Args:
            calls: With who signs each.
            gas: The limit of each.

        Raises:
            ChainUnreachable: nobody answered.
        """
        base_fee = int(self._rpc.call("eth_getBlockByNumber", ["latest", False]).get("baseFeePerGas", "0x0"), 16)
        nonces: dict[str, int] = {}
        signed = []
        for call, signer in calls:
            address = signer.address
            if address not in nonces:
                nonces[address] = int(self._rpc.call("eth_getTransactionCount", [address, "pending"]), 16)
            transaction: dict[str, Any] = {
                "type": 2,
                "chainId": self._chain_id,
                "nonce": nonces[address],
                "gas": gas,
                "maxFeePerGas": 4 * base_fee,
                "maxPriorityFeePerGas": 0,
                "value": call.wei,
                "data": call.data,
                "accessList": [],
            }
            if call.to is not None:
                transaction["to"] = to_checksum_address(call.to)
            raw, transaction_hash = signer.sign_transaction(transaction)
            signed.append(SignedTransaction(transaction_hash, raw, address, nonces[address]))
            nonces[address] += 1
        return signed

    def send_many(self, transactions: Sequence[SignedTransaction]) -> None:
        """Hands many to the chain, and sees to it that each has succeeded.

        Raises:
            Refused: one was refused or failed; those after it may have succeeded.
            OutcomeUnknown: a receipt did not come in time.
        """
        one_by_one = self._mines_one_by_one()
        for first in range(0, len(transactions), _SENT_AT_ONCE):
            some = transactions[first : first + _SENT_AT_ONCE]
            parts = _first_last(some) if one_by_one else [some]
            for number, part in enumerate(parts):
                for each, answer in zip(part, self._sent(part, is_first=number == 0), strict=True):
                    if isinstance(answer, RpcError):
                        self._require_not_refused(each, answer)
            self._require_success(some)

    def _sent(self, some: Sequence[SignedTransaction], *, is_first: bool) -> list[Any]:
        """What the chain answers to each; only before the first are sent is silence the same as nothing sent."""
        try:
            return self._rpc.batch([("eth_sendRawTransaction", [each.raw]) for each in some])
        except ChainUnreachable as error:
            if is_first and not isinstance(error, AnswerLost | RpcError):
                raise
            raise OutcomeUnknown(some[0].hash, str(error)) from error

    def _mines_one_by_one(self) -> bool:
        """Whether this is a development chain that makes a block of every transaction, and a copy of its state."""
        try:
            return self._rpc.call("anvil_getAutomine", []) is True
        except RpcError:
            return False

    def _require_success(self, transactions: Sequence[SignedTransaction]) -> None:
        deadline = time.monotonic() + self._receipt_timeout_s
        waiting = list(transactions)
        while waiting:
            try:
                answers = self._rpc.batch([("eth_getTransactionReceipt", [each.hash]) for each in waiting])
            except ChainUnreachable as error:
                raise OutcomeUnknown(waiting[0].hash, str(error)) from error
            for each, found in zip(waiting, answers, strict=True):
                if _is_mined(found) and int(found["status"], 16) != 1:
                    failed = self.receipt(each)
                    raise Refused([failed.reason or Reason("Reverted", {}, "reverted without a reason")])
            waiting = [each for each, found in zip(waiting, answers, strict=True) if not _is_mined(found)]
            if waiting and time.monotonic() > deadline:
                raise self._no_receipt(waiting[0])
            if waiting:
                time.sleep(POLL_SECONDS_MIN)
        for each in transactions:
            self._objections.pop(each.hash, None)

    def send(self, transaction: SignedTransaction) -> None:
        """Hands the bytes to the chain; the same bytes again are already there.

        Returns too where the chain answered with an error that proves nothing: the receipt will tell, or its absence.

        Raises:
            OutcomeUnknown: the answer was lost.
            ChainUnreachable: it was not sent.
            Refused: the chain has not got the transaction, and will not take it into its pool.
        """
        try:
            self._rpc.call("eth_sendRawTransaction", [transaction.raw])
        except AnswerLost as error:
            raise OutcomeUnknown(transaction.hash, str(error)) from error
        except RpcError as error:
            self._require_not_refused(transaction, error)

    def _require_not_refused(self, transaction: SignedTransaction, error: RpcError) -> None:
        """Raises where an error proves that the chain will not take a transaction; after any other it is followed.

        A gateway may have passed it on before it answered with an error of its own.
        """
        verdict = verdict_on(error.message)
        self._objections[transaction.hash] = str(error)
        if verdict in (Verdict.KNOWN, Verdict.OPEN):
            return
        try:
            if self._is_there(transaction):
                return
            # It may have come into a block after we looked, so whoever used its nonce up is asked for once more.
            if verdict is Verdict.NONCE_TAKEN and (not self._is_used_up(transaction) or self._is_there(transaction)):
                return
        except ChainUnreachable as silence:
            raise OutcomeUnknown(transaction.hash, str(silence)) from error
        raise Refused([self._reason(error)], "transaction not accepted") from error

    def _is_there(self, transaction: SignedTransaction) -> bool:
        """Whether the chain has a transaction, in a block or waiting for one."""
        questions = ("eth_getTransactionReceipt", "eth_getTransactionByHash")
        answers = self._rpc.batch([(question, [transaction.hash]) for question in questions])
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return any(answer is not None for answer in answers)

    def _is_used_up(self, transaction: SignedTransaction) -> bool:
        """Whether a transaction with this one's nonce is in a block."""
        return int(self._rpc.call("eth_getTransactionCount", [transaction.sender, "latest"]), 16) > transaction.nonce

    def receipt(self, transaction: SignedTransaction) -> Receipt:
        """Waits for the receipt; a failed transaction's reason is found by running it again on the block before.

        Raises:
            OutcomeUnknown: none came in time, or the chain stopped answering.
        """
        deadline = time.monotonic() + self._receipt_timeout_s
        pause = POLL_SECONDS_MIN
        while True:
            try:
                found, latest = self._rpc.batch(
                    [("eth_getTransactionReceipt", [transaction.hash]), ("eth_getBlockByNumber", ["latest", False])]
                )
                if isinstance(found, RpcError):
                    raise found
                if _is_mined(found):
                    receipt = self._to_receipt(found, latest)
                    self._objections.pop(transaction.hash, None)
                    return receipt
            except ChainUnreachable as error:
                raise OutcomeUnknown(transaction.hash, str(error)) from error
            if time.monotonic() > deadline:
                raise self._no_receipt(transaction)
            time.sleep(pause)
            pause = min(pause * 2, POLL_SECONDS_MAX)

    def _no_receipt(self, transaction: SignedTransaction) -> OutcomeUnknown:
        objection = self._objections.pop(transaction.hash, None)
        detail = f"no receipt within {self._receipt_timeout_s:.0f} s"
        return OutcomeUnknown(transaction.hash, f"{detail}, and {objection}" if objection else detail)

    def view(self, to: str, data: bytes, sender: str | None = None) -> bytes:
        """Runs a call on the newest state and returns what it answers.

        Raises:
            Refused: it reverted.
        """
        request = {"to": to, "data": "0x" + data.hex()} | ({"from": sender} if sender else {})
        try:
            answer: str = self._rpc.call("eth_call", [request, "latest"])
        except RpcError as error:
            raise Refused([self._reason(error)]) from error
        return bytes.fromhex(answer.removeprefix("0x"))

    def events(self, contract: str, signature: str) -> tuple[LedgerEvent, ...]:
        """Every event of this signature that a contract has emitted, in order.

        Raises:
            ChainUnreachable: the chain does not tell.
        """
        wanted = {"fromBlock": "0x0", "toBlock": "latest", "address": contract}
        try:
            logs = self._rpc.call("eth_getLogs", [wanted | {"topics": ["0x" + keccak(text=signature).hex()]}])
        except RpcError as error:
            raise ChainUnreachable(f"the chain answered eth_getLogs with an error: {error.message}") from error
        return decode_events(logs, self._artifacts)

    def views(self, to: str, calls: Sequence[bytes]) -> list[bytes]:
        """Runs calls on one contract, on the newest state, in one round trip.

        Raises:
            Refused: one of them reverted.
        """
        questions: list[tuple[str, list[Any]]] = [
            ("eth_call", [{"to": to, "data": "0x" + data.hex()}, "latest"]) for data in calls
        ]
        answers = []
        for answer in self._rpc.batch(questions) if questions else []:
            if isinstance(answer, RpcError):
                raise Refused([self._reason(answer)]) from answer
            if isinstance(answer, Exception):
                raise answer
            answers.append(bytes.fromhex(str(answer).removeprefix("0x")))
        return answers

    def logs(self, address: str | Sequence[str], topics: Sequence[str | list[str]]) -> list[dict[str, Any]]:
        """What a contract, or several, have told under these topics, from the chain's first block on, in order.

        A list among the topics is any of it.

        Raises:
            ChainUnreachable: the chain does not tell.
        """
        contracts = address if isinstance(address, str) else list(address)
        wanted = {"address": contracts, "topics": list(topics), "fromBlock": "0x0", "toBlock": "latest"}
        try:
            found: list[dict[str, Any]] = self._rpc.call("eth_getLogs", [wanted])
        except RpcError as error:
            raise ChainUnreachable(f"the chain answered eth_getLogs with an error: {error.message}") from error
        return found

    def block(self, number: int | str = "latest") -> Block:
        """A block by number or tag."""
        tag = hex(number) if isinstance(number, int) else number
        found = self._rpc.call("eth_getBlockByNumber", [tag, False])
        if found is None:
            raise ChainUnreachable(f"the chain has no block {number}")
        return Block(int(found["number"], 16), found["hash"], int(found["timestamp"], 16))

    def block_times(self, numbers: Collection[int]) -> dict[int, int]:
        """When blocks were made, Unix time by number, in one round trip.

        Raises:
            ChainUnreachable: the chain has not got one of them.
        """
        asked = sorted(numbers)
        questions: list[tuple[str, list[Any]]] = [("eth_getBlockByNumber", [hex(number), False]) for number in asked]
        times = {}
        for number, found in zip(asked, self._rpc.batch(questions) if questions else [], strict=True):
            if not isinstance(found, dict):
                raise ChainUnreachable(f"the chain has no block {number}")
            times[number] = int(found["timestamp"], 16)
        return times

    def _ask(self, request: dict[str, Any], sender: str) -> tuple[int, int, dict[str, Any]]:
        questions: list[tuple[str, list[Any]]] = [
            ("eth_estimateGas", [request]),
            ("eth_getTransactionCount", [sender, "pending"]),
            ("eth_getBlockByNumber", ["latest", False]),
        ]
        gas, nonce, latest = self._rpc.batch(questions)
        if isinstance(gas, RpcError):
            raise Refused([self._reason(gas)]) from gas
        for answer in (nonce, latest):
            if isinstance(answer, RpcError):
                raise ChainUnreachable(f"the chain answered with an error: {answer.message}") from answer
        return int(gas, 16), int(nonce, 16), latest

    def _reason(self, error: RpcError) -> Reason:
        if error.data is not None:
            return decode_revert(error.data, self._artifacts, naming=self._naming)
        return Reason("ChainRefused", {"code": error.code}, error.message)

    def _to_receipt(self, found: dict[str, Any], latest: Any) -> Receipt:
        """The receipt, with its block's time; most often that block is the latest, which was asked for beside it."""
        number = int(found["blockNumber"], 16)
        is_latest = isinstance(latest, dict) and latest["hash"] == found["blockHash"]
        timestamp = int(latest["timestamp"], 16) if is_latest else self.block(number).timestamp
        succeeded = int(found["status"], 16) == 1
        return Receipt(
            transaction=found["transactionHash"].lower(),  # Some write it in capitals; what we store is ours.
            succeeded=succeeded,
            gas_used=int(found["gasUsed"], 16),
            block=Block(number, found["blockHash"], timestamp),
            events=decode_events(found["logs"], self._artifacts),
            reason=None if succeeded else self._failure(found["transactionHash"], number),
            created=to_checksum_address(found["contractAddress"]) if found.get("contractAddress") else None,
        )

    def _failure(self, transaction_hash: str, number: int) -> Reason:
        sent = self._rpc.call("eth_getTransactionByHash", [transaction_hash])
        if sent is None:
            raise ChainUnreachable(f"the chain does not show transaction {transaction_hash}, and has its receipt")
        request = {"from": sent["from"], "to": sent["to"], "data": sent["input"], "gas": sent["gas"]}
        try:
            self._rpc.call("eth_call", [request, hex(number - 1)])
        except RpcError as error:
            return self._reason(error)
        return Reason("Reverted", {}, "the transaction failed, and would have succeeded one block earlier")


def _is_mined(found: Any) -> bool:
    """Whether an answer is a receipt of what is in a block; some nodes have one of what is in their pool, too."""
    return isinstance(found, dict) and found.get("blockNumber") is not None


def _first_last(transactions: Sequence[SignedTransaction]) -> list[list[SignedTransaction]]:
    """All but each sender's first, which wait for it, and then those: a chain that mines at once makes few blocks."""
    firsts: dict[str, SignedTransaction] = {}
    for each in transactions:
        firsts.setdefault(each.sender, each)
    first = {each.hash for each in firsts.values()}
    rest = [each for each in transactions if each.hash not in first]
    return [part for part in (rest, list(firsts.values())) if part]
