"""Documents and chains to change in tests: the shipped samples, and short ways to write parties and entries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from settlement.domain.ebl.chain import Transaction
from settlement.domain.ebl.document import BillOfLading, read_bill
from settlement.domain.ebl.party import Party
from settlement.scenarios import load

SAMPLES = Path(load.__file__).parent / "samples"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def changed(changes: dict[str, Any], *without: str) -> BillOfLading:
    """The sample document with changed fields (`a.b[0].c` is the path), read."""
    document = sample("transport-document")
    for path, value in changes.items():
        place, last = _place(document, path)
        place[last] = value
    for path in without:
        place, last = _place(document, path)
        del place[last]
    return read_bill(json.dumps(document).encode())


def _place(document: Any, path: str) -> tuple[Any, Any]:
    *parts, last = path.replace("[", ".[").split(".")
    for part in parts:
        document = document[int(part[1:-1])] if part.startswith("[") else document[part]
    return document, int(last[1:-1]) if last.startswith("[") else last


def party_document(name: str, represented: str | None = None) -> dict[str, Any]:
    codes = [{"codeListProvider": "ZZZ", "partyCode": name.lower()}]
    document: dict[str, Any] = {"partyName": name, "eblPlatform": "TEST", "identifyingCodes": codes}
    if represented is not None:
        codes = [{"codeListProvider": "ZZZ", "partyCode": represented.lower()}]
        document["representedParty"] = {"partyName": represented, "identifyingCodes": codes}
    return document


def party(name: str) -> Party:
    return Party.model_validate(party_document(name))


def entry(actor: str, action: str, recipient: str | None = None, *, day: int = 1, **fields: Any) -> Transaction:
    """An entry; `A for B` is a party A that acts for B."""
    document = {"actionCode": action, "actor": _written(actor), "actionDateTime": f"2026-03-{day:02}T09:00:00Z"}
    if recipient is not None:
        document["recipient"] = _written(recipient)
    return Transaction.model_validate(document | fields)


def _written(text: str) -> dict[str, Any]:
    name, _, represented = text.partition(" for ")
    return party_document(name, represented or None)


def entries(*lines: str) -> list[Transaction]:
    """Entries in short: `Alice ENDORSE Bob`; the reason of an amendment in a fourth word."""
    made = []
    for line in lines:
        actor, action, *rest = line.split()
        fields = {"reasonCode": rest[1]} if len(rest) > 1 else {}
        made.append(entry(actor, action, rest[0] if rest and rest[0] != "-" else None, **fields))
    return made
