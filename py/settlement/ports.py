"""What the flow needs of the outside world, as protocols that `chain` and `durable` implement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from settlement.domain.acts import Act
from settlement.domain.directory import Directory
from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.domain.quantity import Quantity
from settlement.errors import Reason


@dataclass(frozen=True)
class Block:
    """A block: its number, its hash and its Unix time."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True)
class SignedTransaction:
    """A transaction ready to send; sending the same bytes again is always safe."""

    hash: str
    raw: str
    sender: str
    nonce: int


@dataclass(frozen=True)
class LedgerEvent:
    """An event of one of our contracts, decoded."""

    name: str
    contract: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction. `reason` is set where it failed, `created` where it deployed a contract."""

    transaction: str
    succeeded: bool
    gas_used: int
    block: Block
    events: tuple[LedgerEvent, ...] = ()
    reason: Reason | None = None
    created: str | None = None


@dataclass(frozen=True)
class Position:
    """What a party holds of an instrument, in smallest units; `held` is part of `balance`."""

    balance: int
    held: int

    @property
    def free(self) -> int:
        """What can move."""
        return self.balance - self.held


class Clock(Protocol):
    """The time of this machine; what settles when is decided by the chain's time."""

    def now(self) -> float:
        """Unix time."""

    def elapsed(self) -> float:
        """Seconds since some moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Waits."""


class Ledger(Protocol):
    """One deployment on one chain."""

    @property
    def chain_id(self) -> int:
        """The chain's id."""

    @property
    def directory(self) -> Directory:
        """Parties and instruments of this deployment, as they stand now."""

    def party_address(self, party: str) -> str:
        """The address under which a party acts, admitted or not; enters it into the directory."""

    def know_party(self, party: str, address: str) -> None:
        """Enters a party whose key is elsewhere."""

    def know_unlisted(self, instrument: str, like: str) -> None:
        """Enters a name for a contract that was never admitted, of the kind of another, to try a refusal."""

    def head(self) -> Block:
        """The newest block."""

    def prepare(self, act: Act) -> SignedTransaction:
        """The transaction, signed and not sent, that carries the act out.

        Raises:
            Refused: the ledger would refuse it now.
            ChainUnreachable: nobody answered.
        """

    def send(self, transaction: SignedTransaction) -> None:
        """Hands a transaction to the chain; again is safe.

        Raises:
            OutcomeUnknown: the answer was lost.
        """

    def receipt(self, transaction: SignedTransaction) -> Receipt:
        """Waits for a transaction's receipt.

        Raises:
            OutcomeUnknown: none came in time.
        """

    def is_final(self, receipt: Receipt) -> bool:
        """Whether the receipt's block is final by the network's rule, and still holds the transaction."""

    def instruction_id(self, instruction: Instruction) -> str:
        """The instruction's id on this deployment."""

    def consent(self, party: str, instruction: Instruction, signed_by: str | None = None) -> Consent:
        """The party's signature over an instruction; `signed_by` uses another party's key, to try a refusal."""

    def signed(self, instruction: Instruction, parties: Sequence[str]) -> MatchedInstruction:
        """The instruction with its id and the consents of these parties, by their own signers."""

    def cancellation(self, party: str, instruction: Instruction, reason: str) -> Consent:
        """The party's signature over a cancellation."""

    def status(self, instruction: Instruction) -> InstructionStatus:
        """Where the instruction's nonce stands on chain."""

    def reasons(self, instruction: Instruction, consents: Sequence[Consent]) -> tuple[Reason, ...]:
        """Every reason why it would not settle now."""

    def reason(self, encoded: str) -> Reason:
        """An encoded contract error, as events carry it, as a reason."""

    def position(self, party: str, instrument: str) -> Position:
        """What a party holds; for a title instrument, how many titles."""

    def positions(self) -> Mapping[tuple[str, str], Position]:
        """Every party's position in every instrument, by party and instrument."""

    def supply(self, instrument: str) -> int:
        """What exists of a fungible instrument, in smallest units."""

    def title_owner(self, title: Quantity) -> str | None:
        """The party in control of a title; None where there is no such title."""

    def title_status(self, title: Quantity) -> str:
        """A bill of lading's status, in DCSA's words."""

    def accrued_interest(self, nominal: Quantity, settlement_date: int) -> int:
        """A bond's accrued interest in smallest units of its currency, as its contract computes it."""

    def advance_to(self, timestamp: int) -> None:
        """Mines a block at this Unix time, where the chain's clock can be set: on a development chain.

        Raises:
            InputError: the chain is past it, or its clock cannot be set.
        """


class ChainIdentity(NamedTuple):
    """What makes a chain this chain and no other."""

    chain_id: int
    genesis_hash: str


class ItemOutcome(NamedTuple):
    """What a batch did with one instruction: settled it where there is no reason."""

    instruction_id: str
    reason: Reason | None


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

    def view(self, address: str, number: int, tag: str | None) -> ChainView:
        """What a look at the chain shows, in one round trip."""

    def now(self) -> int:
        """The time that the next block would have."""

    def block(self, number: int) -> Block | None:
        """A block; None where the chain is not that long."""

    def sign_batch(self, batch: Sequence[MatchedInstruction], lane: int, nonce: int) -> SignedTransaction:
        """The transaction, signed and not sent, that settles a batch, each instruction for itself."""

    def replacement(self, transaction: SignedTransaction, lane: int) -> SignedTransaction:
        """The same call with the same nonce at a higher fee."""

    def send(self, transaction: SignedTransaction) -> None:
        """Hands a transaction to the chain; again is safe.

        Raises:
            Refused: the chain would not take it.
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


class QueuedInstruction(NamedTuple):
    """An instruction that is ready to be settled, or on its way."""

    sequence: int
    attempts: int
    matched: MatchedInstruction
    partial_lot: int | None = None


@dataclass(frozen=True)
class Lane:
    """A submitter's address, which one worker has until `leased_until` unless it renews that."""

    lane: int
    address: str
    owner: str


@dataclass(frozen=True)
class Slot:
    """A nonce of a lane with what was signed for it (the newest last), and the instructions that wait for it."""

    nonce: int
    transactions: tuple[SignedTransaction, ...]
    items: tuple[QueuedInstruction, ...]


class Judgement(NamedTuple):
    """Where an instruction goes after an attempt."""

    sequence: int
    instruction_id: str
    status: InstructionStatus
    state: QueueState
    detail: str = ""
    due_at: float = 0.0
    waits_for: str | None = None


@dataclass(frozen=True)
class QueueRow:
    """An instruction as the queue shows it; times are Unix times."""

    instruction_id: str
    reference: str
    status: InstructionStatus
    state: QueueState
    priority: int
    attempts: int
    taken_at: float
    due_at: float
    deadline: float
    failing_at: float | None
    partial_lot: int | None
    detail: str


@dataclass(frozen=True)
class QueueFigures:
    """How full the queue is: how many stand where, and when the oldest unfinished one came."""

    by_status: Mapping[str, int]
    unfinished: int
    oldest_taken_at: float | None


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

    def record_history(self, instruction_id: str, entry: HistoryEntry) -> None:
        """Adds a step to an instruction's life."""

    def entry(self, instruction_id: str) -> JournalEntry | None:
        """What is known of an instruction, by its id or a unique beginning of it, or by its reference."""

    def next_nonce(self, parties: Sequence[str]) -> int:
        """A nonce this group has not used here."""

    def stored(self, references: Sequence[str]) -> Mapping[str, StoredInstruction]:
        """What there is under these references."""

    def next_nonces(self, groups: Sequence[tuple[str, ...]]) -> Mapping[tuple[str, ...], int]:
        """For each group of parties, a nonce from which on it has used none here."""

    def nonce_holder(self, instruction: Instruction) -> str | None:
        """The reference of the instruction of the same parties that has this nonce."""

    def take_in(self, instructions: Sequence[NewInstruction], at: float) -> bool:
        """Stores instructions, all or none; False where somebody took a reference or nonce in the meantime."""

    def complete(self, instruction_id: str, consents: Sequence[Consent], due_at: float, at: float) -> None:
        """Adds the consents that were missing: the instruction is matched, and ready."""


class Queue(Protocol):
    """Who works on what. Every change that a worker makes needs its lane, so that one that lost it changes nothing."""

    def acquire_lane(self, owner: str, address_of: Callable[[int], str], now: float, lease_s: float) -> Lane:
        """A lane that nobody has, or whose worker has let its lease run out."""

    def renew(self, lane: Lane, now: float, lease_s: float) -> None:
        """Keeps a lane.

        Raises:
            LaneLost: another worker has it.
        """

    def release(self, lane: Lane) -> None:
        """Gives a lane back."""

    def wake_due(self, now: float) -> int:
        """Makes ready what is due; how many."""

    def wake(self, addresses: Sequence[str], now: float, earliest: Callable[[int], float]) -> None:
        """Brings forward what waits for one of these; `earliest` gives the pause after so many attempts."""

    def waited_for(self, limit: int) -> tuple[str, ...]:
        """Addresses that instructions wait for."""

    def dispatch(
        self,
        lane: Lane,
        limit: int,
        at: float,
        sign: Callable[[Sequence[QueuedInstruction]], SignedTransaction],
        only: Sequence[int] | None = None,
    ) -> Slot | None:
        """Takes what is ready, most urgent first, has it signed, and stores the signed bytes; None where none is.

        Raises:
            LaneLost: another worker has the lane; nothing was stored.
        """

    def record_replacement(self, lane: Lane, transaction: SignedTransaction, at: float) -> None:
        """Stores a replacement, before it is sent."""

    def record_result(
        self, lane: Lane, nonce: int, result: BatchResult, judgements: Sequence[Judgement], *, final: bool
    ) -> None:
        """Stores where a mined batch leaves its instructions."""

    def record_judgements(self, lane: Lane, judgements: Sequence[Judgement], at: float) -> None:
        """Stores where instructions stand that no batch of this lane decided."""

    def record_superseded(self, lane: Lane, nonce: int, judgements: Sequence[Judgement], at: float) -> None:
        """Stores that a nonce was used by another transaction than ours, so that ours will never be mined."""

    def confirm(self, lane: Lane, up_to_block: int, at: float) -> int:
        """Confirms what is settled in blocks up to this one; how many."""

    def newest_mined(self, lane: Lane) -> tuple[int, Block] | None:
        """The lane's last nonce whose batch is in a block, final or not, with that block."""

    def unmine(self, lane: Lane, nonce: int, at: float) -> None:
        """Puts a batch back whose block left the chain: its instructions are pending, and its bytes to be sent."""

    def in_flight(self, lane: Lane) -> Sequence[Slot]:
        """What was signed on this lane and is in no block yet, by nonce."""

    def position(self) -> Block | None:
        """The newest block that was seen; its time is not kept."""

    def record_position(self, block: Block) -> None:
        """Stores the newest block that was seen."""

    def find(self, instruction_ids: Sequence[str]) -> Sequence[QueuedInstruction]:
        """Instructions by their ids; those that are not here are left out."""

    def has_orphans(self, now: float) -> bool:
        """Whether something is on its way on a lane that nobody has."""

    def parts_settled(self, limit: int) -> Sequence[tuple[QueuedInstruction, Instruction]]:
        """Instructions whose part is confirmed and whose remainder is not taken in yet, each with that part."""

    def unfinished_past(self, now: float, limit: int) -> Sequence[tuple[QueueRow, int]]:
        """Instructions, with their sequences, whose deadline or settlement date is over and not yet noted."""

    def rows(self, statuses: Sequence[InstructionStatus], limit: int) -> Sequence[QueueRow]:
        """The queue, as people read it."""

    def figures(self) -> QueueFigures:
        """How full it is."""
