"""A coupon for thousands of holders, measured: gas for each, time for all, and that it adds up.

Conditions: holders at four banks in equal parts, whose accounts have never been used; three of them frozen; the
payments interrupted in the middle and gone on with by a second orchestrator that knows only the chain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from settlement.app import connect, deploy_on
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.domain import acts
from settlement.domain.bonds.calendars import Calendar
from settlement.domain.bonds.entries import DayCount
from settlement.domain.bonds.interest import interest_fraction, times_half_up
from settlement.domain.bonds.schedule import schedule
from settlement.domain.bonds.terms import BondTerms, FixedCoupon
from settlement.domain.quantity import Quantity, decimal_text
from settlement.flow.crowds import admit_crowd, elect_accounts, place
from settlement.flow.desk import perform
from settlement.flow.network import HONG_KONG_UTC_OFFSET_SECONDS, Network
from settlement.flow.servicing import pay_distribution

BANKS = ("amber", "jade", "cobalt", "pearl")
GAS_PER_HOLDER_MAX = 60_000
"""The most gas a holder that this project allows itself."""
SECONDS_MAX = 30.0
FROZEN = 3
BOND, AGENT = "stress-bond", "stress-bond-agent"

_ISSUED = date(2024, 2, 7)
_BEGINS = 1_707_235_200  # the day before, in UTC
_NOMINALS = (1_000_000, 1_500_000, 2_500_000)


def measure_coupon(holders: int, page: int, on_progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Issues a bond to so many holders, pays them a coupon, and says what it took.

    Args:
        holders: How many.
        page: How many are looked at in a transaction.
        on_progress: Told what goes on.

    Raises:
        ChainUnreachable: the chain could not be started.
        Refused: something is broken.
    """
    with AnvilNode(NodeSettings(timestamp=_BEGINS)) as node:
        deployment = deploy_on(node.url)
        network = connect(node.url, deployment=deployment, label="servicing")
        nominals = {f"holder-{number:05}": _NOMINALS[number % len(_NOMINALS)] for number in range(holders)}
        terms = _set_up(network, nominals, on_progress)
        due = _fund(network, terms, sum(nominals.values()))
        frozen = list(nominals)[:: max(1, holders // FROZEN)][:FROZEN]
        for holder in frozen:
            perform(network.desk, acts.ChangePartyStatus(party=holder, change="freeze"))
        began = time.monotonic()
        on_progress(f"paying {holders:,} holders")
        half = max(1, holders // page // 2)
        _, first = pay_distribution(network.desk, AGENT, "government", "coupon", 0, page, half)
        on_progress("interrupted; another orchestrator goes on from the chain")
        again = connect(node.url, deployment=deployment, directory=network.ledger.directory, label="servicing")
        state, rest = pay_distribution(again.desk, AGENT, "government", "coupon", 0, page)
        seconds = time.monotonic() - began
        gas = sum(receipt.gas_used for receipt in (*first, *rest))
        return {
            "holders": holders,
            "page": page,
            "transactions": len(first) + len(rest),
            "gas_per_holder": round(gas / holders),
            "seconds": round(seconds, 2),
            "holders_per_s": round(holders / seconds),
            "frozen": len(frozen),
            "due": decimal_text(state.due, 2),
            "paid": decimal_text(state.paid, 2),
            "set_aside": decimal_text(state.set_aside, 2),
            "adds_up": state.is_complete and state.paid + state.set_aside == state.due == due,
            "within_budget": gas / holders <= GAS_PER_HOLDER_MAX and seconds < SECONDS_MAX,
        }


def _set_up(network: Network, nominals: Mapping[str, int], say: Callable[[str], None]) -> BondTerms:
    say("setting up four banks and a bond")
    network.admit("authority", "central-bank")
    network.admit("government", "issuer")
    banks = [f"bank-{bank}" for bank in BANKS]
    for bank in banks:
        network.admit(bank, "bank")
    network.create_wholesale_cbdc("wholesale-hkd", "authority", accounts=banks)
    for bank in BANKS:
        accounts = ["government"] if bank == BANKS[0] else []
        network.create_tokenized_deposit(f"{bank}-hkd", f"bank-{bank}", "wholesale-hkd", accounts=accounts)
    others = dict.fromkeys(banks[1:], "10,000,000.00")
    network.set_mandate(f"{BANKS[0]}-hkd", others, "100,000,000,000.00")
    network.issue("wholesale-hkd", banks[0], "100,000,000,000.00")
    terms = _create_bond(network, sum(nominals.values()))
    _place(network, nominals, say)
    return terms


def _create_bond(network: Network, nominal: int) -> BondTerms:
    terms = BondTerms(
        isin="HK0FICT20231",
        currency="HKD",
        nominal=nominal,
        minimum_denomination=1_000_000,
        increment=500_000,
        coupon=FixedCoupon(rate_millionths=38_000),
        day_count=DayCount.ACT_365F,
        frequency=2,
        issue_date=_ISSUED,
        maturity_date=date(2026, 2, 7),
        calendars=(Calendar.HK,),
    )
    plan = schedule(terms)
    perform(
        network.desk,
        acts.CreateGreenBond(
            instrument=BOND,
            issuer="government",
            isin=terms.isin,
            currency=terms.currency,
            nominal=nominal,
            minimum_denomination=terms.minimum_denomination,
            increment=terms.increment,
            day_count=terms.day_count,
            frequency=2,
            utc_offset_seconds=HONG_KONG_UTC_OFFSET_SECONDS,
            coupons=plan.coupons,
            terms_hash=terms.hash,
            framework_hash="0x" + "00" * 32,
            framework_uri="",
        ),
    )
    perform(network.desk, acts.AdmitInstrument(instrument=BOND))
    network.set_up_paying_agent(
        acts.CreatePayingAgent(party=AGENT, bond=BOND, cash=f"{BANKS[0]}-hkd", operator=f"bank-{BANKS[0]}")
    )
    return terms


def _place(network: Network, nominals: Mapping[str, int], say: Callable[[str], None]) -> None:
    """Admits the holders, opens and notes their accounts, and delivers the bond to them."""
    say(f"admitting {len(nominals):,} holders and opening their accounts")
    accounts = {holder: f"{BANKS[number % len(BANKS)]}-hkd" for number, holder in enumerate(nominals)}
    admit_crowd(network.desk, list(nominals), ("investor",), accounts)
    elect_accounts(network.desk, AGENT, f"bank-{BANKS[0]}", accounts)
    say("delivering the bond")
    whole = Quantity(instrument=BOND, amount=sum(nominals.values()))
    place(network.desk, "government", acts.AllocateBond(quantity=whole, allocation_hash="0x" + "00" * 32), nominals)
    perform(network.desk, acts.OpenBond(instrument=BOND))


def _fund(network: Network, terms: BondTerms, nominal: int) -> int:
    """Goes to the payment day with the money for the first coupon in the paying agent's account; what is due."""
    plan = schedule(terms)
    due = times_half_up(nominal * 100, *interest_fraction(plan, terms.day_count, terms.frequency, 0))
    network.issue_quantity(Quantity(instrument=f"{BANKS[0]}-hkd", amount=due), AGENT)
    network.ledger.advance_to(plan.coupons[0].payment_day * 86_400 - HONG_KONG_UTC_OFFSET_SECONDS)
    return due
