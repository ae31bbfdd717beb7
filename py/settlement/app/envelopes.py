"""Envelopes of eBL platforms in files: made, and answered. No chain and no platform is asked."""

from __future__ import annotations

from collections.abc import Sequence
from mimetypes import MimeTypes
from pathlib import Path
from typing import NamedTuple

from settlement.app.ebl import bill_in
from settlement.app.json_files import bytes_in, json_in, said_of
from settlement.chain.platform_keys import DevelopmentPlatformKey, DevelopmentRing, FileRing
from settlement.domain.ebl.canonical import pretty_text
from settlement.domain.ebl.chain import EndorsementChain, read_chains
from settlement.domain.ebl.content import read_json
from settlement.domain.ebl.document import BillOfLading
from settlement.domain.ebl.envelope import Envelope, open_envelope
from settlement.domain.ebl.jws import KeyRing, sign, verify
from settlement.domain.ebl.responses import EblRefused
from settlement.domain.ebl.transfer import AdditionalDocument, Answer, answer_envelope, make_envelope
from settlement.errors import InputError, Location


class Made(NamedTuple):
    """An envelope that was made.

    Attributes:
        text: As JSON.
        envelope: The same, opened.
    """

    text: str
    envelope: Envelope


class Answered(NamedTuple):
    """An answer to an envelope.

    Attributes:
        answer: What the receiving platform says.
        signed: It as signed content; None where nothing can be signed, or the platform's key is not a development key.
        development_keys: Whether signatures were held to development keys, which everybody can compute.
    """

    answer: Answer
    signed: str | None
    development_keys: bool


def make(
    document: Path,
    chain: Path,
    sender: str,
    receiver: str,
    documents: Sequence[Path] = (),
    visualisation: Path | None = None,
    after: Path | None = None,
) -> Made:
    """The envelope with which a platform sends a bill to another one, signed with development keys.

    Args:
        document: The transport document.
        chain: The whole endorsement chain; the last transaction goes from the one platform to the other.
        sender: The platform that sends.
        receiver: The platform that is to receive.
        documents: What is sent along.
        visualisation: The carrier's own picture of the bill.
        after: The envelope with which the bill came to the sender; None: development keys sign all entries.

    Raises:
        InputError: a file cannot be read, the chain is of another document, or does not go from the one platform to
            the other, or from the envelope before.
        EblRefused: a rule of DCSA's is broken.
    """
    bill = bill_in(document)
    before = None if after is None else envelope_in(after, DevelopmentRing())
    picture = None if visualisation is None else _sent(visualisation)
    sent = [_sent(each) for each in documents]
    try:
        found = _chain_of(bill, read_chains(read_json(bytes_in(chain))))
        content = make_envelope(bill, found.endorsement_chain, DevelopmentPlatformKey, sent, picture, before)
        envelope = open_envelope(content, DevelopmentRing())
    except InputError as error:
        raise said_of(error, chain) from None
    if (envelope.sender, envelope.receiver) != (sender, receiver):
        goes = f"the chain's last transaction goes from {envelope.sender} to {envelope.receiver}"
        raise InputError(f"{goes}, and not from {sender} to {receiver}", Location(file=str(chain)))
    return Made(pretty_text(content) + "\n", envelope)


def check(
    file: Path,
    known: Sequence[Path] = (),
    documents: Sequence[Path] = (),
    keys: Path | None = None,
    receiver: str | None = None,
) -> Answered:
    """What the receiving platform answers to the envelope in a file.

    Args:
        file: The envelope.
        known: Envelopes that the platform accepted or sent before.
        documents: The additional documents that came with it.
        keys: The public keys of platforms and carriers; None: development keys.
        receiver: The platform that is asked; None: the one to which the envelope goes.

    Raises:
        InputError: a file cannot be read, or is no JSON or no key ring.
        EblRefused: a known envelope is none.
    """
    ring = DevelopmentRing() if keys is None else ring_in(keys)
    content = json_in(file)
    before = [envelope_in(each, ring) for each in known]
    answer = answer_envelope(content, ring, before, [document_in(each) for each in documents], receiver)
    platform = receiver or (answer.envelope.receiver if answer.envelope is not None else None)
    return Answered(answer, _signed(answer, platform, ring), keys is None)


def envelope_in(path: Path, ring: KeyRing) -> Envelope:
    """The envelope in a file.

    Raises:
        InputError: the file cannot be read, or is no JSON.
        EblRefused: a rule of DCSA's is broken.
    """
    content = json_in(path)
    try:
        return open_envelope(content, ring)
    except InputError as error:
        raise said_of(error, path) from None


def ring_in(path: Path) -> KeyRing:
    """The key ring in a file.

    Raises:
        InputError: the file cannot be read, or is no JSON or no key ring.
    """
    document = json_in(path)
    try:
        return FileRing(document)
    except InputError as error:
        raise said_of(error, path) from None


def document_in(path: Path) -> AdditionalDocument:
    """The additional document in a file; its media type is told by its name.

    Raises:
        InputError: the file cannot be read.
    """
    media_type = MimeTypes().guess_type(path.name)[0] or "application/octet-stream"
    return AdditionalDocument(path.name, media_type, bytes_in(path, None))


def _sent(path: Path) -> AdditionalDocument:
    document = document_in(path)
    if not document.data:
        raise InputError("the file is empty, and PINT lists no empty document", Location(file=str(path)))
    return document


def _signed(answer: Answer, platform: str | None, ring: KeyRing) -> str | None:
    if platform is None or answer.response is None:
        return None
    signed = sign(answer.response, DevelopmentPlatformKey("platform", platform))
    try:
        verify(signed, ring, "platform", "")
    except EblRefused:
        return None
    return signed


def _chain_of(bill: BillOfLading, chains: Sequence[EndorsementChain]) -> EndorsementChain:
    document = bill.document
    for chain in chains:
        versions = (chain.transport_document_sub_reference, document.transport_document_sub_reference)
        same = None in versions or versions[0] == versions[1]
        if same and chain.transport_document_reference == document.transport_document_reference:
            return chain
    raise InputError(f"no chain in it is of the document, whose reference is {document.transport_document_reference}")
