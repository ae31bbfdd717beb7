"""Events of our contracts, decoded with their argument names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_utils.address import to_checksum_address

from settlement.chain.answers import decoded
from settlement.chain.artifacts import Artifacts
from settlement.ports import LedgerEvent


def decode_events(logs: Sequence[dict[str, Any]], artifacts: Artifacts) -> tuple[LedgerEvent, ...]:
    """Every log that one of our ABIs knows; others are left out."""
    return tuple(event for log in logs if (event := _decode(log, artifacts)) is not None)


def _decode(log: dict[str, Any], artifacts: Artifacts) -> LedgerEvent | None:
    abi = artifacts.event(log["topics"])
    if abi is None:
        return None
    plain = [item for item in abi["inputs"] if not item["indexed"]]
    indexed = [item for item in abi["inputs"] if item["indexed"]]
    values = decoded([item["type"] for item in plain], bytes.fromhex(log["data"].removeprefix("0x")))
    arguments = {item["name"]: _plain(value) for item, value in zip(plain, values, strict=True)}
    for item, topic in zip(indexed, log["topics"][1:], strict=True):
        arguments[item["name"]] = _plain(decoded([item["type"]], bytes.fromhex(topic.removeprefix("0x")))[0])
    return LedgerEvent(abi["name"], to_checksum_address(log["address"]), arguments)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, str) and value.startswith("0x") and len(value) == 42:
        return to_checksum_address(value)
    return value
