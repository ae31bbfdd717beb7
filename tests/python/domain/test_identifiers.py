"""ISINs: known ones, every wrong check digit, and every swapped pair of digits and letters that matters."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.domain.identifiers import check_isin, isin_check_digit
from settlement.errors import InputError

STEMS = st.builds(
    lambda country, rest: country + rest,
    st.text(string.ascii_uppercase, min_size=2, max_size=2),
    st.text(string.ascii_uppercase + string.digits, min_size=9, max_size=9),
)


@pytest.mark.parametrize("isin", ["US0378331005", "AU0000XVGZA3", "GB0002634946", "US30303M1027", "HK0FICT20231"])
def test_right_isins_pass(isin: str) -> None:
    assert check_isin(isin) == isin


def test_the_right_check_digit_is_named() -> None:
    with pytest.raises(InputError, match=r"wrong check digit 4; for US037833100 the check digit is 5"):
        check_isin("US0378331004")


@pytest.mark.parametrize("isin", ["", "US037833100", "us0378331005", "US03783310050", "U50378331005", "US037833100X"])
def test_malformed_isins_are_refused(isin: str) -> None:
    with pytest.raises(InputError, match="two capital letters"):
        check_isin(isin)


@given(stem=STEMS)
def test_exactly_one_check_digit_is_right(stem: str) -> None:
    right = isin_check_digit(stem)
    assert check_isin(f"{stem}{right}") == f"{stem}{right}"
    for digit in set(range(10)) - {right}:
        with pytest.raises(InputError, match=f"check digit is {right}"):
            check_isin(f"{stem}{digit}")
