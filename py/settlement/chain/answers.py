"""What a node's answers have to look like. Nobody reads one that does not: a proxy gave it, or a node in trouble."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from settlement.errors import ChainUnreachable

Check = Callable[[Any], bool]
Value = TypeVar("Value")

_STRANGE = "the chain answered a call with something that our contracts do not say"

_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,64}")
_COUNT = re.compile(r"0x0*[0-9a-fA-F]{1,15}")
"""A number that every database takes: blocks, times, gas, and what a sender has sent stay far below it."""

_DATA = re.compile(r"0x([0-9a-fA-F]{2})*")
_WORD = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def is_answer(method: str, params: Sequence[Any], result: Any) -> bool:
    """Whether this can be a node's result of that request; whatever a method that is not read here has.

    A gateway with many nodes and a cache mixes answers up: what is well-formed may still be about something else.
    """
    if method == "eth_getBlockByNumber":
        # There is always a newest block, and none but the pending one is without number and hash.
        return _block_of(params[0], result) or (result is None and params[0] != "latest")
    check = _CHECKS.get(method)
    if check is not None and not check(result):
        return False
    if method == "eth_getLogs":
        return all(map(_chosen_by(params[0]), result))
    name = _NAMES.get(method)
    return name is None or result is None or _is_same(result.get(name), params[0])


def decoded(types: list[str], answer: bytes) -> tuple[Any, ...]:
    """What a contract of ours has answered.

    Raises:
        ChainUnreachable: no contract of ours answers so: a node in the middle of a reorganisation may have no state.
    """
    try:
        values: tuple[Any, ...] = decode(types, answer)
    except (DecodingError, ValueError, OverflowError) as error:
        raise ChainUnreachable(_STRANGE) from error
    return values


def one_of(values: Sequence[Value], number: int) -> Value:
    """What a contract means by a number.

    Raises:
        ChainUnreachable: it means nothing: no contract of ours says so.
    """
    if number >= len(values):
        raise ChainUnreachable(_STRANGE)
    return values[number]


def _matching(pattern: re.Pattern[str]) -> Check:
    return lambda found: isinstance(found, str) and pattern.fullmatch(found) is not None


_number, _count, _data, _word, _address = map(_matching, (_NUMBER, _COUNT, _DATA, _WORD, _ADDRESS))


def _or_none(check: Check) -> Check:
    return lambda found: found is None or check(found)


def _fields(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields, and those that may be missing or null."""
    wanted = [*required.items(), *((name, _or_none(check)) for name, check in (optional or {}).items())]
    return lambda found: isinstance(found, dict) and all(check(found.get(name)) for name, check in wanted)


def _list_of(check: Check) -> Check:
    return lambda found: isinstance(found, list) and all(map(check, found))


def _topics(found: Any) -> bool:
    return isinstance(found, list) and len(found) <= 4 and all(map(_word, found))


_transaction = _fields(
    {"hash": _word, "from": _address, "input": _data, "gas": _count}, {"to": _address, "blockNumber": _count}
)


def _transactions(found: Any) -> bool:
    """Hashes, or the transactions themselves where they were asked for."""
    return isinstance(found, list) and (all(map(_word, found)) or all(map(_transaction, found)))


_numbered: Mapping[str, Check] = {"number": _count, "hash": _word}
_timed: Mapping[str, Check] = {
    "timestamp": _count,
    "gasLimit": _count,
    "gasUsed": _count,
    "transactions": _transactions,
}
_block = _fields({**_timed, **_numbered}, {"baseFeePerGas": _count})
_pending_block = _fields(_timed, {"baseFeePerGas": _count})


def _block_of(tag: str, found: Any) -> bool:
    if tag == "pending":
        return _pending_block(found)
    return _block(found) and (not tag.startswith("0x") or int(found["number"], 16) == int(tag, 16))


def _is_same(name: Any, asked: str) -> bool:
    return isinstance(name, str) and name.lower() == asked.lower()


_logs = _list_of(
    _fields(
        {
            "address": _address,
            "topics": _topics,
            "data": _data,
            "blockNumber": _count,
            "blockHash": _word,
            "transactionHash": _word,
        },
        {"blockTimestamp": _count},
    )
)


def _chosen_by(wanted: Mapping[str, Any]) -> Check:
    """Whether a log is of a contract that was asked about, has the topics asked for, and is in one of those blocks."""
    addresses = _any_of(wanted.get("address"))
    topics = [(place, _any_of(topic)) for place, topic in enumerate(wanted.get("topics", ())) if topic]
    first, last = (_number_of(wanted.get(name, "")) for name in ("fromBlock", "toBlock"))

    def is_chosen(log: Mapping[str, Any]) -> bool:
        found, number = log["topics"], int(log["blockNumber"], 16)
        return (
            (not addresses or log["address"].lower() in addresses)
            and all(place < len(found) and found[place].lower() in some for place, some in topics)
            and (first is None or first <= number)
            and (last is None or number <= last)
        )

    return is_chosen


def _number_of(tag: str) -> int | None:
    return int(tag, 16) if tag.startswith("0x") else None


def _any_of(wanted: Any) -> frozenset[str]:
    return frozenset(each.lower() for each in ([wanted] if isinstance(wanted, str) else wanted or ()))


_mined = _fields(
    {
        "transactionHash": _word,
        "blockNumber": _count,
        "blockHash": _word,
        "status": _count,
        "gasUsed": _count,
        "logs": _logs,
    },
    {"contractAddress": _address},
)


def _receipt(found: Any) -> bool:
    """Some nodes have a receipt without a block for what is in their pool."""
    return _mined(found) or (isinstance(found, dict) and found.get("blockNumber", "") is None)


_CHECKS: Mapping[str, Check] = {
    "eth_blockNumber": _count,
    "eth_call": _data,
    "eth_chainId": _count,
    "eth_estimateGas": _count,
    "eth_gasPrice": _number,
    "eth_getBalance": _number,
    "eth_getBlockByHash": _or_none(_block),
    "eth_getCode": _data,
    "eth_getLogs": _logs,
    "eth_getTransactionByHash": _or_none(_transaction),
    "eth_getTransactionCount": _count,
    "eth_getTransactionReceipt": _or_none(_receipt),
    "eth_sendRawTransaction": _word,
}

_NAMES: Mapping[str, str] = {
    "eth_getBlockByHash": "hash",
    "eth_getTransactionByHash": "hash",
    "eth_getTransactionReceipt": "transactionHash",
}
"""Where an answer names what was asked for by its hash."""
