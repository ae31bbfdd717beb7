"""What people and programs read of envelopes between eBL platforms."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table

from settlement.domain.ebl.envelope import Envelope, document_checksum
from settlement.domain.ebl.transfer import Answer

_DEVELOPMENT = "development keys, which everybody can compute: these signatures prove nothing"


def envelope_document(envelope: Envelope) -> dict[str, Any]:
    """An opened envelope as JSON."""
    document, state = envelope.bill.document, envelope.states[-1]
    return {
        "transportDocumentReference": document.transport_document_reference,
        "transportDocumentSubReference": document.transport_document_sub_reference,
        "transportDocumentChecksum": document_checksum(envelope.bill.content),
        "document_hash": envelope.bill.hash,
        "sender": envelope.sender,
        "receiver": envelope.receiver,
        "transportDocumentStatus": state.status,
        "possession": None if state.possession is None else state.possession.document(),
        "hops": [
            {
                "eblPlatform": each.entry.ebl_platform,
                "receiver": each.receiver,
                "checksum": each.checksum,
                "alg": each.signed.alg,
                "transactions": [one.document() for one in each.entry.transactions],
            }
            for each in envelope.entries
        ],
        "carrier": {"kid": envelope.issuance.kid, "alg": envelope.issuance.alg},
        "additional_documents": [each.document() for each in envelope.documents],
    }


def hops_table(envelope: Envelope) -> Table:
    """The transfer chain for people, oldest entry first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right")
    for column in ("from", "to", "what was done", "signed", "checksum"):
        table.add_column(column, overflow="fold")
    for number, each in enumerate(envelope.entries, start=1):
        done = ", ".join(one.action_code for one in each.entry.transactions)
        signed = f"{each.signed.kid}, {each.signed.alg}"
        texts = (each.entry.ebl_platform, each.receiver, done, signed, f"{each.checksum[:16]}…")
        table.add_row(str(number), *map(escape, texts))
    return table


def envelope_rows(envelope: Envelope, development_keys: bool) -> list[tuple[str, str]]:
    """An opened envelope for people, but for its transfer chain."""
    state = envelope.states[-1]
    rows = [
        ("reference", envelope.chain.name),
        ("checksum of the document", document_checksum(envelope.bill.content)),
        ("hash, as a contract keeps it", envelope.bill.hash),
        ("status", state.status),
    ]
    if state.possession is not None:
        rows.append(("possession", f"{state.possession.party_name}, on {state.possession.ebl_platform}"))
    rows.append(("issued by", f"{envelope.issuance.kid}, who signed document and first holder"))
    rows += [
        ("document" if number else "documents", f"{each.name}, {each.size:,} bytes, {each.document_checksum[:16]}…")
        for number, each in enumerate(envelope.documents)
    ]
    return [*rows, ("keys", _DEVELOPMENT)] if development_keys else rows


def answer_document(answer: Answer, signed: str | None, development_keys: bool) -> dict[str, Any]:
    """An answer as JSON, with the signed content that a platform sends."""
    return {
        "code": answer.code.value,
        "accepted": answer.is_accepted,
        "reason": answer.reason or None,
        "field": answer.where,
        "http_status": answer.http_status,
        "response": answer.response,
        "signed_response": signed,
        "development_keys": development_keys,
        "envelope": None if answer.envelope is None else envelope_document(answer.envelope),
    }


def answer_rows(answer: Answer) -> list[tuple[str, str]]:
    """An answer for people."""
    rows = [("answer", f"{answer.code} (HTTP {answer.http_status})")]
    if answer.reason:
        rows.append(("because", (f"{answer.where}: " if answer.where else "") + answer.reason))
    return rows
