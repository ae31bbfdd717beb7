"""Writes tests/access-matrix.md from what the tests of access measured. See scripts/access-matrix."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

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
    ("second person", "executes what the operator proposed to dual control"),
    ("guardian", "may veto what was proposed, and revokes roles"),
    ("dual control", "administrator of the registry under dual control: a call that two persons have let through"),
)
HEADING = """# Access matrix

Every function of every contract that changes state, and who got past it when it was called by each kind of caller; made
by `scripts/access-matrix` from what the tests in `contracts/registry/*Access.t.sol` measured, and compared in a test. ●
got past; · was refused; blank: the test's world has no such caller.

A function that anybody gets past acts for nobody but those whose signature, day or own account it was given: a settlement
takes the consents of its parties, a payment on its day goes to the holders, an allowance or an election is the caller's
own. `transferFrom` takes an allowance, which nobody has here, and dual control's three `on…Received` only answer that it
would take a token of another standard.
"""  # noqa: E501 - a line of the file


GOVERNED = "Registry under dual control"
"""The same contract where the operator is not the administrator."""


def callers_of(contract: str) -> frozenset[int]:
    """Which kinds of caller a contract's test has."""
    bonds, governed = range(10, 13), range(13, 16)
    more = {"GreenBond": bonds, "PayingAgent": bonds, "DualControl": governed, GOVERNED: governed}
    return frozenset([*range(10), *more.get(contract, ())])


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


def measured() -> Mapping[tuple[str, str], int]:
    """By contract and selector, the bits of those who got past it."""
    found: dict[tuple[str, str], int] = {}
    for path in sorted(SNAPSHOTS.glob("access*.json")):
        for key, mask in json.loads(path.read_text("utf-8")).items():
            contract, selector = key.split(".", 1)
            found[contract, selector] = found.get((contract, selector), 0) | int(mask)
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
            mask, known = found.get((contract, selector)), callers_of(contract)
            cells = [" " if i not in known else "●" if (mask or 0) >> i & 1 else "·" for i in range(len(CALLERS))]
            if mask is None:
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
