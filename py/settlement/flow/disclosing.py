"""Disclosing: an attester signs what the issuer of a green bond promised to publish."""

from __future__ import annotations

from settlement.domain import acts
from settlement.errors import InputError
from settlement.flow.desk import Desk, perform
from settlement.ports import Receipt


def attest(
    desk: Desk, bond: str, commitment: int, document_hash: str, uri: str, signed_by: str | None = None
) -> Receipt:
    """Records the next version of a disclosure; the bond's issuer pays for the transaction.

    Args:
        desk: The ledger and the journal.
        bond: The bond.
        commitment: Which promise, from 0 on.
        document_hash: SHA-256 of the document, which stays off chain.
        uri: Where it can be read.
        signed_by: Whose key signs; None is the attester's, as it has to be.

    Raises:
        InputError: the bond has no disclosures, or no such one.
        Refused: somebody else signed, or the attester is not active.
    """
    promised = desk.ledger.disclosures(bond)
    if not 0 <= commitment < len(promised):
        raise InputError(f"disclosure {commitment + 1} of {bond} is not promised; allowed: 1 to {len(promised)}")
    version = len(promised[commitment].versions) + 1
    by = signed_by or promised[commitment].attester
    signature = desk.ledger.attestation(bond, commitment, document_hash, uri, version, by)
    return perform(
        desk,
        acts.Attest(
            instrument=bond,
            by=desk.ledger.directory.instrument(bond).issuer,
            commitment=commitment,
            version=version,
            document_hash=document_hash,
            uri=uri,
            signature=signature,
        ),
    )
