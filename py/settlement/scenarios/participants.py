"""The participants that take the parts of the parties of DCSA's chains."""

from __future__ import annotations

import re
from typing import Any

from settlement.domain.ebl.party import OWN_LIST, ChainParty, Party, is_same
from settlement.domain.model import PartyId
from settlement.scenarios.written_base import PARTY_PATTERN

_RESERVED = frozenset({"none", "operator", "supervisor"})
_LENGTH = 36


class Participants:
    """Parties by participant; who acts on another's behalf is another participant than who acts for itself."""

    def __init__(self) -> None:
        self._parties: dict[PartyId, Party] = {}

    def of(self, party: Party) -> PartyId:
        """The participant of a chain's party; a new one where there is none yet."""
        found = self.known(party)
        if found is None:
            found = self._new_name(party)
            self._parties[found] = party
        return found

    def known(self, party: Party) -> PartyId | None:
        """The participant of a party, where there is one."""
        for name, other in self._parties.items():
            if is_same(other, party) and is_same(other.principal, party.principal):
                return name
        return None

    def named(self, party: Party) -> PartyId:
        """The participant of a party that a document names: itself, or else who acts on its behalf."""
        found = self.known(party)
        if found is None:
            acting = (name for name, other in self._parties.items() if is_same(other.principal, party.principal))
            found = next(acting, None)
        return self.of(party) if found is None else found

    def names(self) -> dict[PartyId, str]:
        """Full names by participant."""
        return {name: party.party_name for name, party in self._parties.items()}

    def documents(self) -> dict[PartyId, Any]:
        """Those of chains, as DCSA has them."""
        return {name: party.document() for name, party in self._parties.items() if isinstance(party, ChainParty)}

    def _new_name(self, party: Party) -> PartyId:
        own = [code.party_code for code in party.identifying_codes if code.code_list_provider == OWN_LIST]
        fitting = [code for code in own if re.fullmatch(PARTY_PATTERN, code) and len(code) <= _LENGTH]
        name = fitting[0] if fitting and party.represented_party is None else _slug(party.party_name)
        number, free = 1, name
        while free in self._parties or free in _RESERVED:
            number += 1
            free = f"{name}-{number}"
        return free


def _slug(text: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return (plain if plain[:1].isalpha() else f"party-{plain}".rstrip("-"))[:_LENGTH].rstrip("-")
