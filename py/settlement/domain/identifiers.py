"""Identifiers with a check digit."""

from __future__ import annotations

import re

from settlement.errors import InputError

_LEI = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_ISIN_STEM = re.compile(r"[A-Z]{2}[A-Z0-9]{9}")
_DTI = re.compile(r"[1-9B-DF-HJ-NP-TV-XZ][0-9B-DF-HJ-NP-TV-XZ]{8}")
_DTI_ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXZ"
_DTI_REGISTERED_OTHERWISE = "4H95J0R2X"
"""Bitcoin: the registry's own first code, whose check character is not the computed one."""

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")


def isin_check_digit(stem: str) -> int:
    """The check digit (ISO 6166, modulus 10 "double add double") of an ISIN's first eleven characters.

    Raises:
        InputError: they are not two capital letters and nine capital letters or digits.
    """
    if not _ISIN_STEM.fullmatch(stem):
        raise InputError(
            f"{stem!r} does not begin an ISIN: that is two capital letters and nine capital letters or digits"
        )
    digits = "".join(str(int(character, 36)) for character in stem)
    total = 0
    for position, digit in enumerate(reversed(digits)):
        tens, ones = divmod(int(digit) * (2 if position % 2 == 0 else 1), 10)
        total += tens + ones
    return -total % 10


def check_isin(isin: str) -> str:
    """Returns an ISIN that is well formed and whose check digit is right.

    Raises:
        InputError: it is not; the sentence names the right check digit.
    """
    if not _ISIN.fullmatch(isin):
        raise InputError(f"ISIN {isin!r} is not two capital letters, nine capital letters or digits, and a check digit")
    right = isin_check_digit(isin[:11])
    if int(isin[11]) != right:
        raise InputError(
            f"ISIN {isin} has the wrong check digit {isin[11]}; for {isin[:11]} the check digit is {right}"
        )
    return isin


def check_lei(lei: str) -> str:
    """Returns an LEI (ISO 17442) that is well formed and whose check digits are right (ISO 7064, MOD 97-10).

    Raises:
        InputError: it is not; the sentence names the right check digits.
    """
    if not _LEI.fullmatch(lei):
        raise InputError(f"LEI {lei!r} is not eighteen capital letters or digits and two check digits")
    stem = "".join(str(int(character, 36)) for character in lei[:18])
    right = 98 - int(stem + "00") % 97
    if int(lei[18:]) != right:
        raise InputError(f"LEI {lei} has the wrong check digits {lei[18:]}; for {lei[:18]} they are {right:02}")
    return lei


def check_dti(dti: str) -> str:
    """Returns a DTI (ISO 24165) that is well formed and whose check character is right (ISO 7064, hybrid MOD 31,30).

    Raises:
        InputError: it is not; the sentence names the right check character.
    """
    if not _DTI.fullmatch(dti):
        raise InputError(
            f"DTI {dti!r} is not nine digits or capital consonants other than Y, of which the first is no zero"
        )
    modulus = len(_DTI_ALPHABET)
    product = modulus
    for character in dti[:8]:
        product = 2 * ((product + _DTI_ALPHABET.index(character)) % modulus or modulus) % (modulus + 1)
    right = _DTI_ALPHABET[(1 - product) % modulus]
    if dti[8] != right and dti != _DTI_REGISTERED_OTHERWISE:
        raise InputError(f"DTI {dti} has the wrong check character {dti[8]}; for {dti[:8]} it is {right}")
    return dti
