"""What remembers: instructions, consents, signed transactions, histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from settlement.domain.instruction import Consent, Instruction, InstructionStatus
from settlement.ports.ledger import SignedTransaction


@dataclass(frozen=True)
class HistoryEntry:
    """One step in an instruction's life."""

    status: InstructionStatus
    at: int
    transaction: str | None = None
    gas_used: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class JournalEntry:
    """All that the journal knows of an instruction."""

    instruction_id: str
    instruction: Instruction
    consents: tuple[Consent, ...]
    history: tuple[HistoryEntry, ...]

    @property
    def status(self) -> InstructionStatus:
        """Where it stands."""
        return self.history[-1].status


class QueueState(IntEnum):
    """What is to be done with an instruction next."""

    READY = 0
    WAITING = 1
    IN_FLIGHT = 2
    DONE = 3
    BY_HAND = 4
    TO_CANCEL = 5


@dataclass(frozen=True)
class NewInstruction:
    """An instruction that the journal is to take in; `due_at` is chain time, `parent` the instruction it is part of.

    A part has the priority and settlement date of the whole. `counts_nonce` is False where it shares its nonce on
    purpose with another one, so that only one of them can settle.
    """

    instruction_id: str
    instruction: Instruction
    consents: tuple[Consent, ...]
    status: InstructionStatus
    state: QueueState
    priority: int
    due_at: float
    failing_at: float | None = None
    partial_lot: int | None = None
    parent: str | None = None
    counts_nonce: bool = True


@dataclass(frozen=True)
class StoredInstruction:
    """What the journal holds under a reference."""

    instruction_id: str
    instruction: Instruction
    status: InstructionStatus
    consents: tuple[Consent, ...]


class Journal(Protocol):
    """Remembers before it acts: instructions, consents and signed transactions are stored before anything is sent."""

    def record_instruction(self, instruction_id: str, instruction: Instruction) -> bool:
        """Stores an instruction; False where the same is already there.

        Raises:
            InputError: the reference is taken by other terms.
        """

    def record_consents(self, instruction_id: str, consents: Sequence[Consent]) -> None:
        """Adds consents."""

    def record_transaction(self, transaction: SignedTransaction, act: str, instruction_ids: Sequence[str]) -> None:
        """Stores the signed bytes, before the first send, and that the instructions concerned are sent."""

    def record_transactions(self, transactions: Sequence[tuple[SignedTransaction, str]]) -> None:
        """Stores many signed transactions and their acts' kinds before the first is sent; none has an instruction."""

    def record_history(self, instruction_id: str, entry: HistoryEntry) -> None:
        """Adds a step to an instruction's life."""

    def entry(self, instruction_id: str) -> JournalEntry | None:
        """What is known of an instruction, by its id or a unique beginning of it, or by its reference."""

    def next_nonce(self, parties: Sequence[str]) -> int:
        """A nonce this group has not used here."""

    def stored(self, references: Sequence[str]) -> Mapping[str, StoredInstruction]:
        """What there is under these references."""

    def by_ids(self, instruction_ids: Sequence[str]) -> Mapping[str, StoredInstruction]:
        """What there is under these ids, of any scope."""

    def settlements(self) -> Iterator[StoredInstruction]:
        """Every instruction of this scope that is settled, or whose outcome is open, without its consents."""

    def next_nonces(self, groups: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], int]:
        """For each group of parties, a nonce from which on it has used none here."""

    def nonce_holder(self, instruction: Instruction) -> str | None:
        """The reference of the instruction of the same parties that has this nonce."""

    def take_in(self, instructions: Sequence[NewInstruction], at: float) -> bool:
        """Stores instructions, all or none; False where somebody took a reference or nonce in the meantime."""

    def complete(self, instruction_id: str, consents: Sequence[Consent], due_at: float, at: float) -> None:
        """Adds the consents that were missing: the instruction is matched, and ready."""
