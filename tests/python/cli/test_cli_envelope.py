"""Envelopes between eBL platforms by command: `settle ebl envelope`."""

from __future__ import annotations

import json

import pytest

from settlement.chain.platform_keys import DevelopmentPlatformKey, DevelopmentRing
from settlement.domain.ebl.jws import verify
from settlement.scenarios import load

SAMPLES = load.LIBRARY.parent / "samples"
DOCUMENT = SAMPLES / "transport-document.json"
CHAIN = SAMPLES / "endorsement-chain-two-platforms.json"
ENVELOPE = SAMPLES / "envelope.json"
MAKE = ("ebl", "envelope", "make", DOCUMENT, CHAIN, "--from", "DEMO", "--to", "TEST")


def shortened(tmp_path, entries, change=lambda transactions: None):
    """The first entries of the sample chain, in a file of their own."""
    chain = json.loads(CHAIN.read_text("utf-8"))
    chain["transactions"] = chain["transactions"][:entries]
    change(chain["transactions"])
    file = tmp_path / f"chain-{entries}.json"
    file.write_text(json.dumps(chain), "utf-8")
    return file


def checked(settle, *arguments):
    ran = settle("ebl", "envelope", "check", *arguments, "--json")
    return ran.code, ran.document["code"], ran.document


def test_the_shipped_envelope_is_the_one_that_is_made(settle, tmp_path):
    assert settle.ok(*MAKE).out == ENVELOPE.read_text("utf-8")
    file = tmp_path / "envelope.json"
    told = settle.ok(*MAKE, file).out
    assert file.read_text("utf-8") == ENVELOPE.read_text("utf-8")
    assert "these signatures prove nothing" in told
    assert "SURRENDER_FOR_DELIVERY" in told


def test_a_file_is_never_overwritten(settle, tmp_path):
    file = tmp_path / "envelope.json"
    file.write_text("mine", "utf-8")
    ran = settle(*MAKE, file)
    assert (ran.code, "there is such a file already; name another" in ran.sentence) == (2, True)
    assert file.read_text("utf-8") == "mine"


def test_a_good_envelope_is_shown_and_received(settle):
    told = settle.ok("ebl", "envelope", "check", ENVELOPE).out
    for word in ("ISSUE, TRANSFER", "DEMO, ES256K", "OCLN2026000417 (v1)", "RECE (HTTP 200)", "signed answer:"):
        assert word in told
    code, answer, shown = checked(settle, ENVELOPE)
    assert (code, answer, shown["accepted"], shown["development_keys"]) == (0, "RECE", True, True)
    assert [hop["eblPlatform"] for hop in shown["envelope"]["hops"]] == ["TEST", "DEMO"]
    signed = verify(shown["signed_response"], DevelopmentRing(), "platform", "")
    assert (signed.kid, signed.payload) == ("TEST", shown["response"])


def test_the_same_envelope_again_is_a_duplicate(settle):
    code, answer, shown = checked(settle, ENVELOPE, "--known", ENVELOPE)
    assert (code, answer, shown["reason"]) == (0, "DUPE", "it was accepted before")


def test_a_fork_is_disputed(settle, tmp_path):
    def later(transactions):
        transactions[2]["actionDateTime"] = "2026-04-03T06:30:00Z"

    fork = tmp_path / "fork.json"
    settle.ok(
        "ebl", "envelope", "make", DOCUMENT, shortened(tmp_path, 3, later), "--from", "DEMO", "--to", "TEST", fork
    )
    code, answer, shown = checked(settle, fork, "--known", ENVELOPE)
    assert (code, answer, shown["field"]) == (1, "DISE", "envelopeTransferChain[1]")
    assert "DISE (HTTP 409)" in settle("ebl", "envelope", "check", fork, "--known", ENVELOPE).out


def test_an_envelope_goes_on_from_the_one_that_came(settle, tmp_path):
    came, goes_on = tmp_path / "came.json", tmp_path / "goes-on.json"
    first = shortened(tmp_path, 2)
    settle.ok("ebl", "envelope", "make", DOCUMENT, first, "--from", "TEST", "--to", "DEMO", came)
    settle.ok(*MAKE, goes_on, "--after", came)
    assert goes_on.read_text("utf-8") == ENVELOPE.read_text("utf-8")
    assert checked(settle, goes_on, "--known", came)[:2] == (0, "RECE")
    ran = settle("ebl", "envelope", "make", DOCUMENT, first, "--from", "TEST", "--to", "DEMO", "--after", came)
    assert (ran.code, "there is nothing to send on" in ran.sentence) == (2, True)


def test_additional_documents_are_received_missing_or_inconclusive(settle, tmp_path):
    invoice, photo, envelope = tmp_path / "invoice.pdf", tmp_path / "photo.png", tmp_path / "envelope.json"
    invoice.write_bytes(b"12 pallets")
    photo.write_bytes(b"a picture")
    settle.ok(*MAKE, envelope, "--add", invoice, "--visualisation", photo)
    code, answer, shown = checked(settle, envelope, "--add", invoice, "--add", photo)
    assert (code, answer) == (0, "RECE")
    listed = shown["envelope"]["additional_documents"]
    assert [(each["name"], each["mediaType"], each["size"]) for each in listed] == [
        ("photo.png", "image/png", 9),
        ("invoice.pdf", "application/pdf", 10),
    ]
    assert "invoice.pdf, 10 bytes" in settle("ebl", "envelope", "check", envelope).out
    assert checked(settle, envelope, "--add", photo)[:2] == (1, "MDOC")
    invoice.write_bytes(b"13 pallets")
    assert checked(settle, envelope, "--add", invoice, "--add", photo)[:2] == (1, "INCD")


def test_a_changed_document_is_a_bad_envelope_and_a_changed_signature_a_bad_one(settle, tmp_path):
    content = json.loads(ENVELOPE.read_text("utf-8"))
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(content | {"transportDocument": content["transportDocument"] | {"x": 1}}), "utf-8")
    assert checked(settle, changed)[:2] == (1, "BENV")
    manifest = content["envelopeManifestSignedContent"]
    changed.write_text(json.dumps(content | {"envelopeManifestSignedContent": "AAAA" + manifest[4:]}), "utf-8")
    code, answer, shown = checked(settle, changed)
    assert (code, answer, shown["envelope"], shown["response"]["responseCode"]) == (1, "BSIG", None, "BSIG")
    told = settle("ebl", "envelope", "check", changed)
    assert (told.code, "BSIG (HTTP 422)" in told.out) == (1, True)
    assert "envelopeManifestSignedContent: the header of the signature cannot be read" in told.out


def test_keys_can_be_those_of_others(settle, tmp_path):
    ring = {
        "platforms": {code: DevelopmentPlatformKey("platform", code).public.jwk for code in ("TEST", "DEMO")},
        "carriers": {"OCLN": DevelopmentPlatformKey("carrier", "OCLN").public.jwk},
    }
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(ring), "utf-8")
    code, answer, shown = checked(settle, ENVELOPE, "--keys", keys)
    assert (code, answer, shown["development_keys"], shown["signed_response"] is None) == (0, "RECE", False, False)
    # TEST's key is another one: what it signed does not count, and nobody here can sign an answer for it.
    keys.write_text(json.dumps(ring | {"platforms": ring["platforms"] | {"TEST": ring["carriers"]["OCLN"]}}), "utf-8")
    code, answer, shown = checked(settle, ENVELOPE, "--keys", keys)
    assert (code, answer, shown["signed_response"]) == (1, "BSIG", None)
    del ring["platforms"]["DEMO"]
    keys.write_text(json.dumps(ring), "utf-8")
    assert "of which no key is known" in checked(settle, ENVELOPE, "--keys", keys)[2]["reason"]
    keys.write_text('{"platforms": {"TEST": "02"}}', "utf-8")
    ran = settle("ebl", "envelope", "check", ENVELOPE, "--keys", keys)
    assert (ran.code, "keys.json (platforms.TEST): this is no public key on secp256k1" in ran.sentence) == (2, True)


def test_another_platform_than_the_receiver_does_not_accept(settle):
    code, answer, shown = checked(settle, ENVELOPE, "--at", "DEMO")
    assert (code, answer) == (1, "BENV")
    assert verify(shown["signed_response"], DevelopmentRing(), "platform", "").kid == "DEMO"


def test_the_platforms_are_those_of_the_chain(settle, tmp_path):
    ran = settle("ebl", "envelope", "make", DOCUMENT, CHAIN, "--from", "TEST", "--to", "DEMO")
    assert ran.code == 2
    assert "the chain's last transaction goes from DEMO to TEST, and not from TEST to DEMO" in ran.sentence
    ran = settle("ebl", "envelope", "make", DOCUMENT, shortened(tmp_path, 1), "--from", "TEST", "--to", "DEMO")
    assert (ran.code, "BENV: it ends with transaction 1 (ISSUE)" in ran.sentence) == (1, True)


def test_a_chain_is_of_the_document(settle, tmp_path):
    document = json.loads(DOCUMENT.read_text("utf-8")) | {"transportDocumentReference": "OTHER"}
    other = tmp_path / "other.json"
    other.write_text(json.dumps(document), "utf-8")
    ran = settle("ebl", "envelope", "make", other, CHAIN, "--from", "DEMO", "--to", "TEST")
    assert (ran.code, "no chain in it is of the document, whose reference is OTHER" in ran.sentence) == (2, True)


@pytest.mark.parametrize("option", ["--known", "--add", "--keys"])
def test_a_file_that_is_not_there_is_no_answer(settle, option):
    ran = settle("ebl", "envelope", "check", ENVELOPE, option, "nowhere.json")
    assert (ran.code, "nowhere.json: there is no such file" in ran.sentence) == (2, True)


@pytest.mark.parametrize(
    "text", ["no", '{"a": 1, "a": 2}', "[NaN]", "[" * 100 + "]" * 100, " " * (4 * 1024 * 1024 + 1)]
)
def test_what_is_no_json_is_no_answer(settle, tmp_path, text):
    file = tmp_path / "envelope.json"
    file.write_text(text, "utf-8")
    ran = settle("ebl", "envelope", "check", file)
    assert (ran.code, "envelope.json: this is " in ran.sentence) == (2, True)


def test_an_empty_document_cannot_be_sent(settle, tmp_path):
    empty = tmp_path / "empty.pdf"
    empty.touch()
    ran = settle(*MAKE, "--add", empty)
    assert (ran.code, "empty.pdf: the file is empty, and PINT lists no empty document" in ran.sentence) == (2, True)


def test_a_known_envelope_has_to_be_one(settle, tmp_path):
    ran = settle("ebl", "envelope", "check", ENVELOPE, "--known", DOCUMENT)
    assert (ran.code, "transport-document.json (transportDocument): BENV: this field is mandatory" in ran.sentence) == (
        1,
        True,
    )
