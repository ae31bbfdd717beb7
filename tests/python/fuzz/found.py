"""How many cases are tried, and the cases that once found something.

A case is plain JSON. Where a test fails, Hypothesis shows the case in the call that failed. Copy it, as JSON, into a
new file in `corpus/`: {"of": the test's kind, "once": what it did, "case": the case}. It is replayed first from then
on, whatever Hypothesis draws.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deep import DEEP
from hypothesis import HealthCheck, Phase, settings

from settlement.errors import InputError

CORPUS = Path(__file__).parent / "corpus"

SENTENCE_MAX = 1_000
"""A sentence is no copy of the file."""

DEEP_TIMES = 20


def examples(usually: int) -> settings:
    """So many cases, the same in every run; in the deep run many times as many, and others each time.

    Cases are not made smaller: most take a second, and are small.
    """
    return settings(
        max_examples=usually * DEEP_TIMES if DEEP else usually,
        derandomize=not DEEP,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        phases=(Phase.generate,),
    )


def kept(kind: str) -> dict[str, Any]:
    """The cases of this kind, by name; of some kinds none has been found."""
    files = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.glob("*.json"))}
    return {name: file["case"] for name, file in files.items() if file["of"] == kind}


def found(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Has a test take each case of this kind that is kept."""
    cases = kept(kind)
    return pytest.mark.parametrize("case", cases.values(), ids=cases.keys())


def require_sentence(error: InputError, file: str) -> None:
    """Sees to it that an error names the file, and is one sentence that a terminal can show."""
    assert error.location is not None
    assert error.location.file == file
    assert str(error).isprintable(), str(error)
    assert len(str(error)) < SENTENCE_MAX, str(error)
