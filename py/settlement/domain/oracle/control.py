"""The control tracking registry: which register has a bill."""

from __future__ import annotations

from settlement.domain.instruction import title_id
from settlement.domain.oracle.registry import TITLE, Registry
from settlement.domain.oracle.tables import Refusal, Tables


class ControlTracking:
    """Each bill by its carrier and title, and the live bill of each document."""

    def __init__(self, tables: Tables, registry: Registry) -> None:
        self._tables = tables
        self._registry = registry
        self._registers: dict[tuple[str, int], str] = {}
        self._live: dict[bytes, tuple[str, int]] = {}

    def begin(self, register: str, document: bytes, reference: str, sub_reference: int) -> int:
        """A register issues a bill; its title."""
        carrier = self._carrier_of(register)
        if self._live.get(document, ("", 0))[0]:
            raise Refusal("ControlTracking_DocumentHasLiveRecord", "0x" + document.hex())
        title = title_id(reference if sub_reference == 1 else f"{reference}/{sub_reference}")
        if self._registers.get((carrier, title)):
            raise Refusal("ControlTracking_ReferenceTaken", reference)
        self._tables.put(self._registers, (carrier, title), register)
        self._tables.put(self._live, document, (carrier, title))
        return title

    def give(self, register: str, carrier: str, target: str, document: bytes) -> None:
        """A register passes a bill to another one of its carrier."""
        self._require_control(register, document)
        if target == register or self._carrier_of(target) != carrier:
            raise Refusal("ControlTracking_InvalidTarget", target)
        self._tables.put(self._registers, self._live[document], target)

    def end(self, register: str, document: bytes) -> None:
        """A bill ends where it is."""
        self._require_control(register, document)
        self._tables.put(self._live, document, ("", 0))

    def _require_control(self, register: str, document: bytes) -> None:
        if self._registers.get(self._live.get(document, ("", 0))) != register:
            raise Refusal("ControlTracking_NotInControl", register)

    def _carrier_of(self, register: str) -> str:
        kind, carrier = self._registry.instruments.get(register, (0, ""))
        if kind != TITLE:
            raise Refusal("ControlTracking_NotAdmitted", register)
        return carrier
