"""A bond held by a custodian for three clients, and directly: what the tests of client books start from."""

from __future__ import annotations

NORTH, BOND, CASH = "north-custody", "bond", "cash"

HEAD = """\
scenario: two-tiers
title: A bond held through a custodian and directly
start: 2024-01-15T09:00:00+08:00
parties:
  authority: {name: Authority, roles: [central-bank]}
  bank: {name: Bank, roles: [bank]}
  government: {name: Government, roles: [issuer]}
  north-custody: {name: North Custody, roles: [custodian]}
  direct: {name: Direct Holder, roles: [investor]}
instruments:
  wholesale: {kind: wholesale-cbdc, issuer: authority, currency: HKD, decimals: 2, accounts: [bank]}
  cash:
    kind: tokenized-deposit
    issuer: bank
    currency: HKD
    decimals: 2
    reserve: wholesale
    accounts: [government, north-custody, direct]
  other: {kind: tokenized-deposit, issuer: bank, currency: HKD, decimals: 2, reserve: wholesale}
  usd-wholesale: {kind: wholesale-cbdc, issuer: authority, currency: USD, decimals: 2}
  usd: {kind: tokenized-deposit, issuer: bank, currency: USD, decimals: 2, reserve: usd-wholesale}
  bond:
    kind: green-bond
    issuer: government
    isin: HK0FICT20231
    currency: HKD
    nominal: "1,000,000"
    minimum_denomination: "1"
    increment: "1"
    coupon: 4.05%
    day_count: ACT/365F
    frequency: "2"
    issue_date: 2024-01-15
    maturity_date: 2025-01-15
    repayments: [{day: 2024-07-15, fraction: 33.3333%}]
    paying_agent: {party: bond-agent, cash: cash, operator: bank}
    framework: {uri: "https://x.example", document: text}
steps:
"""

BOOKED = """\
  - book_clients:
      custodian: north-custody
      instrument: bond
      reference: C-1
      amounts: {client-a: "100,003", client-b: "200,017", client-c: "399,981"}
"""

ISSUED = f"""\
  - issue: {{instrument: bond, amount: "1,000,000"}}
  - transfer: {{from: government, to: north-custody, instrument: bond, amount: "700,001"}}
  - transfer: {{from: government, to: direct, instrument: bond, amount: "299,999"}}
  - elect: {{bond: bond, accounts: {{north-custody: cash, direct: cash}}}}
{BOOKED}"""

FIRST_PAYMENTS = """\
  # The record day is Friday the 12th: its last second counts, and the next one not any more.
  - advance: {to: 2024-07-12T23:59:59+08:00}
  - book_clients:
      {custodian: north-custody, instrument: bond, reference: C-2, amounts: {client-a: -3, client-b: "3"}}
  - advance: {to: 2024-07-13T00:00:00+08:00}
  - book_clients:
      {custodian: north-custody, instrument: bond, reference: C-3, amounts: {client-b: "-200,020", client-c: "200,020"}}
  - advance: {to: 2024-07-15T09:00:00+08:00}
  - issue: {instrument: cash, to: bond-agent, amount: "2,000,000.00", reference: FUNDING}
  - pay: {bond: bond, what: coupon}
  - pay: {bond: bond, what: repayment}
"""

PASSED_ON = """\
  - pass_on: {custodian: north-custody, bond: bond, what: coupon, instrument: cash}
  - pass_on: {custodian: north-custody, bond: bond, what: repayment, instrument: cash}
"""

MATURITY = """\
  - advance: {to: 2025-01-15T09:00:00+08:00}
  - pay: {bond: bond, what: coupon, number: "2"}
  - pay: {bond: bond, what: redemption}
  - pass_on: {custodian: north-custody, bond: bond, what: coupon, number: "2", instrument: cash}
  - pass_on: {custodian: north-custody, bond: bond, what: redemption, instrument: cash}
"""
