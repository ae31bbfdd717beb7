"""Who works on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.ports.batches import BatchResult
from settlement.ports.journal import QueueState
from settlement.ports.ledger import Block, SignedTransaction


class QueuedInstruction(NamedTuple):
    """An instruction that is ready to be settled, or on its way; `cancels` where it is to be cancelled instead."""

    sequence: int
    attempts: int
    matched: MatchedInstruction
    partial_lot: int | None = None
    cancels: bool = False


class Cancellation(NamedTuple):
    """A party's word that an instruction is to be cancelled, and why."""

    reason: str
    consent: Consent


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
        at_least: int = 1,
    ) -> Slot | None:
        """Takes what is ready, most urgent first, has it signed, and stores the signed bytes; None where too few are.

        Raises:
            LaneLost: another worker has the lane; nothing was stored.
        """

    def dispatch_cancellation(
        self, lane: Lane, at: float, sign: Callable[[QueuedInstruction, Cancellation], SignedTransaction]
    ) -> Slot | None:
        """As `dispatch`, for one instruction that is to be cancelled."""

    def record_replacement(self, lane: Lane, transaction: SignedTransaction, at: float) -> None:
        """Stores a replacement, before it is sent."""

    def record_result(
        self, lane: Lane, nonce: int, result: BatchResult, judgements: Sequence[Judgement], *, final: bool
    ) -> None:
        """Stores where a mined batch leaves its instructions, and its block as one that was seen."""

    def record_judgements(self, lane: Lane, judgements: Sequence[Judgement], at: float) -> None:
        """Stores where instructions stand that wait or are ready; one that was sent meanwhile is left alone."""

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
        """The last block that was noted as seen; its time is not kept."""

    def record_position(self, block: Block) -> None:
        """Stores the newest block that was seen."""

    def find(self, instruction_ids: Sequence[str]) -> Sequence[QueuedInstruction]:
        """Instructions by their ids; those that are not here are left out."""

    def has_orphans(self, now: float) -> bool:
        """Whether something is on its way on a lane that nobody has."""

    def adopt_lane(self, owner: str, up_to_block: int, now: float, lease_s: float) -> Lane | None:
        """A lane that nobody has, with batches in blocks up to this one that are not confirmed; None where none is."""

    def parts_settled(self, limit: int) -> Sequence[tuple[QueuedInstruction, Instruction]]:
        """Instructions whose part is confirmed and whose remainder is not taken in yet, each with that part."""

    def unfinished_past(self, now: float, limit: int) -> Sequence[tuple[QueueRow, int]]:
        """Instructions, with their sequences, whose deadline or settlement date is over and not yet noted."""

    def retry(self, keys: Sequence[str], at: float) -> Sequence[str]:
        """Makes ready what waits, or was refused, under these ids or references; everything that waits where none is
        named. The ids of those concerned.

        Raises:
            InputError: one is unknown.
            Refused: one is on its way, or finished for good.
        """

    def request_cancellation(self, instruction_id: str, cancellation: Cancellation, at: float) -> None:
        """Keeps a party's cancellation for a worker to carry out; the instruction is not settled meanwhile.

        Raises:
            Refused: it is on its way, or finished.
        """

    def is_busy(self) -> bool:
        """Whether something is ready, on its way, or settled and not final: more than waiting has to be done."""

    def rows(self, statuses: Sequence[InstructionStatus], limit: int) -> Sequence[QueueRow]:
        """The queue, as people read it; everything unfinished where no status is named."""

    def figures(self) -> QueueFigures:
        """How full it is."""
