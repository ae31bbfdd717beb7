"""The chain's books: what settled, and what moved, whoever brought it about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

Account = tuple[str, str, int]
"""Instrument, holder (both by name, or by address where they have none here), and token id of a title; 0 otherwise."""


class BookedTransaction(NamedTuple):
    """What a transaction settled, cancelled and moved, by the events of the contracts concerned.

    Attributes:
        transaction: Its hash.
        block: The number of its block.
        settled: Ids of the instructions it settled.
        cancelled: Ids of those it cancelled.
        movements: What each account got in smallest units, less what it gave; a title counts as one.

    """

    transaction: str
    block: int
    settled: tuple[str, ...]
    cancelled: tuple[str, ...]
    movements: Mapping[Account, int]


class Books(Protocol):
    """Reads the events of one deployment."""

    def head(self) -> int:
        """The number of the newest block."""

    def transactions(self, last_block: int) -> Iterator[Sequence[BookedTransaction]]:
        """All transactions that settled, cancelled or moved something up to a block, a page at a time."""

    def balances(self, accounts: Sequence[Account], block: int) -> Sequence[int]:
        """What each account had at the end of a block, as the instruments' contracts say; of a title 1 or 0."""
