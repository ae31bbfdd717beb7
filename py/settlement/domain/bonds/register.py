"""A bond's register as a document: what leaves one platform and goes on at another."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from settlement.domain.acts import CreateGreenBond, Role
from settlement.domain.instruction import terms_hash
from settlement.domain.model import Address, Hash32, Model
from settlement.domain.quantity import MAX_QUANTITY

PartyStanding = Literal["unknown", "active", "suspended", "frozen"]
"""Whether a party may take part; in the order of `PartyStatus` in contracts/types/Participation.sol."""


class Holding(Model):
    """One line of a register.

    Attributes:
        address: The holder's account.
        holder: Its name where the register was read; the address where it has none.
        nominal: In whole units, held quantities included.
        roles: What it is admitted as.
        standing: Whether it may take part. Who was frozen or suspended stays so.
    """

    address: Address
    holder: str
    nominal: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
    roles: tuple[Role, ...]
    standing: PartyStanding


class RegisterSource(Model):
    """Where a register was read: the chain, the bond's contract, and the newest block then."""

    chain_id: int
    contract: Address
    block: int
    block_hash: Hash32
    timestamp: int


class RegisterExport(Model):
    """A closed register, whole: nothing moved while it was read, and its lines add up to what exists.

    Attributes:
        format: Of this document.
        bond: What its contract keeps: terms' hash, schedule with the fixings so far, denominations.
        issuer_address: The issuer's account; nominal there was never delivered, or came back.
        calculation_agent_address: Who records fixings; None where every rate is known.
        source: Where it was read.
        supply: What exists, as the contract says, in whole units.
        holdings: Everybody with nominal, in the order in which they came.
    """

    format: Literal[1] = 1
    bond: CreateGreenBond
    issuer_address: Address
    calculation_agent_address: Address | None
    source: RegisterSource
    supply: Annotated[int, Field(ge=0, le=MAX_QUANTITY)]
    holdings: tuple[Holding, ...]

    @model_validator(mode="after")
    def _is_complete(self) -> RegisterExport:
        total = sum(each.nominal for each in self.holdings)
        if total != self.supply:
            raise ValueError(f"the holdings add up to {total:,}, and {self.supply:,} exists: the register is not whole")
        addresses = [each.address.lower() for each in self.holdings]
        if len(set(addresses)) != len(addresses):
            raise ValueError("an account is there twice")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON: what an importing platform records as its list of allocations.

        Not of the block at which it was read: nothing moves in a closed register, so it is the same at every one.
        """
        document = self.document()
        source = {"chain_id": self.source.chain_id, "contract": self.source.contract}
        return terms_hash(document | {"source": source})

    def document(self) -> dict[str, Any]:
        """The register as one JSON document."""
        return self.model_dump(mode="json")
