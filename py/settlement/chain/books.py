"""The chain's books, read from events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from eth_utils.crypto import keccak

from settlement.chain.calls import encode_call
from settlement.chain.deployment import Deployment
from settlement.chain.rpc import Rpc, RpcError
from settlement.domain.directory import Directory
from settlement.errors import ChainUnreachable
from settlement.ports.books import Account, BookedTransaction

_SETTLED = "0x" + keccak(text="InstructionSettled(bytes32,bytes32)").hex()
_CANCELLED = "0x" + keccak(text="InstructionCancelled(bytes32,string)").hex()
_TRANSFER = "0x" + keccak(text="Transfer(address,address,uint256)").hex()

_BLOCKS_PER_PAGE = 25
"""A block may hold a thousand movements, and a page is held in memory."""

_ACCOUNTS_PER_QUESTION = 500


class EvmBooks:
    """Implements `ports.Books`."""

    def __init__(self, rpc: Rpc, deployment: Deployment, directory: Callable[[], Directory]) -> None:
        self._rpc = rpc
        self._engine = deployment.engine.lower()
        self._directory = directory

    def head(self) -> int:
        """See `ports.Books.head`."""
        return int(self._ask("eth_blockNumber", []), 16)

    def transactions(self, last_block: int) -> Iterator[Sequence[BookedTransaction]]:
        """See `ports.Books.transactions`."""
        names = self._names()
        for first in range(0, last_block + 1, _BLOCKS_PER_PAGE):
            last = min(first + _BLOCKS_PER_PAGE - 1, last_block)
            wanted = {"fromBlock": hex(first), "toBlock": hex(last), "topics": [[_SETTLED, _CANCELLED, _TRANSFER]]}
            settled: dict[str, list[str]] = {}
            cancelled: dict[str, list[str]] = {}
            movements: dict[str, Counter[Account]] = {}
            blocks: dict[str, int] = {}
            for log in self._ask("eth_getLogs", [wanted]):
                transaction, contract, topics = log["transactionHash"], log["address"].lower(), log["topics"]
                blocks[transaction] = int(log["blockNumber"], 16)
                if topics[0] == _TRANSFER and contract in names:
                    _book(movements.setdefault(transaction, Counter()), names, contract, log)
                elif contract == self._engine:
                    found = settled if topics[0] == _SETTLED else cancelled
                    found.setdefault(transaction, []).append(topics[1])
            page = dict.fromkeys([*settled, *cancelled, *movements])
            yield [
                BookedTransaction(
                    transaction=transaction,
                    block=blocks[transaction],
                    settled=tuple(settled.get(transaction, ())),
                    cancelled=tuple(cancelled.get(transaction, ())),
                    movements=movements.get(transaction, {}),
                )
                for transaction in page
            ]

    def balances(self, accounts: Sequence[Account], block: int) -> Sequence[int]:
        """See `ports.Books.balances`."""
        directory, found = self._directory(), []
        for start in range(0, len(accounts), _ACCOUNTS_PER_QUESTION):
            some = accounts[start : start + _ACCOUNTS_PER_QUESTION]
            questions = []
            for instrument, holder, title in some:
                record = directory.instrument(instrument)
                address = directory.parties.get(holder, holder)
                is_title = record.kind == "bill-of-lading"
                data = (
                    encode_call("ownerOf(uint256)", [title])
                    if is_title
                    else encode_call("balanceOf(address)", [address])
                )
                questions.append(("eth_call", [{"to": record.address, "data": "0x" + data.hex()}, hex(block)]))
            for (instrument, holder, _), answer in zip(some, self._rpc.batch(questions), strict=True):
                is_title = directory.instrument(instrument).kind == "bill-of-lading"
                if is_title and isinstance(answer, RpcError):
                    found.append(0)  # A title that is no more has no owner.
                    continue
                if isinstance(answer, RpcError):
                    raise ChainUnreachable(f"the chain does not tell a balance of {instrument}: {answer.message}")
                owner = directory.parties.get(holder, holder).lower()
                found.append(int(int(answer, 16) == int(owner, 16)) if is_title else int(answer, 16))
        return found

    def _names(self) -> dict[str, str]:
        directory = self._directory()
        names = {record.address.lower(): name for name, record in directory.instruments.items() if not record.unlisted}
        return names | {address.lower(): party for party, address in directory.parties.items()}

    def _ask(self, method: str, params: Sequence[Any]) -> Any:
        try:
            return self._rpc.call(method, params)
        except RpcError as error:
            raise ChainUnreachable(f"the chain answered {method} with an error: {error.message}") from error


def _book(moved: Counter[Account], names: dict[str, str], contract: str, log: dict[str, Any]) -> None:
    topics = log["topics"]
    is_title = len(topics) == 4
    quantity = 1 if is_title else int(log["data"], 16)
    title = int(topics[3], 16) if is_title else 0
    for topic, sign in ((topics[1], -1), (topics[2], 1)):
        holder = "0x" + topic[-40:]
        if int(holder, 16):  # The zero address is where issuance comes from and redemption goes.
            moved[names[contract], names.get(holder, holder), title] += sign * quantity
