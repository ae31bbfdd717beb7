"""The chain's books, read from its blocks and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.crypto import keccak

from settlement.chain.answers import decoded
from settlement.chain.artifacts import Artifacts
from settlement.chain.calldata import CallReader, pack_instruction
from settlement.chain.calls import encode_call
from settlement.chain.deployment import Deployment
from settlement.chain.eip712 import INSTRUCTION_ABI
from settlement.chain.reverts import decode_revert
from settlement.chain.rpc import Rpc, RpcError
from settlement.domain.oracle import Call, Event, Fact, Happened, Outcome
from settlement.errors import ChainUnreachable
from settlement.ports.books import BookedTransaction


def _topic(signature: str) -> str:
    return "0x" + keccak(text=signature).hex()


_SETTLED = _topic("InstructionSettled(bytes32,bytes32)")
_CANCELLED = _topic("InstructionCancelled(bytes32,string)")
_FAILED = _topic("InstructionFailed(bytes32,bytes)")
_TRANSFER = _topic("Transfer(address,address,uint256)")
_HOLD_PLACED = _topic("HoldPlaced(bytes32,address,uint256)")
_HOLD_RESOLVED = _topic("HoldResolved(bytes32,address,uint256,uint8)")
_CLOSED = _topic("RegisterClosed(uint8)")

_TELLING = {
    _TRANSFER: "Transfer",
    _HOLD_PLACED: "HoldPlaced",
    _HOLD_RESOLVED: "HoldResolved",
    _CLOSED: "RegisterClosed",
}
"""Events that tell what a call did where that is not modelled."""

_SUCCESSFUL = [
    _topic(signature)
    for signature in (
        "InstructionLocked(bytes32,bytes32)",
        "InstructionExpired(bytes32)",
        "PartyAdmitted(address,uint16)",
        "PartyStatusChanged(address,uint8)",
        "InstrumentAdmitted(address,address,uint8)",
        "AccountOpened(address)",
        "AccountBlockChanged(address,bool)",
        "CounterpartyLimitSet(address,uint64)",
        "DailyLimitSet(uint64)",
        "BillTransaction(uint256,uint8,address,address,bytes32)",
    )
]
"""Events that are read only to know that a call succeeded, without asking for its receipt."""

_BLOCKS_PER_PAGE = 25
"""A block may hold a thousand movements, and a page is held in memory."""

_ASKED_AT_ONCE = 1_000

_QUESTIONS = {
    "balance": "balanceOf(address)",
    "held": "heldOf(address)",
    "supply": "totalSupply()",
    "stage": "status()",
    "owner": "ownerOf(uint256)",
    "titleholder": "titleholderOf(uint256)",
    "hold": "holdOf(bytes32)",
    "party": "statusOf(address)",
    "instruction": f"statusOf({INSTRUCTION_ABI})",
    "legs": "heldLegs(bytes32)",
}

_STATUS_OF = function_signature_to_4byte_selector(_QUESTIONS["instruction"])


class EvmBooks:
    """Implements `ports.Books`."""

    def __init__(self, rpc: Rpc, artifacts: Artifacts, deployment: Deployment) -> None:
        self._rpc = rpc
        self._artifacts = artifacts
        self._engine = deployment.engine.lower()
        self._contracts = {self._engine, deployment.registry.lower()}
        self._codes: dict[str, bool] = {}
        self._reader = CallReader(artifacts, deployment, self._is_contract)

    def head(self) -> int:
        """See `ports.Books.head`."""
        return int(self._ask("eth_blockNumber", []), 16)

    def transactions(self, last_block: int, first_block: int = 0) -> Iterator[Sequence[BookedTransaction]]:
        """See `ports.Books.transactions`."""
        topics = [_SETTLED, _CANCELLED, _FAILED, *_TELLING, *_SUCCESSFUL]
        for first in range(first_block, last_block + 1, _BLOCKS_PER_PAGE):
            last = min(first + _BLOCKS_PER_PAGE - 1, last_block)
            wanted = {"fromBlock": hex(first), "toBlock": hex(last), "topics": [topics]}
            logs: dict[str, list[dict[str, Any]]] = {}
            for log in self._ask("eth_getLogs", [wanted]):
                logs.setdefault(log["transactionHash"], []).append(log)
            found = [
                (transaction, int(block["timestamp"], 16))
                for block in self._all([("eth_getBlockByNumber", [hex(n), True]) for n in range(first, last + 1)])
                for transaction in block["transactions"]
            ]
            yield self._page(found, logs)

    def answers(self, facts: Sequence[Fact], block: int) -> Sequence[int]:
        """See `ports.Books.answers`."""
        found: list[int] = []
        for start in range(0, len(facts), _ASKED_AT_ONCE):
            some = facts[start : start + _ASKED_AT_ONCE]
            questions = [
                ("eth_call", [{"to": fact.contract, "data": "0x" + _question(fact).hex()}, hex(block)]) for fact in some
            ]
            for fact, answer in zip(some, self._rpc.batch(questions), strict=True):
                if isinstance(answer, RpcError) and fact.kind != "owner":  # A title that is no more has no owner.
                    raise ChainUnreachable(f"{fact.contract} does not tell a {fact.kind}: {answer.message}")
                found.append(0 if isinstance(answer, RpcError) else int(answer, 16))
        return found

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _page(
        self, found: Sequence[tuple[dict[str, Any], int]], logs: Mapping[str, list[dict[str, Any]]]
    ) -> list[BookedTransaction]:
        created = self._receipts([transaction["hash"] for transaction, _ in found if transaction["to"] is None])
        creations: dict[str, Call | None] = {}
        for transaction, at in found:
            if transaction["to"] is None:
                made = (created[transaction["hash"]].get("contractAddress") or "").lower()
                creations[transaction["hash"]] = creation = self._reader.creation(transaction, at, made)
                if creation is not None and int(created[transaction["hash"]]["status"], 16):
                    self._contracts.add(made)
        ours = [each for each in found if each[0]["to"] is None or each[0]["to"].lower() in self._contracts]
        silent = [each["hash"] for each, _ in ours if each["to"] is not None and each["hash"] not in logs]
        receipts = created | self._receipts(silent)
        page = []
        for transaction, at in found:
            said = [log for log in logs.get(transaction["hash"], ()) if log["address"].lower() in self._contracts]
            if transaction["to"] is None:
                call, is_open = creations[transaction["hash"]], False
            elif transaction["to"].lower() in self._contracts:
                call, is_open = self._reader.call(transaction, at)
            elif said:
                call, is_open = None, False
            else:
                continue
            receipt = receipts.get(transaction["hash"])
            page.append(self._booked(transaction, at, call, receipt, said, is_open=is_open))
        return page

    def _booked(
        self,
        transaction: Mapping[str, Any],
        at: int,
        call: Call | None,
        receipt: Mapping[str, Any] | None,
        said: Sequence[dict[str, Any]],
        *,
        is_open: bool,
    ) -> BookedTransaction:
        by_engine = [log for log in said if log["address"].lower() == self._engine]
        moved: Counter[tuple[str, str, int]] = Counter()
        for log in said:
            if log["topics"][0] == _TRANSFER:
                _book(moved, log)
        happened = Happened(
            transaction=transaction["hash"],
            at=at,
            call=call,
            succeeded=receipt is None or int(receipt["status"], 16) == 1,
            events=tuple(_event(log) for log in said if log["topics"][0] in _TELLING) if call is None else (),
            outcomes=self._outcomes(by_engine) if call and call.function.startswith("settleBatch(") else (),
            moved={account: quantity for account, quantity in moved.items() if quantity},
            is_open=is_open or (receipt is not None and _ran_out(transaction, receipt)),
        )
        settled = tuple(log["topics"][1] for log in by_engine if log["topics"][0] == _SETTLED)
        cancelled = tuple(log["topics"][1] for log in by_engine if log["topics"][0] == _CANCELLED)
        return BookedTransaction(int(transaction["blockNumber"], 16), settled, cancelled, happened)

    def _outcomes(self, logs: Sequence[dict[str, Any]]) -> tuple[Outcome, ...]:
        outcomes = []
        for log in logs:
            if log["topics"][0] == _SETTLED:
                outcomes.append(Outcome(log["topics"][1], None))
            elif log["topics"][0] == _FAILED:
                encoded = decoded(["bytes"], bytes.fromhex(log["data"][2:]))[0]
                reason = decode_revert(encoded, self._artifacts, naming=str.lower)
                outcomes.append(Outcome(log["topics"][1], str(reason)))
        return tuple(outcomes)

    def _receipts(self, hashes: Sequence[str]) -> dict[str, dict[str, Any]]:
        receipts = self._all([("eth_getTransactionReceipt", [each]) for each in hashes])
        return dict(zip(hashes, receipts, strict=True))

    def _is_contract(self, address: str) -> bool:
        if address not in self._codes:
            self._codes[address] = self._ask("eth_getCode", [address, "latest"]) not in ("0x", "")
        return self._codes[address]

    def _ask(self, method: str, params: Sequence[Any]) -> Any:
        return self._all([(method, params)])[0]

    def _all(self, questions: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answers = self._rpc.batch(questions)
        for (method, _), answer in zip(questions, answers, strict=True):
            if isinstance(answer, RpcError):
                raise ChainUnreachable(f"the chain answered {method} with an error: {answer.message}") from answer
            if answer is None:
                raise ChainUnreachable(f"the chain has no answer to {method} about what it has shown before")
        return answers


def _book(moved: Counter[tuple[str, str, int]], log: Mapping[str, Any]) -> None:
    topics, contract = log["topics"], log["address"].lower()
    is_title = len(topics) == 4
    quantity = 1 if is_title else int(log["data"], 16)
    title = int(topics[3], 16) if is_title else 0
    for topic, sign in ((topics[1], -1), (topics[2], 1)):
        if int(topic, 16):  # The zero address is where issuance comes from and redemption goes.
            moved[contract, "0x" + topic[-40:], title] += sign * quantity


def _event(log: Mapping[str, Any]) -> Event:
    name, topics = _TELLING[log["topics"][0]], log["topics"]
    words = [int(log["data"][start : start + 64], 16) for start in range(2, len(log["data"]), 64)]
    arguments: tuple[Any, ...]
    if name == "Transfer":
        quantity = int(topics[3], 16) if len(topics) == 4 else words[0]
        arguments = ("0x" + topics[1][-40:], "0x" + topics[2][-40:], quantity)
    elif name == "RegisterClosed":
        arguments = (words[0],)
    else:
        arguments = (topics[1], "0x" + topics[2][-40:], words[0])
    return Event(log["address"].lower(), name, arguments)


def _question(fact: Fact) -> bytes:
    signature = _QUESTIONS[fact.kind]
    if fact.terms is not None:
        return _STATUS_OF + pack_instruction(fact.terms)
    if not fact.subject:
        return encode_call(signature, [])
    if fact.kind in ("hold", "legs"):
        return encode_call(signature, [bytes.fromhex(fact.subject[2:])])
    return encode_call(
        signature, [int(fact.subject, 16) if "title" in fact.kind or fact.kind == "owner" else fact.subject]
    )


def _ran_out(transaction: Mapping[str, Any], receipt: Mapping[str, Any]) -> bool:
    """Whether a call that failed had used about all its gas; what it called in turn was given a little less."""
    return int(receipt["gasUsed"], 16) * 16 >= int(transaction["gas"], 16) * 15
