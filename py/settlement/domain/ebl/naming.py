"""What DCSA's chains say of parties and versions and a ledger does not keep; a run that imported one has it stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settlement.domain.bills import BillName
from settlement.domain.ebl.chain import EndorsementChain
from settlement.domain.ebl.content import content_hash
from settlement.domain.model import Hash32, Model, PartyId


class VersionNaming(Model):
    """How one version of a bill was named.

    Attributes:
        sub_reference: DCSA's transportDocumentSubReference; None where there was none.
        carrier_scac_code: Likewise.
        unstated_reasons: Numbers of the surrenders for amendment, from 1 on, that had no reason.
        digest: Of the chain, as `digest_of` has it.
    """

    sub_reference: str | None
    carrier_scac_code: str | None
    unstated_reasons: tuple[int, ...] = ()
    digest: Hash32


class BillNaming(Model):
    """How an imported bill was named.

    Attributes:
        parties: By participant, the party as the chain named it.
        versions: By what the ledger calls the bill, `REF` or `REF/2`.
    """

    parties: Mapping[PartyId, Mapping[str, Any]]
    versions: Mapping[BillName, VersionNaming]


def digest_of(chain: EndorsementChain) -> str:
    """SHA-256 over a chain's canonical text, the same whichever entry was written first."""
    return content_hash(chain.pint_document())
