"""Every fault in a scenario file: its line, its field, and what the sentence says."""

from __future__ import annotations

from pathlib import Path

import pytest

from settlement.errors import InputError
from settlement.scenarios.load import load_scenario, parse_scenario

GOOD = """\
scenario: small
title: A small one
start: 2025-11-13T09:00:00+08:00
parties:
  authority: {name: Authority, roles: [central-bank]}
  bank-amber: {name: Amber Bank, roles: [bank]}
  bank-jade: {name: Jade Bank, roles: [bank]}
  acme: {name: Acme, roles: [corporate]}
  bond-issuer: {name: Issuer, roles: [issuer]}
  carrier: {name: Carrier, roles: [carrier]}
  outsider: {name: Outsider, roles: []}
instruments:
  wholesale: {kind: wholesale-cbdc, issuer: authority, currency: HKD, decimals: 2, accounts: [bank-amber]}
  usd-cash: {kind: wholesale-cbdc, issuer: authority, currency: USD, decimals: 2}
  amber: {kind: tokenized-deposit, issuer: bank-amber, currency: HKD, decimals: 2, reserve: wholesale, accounts: [acme]}
  jade: {kind: tokenized-deposit, issuer: bank-jade, currency: HKD, decimals: 2, reserve: wholesale}
  jade-usd: {kind: tokenized-deposit, issuer: bank-jade, currency: USD, decimals: 2, reserve: usd-cash}
  bond:
    kind: green-bond
    issuer: bond-issuer
    isin: US0378331005
    currency: HKD
    nominal: "800,000,000"
    minimum_denomination: 1000000
    increment: 500000
    coupon: 4.05%
    day_count: ACT/365F
    issue_date: 2023-02-16
    maturity_date: 2024-02-16
    framework: {uri: "https://x.example", document: text}
    use_of_proceeds: [clean-transportation]
    disclosures: [{kind: allocation-report, due: 2023-03-01, by: acme},{kind: impact-report, due: 2024-03-01, by: acme}]
  bills: {kind: bill-of-lading, issuer: carrier}
steps:
  - issue: {instrument: amber, to: acme, amount: 3800000.00, reference: A1}
  - name: pay
    settle:
      id: pay
      legs:
        - {from: acme, to: acme, instrument: amber, to_instrument: jade, amount: "1.00"}
    expect: {positions: {acme: {amber: "0.00"}}}
  - place: {bond: bond, crowd: holder, nominals: ["1,000,000"]}
  - attest: {bond: bond, disclosure: 2, document: "a report", uri: "https://x.example/report"}
crowds:
  holder: {count: 3, roles: [investor], accounts: [amber]}
"""

PRICED = "priced: {bond: bond, nominal: 1000000, clean_price: 99.80, settlement_date: %s}}"

# What replaces what; the line, the field, and a part of the sentence.
FAULTS = [
    ("title: A small one", "titel: A small one", 2, "titel", "did you mean 'title'"),
    ("title: A small one\n", "", 1, "title", "field 'title' is missing"),
    ("scenario: small", "scenario: Small One", 1, "scenario", "'Small One'"),
    ("+08:00", "", 3, "start", "offset from UTC"),
    ("2025-11-13T", "2025-13-13T", 3, "start", "is not a time"),
    ("2025-11-13T", "1925-11-13T", 3, "start", "before 1970"),
    (
        "roles: [central-bank]",
        "roles: [centralbank]",
        5,
        "parties.authority.roles[0]",
        "did you mean 'central-bank'",
    ),
    ("roles: [corporate]", "roles: corporate", 8, "parties.acme.roles", "has to be a list"),
    ("{name: Acme, roles", "{name: [Acme], roles", 8, "parties.acme.name", "has to be text, not a list"),
    (
        "name: Acme,",
        'name: Acme, address: "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed",',
        8,
        "parties.acme.address",
        "it is 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    ),
    ("name: Acme,", 'name: Acme, address: "0x12",', 8, "parties.acme.address", "40 hexadecimal digits"),
    ("  acme:", "  Acme Ltd:", 8, "parties.Acme Ltd", "'Acme Ltd'"),
    ("  acme:", "  none:", 8, "parties.none", "may be called none"),
    ("kind: bill-of-lading", "kind: bill", 33, "instruments.bills", "'bill' is not allowed here"),
    ("{kind: bill-of-lading, issuer", "{issuer", 33, "instruments.bills", "field 'kind' is missing"),
    ("decimals: 2, accounts", "decimals: two, accounts", 13, "instruments.wholesale.decimals", "'two'"),
    ("decimals: 2, accounts", "decimals: 19, accounts", 13, "instruments.wholesale.decimals", "at most 18"),
    ("[bank-amber]", "[bank-ambr]", 13, "instruments.wholesale.accounts[0]", "did you mean 'bank-amber'"),
    ("[bank-amber]", "[acme]", 13, "instruments.wholesale.accounts[0]", "only banks and issuers hold wholesale money"),
    ("accounts: [acme]", "accounts: [outsider]", 15, "instruments.amber.accounts[0]", "not admitted"),
    ("accounts: [acme]", "accounts: [acme, acme]", 15, "instruments.amber.accounts[1]", "twice"),
    ("issuer: bank-amber", "issuer: acme", 15, "instruments.amber.issuer", "needs the role bank"),
    ("reserve: wholesale, acc", "reserve: bills, acc", 15, "instruments.amber.reserve", "unknown"),
    ("reserve: wholesale, acc", "reserve: usd-cash, acc", 15, "instruments.amber.reserve", "in USD"),
    (
        "reserve: wholesale, acc",
        'reserve: wholesale, mandate: {limit_per_payment: {acme: "1"}, limit_per_day: "1"}, acc',
        15,
        "instruments.amber.mandate.limit_per_payment.acme",
        "a mandate names banks",
    ),
    ("US0378331005", "US0378331004", 21, "instruments.bond.isin", "the check digit is 5"),
    ('"800,000,000"', '"800,000,00"', 23, "instruments.bond.nominal", "not a decimal number"),
    ("increment: 500000", "increment: 300000", 24, "instruments.bond.minimum_denomination", "no multiple"),
    ("coupon: 4.05%", "coupon: 4.05", 26, "instruments.bond.coupon", "not a percentage"),
    ("coupon: 4.05%", "coupon: 4.05001%", 26, "instruments.bond.coupon", "more than four decimals"),
    ("coupon: 4.05%", "coupon: 101%", 26, "instruments.bond.coupon", "above 100%"),
    ("ACT/365F", "ACT/364", 27, "instruments.bond.day_count", "Allowed: 30/360"),
    ("2023-02-16", "2023-02-30", 28, "instruments.bond.issue_date", "is not a date"),
    ("2024-02-16", "2023-02-16", 29, "instruments.bond.maturity_date", "is not after the issue on"),
    ("amount: 3800000.00", "amount: 3800000.001", 35, "steps[0].issue.amount", "has 3 decimals"),
    ("amount: 3800000.00", "amount: 3.8e6", 35, "steps[0].issue.amount", "not a decimal number"),
    ("amount: 3800000.00", "amount: -1", 35, "steps[0].issue.amount", "negative"),
    ("amount: 3800000.00", "amount: 0", 35, "steps[0].issue.amount", "zero"),
    (", reference: A1", "", 35, "steps[0].issue", "'reference' is missing"),
    ("- issue:", "- isue:", 35, "steps[0].isue", "did you mean 'issue'"),
    ("- name: pay\n", "- name: pay\n    cancel: {id: x}\n", 36, "steps[1]", "exactly one action"),
    (
        "{instrument: amber, to: acme",
        "{instrument: ambre, to: acme",
        35,
        "steps[0].issue.instrument",
        "'amber'",
    ),
    (
        "{instrument: amber, to: acme",
        "{instrument: bills, to: acme",
        35,
        "steps[0].issue.instrument",
        "needs money",
    ),
    (
        "[clean-transportation]",
        "[clean-transport]",
        31,
        "instruments.bond.use_of_proceeds[0]",
        "'clean-transportation'",
    ),
    ("    use_of_proceeds: [clean-transportation]\n", "", 18, "instruments.bond", "field 'use_of_proceeds' is missing"),
    ("2023-03-01, by: acme", "2023-03-01, by: ame", 32, "instruments.bond.disclosures[0].by", "did you mean 'acme'"),
    ("2023-03-01, by: acme", "2023-03-01, by: outsider", 32, "instruments.bond.disclosures[0].by", "cannot attest"),
    ("allocation-report", "external-review", 32, "instruments.bond.disclosures[0].by", "the role external-reviewer"),
    (
        "allocation-report, due: 2023-03-01, by: acme",
        "external-review, due: 2023-03-01, by: bond-issuer",
        32,
        "instruments.bond.disclosures[0].by",
        "somebody else's",
    ),
    ("disclosure: 2, ", "disclosure: 3, ", 43, "steps[3].attest.disclosure", "allowed: 1 to 2"),
    ('document: "a report"', 'document: ""', 43, "steps[3].attest.document", "not empty"),
    (
        'amount: "1.00"}',
        PRICED % "2023-05-16",
        40,
        "steps[1].settle.legs[0].priced.settlement_date",
        "is over: the clock",
    ),
    ("count: 3,", "count: 0,", 45, "crowds.holder.count", "allowed: 1 to 20,000"),
    ("[investor], acc", "[investor, investor], acc", 45, "crowds.holder.roles", "a role is there twice"),
    ("accounts: [amber]}", "accounts: [wholesale]}", 45, "crowds.holder.accounts[0]", "needs a tokenized-deposit"),
    ("  holder: {count", "  acme: {count", 45, "crowds.acme", "acme is a party already"),
    ("crowd: holder", "crowd: holders", 42, "steps[2].place.crowd", "did you mean 'holder'"),
    ('["1,000,000"]', '["1,000,001"]', 42, "steps[2].place.nominals[0]", "is no holding of bond"),
    ('["1,000,000"]', '["800,000,000"]', 42, "steps[2].place.nominals", "the terms allow 800,000,000"),
    ("from: acme", "from: amce", 40, "steps[1].settle.legs[0].from", "did you mean 'acme'"),
    (
        "to_instrument: jade,",
        "to_instrument: jade-usd,",
        40,
        "steps[1].settle.legs[0].to_instrument",
        "one currency",
    ),
    (
        "to_instrument: jade,",
        "to_instrument: amber,",
        40,
        "steps[1].settle.legs[0].to_instrument",
        "leave it out",
    ),
    (
        'amount: "1.00"}',
        PRICED % "2024-02-17",
        40,
        "steps[1].settle.legs[0].priced.settlement_date",
        "maturity",
    ),
    (
        'amount: "1.00"}',
        PRICED % "2023-02-15",
        40,
        "steps[1].settle.legs[0].priced.settlement_date",
        "before",
    ),
    ('amount: "1.00"}', "}", 40, "steps[1].settle.legs[0]", "none of them"),
    ('amount: "1.00"}', 'amount: "1.00", title: X}', 40, "steps[1].settle.legs[0]", "amount and title"),
    (
        'jade, amount: "1.00"}',
        "jade, title: X}",
        40,
        "steps[1].settle.legs[0].instrument",
        "needs a bill-of-lading",
    ),
    (
        "      id: pay\n",
        "      id: pay\n      deadline: 2025-11-12T09:00:00+08:00\n",
        39,
        "steps[1].settle.deadline",
        "before the first moment",
    ),
    (
        "      id: pay\n",
        "      id: pay\n      consents: [acm]\n",
        39,
        "steps[1].settle.consents[0]",
        "'acme'",
    ),
    (
        "      id: pay\n",
        "      id: pay\n      signed_by: {carrier: acme}\n",
        39,
        "steps[1].settle.signed_by.carrier",
        "gives no consent",
    ),
    (
        "      id: pay\n",
        '      id: pay\n      altered: {leg: 1, amount: "2"}\n',
        39,
        "steps[1].settle.altered.leg",
        "no leg 1",
    ),
    (
        "  - name: pay\n",
        "  - replay: {id: pya}\n  - name: pay\n",
        36,
        "steps[1].replay.id",
        "not been instructed",
    ),
    (
        "  - name: pay\n",
        "  - settle: {id: pya}\n  - name: pay\n",
        36,
        "steps[1].settle.id",
        "not been instructed",
    ),
    (
        "  - name: pay\n",
        "  - advance: {to: 2025-11-13T09:00:00+08:00}\n  - name: pay\n",
        36,
        "steps[1].advance.to",
        "only goes forward",
    ),
    ("expect: {pos", "expect: {refused: nonsense, pos", 41, "steps[1].expect.refused", "'nonsense'"),
    ("expect: {pos", "expect: {failed: {pay: A_B}, pos", 41, "steps[1].expect.failed", "each-for-itself"),
    ("expect: {pos", "expect: {unchanged: maybe, pos", 41, "steps[1].expect.unchanged", "'maybe'"),
    ("expect: {pos", "expect: {status: {pay: done}, pos", 41, "steps[1].expect.status.pay", "'done'"),
    ("expect: {pos", 'expect: {cash: {pay: "1"}, pos', 41, "steps[1].expect.cash.pay", "no priced leg"),
    ("{acme: {amber:", "{acme: {ambr:", 41, "steps[1].expect.positions.acme.ambr", "did you mean 'amber'"),
    ("{acme: {amber:", "{acme: {amber: 1, amber:", 41, "steps[1].expect.positions.acme.amber", "there twice"),
    ("title: A small one", "title: &a A small one", 2, "title", "anchors"),
    ("title: A small one", "title: *a", 2, "title", "aliases"),
    ("title: A small one", "title: !!python/none x", 2, "title", "tags"),
    ("title: A small one", 'title: "\\0"', 2, "title", "control characters"),
    ("title: A small one", 'title: "\\u202e"', 2, "title", "direction"),
    ("title: A small one", "title: {", None, None, "not YAML"),
    ("steps:", "---\nsteps:", 34, None, "more than one YAML document"),
    ("steps:", "steps: []\nnothing:", 35, "nothing", "unknown"),
]


@pytest.mark.parametrize(("old", "new", "line", "field", "fragment"), FAULTS)
def test_a_fault_is_placed_and_explained(
    old: str, new: str, line: int | None, field: str | None, fragment: str
) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        parse_scenario(GOOD.replace(old, new, 1).encode(), "small.yaml")
    location = caught.value.location
    assert location is not None
    assert fragment in caught.value.problem
    assert location.file == "small.yaml"
    if line is not None:
        assert (location.line, location.field) == (line, field)


def test_without_a_fault_it_loads() -> None:
    assert parse_scenario(GOOD.encode(), "small.yaml").name == "small"


@pytest.mark.parametrize(
    ("data", "fragment"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"# only a comment\n", "empty"),
        (b"a: \xff\xfe", "not UTF-8"),
        (b"just text", "a mapping"),
        (b"- a\n- b\n", "a mapping"),
        (b"x" * (1024 * 1024 + 1), "larger than"),
        (b"a: " + b"[" * 5000, "nested deeper"),
        (b"? [a]\n: b\n", "plain text"),
        (b'a: "\\ud800"', "surrogate"),
        (b"a: \x01", "not YAML"),
    ],
)
def test_what_is_no_scenario_at_all_is_refused(data: bytes, fragment: str) -> None:
    with pytest.raises(InputError, match=fragment):
        parse_scenario(data, "x.yaml")


@pytest.mark.parametrize("name", ["no-such.yaml", "nul\0.yaml", "interbank-transfre", ""])
def test_what_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"no such file|cannot be read|neither a file nor"):
        load_scenario(name)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_scenario(tmp_path)
