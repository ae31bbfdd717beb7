"""Transport documents: mandatory fields, kinds, contradictions, and a hash in which every character counts."""

from __future__ import annotations

import hashlib
import json

import pytest
from bills import SAMPLES, changed, party_document, sample
from hypothesis import given
from hypothesis import strategies as st

from settlement.domain.ebl.content import MAX_BYTES, canonical_text, content_hash, read_json
from settlement.domain.ebl.document import read_bill
from settlement.domain.ebl.responses import EblRefused
from settlement.domain.instruction import canonical_json, terms_hash
from settlement.errors import InputError

MANDATORY = (
    "transportDocumentReference",
    "transportDocumentStatus",
    "transportDocumentTypeCode",
    "isShippedOnBoardType",
    "isElectronic",
    "isToOrder",
    "invoicePayableAt",
    "partyContactDetails",
    "documentParties",
    "consignmentItems",
    "utilizedTransportEquipments",
    "termsAndConditions",
    "receiptTypeAtOrigin",
    "deliveryTypeAtDestination",
    "cargoMovementTypeAtOrigin",
    "cargoMovementTypeAtDestination",
    "carrierCode",
    "carrierCodeListProvider",
    "transports",
    "documentParties.shipper",
    "documentParties.issuingParty",
    "documentParties.issuingParty.address",
    "documentParties.consignee.partyName",
    "consignmentItems[0].cargoItems",
    "consignmentItems[0].HSCodes",
    "consignmentItems[0].cargoItems[0].equipmentReference",
    "consignmentItems[0].cargoItems[0].cargoGrossWeight.value",
    "consignmentItems[0].cargoItems[0].outerPackaging.numberOfPackages",
    "utilizedTransportEquipments[0].equipment.equipmentReference",
    "utilizedTransportEquipments[0].seals",
    "transports.portOfLoading",
    "transports.vesselVoyages[0].vesselName",
)


def test_the_sample_is_a_straight_bill() -> None:
    bill = read_bill((SAMPLES / "transport-document.json").read_bytes())
    assert bill.kind == "straight"
    assert bill.named is not None
    assert bill.named.party_name == "Delta Imports Ltd (fictitious)"
    assert bill.document.transport_document_reference == "OCLN2026000417"


def test_a_bill_to_order_names_its_first_endorsee() -> None:
    bill = changed({"isToOrder": True, "documentParties.endorsee": party_document("Bank")}, "documentParties.consignee")
    assert bill.kind == "to-order"
    assert bill.named is not None
    assert bill.named.party_name == "Bank"


def test_a_negotiable_bill_without_endorsee_is_blank() -> None:
    bill = changed({"isToOrder": True}, "documentParties.consignee")
    assert (bill.kind, bill.named) == ("blank", None)


@pytest.mark.parametrize("path", MANDATORY)
def test_a_mandatory_field_that_is_missing_is_named(path: str) -> None:
    with pytest.raises(EblRefused, match="BREQ: this field is mandatory") as told:
        changed({}, path)
    assert told.value.code == "BREQ"
    assert told.value.location is not None
    assert told.value.location.field == path


def test_every_missing_field_is_named() -> None:
    with pytest.raises(EblRefused, match=r"transportDocumentReference: .*; carrierCode: this field is mandatory"):
        changed({}, "transportDocumentReference", "carrierCode")


def test_of_many_faults_some_are_counted() -> None:
    with pytest.raises(EblRefused, match="and 10 more"):
        read_bill(b"{}")


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("transportDocumentReference", "X" * 21, "longer than 20 characters"),
        ("transportDocumentReference", " X", "is not one line of text"),
        ("transportDocumentReference", "", "is not one line of text"),
        ("transportDocumentReference", "OCLN\x1b[2J", "is not one line of text"),
        ("documentParties.shipper.partyName", "Harbour\u202eTrading", "is not one line of text"),
        ("documentParties.shipper.partyName", "Harbour\nTrading", "is not one line of text"),
        ("transportDocumentReference", 417, "this has to be text"),
        ("transportDocumentSubReference", "v" * 101, "longer than 100 characters"),
        ("transportDocumentStatus", "issued", "'issued' is not allowed; allowed: 'DRAFT', 'APPROVED'"),
        ("transportDocumentTypeCode", "AWB", "allowed: 'BOL' or 'SWB'"),
        ("isToOrder", "true", "this has to be true or false"),
        ("receiptTypeAtOrigin", "XX", "allowed: 'CY', 'SD' or 'CFS'"),
        ("cargoMovementTypeAtOrigin", "XX", "allowed: 'FCL' or 'LCL'"),
        ("carrierCode", "A B", "'A B' is not a code without white space"),
        ("carrierCode", "TOOLONG", "longer than 4 characters"),
        ("carrierCodeListProvider", "SCAC", "allowed: 'SMDG' or 'NMFTA'"),
        ("consignmentItems", [], "this list is empty"),
        ("consignmentItems", {}, "this has to be a list"),
        ("transports", [], "this has to be an object"),
        ("transports.plannedArrivalDate", "2026-02-30", "'2026-02-30' is no day such as"),
        ("consignmentItems[0].cargoItems[0].cargoGrossWeight.value", 0, "greater than 0"),
        ("consignmentItems[0].cargoItems[0].cargoGrossWeight.value", True, "Decimal"),
        ("consignmentItems[0].HSCodes[0]", "6912", "not written as it has to be"),
        ("consignmentItems[0].HSCodes[0]", "٦٢٠٥٢٠", "not written as it has to be"),
        ("transportDocumentStatus", "X" * 10_000, "'X{79}… is not allowed"),
    ],
)
def test_a_field_that_is_wrong_is_named(path: str, value: object, problem: str) -> None:
    with pytest.raises(EblRefused, match=problem) as told:
        changed({path: value})
    assert told.value.location is not None
    assert told.value.location.field == path


@pytest.mark.parametrize(
    ("changes", "without", "field", "problem"),
    [
        ({"transportDocumentTypeCode": "SWB"}, (), "transportDocumentTypeCode", r"a sea waybill \(SWB\) is no title"),
        ({"isElectronic": False}, (), "isElectronic", "is on paper"),
        ({}, ("documentParties.consignee",), "documentParties.consignee", "mandatory of a straight bill"),
        (
            {"documentParties.endorsee": party_document("Bank")},
            (),
            "documentParties.endorsee",
            "a consignee or an endorsee, not both",
        ),
        (
            {"documentParties.endorsee": party_document("Bank")},
            ("documentParties.consignee",),
            "documentParties.endorsee",
            "a straight bill .* has no endorsee",
        ),
        (
            {},
            ("documentParties.consignee.identifyingCodes",),
            "documentParties.consignee.identifyingCodes",
            "this field is mandatory",
        ),
        ({"invoicePayableAt": {}}, (), "invoicePayableAt", "either UNLocationCode or freeText"),
        (
            {"invoicePayableAt": {"UNLocationCode": "HKHKG", "freeText": "Hong Kong"}},
            (),
            "invoicePayableAt",
            "either UNLocationCode or freeText",
        ),
        ({}, ("partyContactDetails[0].email",), "partyContactDetails[0]", "phone, email or both"),
        ({}, ("issueDate",), "issueDate", "mandatory of a document that is ISSUED"),
        ({}, ("shippedOnBoardDate",), "shippedOnBoardDate", "either this or receivedForShipmentDate"),
        ({"receivedForShipmentDate": "2026-03-01"}, (), "shippedOnBoardDate", "either this or"),
        ({"numberOfOriginalsWithCharges": 1}, (), "numberOfOriginalsWithCharges", "one original, not 2"),
    ],
)
def test_a_document_that_contradicts_itself_is_refused(
    changes: dict[str, object], without: tuple[str, ...], field: str, problem: str
) -> None:
    with pytest.raises(EblRefused, match=problem) as told:
        changed(changes, *without)
    assert told.value.code == "BREQ"
    assert told.value.location is not None
    assert told.value.location.field == field


def test_a_draft_needs_no_dates() -> None:
    assert changed({"transportDocumentStatus": "DRAFT"}, "issueDate", "shippedOnBoardDate").kind == "straight"


def test_a_document_is_an_object() -> None:
    with pytest.raises(EblRefused, match="a transport document is a JSON object"):
        read_bill(b"[]")


# ---- the hash --------------------------------------------------------------------------------------------------------


def _hash(document: object) -> str:
    return read_bill(json.dumps(document).encode()).hash


def test_the_hash_is_sha_256_of_the_canonical_text_of_everything() -> None:
    data = (SAMPLES / "transport-document.json").read_bytes()
    text = json.dumps(json.loads(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert '"value":8640.5' in text
    assert read_bill(data).hash == "0x" + hashlib.sha256(text.encode()).hexdigest()


def test_white_space_and_the_order_of_fields_do_not_matter() -> None:
    document = sample("transport-document")
    turned = dict(reversed(document.items()))
    packed = json.dumps(turned, separators=(",", ":")).encode()
    assert read_bill(packed).hash == read_bill(json.dumps(document, indent=7).encode()).hash


def test_fields_that_no_rule_asks_for_are_hashed() -> None:
    document = sample("transport-document")
    plain = _hash(document)
    assert _hash(document | {"carrierClauses": ["Shipper's load, stow and count"]}) != plain
    document["consignmentItems"][0]["cargoItems"][0]["outerPackaging"]["woodDeclaration"] = "Not Applicable"
    assert _hash(document) != plain


@pytest.mark.parametrize("written", ["8640.50", "8640.5e0", "8640.5E0", "8640.500", "86405e-1"])
def test_a_number_that_is_written_otherwise_shows(written: str) -> None:
    text = (SAMPLES / "transport-document.json").read_text("utf-8")
    assert read_bill(text.replace("8640.5", written).encode()).hash != read_bill(text.encode()).hash


def _texts(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths of all texts and numbers in a document."""
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in _texts(each, (*path, key))]
    if isinstance(value, list):
        return [found for key, each in enumerate(value) for found in _texts(each, (*path, key))]
    return [path]


PATHS = _texts(sample("transport-document"))


@given(path=st.sampled_from(PATHS), at=st.integers(0, 500), character=st.characters(codec="utf-8"))
def test_a_change_of_one_character_of_a_value_changes_the_hash(
    path: tuple[str | int, ...], at: int, character: str
) -> None:
    document = sample("transport-document")
    before = content_hash(read_json(json.dumps(document).encode()))
    place = document
    for part in path[:-1]:
        place = place[part]
    old = place[path[-1]]
    if isinstance(old, str):
        at %= len(old)
        new: object = old[:at] + character + old[at + 1 :]
    else:
        new = not old if isinstance(old, bool) else old + 1
    place[path[-1]] = new
    assert (content_hash(read_json(json.dumps(document).encode())) == before) == (new == old)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(terms=st.dictionaries(st.text(), JSON, max_size=4))
def test_without_fractions_text_and_hash_are_those_of_terms(terms: dict[str, object]) -> None:
    read = read_json(json.dumps(terms).encode())
    assert canonical_text(read) == canonical_json(terms)
    assert content_hash(read) == terms_hash(terms)


@given(value=JSON)
def test_the_canonical_text_is_the_same_value(value: object) -> None:
    assert read_json(canonical_text(read_json(json.dumps(value).encode())).encode()) == value


def test_brackets_in_text_are_no_nesting() -> None:
    assert read_json(json.dumps(["[" * 100, '"' + "{" * 100]).encode()) == ["[" * 100, '"' + "{" * 100]


def test_minus_nought_is_not_nought() -> None:
    assert content_hash(read_json(b"-0")) != content_hash(read_json(b"0"))


def test_a_number_is_not_its_text() -> None:
    assert content_hash(read_json(b"[7.5]")) != content_hash(read_json(b'["7.5"]'))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "this is no JSON"),
        (b"{", "this is no JSON"),
        (b'{"a": 1, "a": 2}', "'a' is there twice in one object"),
        (b"[NaN]", "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b'["\\ud800"]', "half of a surrogate pair"),
        (b'{"\\ud800": 1}', "half of a surrogate pair"),
        (b'"\xff"', "this is no JSON"),
        (b"[" * 100_000, "nested deeper than 64 levels"),
        (b'{"a":' * 100_000, "nested deeper than 64 levels"),
        (b'["\\"]", ' + b"[" * 64, "nested deeper than 64 levels"),
        (b"1" * 5_000, "a number is out of all bounds"),
        (b"[1e99999999999999999999]", "a number is out of all bounds"),
        (b" " * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_what_a_hash_could_not_hold_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as told:
        read_json(data)
    assert told.value.exit_code == 2
