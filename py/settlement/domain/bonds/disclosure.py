"""What an issuer of green bonds promises to publish, and what was attested.

Source: ICMA, "Green Bond Principles" (June 2021, with June 2022 appendix): use of proceeds, external review, reporting.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settlement.domain.bonds.entries import Day
from settlement.domain.model import Model, PartyId

DisclosureKind = Literal["external-review", "allocation-report", "impact-report"]
"""What is published; in the order of `DisclosureKind` in contracts/types/Disclosure.sol."""

DisclosureState = Literal["due", "overdue", "published", "published-late"]
"""Where a promise stands; in the order of `DisclosureState` there."""

UseOfProceeds = Literal[
    "renewable-energy",
    "energy-efficiency",
    "pollution-prevention-and-control",
    "living-natural-resources-and-land-use",
    "biodiversity-conservation",
    "clean-transportation",
    "water-and-wastewater-management",
    "climate-change-adaptation",
    "circular-economy",
    "green-buildings",
]
"""Categories of green projects; in the order of the bits there."""


class Commitment(Model):
    """One disclosure that the issuer promised.

    Attributes:
        kind: What is to be published.
        due_day: By the end of this day: days since 1970 in the bond's own time zone.
        attester: Who answers for the document by its signature.
    """

    kind: DisclosureKind
    due_day: Day
    attester: PartyId


class Attestation(Model):
    """One version of a document, as its attester signed it.

    Attributes:
        version: From 1 on.
        document_hash: Of the document, which stays off chain.
        time: Unix time at which it was recorded.
        uri: Where the document can be read; untrusted text.
    """

    version: Annotated[int, Field(ge=1)]
    document_hash: str
    time: int
    uri: str
