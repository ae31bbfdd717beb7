"""Envelopes to change in tests: made out of the shipped samples, and signed anew where that is asked for."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

from bills import SAMPLES, sample

from settlement.chain.platform_keys import DevelopmentPlatformKey, DevelopmentRing
from settlement.domain.ebl.canonical import checksum, pretty_text
from settlement.domain.ebl.chain import Transaction, read_chains
from settlement.domain.ebl.content import canonical_text, read_json
from settlement.domain.ebl.document import BillOfLading, read_bill
from settlement.domain.ebl.envelope import Envelope, open_envelope
from settlement.domain.ebl.jws import sign
from settlement.domain.ebl.transfer import AdditionalDocument, Answer, answer_envelope, make_envelope

RING = DevelopmentRing()
BILL = read_bill((SAMPLES / "transport-document.json").read_bytes())
CHAIN = read_chains(sample("endorsement-chain-two-platforms"))[0].endorsement_chain
"""ISSUE and TRANSFER on TEST, the latter to DEMO; SURRENDER_FOR_DELIVERY back to TEST."""

INVOICE = AdditionalDocument("invoice.pdf", "application/pdf", b"12 pallets")
PHOTO = AdditionalDocument("photo.png", "image/png", b"a picture")


def made(
    transactions: tuple[Transaction, ...] | list[Transaction] = CHAIN, bill: BillOfLading = BILL, **more: Any
) -> dict[str, Any]:
    """An envelope as it is read from a file."""
    envelope = make_envelope(bill, transactions, DevelopmentPlatformKey, **more)
    content: dict[str, Any] = read_json(pretty_text(envelope).encode())
    return content


def opened(content: object) -> Envelope:
    return open_envelope(content, RING)


def answered(content: object, *known: object, **more: Any) -> Answer:
    return answer_envelope(content, RING, [opened(each) for each in known], **more)


def said(content: object, *known: object, **more: Any) -> str:
    """The answer in one line: code, place and reason."""
    answer = answered(content, *known, **more)
    return f"{answer.code} {answer.where or ''}: {answer.reason}"


def payload(content: str, part: int = 1) -> Any:
    """What a signed content says; its header, of part 0."""
    text = content.split(".")[part]
    return read_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(canonical_text(value).encode()).rstrip(b"=").decode()


def resigned(
    content: dict[str, Any],
    *,
    entry: Callable[[list[Any]], object] | None = None,
    manifest: Callable[[Any], object] | None = None,
    relink: bool = True,
) -> dict[str, Any]:
    """An envelope with changed entries or a changed manifest, signed again by whoever has to sign.

    With `relink` the entries follow each other again, and the manifest is over the last one.
    """
    content = copy.deepcopy(content)
    entries = [payload(each) for each in content["envelopeTransferChain"]]
    said_of_all = payload(content["envelopeManifestSignedContent"])
    previous = "previousEnvelopeTransferChainEntrySignedContentChecksum"
    if entry is not None:
        entry(entries)
    signed: list[str] = []
    for each in entries:
        if relink and signed and previous in each:
            each[previous] = checksum(signed[-1].encode())
        signed.append(sign(each, DevelopmentPlatformKey("platform", each["eblPlatform"])))
    if relink:
        said_of_all["lastEnvelopeTransferChainEntrySignedContentChecksum"] = checksum(signed[-1].encode())
    if manifest is not None:
        manifest(said_of_all)
    content["envelopeTransferChain"] = signed
    sender = DevelopmentPlatformKey("platform", entries[-1]["eblPlatform"])
    content["envelopeManifestSignedContent"] = sign(said_of_all, sender)
    return content


def as_read(value: object) -> Any:
    return read_json(json.dumps(value).encode())
