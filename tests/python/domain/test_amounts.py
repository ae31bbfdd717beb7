"""Amounts: what is written is what is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.domain.quantity import MAX_QUANTITY, format_amount, parse_amount


@given(amount=st.integers(1, 10**28 - 1), decimals=st.integers(0, 18))
def test_formatting_and_parsing_are_inverse(amount: int, decimals: int) -> None:
    text = format_amount(amount, decimals)
    assert parse_amount(text, decimals) == amount
    assert parse_amount(text.replace(",", ""), decimals) == amount


@pytest.mark.parametrize("amount", [10**28 + 1, MAX_QUANTITY])
def test_the_largest_amounts_are_read_exactly(amount: int) -> None:
    assert parse_amount(format_amount(amount, 0), 0) == amount
