"""The directory: which address each party has and which contract each instrument is, on one deployment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from settlement.domain.model import Address, InstrumentId, Model, PartyId
from settlement.domain.wording import listed
from settlement.errors import InputError

InstrumentKind = Literal["wholesale-cbdc", "tokenized-deposit", "green-bond", "bill-of-lading"]


class InstrumentRecord(Model):
    """What the orchestrator knows of an instrument; titles have no decimals.

    `paying_agent` is the party that pays a bond's holders, where it has one, and `pays_in` the deposits it pays from;
    `disclosure` is the contract in which its issuer's disclosures are attested.
    `unlisted` marks a name for a contract that was never admitted, which an instruction uses to be refused.
    """

    instrument: InstrumentId
    kind: InstrumentKind
    address: Address
    issuer: PartyId
    decimals: int
    currency: str | None = None
    reserve: InstrumentId | None = None
    paying_agent: PartyId | None = None
    pays_in: InstrumentId | None = None
    disclosure: Address | None = None
    unlisted: bool = False


class Directory(Model):
    """Parties by name and instruments by name.

    `control_tracking` is the contract that knows which register has a bill of lading; None where there are no bills.
    """

    parties: Mapping[PartyId, Address]
    instruments: Mapping[InstrumentId, InstrumentRecord]
    control_tracking: Address | None = None

    def address_of(self, party: str) -> str:
        """A party's address.

        Raises:
            InputError: no such party.
        """
        if party not in self.parties:
            raise InputError(f"party {party!r} is unknown; known parties: {listed(self.parties)}")
        return self.parties[party]

    def instrument(self, instrument: str) -> InstrumentRecord:
        """An instrument.

        Raises:
            InputError: no such instrument.
        """
        if instrument not in self.instruments:
            known = listed(self.instruments)
            raise InputError(f"instrument {instrument!r} is unknown; known instruments: {known}")
        return self.instruments[instrument]

    def disclosure_of(self, bond: str) -> str:
        """The contract in which a bond's disclosures are attested.

        Raises:
            InputError: it has none.
        """
        found = self.instrument(bond).disclosure
        if found is None:
            raise InputError(f"{bond} has no disclosures: add `disclosures` to its terms")
        return found

    @property
    def control_tracking_registry(self) -> str:
        """The contract that knows which register has a bill.

        Raises:
            InputError: there is none.
        """
        if self.control_tracking is None:
            raise InputError("there is no control tracking registry: it comes before the first register of bills")
        return self.control_tracking

    def name_of(self, address: str) -> str:
        """A party's or instrument's name by its address; the address itself where it is neither."""
        return self._names.get(address.lower(), address)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Names by address in lower case; where two have one, a party's, and the first."""
        found: dict[str, str] = {}
        for name, address in self.parties.items():
            found.setdefault(address.lower(), name)
        for name, record in self.instruments.items():
            found.setdefault(record.address.lower(), name)
        return found
