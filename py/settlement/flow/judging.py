"""Judging: where each instruction of a batch goes, given what the chain says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from settlement.domain.discipline import RetryRule, judge
from settlement.domain.instruction import Instruction, InstructionStatus
from settlement.errors import InputError, Reason
from settlement.ports import BatchLedger, Judgement, Ledger, QueuedInstruction, QueueState

ON_CHAIN_SETTLED, ON_CHAIN_CANCELLED = 2, 3
"""`InstructionStatus` in contracts/types/Settlement.sol."""

_UNREPORTED = "its batch did not report on it"


@dataclass(frozen=True)
class Judge:
    """Knows the rules, and asks the chain where an instruction was settled by somebody else."""

    ledger: Ledger
    batches: BatchLedger
    rule: RetryRule

    def settled(self, item: QueuedInstruction, *, final: bool) -> Judgement:
        """It settled."""
        status = InstructionStatus.CONFIRMED if final else InstructionStatus.SETTLED
        return Judgement(item.sequence, item.matched.instruction_id, status, QueueState.DONE)

    def cancelled(self, item: QueuedInstruction, detail: str = "") -> Judgement:
        """It is cancelled."""
        return self._judgement(item, InstructionStatus.CANCELLED, QueueState.DONE, detail)

    def refused(self, item: QueuedInstruction, reason: Reason, now: float, final_block: int) -> Judgement:
        """The ledger refused it, for now or for good.

        Args:
            item: The instruction; its attempts are those before this one.
            reason: Why.
            now: The chain's time.
            final_block: The highest block that is final.
        """
        if reason.name == "Engine_UnexpectedStatus" and reason.arguments.get("status") == ON_CHAIN_SETTLED:
            elsewhere = self._settled_elsewhere(item, final_block, now)
            if elsewhere is not None:
                return elsewhere
        if reason.name == "Engine_UnexpectedStatus" and reason.arguments.get("status") == ON_CHAIN_CANCELLED:
            return self.cancelled(item, "cancelled on the chain already")
        attempts = item.attempts + 1
        if item.cancels:
            due_at = now + self.rule.again_in(attempts)
            return self._judgement(
                item, InstructionStatus.PENDING, QueueState.WAITING, f"not cancelled: {reason}", due_at
            )
        if reason.name == "Engine_Expired":
            return self._judgement(item, InstructionStatus.EXPIRED, QueueState.DONE, str(reason))
        verdict = judge(reason, attempts, self._givers(item.matched.instruction), self.rule)
        if not verdict.retries:
            return self._judgement(item, InstructionStatus.REFUSED, QueueState.DONE, str(reason))
        due_at = now + self.rule.again_in(attempts)
        if reason.name == "Engine_TooEarly":
            due_at = float(item.matched.instruction.not_before)
        return self._judgement(
            item, InstructionStatus.PENDING, QueueState.WAITING, str(reason), due_at, verdict.waits_for
        )

    def unsignable(self, item: QueuedInstruction, fault: InputError, now: float) -> Judgement:
        """The network as this worker knows it has no such party or instrument; another worker's may."""
        due_at = now + self.rule.pause_max_s
        return self._judgement(item, InstructionStatus.PENDING, QueueState.WAITING, str(fault), due_at)

    def unreported(self, item: QueuedInstruction, now: float, final_block: int) -> Judgement:
        """A mined batch said nothing of it, which the engine never does: a node that shows less than there is did.

        So this is never a refusal. What it may have come to the engine's own event says, now or at the next attempt.
        """
        elsewhere = self._settled_elsewhere(item, final_block, now)
        if elsewhere is not None:
            return elsewhere
        due_at = now + self.rule.again_in(item.attempts + 1)
        return self._judgement(item, InstructionStatus.PENDING, QueueState.WAITING, _UNREPORTED, due_at)

    def again(self, items: Sequence[QueuedInstruction], why: str) -> list[Judgement]:
        """Nothing of the batch took effect, for no fault of these: they are ready again."""
        return [
            self._judgement(item, InstructionStatus.CANCELLING, QueueState.TO_CANCEL, why)
            if item.cancels
            else self._judgement(item, InstructionStatus.PENDING, QueueState.READY, why)
            for item in items
        ]

    def _settled_elsewhere(self, item: QueuedInstruction, final_block: int, now: float) -> Judgement | None:
        """Somebody else submitted it, or we did before a crash: the engine's event says whether it was this one."""
        instruction_id = item.matched.instruction_id
        found = self.batches.settled([instruction_id]).get(instruction_id)
        if found is None:
            return None
        detail = f"settled by transaction {found.transaction}"
        if found.block.number > final_block:
            due_at = now + self.rule.again_in(item.attempts + 1)  # Each look costs the gas of a refused attempt.
            return self._judgement(item, InstructionStatus.PENDING, QueueState.WAITING, detail, due_at)
        return self._judgement(item, InstructionStatus.CONFIRMED, QueueState.DONE, detail)

    def _givers(self, instruction: Instruction) -> list[str]:
        return [self.ledger.directory.address_of(party) for party in instruction.givers]

    def _judgement(
        self,
        item: QueuedInstruction,
        status: InstructionStatus,
        state: QueueState,
        detail: str = "",
        due_at: float = 0.0,
        waits_for: str | None = None,
    ) -> Judgement:
        return Judgement(item.sequence, item.matched.instruction_id, status, state, detail, due_at, waits_for)
