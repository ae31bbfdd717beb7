"""Electronic bills of lading in files: transport documents and endorsement chains. No chain of ours is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from settlement.app.json_files import bytes_in, said_of
from settlement.domain.bills import BillKind
from settlement.domain.ebl.chain import BillState, EndorsementChain, check_versions, read_chains, replay_steps
from settlement.domain.ebl.content import read_json
from settlement.domain.ebl.document import BillOfLading, read_bill
from settlement.domain.ebl.party import Party
from settlement.errors import InputError


class ChainView(NamedTuple):
    """A chain, and where the bill stands after each entry.

    Attributes:
        chain: Oldest entry first.
        states: One for each entry.
        bill: The document that says the bill's kind; None where that was said, read off the chain, or a contract's.
    """

    chain: EndorsementChain
    states: tuple[BillState, ...]
    bill: BillOfLading | None

    @property
    def state(self) -> BillState:
        """Where the bill stands now."""
        return self.states[-1]


def bill_in(path: Path) -> BillOfLading:
    """The bill of lading in a file with a transport document.

    Raises:
        InputError: the file cannot be read, or is no JSON.
        EblRefused: it is no bill of lading that can be issued electronically.
    """
    data = bytes_in(path)
    try:
        return read_bill(data)
    except InputError as error:
        raise said_of(error, path) from None


def chains_in(path: Path, kind: BillKind | None = None, documents: Sequence[Path] = ()) -> tuple[ChainView, ...]:
    """The chains in a file, each held to the rules, and the versions of a bill to each other.

    Args:
        path: The file: a chain, or a list of chains, in DCSA's shape.
        kind: As the bills were issued; None: as the document says or, where there is none, straight unless something
            is endorsed.
        documents: Transport documents of some of them; they say the kind, and who is named.

    Raises:
        InputError: a file cannot be read or is no JSON, a document is of none of the chains, or both kind and
            documents are given.
        EblRefused: a rule is broken.
    """
    if kind is not None and documents:
        raise InputError("the document says the kind: give one of them, not both")
    bills = [bill_in(document) for document in documents]
    data = bytes_in(path)
    try:
        chains = read_chains(read_json(data))
        for document, bill in zip(documents, bills, strict=True):
            if not any(_is_of(chain, bill) for chain in chains):
                reference = bill.document.transport_document_reference
                raise InputError(f"no chain is of the document {document}, whose reference is {reference}")
        views = _replayed_in_order(chains, kind, bills)
        check_versions([(view.chain, view.state) for view in views])
    except InputError as error:
        raise said_of(error, path) from None
    return views


def _replayed_in_order(
    chains: Sequence[EndorsementChain], kind: BillKind | None, bills: Sequence[BillOfLading]
) -> tuple[ChainView, ...]:
    """Oldest version first, since whoever shipped the goods is still their shipper where a bill is issued anew.

    Of versions of one second the later in the list is the older, as END lists them.
    """
    shippers: dict[str, Party] = {}
    found: dict[int, ChainView] = {}
    in_order = sorted(enumerate(chains), key=lambda each: (each[1].endorsement_chain[0].time, -each[0]))
    for position, chain in in_order:
        reference = chain.transport_document_reference
        own = next((bill for bill in bills if _is_of(chain, bill)), None)
        found[position] = _replayed(chain, kind, own, shippers.get(reference))
        shippers.setdefault(reference, found[position].state.shipper)
    return tuple(found[position] for position in sorted(found))


def _replayed(
    chain: EndorsementChain, kind: BillKind | None, bill: BillOfLading | None, shipper: Party | None
) -> ChainView:
    entries = chain.endorsement_chain
    if bill is not None:
        return ChainView(chain, replay_steps(bill.kind, entries, bill.named, shipper), bill)
    is_endorsed = any("ENDORSE" in entry.action_code for entry in entries)
    read_off: BillKind = "to-order" if is_endorsed else "straight"
    return ChainView(chain, replay_steps(kind or read_off, entries, shipper=shipper), None)


def _is_of(chain: EndorsementChain, bill: BillOfLading) -> bool:
    document = bill.document
    versions = (chain.transport_document_sub_reference, document.transport_document_sub_reference)
    is_version = None in versions or versions[0] == versions[1]
    return is_version and chain.transport_document_reference == document.transport_document_reference
