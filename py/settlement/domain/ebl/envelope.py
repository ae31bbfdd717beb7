"""The envelope in which a bill of lading goes from one eBL platform to another (DCSA, PINT 3.0): opened and held to its
rules, without asking what the receiving platform knows.

| what has to be | else |
|---|---|
| an object of DCSA's shape, in each signed part too | BENV |
| each signature by a key that the ring has for the signer, under that key's algorithm | BSIG |
| each entry of the transfer chain signed by the platform that it is of, the manifest by the last entry's | BSIG |
| the issuance manifest signed by the carrier that the document names | BSIG |
| a transport document that is an electronic title | BENV |
| its checksum in the manifest and in each entry | BENV |
| the checksum of the last entry in the manifest, of the previous one in each entry, and none in the first | BENV |
| the carrier's visualisation of the bill, where it is sent, the one that the carrier signed | BENV |
| the issuance manifest in the first entry, over this document and over the party that ISSUE names | BENV |
| no control tracking registry, for none is asked here | BENV |
| PINT's action codes | BENV |
| the rules of the endorsement chain over all entries (`chain.replay`) | BENV; DISE where possession is given twice |
| each entry of the platform that has the bill, and all who act in it on that platform | BENV |
| each entry ending with what goes to another platform, and nothing in it going to a third one | BENV |

All signatures come first: DCSA says nothing about the content of what nobody signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, NoReturn, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from settlement.domain.ebl.canonical import checksum, gibson042, rfc8785
from settlement.domain.ebl.chain import BillState, EndorsementChain, Transaction, replay_steps
from settlement.domain.ebl.content import canonical_text
from settlement.domain.ebl.document import BillOfLading, read_bill
from settlement.domain.ebl.jws import KeyRing, Signed, verify
from settlement.domain.ebl.party import LINE, WORD, ChainParty, DcsaModel, Items, Platform
from settlement.domain.ebl.responses import EblRefused, ResponseCode, faults_of, path_text, refusal
from settlement.errors import InputError, Location

Checksum = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in lower case."""

_TRANSFER_CHAIN = "envelopeTransferChain"
_MANIFEST = "envelopeManifestSignedContent"
_ISSUANCE = "issuanceManifestSignedContent"

Model = TypeVar("Model", bound=DcsaModel)


class DocumentMetadata(DcsaModel):
    """An additional document: one that goes with the bill and is sent beside the envelope.

    Attributes:
        name: Its file's.
        size: In bytes, decoded.
        media_type: Such as application/pdf.
        document_checksum: SHA-256 over its bytes.
    """

    name: Annotated[str, Field(pattern=LINE)]
    size: Annotated[int, Field(ge=1)]
    media_type: Annotated[str, Field(max_length=100)]
    document_checksum: Checksum


class EnvelopeManifest(DcsaModel):
    """What the sending platform signs of the whole envelope."""

    transport_document_checksum: Checksum
    last_envelope_transfer_chain_entry_signed_content_checksum: Checksum
    ebl_visualisation_by_carrier: DocumentMetadata | None = Field(default=None, alias="eBLVisualisationByCarrier")
    supporting_documents: Annotated[
        tuple[DocumentMetadata, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)
    ] = ()


class EnvelopeTransferChainEntry(DcsaModel):
    """What was done on one platform, up to what went to another one.

    Attributes:
        ebl_platform: The platform, which signs the entry.
        transport_document_checksum: The bill's.
        previous_envelope_transfer_chain_entry_signed_content_checksum: Of the entry before; of the first there is none.
        ebl_visualisation_by_carrier: The carrier's own picture of the bill. PINT 3.0 speaks of it here, and has it in
            the manifest's schema only: an entry may have it, and then it is the manifest's.
        issuance_manifest_signed_content: In the first entry: what the carrier signed.
        control_tracking_registry: In the first entry, where a registry says which platform has the bill.
        transactions: Oldest first.
    """

    ebl_platform: Platform
    transport_document_checksum: Checksum
    previous_envelope_transfer_chain_entry_signed_content_checksum: Checksum | None = None
    ebl_visualisation_by_carrier: DocumentMetadata | None = Field(default=None, alias="eBLVisualisationByCarrier")
    issuance_manifest_signed_content: str | None = None
    control_tracking_registry: Annotated[str, Field(pattern=WORD, max_length=1024)] | None = None
    transactions: Items[Transaction]


class IssuanceManifest(DcsaModel):
    """What the carrier signed when it issued the bill.

    Attributes:
        document_checksum: The transport document's, in the form of RFC 8785.
        ebl_visualisation_by_carrier_checksum: Of the carrier's own picture, where there is one.
        issue_to_checksum: Of the party to which the bill was issued, likewise.
    """

    document_checksum: Checksum
    ebl_visualisation_by_carrier_checksum: Checksum | None = Field(
        default=None, alias="eBLVisualisationByCarrierChecksum"
    )
    issue_to_checksum: Checksum


class TransferEntry(NamedTuple):
    """An entry of the transfer chain, and its signature.

    Attributes:
        signed: As it was sent.
        entry: What it says.
        receiver: The platform to which it goes.
    """

    signed: Signed
    entry: EnvelopeTransferChainEntry
    receiver: str

    @property
    def checksum(self) -> str:
        """Over the whole signed content."""
        return checksum(self.signed.content.encode())

    @property
    def says(self) -> str:
        """What was signed in one spelling: two entries that say the same may differ in their signatures."""
        return canonical_text(self.signed.payload)


@dataclass(frozen=True)
class Envelope:
    """An envelope that keeps every rule which can be told from it alone.

    Attributes:
        bill: The document.
        manifest: What the sending platform signed of the whole.
        signed_manifest: As it was sent.
        issuance: The carrier's signature.
        entries: The transfer chain, oldest first.
        states: Where the bill stands after each transaction.
    """

    bill: BillOfLading
    manifest: EnvelopeManifest
    signed_manifest: Signed
    issuance: Signed
    entries: tuple[TransferEntry, ...]
    states: tuple[BillState, ...]

    @property
    def chain(self) -> EndorsementChain:
        """All transactions as an endorsement chain."""
        document = self.bill.document
        return EndorsementChain.model_construct(
            transport_document_reference=document.transport_document_reference,
            transport_document_sub_reference=document.transport_document_sub_reference,
            endorsement_chain=tuple(each for entry in self.entries for each in entry.entry.transactions),
        )

    @property
    def sender(self) -> str:
        """The platform that sends it."""
        return self.entries[-1].entry.ebl_platform

    @property
    def receiver(self) -> str:
        """The platform to which its last transaction goes."""
        return self.entries[-1].receiver

    @property
    def documents(self) -> tuple[DocumentMetadata, ...]:
        """The additional documents, the carrier's visualisation first."""
        picture = self.manifest.ebl_visualisation_by_carrier
        return (*(() if picture is None else (picture,)), *self.manifest.supporting_documents)


def document_checksum(content: Mapping[str, Any]) -> str:
    """`transportDocumentChecksum` of a transport document.

    Raises:
        InputError: a number in it is out of bounds.
    """
    return checksum(gibson042(content))


def issuance_checksum(content: object) -> str:
    """A checksum of the issuance manifest's, of a transport document or of a party.

    Raises:
        InputError: a number in it is out of bounds.
    """
    return checksum(rfc8785(content))


def issue_to(recipient: ChainParty) -> dict[str, Any]:
    """The party to which a bill was issued, as the carrier names it to the platform: from the recipient of ISSUE."""
    party = recipient.document()
    fields = ("partyName", "sendToPlatform", "identifyingCodes", "taxLegalReferences")
    return {name: each for name, each in (party | {"sendToPlatform": party["eblPlatform"]}).items() if name in fields}


def destination(transaction: Transaction, before: BillState | None) -> str | None:
    """The platform to which a transaction goes; None where it goes to nobody.

    Args:
        transaction: The transaction.
        before: Where the bill stood; None before ISSUE.
    """
    if transaction.action_code in ("SACC", "SREJ"):
        asked = None if before is None else before.surrendered_by
        return None if asked is None else asked.ebl_platform
    return None if transaction.recipient is None else transaction.recipient.ebl_platform


def last_checksum(content: object) -> str | None:
    """The checksum of the last entry of whatever is to be an envelope, for the answer; None where there is no entry."""
    chain = content.get(_TRANSFER_CHAIN) if isinstance(content, Mapping) else None
    last = chain[-1] if isinstance(chain, list) and chain else None
    return checksum(last.encode()) if isinstance(last, str) else None


def open_envelope(content: object, ring: KeyRing) -> Envelope:
    """An envelope out of a JSON value, as `content.read_json` reads it.

    Raises:
        EblRefused: a rule of the table above is broken; the sentence says which, and where.
    """
    document, signed_manifest, chain = _parts(content)
    manifest_signed = verify(signed_manifest, ring, "platform", _MANIFEST)
    signed = [verify(each, ring, "platform", _at(position)) for position, each in enumerate(chain)]
    entries = [_entry(each, _at(position)) for position, each in enumerate(signed)]
    _check_signers(manifest_signed, signed, entries)
    if entries[0].issuance_manifest_signed_content is None:
        _refuse("the first entry has to have the issuance manifest that the carrier signed", _at(0))
    issuance = verify(entries[0].issuance_manifest_signed_content, ring, "carrier", f"{_at(0)}.{_ISSUANCE}")

    manifest = _model(EnvelopeManifest, manifest_signed.payload, _MANIFEST)
    bill = _bill(document)
    _check_issuance(bill, issuance, entries[0], manifest.ebl_visualisation_by_carrier)
    _check_checksums(bill, manifest, signed, entries)
    transactions = [each for entry in entries for each in entry.transactions]
    states = replay_steps(bill.kind, transactions, bill.named)
    receivers = _check_platforms(entries, states)
    transfers = tuple(map(TransferEntry, signed, entries, receivers))
    return Envelope(bill, manifest, manifest_signed, issuance, transfers, states)


def _at(position: int) -> str:
    return f"{_TRANSFER_CHAIN}[{position}]"


def _refuse(problem: str, field: str, code: ResponseCode = ResponseCode.BENV) -> NoReturn:
    raise EblRefused(code, problem, Location(field=field))


# ---- shape -----------------------------------------------------------------------------------------------------------


def _parts(content: object) -> tuple[Mapping[str, Any], object, list[object]]:
    if not isinstance(content, Mapping):
        raise refusal(ResponseCode.BENV, [("", "an envelope is a JSON object")])
    fields = ("transportDocument", _MANIFEST, _TRANSFER_CHAIN)
    missing = [(name, "this field is mandatory") for name in fields if name not in content]
    if missing:
        raise refusal(ResponseCode.BENV, missing)
    document, manifest, chain = (content[name] for name in fields)
    if not isinstance(document, Mapping):
        _refuse("this has to be an object", fields[0])
    if not isinstance(chain, list) or not chain:
        _refuse("this has to be a list with an entry at least", _TRANSFER_CHAIN)
    return document, manifest, chain


def _model(kind: type[Model], payload: object, where: str) -> Model:
    try:
        return kind.model_validate(payload)
    except ValidationError as error:
        faults = [(f"{where}: {path}".rstrip(": "), text) for path, text in faults_of(error.errors(include_url=False))]
        raise refusal(ResponseCode.BENV, faults) from None


def _entry(signed: Signed, where: str) -> EnvelopeTransferChainEntry:
    entry = _model(EnvelopeTransferChainEntry, signed.payload, where)
    for position, transaction in enumerate(signed.payload["transactions"]):
        code = transaction["actionCode"]
        if code != entry.transactions[position].action_code:
            path = path_text(("transactions", position, "actionCode"))
            _refuse(
                f"{code} is END's word, and PINT has {entry.transactions[position].action_code}", f"{where}: {path}"
            )
    return entry


def _bill(document: Mapping[str, Any]) -> BillOfLading:
    try:
        return read_bill(canonical_text(document).encode())
    except InputError as error:
        field = error.location.field if error.location else None
        path = f"transportDocument.{field}" if field else "transportDocument"
        _refuse(error.rule if isinstance(error, EblRefused) else error.problem, path)


# ---- signatures and checksums ----------------------------------------------------------------------------------------


def _check_signers(manifest: Signed, signed: Sequence[Signed], entries: Sequence[EnvelopeTransferChainEntry]) -> None:
    for position, (each, entry) in enumerate(zip(signed, entries, strict=True)):
        if each.kid != entry.ebl_platform:
            problem = f"it is of the platform {entry.ebl_platform}, and {each.kid} signed it"
            _refuse(problem, _at(position), ResponseCode.BSIG)
    sender = entries[-1].ebl_platform
    if manifest.kid != sender:
        _refuse(f"the envelope is sent by {sender}, and {manifest.kid} signed it", _MANIFEST, ResponseCode.BSIG)


def _check_issuance(
    bill: BillOfLading, signed: Signed, first: EnvelopeTransferChainEntry, picture: DocumentMetadata | None
) -> None:
    where = f"{_at(0)}.{_ISSUANCE}"
    if signed.kid != bill.document.carrier_code:
        problem = f"the carrier is {bill.document.carrier_code}, and {signed.kid} signed it"
        _refuse(problem, where, ResponseCode.BSIG)
    manifest = _model(IssuanceManifest, signed.payload, where)
    expected = _checked(issuance_checksum, bill.content)
    if manifest.document_checksum != expected:
        _refuse(f"the carrier issued another transport document: documentChecksum is not {expected}", where)
    issued = first.transactions[0]
    if issued.recipient is not None:
        expected = _checked(issuance_checksum, issue_to(issued.recipient), _at(0))
        if manifest.issue_to_checksum != expected:
            problem = f"the carrier issued the bill to another party than {issued.recipient.party_name}"
            _refuse(f"{problem}: issueToChecksum is not {expected}", where)
    if picture is not None and picture.document_checksum != manifest.ebl_visualisation_by_carrier_checksum:
        _refuse("the carrier's visualisation of the bill is another one than it signed", where)


def _checked(take: Callable[[Any], str], content: object, where: str = "transportDocument") -> str:
    try:
        return take(content)
    except InputError as error:
        _refuse(error.problem, where)


def _check_checksums(
    bill: BillOfLading,
    manifest: EnvelopeManifest,
    signed: Sequence[Signed],
    entries: Sequence[EnvelopeTransferChainEntry],
) -> None:
    found = _checked(document_checksum, bill.content)
    if manifest.transport_document_checksum != found:
        problem = f"transportDocumentChecksum is {manifest.transport_document_checksum}, and the document's is {found}"
        _refuse(problem, _MANIFEST)
    checksums = [checksum(each.content.encode()) for each in signed]
    for position, entry in enumerate(entries):
        for problem in _entry_faults(entry, found, checksums[position - 1] if position else None, manifest):
            _refuse(problem, _at(position))
    if manifest.last_envelope_transfer_chain_entry_signed_content_checksum != checksums[-1]:
        _refuse(f"the checksum of the last entry of the chain is not {checksums[-1]}, which that entry has", _MANIFEST)


def _entry_faults(
    entry: EnvelopeTransferChainEntry, document: str, previous: str | None, manifest: EnvelopeManifest
) -> Iterator[str]:
    if entry.transport_document_checksum != document:
        yield f"it is of another document: transportDocumentChecksum is {entry.transport_document_checksum}"
    said = entry.previous_envelope_transfer_chain_entry_signed_content_checksum
    if previous is None and said is not None:
        yield f"the first entry follows none, and this one follows {said}: entries before are missing"
    if previous is not None and said != previous:
        yield f"it follows the entry {said}, and the one before it is {previous}: an entry is missing or was changed"
    if entry.ebl_visualisation_by_carrier not in (None, manifest.ebl_visualisation_by_carrier):
        yield "eBLVisualisationByCarrier is another than the manifest's"
    if entry.control_tracking_registry is not None and previous is not None:
        yield "controlTrackingRegistry is for the first entry only"
    if entry.control_tracking_registry is not None:
        registry = entry.control_tracking_registry
        yield f"the registry {registry} says which platform has the bill, and no registry is asked here"


# ---- platforms -------------------------------------------------------------------------------------------------------


def _check_platforms(entries: Sequence[EnvelopeTransferChainEntry], states: Sequence[BillState]) -> list[str]:
    """To which platform each entry goes."""
    receivers, number = [], 0
    for position, entry in enumerate(entries):
        where, platform, goes_to, crosses, what = _at(position), entry.ebl_platform, None, False, ""
        for transaction in entry.transactions:
            before = states[number - 1] if number else None
            number += 1
            what = f"transaction {number} ({transaction.action_code})"
            problem = _platform_fault(transaction, before, platform)
            if problem is not None:
                _refuse(f"{what}: {problem}", where)
            towards = destination(transaction, before)
            crosses = towards is not None and towards != platform
            if crosses and goes_to not in (None, towards):
                _refuse(f"{what} goes to {towards}, in an entry that goes to {goes_to}", where)
            goes_to = towards if crosses else goes_to
        if not crosses or goes_to is None:
            _refuse(f"it ends with {what}, which goes to no other platform", where)
        receivers.append(goes_to)
    return receivers


def _platform_fault(transaction: Transaction, before: BillState | None, platform: str) -> str | None:
    actor, recipient = transaction.actor, transaction.recipient
    if actor.ebl_platform != platform:
        return f"{actor.party_name} acts on {actor.ebl_platform}, in an entry of {platform}"
    if before is not None and before.possession is not None and before.possession.ebl_platform != platform:
        return f"it is done on {platform}, and {before.possession.ebl_platform} has the bill"
    towards = destination(transaction, before)
    if recipient is not None and recipient.ebl_platform != towards:
        return f"it answers {recipient.party_name} on {recipient.ebl_platform}, and the surrender came from {towards}"
    return None
