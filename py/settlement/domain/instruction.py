"""Instructions, their legs and the consents of their parties."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from settlement.domain.model import Address, Hash32, InstrumentId, Model, PartyId
from settlement.domain.quantity import Quantity

MAX_LEGS = 32
"""The most legs the engine takes in one instruction."""

Reference = Annotated[str, Field(pattern=r"^[^\p{C}]{1,64}$")]
"""The caller's own id: text that a log or a terminal shows as it is, so without control and format characters."""

UnixTime = Annotated[int, Field(ge=0, le=2**64 - 1)]


class InstructionStatus(StrEnum):
    """Where an instruction stands. `sent` says that the outcome is not known; it never means failed.

    `pending` and `failing` are those of ISO 20022 (sese.024, PEND and PENF): not settled for a reason that may pass,
    before and after the end of the settlement date. `partial` has been replaced by its parts.
    """

    INSTRUCTED = "instructed"
    MATCHED = "matched"
    LOCKED = "locked"
    SENT = "sent"
    PENDING = "pending"
    FAILING = "failing"
    PARTIAL = "partial"
    REFUSED = "refused"
    SETTLED = "settled"
    CONFIRMED = "confirmed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


FINISHED = frozenset(
    {
        InstructionStatus.CONFIRMED,
        InstructionStatus.CANCELLED,
        InstructionStatus.EXPIRED,
        InstructionStatus.REFUSED,
    }
)
"""Where an instruction stays for good, by itself; one that is `partial` lives on in its parts."""


class Leg(Model):
    """One movement: who gives, who receives, which instrument, how much.

    A payment leg across two banks names the payee's deposit instrument as `receiver_instrument`; for every other leg
    it is the instrument itself.
    """

    giver: PartyId
    receiver: PartyId
    quantity: Quantity
    receiver_instrument: InstrumentId

    @property
    def is_interbank(self) -> bool:
        """Whether payer and payee are clients of different banks."""
        return self.receiver_instrument != self.quantity.instrument


class Instruction(Model):
    """What the parties agree to; on chain only the hash of `terms` appears.

    Attributes:
        reference: The caller's own id, unique in the caller's books; part of the terms hash.
        legs: Performed in order, all or none.
        terms: The full terms as plain JSON values.
        not_before: First second (Unix time) in which it may settle.
        deadline: Last second in which it may settle or be locked.
        nonce: Serves this group of parties once.
    """

    reference: Reference
    legs: Annotated[tuple[Leg, ...], Field(min_length=1, max_length=MAX_LEGS)]
    terms: Mapping[str, Any]
    not_before: UnixTime
    deadline: UnixTime
    nonce: Annotated[int, Field(ge=0, le=2**256 - 1)]

    @property
    def terms_hash(self) -> str:
        """SHA-256 of the canonical JSON of reference and terms, as `0x…`."""
        return terms_hash({"reference": self.reference, "terms": dict(self.terms)})

    @property
    def parties(self) -> tuple[str, ...]:
        """Every giver and receiver once, in order of appearance."""
        return tuple(dict.fromkeys(party for leg in self.legs for party in (leg.giver, leg.receiver)))

    @property
    def givers(self) -> tuple[str, ...]:
        """Every giver once, in order of appearance; each has to consent."""
        return tuple(dict.fromkeys(leg.giver for leg in self.legs))


class Consent(Model):
    """A party's EIP-712 signature over an instruction, or over its cancellation."""

    party: PartyId
    address: Address
    signature: Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$")]


class MatchedInstruction(Model):
    """An instruction with its id on one chain and deployment, and the consents over it."""

    instruction_id: Hash32
    instruction: Instruction
    consents: tuple[Consent, ...]


def canonical_json(terms: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no white space. No floats: they have no canonical form.

    Raises:
        TypeError: a value is a float or not a JSON value.
    """
    _refuse_floats(terms)
    return json.dumps(terms, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def terms_hash(terms: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON in UTF-8, as `0x…`.

    Raises:
        TypeError: a value is a float or not a JSON value.
    """
    return "0x" + hashlib.sha256(canonical_json(terms).encode()).hexdigest()


def title_id(reference: str) -> int:
    """A title's token id in its carrier's contract: SHA-256 of the document reference."""
    return int.from_bytes(hashlib.sha256(reference.encode()).digest())


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("terms hold no floats: write decimals as text")
    if isinstance(value, Mapping):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
