"""Every fault in what is done with bills of lading: its field, and what the sentence says; and what is resolved."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from settlement.domain import bills
from settlement.domain.instruction import title_id
from settlement.errors import InputError
from settlement.scenarios.language import Perform, Scenario
from settlement.scenarios.load import parse_scenario

GOOD = """\
scenario: bills
title: Everything that is done with bills
start: 2025-11-13T09:00:00+08:00
parties:
  authority: {name: Authority, roles: [central-bank]}
  bank: {name: Bank, roles: [bank]}
  acme: {name: Acme, roles: [corporate]}
  lotus: {name: Lotus, roles: [corporate]}
  carrier: {name: Carrier, roles: [carrier]}
  other-carrier: {name: Other Carrier, roles: [carrier]}
instruments:
  wholesale: {kind: wholesale-cbdc, issuer: authority, currency: HKD, decimals: 2}
  cash: {kind: tokenized-deposit, issuer: bank, currency: HKD, decimals: 2, reserve: wholesale, accounts: [acme]}
  bills: {kind: bill-of-lading, issuer: carrier}
  other-bills: {kind: bill-of-lading, issuer: other-carrier}
  bills-elsewhere: {kind: bill-of-lading, issuer: carrier}
steps:
  - issue_bill: {instrument: bills, to: acme, reference: B1, kind: straight, endorsee: lotus, document: one}
  - issue_bill: {instrument: bills, to: acme, reference: B2, kind: blank, document: two}
  - issue_bill: {instrument: other-bills, to: acme, reference: B3, document: three}
  - entrust: {instrument: bills, reference: B1, by: acme, to: bank, realisable_from: 2026-01-01T00:00:00+08:00}
  - accept_entrustment: {instrument: bills, reference: B1, by: bank, from: acme, realisable_from: never}
  - endorse: {instrument: bills, reference: B2, by: acme, to: lotus}
  - sign_bill: {instrument: bills, reference: B2, by: acme, statement: signed}
  - surrender_for_amendment: {instrument: bills, reference: B2, by: acme, reason: COD}
  - reissue_bill: {instrument: bills, to: acme, replaces: B2, reference: B2/2, kind: blank, document: four}
  - surrender_for_amendment: {instrument: bills, reference: B2/2, by: acme, reason: SWTP}
  - accept_switch_to_paper: {instrument: bills, reference: B2/2, by: carrier, statement: on paper}
  - bill_from_paper: {instrument: bills, to: acme, replaces: B2/2, kind: blank, document: five, statement: no paper}
  - bill_from_paper: {instrument: bills, to: acme, reference: B4, document: six, statement: never electronic}
  - blank_endorse: {instrument: bills, reference: B4, by: acme}
  - revoke_entrustment: {instrument: bills, reference: B4, by: acme, to: lotus}
  - renounce_entrustment: {instrument: bills, reference: B4, by: lotus, from: acme}
  - endorse_to_order: {instrument: bills, reference: B4, by: acme, to: lotus}
  - void_bill: {instrument: bills, reference: B4, by: carrier}
  - hand_over: {instrument: bills, reference: B1, by: acme, to_register: bills-elsewhere}
  - surrender: {instrument: bills-elsewhere, reference: B1, by: acme}
  - surrender: {instrument: bills, reference: B1, by: acme}
expect: {endorsee: {B1: lotus, B2/3: none}, control: {B2/3: acme}, bill_status: {B4: VOIDED}}
"""

ENTRUST, ACCEPT = "{instrument: bills, reference: B1, by: acme, to: bank", "by: bank, from: acme"

# What replaces what; the field, and a part of the sentence.
FAULTS = [
    ("to_register: bills-elsewhere", "to_register: cash", "steps[18].hand_over.to_register", "bill-of-lading"),
    ("to_register: bills-elsewhere", "to_register: bils", "steps[18].hand_over.to_register", "did you mean 'bills'"),
    (
        "instrument: bills-elsewhere",
        "instrument: other-bills",
        "steps[19].surrender.reference",
        "B1 is a bill of bills",
    ),
    (
        "void_bill: {instrument: bills,",
        "void_bill: {instrument: bills-elsewhere,",
        "steps[17].void_bill.reference",
        "B4 is a bill of bills, not of bills-elsewhere",
    ),
    ("kind: straight", "kind: streight", "steps[0].issue_bill.kind", "did you mean 'straight'"),
    ("kind: straight, endorsee: lotus", "kind: straight", "steps[0].issue_bill", "a straight bill names its consignee"),
    ("kind: straight, endorsee: lotus", "endorsee: lotsu", "steps[0].issue_bill.endorsee", "did you mean 'lotus'"),
    ("B2, kind: blank", "B2, kind: blank, endorsee: acme", "steps[1].issue_bill.endorsee", "names no endorsee"),
    ("document: two", 'document: ""', "steps[1].issue_bill.document", "the document is a mapping or a text"),
    ("document: two", "document: [two]", "steps[1].issue_bill.document", "the document is a mapping or a text"),
    ("reference: B1, kind", "reference: B1/2, kind", "steps[0].issue_bill.reference", "has no sub-reference"),
    (
        "reference: B1, kind",
        "reference: ABCDEFGHIJKLMNOPQRSTU, kind",
        "steps[0].issue_bill.reference",
        "longer than 20 characters",
    ),
    ("reference: B1, kind", "reference: 一二三四五六七, kind", "steps[0].issue_bill.reference", "longer than 20 bytes"),
    ("reference: B3", "reference: B1", "steps[2].issue_bill.reference", "B1 is a bill of bills already"),
    ("instrument: other-bills", "instrument: cash", "steps[2].issue_bill.instrument", "needs a bill-of-lading"),
    (ENTRUST, ENTRUST.replace("bank", "bnak"), "steps[3].entrust.to", "did you mean 'bank'"),
    (ENTRUST, ENTRUST.replace("B1", "B9"), "steps[3].entrust.reference", "document 'B9' is unknown"),
    (ENTRUST, ENTRUST.replace("B1", "B3"), "steps[3].entrust.reference", "B3 is a bill of other-bills"),
    ("2026-01-01T00:00:00+08:00", "2026-01-01", "steps[3].entrust.realisable_from", "is not a time with an offset"),
    ("2026-01-01T00:00:00+08:00", "1970-01-01T00:00:00Z", "steps[3].entrust.realisable_from", "write `never`"),
    ("realisable_from: never", "realisable_from: soon", "steps[4].accept_entrustment.realisable_from", "is not a time"),
    (ACCEPT, "by: bank, from: amce", "steps[4].accept_entrustment.from", "did you mean 'acme'"),
    (ACCEPT, "by: bank, to: acme", "steps[4].accept_entrustment.to", "unknown"),
    (", to: lotus}\n  - sign", "}\n  - sign", "steps[5].endorse.to", "field 'to' is missing"),
    ("by: acme, statement: signed", "by: acme", "steps[6].sign_bill.statement", "field 'statement' is missing"),
    ("statement: signed", "statement: {}", "steps[6].sign_bill.statement", "the statement is a mapping or a text"),
    ("reason: COD", "reason: CODE", "steps[7].surrender_for_amendment.reason", "did you mean 'COD'"),
    ("reference: B2/2, kind", "reference: B2/3, kind", "steps[8].reissue_bill.reference", "it is B2/2"),
    ("reference: B2/2, kind", "reference: B2, kind", "steps[8].reissue_bill.reference", "does not follow B2"),
    ("reference: B2/2, kind", "reference: B5/2, kind", "steps[8].reissue_bill.reference", "has no sub-reference"),
    ("replaces: B2,", "replaces: B7,", "steps[8].reissue_bill.replaces", "'B7' is unknown"),
    ("replaces: B2,", "replaces: B3,", "steps[8].reissue_bill.replaces", "B3 is a bill of other-bills"),
    (
        "replaces: B2, reference: B2/2",
        "reference: B2/2",
        "steps[8].reissue_bill.replaces",
        "field 'replaces' is missing",
    ),
    ("replaces: B2/2, kind", "kind", "steps[11].bill_from_paper", "field 'reference' is missing"),
    (", statement: no paper", "", "steps[11].bill_from_paper.statement", "field 'statement' is missing"),
    ("endorse: {", "at: soon\n    endorse: {", "steps[5].at", "is not a time with an offset"),
    ("endorse: {", "at: 2025-11-13T00:59:59Z\n    endorse: {", "steps[5].at", "before the time that the clock has"),
    (
        "endorse: {",
        "advance: {to: 2025-11-14T00:00:00Z}\n    at: 2025-11-14T00:00:00Z\n  - endorse: {",
        "steps[5].at",
        "advance, which is not one transaction, has no time of its own",
    ),
    ("{B1: lotus", "{B1: lotsu", "expect.endorsee.B1", "did you mean 'lotus'"),
    ("{B1: lotus", "{B2/4: lotus", "expect.endorsee.B2/4", "did you mean 'B2/3'"),
    ("B4: VOIDED", "B4: VOID", "expect.bill_status.B4", "did you mean 'VOIDED'"),
]


@pytest.mark.parametrize(("old", "new", "field", "fragment"), FAULTS)
def test_a_fault_is_placed_and_explained(old: str, new: str, field: str, fragment: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        parse_scenario(GOOD.replace(old, new, 1).encode(), "bills.yaml")
    location = caught.value.location
    assert location is not None
    assert location.line is not None
    assert (location.field, fragment in caught.value.problem) == (field, True), caught.value


def test_no_pledge_is_dated_in_the_opening() -> None:
    opening = GOOD.replace("steps:\n", "opening:\n", 1).replace("expect:", "steps: [freeze: {party: acme}]\nexpect:")
    with pytest.raises(InputError, match="the opening lies before the start"):
        parse_scenario(opening.encode(), "bills.yaml")


def test_a_step_in_a_block_of_a_time_is_a_date_that_cannot_be_moved(scenario: Scenario) -> None:
    dated = parse_scenario(
        GOOD.replace("endorse: {", "at: 2025-11-14T00:00:00Z\n    endorse: {", 1).encode(), "bills.yaml"
    )
    assert (scenario.dated, dated.dated) == ((), ("endorse B2",))
    assert [step.at for step in dated.steps if step.at is not None] == [1763078400]
    opening = GOOD.replace("steps:\n", "opening:\n", 1).replace("expect:", "steps: [freeze: {party: acme}]\nexpect:")
    opening = opening.replace("realisable_from: 2026-01-01T00:00:00+08:00", "realisable_from: never")
    with pytest.raises(InputError, match="the opening has no time of its own"):
        parse_scenario(
            opening.replace("endorse: {", "at: 2025-11-14T00:00:00Z\n    endorse: {", 1).encode(), "bills.yaml"
        )


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return parse_scenario(GOOD.encode(), "bills.yaml")


def acts(scenario: Scenario) -> list[Any]:
    return [step.action.act for step in scenario.steps if isinstance(step.action, Perform)]


def test_reissued_bills_are_called_by_reference_and_sub_reference(scenario: Scenario) -> None:
    assert set(scenario.titles) == {"B1", "B2", "B3", "B2/2", "B2/3", "B4"}
    assert scenario.titles["B2/3"].amount == title_id("B2/3")
    new = [act for act in acts(scenario) if isinstance(act, bills.NewBill)]
    assert [act.document_reference for act in new] == ["B1", "B2", "B3", "B2", "B2", "B4"]
    replaces = [getattr(act, "replaces", None) for act in new]
    assert replaces == [None, None, None, "B2", "B2/2", None]


def test_who_is_endorsee_follows_from_the_kind(scenario: Scenario) -> None:
    new = [act for act in acts(scenario) if isinstance(act, bills.NewBill)]
    assert [(act.bill_kind, act.endorsee) for act in new[:3]] == [
        ("straight", "lotus"), ("blank", None), ("to-order", "acme"),
    ]  # fmt: skip


def test_an_entrustment_has_its_time(scenario: Scenario) -> None:
    given, accepted = (act.realisable_from for act in acts(scenario) if hasattr(act, "realisable_from"))
    assert (given, accepted) == (1_767_196_800, 0)


def test_a_step_without_a_name_says_which_bill(scenario: Scenario) -> None:
    names = [step.name for step in scenario.steps]
    assert (names[5], names[8], names[11]) == ("endorse B2", "reissue bill B2/2", "bill from paper B2/2")


def test_whoever_acts_on_a_bill_has_gas(scenario: Scenario) -> None:
    assert {"acme", "lotus", "bank", "carrier"} <= scenario.senders()


@pytest.mark.parametrize(("endorsement", "endorsee"), [("ENDORSE", None), ("BLANK_ENDORSE", "lotus")])
def test_an_endorsement_names_whom_it_is_to(endorsement: Any, endorsee: str | None) -> None:
    said = {"instrument": "bills", "document_reference": "B1", "by": "acme"}
    with pytest.raises(ValidationError, match="a blank endorsement names nobody"):
        bills.EndorseBill(**said, endorsement=endorsement, endorsee=endorsee)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("B1", ("B1", 1)), ("B1/2", ("B1", 2)), ("B1/12", ("B1", 12)), ("B1/1", ("B1/1", 1)), ("B1/02", ("B1/02", 1)),
        ("A/B", ("A/B", 1)), ("A/2/3", ("A/2", 3)), ("/2", ("/2", 1)),
    ],
)  # fmt: skip
def test_a_bill_s_name_is_read_as_it_is_made(name: str, number: tuple[str, int]) -> None:
    read = bills.read_bill_name(name)
    assert read == number
    assert read.name == name
