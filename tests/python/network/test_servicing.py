"""Bonds on a real chain: the contract and Python agree on every integer, and a coupon reaches everybody once."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from settlement import Refused
from settlement.app.servicing import GAS_PER_HOLDER_MAX, measure_coupon
from settlement.domain import acts
from settlement.domain.bonds.entries import DayCount, day_number
from settlement.domain.bonds.interest import accrued_interest_half_up
from settlement.domain.bonds.schedule import date_of, schedule
from settlement.domain.bonds.terms import BondTerms, FixedCoupon, FloatingCoupon, PrincipalRepayment
from settlement.domain.quantity import Quantity
from settlement.flow.desk import perform

BONDS_PER_DAY_COUNT = 4
DAYS_PER_BOND = 12


def by_chance(day_count: DayCount, chance: random.Random) -> BondTerms:
    """Terms with a stub more often than not, and sometimes a repayment."""
    issued = date(2020, 1, 1) + timedelta(days=chance.randrange(2_000))
    frequency = chance.choice([0, 1, 2, 4])
    terms = BondTerms(
        isin="HK0FICT20231",
        currency="HKD",
        nominal=10**9,
        minimum_denomination=1,
        increment=1,
        coupon=FixedCoupon(rate_millionths=chance.randrange(1, 120_000)),
        day_count=day_count,
        frequency=frequency,
        issue_date=issued,
        maturity_date=issued + timedelta(days=chance.randrange(200, 2_500)),
    )
    coupons = schedule(terms).coupons
    if len(coupons) < 3:
        return terms
    day = date_of(coupons[1].end_day)
    return terms.model_copy(update={"repayments": (PrincipalRepayment(day=day, fraction_millionths=333_333),)})


def create(network, name, terms, **more):
    plan = schedule(terms)
    act = acts.CreateGreenBond(
        instrument=name,
        issuer="issuer",
        isin=terms.isin,
        currency=terms.currency,
        nominal=terms.nominal,
        minimum_denomination=terms.minimum_denomination,
        increment=terms.increment,
        day_count=terms.day_count,
        frequency=max(1, terms.frequency),
        utc_offset_seconds=0,
        coupons=plan.coupons,
        repayments=plan.repayments,
        terms_hash=terms.hash,
        framework_hash="0x" + "00" * 32,
        framework_uri="",
        **more,
    )
    perform(network.desk, act)
    return plan


@pytest.mark.parametrize("day_count", DayCount)
def test_contract_and_python_agree_on_every_accrual(market, day_count):
    chance = random.Random(str(day_count))
    for number in range(BONDS_PER_DAY_COUNT):
        terms, name = by_chance(day_count, chance), f"bond-{number}"
        plan = create(market.network, name, terms)
        assert market.network.ledger.bond_terms(name).schedule == plan, "the chain keeps the schedule as it is"
        life = (terms.maturity_date - terms.issue_date).days
        for _ in range(DAYS_PER_BOND):
            day = terms.issue_date + timedelta(days=chance.randrange(-5, life + 30))
            nominal = chance.randrange(1, 10**9)
            ours = accrued_interest_half_up(plan, day_count, terms.frequency, nominal * 100, day)
            quantity = Quantity(instrument=name, amount=nominal)
            theirs = market.network.ledger.accrued_interest(quantity, day_number(day) * 86_400)
            assert theirs == ours, f"{terms}, {day}, {nominal}"


def test_a_fixing_is_recorded_once_by_the_calculation_agent(market):
    terms = by_chance(DayCount.ACT_360, random.Random(1)).model_copy(
        update={"coupon": FloatingCoupon(index="HONIA"), "repayments": ()}
    )
    create(market.network, "floater", terms, calculation_agent="bank-amber")
    fixing = acts.RecordFixing(instrument="floater", by="bank-amber", coupon=0, rate_millionths=31_000, source="HONIA")
    with pytest.raises(Refused, match="is not the calculation agent"):
        perform(market.network.desk, fixing.model_copy(update={"by": "bank-jade"}))
    perform(market.network.desk, fixing)
    assert market.network.ledger.bond_terms("floater").schedule.coupons[0].rate_millionths == 31_000
    with pytest.raises(Refused, match="is fixed already"):
        perform(market.network.desk, fixing)


def test_a_coupon_reaches_every_holder_at_four_banks_once_though_it_is_interrupted():
    figures = measure_coupon(holders=90, page=20)
    assert figures["adds_up"], figures
    assert figures["frozen"] == 3
    assert figures["transactions"] == 6, "one that opens it, and pages of twenty of ninety-two who ever held"
    assert figures["gas_per_holder"] <= GAS_PER_HOLDER_MAX
