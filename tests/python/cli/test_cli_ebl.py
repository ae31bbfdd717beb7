"""Transport documents and endorsement chains by command: `settle ebl`."""

from __future__ import annotations

import json

import pytest
from bills import entries, party_document

from settlement.app.ebl import chains_in
from settlement.scenarios import load

SAMPLES = load.LIBRARY.parent / "samples"
DOCUMENT = SAMPLES / "transport-document.json"
CHAIN = SAMPLES / "endorsement-chain.json"
AMENDED = SAMPLES / "endorsement-chain-amended.json"


def written(tmp_path, path, change):
    """A sample with a change, in a file of its own."""
    document = json.loads(path.read_text("utf-8"))
    change(document)
    file = tmp_path / path.name
    file.write_text(json.dumps(document), "utf-8")
    return file


def test_a_document_is_verified(settle):
    shown = settle.json("ebl", "verify", DOCUMENT)
    assert shown == {
        "transportDocumentReference": "OCLN2026000417",
        "transportDocumentSubReference": "v1",
        "transportDocumentStatus": "ISSUED",
        "kind": "straight",
        "named": "Delta Imports Ltd (fictitious)",
        "carrierCode": "OCLN",
        "document_hash": "0x7e49f97871d5153b56d2976bc47bcccf4bc65af26a4eb2523ff2a62346d2b60c",
        "valid": True,
    }
    told = settle.ok("ebl", "verify", DOCUMENT).out
    assert shown["document_hash"] in told
    assert "all there" in told


def test_a_document_that_is_no_title_is_refused_with_its_code(settle, tmp_path):
    waybill = written(tmp_path, DOCUMENT, lambda document: document.update(transportDocumentTypeCode="SWB"))
    ran = settle("ebl", "verify", waybill)
    assert ran.code == 1
    assert "transport-document.json (transportDocumentTypeCode): BREQ: a sea waybill (SWB) is no title" in ran.sentence
    assert settle("ebl", "verify", waybill, "--json").document["error"]["code"] == "BREQ"


@pytest.mark.parametrize("command", ["verify", "chain"])
def test_what_cannot_be_read_is_no_answer(settle, tmp_path, command):
    assert "there is no such file" in settle("ebl", command, "nowhere.json").sentence
    assert "cannot be read: Is a directory" in settle("ebl", command, tmp_path).sentence
    ran = settle("ebl", command, SAMPLES / "orders.csv")
    assert (ran.code, "orders.csv: this is no JSON" in ran.sentence) == (2, True)
    assert "code" not in settle("ebl", command, SAMPLES / "orders.csv", "--json").document["error"]


def test_a_chain_is_shown_oldest_entry_first_and_where_the_bill_stands(settle):
    told = settle.ok("ebl", "chain", CHAIN, "--document", DOCUMENT).out
    assert [told.index(word) for word in ("ISSUE", "TRANSFER", "SURRENDER_FOR_DELIVERY", "SACC")] == sorted(
        told.index(word) for word in ("ISSUE", "TRANSFER", "SURRENDER_FOR_DELIVERY", "SACC")
    )
    assert "SURRENDERED_FOR_DELIVERY" in told
    shown = settle.json("ebl", "chain", CHAIN, "--document", DOCUMENT)
    assert shown["chains"] == json.loads(CHAIN.read_text("utf-8"))
    (state,) = shown["states"]
    assert (state["transportDocumentStatus"], state["ended"], state["void"]) == (
        "SURRENDERED_FOR_DELIVERY",
        True,
        False,
    )


def test_the_versions_of_a_bill_are_shown_one_after_the_other(settle):
    told = settle.ok("ebl", "chain", AMENDED).out
    assert "void, and a new or a paper bill takes its place" in told
    assert "the consignee, whom the transport document names" in told
    shown = settle.json("ebl", "chain", AMENDED, "--document", DOCUMENT)
    assert [(state["transportDocumentStatus"], state["void"]) for state in shown["states"]] == [
        ("ISSUED", False),
        ("SURRENDERED_FOR_AMENDMENT", True),
    ]
    assert shown["states"][0]["possession"]["partyName"] == "Harbour Trading Ltd (fictitious)"


@pytest.mark.parametrize(
    ("kind", "title"),
    [("blank", "whoever has possession"), ("to-order", "Harbour Trading Ltd (fictitious), who can endorse")],
)
def test_a_chain_is_of_the_kind_that_is_said(settle, kind, title):
    assert title in settle.ok("ebl", "chain", AMENDED, "--kind", kind).out


def test_a_chain_with_an_endorsement_is_to_order(settle, tmp_path):
    def endorse(chains):
        surrender = chains[0]["endorsementChain"][1]
        chains[0]["endorsementChain"][:2] = [
            chains[0]["endorsementChain"][2] | {"actionCode": "ENDORSE", "actionDateTime": "2026-03-08T08:00:00Z"}
        ]
        assert surrender["actionCode"] == "SURRENDER_FOR_DELIVERY"
        chains[0]["endorsementChain"][:2] = chains[0]["endorsementChain"][1::-1]

    told = settle.ok("ebl", "chain", written(tmp_path, CHAIN, endorse)).out
    assert "to-order" in told
    assert "Delta Imports Ltd (fictitious), who cannot endorse" in told


def test_a_chain_that_breaks_a_rule_is_refused_with_code_and_entry(settle, tmp_path):
    def lose_the_transfer(chains):
        del chains[0]["endorsementChain"][2]

    file = written(tmp_path, CHAIN, lose_the_transfer)
    ran = settle("ebl", "chain", file)
    assert ran.code == 1
    assert "BENV: entry 2 (SURRENDER_FOR_DELIVERY): Delta Imports Ltd (fictitious) has no possession" in ran.sentence
    error = settle("ebl", "chain", file, "--json").document["error"]
    assert (error["kind"], error["code"], error["location"]["file"]) == ("EblRefused", "BENV", str(file))


def test_a_chain_is_held_to_the_document(settle, tmp_path):
    def name_another(document):
        document["documentParties"]["consignee"] = document["documentParties"]["shipper"]

    ran = settle("ebl", "chain", CHAIN, "--document", written(tmp_path, DOCUMENT, name_another))
    assert (ran.code, "has possession without title" in ran.sentence) == (1, True)
    other = written(tmp_path, DOCUMENT, lambda document: document.update(transportDocumentReference="OTHER"))
    ran = settle("ebl", "chain", CHAIN, "--document", other)
    assert (ran.code, "whose reference is OTHER" in ran.sentence) == (2, True)


def test_the_document_says_the_kind(settle):
    ran = settle("ebl", "chain", CHAIN, "--document", DOCUMENT, "--kind", "blank")
    assert (ran.code, "give one of them, not both" in ran.sentence) == (2, True)


def test_whoever_shipped_the_goods_may_surrender_the_amended_bill_too(tmp_path):
    """Of a straight bill; the second version is issued to the consignee, who had the first one amended."""

    def chain(version, *lines):
        made = [entry.document() for entry in entries(*lines)]
        for each in made:
            each["actionDateTime"] = f"2026-03-0{version}T09:00:00Z"
        named = {"transportDocumentReference": "R", "transportDocumentSubReference": f"{version}"}
        return named | {"transactions": made}

    first = chain(
        1, "Carrier ISSUE Alice", "Alice TRANSFER Bob", "Bob SURRENDER_FOR_AMENDMENT Carrier COD", "Carrier SACC"
    )
    second = chain(2, "Carrier ISSUE Bob", "Bob TRANSFER Alice", "Alice SURRENDER_FOR_DELIVERY Carrier")
    document = json.loads(DOCUMENT.read_text("utf-8"))
    document |= {"transportDocumentReference": "R", "transportDocumentSubReference": "2"}
    document["documentParties"]["consignee"] = party_document("Bob")
    for name, content in (("chains", [second, first]), ("document", document)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    newer, older = chains_in(tmp_path / "chains.json", documents=[tmp_path / "document.json"])
    assert newer.state.status == "PENDING_SURRENDER_FOR_DELIVERY"
    assert newer.state.shipper == older.state.shipper
