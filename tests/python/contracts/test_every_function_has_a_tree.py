"""Every function that changes state, of the engine, of money and of the registry, has a branch in a `.tree` file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TREES = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests" / "contracts").rglob("*.tree"))
SECTIONS = re.split(r"^## (.+)$", (ROOT / "tests" / "access-matrix.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
CONTRACTS = {"SettlementEngine", "TokenizedDeposit", "WholesaleCBDC", "Registry"}

FUNCTIONS = sorted(
    {
        (contract, function)
        for contract, section in zip(SECTIONS[::2], SECTIONS[1::2], strict=True)
        if contract in CONTRACTS
        for function in re.findall(r"^\| `(\w+)\(", section, re.MULTILINE)
    }
)


def test_the_matrix_is_read() -> None:
    assert {contract for contract, _ in FUNCTIONS} == CONTRACTS


@pytest.mark.parametrize(("contract", "function"), FUNCTIONS)
def test_a_function_has_a_tree(contract: str, function: str) -> None:
    assert re.search(rf"\b{function}\b", TREES), (
        f"{contract}.{function} changes state, and no .tree file in tests/contracts says at which states it does what"
    )
