"""Issuance: the closing of a bond's issue, each allocation delivered against payment on the rail its investor chose.

How far it has come is on the chain and in the journal, where each allocation has its instruction under a reference of
its own: after a crash, or where money was lacking, it is called again, and delivers nothing twice.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from settlement.domain import acts
from settlement.domain.bonds.book import Allocation, allocation_hash, proceeds_half_up, total_nominal
from settlement.domain.directory import InstrumentRecord
from settlement.domain.instruction import Consent, Instruction, InstructionStatus, Leg
from settlement.domain.quantity import Quantity, decimal_text, format_amount
from settlement.errors import InputError, Reason, Refused
from settlement.flow.confirm import confirm
from settlement.flow.desk import Desk, Outcome, perform, record
from settlement.flow.lock import cancel, expire, lock
from settlement.flow.match import match, required_consents
from settlement.flow.network import WINDOW_SECONDS
from settlement.flow.settle import settle_locked
from settlement.ports import StoredInstruction

Rail = Literal["within-bank", "bank-to-bank", "central-bank-money"]
"""How the cash of an allocation reaches the issuer: deposits at one bank or across two, or wholesale money directly."""

SettlementState = Literal["delivered", "failed", "open"]
"""Where an allocation stands; `open` where it was not tried yet."""

_REFERENCE_MAX = 64
_ATTEMPTS_AT_ONCE = 8
_OVER = (InstructionStatus.CANCELLED, InstructionStatus.EXPIRED)


@dataclass(frozen=True)
class PrimarySettlement:
    """What became of an allocation.

    Attributes:
        allocation: What was to be delivered.
        rail: How it is paid.
        receives_in: The money in which the issuer is paid.
        cash: What it costs, in smallest units.
        state: Whether it was delivered.
        reference: The instruction's reference in the journal; empty where none was made.
        is_new: Whether it was delivered by this call.
        reasons: Why it failed.
    """

    allocation: Allocation
    rail: Rail
    receives_in: str
    cash: int
    state: SettlementState
    reference: str = ""
    is_new: bool = False
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Closing:
    """How far the closing of an issue has come.

    Attributes:
        bond: The bond.
        status: Where its issue stands.
        allocation_hash: What its contract recorded of the allocations.
        settlements: One for each allocation.
    """

    bond: str
    status: str
    allocation_hash: str
    settlements: tuple[PrimarySettlement, ...]

    @property
    def is_delivered(self) -> bool:
        """Whether every allocation was delivered."""
        return all(each.state == "delivered" for each in self.settlements)


@dataclass(frozen=True)
class Cancelled:
    """Allocations that were taken out, and the nominal that was redeemed undelivered, in whole units."""

    allocations: tuple[Allocation, ...]
    redeemed: int


def close_issue(
    desk: Desk,
    bond: str,
    allocations: Sequence[Allocation],
    price_millionths: int,
    into: str,
    on_settled: Callable[[PrimarySettlement], None] = lambda _: None,
) -> Closing:
    """Closes an issue: issues what is lacking, records the allocations, settles each for itself, and opens the bond.

    Each allocation is locked and then settled out of its holds. One that fails leaves the others settled and nothing on
    hold, and the bond stays closed to trading; called again, it goes on with those that are not delivered. A bond that
    is open, and whose allocations were all delivered, is left as it is.

    Args:
        desk: The ledger and the journal.
        bond: The bond; it is being placed.
        allocations: Who gets how much, and pays from what; checked by `check_allocations` before.
        price_millionths: The issue price; at par 1,000,000.
        into: The issuer's money. Whoever pays in central bank money pays into the issuer's account of that.
        on_settled: Told of each allocation, in their order.

    Raises:
        InputError: a rail is not possible, the bond is past its closing, or the chain or the journal has deliveries
            that these allocations and this price do not explain; nothing was sent.
        Refused: the nominal may not be issued or the allocations not recorded, or the bond not opened.
        OutcomeUnknown, ChainUnreachable: the chain was lost; call it again.
    """
    closing = _Closing(desk, bond, allocations, price_millionths, into)
    status = desk.ledger.bond_status(bond)
    if status != "closing":
        return closing.as_it_is(status)
    return closing.run(on_settled)


def cancel_allocation(
    desk: Desk,
    bond: str,
    kept: Sequence[Allocation],
    cancelled: Sequence[Allocation],
    price_millionths: int,
    into: str,
) -> Cancelled:
    """Takes allocations that were not delivered out of an issue: records less, and redeems what nobody gets.

    Their instructions are cancelled on the chain, so that nobody settles them later. Everything that was issued beyond
    the allocations that stay is redeemed. Again changes nothing.

    Args:
        desk: The ledger and the journal.
        bond: The bond; it is being placed.
        kept: The allocations that stay.
        cancelled: Those that are taken out.
        price_millionths: The issue price; at par 1,000,000.
        into: The issuer's money.

    Raises:
        InputError: one was delivered already, the bond is past its closing, or nothing stays; nothing was sent.
        Refused: the ledger refused.
    """
    if not kept:
        raise InputError("every allocation is taken out, and nothing is left to be issued: keep one")
    before = _Closing(desk, bond, [*kept, *cancelled], price_millionths, into)
    after = _Closing(desk, bond, kept, price_millionths, into)
    status = desk.ledger.bond_status(bond)
    delivered = before.require_explained() if status == "closing" else before.delivered()
    for each in cancelled:
        if each.key in delivered:
            raise InputError(
                f"{each.label} was delivered its {each.nominal:,} of {bond}; only what was not delivered is taken out"
            )
    if status != "closing":
        after.as_it_is(status)
        return Cancelled((), 0)
    for allocation in cancelled:
        before.withdraw(allocation, "the allocation is cancelled")
    after.allocate()
    return Cancelled(tuple(cancelled), after.redeem_surplus())


def primary_reference(bond: str, allocation: Allocation, attempt: int = 1) -> str:
    """The reference of an allocation's instruction; a later attempt has its number behind it.

    A client's name is not in it, and names too long for a reference are there by their digest.
    """
    stem = f"PRIMARY/{bond}/{allocation.investor}"
    if allocation.on_behalf_of:
        stem += f"/{_digest(allocation.on_behalf_of)}"
    suffix = "" if attempt == 1 else f"#{attempt}"
    if len(stem) > _REFERENCE_MAX - len("#9999"):
        stem = f"PRIMARY/{_digest(stem)}"
    return stem + suffix


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class _Closing:
    """One bond's allocations at one price."""

    def __init__(
        self, desk: Desk, bond: str, allocations: Sequence[Allocation], price_millionths: int, into: str
    ) -> None:
        self._desk, self._ledger = desk, desk.ledger
        self._record = self._ledger.directory.instrument(bond)
        if self._record.kind != "green-bond":
            raise InputError(f"{bond} is a {self._record.kind}; only a bond has an issue to close")
        self._bond, self._price, self._into = bond, price_millionths, into
        self._allocations = tuple(allocations)
        self._plans = {each.key: self._plan(each) for each in allocations}

    # ---- what is to be done ------------------------------------------------------------------------------------------

    def _plan(self, allocation: Allocation) -> PrimarySettlement:
        """An allocation before it is tried.

        Raises:
            InputError: the investor or its money is unknown, or cannot pay into the issuer's.
        """
        self._ledger.directory.address_of(allocation.investor)
        if allocation.investor == self._record.issuer:
            raise InputError(f"{allocation.investor} is the issuer of {self._bond} and is allocated nothing")
        pays, into = self._money(allocation.pays_from), self._money(self._into)
        rail: Rail
        receives_in = self._into
        if pays.kind == "wholesale-cbdc":
            rail, receives_in = "central-bank-money", pays.instrument
        elif pays.instrument == into.instrument:
            rail = "within-bank"
        elif into.kind == "tokenized-deposit" and (into.reserve, into.decimals) == (pays.reserve, pays.decimals):
            rail = "bank-to-bank"
        else:
            raise InputError(
                f"{allocation.label} pays from {pays.instrument}, which does not reach {into.instrument}: deposits are "
                "paid into deposits that settle in the same central bank money"
            )
        cash = proceeds_half_up(allocation.nominal, self._price, pays.decimals)
        return PrimarySettlement(allocation, rail, receives_in, cash, "open")

    def _money(self, instrument: str) -> InstrumentRecord:
        record = self._ledger.directory.instrument(instrument)
        if record.kind not in ("wholesale-cbdc", "tokenized-deposit"):
            raise InputError(f"{instrument} is a {record.kind}; an allocation is paid in money")
        if record.currency != self._record.currency:
            raise InputError(
                f"{instrument} is in {record.currency} and {self._bond} in {self._record.currency}: "
                "an allocation is paid in the bond's currency"
            )
        return record

    def _legs(self, plan: PrimarySettlement) -> tuple[Leg, Leg]:
        issuer, allocation = self._record.issuer, plan.allocation
        return (
            Leg(
                giver=issuer,
                receiver=allocation.investor,
                quantity=Quantity(instrument=self._bond, amount=allocation.nominal),
                receiver_instrument=self._bond,
            ),
            Leg(
                giver=allocation.investor,
                receiver=issuer,
                quantity=Quantity(instrument=allocation.pays_from, amount=plan.cash),
                receiver_instrument=plan.receives_in,
            ),
        )

    # ---- the closing -------------------------------------------------------------------------------------------------

    def run(self, on_settled: Callable[[PrimarySettlement], None]) -> Closing:
        """See `close_issue`."""
        delivered = self.require_explained()
        missing = total_nominal(self._allocations) - self._ledger.supply(self._bond)
        if missing > 0:
            perform(self._desk, acts.IssueBond(quantity=Quantity(instrument=self._bond, amount=missing)))
        self.allocate()
        settlements = []
        for allocation in self._allocations:
            known = delivered.get(allocation.key)
            settlements.append(known or self._settle(self._plans[allocation.key]))
            on_settled(settlements[-1])
        if all(each.state == "delivered" for each in settlements):
            perform(self._desk, acts.OpenBond(instrument=self._bond))
        return self._closing(self._ledger.bond_status(self._bond), settlements)

    def as_it_is(self, status: str) -> Closing:
        """The closing of a bond that is past it: it was opened only because all that was recorded was delivered.

        Raises:
            InputError: other allocations were recorded.
        """
        delivered, said = self.delivered(), self._ledger.bond_allocation(self._bond)
        if said is None or said.allocation_hash != allocation_hash(self._bond, self._allocations):
            recorded = "no allocations were recorded" if said is None else "other allocations than these were recorded"
            raise InputError(
                f"{self._bond} is {status} and {recorded}: an issue is closed while its bond is closing, as one is "
                "whose terms say opens: when-delivered"
            )
        found = [delivered.get(each.key) or self._as_delivered(each, "") for each in self._allocations]
        return self._closing(status, found)

    def _closing(self, status: str, settlements: Sequence[PrimarySettlement]) -> Closing:
        said = self._ledger.bond_allocation(self._bond)
        return Closing(self._bond, status, said.allocation_hash if said else "", tuple(settlements))

    def allocate(self) -> None:
        """Records how much is allocated, and the hash of the list, unless that is what was recorded last."""
        said, total = self._ledger.bond_allocation(self._bond), total_nominal(self._allocations)
        wanted = allocation_hash(self._bond, self._allocations)
        if said is None or (said.allocation_hash, said.nominal) != (wanted, total):
            quantity = Quantity(instrument=self._bond, amount=total)
            perform(self._desk, acts.AllocateBond(quantity=quantity, allocation_hash=wanted))

    def redeem_surplus(self) -> int:
        """Redeems what was issued beyond the allocations; how much that was."""
        surplus = self._ledger.supply(self._bond) - total_nominal(self._allocations)
        if surplus <= 0:
            return 0
        perform(self._desk, acts.RedeemBond(quantity=Quantity(instrument=self._bond, amount=surplus)))
        return surplus

    # ---- what was done before ----------------------------------------------------------------------------------------

    def require_explained(self) -> dict[tuple[str, str], PrimarySettlement]:
        """What was delivered already; the register says the same as the journal.

        An investor who has all that it is allocated, of which this journal knows nothing, was delivered otherwise.

        Raises:
            InputError: somebody holds what these allocations do not explain.
        """
        delivered = self.delivered()
        allocated: Counter[str] = Counter()
        settled: Counter[str] = Counter()
        for each in self._allocations:
            allocated[each.investor] += each.nominal
            settled[each.investor] += each.nominal if each.key in delivered else 0
        held = {line.holder: line.nominal for line in self._ledger.register(self._bond)}
        held.pop(self._record.issuer, None)
        for holder in dict.fromkeys([*held, *settled]):
            nominal = held.get(holder, 0)
            if nominal == settled[holder]:
                continue
            if settled[holder] or nominal != allocated[holder]:
                raise InputError(
                    f"{holder} holds {nominal:,} of {self._bond}; by these allocations and the journal it was "
                    f"delivered {settled[holder]:,} of {allocated[holder]:,}: give the allocations as they were begun"
                )
            for each in self._allocations:
                if each.investor == holder:
                    delivered[each.key] = self._as_delivered(each, "")
        return delivered

    def delivered(self) -> dict[tuple[str, str], PrimarySettlement]:
        """What the journal's instructions have delivered, as the chain says."""
        found = {each.key: self._delivered(each) for each in self._allocations}
        return {key: known for key, known in found.items() if known is not None}

    def _delivered(self, allocation: Allocation) -> PrimarySettlement | None:
        for attempt in self._attempts(allocation):
            if self._ledger.status(attempt.instruction) is InstructionStatus.SETTLED:
                self._require_same(allocation, attempt.instruction)
                if attempt.status not in (InstructionStatus.SETTLED, InstructionStatus.CONFIRMED):
                    seen = Outcome(attempt.instruction_id, InstructionStatus.SETTLED)
                    record(self._desk, seen, "found settled on the chain")
                return self._as_delivered(allocation, attempt.instruction.reference)
        return None

    def _as_delivered(self, allocation: Allocation, reference: str) -> PrimarySettlement:
        return replace(self._plans[allocation.key], state="delivered", reference=reference)

    def _require_same(self, allocation: Allocation, instruction: Instruction) -> None:
        ours, theirs = self._legs(self._plans[allocation.key]), instruction.legs
        if ours == theirs:
            return
        decimals = self._ledger.directory.instrument(theirs[1].quantity.instrument).decimals
        raise InputError(
            f"{allocation.label} was delivered {theirs[0].quantity.amount:,} of {self._bond} against "
            f"{format_amount(theirs[1].quantity.amount, decimals)} of {theirs[1].quantity.instrument}, paid into "
            f"{theirs[1].receiver_instrument}: give its allocation, the price and the issuer's money as they were then"
        )

    def _attempts(self, allocation: Allocation) -> list[StoredInstruction]:
        """Every instruction that was made for an allocation, in order."""
        found: list[StoredInstruction] = []
        for first in range(1, 10_000, _ATTEMPTS_AT_ONCE):
            numbers = range(first, first + _ATTEMPTS_AT_ONCE)
            names = [primary_reference(self._bond, allocation, number) for number in numbers]
            stored = self._desk.journal.stored(names)
            found += [stored[name] for name in names if name in stored]
            if len(found) < numbers[-1]:
                break
        return found

    # ---- one allocation ----------------------------------------------------------------------------------------------

    def _settle(self, plan: PrimarySettlement) -> PrimarySettlement:
        instruction = self._instruction(plan)
        matched = match(self._desk, instruction, self._consents(instruction))
        try:
            if self._ledger.status(instruction) is not InstructionStatus.LOCKED:
                self._require_no_reasons(instruction, matched.instruction_id)
                lock(self._desk, matched)
            confirm(self._desk, settle_locked(self._desk, matched))
        except Refused as refusal:
            reasons = refusal.reasons + self._release(instruction)
            return replace(plan, state="failed", reference=instruction.reference, reasons=reasons)
        return replace(plan, state="delivered", reference=instruction.reference, is_new=True)

    def _consents(self, instruction: Instruction) -> list[Consent]:
        return [self._ledger.consent(party, instruction) for party in required_consents(self._desk, instruction)]

    def _require_no_reasons(self, instruction: Instruction, instruction_id: str) -> None:
        """Asks for every reason before anything is held."""
        reasons = self._ledger.reasons(instruction, self._consents(instruction))
        if reasons:
            record(self._desk, Outcome(instruction_id, InstructionStatus.REFUSED, reasons=reasons))
            raise Refused(reasons, f"instruction {instruction.reference}")

    def _instruction(self, plan: PrimarySettlement) -> Instruction:
        """The instruction to go on with: the last one where it may still settle and says the same, or a new one."""
        allocation, attempts = plan.allocation, self._attempts(plan.allocation)
        now = self._ledger.head().timestamp
        if attempts:
            last = attempts[-1].instruction
            is_over = self._ledger.status(last) in _OVER
            if not is_over and now < last.deadline and last.legs == self._legs(plan):
                return last
            self._withdraw(last, "replaced by another attempt")
        draft = Instruction(
            reference=primary_reference(self._bond, allocation, len(attempts) + 1),
            legs=self._legs(plan),
            terms={
                "bond": self._bond,
                "investor": allocation.investor,
                "on_behalf_of": allocation.on_behalf_of,
                "nominal": str(allocation.nominal),
                "price_per_100": decimal_text(self._price, 4),
            },
            not_before=now,
            deadline=now + WINDOW_SECONDS,
            nonce=0,
        )
        nonce = self._desk.journal.next_nonce(draft.parties)
        while True:
            instruction = draft.model_copy(update={"nonce": nonce})
            if self._ledger.status(instruction) is InstructionStatus.MATCHED:
                return instruction
            nonce += 1  # Used by somebody whose instructions this journal does not know.

    def withdraw(self, allocation: Allocation, why: str) -> None:
        """Ends whatever instruction of an allocation might still settle.

        Raises:
            Refused: the ledger refused.
        """
        for attempt in self._attempts(allocation)[-1:]:
            self._withdraw(attempt.instruction, why)

    def _withdraw(self, instruction: Instruction, why: str) -> None:
        status = self._ledger.status(instruction)
        is_late = self._ledger.head().timestamp > instruction.deadline
        if status is InstructionStatus.LOCKED and is_late:
            expire(self._desk, instruction)
        elif status is InstructionStatus.LOCKED:
            words = [self._ledger.cancellation(party, instruction, why) for party in instruction.parties]
            cancel(self._desk, instruction, why, words)
        elif status is InstructionStatus.MATCHED and not is_late:
            words = [self._ledger.cancellation(self._record.issuer, instruction, why)]
            cancel(self._desk, instruction, why, words)

    def _release(self, instruction: Instruction) -> tuple[Reason, ...]:
        """Leaves nothing on hold for an instruction that did not settle; why that was refused, where it was."""
        try:
            if self._ledger.status(instruction) is InstructionStatus.LOCKED:
                self._withdraw(instruction, "it could not be settled")
        except Refused as refusal:
            return refusal.reasons
        return ()
