"""Tables that change together or not at all, as storage does in a transaction."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeVar

from settlement.domain.oracle.calls import NOBODY

K = TypeVar("K")
V = TypeVar("V")

Account = tuple[str, str, int]
"""Instrument, holder, and token id of a title; 0 otherwise."""


class Refusal(Exception):
    """The rules refuse: `name` is the contract error's, `detail` what is wrong."""

    def __init__(self, name: str, detail: str = "") -> None:
        self.name = name
        self.detail = detail
        super().__init__(f"{name}: {detail}" if detail else name)


class Tables:
    """Remembers what was in the tables before they changed, so that it can be put back."""

    def __init__(self) -> None:
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self._balances: dict[int, str] = {}
        self._owners: dict[int, str] = {}

    def balances(self, instrument: str) -> dict[str, int]:
        """A table of an instrument's balances, whose changes `moved` tells."""
        table: dict[str, int] = {}
        self._balances[id(table)] = instrument
        return table

    def owners(self, instrument: str) -> dict[int, str]:
        """A table of the owners of titles, whose changes `moved` tells."""
        table: dict[int, str] = {}
        self._owners[id(table)] = instrument
        return table

    def put(self, table: dict[K, V], key: K, value: V) -> None:
        """Sets an entry."""
        self._undo.append((table, key, table.get(key)))
        table[key] = value

    def mark(self) -> int:
        """A point to which `roll_back` can return."""
        return len(self._undo)

    def roll_back(self, mark: int) -> None:
        """Undoes everything since a point."""
        while len(self._undo) > mark:
            table, key, old = self._undo.pop()
            if old is None:
                del table[key]
            else:
                table[key] = old

    def keep(self) -> dict[Account, int]:
        """Ends a transaction, and tells what it moved: what each account has more than before."""
        moved: Counter[Account] = Counter()
        before: dict[tuple[int, Any], tuple[dict[Any, Any], Any]] = {}
        for table, key, old in self._undo:
            if id(table) in self._balances or id(table) in self._owners:
                before.setdefault((id(table), key), (table, old))
        for (number, key), (table, old) in before.items():
            if number in self._balances:
                moved[self._balances[number], key, 0] += table[key] - (old or 0)
            else:
                for holder, sign in ((old, -1), (table[key], 1)):
                    if holder and holder != NOBODY:
                        moved[self._owners[number], holder, key] += sign
        self._undo.clear()
        return {account: quantity for account, quantity in moved.items() if quantity}
