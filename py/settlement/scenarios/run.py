"""Runs a scenario on a network, and checks on the ledger what it expects."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from settlement.domain import acts
from settlement.domain.bills import AcceptEntrustment, EntrustBill
from settlement.domain.bonds.entries import DistributionKind
from settlement.domain.custody import ClientBooking
from settlement.domain.instruction import Instruction, InstructionStatus, Leg, MatchedInstruction
from settlement.domain.quantity import decimal_text, format_amount
from settlement.domain.runs import (
    CheckReport,
    LegReport,
    Positions,
    PricedReport,
    RunReport,
    SettlementReport,
    StepReport,
)
from settlement.errors import InputError, Refused
from settlement.flow.confirm import confirm
from settlement.flow.crowds import admit_crowd, elect_accounts, place
from settlement.flow.desk import Outcome, perform
from settlement.flow.disclosing import attest
from settlement.flow.instruct import instruct
from settlement.flow.lock import cancel, expire, lock, release_leg
from settlement.flow.match import match
from settlement.flow.network import Network
from settlement.flow.servicing import pay_distribution
from settlement.flow.settle import settle, settle_batch, settle_locked
from settlement.ports import Position, Receipt
from settlement.scenarios.books import Books
from settlement.scenarios.checks import ExpectationChecker
from settlement.scenarios.language import (
    AdvanceStep,
    AttestStep,
    BatchStep,
    BookClientsStep,
    CancelStep,
    ExpireStep,
    InstructStep,
    LockStep,
    Order,
    PassOnStep,
    PayStep,
    Perform,
    PlaceStep,
    ReleaseLegStep,
    ReplayStep,
    Scenario,
    SettleLockedStep,
    SettleStep,
    Step,
    Submission,
)
from settlement.scenarios.sub_ledgers import SubLedgers

SET_UP_SECONDS = 3_600
"""How long before a scenario's start its own chain begins, so that setting up does not use up its windows."""


class ScenarioRunner:
    """One run of one scenario on one network.

    Args:
        network: Where it runs.
        scenario: What is run.
        on_progress: Told what is going on.
        client_book: The file in which custodians keep their clients; made when the first booking comes. None keeps
            them in memory, as long as the run lasts.
        stops: Whether a refusal that no step expects ends the run, instead of being reported.
    """

    def __init__(
        self,
        network: Network,
        scenario: Scenario,
        on_progress: Callable[[str], None] = lambda _: None,
        client_book: Path | None = None,
        stops: bool = False,
    ) -> None:
        self._network = network
        self._scenario = scenario
        self._on_progress = on_progress
        self._shift = 0
        self._detail = ""
        self._matched: dict[str, MatchedInstruction] = {}
        self._submitted: dict[str, MatchedInstruction] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._gas: dict[str, int] = {}
        self._books = Books()
        self._sub_ledgers = SubLedgers(network.ledger, client_book)
        self._checks: list[CheckReport] = []
        self._stops = stops

    def run(self) -> RunReport:
        """Sets the scenario up, runs its steps, and reports.

        Raises:
            Refused: the set-up or the opening was refused; or a step, and it stops there.
            InputError: the chain's clock cannot be set as the scenario needs.
            ChainUnreachable, OutcomeUnknown: the chain was lost.
        """
        with contextlib.closing(self._sub_ledgers):
            return self._run()

    def _run(self) -> RunReport:
        began = time.monotonic()
        self._require_dates_ahead()
        self._on_progress("admitting parties and instruments")
        self._set_up()
        self._on_progress("opening positions")
        for step in self._scenario.opening:
            self._step(step)
        self._start_clock()
        before = self._positions()
        steps = [self._reported(step) for step in self._scenario.steps]
        checker = self._checker()
        self._checks.extend(checker.check("at the end", self._scenario.expect, self._orders()))
        self._checks.extend(self._books.checks(self._network.ledger))
        self._checks.extend(self._sub_ledgers.checks())
        return RunReport(
            scenario=self._scenario.name,
            title=self._scenario.title,
            chain_id=self._network.ledger.chain_id,
            block=self._network.ledger.head().number,
            seconds=time.monotonic() - began,
            steps=tuple(steps),
            settlements=tuple(self._settlement(order_id) for order_id in self._submitted),
            before=before,
            positions=self._positions(),
            checks=tuple(self._checks),
        )

    # ---- set-up ------------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        network, scenario = self._network, self._scenario
        senders = scenario.senders()
        for name, party in scenario.parties.items():
            if party.is_contract or party.crowd is not None:
                continue
            if party.address is not None:
                network.ledger.know_party(name, party.address)
                network.admit_known(name, *party.roles)
            elif party.roles:
                network.admit(name, *party.roles, provide_gas=name in senders)
            else:
                network.ledger.party_address(name)
        for setup in scenario.instruments.values():
            if setup.kind == "bill-of-lading":
                network.set_up_control_tracking()
            perform(network.desk, setup.create)
            perform(network.desk, acts.AdmitInstrument(instrument=setup.instrument))
            if setup.kind == "green-bond" and setup.opens_at_once:
                perform(network.desk, acts.OpenBond(instrument=setup.instrument))
        for setup in scenario.instruments.values():
            for account in setup.accounts:
                perform(network.desk, account)
            for act in setup.mandate:
                perform(network.desk, act)
            if setup.paying_agent is not None:
                network.set_up_paying_agent(setup.paying_agent)
            if setup.disclosure is not None:
                network.set_up_disclosure(setup.disclosure)
        for crowd in scenario.crowds.values():
            self._on_progress(f"admitting {len(crowd.members):,} of {crowd.name} and opening their accounts")
            roles = scenario.parties[crowd.members[0]].roles
            admit_crowd(network.desk, crowd.members, roles, crowd.accounts_by_member())
        money = [name for name, setup in scenario.instruments.items() if setup.currency]
        for name in scenario.unlisted:
            network.ledger.know_unlisted(name, money[0])

    def _require_dates_ahead(self) -> None:
        """A bond that pays or discloses has dates, and dates cannot be moved as windows are."""
        dated = self._scenario.dated
        now = self._network.ledger.head().timestamp
        if dated and now >= self._scenario.start:
            start = chain_start(self._scenario)
            raise InputError(
                f"the chain's clock is at {datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC, and {dated[0]} has "
                f"dates of its own from {start[:10]} on: run it on a chain of its own (--chain own), or "
                f"`settle down --forget` and `settle up --start {start}`"
            )

    def _start_clock(self) -> None:
        """Brings the chain to the scenario's start; a chain that is past it has all windows moved to its own time."""
        now = self._network.ledger.head().timestamp
        if now < self._scenario.start and (self._scenario.dated or self._scenario.start - SET_UP_SECONDS <= now):
            self._network.ledger.advance_to(self._scenario.start)
        else:
            self._shift = now - self._scenario.start

    # ---- steps -------------------------------------------------------------------------------------------------------

    def _reported(self, step: Step) -> StepReport:
        self._on_progress(step.name)
        began = time.monotonic()
        before = self._network.ledger.positions() if step.expect.unchanged else {}
        refused: tuple[str, ...] = ()
        outcome: Outcome | None = None
        gas, transaction, legs = 0, None, tuple[LegReport, ...]()
        self._detail = ""
        try:
            outcome = self._step(step)
        except Refused as refusal:
            if self._stops and not step.expect.refused:
                raise Refused(refusal.reasons, step.name) from refusal
            refused = refusal.names
            reasons = refusal.reasons
        else:
            reasons = ()
            legs = self._moved(step)
        if outcome is not None and outcome.receipt is not None:
            gas, transaction = outcome.receipt.gas_used, outcome.receipt.transaction
        checks = self._checker().check_step(step, refused, before, self._orders())
        if reasons and not step.expect.refused:
            detail = "; ".join(str(reason) for reason in reasons)
            checks.append(CheckReport(name=f"{step.name}: is carried out", ok=False, detail=detail))
        self._checks.extend(checks)
        return StepReport(
            name=step.name,
            action=step.word,
            ok=all(check.ok for check in checks),
            seconds=time.monotonic() - began,
            gas_used=gas,
            transaction=transaction,
            refused=refused,
            legs=legs,
            detail="" if refused else self._detail,
        )

    def _step(self, step: Step) -> Outcome | None:
        action, desk = step.action, self._network.desk
        if step.at is not None:
            self._network.ledger.time_next_block(step.at)
        match action:
            case Perform():
                receipt = perform(desk, self._in_time(action.act))
                self._books.count(action.act)
                if isinstance(action.act, acts.ClaimPayment):
                    self._count_redeemed(self._bond_of(action.act.agent), action.act.distribution, [receipt])
                return Outcome("", InstructionStatus.CONFIRMED, receipt)
            case AdvanceStep():
                self._network.ledger.advance_to(action.to + self._shift)
                return None
            case InstructStep():
                self._match(action.order)
                return None
            case SettleStep():
                matched = self._submit(action.submission)
                return self._done(action.submission.order, settle(desk, matched))
            case LockStep():
                matched = self._submit(action.submission)
                return self._done(action.submission.order, lock(desk, matched))
            case SettleLockedStep():
                matched = self._submitted[action.order.id]
                consents = self._network.consents(matched.instruction, action.consents)
                return self._done(action.order, settle_locked(desk, matched, consents))
            case ReplayStep():
                return settle(desk, self._submitted[action.order.id])
            case BatchStep():
                return self._batch(action)
            case CancelStep():
                instruction = self._match(action.order).instruction
                signed = [desk.ledger.cancellation(party, instruction, action.reason) for party in action.by]
                return self._done(action.order, cancel(desk, instruction, action.reason, signed))
            case ExpireStep():
                return self._done(action.order, expire(desk, self._match(action.order).instruction))
            case PayStep():
                return self._pay(action)
            case PlaceStep():
                return self._place(action)
            case AttestStep():
                receipt = attest(
                    desk, action.bond, action.commitment, action.document_hash, action.uri, action.signed_by
                )
                return Outcome("", InstructionStatus.CONFIRMED, receipt)
            case BookClientsStep():
                self._detail = self._booked(self._sub_ledgers.book(action))
                return None
            case PassOnStep():
                self._detail = self._booked(self._sub_ledgers.pass_on(action))
                return None
            case ReleaseLegStep():
                instruction = self._match(action.order).instruction
                return self._done(action.order, release_leg(desk, instruction, action.leg))

    def _in_time(self, act: acts.Act) -> acts.Act:
        """The act with the time from which a pledge may be realised, moved as windows are."""
        if isinstance(act, EntrustBill | AcceptEntrustment) and act.realisable_from:
            return act.model_copy(update={"realisable_from": act.realisable_from + self._shift})
        return act

    def _bond_of(self, agent: str) -> str:
        records = self._network.ledger.directory.instruments.values()
        return next(record.instrument for record in records if record.paying_agent == agent)

    def _count_redeemed(self, bond: str, kind: DistributionKind, receipts: Sequence[Receipt]) -> None:
        """What the paying agent says that it has paid the principal of has to be what the supply went down by."""
        if kind in ("redemption", "early-redemption"):
            events = [event for receipt in receipts for event in receipt.events if event.name == "HolderPaid"]
            self._books.count_redeemed(bond, sum(event.arguments["nominal"] for event in events))

    def _booked(self, bookings: Sequence[ClientBooking]) -> str:
        """What custodians' clients were booked, in one line for each booking."""
        lines = []
        for booking in bookings:
            decimals = self._network.ledger.directory.instrument(booking.instrument).decimals
            amounts = ", ".join(
                f"{client} {'+' if amount > 0 else '-'}{format_amount(abs(amount), decimals)}"
                for client, amount in booking.amounts.items()
            )
            lines.append(f"clients of {booking.custodian}: {amounts} {booking.instrument}")
        return "\n".join(lines)

    def _pay(self, action: PayStep) -> Outcome:
        state, receipts = pay_distribution(
            self._network.desk,
            action.agent,
            action.by,
            action.distribution,
            action.index,
            action.page,
            action.pages,
            lambda state: self._on_progress(f"{action.bond}: {state.counted:,} of {state.entitled:,} looked at"),
        )
        self._count_redeemed(action.bond, action.distribution, receipts)
        amounts = (("due", state.due), ("paid", state.paid), ("set aside", state.set_aside))
        self._detail = ", ".join(f"{word} {format_amount(amount, 2)}" for word, amount in amounts)
        if not receipts:
            return Outcome("", InstructionStatus.CONFIRMED)
        whole = replace(receipts[-1], gas_used=sum(receipt.gas_used for receipt in receipts))
        return Outcome("", InstructionStatus.CONFIRMED, whole)

    def _place(self, action: PlaceStep) -> Outcome:
        setup = self._scenario.instruments[action.bond]
        if setup.paying_agent is not None:
            accounts = self._scenario.crowds[action.crowd].accounts_by_member()
            elect_accounts(self._network.desk, setup.paying_agent.party, setup.paying_agent.operator, accounts)
        self._on_progress(f"{action.bond}: delivering to {len(action.nominals):,} holders")
        place(self._network.desk, setup.issuer, action.allocation, action.nominals)
        self._books.count(acts.IssueBond(quantity=action.allocation.quantity))
        self._detail = f"{action.allocation.quantity.amount:,} {action.bond} to {len(action.nominals):,} holders"
        return Outcome("", InstructionStatus.CONFIRMED)

    def _batch(self, action: BatchStep) -> Outcome:
        matched = [self._submit(item) for item in action.items]
        outcomes = settle_batch(self._network.desk, matched, action.mode)
        for item, outcome in zip(action.items, outcomes, strict=True):
            self._done(item.order, outcome)
        settled = [outcome for outcome in outcomes if outcome.receipt is not None]
        return settled[0] if settled else outcomes[0]

    def _done(self, order: Order, outcome: Outcome) -> Outcome:
        final = confirm(self._network.desk, outcome)
        self._outcomes[order.id] = final
        if final.receipt is not None:
            self._gas[order.id] = self._gas.get(order.id, 0) + final.receipt.gas_used
        return final

    # ---- orders ------------------------------------------------------------------------------------------------------

    def _match(self, order: Order) -> MatchedInstruction:
        """The order as an instruction with its consents; made once, then remembered."""
        if order.id not in self._matched:
            draft = order.instruction(0)
            nonce = self._network.journal.next_nonce(draft.parties) if order.nonce is None else order.nonce
            instruction = draft.model_copy(
                update={
                    "nonce": nonce,
                    "not_before": draft.not_before + self._shift,
                    "deadline": draft.deadline + self._shift,
                }
            )
            instruct(self._network.desk, instruction)
            consents = [
                self._network.ledger.consent(party, instruction, order.signed_by.get(party)) for party in order.consents
            ]
            self._matched[order.id] = match(self._network.desk, instruction, consents)
            self._submitted[order.id] = self._matched[order.id]
        return self._matched[order.id]

    def _submit(self, submission: Submission) -> MatchedInstruction:
        """What reaches the engine: the order, or what a dishonest submitter made of it."""
        matched = self._match(submission.order)
        if submission.altered is None:
            return matched
        legs = list(matched.instruction.legs)
        leg = legs[submission.altered.leg]
        quantity = leg.quantity.model_copy(update={"amount": submission.altered.amount})
        legs[submission.altered.leg] = leg.model_copy(update={"quantity": quantity})
        reference = f"{matched.instruction.reference} (altered)"
        altered = Instruction(
            **matched.instruction.model_dump(exclude={"legs", "reference"}),
            legs=tuple(legs),
            reference=reference,
        )
        instruction_id = instruct(self._network.desk, altered)
        return MatchedInstruction(instruction_id=instruction_id, instruction=altered, consents=matched.consents)

    def _orders(self) -> Mapping[str, Instruction]:
        return {order_id: matched.instruction for order_id, matched in self._matched.items()}

    # ---- reports -----------------------------------------------------------------------------------------------------

    def _checker(self) -> ExpectationChecker:
        return ExpectationChecker(self._network.ledger, self._scenario, self._outcomes, self._sub_ledgers)

    def _settlement(self, order_id: str) -> SettlementReport:
        matched = self._submitted[order_id]
        outcome = self._outcomes.get(order_id)
        status = outcome.status if outcome else self._network.ledger.status(matched.instruction)
        if outcome is None and status is InstructionStatus.MATCHED:
            status = InstructionStatus.REFUSED
        receipt = outcome.receipt if outcome else None
        return SettlementReport(
            id=matched.instruction_id,
            reference=order_id,
            status=status.value,
            legs=tuple(self._leg(leg) for leg in matched.instruction.legs),
            transaction=receipt.transaction if receipt else None,
            gas_used=self._gas.get(order_id),
            terms=dict(matched.instruction.terms),
            priced=self._priced(order_id),
        )

    def _priced(self, order_id: str) -> tuple[PricedReport, ...]:
        """How the cash of the order's priced legs came about."""
        order = next(order for order in self._scenario.orders() if order.id == order_id)
        found = []
        for priced in order.priced:
            cash = order.legs[priced.leg].quantity
            decimals = self._network.ledger.directory.instrument(cash.instrument).decimals
            found.append(
                PricedReport(
                    leg=priced.leg,
                    bond=priced.nominal.instrument,
                    nominal=str(priced.nominal.amount),
                    clean_price=priced.clean_price,
                    settlement_date=datetime.fromtimestamp(priced.settlement_date, UTC).date().isoformat(),
                    clean_amount=decimal_text(priced.trade.clean, decimals),
                    accrued_interest=decimal_text(priced.trade.accrued_interest, decimals),
                    cash=decimal_text(priced.trade.cash, decimals),
                )
            )
        return tuple(found)

    def _moved(self, step: Step) -> tuple[LegReport, ...]:
        action = step.action
        orders: list[Order] = []
        if isinstance(action, SettleStep | LockStep):
            orders = [action.submission.order]
        elif isinstance(action, SettleLockedStep):
            orders = [action.order]
        elif isinstance(action, BatchStep):
            done = [item.order for item in action.items]
            orders = [order for order in done if self._outcomes[order.id].receipt is not None]
        return tuple(self._leg(leg) for order in orders for leg in order.legs)

    def _leg(self, leg: Leg) -> LegReport:
        record = self._network.ledger.directory.instrument(leg.quantity.instrument)
        titles = {title.amount: reference for reference, title in self._scenario.titles.items()}
        is_title = record.kind == "bill-of-lading"
        if is_title:
            amount = titles.get(leg.quantity.amount, str(leg.quantity.amount))
        else:
            amount = decimal_text(leg.quantity.amount, record.decimals)
        return LegReport(
            giver=leg.giver,
            receiver=leg.receiver,
            instrument=leg.quantity.instrument,
            receiver_instrument=leg.receiver_instrument,
            amount=amount,
            is_title=is_title,
        )

    def _positions(self) -> Positions:
        """Of every party; those of crowds are too many to show."""
        known = self._network.ledger.directory.parties
        members = {member for crowd in self._scenario.crowds.values() for member in crowd.members}
        positions = self._network.ledger.positions([party for party in known if party not in members])
        return readable_positions(self._network, positions)


def chain_start(scenario: Scenario) -> str:
    """When the chain of a scenario with dates of its own begins at the latest (UTC), as `settle up --start` has it."""
    return f"{datetime.fromtimestamp(scenario.start - SET_UP_SECONDS, UTC):%Y-%m-%dT%H:%M:%S}"


def readable_positions(network: Network, positions: Mapping[tuple[str, str], Position]) -> Positions:
    """Balances by party and instrument as decimal text in major units; what is nought is left out."""
    found: dict[str, dict[str, str]] = {}
    for (party, instrument), position in positions.items():
        if position.balance:
            decimals = network.ledger.directory.instrument(instrument).decimals
            found.setdefault(party, {})[instrument] = decimal_text(position.balance, decimals)
    return found
