"""What the commands show of a chain, a position and an instruction, as documents and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from settlement.domain.directory import Directory
from settlement.domain.instruction import Leg
from settlement.domain.quantity import decimal_text
from settlement.domain.runs import Positions
from settlement.durable.chains import ChainRecord
from settlement.flow.network import Network
from settlement.ports import JournalEntry, QueueFigures, QueueRow
from settlement.reports.tables import key_value_table, moved_text, time_text


def record_document(record: ChainRecord) -> dict[str, Any]:
    """Where the chain that is up is, and what is deployed on it."""
    return {
        "up": True,
        "url": record.url,
        "chain_id": record.chain_id,
        "pid": record.pid,
        "started_at": time_text(record.started_at),
        **record.deployment,
    }


def status_document(record: ChainRecord, network: Network) -> dict[str, Any]:
    """As `record_document`, with the chain's newest block."""
    head = network.ledger.head()
    return record_document(record) | {"block": head.number, "chain_time": time_text(head.timestamp)}


def choose(positions: Positions, directory: Directory, party: str | None, instrument: str | None) -> Positions:
    """The positions of one party, or in one instrument.

    Raises:
        InputError: no such party or instrument.
    """
    if party is not None:
        directory.address_of(party)
    if instrument is not None:
        directory.instrument(instrument)
    chosen: dict[str, dict[str, str]] = {}
    for name, instruments in positions.items():
        if party not in (None, name):
            continue
        kept = {key: amount for key, amount in instruments.items() if instrument in (None, key)}
        if kept:
            chosen[name] = kept
    return chosen


def instruction_document(entry: JournalEntry, directory: Directory) -> dict[str, Any]:
    """An instruction with everything the journal knows of it."""
    instruction = entry.instruction
    last = entry.history[-1] if entry.history else None
    sent = [step for step in entry.history if step.transaction]
    return {
        "id": entry.instruction_id,
        "reference": instruction.reference,
        "status": last.status.value if last else None,
        "transaction": sent[-1].transaction if sent else None,
        "gas_used": sent[-1].gas_used if sent else None,
        "not_before": instruction.not_before,
        "deadline": instruction.deadline,
        "nonce": str(instruction.nonce),
        "terms_hash": instruction.terms_hash,
        "terms": dict(instruction.terms),
        "legs": [_leg(leg, directory) for leg in instruction.legs],
        "consents": [consent.model_dump() for consent in entry.consents],
        "history": [
            {
                "status": step.status.value,
                "at": step.at,
                "transaction": step.transaction,
                "gas_used": step.gas_used,
                "detail": step.detail,
            }
            for step in entry.history
        ],
    }


def instruction_tables(document: dict[str, Any]) -> RenderableType:
    """The same for people."""
    heads = ("id", "reference", "status", "transaction", "gas_used", "nonce", "terms_hash")
    rows = [(key, str(document[key])) for key in heads if document[key] is not None]
    rows += [("window", f"{time_text(document['not_before'])} to {time_text(document['deadline'])}")]
    rows += [(f"terms: {key}", str(value)) for key, value in document["terms"].items()]
    legs = [
        (
            str(number),
            f"{leg['giver']} → {leg['receiver']}: {moved_text(leg['amount'], leg['is_title'])} {leg['instrument']}"
            + ("" if leg["receiver_instrument"] == leg["instrument"] else f" → {leg['receiver_instrument']}"),
        )
        for number, leg in enumerate(document["legs"])
    ]
    consents = [(item["party"], item["signature"][:18] + "…") for item in document["consents"]]
    history = [
        (time_text(step["at"]) if step["at"] else "", f"{step['status']} {step['detail']}".strip())
        for step in document["history"]
    ]
    parts: list[RenderableType] = [key_value_table(rows)]
    for title, content in (("legs", legs), ("consents", consents), ("history", history)):
        parts += [Text(f"\n{title}", "bold"), key_value_table(content)]
    return Group(*parts)


def _leg(leg: Leg, directory: Directory) -> dict[str, Any]:
    record = directory.instruments.get(leg.quantity.instrument)
    is_title = record is not None and record.kind == "bill-of-lading"
    counted = None if is_title else record
    amount = leg.quantity.amount
    return {
        "giver": leg.giver,
        "receiver": leg.receiver,
        "instrument": leg.quantity.instrument,
        "receiver_instrument": leg.receiver_instrument,
        "amount": str(amount) if counted is None else decimal_text(amount, counted.decimals),
        "is_title": is_title,
    }


def queue_document(rows: Sequence[QueueRow], figures: QueueFigures) -> dict[str, Any]:
    """The queue."""
    return {
        "instructions": dict(sorted(figures.by_status.items())),
        "unfinished": figures.unfinished,
        "oldest_taken_at": figures.oldest_taken_at,
        "rows": [
            {
                "instruction_id": row.instruction_id,
                "reference": row.reference,
                "status": row.status.value,
                "state": row.state.name.lower(),
                "priority": row.priority,
                "attempts": row.attempts,
                "taken_at": row.taken_at,
                "due_at": row.due_at,
                "deadline": row.deadline,
                "settlement_date_end": row.failing_at,
                "detail": row.detail,
            }
            for row in rows
        ],
    }
