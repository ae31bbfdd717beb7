"""Every test that SECURITY.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NAMED = sorted(set(re.findall(r"`((?:test|testFuzz|invariant)_?\w+)`", (ROOT / "SECURITY.md").read_text("utf-8"))))
SOURCES = [
    path.read_text("utf-8")
    for folder, ending in (("contracts", "*.sol"), ("python", "*.py"))
    for path in (ROOT / "tests" / folder).rglob(ending)
]
FOUND = {name for text in SOURCES for name in re.findall(r"(?:def|function) ((?:test|invariant)\w+)\(", text)}


def test_the_document_names_tests():
    assert len(NAMED) > 60


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_is_named_is_there(name):
    assert name in FOUND


def test_the_table_of_failures_is_whole():
    rows = re.findall(r"^\| (\d+) \|.*`\w+` \|$", (ROOT / "SECURITY.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 31)]
