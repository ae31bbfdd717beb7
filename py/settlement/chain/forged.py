"""What forge has compiled of a checkout, in the form in which solc answers.

Both compile the contracts, with the same compiler and settings, for a minute or two. An artifact of forge's is taken
for what solc would answer when the metadata in it, which the compiler wrote, names this compiler, these settings and,
by their hashes, every source as it is now.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

OUT = Path("build/forge/out")
_CONTRACT = re.compile(r"^(?:abstract )?(?:contract|interface|library) (\w+)", re.MULTILINE)
RUNTIME_BYTES_MAX, INITCODE_BYTES_MAX = 24_576, 49_152
"""The largest contract that a chain takes (EIP-170, EIP-3860): solc warns of larger ones, forge is told not to."""

_SETTINGS = ("viaIR", "evmVersion", "optimizer", "metadata", "remappings")


def forged_output(root: Path, request: Mapping[str, Any], version: str) -> dict[str, Any] | None:
    """What the compiler would answer `request`, from forge's artifacts.

    Args:
        root: The checkout.
        request: The compiler's standard JSON input; its sources are keyed relative to the root.
        version: The compiler's full version, such as 0.8.37+commit.0123abcd.

    Returns:
        The answer's part `contracts`, under that key; None where a contract of `request` is not there, or was compiled
        in another way or from another state of any file.

    """
    if not _says_all(root):
        return None
    files = _Files(root, request["sources"])
    needed = set(request["sources"])
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((root / OUT).rglob("*.json")):
        if path.parent.name.endswith(".t.sol"):
            continue
        try:
            artifact = json.loads(path.read_text("utf-8"))
            metadata = artifact["metadata"]
            [(source, name)] = metadata["settings"]["compilationTarget"].items()
            if not version.startswith(metadata["compiler"]["version"]) or not files.unchanged(metadata["sources"]):
                continue
            contract = _as_answered(artifact, request["settings"])
            if contract is None:
                continue
            if source in request["sources"]:
                found.setdefault(source, {})[name] = contract
                needed.update(metadata["sources"])
            else:
                found.setdefault(source, {})[name] = {"abi": artifact["abi"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # Not forge's, or half written: as good as none.
    if any(files.contracts(source) != set(found.get(source, {})) for source in needed):
        return None
    return {"contracts": {source: found[source] for source in sorted(needed) if source in found}}


def _says_all(root: Path) -> bool:
    """Whether the metadata says how it was compiled: not of what becomes of the texts of reverts."""
    of_file = "revert_strings" in (root / "foundry.toml").read_text("utf-8")
    return not of_file and "FOUNDRY_REVERT_STRINGS" not in os.environ


def _as_answered(artifact: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """The artifact as solc writes it; None where the settings were others, or solc would warn of the size."""
    code = artifact["bytecode"]["object"].removeprefix("0x")
    settings = artifact["metadata"]["settings"]
    # An interface has no code: how it was compiled changes nothing.
    if code and (settings.get("libraries") or any(settings.get(key, False) != wanted[key] for key in _SETTINGS)):
        return None
    runtime = artifact["deployedBytecode"]["object"].removeprefix("0x")
    if len(runtime) > 2 * RUNTIME_BYTES_MAX or len(code) > 2 * INITCODE_BYTES_MAX:
        return None
    return {
        "abi": artifact["abi"],
        "evm": {"bytecode": {"object": code}, "deployedBytecode": {"object": runtime}},
    }


class _Files:
    """The sources: those asked for as they were read then, the libraries as they are now; each is read once."""

    def __init__(self, root: Path, asked: Mapping[str, Mapping[str, str]]) -> None:
        self._root = root
        self._texts = {name: text["content"].encode() for name, text in asked.items()}

    def unchanged(self, sources: Mapping[str, Mapping[str, str]]) -> bool:
        """Whether each has the hash that it had when it was compiled; raises OSError where one is gone."""
        return all("0x" + keccak(self._text(name)).hex() == source["keccak256"] for name, source in sources.items())

    def contracts(self, source: str) -> set[str]:
        """What `source` declares."""
        return set(_CONTRACT.findall(self._text(source).decode()))

    def _text(self, name: str) -> bytes:
        if name not in self._texts:
            self._texts[name] = (self._root / name).read_bytes()
        return self._texts[name]
