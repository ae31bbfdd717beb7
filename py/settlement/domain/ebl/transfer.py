"""Envelopes made, and answered as a receiving platform answers them (DCSA, PINT 3.0).

An envelope that keeps the rules of `envelope` is held to what the receiving platform knows and was given:

| what has to be | else |
|---|---|
| the last transaction going to the platform that checks | BENV |
| the carrier's visualisation of the bill, where it came once | BENV |
| an envelope that was not accepted before | DUPE, which accepts it as before |
| no other document under the same reference and version, no chain that parts from a known one | DISE |
| no other version of the bill alive on the platform that checks | DISE |
| each document that was given listed in the manifest, with its checksum and its size | INCD |
| each document listed in the manifest given | MDOC |
| | RECE |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any, NamedTuple

from settlement.domain.ebl.canonical import checksum
from settlement.domain.ebl.chain import BillState, Transaction, replay_steps
from settlement.domain.ebl.document import BillOfLading
from settlement.domain.ebl.envelope import (
    DocumentMetadata,
    Envelope,
    destination,
    document_checksum,
    issuance_checksum,
    issue_to,
    last_checksum,
    open_envelope,
)
from settlement.domain.ebl.jws import KeyRing, Role, SigningKey, sign
from settlement.domain.ebl.responses import EblRefused, ResponseCode
from settlement.errors import InputError, Location

HTTP_STATUS: Mapping[ResponseCode, int] = {
    ResponseCode.RECE: 200,
    ResponseCode.DUPE: 200,
    ResponseCode.BSIG: 422,
    ResponseCode.BENV: 422,
    ResponseCode.INCD: 409,
    ResponseCode.MDOC: 409,
    ResponseCode.DISE: 409,
}
"""With which HTTP status PINT has each answer sent."""

_MAX_REASON = 255

Signers = Callable[[Role, str], SigningKey]
"""The private key of whoever signs as something under a code."""


class AdditionalDocument(NamedTuple):
    """A document that goes with a bill.

    Attributes:
        name: Its file's.
        media_type: Such as application/pdf.
        data: Its bytes.
    """

    name: str
    media_type: str
    data: bytes

    @property
    def checksum(self) -> str:
        """SHA-256 over its bytes."""
        return checksum(self.data)

    def metadata(self) -> dict[str, Any]:
        """As a manifest lists it."""
        fields = {"name": self.name, "size": len(self.data), "mediaType": self.media_type}
        return fields | {"documentChecksum": self.checksum}


# ---- making ----------------------------------------------------------------------------------------------------------


def make_envelope(
    bill: BillOfLading,
    transactions: Sequence[Transaction],
    signers: Signers,
    documents: Sequence[AdditionalDocument] = (),
    visualisation: AdditionalDocument | None = None,
    after: Envelope | None = None,
) -> dict[str, Any]:
    """The envelope with which the platform that acted last sends a bill on.

    It is made as it is told: whoever makes one opens it, and learns what is wrong with it, before it is sent.

    Args:
        bill: The document.
        transactions: The whole chain, oldest first.
        signers: Whose keys sign the entries that are new, the manifest, and the issuance manifest of a first entry.
        documents: What is sent along.
        visualisation: The carrier's own picture of the bill; with `after` it has to be that envelope's.
        after: The envelope with which the bill came: its entries are kept as they were signed.

    Raises:
        InputError: a document is empty, the chain does not go on from the envelope before, or the visualisation is
            another than that envelope's.
        EblRefused: the chain breaks a rule of DCSA's.
    """
    for each in (*documents, *([visualisation] if visualisation else [])):
        if not each.data:
            raise InputError(f"{each.name} is empty, and PINT lists no empty document")
    picture = {} if visualisation is None else {"eBLVisualisationByCarrier": visualisation.metadata()}
    states = replay_steps(bill.kind, transactions, bill.named)
    signed = [] if after is None else _kept(bill, transactions, after, picture)
    done = 0 if after is None else after.states[-1].entries
    common = {"transportDocumentChecksum": document_checksum(bill.content)}
    for group in _hops(transactions[done:], states, done):
        platform = group[0].actor.ebl_platform
        entry: dict[str, Any] = {"eblPlatform": platform, **common}
        if signed:
            entry["previousEnvelopeTransferChainEntrySignedContentChecksum"] = checksum(signed[-1].encode())
        else:
            carrier = signers("carrier", bill.document.carrier_code)
            entry["issuanceManifestSignedContent"] = sign(_issuance_manifest(bill, group[0], visualisation), carrier)
        entry["transactions"] = [each.document() for each in group]
        signed.append(sign(entry, signers("platform", platform)))
    last = {"lastEnvelopeTransferChainEntrySignedContentChecksum": checksum(signed[-1].encode())}
    manifest: dict[str, Any] = common | last | picture
    if documents:
        manifest["supportingDocuments"] = [each.metadata() for each in documents]
    return {
        "transportDocument": bill.content,
        "envelopeManifestSignedContent": sign(manifest, signers("platform", platform)),
        "envelopeTransferChain": signed,
    }


def _kept(
    bill: BillOfLading, transactions: Sequence[Transaction], after: Envelope, picture: Mapping[str, Any]
) -> list[str]:
    if document_checksum(after.bill.content) != document_checksum(bill.content):
        raise InputError("the envelope before is of another transport document")
    for number, (before, now) in enumerate(zip_longest(after.chain.endorsement_chain, transactions), start=1):
        if now is None or (before is not None and before != now):
            raise InputError(f"the chain does not go on from the envelope before: transaction {number} is another")
    if len(transactions) == after.states[-1].entries:
        raise InputError("the chain ends where the envelope before ends: there is nothing to send on")
    came_with = after.manifest.ebl_visualisation_by_carrier
    sent = picture.get("eBLVisualisationByCarrier")
    if (came_with.document() if came_with else None) != sent:
        raise InputError("the carrier's visualisation of a bill goes with every envelope, and is always the same")
    return [each.signed.content for each in after.entries]


def _hops(transactions: Sequence[Transaction], states: Sequence[BillState], done: int) -> list[tuple[Transaction, ...]]:
    """Transactions by the entry they belong to: of one platform, and ending with what goes to one other."""
    hops: list[tuple[Transaction, ...]] = []
    numbered = enumerate(transactions, start=done)
    for platform, run in groupby(numbered, key=lambda each: each[1].actor.ebl_platform):
        goes_to, sent, waiting = None, [], []
        for number, transaction in run:
            towards = destination(transaction, states[number - 1] if number else None)
            if towards in (None, platform):
                waiting.append(transaction)
                continue
            if goes_to not in (None, towards):
                hops.append(tuple(sent))
                sent = []
            goes_to = towards
            sent += [*waiting, transaction]
            waiting = []
        if sent:
            hops.append(tuple(sent))
        if waiting:
            hops.append(tuple(waiting))
    return hops


def _issuance_manifest(
    bill: BillOfLading, issued: Transaction, visualisation: AdditionalDocument | None
) -> dict[str, Any]:
    assert issued.recipient is not None  # noqa: S101 - replayed before: ISSUE names one
    manifest = {
        "documentChecksum": issuance_checksum(bill.content),
        "issueToChecksum": issuance_checksum(issue_to(issued.recipient)),
    }
    return manifest | ({} if visualisation is None else {"eBLVisualisationByCarrierChecksum": visualisation.checksum})


# ---- checking --------------------------------------------------------------------------------------------------------


class Accepted(NamedTuple):
    """An envelope that is accepted, now or before.

    Attributes:
        code: RECE, or DUPE where it was accepted before.
        received: The checksums of the additional documents.
        accepted: The envelope that was accepted: this one, or the one before.
    """

    code: ResponseCode
    received: tuple[str, ...]
    accepted: Envelope


def check_envelope(
    envelope: Envelope,
    known: Sequence[Envelope] = (),
    files: Sequence[AdditionalDocument] = (),
    receiver: str | None = None,
) -> Accepted:
    """Whether the platform to which an opened envelope goes accepts it.

    Args:
        envelope: The envelope, opened.
        known: Envelopes that the platform accepted or sent before.
        files: The additional documents that were sent.
        receiver: The platform that checks; None: the one to which the envelope goes.

    Raises:
        EblRefused: BENV, DISE, INCD or MDOC, as the table above says.
    """
    if receiver is not None and envelope.receiver != receiver:
        raise EblRefused(ResponseCode.BENV, f"the envelope goes to {envelope.receiver}, and {receiver} is asked")
    for each in sorted(known, key=lambda each: len(each.entries)):
        if _is_among(envelope, each):
            is_it = len(each.entries) == len(envelope.entries)
            documents = each.documents if is_it else [one for one in envelope.documents if one in each.documents]
            return Accepted(ResponseCode.DUPE, tuple(one.document_checksum for one in documents), each)
    for each in known:
        _require_no_contradiction(envelope, each)
    _check_documents(envelope, files)
    return Accepted(ResponseCode.RECE, tuple(each.document_checksum for each in envelope.documents), envelope)


def missing_documents(envelope: Envelope, files: Sequence[AdditionalDocument]) -> tuple[DocumentMetadata, ...]:
    """The listed documents that were not sent."""
    sent = {each.checksum for each in files}
    return tuple(each for each in envelope.documents if each.document_checksum not in sent)


def _is_among(envelope: Envelope, known: Envelope) -> bool:
    """Whether a known envelope is this one, or one with which the bill went on afterwards."""
    last = len(envelope.entries) - 1
    return last < len(known.entries) and known.entries[last].says == envelope.entries[last].says


def _require_no_contradiction(envelope: Envelope, known: Envelope) -> None:
    ours, theirs = known.chain, envelope.chain
    if ours.transport_document_reference != theirs.transport_document_reference:
        return
    if ours.transport_document_sub_reference != theirs.transport_document_sub_reference:
        holder = known.states[-1].possession
        if holder is not None and holder.ebl_platform == envelope.receiver:
            status = known.states[-1].status
            problem = f"{ours.name} is {status} on {envelope.receiver}, which {theirs.name} cannot stand beside"
            raise EblRefused(ResponseCode.DISE, problem)
        return
    if document_checksum(known.bill.content) != document_checksum(envelope.bill.content):
        raise EblRefused(ResponseCode.DISE, f"another transport document {ours.name} is known")
    for position, (before, now) in enumerate(zip(known.entries, envelope.entries, strict=False)):
        if before.says != now.says:
            field = f"envelopeTransferChain[{position}]"
            problem = f"another entry is known in this place: after {position} common ones, the chain parts from it"
            raise EblRefused(ResponseCode.DISE, problem, Location(field=field))
    picture = known.manifest.ebl_visualisation_by_carrier
    if picture is not None and envelope.manifest.ebl_visualisation_by_carrier != picture:
        problem = f"the bill came with {picture.name} before, which goes with every envelope and is always the same"
        raise EblRefused(ResponseCode.BENV, problem, Location(field="eBLVisualisationByCarrier"))


def _check_documents(envelope: Envelope, files: Sequence[AdditionalDocument]) -> None:
    listed = {each.document_checksum: each for each in envelope.documents}
    for file in files:
        found = listed.get(file.checksum)
        if found is None:
            named = next((each for each in envelope.documents if each.name == file.name), None)
            problem = "the manifest lists no such document"
            if named is not None:
                problem = f"the manifest lists it with the checksum {named.document_checksum}"
            raise EblRefused(ResponseCode.INCD, f"{file.name} has the checksum {file.checksum}, and {problem}")
        if found.size != len(file.data):
            problem = f"{file.name} has {len(file.data):,} bytes, and the manifest lists {found.size:,}"
            raise EblRefused(ResponseCode.INCD, problem)
    missing = missing_documents(envelope, files)
    if missing:
        names = ", ".join(each.name for each in missing)
        raise EblRefused(ResponseCode.MDOC, f"the manifest lists what was not given: {names}")


# ---- answering -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """What a receiving platform answers.

    Attributes:
        code: DCSA's.
        reason: Why; empty where it is accepted.
        where: The field at fault, where there is one.
        envelope: The envelope, where it could be opened.
        response: `EnvelopeTransferFinishedResponse`, to be signed; None where there is no last entry to answer.
    """

    code: ResponseCode
    reason: str
    where: str | None
    envelope: Envelope | None
    response: Mapping[str, Any] | None

    @property
    def is_accepted(self) -> bool:
        """Whether the receiving platform has the bill, from now on or from before."""
        return self.code in (ResponseCode.RECE, ResponseCode.DUPE)

    @property
    def http_status(self) -> int:
        """With which it is sent."""
        return HTTP_STATUS[self.code]


def answer_envelope(
    content: object,
    ring: KeyRing,
    known: Sequence[Envelope] = (),
    files: Sequence[AdditionalDocument] = (),
    receiver: str | None = None,
) -> Answer:
    """What the receiving platform answers to an envelope; never an error of its own.

    Args:
        content: The envelope, as `content.read_json` reads it.
        ring: The public keys that count.
        known: See `check_envelope`.
        files: See there.
        receiver: See there.
    """
    last, envelope = last_checksum(content), None
    try:
        envelope = open_envelope(content, ring)
        accepted = check_envelope(envelope, known, files, receiver)
    except EblRefused as error:
        where = error.location.field if error.location else None
        extra: dict[str, Any] = {"reason": (f"{where}: {error.rule}" if where else error.rule)[:_MAX_REASON]}
        if error.code is ResponseCode.MDOC and envelope is not None:
            missing = missing_documents(envelope, files)
            extra["missingAdditionalDocumentChecksums"] = [each.document_checksum for each in missing]
        return Answer(error.code, error.rule, where, envelope, _response(error.code, last, extra))
    extra = {"receivedAdditionalDocumentChecksums": list(accepted.received)}
    reason = ""
    if accepted.code is ResponseCode.DUPE:
        reason = "it was accepted before"
        content_before = accepted.accepted.entries[len(envelope.entries) - 1].signed.content
        extra |= {"reason": reason, "duplicateOfAcceptedEnvelopeTransferChainEntrySignedContent": content_before}
    return Answer(accepted.code, reason, None, envelope, _response(accepted.code, last, extra))


def _response(code: ResponseCode, last: str | None, extra: Mapping[str, Any]) -> dict[str, Any] | None:
    if last is None:
        return None
    return {
        "lastEnvelopeTransferChainEntrySignedContentChecksum": last,
        "responseCode": code.value,
        **extra,
    }
