"""What the flow needs of the outside world, as protocols that `chain` and `durable` implement."""

from settlement.ports.batches import BatchLedger, BatchResult, ChainIdentity, ChainView, ItemOutcome, SettledAt
from settlement.ports.books import Account, BookedTransaction, Books
from settlement.ports.clock import Clock
from settlement.ports.journal import HistoryEntry, Journal, JournalEntry, NewInstruction, QueueState, StoredInstruction
from settlement.ports.ledger import (
    Block,
    BondAllocation,
    BondOnChain,
    Disclosed,
    Distribution,
    HolderPayment,
    Ledger,
    LedgerEvent,
    Movement,
    Position,
    PrincipalLine,
    Receipt,
    RegisterLine,
    SignedTransaction,
)
from settlement.ports.queue import Cancellation, Judgement, Lane, Queue, QueuedInstruction, QueueFigures, QueueRow, Slot

__all__ = [
    "Account",
    "BatchLedger",
    "BatchResult",
    "Block",
    "BondAllocation",
    "BondOnChain",
    "BookedTransaction",
    "Books",
    "Cancellation",
    "ChainIdentity",
    "ChainView",
    "Clock",
    "Disclosed",
    "Distribution",
    "HistoryEntry",
    "HolderPayment",
    "ItemOutcome",
    "Journal",
    "JournalEntry",
    "Judgement",
    "Lane",
    "Ledger",
    "LedgerEvent",
    "Movement",
    "NewInstruction",
    "Position",
    "PrincipalLine",
    "Queue",
    "QueueFigures",
    "QueueRow",
    "QueueState",
    "QueuedInstruction",
    "Receipt",
    "RegisterLine",
    "SettledAt",
    "SignedTransaction",
    "Slot",
    "StoredInstruction",
]
