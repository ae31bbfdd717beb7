"""What a worker needs of the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from settlement.domain.instruction import Consent, Instruction, MatchedInstruction
from settlement.errors import Reason
from settlement.ports.ledger import Block, SignedTransaction

TOO_LARGE = "Chain_TransactionTooLarge"
"""The reason with which a chain refuses a transaction that it will never take, because it is too large."""


class ChainIdentity(NamedTuple):
    """What makes a chain this chain and no other."""

    chain_id: int
    genesis_hash: str


class ItemOutcome(NamedTuple):
    """What a transaction did with one instruction: settled it where there is no reason, or cancelled it."""

    instruction_id: str
    reason: Reason | None
    cancelled: bool = False


class BatchResult(NamedTuple):
    """What became of a batch that is in a block. `failure` is why the whole batch came to nothing."""

    transaction: str
    block: Block
    gas_used: int
    items: tuple[ItemOutcome, ...]
    failure: Reason | None = None


class ChainView(NamedTuple):
    """What a look at the chain shows.

    Attributes:
        head: The newest block.
        tagged: Number of the block with the tag asked for; None where there is none.
        transactions: How many transactions of the address asked for are in blocks: its next nonce.
        known: The block at the number asked for; None where the chain is not that long.

    """

    head: Block
    tagged: int | None
    transactions: int
    known: Block | None


class SettledAt(NamedTuple):
    """Where the chain says an instruction was settled."""

    transaction: str
    block: Block


class BatchLedger(Protocol):
    """What a worker needs of the chain to settle batches and to follow them."""

    def identity(self) -> ChainIdentity:
        """Which chain it is.

        Raises:
            ChainUnreachable: nobody answered.
        """

    def is_deployed(self) -> bool:
        """Whether the engine is there."""

    def submitter(self, lane: int) -> str:
        """The address of a lane; sees to it, where the chain allows, that it can pay gas."""

    def require_submitter(self, lane: int, address: str) -> None:
        """Sees to it that our key for a lane is the one whose address the journal has; asks the chain nothing.

        Raises:
            InputError: it is missing, or another.
        """

    def view(self, address: str, number: int, tag: str | None) -> ChainView:
        """What a look at the chain shows, in one round trip."""

    def now(self) -> int:
        """The time that the next block would have."""

    def block(self, number: int) -> Block | None:
        """A block; None where the chain is not that long."""

    def sign_batch(self, batch: Sequence[MatchedInstruction], lane: int, nonce: int) -> SignedTransaction:
        """The transaction, signed and not sent, that settles a batch, each instruction for itself."""

    def sign_cancellation(
        self, instruction: Instruction, reason: str, consent: Consent, lane: int, nonce: int
    ) -> SignedTransaction:
        """The transaction, signed and not sent, that cancels an instruction."""

    def replacement(self, transaction: SignedTransaction, lane: int) -> SignedTransaction:
        """The same call with the same nonce at a higher fee; the same transaction where a higher one is of no use."""

    def send(self, transaction: SignedTransaction) -> None:
        """Hands a transaction to the chain; again is safe. It may return without the chain's having taken it.

        Raises:
            Refused: the chain would not take it; with the reason `TOO_LARGE` it never will.
            OutcomeUnknown: the answer was lost.
            ChainUnreachable: nobody answered.
        """

    def results(self, hashes: Sequence[str], first_block: int, last_block: int) -> Mapping[str, BatchResult]:
        """What became of those of these batches that are in these blocks."""

    def result(self, transaction: str) -> BatchResult | None:
        """What became of a batch, wherever it is; None where it is in no block."""

    def settled(self, instruction_ids: Sequence[str]) -> Mapping[str, SettledAt]:
        """Those of these instructions that are settled, by the engine's events."""

    def concerned(self, addresses: Sequence[str], first_block: int, last_block: int) -> frozenset[str]:
        """Those of these addresses that got something, or whose standing changed, in these blocks."""
