"""The chain's books: what was called, what settled and what moved, whoever brought it about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from settlement.domain.oracle import Fact, Happened


class BookedTransaction(NamedTuple):
    """What a transaction settled and cancelled, by the engine's events, and all that the oracle is to know of it.

    Attributes:
        block: The number of its block.
        settled: Ids of the instructions it settled.
        cancelled: Ids of those it cancelled.
        happened: What was called, whether the chain took it, and what it moved.

    """

    block: int
    settled: tuple[str, ...]
    cancelled: tuple[str, ...]
    happened: Happened


class Books(Protocol):
    """Reads the transactions of one deployment."""

    def head(self) -> int:
        """The number of the newest block."""

    def transactions(self, last_block: int, first_block: int = 0) -> Iterator[Sequence[BookedTransaction]]:
        """All transactions that concern the deployment's contracts, in order, a page at a time.

        Whoever begins after the first block has read those before: contracts are known by their creation.
        """

    def answers(self, facts: Sequence[Fact], block: int) -> Sequence[int]:
        """What the contracts say of each fact at the end of a block, in the form of `Fact.expected`."""
