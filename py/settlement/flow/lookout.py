"""What a worker has on its way, and looks at the chain that show what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from settlement.ports import BatchLedger, BatchResult, ChainView, SignedTransaction, Slot


@dataclass
class Live:
    """A slot on its way: when it was signed and last sent, and the sending that goes on."""

    slot: Slot
    signed_at: float
    sent_at: float | None = None
    sending: Future[None] | None = None

    @property
    def newest(self) -> SignedTransaction:
        """What is sent: the dearest."""
        return self.slot.transactions[-1]


class Look(NamedTuple):
    """What a look at the chain brought: which of our nonces are used up, and the batches that were found in blocks."""

    view: ChainView
    mined: frozenset[int]
    results: Mapping[str, BatchResult]


class Lookout:
    """Looks at the chain in a thread of its own: the chain answers slowly while it works on a batch.

    Args:
        batches: The chain.
        tag: The tag that finality is read from; None where the rule needs none.

    """

    def __init__(self, batches: BatchLedger, tag: str | None) -> None:
        self._batches, self._tag = batches, tag
        self._eyes = ThreadPoolExecutor(1, "settlement-look")

    def begin(self, address: str, number: int, live: Sequence[Live], scanned: int) -> Future[Look]:
        """Begins a look.

        Args:
            address: Whose transactions are counted.
            number: The block whose hash is asked for again.
            live: What is on its way.
            scanned: The block up to which batches were looked for; -1 where they are not to be looked for in blocks.
        """
        hashes = {each.slot.nonce: [signed.hash for signed in each.slot.transactions] for each in live}
        return self._eyes.submit(self._see, address, number, hashes, scanned)

    def close(self) -> None:
        """Waits for the last look."""
        self._eyes.shutdown(wait=True)

    def _see(self, address: str, number: int, hashes: Mapping[int, Sequence[str]], scanned: int) -> Look:
        view = self._batches.view(address, number, self._tag)
        mined = [each for nonce, some in hashes.items() if nonce < view.transactions for each in some]
        results = self._batches.results(mined, scanned + 1, view.head.number) if mined and scanned >= 0 else {}
        return Look(view, frozenset(nonce for nonce in hashes if nonce < view.transactions), results)
