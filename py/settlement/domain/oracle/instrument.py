"""What every instrument has: one engine that moves it, one issuer, the registry, and holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from settlement.domain.oracle.calls import Call
from settlement.domain.oracle.registry import Registry
from settlement.domain.oracle.tables import Refusal, Tables


class Instrument(Protocol):
    """All that the engine knows of an instrument."""

    address: str

    def book_transfer(self, giver: str, receiver: str, quantity: int, at: int) -> None:
        """Moves in full, or refuses."""

    def place_hold(self, hold: str, owner: str, quantity: int) -> None:
        """Sets a quantity aside, or refuses."""

    def resolve_hold(self, hold: str) -> None:
        """Ends a hold; what was held is its owner's to use."""


class EngineBound:
    """The part of an instrument that all have."""

    CALLS: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (
            "bookTransfer(address,address,uint256)",
            "placeHold(bytes32,address,uint256)",
            "resolveHold(bytes32,uint8)",
            "debit(address,uint256,address)",
            "creditClient(address,uint256)",
        ),
        "engine_only",
    )

    def __init__(self, tables: Tables, registry: Registry, address: str, issuer: str) -> None:
        self.address = address
        self.issuer = issuer
        self._tables = tables
        self._registry = registry

    def engine_only(self, call: Call, *_arguments: object) -> None:
        """Nobody but the engine may call these, and the engine is modelled itself."""
        raise Refusal("Instrument_NotEngine", call.sender)

    def _require_issuer(self, call: Call) -> None:
        if call.sender != self.issuer:
            raise Refusal("Instrument_NotIssuer", call.sender)
        self._registry.require_active(call.sender)
