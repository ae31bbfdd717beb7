"""Envelopes between platforms: what one has to be, and which of DCSA's codes answers what is wrong with it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from bills import changed, entries
from envelopes import BILL, CHAIN, INVOICE, PHOTO, as_read, made, opened, payload, resigned, said

from settlement.chain.platform_keys import DevelopmentPlatformKey
from settlement.domain.ebl.canonical import checksum
from settlement.domain.ebl.chain import Transaction
from settlement.domain.ebl.content import read_json
from settlement.domain.ebl.envelope import document_checksum, issue_to
from settlement.domain.ebl.jws import sign
from settlement.domain.ebl.responses import EblRefused
from settlement.errors import InputError

ENVELOPE = made()
BLANK = changed({"isToOrder": True}, "documentParties.consignee")
"""Whoever has possession of it has title."""


def on(platform: str, transaction: Transaction, to: str | None = None) -> Transaction:
    """The same, done on a platform and, where it has a recipient, towards one."""
    document = transaction.document()
    document["actor"]["eblPlatform"] = platform
    if "recipient" in document:
        document["recipient"]["eblPlatform"] = to or platform
    return Transaction.model_validate(document)


def chain(*lines: str) -> list[Transaction]:
    """Entries in short, with the platforms of actor and recipient: `AAAA>BBBB Alice TRANSFER Bob`."""
    written = []
    for line in lines:
        platforms, _, rest = line.partition(" ")
        platform, _, towards = platforms.partition(">")
        written.append(on(platform, entries(rest)[0], towards or None))
    return written


def blank(*lines: str) -> dict[str, Any]:
    return made(chain(*lines), BLANK)


def test_a_good_envelope_is_received() -> None:
    assert said(ENVELOPE) == "RECE : "
    envelope = opened(ENVELOPE)
    assert (envelope.sender, envelope.receiver) == ("DEMO", "TEST")
    assert [(each.entry.ebl_platform, each.receiver) for each in envelope.entries] == [
        ("TEST", "DEMO"),
        ("DEMO", "TEST"),
    ]
    assert envelope.states[-1].status == "PENDING_SURRENDER_FOR_DELIVERY"
    assert envelope.chain.endorsement_chain == CHAIN


def test_every_part_is_of_the_same_document_and_follows_the_one_before() -> None:
    first, last = ENVELOPE["envelopeTransferChain"]
    manifest = payload(ENVELOPE["envelopeManifestSignedContent"])
    of_document = document_checksum(BILL.content)
    assert manifest["transportDocumentChecksum"] == of_document
    assert manifest["lastEnvelopeTransferChainEntrySignedContentChecksum"] == checksum(last.encode())
    assert payload(first)["transportDocumentChecksum"] == payload(last)["transportDocumentChecksum"] == of_document
    previous = "previousEnvelopeTransferChainEntrySignedContentChecksum"
    assert previous not in payload(first)
    assert payload(last)[previous] == checksum(first.encode())


def test_the_carrier_signs_document_and_first_holder_by_the_rules_of_issuance() -> None:
    signed = payload(ENVELOPE["envelopeTransferChain"][0])["issuanceManifestSignedContent"]
    assert payload(signed, 0)["kid"] == "OCLN"
    assert set(payload(signed)) == {"documentChecksum", "issueToChecksum"}
    # 8640.5 kg: PINT's form writes it as 8.6405E3.
    assert payload(signed)["documentChecksum"] != document_checksum(BILL.content)
    assert CHAIN[0].recipient is not None
    assert issue_to(CHAIN[0].recipient) == {
        "partyName": "Harbour Trading Ltd (fictitious)",
        "identifyingCodes": [{"codeListProvider": "ZZZ", "partyCode": "harbour-trading"}],
        "sendToPlatform": "TEST",
    }


def test_the_same_envelope_is_made_again() -> None:
    assert made() == ENVELOPE


# ---- making ----------------------------------------------------------------------------------------------------------


def test_an_envelope_goes_on_from_the_one_that_came() -> None:
    came = made(CHAIN[:2])
    assert made(after=opened(came)) == ENVELOPE
    assert ENVELOPE["envelopeTransferChain"][0] == came["envelopeTransferChain"][0]


@pytest.mark.parametrize(
    ("transactions", "problem"),
    [
        (CHAIN[:2], "there is nothing to send on"),
        (CHAIN[:1], "transaction 2 is another"),
        ((CHAIN[0], on("TEST", CHAIN[1], "OTHR")), "transaction 2 is another"),
    ],
)
def test_a_chain_goes_on_from_the_envelope_before(transactions: tuple[Transaction, ...], problem: str) -> None:
    before = opened(made(CHAIN[:2]))
    with pytest.raises(InputError, match=problem):
        made(transactions, after=before)


def test_an_envelope_goes_on_with_the_same_document_and_the_same_picture() -> None:
    before = opened(made(CHAIN[:2]))
    other = changed({"carrierCode": "OTHR"})
    with pytest.raises(InputError, match="another transport document"):
        made(bill=other, after=before)
    with pytest.raises(InputError, match="is always the same"):
        made(visualisation=PHOTO, after=before)


def test_an_empty_document_cannot_be_listed() -> None:
    with pytest.raises(InputError, match=r"invoice\.pdf is empty"):
        made(documents=[INVOICE._replace(data=b"")])


def test_a_chain_that_breaks_a_rule_is_not_signed() -> None:
    with pytest.raises(EblRefused, match=r"BENV: entry 1 \(TRANSFER\): a chain begins with ISSUE"):
        made(CHAIN[1:])


# ---- shape -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ([], "an envelope is a JSON object"),
        (None, "an envelope is a JSON object"),
        ({}, "transportDocument: this field is mandatory; envelopeManifestSignedContent: this field is mandatory"),
        (ENVELOPE | {"transportDocument": []}, "transportDocument: this has to be an object"),
        (ENVELOPE | {"envelopeTransferChain": []}, "a list with an entry at least"),
        (ENVELOPE | {"envelopeTransferChain": "e30.e30.e30"}, "a list with an entry at least"),
    ],
)
def test_what_is_no_envelope_can_never_be_accepted(content: Any, problem: str) -> None:
    text = said(content)
    assert text.startswith("BENV")
    assert problem in text


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("transactions", [], "transactions: this list is empty"),
        ("transactions", {}, "transactions: this has to be a list"),
        ("transportDocumentChecksum", "AB" * 32, "is not written as it has to be"),
        ("transportDocumentChecksum", None, "transportDocumentChecksum"),
        ("eblPlatform", "TE T", "is not a code without white space"),
        ("eBLVisualisationByCarrier", {"name": "a", "size": 0, "mediaType": "b", "documentChecksum": "0" * 64}, "size"),
        (
            "eBLVisualisationByCarrier",
            {"name": "a", "size": 1.5, "mediaType": "b", "documentChecksum": "0" * 64},
            "size",
        ),
    ],
)
def test_a_signed_part_has_dcsas_shape(field: str, value: object, problem: str) -> None:
    content = copy.deepcopy(ENVELOPE)
    last = payload(content["envelopeTransferChain"][1]) | as_read({field: value})
    content["envelopeTransferChain"][1] = sign(last, DevelopmentPlatformKey("platform", "DEMO"))
    text = said(content)
    assert text.startswith("BENV envelopeTransferChain[1]")
    assert problem in text


def test_a_signed_part_is_an_object() -> None:
    content = ENVELOPE | {"envelopeManifestSignedContent": sign([], DevelopmentPlatformKey("platform", "DEMO"))}
    assert said(content) == "BENV envelopeManifestSignedContent: this has to be an object"


def test_the_words_are_pints() -> None:
    def use_ends_word(payloads: list[Any]) -> None:
        payloads[1]["transactions"][0]["actionCode"] = "SURRENDERED"

    assert "SURRENDERED is END's word, and PINT has SACC" in said(resigned(ENVELOPE, entry=use_ends_word))

    def use_no_word(payloads: list[Any]) -> None:
        payloads[1]["transactions"][0]["actionCode"] = "GIVE"

    assert said(resigned(ENVELOPE, entry=use_no_word)).startswith("BENV envelopeTransferChain[1]: transactions[0]")


# ---- signatures ------------------------------------------------------------------------------------------------------


def test_an_entry_is_signed_by_its_platform() -> None:
    content = copy.deepcopy(ENVELOPE)
    says = payload(content["envelopeTransferChain"][0])
    content["envelopeTransferChain"][0] = sign(says, DevelopmentPlatformKey("platform", "DEMO"))
    assert said(content) == "BSIG envelopeTransferChain[0]: it is of the platform TEST, and DEMO signed it"


def test_the_envelope_is_signed_by_the_platform_that_sends_it() -> None:
    content = copy.deepcopy(ENVELOPE)
    says = payload(content["envelopeManifestSignedContent"])
    content["envelopeManifestSignedContent"] = sign(says, DevelopmentPlatformKey("platform", "TEST"))
    assert said(content) == "BSIG envelopeManifestSignedContent: the envelope is sent by DEMO, and TEST signed it"


def test_an_issued_bill_is_signed_by_its_carrier() -> None:
    def sign_as(kind: Any, code: str) -> Any:
        def change(payloads: list[Any]) -> None:
            says = payload(payloads[0]["issuanceManifestSignedContent"])
            payloads[0]["issuanceManifestSignedContent"] = sign(says, DevelopmentPlatformKey(kind, code))

        return change

    other = said(resigned(ENVELOPE, entry=sign_as("carrier", "OTHR")))
    where = "BSIG envelopeTransferChain[0].issuanceManifestSignedContent: "
    assert other == f"{where}the carrier is OCLN, and OTHR signed it"
    platform = said(resigned(ENVELOPE, entry=sign_as("platform", "OCLN")))
    assert platform.startswith(f"{where}the signature is not of the carrier OCLN")


# ---- checksums -------------------------------------------------------------------------------------------------------


def test_another_document_is_refused() -> None:
    content = copy.deepcopy(ENVELOPE)
    content["transportDocument"]["termsAndConditions"] += "."
    assert "the carrier issued another transport document" in said(content)


def test_a_document_that_is_no_title_is_refused() -> None:
    content = copy.deepcopy(ENVELOPE)
    content["transportDocument"]["transportDocumentTypeCode"] = "SWB"
    assert said(content).startswith("BENV transportDocument.transportDocumentTypeCode: a sea waybill (SWB) is no title")


@pytest.mark.parametrize(("field", "value"), [("documentChecksum", "0" * 64), ("issueToChecksum", "0" * 64)])
def test_the_carrier_issued_this_document_to_this_party(field: str, value: str) -> None:
    def change(payloads: list[Any]) -> None:
        says = payload(payloads[0]["issuanceManifestSignedContent"]) | {field: value}
        payloads[0]["issuanceManifestSignedContent"] = sign(says, DevelopmentPlatformKey("carrier", "OCLN"))

    text = said(resigned(ENVELOPE, entry=change))
    assert text.startswith("BENV envelopeTransferChain[0].issuanceManifestSignedContent: the carrier issued")
    assert field in text


def test_the_first_entry_has_the_carriers_signature() -> None:
    content = resigned(ENVELOPE, entry=lambda payloads: payloads[0].pop("issuanceManifestSignedContent"))
    assert said(content).startswith("BENV envelopeTransferChain[0]: the first entry has to have the issuance manifest")


@pytest.mark.parametrize("position", [0, 1])
def test_an_entry_is_of_this_document(position: int) -> None:
    def change(payloads: list[Any]) -> None:
        payloads[position]["transportDocumentChecksum"] = "0" * 64

    content = resigned(ENVELOPE, entry=change)
    assert said(content).startswith(f"BENV envelopeTransferChain[{position}]: it is of another document")


def test_the_manifest_is_over_this_document_and_this_chain() -> None:
    for field in ("transportDocumentChecksum", "lastEnvelopeTransferChainEntrySignedContentChecksum"):
        content = resigned(ENVELOPE, manifest=lambda says, field=field: says.update({field: "0" * 64}))  # type: ignore[misc]
        assert said(content).startswith("BENV envelopeManifestSignedContent: ")


def test_an_entry_that_was_replaced_is_missed() -> None:
    """The sender signs its last entry anew, and leaves the manifest as it was."""

    def change(payloads: list[Any]) -> None:
        payloads[1]["transactions"][0]["actionDateTime"] = "2026-04-02T06:31:00Z"

    content = resigned(ENVELOPE, entry=change, relink=False)
    assert "the checksum of the last entry of the chain is not" in said(content)


def test_a_gap_in_the_chain_is_refused() -> None:
    content = resigned(ENVELOPE, entry=lambda payloads: payloads.pop(0), relink=False)
    assert "the first entry has to have the issuance manifest" in said(content)

    def drop_the_first(payloads: list[Any]) -> None:
        payloads[1]["issuanceManifestSignedContent"] = payloads[0]["issuanceManifestSignedContent"]
        payloads[1]["transactions"] = payloads[0]["transactions"] + payloads[1]["transactions"]
        payloads.pop(0)

    assert "entries before are missing" in said(resigned(ENVELOPE, entry=drop_the_first, relink=False))


def test_a_changed_entry_breaks_the_one_after_it() -> None:
    def change(payloads: list[Any]) -> None:
        payloads[0]["transactions"][1]["comments"] = "another word"

    content = resigned(ENVELOPE, entry=change, relink=False)
    assert "an entry is missing or was changed" in said(content)


def test_swapped_entries_are_refused() -> None:
    content = copy.deepcopy(ENVELOPE)
    content["envelopeTransferChain"].reverse()
    assert said(content).startswith(("BENV", "BSIG"))


def test_the_picture_of_the_bill_is_the_one_that_the_carrier_signed() -> None:
    field = "eBLVisualisationByCarrier"
    content = made(visualisation=PHOTO)
    assert opened(content).documents[0].name == "photo.png"
    other = said(resigned(content, manifest=lambda says: says.update({field: INVOICE.metadata()})))
    assert other.startswith("BENV")
    assert "the carrier's visualisation of the bill is another one than it signed" in other
    unsigned = said(resigned(ENVELOPE, manifest=lambda says: says.update({field: PHOTO.metadata()})))
    assert "the carrier's visualisation of the bill is another one than it signed" in unsigned


def test_an_entry_that_names_the_picture_names_the_manifests() -> None:
    def name(document: Any) -> Any:
        return lambda payloads: payloads[1].update(eBLVisualisationByCarrier=document.metadata())

    content = made(visualisation=PHOTO)
    assert said(resigned(content, entry=name(PHOTO)), files=[PHOTO]) == "RECE : "
    other = said(resigned(content, entry=name(INVOICE)), files=[PHOTO])
    assert other.startswith("BENV envelopeTransferChain[1]: eBLVisualisationByCarrier is another than the manifest's")


def test_a_registry_that_nobody_asks_is_not_passed_over() -> None:
    def guard(position: int) -> Any:
        return lambda payloads: payloads[position].update(controlTrackingRegistry="https://registry.example/v1")

    first = said(resigned(ENVELOPE, entry=guard(0)))
    assert first.startswith("BENV envelopeTransferChain[0]: the registry https://registry.example/v1 says which")
    assert "is for the first entry only" in said(resigned(ENVELOPE, entry=guard(1)))


@pytest.mark.parametrize("number", ["1e999999999", "1e400"])
def test_a_number_without_a_checksum_is_refused(number: str) -> None:
    content = copy.deepcopy(ENVELOPE)
    content["transportDocument"]["x"] = read_json(number.encode())
    assert said(content).startswith("BENV transportDocument: a number is beyond")


# ---- the rules of the chain, and platforms ---------------------------------------------------------------------------


def test_a_broken_rule_of_the_chain_is_answered_as_the_chain_is() -> None:
    def take_away(payloads: list[Any]) -> None:
        payloads[0]["transactions"] = payloads[0]["transactions"][:1]

    assert "BENV : entry 2 (SURRENDER_FOR_DELIVERY)" in said(resigned(ENVELOPE, entry=take_away))

    def give_twice(payloads: list[Any]) -> None:
        payloads[0]["transactions"].append(payloads[0]["transactions"][1])

    assert "DISE : entry 3 (TRANSFER)" in said(resigned(ENVELOPE, entry=give_twice))


def test_what_goes_to_one_platform_is_one_entry() -> None:
    content = blank("AAAA Carrier ISSUE Alice", "AAAA>BBBB Alice ENDORSE_TO_ORDER Bob", "AAAA>BBBB Alice TRANSFER Bob")
    assert len(content["envelopeTransferChain"]) == 1
    assert said(content).startswith("RECE")


def test_an_endorsement_is_told_to_the_endorsees_platform_and_the_bill_stays() -> None:
    told = ("AAAA Carrier ISSUE Alice", "AAAA>BBBB Alice ENDORSE_TO_ORDER Bob")
    notice = blank(*told)
    assert said(notice).startswith("RECE")
    possession = opened(notice).states[-1].possession
    assert possession is not None
    assert possession.ebl_platform == "AAAA"
    lent = blank(*told, "AAAA>CCCC Alice TRANSFER Carol")
    assert [each.entry.ebl_platform for each in opened(lent).entries] == ["AAAA", "AAAA"]
    assert (opened(lent).receiver, said(lent)) == ("CCCC", "RECE : ")


def test_an_answer_of_the_carrier_goes_to_the_platform_of_who_asked() -> None:
    asked = ("AAAA>BBBB Carrier ISSUE Alice", "BBBB>AAAA Alice SURRENDER_FOR_DELIVERY Carrier")
    for answer in ("SACC", "SREJ"):
        content = blank(*asked, f"AAAA Carrier {answer}")
        assert (said(content), opened(content).receiver) == ("RECE : ", "BBBB")
    elsewhere = said(blank(*asked, "AAAA>CCCC Carrier SREJ Alice"))
    assert "it answers Alice on CCCC, and the surrender came from BBBB" in elsewhere


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("AAAA Carrier ISSUE Alice",), "it ends with transaction 1 (ISSUE), which goes to no other platform"),
        (("AAAA>BBBB Carrier ISSUE Alice", "BBBB Alice SIGN"), "it ends with transaction 2 (SIGN), which goes to no"),
        (("AAAA Carrier ISSUE Alice", "AAAA Alice BLANK_ENDORSE"), "it ends with transaction 2 (BLANK_ENDORSE)"),
        (
            ("AAAA Carrier ISSUE Alice", "BBBB>CCCC Alice TRANSFER Bob"),
            "it ends with transaction 1 (ISSUE), which goes to no other platform",
        ),
        (
            ("AAAA>BBBB Carrier ISSUE Alice", "CCCC>BBBB Alice TRANSFER Bob"),
            "transaction 2 (TRANSFER): it is done on CCCC, and BBBB has the bill",
        ),
        (
            ("AAAA>BBBB Carrier ISSUE Alice", "AAAA>BBBB Alice TRANSFER Bob"),
            "transaction 2 (TRANSFER): it is done on AAAA, and BBBB has the bill",
        ),
    ],
)
def test_an_entry_is_of_the_platform_that_has_the_bill_and_ends_with_what_leaves_it(
    lines: tuple[str, ...], problem: str
) -> None:
    text = said(blank(*lines))
    assert text.startswith("BENV envelopeTransferChain[")
    assert problem in text


def test_all_who_act_in_an_entry_act_on_its_platform() -> None:
    def move(payloads: list[Any]) -> None:
        payloads[0]["transactions"][1]["actor"]["eblPlatform"] = "OTHR"

    text = said(resigned(ENVELOPE, entry=move))
    assert "transaction 2 (TRANSFER): Harbour Trading Ltd (fictitious) acts on OTHR, in an entry of TEST" in text


def test_an_entry_goes_to_one_platform() -> None:
    def join(payloads: list[Any]) -> None:
        payloads[0]["transactions"] += payloads[1]["transactions"]
        payloads.pop()

    told = ("AAAA Carrier ISSUE Alice", "AAAA>BBBB Alice ENDORSE_TO_ORDER Bob", "AAAA>CCCC Alice TRANSFER Carol")
    content = resigned(blank(*told), entry=join)
    assert "transaction 3 (TRANSFER) goes to CCCC, in an entry that goes to BBBB" in said(content)


def test_only_the_platform_to_which_it_goes_accepts_it() -> None:
    assert said(ENVELOPE, receiver="TEST") == "RECE : "
    assert said(ENVELOPE, receiver="DEMO") == "BENV : the envelope goes to TEST, and DEMO is asked"
