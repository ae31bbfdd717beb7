"""Every proof is run by scripts/prove, can be seen to fail, and says of which invariant it is a part."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROOFS = ROOT / "tests" / "contracts" / "proofs"
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

from proof_faults import FAULTS, Fault  # noqa: E402
from proof_runs import Outcome, Property, properties, result_of  # noqa: E402

FOUND = properties()
README = (ROOT / "tests" / "README.md").read_text("utf-8")


def functions(kind: str) -> list[str]:
    text = "\n".join(path.read_text("utf-8") for path in sorted(PROOFS.glob("*.sol")))
    return re.findall(rf"function {kind}_(\w+)\(", text)


def test_every_check_function_is_run() -> None:
    assert [found.name for found in FOUND] == functions("check")
    assert len(set(functions("check"))) == len(FOUND) >= 12


def test_every_property_has_its_reach_function() -> None:
    assert functions("reach") == functions("check")


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_a_property_says_what_it_proves_and_within_which_bounds(found: Property) -> None:
    assert found.contract
    assert found.says.endswith(".")
    assert found.bounds
    assert re.search(rf"^\| {found.id} \|", README, re.MULTILINE), f"{found.id} is not an invariant of tests/README.md"
    assert f"`{found.name}`" in README, f"{found.name} is not in the table of proofs in tests/README.md"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.property)
def test_a_fault_finds_what_it_replaces(fault: Fault) -> None:
    source = (ROOT / "contracts" / fault.path).read_text("utf-8")
    assert fault.old in source
    assert fault.new != fault.old


def test_every_property_has_a_fault() -> None:
    assert {fault.property for fault in FAULTS} == {found.name for found in FOUND}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.says)
def test_a_fault_is_told(fault: Fault) -> None:
    row = next(line for line in README.splitlines() if f"`{fault.property}`" in line and line.startswith("| "))
    assert fault.says in row.split(" | ")[-1]


PASS, FAIL = Outcome("PASS", False, 1.0), Outcome("FAIL", False, 1.0)


@pytest.mark.parametrize(
    ("check", "reach", "result"),
    [
        (PASS, FAIL, "proved"),
        (FAIL, FAIL, "REFUTED"),
        (PASS, PASS, "vacuous"),
        (PASS, Outcome("ERROR", False, 1.0), "vacuous"),
        (Outcome("PASS", True, 1.0), FAIL, "incomplete"),
        (Outcome("TIMEOUT", False, 1.0), FAIL, "timeout"),
        (Outcome("ERROR", False, 1.0), FAIL, "error"),
        (None, FAIL, "error"),
        (PASS, None, "error"),
    ],
)
def test_only_what_passes_whole_and_can_be_reached_is_proved(
    check: Outcome | None, reach: Outcome | None, result: str
) -> None:
    assert result_of(check, reach) == result
