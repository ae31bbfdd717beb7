"""A floating coupon: fixed in time, fixed late with the reason, and never paid before it is fixed."""

from __future__ import annotations

import pytest

from settlement.app.running import run_scenario
from settlement.errors import InputError
from settlement.scenarios.load import parse_scenario

FIX = """\
  - fix: {bond: floater, coupon: "1", rate: 4.05%, source: "HONIA 3.80% and 0.25%"}
"""

TEXT = """\
scenario: floater
title: A floating coupon
start: 2023-02-15T09:00:00+08:00
parties:
  authority: {name: Authority, roles: [central-bank]}
  bank-amber: {name: Amber Bank, roles: [bank]}
  government: {name: Government, roles: [issuer]}
  fund: {name: Fund, roles: [investor]}
instruments:
  wholesale: {kind: wholesale-cbdc, issuer: authority, currency: HKD, decimals: 2, accounts: [bank-amber]}
  amber:
    kind: tokenized-deposit
    issuer: bank-amber
    currency: HKD
    decimals: 2
    reserve: wholesale
    accounts: [fund]
  floater:
    kind: green-bond
    issuer: government
    isin: HK0FICT20231
    currency: HKD
    nominal: "800,000,000"
    minimum_denomination: "1,000,000"
    increment: "500,000"
    coupon: {index: HONIA, spread: 0.25%, lookback_days: 5, calculation_agent: bank-amber}
    day_count: ACT/365F
    frequency: "2"
    issue_date: 2023-02-16
    maturity_date: 2024-02-16
    calendars: [HK]
    paying_agent: {party: agent, cash: amber, operator: bank-amber}
    framework: {uri: "https://x.example", document: text}
steps:
  - issue: {instrument: floater, amount: "800,000,000"}
  - transfer: {from: government, to: fund, instrument: floater, amount: "800,000,000"}
  - elect: {bond: floater, accounts: {fund: amber}}
  - issue: {instrument: amber, to: agent, amount: "16,066,849.32", reference: COUPON-1}
  - advance: {to: 2023-08-16T10:00:00+08:00}
  - name: the coupon
    pay: {bond: floater, what: coupon}
"""


def floating(*steps: str) -> bytes:
    """The floater, with steps before its payment day."""
    return TEXT.replace(ADVANCE, "".join(steps) + ADVANCE).encode()


ADVANCE = "  - advance: {to: 2023-08-16"


def test_a_coupon_is_not_paid_before_it_is_fixed():
    report = run_scenario(parse_scenario(floating(), "floater.yaml"), chain="own")
    assert {step.name: step.refused for step in report.steps if step.refused} == {
        "the coupon": ("GreenBond_FixingMissing",)
    }


def test_a_fixing_in_time_pays_what_a_fixed_coupon_of_the_rate_would():
    text = floating("  - advance: {to: 2023-08-08T18:00:00+08:00}\n", FIX)
    report = run_scenario(parse_scenario(text, "floater.yaml"), chain="own")
    assert [check for check in report.checks if not check.ok] == []
    assert report.positions["fund"] == {"amber": "16066849.32", "floater": "800000000"}


@pytest.mark.parametrize(
    ("day", "fix", "sentence"),
    [
        ("2023-08-10", FIX, "was to be fixed by 2023-08-09: say why it is late"),
        ("2023-08-08", FIX.replace("source:", "late_because: holiday, source:"), "so it is in time"),
        ("2023-08-08", FIX.replace("4.05%", "-0.05%"), "a coupon is not paid by its holder"),
        ("2023-08-08", FIX.replace('"1"', '"3"'), "allowed: 1 to 2"),
    ],
)
def test_a_fixing_that_is_late_or_wrong_is_refused(day, fix, sentence):
    text = floating(f"  - advance: {{to: {day}T18:00:00+08:00}}\n", fix)
    with pytest.raises(InputError, match=sentence):
        parse_scenario(text, "floater.yaml")


def test_a_late_fixing_says_why_and_is_paid_all_the_same():
    late = FIX.replace("source:", "late_because: the index came late, source:")
    text = floating("  - advance: {to: 2023-08-14T18:00:00+08:00}\n", late)
    report = run_scenario(parse_scenario(text, "floater.yaml"), chain="own")
    assert [check for check in report.checks if not check.ok] == []
