"""Entrustments: to whom a party will give possession of a bill alone, and who agreed."""

from __future__ import annotations

from typing import NamedTuple

from settlement.domain.oracle.tables import Refusal, Tables


class Entrustment(NamedTuple):
    """`realisable_from` is from when on (Unix time) the receiver may pass title as a pledgee; zero is never."""

    is_given: bool = False
    is_accepted: bool = False
    realisable_from: int = 0


_NONE = Entrustment()


class Entrustments:
    """Those of one register, by bill, giver and receiver."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._all: dict[tuple[int, str, str], Entrustment] = {}

    def given(self, title: int, giver: str, receiver: str) -> bool:
        """Whether it was said."""
        return self._of(title, giver, receiver).is_given

    def accepted(self, title: int, giver: str, receiver: str) -> bool:
        """Whether the receiver agreed."""
        return self._of(title, giver, receiver).is_accepted

    def realisable(self, title: int, giver: str, receiver: str, at: int) -> bool:
        """Whether the receiver is a pledgee that may realise its pledge."""
        found = self._of(title, giver, receiver)
        return found.is_accepted and 0 < found.realisable_from <= at

    def give(self, title: int, giver: str, receiver: str, realisable_from: int) -> None:
        """Says it, in the place of what was said before."""
        self._tables.put(self._all, (title, giver, receiver), Entrustment(True, False, realisable_from))

    def revoke(self, title: int, giver: str, receiver: str) -> None:
        """Takes it back."""
        self._tables.put(self._all, (title, giver, receiver), _NONE)

    def accept(self, title: int, giver: str, receiver: str, realisable_from: int) -> None:
        """The receiver agrees."""
        found = self._of(title, giver, receiver)
        if not found.is_given or found.realisable_from != realisable_from:
            raise Refusal("BillOfLading_UnknownEntrustment", receiver)
        self._tables.put(self._all, (title, giver, receiver), found._replace(is_accepted=True))

    def renounce(self, title: int, giver: str, receiver: str) -> None:
        """The receiver no longer agrees; it stays said."""
        found = self._of(title, giver, receiver)
        if not found.is_accepted:
            raise Refusal("BillOfLading_UnknownEntrustment", receiver)
        self._tables.put(self._all, (title, giver, receiver), found._replace(is_accepted=False))

    def end(self, title: int, giver: str, receiver: str) -> None:
        """What the receiver agreed to was for as long as it had possession."""
        found = self._of(title, giver, receiver)
        if found.is_accepted:
            self._tables.put(self._all, (title, giver, receiver), found._replace(is_accepted=False))

    def _of(self, title: int, giver: str, receiver: str) -> Entrustment:
        return self._all.get((title, giver, receiver), _NONE)
