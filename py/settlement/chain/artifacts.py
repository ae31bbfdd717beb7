"""The compiled contracts: ABIs and bytecode by name, and one table of all errors and all events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from eth_utils.abi import abi_to_signature
from eth_utils.crypto import keccak

from settlement.chain.compiler import FORMAT, Progress, checkout_root, compile_contracts
from settlement.errors import InputError

Abi = Mapping[str, Any]
"""One entry of a contract's ABI: a function, an event, an error."""

_BUILT_IN_ERRORS: tuple[Abi, ...] = (
    {"type": "error", "name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    {"type": "error", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
)


@dataclass(frozen=True)
class Artifact:
    """A contract that can be deployed; bytecode as `0x…`, without its constructor's arguments."""

    name: str
    abi: tuple[Abi, ...]
    bytecode: str
    deployed_bytecode: str


@dataclass(frozen=True)
class Artifacts:
    """Everything that was compiled.

    Attributes:
        contracts: Deployable contracts by name.
        errors: Error ABIs by selector (`0x` and 8 digits), of every contract, interface and library.
        events: Event ABIs by topic 0; several where events differ only in what is indexed, as `Transfer` of
            ERC-20 and ERC-721 does. `event` tells them apart.
        source_hash: Names the sources, settings and versions that this was compiled from.

    """

    contracts: Mapping[str, Artifact]
    errors: Mapping[str, Abi]
    events: Mapping[str, tuple[Abi, ...]]
    source_hash: str

    def contract(self, name: str) -> Artifact:
        """A deployable contract.

        Raises:
            InputError: there is none of this name.

        """
        if name not in self.contracts:
            known = ", ".join(sorted(self.contracts))
            raise InputError(f"there is no deployable contract {name!r}; there are {known}")
        return self.contracts[name]

    def event(self, topics: Sequence[str]) -> Abi | None:
        """The event that a log with these topics (`0x…`) is; None where it is none of ours."""
        if not topics:
            return None
        for abi in self.events.get(topics[0].lower(), ()):
            if _indexed(abi) == len(topics) - 1:
                return abi
        return None


def load_artifacts(progress: Progress | None = None) -> Artifacts:
    """The compiled contracts: the checkout's, compiled when they are stale, or those in the package.

    Args:
        progress: Is told when a compilation starts, which takes about a minute.

    Raises:
        InputError: they are missing or cannot be made.

    """
    # A checkout never looks at a contracts.json beside this module: it would be stale one day.
    if root := checkout_root():
        path = compile_contracts(root, progress)
        return _read(path, path.stat().st_mtime_ns)
    with resources.as_file(resources.files("settlement.chain") / "contracts.json") as path:
        if not path.is_file():
            raise InputError("this installation carries no compiled contracts: install the wheel, or use a checkout")
        return _read(path, path.stat().st_mtime_ns)


def selector_of(abi: Abi) -> str:
    """The four-byte selector of a function or error, as `0x…`."""
    return "0x" + keccak(text=abi_to_signature(_plain(abi)))[:4].hex()


def topic_of(abi: Abi) -> str:
    """Topic 0 of an event, as `0x…`."""
    return "0x" + keccak(text=abi_to_signature(_plain(abi))).hex()


def _plain(abi: Abi) -> Any:
    return dict(abi)


@lru_cache(maxsize=2)
def _read(path: Path, _modified: int) -> Artifacts:
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["format"] != FORMAT:
            raise InputError(f"{path} has format {document['format']}; this version reads {FORMAT}: build it again")
        contracts = {
            name: Artifact(name, tuple(found["abi"]), found["bytecode"], found["deployedBytecode"])
            for name, found in document["contracts"].items()
        }
        abis = [contract.abi for contract in contracts.values()] + list(document["abis"].values())
        source_hash = str(document["sourceHash"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read as compiled contracts ({error}): remove it and build again") from error
    entries = [entry for abi in abis for entry in abi]
    return Artifacts(
        contracts=MappingProxyType(contracts),
        errors=MappingProxyType(_errors(entries)),
        events=MappingProxyType(_events(entries)),
        source_hash=source_hash,
    )


def _errors(entries: Iterable[Abi]) -> dict[str, Abi]:
    table: dict[str, Abi] = {}
    for entry in (*_BUILT_IN_ERRORS, *entries):
        if entry["type"] == "error":
            table.setdefault(selector_of(entry), entry)
    return table


def _events(entries: Iterable[Abi]) -> dict[str, tuple[Abi, ...]]:
    table: dict[str, tuple[Abi, ...]] = {}
    for entry in entries:
        if entry["type"] != "event" or entry.get("anonymous"):
            continue
        known = table.setdefault(topic := topic_of(entry), ())
        if all(_indexed(entry) != _indexed(other) for other in known):
            table[topic] = (*known, entry)
    return table


def _indexed(abi: Abi) -> int:
    return sum(bool(parameter.get("indexed")) for parameter in abi["inputs"])
