"""Writes tests/access-matrix.md from what the tests of access measured. See scripts/access-matrix."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "py"))

from settlement.chain.artifacts import load_artifacts, selector_of  # noqa: E402

FILE = ROOT / "tests" / "access-matrix.md"
SNAPSHOTS = ROOT / "tests" / "contracts" / "snapshots"

# In the order of the bits in tests/contracts/support/AccessMatrix.sol.
CALLERS = (
    ("operator", "operator and administrator, on the registry; under dual control operator and proposer"),
    ("supervisor", "supervisor, on the registry"),
    ("central bank", "issuer of the wholesale CBDC"),
    ("bank", "issuer of the tokenised deposit; has reserves; a bill's party where it is entrusted"),
    ("other bank", "another bank, which a bill's titleholder has entrusted"),
    ("issuer", "issuer of the bond"),
    ("carrier", "issuer of the bills of lading"),
    ("holder", "a client with a balance; in possession of the bill, with title"),
    ("stranger", "nobody whom the registry knows"),
    ("engine", "the settlement engine"),
    ("paying agent", "the bond's paying agent"),
    ("its operator", "who operates the paying agent"),
    ("calculation agent", "named in a floating bond's terms"),
    ("executor", "executes what the operator proposed to dual control"),
    ("canceller", "may veto what was proposed, and revokes roles"),
    ("dual control", "administrator of the registry under dual control: a call that two persons have let through"),
    ("register", "the carrier's register of bills, where the bill is"),
    ("control tracking", "the control tracking registry"),
)
HEADING = """# Access matrix

Every function of every contract that changes state, and who got past it when it was called by each kind of caller; made
by `scripts/access-matrix` from what the tests in `contracts/registry/*Access.t.sol` measured, and compared in a test. ●
got past; · tried and was refused; blank: has not tried, because the test's world has no such caller.

A function that anybody gets past acts for nobody but those whose signature, day or own account it was given: a settlement
takes the consents of its parties, a payment on its day goes to the holders, an allowance or an election is the caller's
own. `transferFrom` takes an allowance, which nobody has here, and dual control's three `on…Received` only answer that it
would take a token of another standard.
"""  # noqa: E501 - a line of the file


GOVERNED = "Registry under dual control"
"""The same contract where the operator is not the administrator."""


def changing() -> Mapping[str, Mapping[str, str]]:
    """By contract, the functions that change state: selector and signature."""
    artifacts = load_artifacts()
    found: dict[str, dict[str, str]] = {}
    for name in artifacts.contracts:
        for entry in artifacts.contract(name).abi:
            if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure"):
                inputs = ", ".join(each["type"].replace("tuple", "(…)") for each in entry["inputs"])
                found.setdefault(name, {})[selector_of(entry)] = f"{entry['name']}({inputs})"
    return found


class Measured(NamedTuple):
    """Bits of callers."""

    tried: int = 0
    passed: int = 0

    def cell(self, caller: int) -> str:
        """What the matrix shows of one of `CALLERS`."""
        if not self.tried >> caller & 1:
            return " "
        return "●" if self.passed >> caller & 1 else "·"


def measured() -> Mapping[tuple[str, str], Measured]:
    """By contract and selector, who tried and who got past."""
    found: dict[tuple[str, str], Measured] = {}
    for path in sorted(SNAPSHOTS.glob("access*.json")):
        for key, value in json.loads(path.read_text("utf-8")).items():
            contract, selector = key.split(".", 1)
            tried, passed = divmod(int(value), 1 << 32)
            before = found.get((contract, selector), Measured())
            found[contract, selector] = Measured(before.tried | tried, before.passed | passed)
    return found


def render() -> str:
    """The whole file."""
    found, lines = measured(), [HEADING]
    sections = dict(changing())
    sections[GOVERNED] = sections["Registry"]
    lines += [f"- **{name}**: {says}" for name, says in CALLERS]
    for contract, functions in sorted(sections.items()):
        lines += ["", f"## {contract}", "", "| function | " + " | ".join(name for name, _ in CALLERS) + " |"]
        lines.append("|---|" + ":-:|" * len(CALLERS))
        for selector, signature in sorted(functions.items(), key=lambda each: each[1]):
            what = found.get((contract, selector), Measured())
            cells = [what.cell(caller) for caller in range(len(CALLERS))]
            if not what.tried:
                cells[0] = "not measured"
            lines.append(f"| `{signature}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    text = render()
    if "--check" in sys.argv[1:]:
        same = FILE.exists() and FILE.read_text("utf-8") == text
        print("the access matrix is up to date" if same else f"{FILE.name} is another: run scripts/access-matrix")
        return 0 if same else 1
    FILE.write_text(text, "utf-8")
    print(f"wrote {FILE.relative_to(ROOT)}: {len(measured())} functions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
