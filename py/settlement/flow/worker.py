"""A worker: takes what is ready, settles it in batches, follows them until they are final, and loses nothing.

All that it has in mind is in the journal too: after any error it forgets everything and reads it again (`recover`).
What is sent was stored before; what the chain says is believed; whatever was sent and is in no block is sent again.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from settlement.domain.instruction import InstructionStatus
from settlement.errors import (
    ChainUnreachable,
    InputError,
    JournalUnavailable,
    LaneLost,
    OutcomeUnknown,
    Reason,
    Refused,
)
from settlement.flow.desk import Desk
from settlement.flow.judging import Judge
from settlement.flow.lookout import Live, Look, Lookout
from settlement.flow.partial import divide, remainders
from settlement.flow.worker_rule import WorkerRule
from settlement.ports import (
    BatchLedger,
    BatchResult,
    Block,
    Cancellation,
    ChainIdentity,
    ChainView,
    Clock,
    Judgement,
    Lane,
    Queue,
    QueuedInstruction,
    QueueState,
    SignedTransaction,
    Slot,
)
from settlement.ports.batches import TOO_LARGE

BUSY_POLL_S = 0.005
"""How long to wait when something is on its way."""

PAUSE_MAX_S = 2.0
"""The longest pause while the chain or the journal is away."""

STALE_S = 0.5
"""How old a look at the chain may be for something to be signed."""

ABSENT_S = 3.0
"""How long the engine may be missing before the chain is taken for another one."""

GAP_PER_ROUND_MAX = 1_000
"""How many nonces are filled in a round: a node may say that very many are free."""

_NOT_TAKEN = Reason(TOO_LARGE, {}, "the chain takes no transaction as large as this needs")

log = logging.getLogger("settlement.worker")


class _Unsignable(Exception):
    """A batch that cannot be signed, because one of its instructions names what the worker does not know."""

    def __init__(self, items: Sequence[QueuedInstruction], fault: InputError) -> None:
        super().__init__(str(fault))
        self.items, self.fault = items, fault


class Worker:
    """Settles what is in a queue until it is told to stop.

    Args:
        desk: The ledger, for signatures on parts, and the journal.
        batches: The chain.
        queue: The queue; its writes are fenced by the worker's lane.
        identity: The chain that the journal belongs to; another one is refused.
        rule: How to work.
        clock: The machine's time, for pauses and leases.
        owner: A name no other worker has.
        executor: Where sending happens, so that the worker need not wait for the node; by default a thread.
        observe: Told where instructions went, with the mined batch that took them there if one did.

    Attributes:
        trouble: What the worker is waiting out; None where all is well.

    """

    def __init__(
        self,
        desk: Desk,
        batches: BatchLedger,
        queue: Queue,
        identity: ChainIdentity,
        rule: WorkerRule,
        clock: Clock,
        owner: str,
        executor: Executor | None = None,
        observe: Callable[[Sequence[Judgement], BatchResult | None], None] = lambda _judgements, _result: None,
    ) -> None:
        self._desk, self._batches, self._queue, self._identity = desk, batches, queue, identity
        self._rule, self._clock, self._owner = rule, clock, owner
        self._judge = Judge(desk.ledger, batches, rule.retry)
        self._executor = executor or ThreadPoolExecutor(1, "settlement-send")
        self._lookout = Lookout(batches, rule.finality.tag)
        self._looking: Future[Look] | None = None
        self._lane: Lane | None = None
        self._view: ChainView | None = None
        self._live: dict[int, Live] = {}
        self._missed: frozenset[int] = frozenset()
        self._gap_since: float | None = None
        self._groups: list[list[int]] = []
        self._batch_max = rule.batch_size
        self._changes_lane = False
        self._position: Block | None = None
        self._scanned = self._woken = -1
        self._next_nonce = 0
        self._absent_since: float | None = None
        self._renewed_at = self._looked_at = self._dispatched_at = self._seen_at = float("-inf")
        self._chain_ahead = 0.0
        self._takes_more = self._was_busy = True
        self._observe = observe
        self.trouble: str | None = None

    # ---- running -----------------------------------------------------------------------------------------------------

    def run(self, should_stop: Callable[[], bool], drain_s: float = 10.0) -> None:
        """Works until `should_stop` says so; an outage of the chain or the journal is waited out.

        Args:
            should_stop: Asked between rounds.
            drain_s: How long to follow what is on its way after that; what is not known then, the journal keeps.

        Raises:
            InputError: the chain is not the one that the journal belongs to.
        """
        self._attempt(should_stop)
        self._takes_more = False
        until = self._clock.elapsed() + drain_s
        self._attempt(lambda: not self._live or self._clock.elapsed() > until)
        self.close()

    def _attempt(self, should_stop: Callable[[], bool]) -> None:
        pause = self._rule.poll_s
        while not should_stop():
            try:
                if not self.step():
                    self._clock.sleep(min(BUSY_POLL_S, self._rule.poll_s) if self._live else self._rule.poll_s)
                pause = self._rule.poll_s
                self.trouble = None
            except (ChainUnreachable, OutcomeUnknown, JournalUnavailable, LaneLost) as error:
                self.trouble = str(error)
                log.warning("waiting", extra={"reason": self.trouble})
                self.forget()
                self._clock.sleep(pause)
                pause = min(pause * 2, PAUSE_MAX_S)

    def close(self) -> None:
        """Lets go of the lane; what is on its way stays in the journal."""
        lane, self._lane = self._lane, None
        if lane is not None:
            with contextlib.suppress(JournalUnavailable, InputError):
                self._queue.release(lane)
        self._executor.shutdown(wait=True)
        self._lookout.close()

    def forget(self) -> None:
        """Forgets everything: the next step reads it from the journal again."""
        self._lane = self._looking = self._view = None
        self._live.clear()
        self._missed = frozenset()
        self._was_busy = True
        self._groups.clear()
        self._changes_lane = False

    @property
    def is_idle(self) -> bool:
        """Whether the last round did nothing, and nothing is on its way."""
        return not self._live and not self._was_busy

    @property
    def followed(self) -> int:
        """The number of the newest block that was looked at; -1 before the first."""
        return self._position.number if self._position else -1

    @property
    def is_working(self) -> bool:
        """Whether it has a lane, and the last look at chain and journal went well."""
        return self._lane is not None and self.trouble is None

    def now(self) -> float:
        """The chain's time: what was last seen of it, and what this machine's clock has gone on since."""
        return self._clock.elapsed() + self._chain_ahead

    def step(self) -> bool:
        """One round; whether anything was done.

        Raises:
            ChainUnreachable, JournalUnavailable, LaneLost: nothing is lost; `forget`, and go on later.
            InputError: another chain.
        """
        lane = self._lane or self.recover()
        self._keep(lane)
        looking = self._looking or self._look_again(lane)
        # After a pause of any kind the chain may be another one: nothing is signed before it was looked at again.
        fresh = self._clock.elapsed() - self._seen_at < STALE_S
        done = self._cancel(lane) + self._dispatch(lane) if fresh else 0
        # The chain answers slowly while it works on a batch: whoever has something to dispatch does not wait for it.
        if not done or looking.done():
            done += self._take_look(lane, looking)
        self._send_again()
        if self._view is not None:
            done += self._discipline(lane, self._view)
        if self._changes_lane and not self._live:
            self._queue.release(lane)
            self.forget()
        self._was_busy = bool(done)
        return self._was_busy

    # ---- recovery ----------------------------------------------------------------------------------------------------

    def recover(self) -> Lane:
        """Reads from the journal what is on its way, after seeing to it that the chain is the right one."""
        self._require_chain()
        lane = self._queue.acquire_lane(self._owner, self._batches.submitter, self._clock.now(), self._rule.lease_s)
        self._batches.require_submitter(lane.lane, lane.address)
        self._renewed_at = self._clock.elapsed()
        self._chain_ahead = self._batches.now() - self._clock.elapsed()
        now = self._clock.elapsed()
        self._live = {slot.nonce: Live(slot, now) for slot in self._queue.in_flight(lane)}
        self._position = self._queue.position()
        view = self._batches.view(lane.address, 0, None)
        self._seen_at = self._clock.elapsed()
        self._scanned = -1
        self._woken = min(view.head.number, self._position.number if self._position else 0)
        self._next_nonce = max([view.transactions, *(nonce + 1 for nonce in self._live)])
        self._lane = lane
        if self._position is not None:
            self._rewind(lane)
        if self._rule.finality.kind == "instant":
            self._queue.confirm(lane, self._final_block(view), self.now())  # Settled under another rule.
        self._position = view.head
        for live in self._live.values():
            log.info("taken over", extra={"lane": lane.lane, "nonce": live.slot.nonce, **_ids(live.slot.items)})
        return lane

    def _require_chain(self) -> None:
        found = self._batches.identity()
        if found != self._identity:
            raise InputError(
                f"the chain is not the one that the journal belongs to: it has id {found.chain_id} and the first block "
                f"{found.genesis_hash[:10]}…; a chain that was restarted empty is another chain"
            )
        if self._batches.is_deployed():
            self._absent_since = None
            return
        now = self._clock.elapsed()
        self._absent_since = now if self._absent_since is None else self._absent_since
        if now - self._absent_since < ABSENT_S:  # A node in the middle of a reorganisation may have no state at all.
            raise ChainUnreachable("the chain shows no settlement engine now")
        raise InputError(
            "the chain is not the one that the journal belongs to: its first block is the same, and its settlement "
            "engine is gone; a chain that was restarted empty is another chain"
        )

    def _keep(self, lane: Lane) -> None:
        if self._clock.elapsed() - self._renewed_at > self._rule.lease_s / 4:
            self._queue.renew(lane, self._clock.now(), self._rule.lease_s)
            self._renewed_at = self._clock.elapsed()

    # ---- following ---------------------------------------------------------------------------------------------------

    def _look_again(self, lane: Lane) -> Future[Look]:
        """Begins a look at the chain, which goes on while the worker does other things."""
        number = self._position.number if self._position else 0
        self._looking = self._lookout.begin(lane.address, number, list(self._live.values()), self._scanned)
        return self._looking

    def _take_look(self, lane: Lane, looking: Future[Look]) -> int:
        """What a look has brought; where a block that was seen has left the chain, everything is looked at again."""
        look = looking.result()
        self._view = look.view
        self._seen_at = self._clock.elapsed()
        view = look.view
        self._next_nonce = max(self._next_nonce, view.transactions)
        reorganised = self._position is not None and (view.known is None or view.known.hash != self._position.hash)
        if reorganised:
            self._require_chain()
            self._rewind(lane)
            look = Look(view, frozenset(nonce for nonce in self._live if nonce < view.transactions), {})
        if self._position is None or view.head != self._position:
            self._position = view.head
            self._chain_ahead = max(self._chain_ahead, view.head.timestamp - self._clock.elapsed())
        mined = self._mined(look)
        if mined:
            for live in mined:
                del self._live[live.slot.nonce]
            self._scanned = view.head.number
        self._close_gap(lane, view.transactions)
        self._look_again(lane)
        self._follow(lane, mined, look)
        done = len(mined) + self._confirm(lane, view)
        self._wake(view)
        return done + reorganised

    def _rewind(self, lane: Lane) -> None:
        """Puts back what was in blocks that left the chain, and reads what is on its way again."""
        self._put_back(lane)
        now = self._clock.elapsed()
        for slot in self._queue.in_flight(lane):
            if slot.nonce not in self._live:
                self._live[slot.nonce] = Live(slot, now)
        # The chain counts these nonces as free again; what is signed next must not take one from what waits on it.
        self._next_nonce = max([self._next_nonce, *(nonce + 1 for nonce in self._live)])
        self._scanned = -1

    def _put_back(self, lane: Lane) -> None:
        """Goes back until a batch's block is still there."""
        while newest := self._queue.newest_mined(lane):
            nonce, block = newest
            found = self._batches.block(block.number)
            if found is not None and found.hash == block.hash:
                break
            log.warning("reorganised", extra={"lane": lane.lane, "nonce": nonce, "block": block.number})
            self._queue.unmine(lane, nonce, self.now())

    def _mined(self, look: Look) -> list[Live]:
        """What the look settles: found in a block, or not found by two looks in a row that say its nonce is used.

        The chain may go on between the questions of a look, so that one of them sees a block more than the other.
        """
        found = {nonce for nonce, live in self._live.items() if self._found(live, look.results) is not None}
        certain = look.mined & (found | self._missed) if self._scanned >= 0 else look.mined
        self._missed = look.mined - certain
        return [self._live[nonce] for nonce in sorted(certain) if nonce in self._live]

    def _close_gap(self, lane: Lane, used: int) -> None:
        """Sees to it that every nonce up to our first one is used: the chain takes none before the one below it.

        A reorganisation can take a transaction away that we believed to be mined, ours or another. What was signed
        for its nonce is sent again, which is always safe; where nothing was, an empty batch is.
        """
        first = min(self._live, default=used)
        if first <= used:
            self._gap_since = None
            return
        first = min(first, used + GAP_PER_ROUND_MAX)
        now = self._clock.elapsed()
        if self._gap_since is None:
            self._gap_since = now
        if now - self._gap_since < self._rule.resend_s:
            return
        for nonce in range(used, first):
            log.warning("gap", extra={"lane": lane.lane, "nonce": nonce})
            self._queue.unmine(lane, nonce, self.now())
        slots = {slot.nonce: slot for slot in self._queue.in_flight(lane)}
        for nonce in range(used, first):
            slot = slots.get(nonce)
            if slot is None:
                empty = self._batches.sign_batch([], lane.lane, nonce)
                self._queue.record_replacement(lane, empty, self.now())
                slot = Slot(nonce, (empty,), ())
            self._live[nonce] = Live(slot, now)

    def _follow(self, lane: Lane, mined: Sequence[Live], look: Look) -> None:
        """Learns what became of what the chain has taken: our transaction, or another with the same nonce."""
        for live in mined:
            result, first = self._result_of(live, look.results), live.slot.transactions[0]
            if result is None:
                self._superseded(lane, live)
            elif result.failure is not None:
                given_up = result.failure.name == "Engine_BatchSize" and result.transaction != first.hash
                failure = _NOT_TAKEN if given_up else result.failure
                self._batch_failed(lane, live, result, failure, look.view)
            else:
                self._batch_settled(lane, live, result, look.view)

    @staticmethod
    def _found(live: Live, results: Mapping[str, BatchResult]) -> BatchResult | None:
        return next((results[each.hash] for each in live.slot.transactions if each.hash in results), None)

    def _result_of(self, live: Live, results: Mapping[str, BatchResult]) -> BatchResult | None:
        found = self._found(live, results)
        if found is not None:
            return found
        for transaction in live.slot.transactions:
            result = self._batches.result(transaction.hash)
            if result is not None:
                return result
        return None

    def _batch_settled(self, lane: Lane, live: Live, result: BatchResult, view: ChainView) -> None:
        final_block = self._final_block(view)
        final = result.block.number <= final_block
        outcomes = {item.instruction_id: item.reason for item in result.items if not item.cancelled}
        cancelled = {item.instruction_id for item in result.items if item.cancelled}
        now = self.now()
        judgements = [self._judge.settled(item, final=final) for item in self._others(live, outcomes)]
        for item in live.slot.items:
            instruction_id = item.matched.instruction_id
            if instruction_id in cancelled:
                judgements.append(self._judge.cancelled(item))
            elif instruction_id not in outcomes:
                judgements.append(self._judge.unreported(item, now, final_block))
            elif (reason := outcomes[instruction_id]) is None:
                judgements.append(self._judge.settled(item, final=final))
            else:
                judgements.append(self._refused(item, reason, now, final_block))
        self._queue.record_result(lane, live.slot.nonce, result, judgements, final=final)
        self._tell(judgements, result)

    def _others(self, live: Live, outcomes: Mapping[str, Reason | None]) -> Sequence[QueuedInstruction]:
        """Settled by this batch and not waiting for it: refused when it was mined before, in a block that has left."""
        ours = {item.matched.instruction_id for item in live.slot.items}
        others = [key for key, reason in outcomes.items() if reason is None and key not in ours]
        return self._queue.find(others) if others else ()

    def _refused(self, item: QueuedInstruction, reason: Reason, now: float, final_block: int) -> Judgement:
        if item.partial_lot is not None and reason.name == "Instrument_InsufficientFree":
            divided = divide(self._desk, item, reason, now)
            if divided is not None:
                return divided
        return self._judge.refused(item, reason, now, final_block)

    def _batch_failed(self, lane: Lane, live: Live, result: BatchResult, failure: Reason, view: ChainView) -> None:
        """The whole transaction came to nothing: halves are tried by themselves, down to the one that spoils it."""
        items = live.slot.items
        if len(items) <= 1:
            final_block = self._final_block(view)
            judgements = [self._judge.refused(item, failure, self.now(), final_block) for item in items]
        else:
            middle = len(items) // 2
            self._groups += [[item.sequence for item in items[:middle]], [item.sequence for item in items[middle:]]]
            judgements = self._judge.again(items, f"its batch of {len(items)} came to nothing: {failure}")
        final = result.block.number <= self._final_block(view)
        self._queue.record_result(lane, live.slot.nonce, result, judgements, final=final)
        self._tell(judgements, result)

    def _superseded(self, lane: Lane, live: Live) -> None:
        judgements = self._judge.again(live.slot.items, "its nonce was used by a transaction that is not ours")
        self._queue.record_superseded(lane, live.slot.nonce, judgements, self.now())
        log.warning("superseded", extra={"nonce": live.slot.nonce, **_ids(live.slot.items)})

    def _tell(self, judgements: Sequence[Judgement], result: BatchResult | None) -> None:
        """One line for what settled in a batch, and one for each instruction that did not."""
        self._observe(judgements, result)
        where = {"transaction": result.transaction, "block": result.block.number} if result else {}
        for settled in (InstructionStatus.CONFIRMED, InstructionStatus.SETTLED):
            ids = [judgement.instruction_id for judgement in judgements if judgement.status is settled]
            if ids:
                log.info(settled.value, extra={"instruction_ids": ids, **where})
        for judgement in judgements:
            if judgement.status not in (InstructionStatus.CONFIRMED, InstructionStatus.SETTLED):
                why = {"instruction_id": judgement.instruction_id, "reason": judgement.detail}
                log.info(judgement.status.value, extra=why | where)

    def _final_block(self, view: ChainView) -> int:
        return self._rule.finality.final_up_to(view.head.number, view.tagged)

    def _confirm(self, lane: Lane, view: ChainView) -> int:
        if self._rule.finality.kind == "instant":
            return 0  # Confirmed with its result.
        return self._queue.confirm(lane, self._final_block(view), self.now())

    # ---- sending -----------------------------------------------------------------------------------------------------

    def _dispatch(self, lane: Lane) -> int:
        count = 0
        while self._takes_more and not self._changes_lane and len(self._live) < self._rule.in_flight_max:
            now = self._clock.elapsed()
            only = self._groups.pop() if self._groups else None
            limit = len(only) if only is not None else self._batch_max
            lingers = only is None and self._live and now - self._dispatched_at < self._rule.linger_s
            try:
                slot = self._queue.dispatch(lane, limit, self.now(), self._sign(lane), only, limit if lingers else 1)
            except _Unsignable as unsignable:
                count += self._set_aside(lane, unsignable)
                continue
            if slot is None:
                if only is not None:
                    continue
                break
            self._dispatched_at = now
            self._next_nonce = slot.nonce + 1
            live = self._live[slot.nonce] = Live(slot, now)
            self._send(live)
            count += 1
        return count

    def _cancel(self, lane: Lane) -> int:
        """Carries cancellations out, each in a transaction of its own: a settlement in a batch could overtake it."""
        count = 0
        while self._takes_more and not self._changes_lane and len(self._live) < self._rule.in_flight_max:
            slot = self._queue.dispatch_cancellation(lane, self.now(), self._sign_cancellation(lane))
            if slot is None:
                break
            self._next_nonce = slot.nonce + 1
            live = self._live[slot.nonce] = Live(slot, self._clock.elapsed())
            self._send(live)
            count += 1
        return count

    def _sign_cancellation(self, lane: Lane) -> Callable[[QueuedInstruction, Cancellation], SignedTransaction]:
        def sign(item: QueuedInstruction, asked: Cancellation) -> SignedTransaction:
            instruction = item.matched.instruction
            return self._batches.sign_cancellation(
                instruction, asked.reason, asked.consent, lane.lane, self._next_nonce
            )

        return sign

    def _sign(self, lane: Lane) -> Callable[[Sequence[QueuedInstruction]], SignedTransaction]:
        def sign(items: Sequence[QueuedInstruction]) -> SignedTransaction:
            try:
                return self._batches.sign_batch([item.matched for item in items], lane.lane, self._next_nonce)
            except InputError as fault:
                raise _Unsignable(items, fault) from fault

        return sign

    def _set_aside(self, lane: Lane, unsignable: _Unsignable) -> int:
        """Has those wait that name what this worker does not know, so that they stop nobody else."""
        judgements = []
        for item in unsignable.items:
            try:
                self._batches.sign_batch([item.matched], lane.lane, self._next_nonce)
            except InputError as fault:
                judgements.append(self._judge.unsignable(item, fault, self.now()))
        if not judgements:
            raise unsignable.fault
        self._queue.record_judgements(lane, judgements, self.now())
        self._tell(judgements, None)
        return len(judgements)

    def _send(self, live: Live) -> None:
        live.sent_at = self._clock.elapsed()
        live.sending = self._executor.submit(self._batches.send, live.newest)

    def _send_again(self) -> None:
        """Sends what is in no block for too long; the same bytes, or the same call at a higher fee."""
        now = self._clock.elapsed()
        for _, live in sorted(self._live.items()):
            if live.sending is not None:
                if not live.sending.done():
                    continue
                self._sent(live, live.sending)
                live.sending = None
            if live.sent_at is not None and now - live.sent_at < self._rule.resend_s:
                continue
            if self._rule.replace_s is not None and now - live.signed_at > self._rule.replace_s:
                self._replace(live)
            self._send(live)

    def _sent(self, live: Live, sending: Future[None]) -> None:
        try:
            sending.result()
        except Refused as refusal:
            log.error("not accepted", extra={"reason": str(refusal), "nonce": live.slot.nonce})
            if TOO_LARGE in refusal.names and live.slot.items:
                self._give_up(live)
            elif self._lane is not None:
                # A reorganisation may have taken its gas money too; where the chain gives none, somebody reads the log.
                with contextlib.suppress(InputError):
                    self._batches.submitter(self._lane.lane)
        except (OutcomeUnknown, ChainUnreachable) as error:
            log.warning("answer lost", extra={"reason": str(error), "nonce": live.slot.nonce})
            live.sent_at = None

    def _give_up(self, live: Live) -> None:
        """The chain will never take it: an empty batch uses its nonce up, and then halves are tried.

        Nothing else may be signed for these instructions before, since a node that did take it may settle them.
        """
        assert self._lane is not None  # noqa: S101 - nothing is on its way without a lane
        self._batch_max = max(1, min(self._batch_max, len(live.slot.items) // 2))
        empty = self._batches.sign_batch([], self._lane.lane, live.slot.nonce)
        if empty != live.newest:
            self._queue.record_replacement(self._lane, empty, self.now())
            live.slot = Slot(live.slot.nonce, (*live.slot.transactions, empty), live.slot.items)
            live.sent_at = None

    def _replace(self, live: Live) -> None:
        assert self._lane is not None  # noqa: S101 - nothing is on its way without a lane
        dearer = self._batches.replacement(live.newest, self._lane.lane)
        live.signed_at = self._clock.elapsed()
        if dearer != live.newest:
            self._queue.record_replacement(self._lane, dearer, self.now())
            live.slot = Slot(live.slot.nonce, (*live.slot.transactions, dearer), live.slot.items)

    # ---- discipline --------------------------------------------------------------------------------------------------

    def _wake(self, view: ChainView) -> None:
        """Brings forward what waits for something that has changed since the last look."""
        if view.head.number <= self._woken:
            return
        waited_for = self._queue.waited_for(limit=1000)
        if waited_for:
            # The block of a refusal counts too: what came later in it may be what was lacking.
            changed = self._batches.concerned(waited_for, max(0, self._woken), view.head.number)
            if changed:
                self._queue.wake(sorted(changed), self.now(), self._rule.retry.woken_in)
            self._queue.record_position(view.head)
        self._woken = view.head.number

    def _tend(self, view: ChainView) -> int:
        """Confirms what a worker that is no more had settled, or puts it back where its block has left the chain."""
        final_block, now = self._final_block(view), self._clock.now()
        lane = self._queue.adopt_lane(self._owner, final_block, now, self._rule.lease_s)
        if lane is None:
            return 0
        self._put_back(lane)
        self._queue.confirm(lane, final_block, self.now())
        self._queue.release(lane)
        return 1

    def _discipline(self, lane: Lane, view: ChainView) -> int:
        """Deadlines, the ends of settlement dates, and what is due."""
        if self._clock.elapsed() - self._looked_at < self._rule.look_s:
            return 0
        self._looked_at = self._clock.elapsed()
        if not self._live:
            self._chain_ahead = self._batches.now() - self._clock.elapsed()
        now = self.now()
        done = self._queue.wake_due(now)
        judgements = []
        for row, sequence in self._queue.unfinished_past(now, limit=1000):
            over = row.deadline < now
            status = InstructionStatus.EXPIRED if over else InstructionStatus.FAILING
            state = QueueState.DONE if over else row.state
            detail = row.detail or ("its deadline is over" if over else "its settlement date is over")
            judgements.append(Judgement(sequence, row.instruction_id, status, state, detail, row.due_at))
        if judgements:
            self._queue.record_judgements(lane, judgements, now)
            self._tell(judgements, None)
        # Somebody's lane was left with something on its way: ours is given back when it is empty, for that one.
        self._changes_lane = self._changes_lane or self._queue.has_orphans(self._clock.now())
        done += self._tend(view)
        done += remainders(self._desk, self._queue, now)
        return done + len(judgements)


def _ids(items: Iterable[QueuedInstruction]) -> dict[str, object]:
    return {"instruction_ids": [item.matched.instruction_id for item in items]}
