"""What a receiving platform answers: to what it knows, to what it was given, and to anything that was tampered with."""

from __future__ import annotations

import base64
import copy
from typing import Any

import pytest
from bills import changed, sample
from envelopes import (
    BILL,
    CHAIN,
    INVOICE,
    PHOTO,
    answered,
    as_read,
    made,
    opened,
    payload,
    resigned,
    said,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.chain.platform_keys import DevelopmentPlatformKey
from settlement.domain.ebl.canonical import checksum
from settlement.domain.ebl.chain import Transaction
from settlement.domain.ebl.envelope import (
    DocumentMetadata,
    EnvelopeManifest,
    EnvelopeTransferChainEntry,
    IssuanceManifest,
    document_checksum,
    issuance_checksum,
)
from settlement.domain.ebl.jws import sign
from settlement.domain.ebl.party import DcsaModel
from settlement.domain.ebl.responses import ResponseCode
from settlement.domain.ebl.transfer import HTTP_STATUS

ENVELOPE = made()
BEFORE = made(CHAIN[:2])
"""The same bill, one platform earlier."""
PICTURE = "eBLVisualisationByCarrier"
LADEN = made(documents=[INVOICE], visualisation=PHOTO)


def later(number: int, comment: str = "Signed anew.") -> Transaction:
    """The transaction with this number, with something else in it."""
    return Transaction.model_validate(CHAIN[number - 1].document() | {"comments": comment})


# ---- what is known ---------------------------------------------------------------------------------------------------


def test_a_bill_that_comes_back_goes_on_from_what_is_known() -> None:
    assert said(ENVELOPE, BEFORE) == "RECE : "


def test_the_same_envelope_again_is_accepted_as_before() -> None:
    answer = answered(ENVELOPE, ENVELOPE)
    assert (answer.code, answer.is_accepted, answer.http_status) == ("DUPE", True, 200)
    assert answer.response == {
        "lastEnvelopeTransferChainEntrySignedContentChecksum": checksum(ENVELOPE["envelopeTransferChain"][1].encode()),
        "responseCode": "DUPE",
        "reason": "it was accepted before",
        "duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent": ENVELOPE["envelopeTransferChain"][1],
        "receivedAdditionalDocumentChecksums": [],
    }


def test_a_duplicate_confirms_the_documents_that_came_the_first_time() -> None:
    answer = answered(LADEN, LADEN)
    assert answer.code == "DUPE"
    assert answer.response is not None
    assert answer.response["receivedAdditionalDocumentChecksums"] == [PHOTO.checksum, INVOICE.checksum]
    retried = answered(made(visualisation=PHOTO), LADEN)
    assert retried.response is not None
    assert retried.response["receivedAdditionalDocumentChecksums"] == [PHOTO.checksum, INVOICE.checksum]


def test_an_envelope_with_which_the_bill_went_on_was_accepted() -> None:
    answer = answered(BEFORE, ENVELOPE)
    assert answer.code == "DUPE"
    assert answer.response is not None
    accepted = answer.response["duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent"]
    assert accepted == ENVELOPE["envelopeTransferChain"][0] == BEFORE["envelopeTransferChain"][0]


def test_a_duplicate_has_to_be_signed_too() -> None:
    broken = copy.deepcopy(ENVELOPE)
    broken["envelopeManifestSignedContent"] = broken["envelopeManifestSignedContent"][:-8] + "AAAAAAAA"
    assert said(broken, ENVELOPE).startswith("BSIG")


@pytest.mark.parametrize(("parts_at", "common"), [(2, 0), (3, 1)])
def test_a_chain_that_parts_from_a_known_one_is_disputed(parts_at: int, common: int) -> None:
    fork = made([*CHAIN[: parts_at - 1], later(parts_at), *CHAIN[parts_at:]])
    expected = f"DISE envelopeTransferChain[{common}]: another entry is known in this place: after {common} common ones"
    assert said(fork, ENVELOPE).startswith(expected)
    assert said(ENVELOPE, fork).startswith(expected)
    assert answered(fork, ENVELOPE).http_status == 409


def test_what_goes_elsewhere_after_it_was_received_is_disputed() -> None:
    """DEMO surrendered the bill to TEST, and sends it to a third platform all the same."""
    document = CHAIN[2].document() | {"actionCode": "TRANSFER"}
    document["recipient"] = CHAIN[0].document()["recipient"]
    twice = made([*CHAIN[:2], Transaction.model_validate(as_read(document))])
    assert said(twice) == "RECE : "
    assert said(twice, ENVELOPE).startswith("DISE envelopeTransferChain[1]")


def test_another_document_of_the_same_version_is_disputed() -> None:
    other = changed({"termsAndConditions": "Others."})
    assert said(made(bill=other), ENVELOPE) == "DISE : another transport document OCLN2026000417 (v1) is known"


def test_two_versions_do_not_stand_on_one_platform() -> None:
    newer = made(bill=changed({"transportDocumentSubReference": "v2"}))
    assert said(newer, ENVELOPE) == (
        "DISE : OCLN2026000417 (v1) is PENDING_SURRENDER_FOR_DELIVERY on TEST, "
        "which OCLN2026000417 (v2) cannot stand beside"
    )
    # Where the older version went on to another platform, what became of it there is not known here.
    assert said(newer, BEFORE) == "RECE : "


def test_a_picture_that_came_once_comes_always() -> None:
    came = made(CHAIN[:2], visualisation=PHOTO)
    goes_on = resigned(made(after=opened(came), visualisation=PHOTO), manifest=lambda says: says.pop(PICTURE))
    assert said(goes_on) == "RECE : "
    assert said(goes_on, came).startswith("BENV eBLVisualisationByCarrier: the bill came with photo.png before")


def test_other_bills_do_not_matter() -> None:
    assert said(made(bill=changed({"transportDocumentReference": "OTHER"})), ENVELOPE) == "RECE : "


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["fork", "same", "other"]), max_size=4), st.integers(1, 3), st.text("abc", min_size=1))
def test_one_known_fork_is_enough(kinds: list[str], number: int, comment: str) -> None:
    fork = made([*CHAIN[: number - 1], later(number, comment), *CHAIN[number:]])
    known = {"fork": fork, "same": BEFORE, "other": made(bill=changed({"transportDocumentReference": "OTHER"}))}
    answer = answered(ENVELOPE, *[known[kind] for kind in kinds])
    assert answer.code == ("DISE" if "fork" in kinds else "RECE")
    assert answered(ENVELOPE, *[known[kind] for kind in kinds], ENVELOPE).code == "DUPE"


# ---- additional documents --------------------------------------------------------------------------------------------


def test_documents_are_received_by_checksum() -> None:
    answer = answered(LADEN, files=[INVOICE, PHOTO])
    assert (answer.code, answer.reason) == ("RECE", "")
    assert answer.response is not None
    assert answer.response["receivedAdditionalDocumentChecksums"] == [PHOTO.checksum, INVOICE.checksum]
    assert "reason" not in answer.response
    assert said(LADEN, files=[INVOICE._replace(name="renamed.pdf"), PHOTO]) == "RECE : "


def test_what_was_not_given_is_missing() -> None:
    answer = answered(LADEN, files=[PHOTO])
    assert (answer.code, answer.http_status) == ("MDOC", 409)
    assert answer.reason == "the manifest lists what was not given: invoice.pdf"
    assert answer.response is not None
    assert answer.response["missingAdditionalDocumentChecksums"] == [INVOICE.checksum]
    assert "receivedAdditionalDocumentChecksums" not in answer.response


def test_what_was_changed_or_never_listed_is_inconclusive() -> None:
    other = INVOICE._replace(data=b"13 pallets")
    text = said(LADEN, files=[other, PHOTO])
    assert text.startswith(f"INCD : invoice.pdf has the checksum {other.checksum}, and the manifest lists it with")
    assert "the manifest lists no such document" in said(ENVELOPE, files=[INVOICE])


def test_a_document_has_the_size_that_the_manifest_lists() -> None:
    content = resigned(LADEN, manifest=lambda says: says["supportingDocuments"][0].update(size=11))
    assert said(content, files=[INVOICE, PHOTO]) == "INCD : invoice.pdf has 10 bytes, and the manifest lists 11"


@settings(deadline=None, max_examples=50)
@given(st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40), st.data())
def test_a_document_that_is_dropped_changed_or_added_shows(first: bytes, second: bytes, data: st.DataObject) -> None:
    files = [INVOICE._replace(name="a", data=first), INVOICE._replace(name="b", data=second)]
    content = made(documents=files)
    assert answered(content, files=files).code == "RECE"
    number = data.draw(st.integers(0, 1))
    if first != second:
        assert answered(content, files=files[:number] + files[number + 1 :]).code == "MDOC"
    flipped = bytes([files[number].data[0] ^ 1]) + files[number].data[1:]
    altered = [*files]
    altered[number] = files[number]._replace(data=flipped)
    if flipped not in (first, second):
        assert answered(content, files=altered).code == "INCD"
        assert answered(content, files=[*files, files[0]._replace(data=flipped)]).code == "INCD"


# ---- whatever was tampered with --------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_any_changed_character_of_any_signed_part_is_refused(data: st.DataObject) -> None:
    content = copy.deepcopy(LADEN)
    chain = content["envelopeTransferChain"]
    part = data.draw(st.sampled_from(["manifest", *range(len(chain))]))
    text = content["envelopeManifestSignedContent"] if part == "manifest" else chain[part]
    position = data.draw(st.integers(0, len(text) - 1))
    character = data.draw(st.sampled_from("AZaz09-_.").filter(lambda each: each != text[position]))
    text = text[:position] + character + text[position + 1 :]
    if part == "manifest":
        content["envelopeManifestSignedContent"] = text
    else:
        chain[part] = text
    assert answered(content, files=[INVOICE, PHOTO]).code == "BSIG"


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_any_changed_value_of_the_document_is_refused(data: st.DataObject) -> None:
    content = copy.deepcopy(ENVELOPE)
    paths = list(_leaves(content["transportDocument"]))
    *parents, last = data.draw(st.sampled_from(paths))
    place = content["transportDocument"]
    for step in parents:
        place = place[step]
    old = place[last]
    new: Any = old + "x" if isinstance(old, str) else not old if isinstance(old, bool) else int(old) + 1
    place[last] = new
    assert answered(content).code in ("BENV", "BSIG")


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 3), st.binary(min_size=1, max_size=3))
def test_a_part_signed_by_nobody_known_is_refused(part: int, junk: bytes) -> None:
    content = copy.deepcopy(ENVELOPE)
    text = base64.urlsafe_b64encode(junk).rstrip(b"=").decode()
    content["envelopeTransferChain"][0] = ".".join(text if part in (number, 3) else "e30" for number in range(3))
    assert answered(content).code == "BSIG"


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not steps:
        yield path
    for step, each in steps:
        yield from _leaves(each, (*path, step))


# ---- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_names_the_entry_that_it_answers_and_a_short_reason() -> None:
    content = resigned(ENVELOPE, entry=lambda payloads: payloads[1].update(transactions=[{"actionCode": "x" * 400}]))
    answer = answered(content)
    assert answer.response is not None
    last = checksum(content["envelopeTransferChain"][-1].encode())
    assert answer.response["lastEnvelopeTransferChainEntrySignedContentChecksum"] == last
    assert answer.response["responseCode"] == "BENV"
    assert len(answer.response["reason"]) == 255
    assert answer.response["reason"].startswith("envelopeTransferChain[1]: ")


@pytest.mark.parametrize("content", [None, [], {}, {"envelopeTransferChain": []}, {"envelopeTransferChain": [7]}])
def test_without_a_last_entry_there_is_nothing_to_answer(content: object) -> None:
    answer = answered(content)
    assert (answer.code, answer.response) == ("BENV", None)


def test_each_answer_has_its_http_status() -> None:
    assert {
        code: HTTP_STATUS[ResponseCode(code)] for code in ("RECE", "DUPE", "BSIG", "BENV", "INCD", "MDOC", "DISE")
    } == {
        "RECE": 200,
        "DUPE": 200,
        "BSIG": 422,
        "BENV": 422,
        "INCD": 409,
        "MDOC": 409,
        "DISE": 409,
    }


# ---- DCSA's fields ---------------------------------------------------------------------------------------------------

FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "EnvelopeManifest": (
        {"transportDocumentChecksum", "lastEnvelopeTransferChainEntrySignedContentChecksum"},
        {"eBLVisualisationByCarrier", "supportingDocuments"},
    ),
    "EnvelopeTransferChainEntry": (
        {"eblPlatform", "transportDocumentChecksum", "transactions"},
        {
            "previousEnvelopeTransferChainEntrySignedContentChecksum",
            "issuanceManifestSignedContent",
            "controlTrackingRegistry",
        },
    ),
    "IssuanceManifest": ({"documentChecksum", "issueToChecksum"}, {"eBLVisualisationByCarrierChecksum"}),
    "DocumentMetadata": ({"name", "size", "mediaType", "documentChecksum"}, set()),
}
"""DCSA's names, mandatory and optional."""

RESPONSE = (
    {"lastEnvelopeTransferChainEntrySignedContentChecksum", "responseCode"},
    {
        "duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent",
        "reason",
        "missingAdditionalDocumentChecksums",
        "receivedAdditionalDocumentChecksums",
    },
)


@pytest.mark.parametrize(
    "model",
    [EnvelopeManifest, EnvelopeTransferChainEntry, IssuanceManifest, DocumentMetadata],
    ids=lambda m: m.__name__,
)
def test_a_part_has_dcsas_fields(model: type[DcsaModel]) -> None:
    mandatory, optional = FIELDS[model.__name__]
    fields = {field.alias: field.is_required() for field in model.model_fields.values()}
    assert {name for name, required in fields.items() if required} == mandatory
    told_of_only = {"eBLVisualisationByCarrier"} if model is EnvelopeTransferChainEntry else set()
    assert {name for name, required in fields.items() if not required} == optional | told_of_only


def test_what_is_made_has_dcsas_fields() -> None:
    assert set(LADEN) == {"transportDocument", "envelopeManifestSignedContent", "envelopeTransferChain"}
    parts = [("EnvelopeManifest", payload(LADEN["envelopeManifestSignedContent"]))]
    entries = [payload(each) for each in LADEN["envelopeTransferChain"]]
    parts += [("EnvelopeTransferChainEntry", each) for each in entries]
    parts.append(("IssuanceManifest", payload(entries[0]["issuanceManifestSignedContent"])))
    parts += [("DocumentMetadata", each) for each in parts[0][1]["supportingDocuments"]]
    for name, part in parts:
        mandatory, optional = FIELDS[name]
        assert mandatory <= set(part) <= mandatory | optional
    for known, files in (([], []), ([LADEN], []), ([], [INVOICE, PHOTO]), ([made([*CHAIN[:2], later(3)])], [])):
        response = answered(LADEN, *known, files=files).response
        assert response is not None
        assert RESPONSE[0] <= set(response) <= RESPONSE[0] | RESPONSE[1]


def test_checksums_are_taken_over_the_published_forms() -> None:
    """Known answers, so that a change of a form shows: 8640.5 kg is the one number of the sample that is no integer."""
    assert document_checksum(BILL.content) == "323476db10c56e561b70d28025fb49f2f87af3307e410095890dc779c948dc4c"
    assert "0x" + issuance_checksum(BILL.content) == BILL.hash
    reordered = dict(reversed(sample("transport-document").items()))
    assert document_checksum(reordered) == document_checksum(BILL.content)


def test_an_answer_can_be_signed() -> None:
    answer = answered(ENVELOPE)
    signed = sign(answer.response, DevelopmentPlatformKey("platform", opened(ENVELOPE).receiver))
    assert payload(signed) == answer.response
