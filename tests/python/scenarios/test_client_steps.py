"""Every fault in what custodians book for their clients: its field, and what the sentence says."""

from __future__ import annotations

import pytest
from two_tiers import FIRST_PAYMENTS, HEAD, ISSUED, MATURITY, PASSED_ON

from settlement.errors import InputError
from settlement.scenarios.language import BookClientsStep, PassOnStep
from settlement.scenarios.load import parse_scenario

END = 'expect: {clients: {north-custody: {bond: {client-a: "0"}}}}\n'
GOOD = HEAD + ISSUED + FIRST_PAYMENTS + PASSED_ON + MATURITY + END

BOOKED = "      custodian: north-custody\n      instrument: bond\n      reference: C-1\n"
COUPON = "north-custody, bond: bond, what: coupon, instrument: cash"

# What replaces what; the field, and a part of the sentence.
FAULTS = [
    ("custodian: north-custody\n", "custodian: north-custdy\n", "steps[4].book_clients.custodian", "'north-custody'"),
    (
        "custodian: north-custody\n",
        "custodian: direct\n",
        "steps[4].book_clients.custodian",
        "needs the role custodian",
    ),
    (BOOKED, BOOKED.replace(": bond", ": bnd"), "steps[4].book_clients.instrument", "did you mean 'bond'"),
    ("reference: C-1", 'reference: "C 1"', "steps[4].book_clients.reference", "it has to match"),
    ("      reference: C-1\n", "", "steps[4].book_clients.reference", "'reference' is missing"),
    ("reference: C-2", "reference: C-1", "steps[6].book_clients.reference", "taken by an earlier step"),
    ("{client-a: -3", "{client-a: 0", "steps[6].book_clients.amounts.client-a", "zero: leave out clients"),
    ("{client-a: -3", "{client-a: -0", "steps[6].book_clients.amounts.client-a", "zero: leave out clients"),
    ("{client-a: -3", "{client-a: --3", "steps[6].book_clients.amounts.client-a", "not a decimal number"),
    ("{client-a: -3", "{client-a: +3", "steps[6].book_clients.amounts.client-a", "not a decimal number"),
    ("{client-a: -3", "{client-a: -3.5", "steps[6].book_clients.amounts.client-a", "has 1 decimals"),
    ("{client-a: -3", "{client-a: 1e3", "steps[6].book_clients.amounts.client-a", "not a decimal number"),
    ("{client-a: -3", "{Client A: -3", "steps[6].book_clients.amounts.Client A", "'Client A' is not a name"),
    ('{client-a: -3, client-b: "3"}', "{}", "steps[6].book_clients.amounts", "must not be empty"),
    (COUPON, COUPON.replace("bond: bond", "bond: cash"), "steps[13].pass_on.bond", "needs a green-bond"),
    (COUPON, COUPON.replace("north-custody", "bank"), "steps[13].pass_on.custodian", "needs the role custodian"),
    (COUPON, COUPON.replace("coupon,", "cupon,"), "steps[13].pass_on.what", "did you mean 'coupon'"),
    (COUPON, COUPON + ', number: "3"', "steps[13].pass_on.number", "allowed: 1 to 2"),
    (COUPON, COUPON.replace(": cash", ": wholesale"), "steps[13].pass_on.instrument", "needs a tokenized-deposit"),
    (COUPON, COUPON.replace(": cash", ": usd"), "steps[13].pass_on.instrument", "the bond pays in HKD"),
    ('number: "2", instrument: cash}', "instrument: cash}", "steps[18].pass_on", "taken by an earlier step"),
    (COUPON, COUPON + ", amount: 5", "steps[13].pass_on.amount", "unknown"),
    ("{clients: {north-custody", "{clients: {direct", "expect.clients.direct", "needs the role custodian"),
    ("{bond: {client-a:", "{bnd: {client-a:", "expect.clients.north-custody.bnd", "did you mean 'bond'"),
    ('{client-a: "0"}}}}', '{client-a: "-1"}}}}', "expect.clients.north-custody.bond.client-a", "negative"),
    (
        "paying_agent: {party: bond-agent, cash: cash, operator: bank}",
        "puts: []",
        "steps[3].elect.bond",
        "has no paying agent",
    ),
]


@pytest.mark.parametrize(("old", "new", "field", "fragment"), FAULTS)
def test_a_fault_is_placed_and_explained(old: str, new: str, field: str, fragment: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        parse_scenario(GOOD.replace(old, new, 1).encode(), "two-tiers.yaml")
    location = caught.value.location
    assert location is not None
    assert location.line is not None
    assert (location.field, fragment in caught.value.problem) == (field, True), caught.value


def test_titles_are_not_in_a_client_book() -> None:
    bills = "  bills: {kind: bill-of-lading, issuer: carrier}\nsteps:"
    text = GOOD.replace("parties:\n", "parties:\n  carrier: {name: Carrier, roles: [carrier]}\n")
    text = text.replace("steps:", bills).replace(BOOKED, BOOKED.replace(": bond", ": bills"))
    with pytest.raises(InputError, match="bills holds titles"):
        parse_scenario(text.encode(), "two-tiers.yaml")


def test_a_step_that_is_to_be_refused_leaves_its_reference() -> None:
    refused = PASSED_ON.splitlines()[0] + "\n    expect: {refused: ClientBook_NothingReceived}\n"
    parse_scenario((HEAD + ISSUED + refused + FIRST_PAYMENTS + PASSED_ON).encode(), "two-tiers.yaml")


def test_what_is_resolved() -> None:
    actions = [step.action for step in parse_scenario(GOOD.encode(), "two-tiers.yaml").steps]
    booked = actions[6]
    assert isinstance(booked, BookClientsStep)
    assert booked.amounts == {"client-a": -3, "client-b": 3}
    passed = [action for action in actions if isinstance(action, PassOnStep)]
    assert [(step.record, step.nominal_reference) for step in passed] == [
        (0, None), (0, None), (1, None), (None, "bond/redemption/n"),
    ]  # fmt: skip
