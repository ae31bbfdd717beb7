"""ISINs, LEIs and DTIs: known ones, and every wrong check digit or character."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.domain.identifiers import check_dti, check_isin, check_lei, isin_check_digit
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


# ---- LEI -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lei", ["529900T8BM49AURSDO55", "INR2EJN1ERAN0W5ZP974"])
def test_right_leis_pass(lei: str) -> None:
    assert check_lei(lei) == lei
    assert int("".join(str(int(character, 36)) for character in lei)) % 97 == 1, "ISO 7064, MOD 97-10"


@pytest.mark.parametrize("lei", ["", "529900T8BM49AURSDO5", "529900t8bm49aursdo55", "529900T8BM49AURSDO5X"])
def test_malformed_leis_are_refused(lei: str) -> None:
    with pytest.raises(InputError, match="is not eighteen capital letters or digits and two check digits"):
        check_lei(lei)


@given(stem=st.text(string.ascii_uppercase + string.digits, min_size=18, max_size=18), wrong=st.integers(0, 99))
def test_a_wrong_lei_is_told_its_right_check_digits(stem: str, wrong: int) -> None:
    number = int("".join(str(int(character, 36)) for character in stem) + f"{wrong:02}")
    if number % 97 == 1:
        return
    with pytest.raises(
        InputError, match=f"has the wrong check digits {wrong:02}; for {stem} they are [0-9]{{2}}$"
    ) as told:
        check_lei(f"{stem}{wrong:02}")
    right = stem + str(told.value)[-2:]
    assert check_lei(right) == right


# ---- DTI -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dti", ["X9J9K872S", "9X1Z1NQG5", "3WCGMWKQM", "WGJSRNZGM", "10ZW1X3N5"])
def test_registered_dtis_pass(dti: str) -> None:
    assert check_dti(dti) == dti


def test_the_dti_of_bitcoin_passes_as_registered() -> None:
    assert check_dti("4H95J0R2X") == "4H95J0R2X"


@pytest.mark.parametrize("dti", ["", "X9J9K872", "0H95J0R2X", "X9J9K872s", "X9J9K87AS", "X9J9K872SS"])
def test_malformed_dtis_are_refused(dti: str) -> None:
    with pytest.raises(InputError, match="is not nine digits or capital consonants other than Y"):
        check_dti(dti)


def test_every_wrong_check_character_of_a_dti_is_refused_and_the_right_one_named() -> None:
    for character in set("0123456789BCDFGHJKLMNPQRSTVWXZ") - {"S"}:
        with pytest.raises(InputError, match=f"wrong check character {character}; for X9J9K872 it is S"):
            check_dti(f"X9J9K872{character}")
