"""Compares what a scenario expects with what the ledger says."""

from __future__ import annotations

from collections.abc import Mapping

from settlement.domain.instruction import Instruction, InstructionStatus
from settlement.domain.quantity import Quantity, format_amount
from settlement.domain.runs import CheckReport
from settlement.domain.wording import listed
from settlement.flow.desk import Outcome
from settlement.ports import Ledger, Position
from settlement.scenarios.language import Amounts, Expectation, Scenario, Step
from settlement.scenarios.sub_ledgers import SubLedgers

_CONFIRMED_IS = {InstructionStatus.CONFIRMED: "settled"}


class ExpectationChecker:
    """Checks expectations against one ledger."""

    def __init__(
        self, ledger: Ledger, scenario: Scenario, outcomes: Mapping[str, Outcome], sub_ledgers: SubLedgers
    ) -> None:
        self._ledger = ledger
        self._scenario = scenario
        self._outcomes = outcomes
        self._sub_ledgers = sub_ledgers

    def check_step(
        self,
        step: Step,
        refused: tuple[str, ...],
        before: Mapping[tuple[str, str], Position],
        orders: Mapping[str, Instruction],
    ) -> list[CheckReport]:
        """What a step expects, its refusal included."""
        expect, checks = step.expect, []
        if expect.refused:
            name = f"{step.name}: refused with {', '.join(expect.refused)}"
            checks.append(_same(name, sorted(set(refused)), sorted(set(expect.refused))))
        if expect.unchanged:
            after = self._ledger.positions()
            changed = [f"{party}'s {held}" for (party, held), now in after.items() if before.get((party, held)) != now]
            checks.append(_same(f"{step.name}: every position unchanged", listed(changed), listed([])))
        for order_id, reason in expect.failed.items():
            found = [item.name for item in self._outcomes[order_id].reasons]
            checks.append(_same(f"{step.name}: {order_id} failed with {reason}", found, [reason]))
        return checks + self.check(step.name, expect, orders)

    def check(self, where: str, expect: Expectation, orders: Mapping[str, Instruction]) -> list[CheckReport]:
        """Everything an expectation says of the ledger's state."""
        checks = self._amounts(where, "has", expect.positions, held=False)
        checks += self._amounts(where, "has on hold", expect.held, held=True)
        checks += self._together(where, expect)
        for order_id, status in expect.status.items():
            actual = self._ledger.status(orders[order_id])
            checks.append(_same(f"{where}: {order_id} is {status}", _CONFIRMED_IS.get(actual, actual.value), status))
        for instrument, amount in expect.supply.items():
            wanted = self._text(instrument, amount)
            actual_supply = self._text(instrument, self._ledger.supply(instrument))
            checks.append(_same(f"{where}: supply of {instrument} is {wanted}", actual_supply, wanted))
        for reference, party in expect.control.items():
            owner = self._ledger.title_owner(self._title(reference))
            checks.append(_same(f"{where}: {party or 'nobody'} is in control of {reference}", owner, party))
        for reference, party in expect.endorsee.items():
            bill = self._ledger.bill(self._title(reference))
            endorsee = None if bill is None else bill.endorsee
            checks.append(_same(f"{where}: {party or 'nobody'} is the endorsee of {reference}", endorsee, party))
        for reference, bill_status in expect.bill_status.items():
            actual_status = self._ledger.title_status(self._title(reference))
            checks.append(_same(f"{where}: {reference} is {bill_status}", actual_status, bill_status))
        for bond, stage in expect.bond_status.items():
            checks.append(_same(f"{where}: {bond} is {stage}", self._ledger.bond_status(bond), stage))
        for bond, states in expect.disclosures.items():
            promised = self._ledger.disclosures(bond)
            for number, state in states.items():
                text = f"{where}: disclosure {number} of {bond} is {state}"
                checks.append(_same(text, promised[number - 1].state, state))
        checks += self._clients(where, expect)
        return checks + self._distributions(where, expect) + self._priced(where, expect)

    def _title(self, reference: str) -> Quantity:
        """A bill, in the register that has it now."""
        return self._ledger.title_in_control(self._scenario.titles[reference])

    def _clients(self, where: str, expect: Expectation) -> list[CheckReport]:
        checks = []
        for custodian, instruments in expect.clients.items():
            for instrument, amounts in instruments.items():
                positions = self._sub_ledgers.positions(custodian, instrument)
                for client, amount in amounts.items():
                    wanted, actual = self._text(instrument, amount), self._text(instrument, positions.get(client, 0))
                    name = f"{where}: client {client} of {custodian} has {wanted} {instrument}"
                    checks.append(_same(name, actual, wanted))
        return checks

    def _distributions(self, where: str, expect: Expectation) -> list[CheckReport]:
        checks = []
        for bond, expected in expect.distributions.items():
            agent = self._scenario.instruments[bond].paying_agent
            assert agent is not None  # noqa: S101 - the scenario was resolved with one
            for name, wanted in expected.items():
                state = self._ledger.distribution(agent.party, wanted.distribution, wanted.index)
                for what in ("due", "paid", "set_aside"):
                    actual = self._text(agent.cash, getattr(state, what))
                    text = self._text(agent.cash, getattr(wanted, what))
                    checks.append(_same(f"{where}: {name} of {bond}: {what.replace('_', ' ')} {text}", actual, text))
                both = state.paid + state.set_aside
                checks.append(_same(f"{where}: {name} of {bond}: paid and set aside is due", both, state.due))
        return checks

    def _amounts(self, where: str, verb: str, amounts: Amounts, *, held: bool) -> list[CheckReport]:
        checks = []
        for party, instruments in amounts.items():
            for instrument, amount in instruments.items():
                position = self._ledger.position(party, instrument)
                actual = self._text(instrument, position.held if held else position.balance)
                wanted = self._text(instrument, amount)
                checks.append(_same(f"{where}: {party} {verb} {wanted} {instrument}", actual, wanted))
        return checks

    def _together(self, where: str, expect: Expectation) -> list[CheckReport]:
        checks = []
        for name, amounts in expect.together.items():
            positions = self._ledger.positions(self._scenario.crowds[name].members)
            for instrument, amount in amounts.items():
                whole = sum(position.balance for (_, held), position in positions.items() if held == instrument)
                wanted = self._text(instrument, amount)
                text = f"{where}: {name} have {wanted} {instrument} together"
                checks.append(_same(text, self._text(instrument, whole), wanted))
        return checks

    def _priced(self, where: str, expect: Expectation) -> list[CheckReport]:
        """Accrued interest is computed twice, off chain and by the bond's contract, and both have to agree."""
        checks = []
        priced = {order.id: order.priced for order in self._scenario.orders()}
        for order_id, amount in expect.accrued_interest.items():
            name, wanted = f"{where}: accrued interest of {order_id}", self._cash_text(order_id, amount)
            own = sum(item.trade.accrued_interest for item in priced[order_id])
            checks.append(_same(f"{name} is {wanted}", self._cash_text(order_id, own), wanted))
            if own < 0:  # Without the coming coupon; the contract counts from the last one.
                continue
            chain = sum(self._ledger.accrued_interest(item.nominal, item.settlement_date) for item in priced[order_id])
            checks.append(_same(f"{name} is {wanted} by the bond's contract", self._cash_text(order_id, chain), wanted))
        for order_id, amount in expect.cash.items():
            cash = sum(item.trade.cash for item in priced[order_id])
            wanted = self._cash_text(order_id, amount)
            checks.append(_same(f"{where}: cash of {order_id} is {wanted}", self._cash_text(order_id, cash), wanted))
        return checks

    def _cash_text(self, order_id: str, amount: int) -> str:
        """An amount in the currency of the order's priced legs."""
        order = next(order for order in self._scenario.orders() if order.id == order_id)
        return self._text(order.legs[order.priced[0].leg].quantity.instrument, amount)

    def _text(self, instrument: str, amount: int) -> str:
        return format_amount(amount, self._ledger.directory.instrument(instrument).decimals)


def _same(name: str, actual: object, expected: object) -> CheckReport:
    ok = actual == expected
    return CheckReport(name=name, ok=ok, detail="" if ok else f"found {actual!r}, expected {expected!r}")
