"""Endorsement chains for tests, in DCSA's shape."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def party(name: str, platform: str = "WAVE", code: str | None = None, **more: Any) -> dict[str, Any]:
    """A party with one code, in its platform's list."""
    codes = [{"codeListProvider": platform, "partyCode": code or f"code-of-{name}"}]
    return {"partyName": name, "eblPlatform": platform, "identifyingCodes": codes} | more


def entry(time: str, code: str, actor: Any, recipient: Any = None, **more: Any) -> dict[str, Any]:
    """An entry of a chain."""
    said = {"actionDateTime": time, "actionCode": code, "actor": actor} | more
    return said if recipient is None else said | {"recipient": recipient}


def chain(*entries: dict[str, Any], reference: str = "REF1", version: str | None = "v1", scac: str | None = "YMLU"):
    """A chain as END has it, out of its entries, oldest first."""
    said: dict[str, Any] = {"transportDocumentReference": reference}
    said |= {} if version is None else {"transportDocumentSubReference": version}
    said |= {} if scac is None else {"carrierSCACCode": scac}
    return said | {"endorsementChain": list(reversed(entries))}


def in_file(folder: Path, content: Any, name: str = "chain.json") -> Path:
    """The same in a file."""
    file = folder / name
    file.write_text(json.dumps(content), "utf-8")
    return file


def hour_before(chains: Any) -> str:
    """An hour before the first entry, as `settle up --start` takes it."""
    times = [each["actionDateTime"] for chain in chains for each in chain["endorsementChain"]]
    first = min(datetime.fromisoformat(time).timestamp() for time in times)
    return f"{datetime.fromtimestamp(first - 3600, UTC):%Y-%m-%dT%H:%M:%S}"
