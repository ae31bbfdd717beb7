"""Writes the mutants that slither's mutators make of the contracts: each a small edit that a test should notice.

VENV/bin/python scripts/lib/mutants.py BUILD_INFO_FOLDER FILE FOLDER...

Runs in the environment of scripts/analyse. Slither's own `slither-mutate` runs one mutant after another in the working
tree; this only asks its mutators what they would do. FILE gets a list of {mutator, path, line, start, end, old, new};
start and end are bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slither import Slither
from slither.core.declarations import Contract
from slither.tools.mutator.mutators import all_mutators
from slither.tools.mutator.mutators.abstract_mutator import AbstractMutator

ROOT = Path(__file__).resolve().parents[2]
MUTATORS = [kind for kind in vars(all_mutators).values() if isinstance(kind, type)]


def mutants_of(contract: Contract, source: bytes) -> Iterator[dict[str, Any]]:
    """Every edit that a mutator would make in one contract's own functions."""
    path = Path(contract.source_mapping.filename.absolute)
    for kind in MUTATORS:
        mutator: AbstractMutator = kind(contract.compilation_unit, 0, "", "", contract, None, False, Path(), [])
        for patch in mutator._mutate().get("patches", {}).get(str(path), []):
            old = source[patch["start"] : patch["end"]].decode()
            if patch["new_string"] != old:
                yield {
                    "mutator": kind.NAME,
                    "path": str(path.relative_to(ROOT)),
                    "line": patch["line_number"],
                    "start": patch["start"],
                    "end": patch["end"],
                    "old": old,
                    "new": patch["new_string"],
                }


def main(build_info: str, target: str, folders: list[str]) -> None:
    """Writes the mutants of the contracts in these folders, each edit once."""
    slither = Slither(str(ROOT), ignore_compile=True, foundry_build_info_directory=build_info)
    wanted = [ROOT / folder for folder in folders]
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for contract in slither.contracts:
        path = Path(contract.source_mapping.filename.absolute)
        if contract.is_interface or not any(path.is_relative_to(folder) for folder in wanted):
            continue
        for mutant in mutants_of(contract, path.read_bytes()):
            found.setdefault((mutant["path"], mutant["start"], mutant["end"], mutant["new"]), mutant)
    Path(target).write_text(json.dumps([found[key] for key in sorted(found)]), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
