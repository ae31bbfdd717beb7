"""Bills' endorsement chains between DCSA's shape and the chain that is up: read there, and reproduced there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from settlement.app.bills import BillView, bills_named, chain_of, open_bill
from settlement.app.ebl import ChainView, chains_in
from settlement.app.running import run_import
from settlement.app.stored import StoredRun, stored_run, stored_runs
from settlement.domain.bills import BillKind, BillNumber, read_bill_name
from settlement.domain.ebl.chain import BillState, EndorsementChain, oldest_first, replay_steps
from settlement.domain.ebl.comparison import ImportReport, differences, unread_fields
from settlement.domain.ebl.naming import BillNaming, digest_of
from settlement.domain.ebl.party import ChainParty, Name, own_party
from settlement.domain.ebl.responses import EblRefused, ResponseCode, faults_of
from settlement.durable.chains import ChainStore
from settlement.errors import InputError, Location
from settlement.reports.endorsement import read_events
from settlement.scenarios.endorsement import Version, reproduce

DEFAULT_PLATFORM = "TEST"
"""Code of the eBL platform on which parties are that no imported chain names; none of DCSA's."""

Shape = Literal["end", "pint"]
"""Which of DCSA's interfaces a chain is written for."""


class LedgerChains(NamedTuple):
    """The chains of all versions of a bill on the chain that is up, newest first, and what DCSA's words cannot say."""

    views: tuple[ChainView, ...]
    notes: tuple[str, ...]

    def document(self, shape: Shape = "end") -> list[dict[str, Any]]:
        """As DCSA's END interface answers, or with PINT's transactions."""
        chains = [view.chain for view in self.views]
        return [chain.end_document() if shape == "end" else chain.pint_document() for chain in chains]


# ---- from the ledger -------------------------------------------------------------------------------------------------


def chains_on_ledger(
    reference: str,
    run: int | None = None,
    platform: str = DEFAULT_PLATFORM,
    carrier_scac_code: str | None = None,
    store: ChainStore | None = None,
) -> LedgerChains:
    """The chains of all versions of a bill, from its contract's events; `reference` is any version's name.

    Args:
        reference: `REF` or `REF/2`.
        run: Which run on the chain that is up; None is the last.
        platform: Where the parties are that no imported chain named.
        carrier_scac_code: The carrier's, where no imported chain said it.
        store: Where the chain that is up is remembered.

    Raises:
        InputError: see `open_bill`; or a code is none that DCSA would take.
    """
    store = store or ChainStore()
    view = open_bill(reference, run, store)
    stored, _ = stored_run(store, run)
    party = _naming_of(stored, platform)
    read = [_read(version, stored.naming, party, carrier_scac_code) for version in reversed(_versions(view))]
    return LedgerChains(tuple(each for each, _ in read), tuple(note for _, notes in read for note in notes))


def _versions(view: BillView) -> list[BillView]:
    """All bills with the same document reference, oldest first."""
    found = [view]
    while (before := _same_reference(found[0], found[0].bill.replaces)) is not None:
        found.insert(0, before)
    while (after := _same_reference(found[-1], found[-1].bill.replaced_by)) is not None:
        found.append(after)
    return found


def _same_reference(view: BillView, name: str | None) -> BillView | None:
    if name is None or read_bill_name(name).reference != view.bill.reference:
        return None
    of_its_carrier = (found for found in bills_named(view.network, name) if found.record.issuer == view.record.issuer)
    return next(of_its_carrier, None)


def _read(
    view: BillView, naming: BillNaming | None, party: Callable[[str], dict[str, Any]], scac: str | None
) -> tuple[ChainView, tuple[str, ...]]:
    bill = view.bill
    issue = view.network.ledger.bill_issue(view.title)
    named = None if naming is None else naming.versions.get(BillNumber(bill.reference, bill.sub_reference).name)
    try:
        chain, notes = read_events(bill, issue, chain_of(view), party, named, scac)
    except ValidationError as error:
        field, problem = faults_of(error.errors(include_url=False))[0]
        raise InputError(f"DCSA would not take this chain: {field}: {problem}") from None
    endorsee = None if issue.endorsee is None else ChainParty.model_validate(party(issue.endorsee))
    shipper = ChainParty.model_validate(party(bill.shipper))
    states = replay_steps(issue.kind, chain.endorsement_chain, endorsee, shipper)
    return ChainView(chain, _voided(states) if bill.status == "VOIDED" else states, None), notes


def _voided(states: tuple[BillState, ...]) -> tuple[BillState, ...]:
    over = {"status": "VOIDED", "possession": None, "endorsee": None, "endorsable": False}
    return (*states[:-1], states[-1].model_copy(update=over))


def _naming_of(stored: StoredRun, platform: str) -> Callable[[str], dict[str, Any]]:
    """Names participants: as an imported chain did, or else by full name, with the participant's name as its code."""
    known = {} if stored.naming is None else stored.naming.parties

    def document(party: str) -> dict[str, Any]:
        named = known.get(party)
        return own_party(party, platform, _line(stored.names.get(party))) if named is None else dict(named)

    return document


def _line(name: str | None) -> str | None:
    """A full name where DCSA would take it as a party's."""
    try:
        return None if name is None else _NAME.validate_python(name)
    except ValidationError:
        return None


_NAME: TypeAdapter[str] = TypeAdapter(Name)


# ---- to the ledger ---------------------------------------------------------------------------------------------------


def import_chain(
    path: Path,
    kind: BillKind | None = None,
    documents: Sequence[Path] = (),
    store: ChainStore | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> ImportReport:
    """Reproduces a bill's chain, or the list of its versions, on the chain that is up, and compares what is there then.

    Args:
        path: The file; see `chains_in`.
        kind: See there.
        documents: See there.
        store: Where the chain that is up is remembered.
        on_progress: Told what is going on.

    Raises:
        InputError: see `chains_in`; the file has chains of several bills; no chain is up, or its clock is past the
            first entry.
        EblRefused: a rule of DCSA's is broken; DUPE, the same was imported before; DISE, something else was. Nothing is
            done.
        Refused: the ledger refused an entry, which the error names; the run ends there.
        NotRecorded: it settled, and was not stored.
    """
    store = store or ChainStore()
    views = oldest_first(chains_in(path, kind, documents), lambda view: view.chain)
    references = {view.chain.transport_document_reference for view in views}
    if len(references) > 1:
        named = " and ".join(sorted(references))
        raise InputError(f"these are chains of {named}: import one bill at a time", Location(file=str(path)))
    try:
        plan = reproduce([Version(view.chain, view.states[0].kind, view.bill) for view in views])
        _require_new([view.chain for view in views], store)
    except EblRefused as refused:
        raise refused.within(str(path)) from None
    _, run = run_import(plan.scenario, plan.naming, store, on_progress)
    bills = tuple(plan.naming.versions)
    on_progress("reading it back")
    found = chains_on_ledger(bills[0], run, store=store)
    by_bill = zip(bills, views, reversed(found.views), strict=True)
    return ImportReport(
        run=run,
        bills=bills,
        entries=sum(len(view.states) for view in views),
        differences=tuple(
            difference._replace(field=f"{bill}: {difference.field}")
            for bill, given, kept in by_bill
            for difference in differences(given.chain, given.states, kept.chain)
        ),
        unread=tuple(field for view in views for field in unread_fields(view.chain)),
        notes=found.notes,
    )


def _require_new(chains: Sequence[EndorsementChain], store: ChainStore) -> None:
    """Nobody imports a bill a second time: two would stand."""
    reference = chains[0].transport_document_reference
    digests = {digest_of(chain) for chain in chains}
    for number, run in stored_runs(store):
        versions = _imported(run, reference)
        if not versions:
            continue
        if set(versions.values()) == digests:
            raise EblRefused(ResponseCode.DUPE, f"this chain of {reference} was imported before, in run {number}")
        raise EblRefused(
            ResponseCode.DISE, f"another chain of {reference} was imported in run {number}: two bills would stand"
        )


def _imported(run: StoredRun, reference: str) -> Mapping[str, str]:
    """The digests of a bill's chains that a run imported, by the bills' names."""
    versions = {} if run.naming is None else run.naming.versions
    return {name: each.digest for name, each in versions.items() if read_bill_name(name).reference == reference}
