"""An error is one sentence that people can read."""

from __future__ import annotations

import pytest

from settlement.errors import SENTENCE_MAX, InputError, Location


@pytest.mark.parametrize(
    "location", [None, Location("orders.yaml", 5, field="x" * 5_000)], ids=["nowhere", "in a file"]
)
def test_of_what_is_very_long_a_sentence_has_its_beginning_and_says_what_to_do(location):
    error = InputError(f"'{'9' * 5_000}' is not a time, such as 2025-11-13T09:00:00+08:00", location)
    assert len(str(error)) < SENTENCE_MAX
    assert error.problem.startswith("'999")
    assert str(error).endswith("is not a time, such as 2025-11-13T09:00:00+08:00")


def test_another_sentence_is_told_whole():
    assert str(InputError("x" * SENTENCE_MAX)) == "x" * SENTENCE_MAX
