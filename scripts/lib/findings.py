"""Says what slither found in the contracts and nobody has explained; status 1 where there is anything.

python scripts/lib/findings.py FILE        what slither wrote with --json and --warn-unused-ignores
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LINES_MAX = 12
"""Shown of a finding; about a reentrancy it can say hundreds. The rest is in the file."""

EXPLAINED = re.compile(r"^\s*// slither-disable-(?:next-line|start) [a-z0-9,-]+: \S", re.M)
SILENCED = re.compile(r"slither-disable-(?:next-line|start)|forge-lint: *disable")
LINT_EXPLAINED = re.compile(r"// forge-lint: disable-[a-z-]+\([a-z0-9, -]+\): \S")


def of_slither(results: list[dict[str, Any]]) -> Iterator[str]:
    """Its findings, and the explanations of ours that no finding needs any more."""
    for result in results:
        if result["check"] != "unused-ignore-directive":
            lines = result["description"].strip().splitlines()
            more = ["\t…"] if len(lines) > LINES_MAX else []
            yield "\n".join([f"{result['check']} ({result['impact']}): {lines[0]}", *lines[1:LINES_MAX], *more])
            continue
        for unused in result["unused_ignores"]:
            path = Path(unused["file"])
            if path.is_relative_to(ROOT / "contracts"):
                names = ", ".join(unused["unused_detectors"])
                yield f"{path.relative_to(ROOT)}:{unused['line']}: explains {names}, which is not found there any more"


def without_reason(contracts: Path) -> Iterator[str]:
    """Comments that silence slither or forge's linter and do not say why."""
    for path in sorted(contracts.rglob("*.sol")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if SILENCED.search(line) and not EXPLAINED.match(line) and not LINT_EXPLAINED.search(line):
                yield f"{path.relative_to(contracts.parent)}:{number}: silences a finding and does not say why"


def main(written: Path) -> int:
    """Prints everything, then the figures."""
    answer = json.loads(written.read_text("utf-8"))
    if not answer["success"]:
        print(f"slither ended early: {answer['error']}")
        return 1
    contracts = ROOT / "contracts"
    results = answer["results"].get("detectors", [])
    found = list(dict.fromkeys([*of_slither(results), *without_reason(contracts)]))  # it says some things twice
    explained = sum(len(EXPLAINED.findall(path.read_text("utf-8"))) for path in contracts.rglob("*.sol"))
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(found)} findings of slither not explained, {explained} places explained")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
