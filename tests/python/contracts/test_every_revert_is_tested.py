"""Every custom error that a contract declares is expected by some test in Solidity."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests" / "contracts"

# What tests share: a test expects an error also by calling a function of these that encodes it.
SHARED = [TESTS / "Base.t.sol", *sorted((TESTS / "support").glob("*.sol"))]
# The models of invariants and proofs let a call fail as it likes, so what they name they do not test.
SPECIFIED = sorted(
    path for path in TESTS.rglob("*.t.sol") if path not in SHARED and path.parent.name not in {"invariant", "proofs"}
)

ERRORS = sorted(
    {
        name
        for path in (ROOT / "contracts").rglob("*.sol")
        for name in re.findall(r"^\s*error (\w+)\(", path.read_text("utf-8"), re.MULTILINE)
    }
)


def errors_encoded_in(text: str) -> set[str]:
    return set(re.findall(r"\b(\w+_\w+)\.selector", text))


def functions_of(text: str) -> dict[str, str]:
    """Each function's name and everything up to its end, which is a brace at its own depth."""
    return {
        match[1]: match[0] for match in re.finditer(r"^    function (\w+)\(.*?^    }$", text, re.MULTILINE | re.DOTALL)
    }


def expected() -> set[str]:
    specified = "\n".join(path.read_text("utf-8") for path in SPECIFIED)
    found = errors_encoded_in(specified)
    called = set(re.findall(r"\b(\w+)\(", specified))
    for path in SHARED:
        for name, body in functions_of(path.read_text("utf-8")).items():
            if name in called:
                found |= errors_encoded_in(body)
    return found


EXPECTED = expected()


def test_there_are_errors_and_tests() -> None:
    assert len(ERRORS) > 80
    assert len(SPECIFIED) > 30


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_expected_by_a_test(error: str) -> None:
    assert error in EXPECTED, (
        f"{error} is declared in contracts/, but no test in tests/contracts expects it: "
        "write one that provokes it and names its selector, or remove the error"
    )
