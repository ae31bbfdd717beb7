"""The chain of hashes over the history: each entry's digest covers its own words and the digest before it."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

GENESIS = b"\0" * 32
"""What the first entry follows."""


class AuditedEntry(NamedTuple):
    """What an entry says, in the order in which its digest covers it.

    Attributes:
        entry: Its number, from 1 on without a gap.
        instruction_id: Which instruction.
        status: Where that stands from here on.
        at: Unix time.
        transaction: Hash of the transaction concerned.
        gas_used: What the instruction's settlement cost.
        evidence: SHA-256 of what was stored together with the entry, such as terms and consents.
        detail: For people.

    """

    entry: int
    instruction_id: str
    status: str
    at: int
    transaction: str | None
    gas_used: int | None
    evidence: str | None
    detail: str


def digest(previous: bytes, entry: AuditedEntry) -> bytes:
    """The digest of an entry (SHA-256, 32 bytes) that follows one with the digest `previous`."""
    return hashlib.sha256(previous + json.dumps(entry, separators=(",", ":")).encode()).digest()


def evidence(*texts: str) -> str:
    """SHA-256 over texts, each with its length, as hex digits."""
    joined = hashlib.sha256()
    for text in texts:
        raw = text.encode()
        joined.update(len(raw).to_bytes(8))
        joined.update(raw)
    return joined.hexdigest()
