"""Quantities: integers of an instrument's smallest unit, always together with that instrument."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from settlement.domain.model import InstrumentId, Model
from settlement.errors import InputError

MAX_QUANTITY = 2**96 - 1
"""The most an account carries on the ledger, in smallest units."""

MAX_TITLE_ID = 2**256 - 1
"""The largest token id of a title."""

_DIGITS_MAX = 100
"""Longer amounts are not even read: more digits than any quantity has."""

_DECIMAL_TEXT = re.compile(r"^[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$|^[0-9]+(\.[0-9]+)?$")


class Quantity(Model):
    """How much of which instrument, in its smallest units; for a title, `amount` is the token id."""

    instrument: InstrumentId
    amount: Annotated[int, Field(ge=0, le=MAX_TITLE_ID)]

    def __add__(self, other: Quantity) -> Quantity:
        """Adds two quantities of one instrument.

        Raises:
            InputError: the instruments differ.
        """
        self._require_same(other)
        return Quantity(instrument=self.instrument, amount=self.amount + other.amount)

    def __sub__(self, other: Quantity) -> Quantity:
        """Takes a quantity of the same instrument away.

        Raises:
            InputError: the instruments differ, or the result would be negative.
        """
        self._require_same(other)
        if other.amount > self.amount:
            raise InputError(f"{other.amount} of {self.instrument} cannot be taken from {self.amount}")
        return Quantity(instrument=self.instrument, amount=self.amount - other.amount)

    def _require_same(self, other: Quantity) -> None:
        if self.instrument != other.instrument:
            raise InputError(f"quantities of {self.instrument} and {other.instrument} do not add up")


def parse_amount(text: str, decimals: int) -> int:
    """Reads a decimal amount in major units ("3,800,000.00") as an integer of smallest units, exactly.

    Raises:
        InputError: it is not a plain positive decimal number, has more decimals than the instrument, is zero,
            or is more than an account carries.
    """
    cleaned = text.strip()
    if cleaned.startswith("-"):
        raise InputError(f"amount {text!r} is negative; amounts are above zero")
    if not _DECIMAL_TEXT.match(cleaned):
        raise InputError(f"amount {text!r} is not a decimal number such as 1,000,000.00 or 1000000")
    whole, _, fraction = cleaned.replace(",", "").partition(".")
    if len(fraction) > decimals:
        raise InputError(f"amount {text!r} has {len(fraction)} decimals; the instrument has {decimals}")
    if len(whole) + decimals > _DIGITS_MAX:
        raise InputError(f"amount {text!r} is more than an account carries")
    amount = int(whole + fraction.ljust(decimals, "0"))
    if amount == 0:
        raise InputError(f"amount {text!r} is zero; amounts are above zero")
    if amount > MAX_QUANTITY:
        raise InputError(f"amount {text!r} is more than an account carries")
    return amount


def decimal_text(amount: int, decimals: int) -> str:
    """Writes smallest units as a decimal in major units, exactly, as programs read it: "3800000.00"."""
    return format_amount(amount, decimals).replace(",", "")


def format_amount(amount: int, decimals: int) -> str:
    """Writes smallest units as a decimal in major units, exactly, as people read it: "3,800,000.00"."""
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(decimals + 1, "0")
    whole, fraction = (digits[:-decimals], digits[-decimals:]) if decimals else (digits, "")
    grouped = f"{int(whole):,}"
    return f"{sign}{grouped}.{fraction}" if fraction else f"{sign}{grouped}"
