"""Batches for workers: signed without asking the chain first, sent, and followed by the engine's events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from settlement.chain.answers import decoded
from settlement.chain.artifacts import Artifacts
from settlement.chain.batch_codec import encode_items
from settlement.chain.calls import BATCH_MODES, CallEncoder, consent_values
from settlement.chain.deployment import Deployment
from settlement.chain.eip712 import instruction_values
from settlement.chain.funding import provide_operator_gas
from settlement.chain.refusals import Verdict, verdict_on
from settlement.chain.reverts import decode_revert
from settlement.chain.rpc import AnswerLost, Rpc, RpcError
from settlement.chain.signers import SignerBook
from settlement.chain.transactions import Transactor
from settlement.domain.acts import Cancel
from settlement.domain.directory import Directory
from settlement.domain.instruction import Consent, Instruction, MatchedInstruction
from settlement.errors import ChainUnreachable, KeyUnusable, OutcomeUnknown, Reason, Refused
from settlement.ports import (
    BatchResult,
    Block,
    ChainIdentity,
    ChainView,
    ItemOutcome,
    SettledAt,
    SignedTransaction,
)
from settlement.ports.batches import TOO_LARGE

_GAS_BASE = 21_000 + 5_300_000
"""A transaction's own, and what the engine keeps back to tell a refusal from a lack of gas."""

_GAS_PER_INSTRUCTION, _GAS_PER_LEG, _GAS_PER_ACCOUNT = 60_000, 70_000, 8_000
"""More than an instruction takes on accounts that were never used; a limit costs nothing."""

_FEE_RAISE_PERCENT = 25
"""Nodes take a replacement from ten percent on."""

_FEE_TIMES_MAX = 20
"""A fee of so many times the base fee is raised no more: what keeps such a transaction out of blocks is something else,
and one that asks for more than its sender has is taken by no node.
"""

_ADDRESSES_PER_QUESTION = 200

_TRANSACTIONS_PER_BLOCK_MAX = 50_000
"""More than any chain has: what is signed by the count of a node that tells more would never settle."""

_SETTLED = "0x" + keccak(text="InstructionSettled(bytes32,bytes32)").hex()
_CANCELLED = "0x" + keccak(text="InstructionCancelled(bytes32,string)").hex()
_FAILED = "0x" + keccak(text="InstructionFailed(bytes32,bytes)").hex()
_STANDING = [
    "0x" + keccak(text=signature).hex()
    for signature in (
        "PartyStatusChanged(address,uint8)",
        "InstrumentAdmitted(address,address,uint8)",
        "AccountOpened(address)",
        "AccountBlockChanged(address,bool)",
    )
]
"""Events whose first argument is whom they concern."""
_GOT = [
    "0x" + keccak(text=signature).hex()
    for signature in ("Transfer(address,address,uint256)", "HoldResolved(bytes32,address,uint256,uint8)")
]
"""Events whose second argument is who has more that is free."""
_MANDATES = [
    "0x" + keccak(text=signature).hex()
    for signature in ("CounterpartyLimitSet(address,uint64)", "DailyLimitSet(uint64)")
]
"""Events of a bank's deposits that concern the bank."""

_SELECTOR = function_signature_to_4byte_selector("settleBatch(address[],bytes,uint8)")

log = logging.getLogger("settlement.batches")


class EvmBatches:
    """Implements `ports.BatchLedger`."""

    def __init__(
        self,
        rpc: Rpc,
        artifacts: Artifacts,
        deployment: Deployment,
        signers: SignerBook,
        directory: Callable[[], Directory],
    ) -> None:
        self._rpc = rpc
        self._artifacts = artifacts
        self._deployment = deployment
        self._signers = signers
        self._directory = directory
        self._transactor = Transactor(rpc, artifacts, deployment.chain_id, self._name)
        self._base_fee, self._gas_limit = 10**9, 30_000_000

    # ---- which chain -------------------------------------------------------------------------------------------------

    def identity(self) -> ChainIdentity:
        """See `ports.BatchLedger.identity`."""
        return ChainIdentity(int(self._one("eth_chainId", []), 16), genesis_hash(self._rpc))

    def is_deployed(self) -> bool:
        """See `ports.BatchLedger.is_deployed`."""
        return str(self._one("eth_getCode", [self._deployment.engine, "latest"])) not in ("0x", "")

    def submitter(self, lane: int) -> str:
        """See `ports.BatchLedger.submitter`."""
        address = self._signers.signer(_submitter(lane)).address
        provide_operator_gas(self._rpc, [address])
        return address

    def require_submitter(self, lane: int, address: str) -> None:
        """See `ports.BatchLedger.require_submitter`."""
        ours = self._signers.signer(_submitter(lane)).address
        if ours.lower() != address.lower():
            raise KeyUnusable(
                f"the key of submitter {lane} is for {ours}, and the journal's lane {lane} sends from {address}: its "
                "nonces are that account's, so it wants that account's key"
            )

    def view(self, address: str, number: int, tag: str | None) -> ChainView:
        """See `ports.BatchLedger.view`."""
        questions: list[tuple[str, list[Any]]] = [
            ("eth_getBlockByNumber", ["latest", False]),
            ("eth_getTransactionCount", [address, "latest"]),
            ("eth_getBlockByNumber", [hex(number), False]),
        ]
        latest, count, known, *tags = self._all(
            questions + ([("eth_getBlockByNumber", [tag, False])] if tag else []), optional=3
        )
        tagged = tags[0] if tags else None
        self._base_fee = int(latest.get("baseFeePerGas", "0x0"), 16)
        self._gas_limit = int(latest["gasLimit"], 16)
        if int(count, 16) > (int(latest["number"], 16) + 1) * _TRANSACTIONS_PER_BLOCK_MAX:
            raise ChainUnreachable(f"the chain says that {address} sent more transactions than its blocks can hold")
        return ChainView(
            head=_block(latest),
            tagged=int(tagged["number"], 16) if tagged else None,
            transactions=int(count, 16),
            known=_block(known) if known else None,
        )

    def head_number(self) -> int:
        """The number of the newest block."""
        return int(self._one("eth_blockNumber", []), 16)

    def now(self) -> int:
        """See `ports.BatchLedger.now`; a node that makes no pending blocks tells the newest block's time."""
        pending, latest = self._rpc.batch(
            [("eth_getBlockByNumber", ["pending", False]), ("eth_getBlockByNumber", ["latest", False])]
        )
        for found in (pending, latest):
            if isinstance(found, dict) and found.get("timestamp"):
                return int(found["timestamp"], 16)
        raise ChainUnreachable("the chain does not say what time it is")

    def block(self, number: int) -> Block | None:
        """See `ports.BatchLedger.block`."""
        found = self._one("eth_getBlockByNumber", [hex(number), False])
        return _block(found) if found else None

    # ---- sending -----------------------------------------------------------------------------------------------------

    def sign_batch(self, batch: Sequence[MatchedInstruction], lane: int, nonce: int) -> SignedTransaction:
        """See `ports.BatchLedger.sign_batch`."""
        directory = self._directory()
        accounts, items = encode_items(
            [(instruction_values(item.instruction, directory), consent_values(item.consents)) for item in batch]
        )
        legs = sum(len(item.instruction.legs) for item in batch)
        gas = _GAS_BASE + len(batch) * _GAS_PER_INSTRUCTION + legs * _GAS_PER_LEG + len(accounts) * _GAS_PER_ACCOUNT
        data = _call_data(accounts, items)
        return self._sign(data, lane, nonce, min(gas + 16 * len(data), self._gas_limit), 2 * self._base_fee)

    def sign_cancellation(
        self, instruction: Instruction, reason: str, consent: Consent, lane: int, nonce: int
    ) -> SignedTransaction:
        """See `ports.BatchLedger.sign_cancellation`."""
        act = Cancel(instruction=instruction, reason=reason, cancellations=(consent,))
        data = CallEncoder(self._artifacts, self._deployment).encode(act, self._directory()).data
        gas = _GAS_BASE + len(instruction.legs) * _GAS_PER_LEG + 40 * len(data)
        return self._sign(data, lane, nonce, min(gas, self._gas_limit), 2 * self._base_fee)

    def replacement(self, transaction: SignedTransaction, lane: int) -> SignedTransaction:
        """See `ports.BatchLedger.replacement`."""
        old = TypedTransaction.from_bytes(HexBytes(transaction.raw)).as_dict()
        if int(old["maxFeePerGas"]) >= _FEE_TIMES_MAX * self._base_fee:
            return transaction
        data = bytes(HexBytes(old["data"]))
        fee = int(old["maxFeePerGas"]) * (100 + _FEE_RAISE_PERCENT) // 100 + 1
        tip = int(old["maxPriorityFeePerGas"]) * (100 + _FEE_RAISE_PERCENT) // 100 + 1
        return self._sign(data, lane, transaction.nonce, int(old["gas"]), max(fee, 2 * self._base_fee), tip)

    def send(self, transaction: SignedTransaction) -> None:
        """See `ports.BatchLedger.send`."""
        try:
            self._rpc.call("eth_sendRawTransaction", [transaction.raw])
        except AnswerLost as error:
            raise OutcomeUnknown(transaction.hash, str(error)) from error
        except RpcError as error:
            verdict = verdict_on(error.message)
            if verdict is Verdict.OPEN:
                log.warning("perhaps not accepted", extra={"reason": str(error), "nonce": transaction.nonce})
            if verdict in (Verdict.OPEN, Verdict.KNOWN, Verdict.NONCE_TAKEN):
                return  # Blocks will tell, and until they do it is sent again.
            name = TOO_LARGE if verdict is Verdict.TOO_LARGE else "ChainRefused"
            raise Refused([Reason(name, {"code": error.code}, error.message)]) from error

    def _sign(
        self, data: bytes, lane: int, nonce: int, gas: int, fee: int, tip: int | None = None
    ) -> SignedTransaction:
        signer = self._signers.signer(_submitter(lane))
        raw, transaction_hash = signer.sign_transaction(
            {
                "type": 2,
                "chainId": self._deployment.chain_id,
                "nonce": nonce,
                "gas": gas,
                "maxFeePerGas": fee,
                "maxPriorityFeePerGas": min(fee, self._base_fee // 8) if tip is None else min(fee, tip),
                "value": 0,
                "data": data,
                "accessList": [],
                "to": to_checksum_address(self._deployment.engine),
            }
        )
        return SignedTransaction(hash=transaction_hash, raw=raw, sender=signer.address, nonce=nonce)

    # ---- following ---------------------------------------------------------------------------------------------------

    def results(self, hashes: Sequence[str], first_block: int, last_block: int) -> Mapping[str, BatchResult]:
        """See `ports.BatchLedger.results`."""
        wanted = set(hashes)
        if not wanted or first_block > last_block:
            return {}
        found: dict[str, list[dict[str, Any]]] = {}
        for log in self._logs([[_SETTLED, _FAILED, _CANCELLED]], first_block, last_block, self._deployment.engine):
            if log["transactionHash"] in wanted:
                found.setdefault(log["transactionHash"], []).append(log)
        return {transaction: self._result(transaction, logs) for transaction, logs in found.items()}

    def result(self, transaction: str) -> BatchResult | None:
        """See `ports.BatchLedger.result`."""
        receipt = self._one("eth_getTransactionReceipt", [transaction])
        if receipt is None or receipt.get("blockNumber") is None:
            return None
        if int(receipt["status"], 16) == 1:
            engine = self._deployment.engine.lower()
            logs = [log for log in receipt["logs"] if log["address"].lower() == engine]
            items = _items(logs, self._reason)
            return BatchResult(transaction, self._block_of(receipt), int(receipt["gasUsed"], 16), items)
        failed = self._transactor.receipt(SignedTransaction(transaction, "", "", 0))
        failure = failed.reason or Reason("Reverted", {}, "reverted without a reason")
        return BatchResult(transaction, failed.block, failed.gas_used, (), failure)

    def settled(self, instruction_ids: Sequence[str]) -> Mapping[str, SettledAt]:
        """See `ports.BatchLedger.settled`."""
        found: dict[str, SettledAt] = {}
        for start in range(0, len(instruction_ids), _ADDRESSES_PER_QUESTION):
            some = list(instruction_ids[start : start + _ADDRESSES_PER_QUESTION])
            for log in self._logs([[_SETTLED], some], 0, None, self._deployment.engine):
                block = Block(
                    int(log["blockNumber"], 16), log["blockHash"], int(log.get("blockTimestamp") or "0x0", 16)
                )
                found[log["topics"][1]] = SettledAt(log["transactionHash"], block)
        return found

    def concerned(self, addresses: Sequence[str], first_block: int, last_block: int) -> frozenset[str]:
        """See `ports.BatchLedger.concerned`."""
        if first_block > last_block:
            return frozenset()
        found: set[str] = set()
        issuers = {record.address.lower(): record.issuer for record in self._directory().instruments.values()}
        for start in range(0, len(addresses), _ADDRESSES_PER_QUESTION):
            some = [
                "0x" + address[2:].lower().rjust(64, "0") for address in addresses[start:][:_ADDRESSES_PER_QUESTION]
            ]
            for topics, position in (([_STANDING, some], 1), ([_GOT, None, some], 2)):
                for log in self._logs(topics, first_block, last_block, None):
                    found.add(to_checksum_address("0x" + log["topics"][position][-40:]))
        for log in self._logs([_MANDATES], first_block, last_block, None):
            issuer = issuers.get(log["address"].lower())
            if issuer is not None:
                found.add(to_checksum_address(self._directory().address_of(issuer)))
        return frozenset(found)

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _result(self, transaction: str, logs: Sequence[dict[str, Any]]) -> BatchResult:
        block = self._one("eth_getBlockByNumber", [logs[0]["blockNumber"], False])
        if block is None or block["hash"] != logs[0]["blockHash"]:
            raise ChainUnreachable("the chain was reorganised between two questions")
        if block["transactions"] == [transaction]:
            gas_used = int(block["gasUsed"], 16)  # Alone in its block: its receipt, which is large, says the same.
        else:
            receipt = self._one("eth_getTransactionReceipt", [transaction])
            if receipt is None:
                raise ChainUnreachable("the chain was reorganised between two questions")
            gas_used = int(receipt["gasUsed"], 16)
        return BatchResult(transaction, _block(block), gas_used, _items(logs, self._reason))

    def _block_of(self, receipt: Mapping[str, Any]) -> Block:
        block = self._one("eth_getBlockByNumber", [receipt["blockNumber"], False])
        if block is None or block["hash"] != receipt["blockHash"]:
            raise ChainUnreachable("the chain was reorganised between two questions")
        return _block(block)

    def _logs(
        self, topics: Sequence[Any], first_block: int, last_block: int | None, address: str | None
    ) -> list[dict[str, Any]]:
        wanted: dict[str, Any] = {"fromBlock": hex(first_block), "topics": list(topics)}
        wanted["toBlock"] = "latest" if last_block is None else hex(last_block)
        if address is not None:
            wanted["address"] = address
        found: list[dict[str, Any]] = self._one("eth_getLogs", [wanted])
        return found

    def _one(self, method: str, params: Sequence[Any]) -> Any:
        try:
            return self._rpc.call(method, params)
        except RpcError as error:
            raise ChainUnreachable(f"the chain answered {method} with an error: {error.message}") from error

    def _all(self, questions: Sequence[tuple[str, Sequence[Any]]], optional: int | None = None) -> list[Any]:
        """All answers; None for one from `optional` on that the node knows no answer to."""
        answers = self._rpc.batch(questions)
        for index, answer in enumerate(answers):
            if isinstance(answer, RpcError):
                if optional is None or index < optional:
                    method = questions[index][0]
                    raise ChainUnreachable(f"the chain answered {method} with an error: {answer.message}") from answer
                answers[index] = None
        return answers

    def _reason(self, encoded: bytes) -> Reason:
        return decode_revert(encoded, self._artifacts, naming=self._name)

    def _name(self, address: str) -> str:
        return self._directory().name_of(address)


def genesis_hash(rpc: Rpc) -> str:
    """The hash of the chain's first block: what tells it from another chain with its id.

    Raises:
        ChainUnreachable: nobody answers, or not with a block.
    """
    try:
        return str(rpc.call("eth_getBlockByNumber", ["0x0", False])["hash"])
    except (RpcError, TypeError, KeyError) as error:
        raise ChainUnreachable(f"{rpc.name} does not show the chain's first block") from error


def _submitter(lane: int) -> str:
    """Whose key signs a lane's transactions; no party can have a name with a space in it."""
    return f"submitter {lane}"


def _call_data(accounts: Sequence[str], items: bytes) -> bytes:
    """`settleBatch(accounts, items, each for itself)`, packed by hand: a general encoder takes many times as long."""
    names = b"".join(bytes.fromhex(account[2:]).rjust(32, b"\0") for account in accounts)
    mode = BATCH_MODES["each-for-itself"]
    head = (96).to_bytes(32) + (96 + 32 + len(names)).to_bytes(32) + mode.to_bytes(32)
    padding = b"\0" * (-len(items) % 32)
    return _SELECTOR + head + len(accounts).to_bytes(32) + names + len(items).to_bytes(32) + items + padding


def _items(logs: Sequence[dict[str, Any]], reason_of: Callable[[bytes], Reason]) -> tuple[ItemOutcome, ...]:
    outcomes = []
    for log in logs:
        if log["topics"][0] == _SETTLED:
            outcomes.append(ItemOutcome(log["topics"][1], None))
        elif log["topics"][0] == _CANCELLED:
            outcomes.append(ItemOutcome(log["topics"][1], None, cancelled=True))
        elif log["topics"][0] == _FAILED:
            encoded = decoded(["bytes"], bytes.fromhex(log["data"][2:]))[0]
            outcomes.append(ItemOutcome(log["topics"][1], reason_of(encoded)))
    return tuple(outcomes)


def _block(found: Mapping[str, Any]) -> Block:
    return Block(int(found["number"], 16), found["hash"], int(found["timestamp"], 16))
