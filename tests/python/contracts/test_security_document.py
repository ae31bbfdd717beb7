"""Every test that SECURITY.md and the specification in tests/README.md name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = ("SECURITY.md", "tests/README.md")
NAMED = {
    name: sorted(set(re.findall(r"`((?:test|testFuzz|invariant|check)_\w+)`", (ROOT / name).read_text("utf-8"))))
    for name in DOCUMENTS
}
SOURCES = [
    path.read_text("utf-8")
    for folder, ending in (("contracts", "*.sol"), ("python", "*.py"))
    for path in (ROOT / "tests" / folder).rglob(ending)
]
FOUND = {name for text in SOURCES for name in re.findall(r"(?:def|function) ((?:test|invariant|check)\w+)\(", text)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_document_names_tests(document):
    assert len(NAMED[document]) > 40


@pytest.mark.parametrize("name", sorted({name for names in NAMED.values() for name in names}))
def test_a_test_that_is_named_is_there(name):
    assert name in FOUND


def test_each_property_has_one_id():
    rows = re.findall(
        r"^\| ([A-Z]{3}-\d) \| [^|]+ \| [^|]*`[^|]+ \|$", (ROOT / "tests/README.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(rows) == len(set(rows)) > 25


def test_the_table_of_failures_is_whole():
    rows = re.findall(r"^\| (\d+) \|.*`\w+` \|$", (ROOT / "SECURITY.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 31)]
