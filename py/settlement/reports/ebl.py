"""What people and programs read of electronic bills of lading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from settlement.domain.ebl.chain import BillState, EndorsementChain
from settlement.domain.ebl.comparison import ImportReport
from settlement.domain.ebl.document import BillOfLading
from settlement.domain.ebl.party import Party
from settlement.ports import BillEntrustment, BillEntry, BillOnChain


def bill_document(bill: BillOfLading) -> dict[str, Any]:
    """A bill of lading as JSON: what its contract keeps of it, and who is named."""
    document = bill.document
    return {
        "transportDocumentReference": document.transport_document_reference,
        "transportDocumentSubReference": document.transport_document_sub_reference,
        "transportDocumentStatus": document.transport_document_status,
        "kind": bill.kind,
        "named": None if bill.named is None else bill.named.party_name,
        "carrierCode": document.carrier_code,
        "document_hash": bill.hash,
        "valid": True,
    }


def bill_rows(bill: BillOfLading) -> list[tuple[str, str]]:
    """The same for people."""
    document, parties = bill.document, bill.document.document_parties
    version = document.transport_document_sub_reference
    rows = [
        ("reference", document.transport_document_reference + (f", version {version}" if version else "")),
        ("kind", bill.kind),
        ("status", document.transport_document_status),
        ("carrier", f"{parties.issuing_party.party_name}, {document.carrier_code}"),
        ("shipper", parties.shipper.party_name),
    ]
    if bill.named is not None:
        rows.append(("endorsee" if document.is_to_order else "consignee", bill.named.party_name))
    return [*rows, ("hash", bill.hash), ("mandatory fields", "all there")]


def state_document(chain: EndorsementChain, state: BillState) -> dict[str, Any]:
    """Where a bill stands as JSON."""
    return {
        "transportDocumentReference": chain.transport_document_reference,
        "transportDocumentSubReference": chain.transport_document_sub_reference,
        "transportDocumentStatus": state.status,
        "kind": state.kind,
        "possession": None if state.possession is None else state.possession.document(),
        "endorsee": None if state.endorsee is None else state.endorsee.document(),
        "endorsable": state.endorsable,
        "ended": state.has_ended,
        "void": state.is_void,
        "reasonCode": state.reason_code,
        "entries": state.entries,
    }


def chain_table(chain: EndorsementChain, states: Sequence[BillState]) -> Table:
    """A chain for people, oldest entry first, and who has possession after each."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", justify="right")
    for column in ("time", "action", "actor", "recipient", "then in possession"):
        table.add_column(column, overflow="fold")
    for entry, state in zip(chain.endorsement_chain, states, strict=True):
        reason = f" ({entry.reason_code})" if entry.reason_code else ""
        texts = (entry.action_date_time, entry.action_code + reason, _named(entry.actor), _named(entry.recipient))
        table.add_row(str(state.entries), *map(escape, (*texts, _named(state.possession))))
    return table


def state_rows(chain: EndorsementChain, state: BillState) -> list[tuple[str, str]]:
    """Where a bill stands for people."""
    rows = [("reference", chain.name), ("kind", state.kind), ("status", state.status)]
    if state.has_ended:
        ended = "void, and a new or a paper bill takes its place" if state.is_void else "over"
        return [*rows, ("chain", ended)]
    rows.append(("possession", _named(state.possession)))
    if state.kind == "blank":
        return [*rows, ("title", "whoever has possession")]
    title = _named(state.endorsee) or "the consignee, whom the transport document names"
    if state.kind == "to-order":
        title += ", who can endorse" if state.endorsable else ", who cannot endorse"
    return [*rows, ("title", title)]


def _named(party: Party | None) -> str:
    if party is None:
        return ""
    principal = party.represented_party
    return party.party_name + (f" for {principal.party_name}" if principal else "")


def import_document(report: ImportReport) -> dict[str, Any]:
    """What came of an import as JSON."""
    return {
        "ok": not report.differences,
        "run": report.run,
        "bills": report.bills,
        "entries": report.entries,
        "differences": [difference._asdict() for difference in report.differences],
        "unread": report.unread,
        "notes": report.notes,
    }


def import_rows(report: ImportReport) -> list[tuple[str, str]]:
    """The same for people."""
    rows = [("bills", ", ".join(report.bills)), ("run", str(report.run)), ("entries", str(report.entries))]
    rows += [
        ("differs", f"{each.field}: {_shown(each.expected)} was imported, the ledger has {_shown(each.found)}")
        for each in report.differences
    ]
    rows += [("not read", ", ".join(report.unread))] if report.unread else []
    return [*rows, ("comparison", f"{len(report.differences)} differences" if report.differences else "no difference")]


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)


def live_bill_document(
    bill: BillOnChain, entries: Sequence[BillEntry], entrustments: Sequence[BillEntrustment]
) -> dict[str, Any]:
    """A bill on a chain as JSON, with its entrustments and its chain, oldest entry first; times in ISO 8601, UTC."""
    return {
        "transportDocumentReference": bill.reference,
        "transportDocumentSubReference": str(bill.sub_reference),
        "transportDocumentStatus": bill.status,
        "register": bill.register,
        "kind": bill.kind,
        "possession": bill.possession,
        "endorsee": bill.endorsee,
        "endorsable": bill.endorsable,
        "document_hash": bill.document_hash,
        "replaces": bill.replaces,
        "replaced_by": bill.replaced_by,
        "entrustments": [
            {
                "giver": each.giver,
                "receiver": each.receiver,
                "accepted": each.accepted,
                "realisable_from": _utc(each.realisable_from) if each.realisable_from else None,
            }
            for each in entrustments
        ],
        "chain": [
            {
                "actionCode": entry.action,
                "actionDateTime": _utc(entry.time),
                "actor": entry.actor,
                "recipient": entry.recipient,
                "reasonCode": entry.reason,
                "statement_hash": entry.statement_hash,
                "register": entry.register,
                "chain_digest": entry.chain_digest,
                "is_digest_right": entry.is_digest_right,
                "block": entry.block,
                "transaction": entry.transaction,
            }
            for entry in entries
        ],
    }


def live_chain_table(entries: Sequence[BillEntry]) -> Table:
    """A bill's chain on a ledger for people, oldest entry first."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    moved = len({entry.register for entry in entries}) > 1
    for column in ("time", "action", "actor", "recipient", *(("register",) if moved else ()), "transaction"):
        table.add_column(column, overflow="fold")
    for entry in entries:
        remark = f" ({entry.reason})" if entry.reason else ""
        if entry.is_digest_right is False:
            remark = " (another chain's digest)"
        texts = [_utc(entry.time), entry.action + remark, entry.actor, entry.recipient or ""]
        texts += [entry.register] if moved else []
        table.add_row(*map(escape, texts), f"{entry.transaction[:10]}…")
    return table


def live_bill_rows(bill: BillOnChain, entrustments: Sequence[BillEntrustment]) -> list[tuple[str, str]]:
    """Where a bill on a ledger stands, for people."""
    version = f", version {bill.sub_reference}" if bill.sub_reference > 1 else ""
    rows = [("reference", bill.reference + version), ("kind", bill.kind), ("status", bill.status)]
    rows.append(("register", f"{bill.register}, says the control tracking registry"))
    if bill.possession is not None:
        title = bill.endorsee or "whoever has possession"
        if bill.endorsee is not None and bill.kind == "to-order":
            title += ", who can endorse" if bill.endorsable else ", who cannot endorse"
        rows += [("possession", bill.possession), ("title", title)]
        rows += [("entrusted", _entrusted(each)) for each in entrustments]
    rows += [("replaces", bill.replaces)] if bill.replaces else []
    rows += [("replaced by", bill.replaced_by)] if bill.replaced_by else []
    return [*rows, ("document hash", bill.document_hash)]


def _entrusted(entrustment: BillEntrustment) -> str:
    terms = f"by {entrustment.giver} to {entrustment.receiver}"
    terms += ", accepted" if entrustment.accepted else ", not accepted yet"
    if entrustment.realisable_from:
        terms += f", may be realised from {_utc(entrustment.realisable_from)} on"
    return terms


def _utc(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
