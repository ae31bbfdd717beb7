"""Reconciliation: journal, chain events and token balances have to tell the same story; every difference is listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from settlement.domain.directory import Directory
from settlement.domain.instruction import Instruction, InstructionStatus
from settlement.ports import Journal, StoredInstruction
from settlement.ports.books import Account, BookedTransaction, Books

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
        differences: One sentence each.

    """

    block: int
    settled: int
    sent: int
    accounts: int
    differences: tuple[str, ...]


def reconcile(
    journal: Journal,
    books: Books,
    directory: Directory,
    since: int = -1,
    say: Callable[[str], None] = lambda _: None,
) -> Reconciliation:
    """Compares three accounts of the same business.

    - Each settlement and cancellation on the chain with the journal's status, and the other way round.
    - What each settling transaction moved with the legs of the instructions that it settled, reserves included.
    - What all movements leave on each account with the balance that the instrument's contract tells.

    Args:
        journal: The journal; instructions of other scopes in it count as known.
        books: The chain's events and balances.
        directory: Parties and instruments.
        since: The block after which the journal was begun: what was settled before is none of its business.
        say: Told how far it is.

    Raises:
        ChainUnreachable, JournalUnavailable: nobody answers.
    """
    block = books.head()
    differences: list[str] = []
    totals: Counter[Account] = Counter()
    seen: dict[str, str] = {}
    for page in books.transactions(block):
        ids = [each for transaction in page for each in (*transaction.settled, *transaction.cancelled)]
        stored = journal.by_ids(ids)
        for transaction in page:
            totals.update(transaction.movements)
            if transaction.block <= since:
                continue
            for instruction_id in transaction.settled:
                seen[instruction_id] = transaction.transaction
            differences += _compare(transaction, stored, directory)
        say(f"{len(seen)} settlements compared")
    sent = 0
    for known in journal.settlements():
        sent += known.status in _UNDECIDED
        if known.status in _SETTLED and known.instruction_id not in seen:
            differences.append(f"{_who(known)} is {known.status} in the journal, and no transaction settled it")
    accounts = [account for account in totals if account[0] in directory.instruments]
    for account, balance in zip(accounts, books.balances(accounts, block), strict=True):
        if balance != totals[account]:
            instrument, holder, title = account
            what = f"title {title:#x} of {instrument}" if title else instrument
            differences.append(f"{holder} has {balance} of {what}, and all movements together leave {totals[account]}")
    return Reconciliation(block, len(seen), sent, len(accounts), tuple(differences))


def _compare(
    transaction: BookedTransaction, stored: Mapping[str, StoredInstruction], directory: Directory
) -> Sequence[str]:
    differences = []
    for what, ids, expected in (
        ("settled", transaction.settled, (*_SETTLED, *_UNDECIDED)),
        ("cancelled", transaction.cancelled, (InstructionStatus.CANCELLED, *_UNDECIDED)),
    ):
        for instruction_id in ids:
            known = stored.get(instruction_id)
            if known is None and not transaction.movements:
                continue  # Somebody else's business: it moved nothing that this network has.
            if known is None:
                differences.append(
                    f"instruction {instruction_id} was {what} by transaction {transaction.transaction}, and the "
                    "journal does not know it"
                )
            elif known.status not in expected:
                differences.append(
                    f"{_who(known)} was {what} by transaction {transaction.transaction}, and the journal says "
                    f"{known.status}"
                )
    if transaction.settled and transaction.movements and all(each in stored for each in transaction.settled):
        expected_moves: Counter[Account] = Counter()
        for instruction_id in transaction.settled:
            expected_moves.update(movements(stored[instruction_id].instruction, directory))
        if _net(expected_moves) != _net(transaction.movements):
            differences.append(
                f"transaction {transaction.transaction} moved something else than the legs of the "
                f"{len(transaction.settled)} instructions that it settled"
            )
    return differences


def movements(instruction: Instruction, directory: Directory) -> Counter[Account]:
    """What an instruction moves when it settles: its legs, and for a payment across banks the banks' reserves."""
    moved: Counter[Account] = Counter()
    for leg in instruction.legs:
        given, received = leg.quantity.instrument, leg.receiver_instrument
        record = directory.instrument(given)
        is_title = record.kind == "bill-of-lading"
        quantity, title = (1, leg.quantity.amount) if is_title else (leg.quantity.amount, 0)
        moved[given, leg.giver, title] -= quantity
        moved[received, leg.receiver, title] += quantity
        if leg.is_interbank and record.reserve is not None:
            moved[record.reserve, record.issuer, 0] -= quantity
            moved[record.reserve, directory.instrument(received).issuer, 0] += quantity
    return moved


def _net(moved: Mapping[Account, int]) -> dict[Account, int]:
    return {account: quantity for account, quantity in moved.items() if quantity}


def _who(known: StoredInstruction) -> str:
    return f"instruction {known.instruction.reference!r} ({known.instruction_id})"
