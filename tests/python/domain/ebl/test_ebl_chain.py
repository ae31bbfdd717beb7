"""Endorsement chains: one test for each rule, DCSA's published examples, and reading and writing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bills import SAMPLES, entries, entry, party, party_document, sample

from settlement.domain.bills import BillKind
from settlement.domain.ebl.chain import (
    BillState,
    EndorsementChain,
    Transaction,
    check_versions,
    read_chains,
    replay,
    replay_steps,
)
from settlement.domain.ebl.content import read_json
from settlement.domain.ebl.responses import EblRefused
from settlement.errors import InputError

STRAIGHT, TO_ORDER, BLANK = "straight", "to-order", "blank"
ISSUED = "Carrier ISSUE Alice"


def names(state: BillState) -> tuple[str | None, str | None]:
    """Who has possession, and who has title."""
    possession, title = state.possession, state.titleholder
    return possession and possession.party_name, title and title.party_name


def refused(kind: BillKind, *lines: str, named: str | None = None) -> str:
    """The sentence with which a chain is refused; its last entry has to be at fault."""
    made = entries(*lines)
    if len(made) > 1:
        replay(kind, made[:-1], party(named) if named else None)
    with pytest.raises(EblRefused) as told:
        replay(kind, made, party(named) if named else None)
    assert told.value.exit_code == 1
    assert f"entry {len(lines)} " in str(told.value)
    return str(told.value)


# ---- ISSUE -----------------------------------------------------------------------------------------------------------


def test_a_bill_is_issued_to_its_first_holder() -> None:
    state = replay(TO_ORDER, entries(ISSUED), party("Bank"))
    assert names(state) == ("Alice", "Bank")
    assert (state.status, state.kind, state.endorsable, state.entries) == ("ISSUED", TO_ORDER, True, 1)


def test_a_bill_to_order_without_a_name_is_to_the_order_of_its_first_holder() -> None:
    assert names(replay(TO_ORDER, entries(ISSUED))) == ("Alice", "Alice")


def test_of_a_blank_bill_possession_is_title() -> None:
    assert names(replay(BLANK, entries(ISSUED))) == ("Alice", "Alice")


def test_a_blank_bill_names_nobody() -> None:
    with pytest.raises(InputError, match="a blank bill names nobody, and Bank is named"):
        replay(BLANK, entries(ISSUED), party("Bank"))


def test_a_chain_is_not_empty() -> None:
    with pytest.raises(EblRefused, match="BENV: the chain is empty"):
        replay(BLANK, [])


def test_issue_is_the_first_entry() -> None:
    assert "BENV: entry 1 (TRANSFER): a chain begins with ISSUE" in refused(BLANK, "Alice TRANSFER Bob")


def test_issue_is_there_once() -> None:
    assert "BENV: entry 3 (ISSUE): a bill is issued once" in refused(
        BLANK, ISSUED, "Alice TRANSFER Bob", "Carrier ISSUE Carol"
    )


def test_issue_is_not_repeated_while_a_surrender_is_pending() -> None:
    assert "a bill is issued once" in refused(
        BLANK, ISSUED, "Alice SURRENDER_FOR_AMENDMENT Carrier COD", "Carrier ISSUE Alice"
    )


@pytest.mark.parametrize(
    "action",
    ["TRANSFER", "ENDORSE", "ENDORSE_TO_ORDER", "SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"],
)
def test_what_needs_a_recipient_has_one(action: str) -> None:
    assert f"BENV: entry 2 ({action}): it names no recipient" in refused(BLANK, ISSUED, f"Alice {action}")


def test_a_bill_is_issued_to_somebody() -> None:
    assert "BENV: entry 1 (ISSUE): it names no recipient" in refused(BLANK, "Carrier ISSUE")


@pytest.mark.parametrize("action", ["SIGN", "BLANK_ENDORSE"])
def test_what_has_no_recipient_names_none(action: str) -> None:
    assert "it names a recipient, and has none" in refused(BLANK, ISSUED, f"Alice {action} Bob")


# ---- TRANSFER --------------------------------------------------------------------------------------------------------


def test_a_transfer_moves_possession_alone() -> None:
    assert names(replay(TO_ORDER, entries(ISSUED, "Alice TRANSFER Bob"))) == ("Bob", "Alice")


def test_a_transfer_of_a_blank_bill_moves_title_too() -> None:
    assert names(replay(BLANK, entries(ISSUED, "Alice TRANSFER Bob"))) == ("Bob", "Bob")


def test_nobody_gives_possession_that_it_never_had() -> None:
    assert "BENV: entry 2 (TRANSFER): Bob has no possession; Alice has it" in refused(
        BLANK, ISSUED, "Bob TRANSFER Carol"
    )


def test_possession_is_not_given_twice() -> None:
    assert "DISE: entry 3 (TRANSFER): Alice has given possession away already; Bob has it" in refused(
        BLANK, ISSUED, "Alice TRANSFER Bob", "Alice TRANSFER Carol"
    )


def test_nobody_gives_possession_to_itself() -> None:
    assert "BENV: entry 2 (TRANSFER): Alice gives possession to itself" in refused(
        BLANK, ISSUED, "Alice TRANSFER Alice"
    )


def test_whoever_gets_possession_back_can_give_it_again() -> None:
    state = replay(BLANK, entries(ISSUED, "Alice TRANSFER Bob", "Bob TRANSFER Alice", "Alice TRANSFER Carol"))
    assert names(state) == ("Carol", "Carol")


# ---- endorsements ----------------------------------------------------------------------------------------------------


def test_endorse_names_an_endorsee_that_cannot_endorse_and_moves_no_possession() -> None:
    state = replay(TO_ORDER, entries(ISSUED, "Alice ENDORSE Bob"))
    assert names(state) == ("Alice", "Bob")
    assert not state.endorsable


def test_endorse_to_order_names_one_that_can() -> None:
    chain = entries(ISSUED, "Alice ENDORSE_TO_ORDER Bob", "Alice TRANSFER Bob", "Bob ENDORSE Carol")
    assert names(replay(TO_ORDER, chain[:2])) == ("Alice", "Bob")
    assert replay(TO_ORDER, chain[:2]).endorsable
    assert names(replay(TO_ORDER, chain)) == ("Bob", "Carol")


def test_blank_endorse_makes_possession_title() -> None:
    state = replay(TO_ORDER, entries(ISSUED, "Alice BLANK_ENDORSE", "Alice TRANSFER Bob"))
    assert names(state) == ("Bob", "Bob")
    assert (state.kind, state.endorsee) == (BLANK, None)


def test_a_blank_bill_is_endorsed_by_whoever_has_possession() -> None:
    state = replay(BLANK, entries(ISSUED, "Alice TRANSFER Bob", "Bob ENDORSE_TO_ORDER Carol"))
    assert names(state) == ("Bob", "Carol")
    assert state.kind == TO_ORDER


@pytest.mark.parametrize("line", ["Bob ENDORSE Carol", "Bob ENDORSE_TO_ORDER Carol", "Bob BLANK_ENDORSE"])
def test_who_was_endorsed_to_by_endorse_cannot_endorse(line: str) -> None:
    assert "Bob was endorsed to by ENDORSE, and cannot endorse" in refused(
        TO_ORDER, ISSUED, "Alice ENDORSE Bob", "Alice TRANSFER Bob", line
    )


@pytest.mark.parametrize("line", ["Bob ENDORSE Carol", "Bob ENDORSE_TO_ORDER Carol", "Bob BLANK_ENDORSE"])
def test_an_endorsee_without_possession_cannot_endorse(line: str) -> None:
    assert "Bob has no possession; Alice has it" in refused(TO_ORDER, ISSUED, "Alice ENDORSE_TO_ORDER Bob", line)


@pytest.mark.parametrize("line", ["Bob ENDORSE Carol", "Bob ENDORSE_TO_ORDER Carol", "Bob BLANK_ENDORSE"])
def test_possession_without_title_cannot_endorse(line: str) -> None:
    assert "Bob has possession without title; Alice has title" in refused(TO_ORDER, ISSUED, "Alice TRANSFER Bob", line)


def test_who_has_endorsed_has_no_title_left_to_endorse() -> None:
    assert "Alice has possession without title; Bob has title" in refused(
        TO_ORDER, ISSUED, "Alice ENDORSE_TO_ORDER Bob", "Alice ENDORSE_TO_ORDER Carol"
    )


@pytest.mark.parametrize("line", ["Alice ENDORSE Bob", "Alice ENDORSE_TO_ORDER Bob", "Alice BLANK_ENDORSE"])
def test_a_straight_bill_is_not_endorsed(line: str) -> None:
    assert "a straight bill is not endorsed" in refused(STRAIGHT, ISSUED, line)


@pytest.mark.parametrize("action", ["ENDORSE", "ENDORSE_TO_ORDER"])
def test_the_carrier_does_not_become_endorsee(action: str) -> None:
    assert "the carrier does not become endorsee" in refused(TO_ORDER, ISSUED, f"Alice {action} Carrier")


# ---- SIGN ------------------------------------------------------------------------------------------------------------


def test_whoever_has_possession_signs_and_nothing_changes() -> None:
    before, after = replay_steps(TO_ORDER, entries(ISSUED, "Alice SIGN"))
    assert after == before.model_copy(update={"entries": 2})


def test_nobody_signs_without_possession() -> None:
    assert "BENV: entry 3 (SIGN): Alice has no possession" in refused(BLANK, ISSUED, "Alice TRANSFER Bob", "Alice SIGN")


# ---- surrender -------------------------------------------------------------------------------------------------------

SURRENDERS = [
    ("SURRENDER_FOR_DELIVERY", "PENDING_SURRENDER_FOR_DELIVERY", "SURRENDERED_FOR_DELIVERY"),
    ("SURRENDER_FOR_AMENDMENT", "PENDING_SURRENDER_FOR_AMENDMENT", "SURRENDERED_FOR_AMENDMENT"),
]


@pytest.mark.parametrize(("action", "pending", "accepted"), SURRENDERS)
def test_the_carrier_has_possession_until_it_answers(action: str, pending: str, accepted: str) -> None:
    asked, rejected = replay_steps(TO_ORDER, entries(ISSUED, f"Alice {action} Carrier", "Carrier SREJ Alice"))[1:]
    assert (asked.status, *names(asked)) == (pending, "Carrier", "Alice")
    assert (rejected.status, *names(rejected)) == ("ISSUED", "Alice", "Alice")
    assert (rejected.surrendered_by, rejected.reason_code) == (None, None)
    state = replay(TO_ORDER, entries(ISSUED, f"Alice {action} Carrier", "Carrier SACC"))
    assert (state.status, *names(state)) == (accepted, None, None)
    assert state.has_ended


def test_a_bill_that_was_amended_is_void_and_a_delivered_one_is_not() -> None:
    amended = replay(BLANK, entries(ISSUED, "Alice SURRENDER_FOR_AMENDMENT Carrier SWTP", "Carrier SACC"))
    assert (amended.is_void, amended.reason_code) == (True, "SWTP")
    assert not replay(BLANK, entries(ISSUED, "Alice SURRENDER_FOR_DELIVERY Carrier", "Carrier SACC")).is_void


@pytest.mark.parametrize("action", ["SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"])
def test_a_surrender_is_addressed_to_the_carrier_that_issued(action: str) -> None:
    assert f"BENV: entry 2 ({action}): it is addressed to Bob, and Carrier issued the bill" in refused(
        BLANK, ISSUED, f"Alice {action} Bob"
    )


@pytest.mark.parametrize(
    "line",
    [
        "Alice TRANSFER Bob",
        "Carrier TRANSFER Bob",
        "Alice ENDORSE Bob",
        "Alice BLANK_ENDORSE",
        "Alice SURRENDER_FOR_DELIVERY Carrier",
        "Carrier SURRENDER_FOR_AMENDMENT Carrier",
    ],
)
def test_nothing_moves_while_the_carrier_has_a_surrender_to_answer(line: str) -> None:
    assert "the carrier has possession until it answers" in refused(
        TO_ORDER, ISSUED, "Alice SURRENDER_FOR_DELIVERY Carrier", line
    )


def test_the_carrier_signs_while_it_has_possession() -> None:
    assert replay(BLANK, entries(ISSUED, "Alice SURRENDER_FOR_DELIVERY Carrier", "Carrier SIGN")).entries == 3


@pytest.mark.parametrize("action", ["SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"])
def test_a_straight_bill_is_surrendered_by_shipper_or_consignee(action: str) -> None:
    replay(STRAIGHT, entries(ISSUED, f"Alice {action} Carrier"), party("Bob"))
    replay(STRAIGHT, entries(ISSUED, "Alice TRANSFER Bob", f"Bob {action} Carrier"), party("Bob"))
    assert "Carol has possession without title; Bob has title" in refused(
        STRAIGHT, ISSUED, "Alice TRANSFER Carol", f"Carol {action} Carrier", named="Bob"
    )


def test_where_the_consignee_is_not_known_possession_of_a_straight_bill_is_taken_for_enough() -> None:
    state = replay(STRAIGHT, entries(ISSUED, "Alice TRANSFER Bob", "Bob SURRENDER_FOR_DELIVERY Carrier"))
    assert state.status == "PENDING_SURRENDER_FOR_DELIVERY"
    assert state.endorsee is None


@pytest.mark.parametrize("action", ["SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"])
def test_a_bill_to_order_is_surrendered_by_its_titleholder(action: str) -> None:
    replay(TO_ORDER, entries(ISSUED, "Alice ENDORSE_TO_ORDER Bob", "Alice TRANSFER Bob", f"Bob {action} Carrier"))
    assert "Bob has possession without title" in refused(
        TO_ORDER, ISSUED, "Alice TRANSFER Bob", f"Bob {action} Carrier"
    )
    assert "Alice has possession without title" in refused(
        TO_ORDER, ISSUED, "Alice ENDORSE Bob", f"Alice {action} Carrier"
    )


def test_an_endorsee_that_cannot_endorse_can_surrender() -> None:
    chain = entries(ISSUED, "Alice ENDORSE Bob", "Alice TRANSFER Bob", "Bob SURRENDER_FOR_DELIVERY Carrier")
    assert names(replay(TO_ORDER, chain)) == ("Carrier", "Bob")


def test_a_blank_bill_is_surrendered_by_whoever_has_possession() -> None:
    chain = entries(ISSUED, "Alice TRANSFER Bob", "Bob SURRENDER_FOR_DELIVERY Carrier")
    assert replay(BLANK, chain).status == "PENDING_SURRENDER_FOR_DELIVERY"


def test_nobody_surrenders_what_it_has_given_away() -> None:
    assert "DISE: entry 3 (SURRENDER_FOR_DELIVERY): Alice has given possession away already" in refused(
        BLANK, ISSUED, "Alice TRANSFER Bob", "Alice SURRENDER_FOR_DELIVERY Carrier"
    )


@pytest.mark.parametrize("action", ["SACC", "SREJ"])
def test_only_the_carrier_answers(action: str) -> None:
    assert f"({action}): Alice answers a surrender, and Carrier has to" in refused(
        BLANK, ISSUED, "Alice SURRENDER_FOR_DELIVERY Carrier", f"Alice {action}"
    )


@pytest.mark.parametrize("action", ["SACC", "SREJ"])
def test_an_answer_follows_a_surrender(action: str) -> None:
    assert "there is no surrender to answer: the bill is ISSUED" in refused(BLANK, ISSUED, f"Carrier {action}")


@pytest.mark.parametrize("action", ["SACC", "SREJ"])
def test_an_answer_goes_to_whoever_surrendered(action: str) -> None:
    assert "it answers Bob, and Alice surrendered the bill" in refused(
        BLANK, ISSUED, "Alice SURRENDER_FOR_DELIVERY Carrier", f"Carrier {action} Bob"
    )


@pytest.mark.parametrize("surrender", ["SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"])
@pytest.mark.parametrize(
    "line",
    [
        "Carrier ISSUE Alice",
        "Carrier TRANSFER Alice",
        "Alice ENDORSE Bob",
        "Alice BLANK_ENDORSE",
        "Carrier SIGN",
        "Alice SURRENDER_FOR_DELIVERY Carrier",
        "Carrier SACC",
        "Carrier SREJ Alice",
    ],
)
def test_nothing_follows_an_accepted_surrender(surrender: str, line: str) -> None:
    assert "BENV: entry 4 " in refused(BLANK, ISSUED, f"Alice {surrender} Carrier", "Carrier SACC", line)


def test_a_rejected_surrender_can_be_asked_for_again() -> None:
    chain = entries(
        ISSUED,
        "Alice SURRENDER_FOR_AMENDMENT Carrier COD",
        "Carrier SREJ",
        "Alice SURRENDER_FOR_DELIVERY Carrier",
        "Carrier SACC",
    )
    assert replay(TO_ORDER, chain).status == "SURRENDERED_FOR_DELIVERY"


@pytest.mark.parametrize("reason", ["COD", "SWI", "SWTP"])
def test_an_amendment_has_a_reason(reason: str) -> None:
    assert replay(BLANK, entries(ISSUED, f"Alice SURRENDER_FOR_AMENDMENT Carrier {reason}")).reason_code == reason


@pytest.mark.parametrize("line", ["Alice TRANSFER Bob COD", "Alice SURRENDER_FOR_DELIVERY Carrier SWTP"])
def test_nothing_else_has_a_reason(line: str) -> None:
    assert "which is for SURRENDER_FOR_AMENDMENT only" in refused(BLANK, ISSUED, line)


def test_entries_are_in_the_order_of_time() -> None:
    first, second = entry("Carrier", "ISSUE", "Alice", day=2), entry("Alice", "TRANSFER", "Bob", day=1)
    with pytest.raises(EblRefused, match=r"entry 2 \(TRANSFER\): it is dated 2026-03-01T09:00:00Z, before entry 1"):
        replay(BLANK, [first, second])


# ---- who acts for whom -----------------------------------------------------------------------------------------------


def test_an_agent_has_possession_and_its_principal_title() -> None:
    chain = [
        entry("Carrier", "ISSUE", "Agent for Alice"),
        entry("Agent for Alice", "ENDORSE_TO_ORDER", "Broker for Bob"),
        entry("Agent for Alice", "TRANSFER", "Broker for Bob"),
        entry("Broker for Bob", "SURRENDER_FOR_DELIVERY", "Office for Carrier"),
        entry("Office for Carrier", "SACC"),
    ]
    assert replay(TO_ORDER, chain).status == "SURRENDERED_FOR_DELIVERY"
    chain[3] = entry("Broker for Carol", "SURRENDER_FOR_DELIVERY", "Carrier")
    with pytest.raises(EblRefused, match="Broker has possession without title; Bob has title"):
        replay(TO_ORDER, chain[:4])


def test_a_principal_without_possession_does_not_act() -> None:
    chain = [entry("Carrier", "ISSUE", "Agent for Alice"), entry("Alice", "TRANSFER", "Bob")]
    with pytest.raises(EblRefused, match="Alice has no possession; Agent has it"):
        replay(BLANK, chain)


def test_of_a_blank_bill_it_does_not_matter_for_whom_possession_is_had() -> None:
    chain = [entry("Carrier", "ISSUE", "Agent for Alice"), entry("Agent", "SURRENDER_FOR_DELIVERY", "Carrier")]
    assert replay(BLANK, chain).status == "PENDING_SURRENDER_FOR_DELIVERY"


def test_a_name_is_no_identity_where_there_are_codes() -> None:
    impostor = party_document("Mallory") | {"partyName": "Alice"}
    written = entry("Alice", "TRANSFER", "Carol").document() | {"actor": impostor}
    chain = [*entries(ISSUED), Transaction.model_validate(written)]
    with pytest.raises(EblRefused, match="Alice has no possession"):
        replay(BLANK, chain)


# ---- DCSA's published examples ---------------------------------------------------------------------------------------

CARRIER, BRAZIL, CHINA = (
    {
        "partyName": name,
        "eblPlatform": "WAVE",
        "identifyingCodes": [{"codeListProvider": "WAVE", "partyCode": code}],
    }
    for name, code in (
        ("Yang Ming Marine Transport Corporation", "4bd196da-0d8b-436d-bad4-4cc88f04a035"),
        ("Suzano Brazil", "ee92b6b7-ac27-4537-87df-019c69389346"),
        ("Suzano China", "0665fefb-7c3f-443b-8ccd-73ced178448f"),
    )
)


def _published(version: str, *links: tuple[str, str, Any, Any]) -> dict[str, Any]:
    chain = [
        {"actionDateTime": time, "actionCode": action, "actor": actor} | ({"recipient": recipient} if recipient else {})
        for time, action, actor, recipient in links
    ]
    return {
        "transportDocumentReference": "62CD536BA8D34C469AFD",
        "transportDocumentSubReference": version,
        "carrierSCACCode": "YMLU",
        "endorsementChain": chain,
    }


DELIVERED = _published(
    "fc5009a7-25ad-4bb0-9892-4e2dea6bcdd9",
    ("2025-09-12T17:23:12Z", "SURRENDERED", CARRIER, None),
    ("2025-09-12T17:23:12Z", "SURRENDER_FOR_DELIVERY", CHINA, CARRIER),
    ("2025-09-10T14:35:42Z", "TRANSFER", BRAZIL, CHINA),
    ("2025-09-09T12:55:31Z", "ISSUE", CARRIER, BRAZIL),
)
REISSUED = _published("v2", ("2025-09-09T13:55:31Z", "ISSUE", CARRIER, BRAZIL))
AMENDED = _published(
    "v1",
    ("2025-09-12T17:23:12Z", "SURRENDERED", CARRIER, None),
    ("2025-09-12T17:23:12Z", "SURRENDER_FOR_AMENDMENT", BRAZIL, CARRIER),
    ("2025-09-09T12:55:31Z", "ISSUE", CARRIER, BRAZIL),
)


def test_the_published_straight_bill_is_reproduced_field_by_field() -> None:
    (chain,) = read_chains([DELIVERED])
    assert [link.action_code for link in chain.endorsement_chain] == [
        "ISSUE", "TRANSFER", "SURRENDER_FOR_DELIVERY", "SACC",
    ]  # fmt: skip
    steps = replay_steps(STRAIGHT, chain.endorsement_chain, chain.endorsement_chain[1].recipient)
    assert [names(step) for step in steps] == [
        ("Suzano Brazil", "Suzano China"),
        ("Suzano China", "Suzano China"),
        ("Yang Ming Marine Transport Corporation", "Suzano China"),
        (None, None),
    ]
    assert [step.status for step in steps] == [
        "ISSUED", "ISSUED", "PENDING_SURRENDER_FOR_DELIVERY", "SURRENDERED_FOR_DELIVERY",
    ]  # fmt: skip
    assert chain.end_document() == DELIVERED


def test_the_published_pair_of_versions_is_reproduced_field_by_field() -> None:
    chains = read_chains([REISSUED, AMENDED])
    states = [replay(STRAIGHT, chain.endorsement_chain) for chain in chains]
    assert [state.status for state in states] == ["ISSUED", "SURRENDERED_FOR_AMENDMENT"]
    check_versions(list(zip(chains, states, strict=True)))
    assert [chain.end_document() for chain in chains] == [REISSUED, AMENDED]


# ---- versions --------------------------------------------------------------------------------------------------------


def version(name: str, *lines: str, day: int = 1, kind: BillKind = BLANK) -> tuple[EndorsementChain, BillState]:
    made = [link.document() | {"actionDateTime": f"2026-03-{day:02}T09:00:00Z"} for link in entries(*lines)]
    document = {"transportDocumentReference": "REF", "transportDocumentSubReference": name, "transactions": made}
    (chain,) = read_chains(document)
    return chain, replay(kind, chain.endorsement_chain)


AMENDMENT = (ISSUED, "Alice SURRENDER_FOR_AMENDMENT Carrier COD", "Carrier SACC")


def test_an_amended_bill_follows_the_void_one() -> None:
    check_versions([version("v2", ISSUED, day=2), version("v1", *AMENDMENT)])


@pytest.mark.parametrize(
    "lines",
    [
        (ISSUED,),
        AMENDMENT[:2],
        (ISSUED, "Alice SURRENDER_FOR_DELIVERY Carrier", "Carrier SACC"),
    ],
)
def test_two_bills_for_the_same_goods_are_disputed(lines: tuple[str, ...]) -> None:
    with pytest.raises(EblRefused, match=r"DISE: REF \(v2\) was issued while REF \(v1\) is .*: two bills would stand"):
        check_versions([version("v2", ISSUED, day=2), version("v1", *lines)])


def test_the_same_chain_twice_is_a_duplicate() -> None:
    with pytest.raises(EblRefused, match=r"DUPE: the chain of REF \(v1\) is there twice"):
        check_versions([version("v1", ISSUED), version("v1", ISSUED)])


def test_two_chains_of_one_version_are_disputed() -> None:
    with pytest.raises(EblRefused, match="DISE: there are two chains of"):
        check_versions([version("v1", ISSUED), version("v1", ISSUED, "Alice TRANSFER Bob")])


def test_the_same_carrier_issues_the_amended_bill() -> None:
    with pytest.raises(EblRefused, match=r"BENV: .* by another carrier"):
        check_versions([version("v2", "Other ISSUE Alice", day=2), version("v1", *AMENDMENT)])


def test_the_amended_bill_goes_to_whoever_surrendered() -> None:
    with pytest.raises(EblRefused, match=r"BENV: .* to somebody else than who surrendered"):
        check_versions([version("v2", "Carrier ISSUE Bob", day=2), version("v1", *AMENDMENT)])


def test_after_a_switch_to_paper_a_bill_comes_back_to_whoever_has_the_paper() -> None:
    switched = version("v1", ISSUED, "Alice SURRENDER_FOR_AMENDMENT Carrier SWTP", "Carrier SACC")
    check_versions([version("v2", "Carrier ISSUE Bob", day=2), switched])


# ---- reading and writing ---------------------------------------------------------------------------------------------


def test_chains_come_back_as_they_were_written() -> None:
    for name in ("endorsement-chain", "endorsement-chain-amended"):
        written = sample(name)
        chains = read_chains(read_json((SAMPLES / f"{name}.json").read_bytes()))
        assert [chain.end_document() for chain in chains] == written
        assert read_chains(json.loads(json.dumps([chain.end_document() for chain in chains]))) == chains
        assert read_chains(json.loads(json.dumps([chain.pint_document() for chain in chains]))) == chains


def test_pint_has_the_oldest_entry_first_and_its_own_word() -> None:
    (chain,) = read_chains([DELIVERED])
    codes = [link["actionCode"] for link in chain.pint_document()["transactions"]]
    assert codes == ["ISSUE", "TRANSFER", "SURRENDER_FOR_DELIVERY", "SACC"]


def test_fields_that_are_not_known_are_kept() -> None:
    written = json.loads(json.dumps(DELIVERED))
    written["endorsementChain"][0]["auditReference"] = "AUDIT0007"
    written["endorsementChain"][1]["actor"]["taxLegalReferences"] = [
        {"type": "PAN", "countryCode": "IN", "value": "AAAAA0000A"}
    ]
    written["endorsementChain"][2]["charge"] = {"amounts": [7.5, 12], "isPaid": True, "note": None}
    (chain,) = read_chains(read_json(json.dumps(written).encode()))
    assert chain.end_document() == written
    assert json.loads(json.dumps(chain.end_document())) == written


def _without(field: str) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(json.dumps(DELIVERED))
    del written["endorsementChain"][2][field]
    return written


@pytest.mark.parametrize(
    ("written", "field", "problem"),
    [
        ([], None, "there is no chain in it"),
        ("chain", None, "a chain is a JSON object"),
        ([DELIVERED, 7], "[1]", "a chain is a JSON object"),
        ({"transportDocumentReference": "REF"}, "endorsementChain", "this field is mandatory"),
        (DELIVERED | {"endorsementChain": []}, "endorsementChain", "this list is empty"),
        (DELIVERED | {"endorsementChain": {}}, "endorsementChain", "this has to be a list"),
        (DELIVERED | {"endorsementChain": [7, 7]}, "endorsementChain[0]", "this has to be an object"),
        (DELIVERED | {"transportDocumentReference": "X" * 21}, "transportDocumentReference", "20 characters"),
        (_without("actor"), "endorsementChain[2].actor", "this field is mandatory"),
        ([REISSUED, _without("actionCode")], "[1].endorsementChain[2].actionCode", "this field is mandatory"),
        (
            {"transportDocumentReference": "REF", "transactions": [{"actionCode": "VOID"}]},
            "transactions[0].actionCode",
            "'VOID' is not allowed",
        ),
    ],
)
def test_what_is_no_chain_is_refused(written: object, field: str | None, problem: str) -> None:
    with pytest.raises(EblRefused, match=problem) as told:
        read_chains(written)
    assert told.value.code == "BENV"
    assert told.value.location is not None
    assert told.value.location.field == field


@pytest.mark.parametrize("time", ["2026-03-01", "2026-02-30T09:00:00Z", "2026-03-01T09:00:00", "2026-03-01 09:00:00Z"])
def test_what_is_no_time_is_refused(time: str) -> None:
    written = {"transportDocumentReference": "REF", "transactions": [entry("Carrier", "ISSUE", "Alice").document()]}
    written["transactions"][0]["actionDateTime"] = time  # type: ignore[index]
    with pytest.raises(EblRefused, match="is no time such as"):
        read_chains(written)


@pytest.mark.parametrize("time", ["2026-03-01T09:00:00.531Z", "2026-03-01T17:00:00+08:00"])
def test_times_have_milliseconds_or_another_offset(time: str) -> None:
    assert entry("Carrier", "ISSUE", "Alice", actionDateTime=time).action_date_time == time


def test_a_party_of_a_chain_has_a_platform_and_a_code() -> None:
    for field in ("eblPlatform", "identifyingCodes"):
        written: dict[str, Any] = json.loads(json.dumps(DELIVERED))
        del written["endorsementChain"][3]["actor"][field]
        with pytest.raises(EblRefused, match="this field is mandatory") as told:
            read_chains(written)
        assert told.value.location is not None
        assert told.value.location.field == f"endorsementChain[3].actor.{field}"
