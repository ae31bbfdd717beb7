"""Resolves what a bond's issuer promises to publish, and what is attested."""

from __future__ import annotations

from settlement.domain.acts import CreateGreenDisclosure
from settlement.domain.bonds.disclosure import Commitment, DisclosureState
from settlement.domain.bonds.entries import day_number
from settlement.domain.bonds.terms import BondTerms
from settlement.scenarios.context import Context, document_hash
from settlement.scenarios.language import AttestStep, InstrumentSetUp
from settlement.scenarios.text import Path
from settlement.scenarios.written_bonds import AttestWritten, BondWritten


def resolve_disclosure(
    context: Context, path: Path, name: str, written: BondWritten, terms: BondTerms
) -> CreateGreenDisclosure | None:
    """What the issuer promises; None where it promises nothing.

    Raises:
        InputError: a party is unknown or not admitted, a day is before the issue, or the issuer reviews itself.
    """
    if bool(written.use_of_proceeds) != bool(written.disclosures):
        missing = "disclosures" if written.use_of_proceeds else "use_of_proceeds"
        raise context.error(
            path, f"field {missing!r} is missing: what the money is for and what is published go together"
        )
    if not written.disclosures:
        return None
    if len(set(written.use_of_proceeds)) != len(written.use_of_proceeds):
        raise context.error((*path, "use_of_proceeds"), "a category is there twice")
    commitments = []
    for index, each in enumerate(written.disclosures):
        at: Path = (*path, "disclosures", index)
        attester = context.party((*at, "by"), each.by)
        if not context.parties[attester].roles:
            raise context.error((*at, "by"), f"{attester} has no roles and is not admitted, so it cannot attest")
        if each.kind == "external-review" and attester == written.issuer:
            raise context.error((*at, "by"), "an external review is somebody else's, not the issuer's own")
        if each.kind == "external-review" and "external-reviewer" not in context.parties[attester].roles:
            raise context.error((*at, "by"), f"{attester} is no reviewer: that needs the role external-reviewer")
        due = context.day((*at, "due"), each.due)
        if terms.pricing_date is not None and due < terms.pricing_date:
            raise context.error((*at, "due"), f"{each.due} is before the bond was priced, on {terms.pricing_date}")
        commitments.append(Commitment(kind=each.kind, due_day=day_number(due), attester=attester))
    return CreateGreenDisclosure(
        instrument=name,
        issuer=written.issuer,
        use_of_proceeds=tuple(written.use_of_proceeds),
        commitments=tuple(commitments),
    )


def resolve_attest(context: Context, path: Path, bond: InstrumentSetUp, written: AttestWritten) -> AttestStep:
    """A document of a disclosure that was promised.

    Raises:
        InputError: there is no such disclosure or signer, or the document is empty.
    """
    if not isinstance(written.document, dict | str) or not written.document:
        raise context.error((*path, "document"), "the document is a mapping or a text, and not empty")
    if len(written.uri.encode()) > 256:
        raise context.error((*path, "uri"), "the URI is longer than 256 bytes")
    return AttestStep(
        bond=bond.instrument,
        commitment=disclosure_number(context, (*path, "disclosure"), bond, written.disclosure) - 1,
        document_hash=document_hash(written.document),
        uri=written.uri,
        signed_by=None if written.signed_by is None else context.party((*path, "signed_by"), written.signed_by),
    )


def resolve_disclosure_states(
    context: Context, path: Path, written: dict[str, dict[str, DisclosureState]]
) -> dict[str, dict[int, DisclosureState]]:
    """Where disclosures have to stand, by bond and number.

    Raises:
        InputError: there is no such bond or disclosure.
    """
    return {
        bond: {
            disclosure_number(
                context, (*path, bond, number), context.of_kind((*path, bond), bond, "green-bond"), number
            ): state
            for number, state in states.items()
        }
        for bond, states in written.items()
    }


def disclosure_number(context: Context, path: Path, bond: InstrumentSetUp, text: str) -> int:
    """The number of a disclosure that a bond's issuer promised, from 1 on.

    Raises:
        InputError: it promised none of that number.
    """
    count = len(bond.disclosure.commitments) if bond.disclosure else 0
    if not 1 <= int(text) <= count:
        allowed = f"allowed: 1 to {count}" if count else "it promised none"
        raise context.error(path, f"disclosure {text} of {bond.instrument} is not promised; {allowed}")
    return int(text)
