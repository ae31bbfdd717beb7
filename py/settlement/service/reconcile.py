"""Reconciliation: journal, chain and the oracle's rules have to tell the same story; every difference is listed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from settlement.domain.directory import Directory
from settlement.domain.instruction import InstructionStatus
from settlement.domain.oracle import Oracle, Replay
from settlement.ports import Journal, StoredInstruction
from settlement.ports.books import BookedTransaction, Books
from settlement.service.replay import Replayed, compare, named

_SETTLED = (InstructionStatus.SETTLED, InstructionStatus.CONFIRMED)
_UNDECIDED = (InstructionStatus.SENT, InstructionStatus.CANCELLING)


@dataclass(frozen=True)
class Reconciliation:
    """What was compared, and where it differs; no difference is the only good answer.

    Attributes:
        block: Up to which block the chain was read.
        settled: How many settlements the chain shows.
        sent: How many instructions are on their way: their outcome is open, which is no difference.
        accounts: How many accounts' balances were compared.
        replay: What was worked out by the rules and compared with the chain.
        differences: One sentence each.

    """

    block: int
    settled: int
    sent: int
    accounts: int
    replay: Replayed
    differences: tuple[str, ...]

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON takes it."""
        return asdict(self) | {"differences": list(self.differences)}


def reconcile(
    journal: Journal,
    books: Books,
    directory: Directory,
    oracle: Oracle,
    since: int = -1,
    say: Callable[[str], None] = lambda _: None,
) -> Reconciliation:
    """Compares three accounts of the same business.

    - Each settlement and cancellation on the chain with the journal's status, and the other way round.
    - Each transaction, whether it was taken and what it moved, with what the oracle says of it by the rules.
    - Every balance, hold, title and status that the oracle comes to with what the contracts tell.

    Args:
        journal: The journal; instructions of other scopes in it count as known.
        books: The chain's transactions and what its contracts tell.
        directory: Parties and instruments.
        oracle: Knows nothing yet: it is told everything from the first block on.
        since: The block after which the journal was begun: what was settled before is none of its business.
        say: Told how far it is.

    Raises:
        ChainUnreachable, JournalUnavailable: nobody answers.
    """
    block = books.head()
    replay = Replay(oracle)
    differences: list[str] = []
    seen: dict[str, str] = {}
    ours = {record.address.lower() for record in directory.instruments.values() if not record.unlisted}
    for page in books.transactions(block):
        ids = [each for transaction in page for each in (*transaction.settled, *transaction.cancelled)]
        stored = journal.by_ids(ids)
        for transaction in page:
            differences += replay.take(transaction.happened)
            if transaction.block > since:
                seen.update(dict.fromkeys(transaction.settled, transaction.happened.transaction))
                differences += _compare(transaction, stored, ours)
        say(f"{len(seen)} settlements compared")
    sent = 0
    for known in journal.settlements():
        sent += known.status in _UNDECIDED
        if known.status in _SETTLED and known.instruction_id not in seen:
            differences.append(f"{_who(known)} is {known.status} in the journal, and no transaction settled it")
    replayed, found = compare(books, replay, block)
    told = tuple(named(each, directory) for each in (*differences, *found))
    return Reconciliation(block, len(seen), sent, replayed.balances, replayed, told)


def _compare(transaction: BookedTransaction, stored: Mapping[str, StoredInstruction], ours: set[str]) -> Sequence[str]:
    differences = []
    moves = any(instrument in ours for instrument, _, _ in transaction.happened.moved)
    by = f"by transaction {transaction.happened.transaction}"
    for what, ids, expected in (
        ("settled", transaction.settled, (*_SETTLED, *_UNDECIDED)),
        ("cancelled", transaction.cancelled, (InstructionStatus.CANCELLED, *_UNDECIDED)),
    ):
        for instruction_id in ids:
            known = stored.get(instruction_id)
            if known is None and not moves:
                continue  # Somebody else's business: it moved nothing that this network has.
            if known is None:
                differences.append(f"instruction {instruction_id} was {what} {by}, and the journal does not know it")
            elif known.status not in expected:
                differences.append(f"{_who(known)} was {what} {by}, and the journal says {known.status}")
    return differences


def _who(known: StoredInstruction) -> str:
    return f"instruction {known.instruction.reference!r} ({known.instruction_id})"
