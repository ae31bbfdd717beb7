"""What every step works with, and the one way in which an act reaches the ledger."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from settlement.domain.acts import Act
from settlement.domain.instruction import InstructionStatus
from settlement.errors import ChainUnreachable, OutcomeUnknown, Reason, Refused
from settlement.ports import HistoryEntry, Journal, Ledger, LedgerEvent, Receipt


@dataclass(frozen=True)
class Desk:
    """A ledger and the journal that remembers what was done on it."""

    ledger: Ledger
    journal: Journal


@dataclass(frozen=True)
class Outcome:
    """Where an instruction stands after a step, and the transaction that took it there."""

    instruction_id: str
    status: InstructionStatus
    receipt: Receipt | None = None
    reasons: tuple[Reason, ...] = ()


def perform(desk: Desk, act: Act, instruction_ids: Sequence[str] = ()) -> Receipt:
    """Carries an act out: signed, stored, sent, and its receipt awaited; nothing is sent that is not stored.

    Raises:
        Refused: the ledger refused, before or after sending; nothing was changed.
        OutcomeUnknown: sent, and no receipt seen; every instruction concerned is recorded as sent.
        ChainUnreachable: nobody answered, nothing was sent.
    """
    transaction = desk.ledger.prepare(act)
    desk.journal.record_transaction(transaction, act.kind, instruction_ids)
    try:
        desk.ledger.send(transaction)
        receipt = desk.ledger.receipt(transaction)
    except OutcomeUnknown as unknown:
        _note(desk, instruction_ids, InstructionStatus.SENT, transaction.hash, str(unknown))
        raise
    except ChainUnreachable as unreachable:
        _note(desk, instruction_ids, InstructionStatus.PENDING, transaction.hash, f"not sent: {unreachable}")
        raise
    if not receipt.succeeded:
        raise Refused([receipt.reason or Reason("Reverted", {}, "reverted without a reason")], act.kind)
    return receipt


def told(desk: Desk, receipt: Receipt, event: str) -> dict[str, LedgerEvent]:
    """What the engine, and no other contract, told under this name in a transaction, by instruction."""
    engine = desk.ledger.engine
    named = [each for each in receipt.events if each.name == event and each.contract == engine]
    return {each.arguments["instructionId"]: each for each in named}


def require_told(desk: Desk, receipt: Receipt, instruction_ids: Sequence[str], told_of: Collection[str]) -> None:
    """Sees to it that a transaction has told of each of these instructions what became of it.

    That it succeeded is not enough: a node that shows less of it than there is, or another's, says so too.

    Raises:
        OutcomeUnknown: it did not; those it is silent on are recorded as sent.
    """
    silent_on = [each for each in instruction_ids if each not in told_of]
    if silent_on:
        what = "its receipt does not tell of " + ", ".join(f"instruction {each}" for each in silent_on)
        _note(desk, silent_on, InstructionStatus.SENT, receipt.transaction, what)
        raise OutcomeUnknown(receipt.transaction, what)


def perform_many(desk: Desk, some: Sequence[Act], gas: int = 300_000) -> None:
    """Carries many small acts out in this order, many in a request; all are stored before the first is sent.

    Args:
        desk: The ledger and the journal.
        some: What one needs, those before may bring.
        gas: The limit of each.

    Raises:
        Refused: one of them failed; those before it took effect.
        OutcomeUnknown: a receipt did not come in time.
    """
    transactions = desk.ledger.prepare_many(some, gas)
    kinds = (act.kind for act in some)
    desk.journal.record_transactions(list(zip(transactions, kinds, strict=True)))
    desk.ledger.send_many(transactions)


def _note(desk: Desk, instruction_ids: Sequence[str], status: InstructionStatus, transaction: str, detail: str) -> None:
    entry = HistoryEntry(status, 0, transaction, None, detail)
    for instruction_id in instruction_ids:
        desk.journal.record_history(instruction_id, entry)


def record(desk: Desk, outcome: Outcome, detail: str = "") -> Outcome:
    """Adds a step to an instruction's history, timed by its block, or by the newest where it has none."""
    receipt = outcome.receipt
    entry = HistoryEntry(
        status=outcome.status,
        at=receipt.block.timestamp if receipt else desk.ledger.head().timestamp,
        transaction=receipt.transaction if receipt else None,
        gas_used=receipt.gas_used if receipt else None,
        detail=detail or "; ".join(str(reason) for reason in outcome.reasons),
    )
    desk.journal.record_history(outcome.instruction_id, entry)
    return outcome
