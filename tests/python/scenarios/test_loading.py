"""What a loaded scenario holds, and that no text whatever makes the loader raise anything but InputError."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.domain import acts
from settlement.errors import InputError
from settlement.scenarios.language import Perform, SettleStep
from settlement.scenarios.load import LIBRARY, load_scenario, parse_scenario, shipped_scenarios

SHIPPED = {path.stem: path.read_text(encoding="utf-8") for path in sorted(LIBRARY.glob("*.yaml"))}

HEAD = """\
scenario: small
title: A small one
start: 2025-11-13T09:00:00+08:00
parties:
  authority: {name: Authority, roles: [central-bank]}
  bank: {name: Bank, roles: [bank]}
  acme: {name: Acme, roles: [corporate]}
  lotus: {name: Lotus, roles: [corporate]}
  carrier: {name: Carrier, roles: [carrier]}
instruments:
  cash:
    {kind: tokenized-deposit, issuer: bank, currency: HKD, decimals: 2, reserve: wholesale, accounts: [acme]}
  wholesale: {kind: wholesale-cbdc, issuer: authority, currency: HKD, decimals: 2}
  bills: {kind: bill-of-lading, issuer: carrier}
steps:
"""


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_scenario_has_its_files_name_and_is_listed_as_what_it_says(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario == load_scenario(LIBRARY / f"{name}.yaml")
    (listed,) = (each for each in shipped_scenarios() if each.name == name)
    assert (listed.title, listed.is_crowded) == (scenario.title, bool(scenario.crowds))


def test_the_library_is_listed() -> None:
    names = [summary.name for summary in shipped_scenarios()]
    assert names == [
        "bond-stress",
        "ebl-amend-and-switch",
        "ebl-collection",
        "ebl-disputes",
        "ebl-dvp",
        "ebl-financed-import",
        "ebl-letter-of-credit",
        "ebl-string-sale",
        "failures",
        "green-bond-2023",
        "hksar-2023",
        "hksar-2024",
        "hksar-2025",
        "interbank-transfer",
    ]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("3800000.00", 380_000_000),
        ('"3,800,000"', 380_000_000),
        ("0.1", 10),
        ("0.30", 30),
        ("9007199254740993.01", 900719925474099301),
    ],
)
def test_unquoted_amounts_are_exact(written: str, amount: int) -> None:
    step = f"  - issue: {{instrument: cash, to: acme, amount: {written}, reference: A}}\n"
    action = parse_scenario((HEAD + step).encode(), "x.yaml").steps[0].action
    assert isinstance(action, Perform)
    assert isinstance(action.act, acts.IssueMoney)
    assert action.act.quantity.amount == amount


def test_reserves_come_before_deposits() -> None:
    step = "  - issue: {instrument: cash, to: acme, amount: 1, reference: A}\n"
    assert next(iter(parse_scenario((HEAD + step).encode(), "x.yaml").instruments)) == "wholesale"


def test_defaults_of_an_order() -> None:
    steps = """\
  - issue_bill: {instrument: bills, to: acme, reference: B1, document: a document}
  - advance: {to: 2025-11-14T09:00:00+08:00}
  - settle:
      id: trade
      legs:
        - {from: acme, to: lotus, instrument: bills, title: B1}
"""
    scenario = parse_scenario((HEAD + steps).encode(), "x.yaml")
    action = scenario.steps[2].action
    assert isinstance(action, SettleStep)
    order = action.submission.order
    assert order.consents == ("acme", "lotus"), "the giver, and the receiver of the title"
    assert order.not_before == scenario.start + 86_400, "when the step is reached"
    assert order.deadline == order.not_before + 86_400
    assert scenario.orders() == (order,)
    assert scenario.senders() == {"authority", "bank", "carrier"}


def test_the_2023_bond_has_its_published_terms() -> None:
    create = load_scenario("green-bond-2023").instruments["hk-green-2023"].create
    assert isinstance(create, acts.CreateGreenBond)
    assert (create.nominal, create.minimum_denomination, create.increment) == (
        800_000_000,
        1_000_000,
        500_000,
    )
    (coupon,) = create.coupons
    assert coupon.rate_millionths == 40_500
    assert coupon.end_day - coupon.start_day == 365


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_priced_leg_costs_what_the_scenario_expects(name: str) -> None:
    scenario = load_scenario(name)
    priced = {order.id: order.priced for order in scenario.orders()}
    for step in scenario.steps:
        for order_id, cash in step.expect.cash.items():
            assert sum(leg.trade.cash for leg in priced[order_id]) == cash
        for order_id, interest in step.expect.accrued_interest.items():
            assert sum(leg.trade.accrued_interest for leg in priced[order_id]) == interest


# ---- nothing but InputError -------------------------------------------------------------------------------

PIECES = [
    *(
        "",
        " ",
        "\n",
        ":",
        "-",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "&a ",
        "*a",
        "!",
        "%YAML 1.1\n",
        "---\n",
        "|",
        ">",
    ),
    *("\t", "\0", "\x85", "\ufeff", "#", "0", "-1", "1e9", "9" * 90, "none", "2023-02-30", "?", "<<: ", ","),
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    text = SHIPPED[draw(st.sampled_from(sorted(SHIPPED)))]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 12))
        text = text[:at] + draw(st.sampled_from(PIECES) | st.text(max_size=3)) + text[at + cut :]
    return text.encode("utf-8", "surrogatepass")


@settings(max_examples=150, deadline=None)
@given(data=mutated())
def test_mutated_scenarios_raise_nothing_but_input_errors(data: bytes) -> None:
    try:
        parse_scenario(data, "mutated.yaml")
    except InputError as error:
        placed, explained = error.location is not None, bool(error.problem)
    else:
        placed = explained = True
    assert placed
    assert explained


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=60) | st.text(alphabet="{}[]:-&*!|>'\"%@`,? \n\tab0\0", max_size=60).map(str.encode))
def test_arbitrary_bytes_raise_nothing_but_input_errors(data: bytes) -> None:
    with pytest.raises(InputError):
        parse_scenario(data, "bytes.yaml")


def test_a_file_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text(SHIPPED["interbank-transfer"], encoding="utf-8")
    assert load_scenario(file).file == str(file)
    assert load_scenario(str(file)).name == "interbank-transfer"


def test_what_is_paid_for_is_what_is_delivered() -> None:
    text = (LIBRARY / "green-bond-2023.yaml").read_text("utf-8")
    start = text.index("priced: {bond: hk-green-2023, nominal: ")
    number = text[start:].split('nominal: "')[1].split('"')[0]
    text = text.replace(f'nominal: "{number}"', f'nominal: "{number.replace("100,", "200,", 1)}"', 1)
    with pytest.raises(InputError, match="is priced in this order, and") as caught:
        parse_scenario(text.encode(), "other.yaml")
    assert caught.value.location is not None
    assert str(caught.value.location.field).endswith("priced.nominal")
