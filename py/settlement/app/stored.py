"""What is kept beside the chain that is up: its runs, its journal, its custodians' client books."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from settlement.domain.directory import Directory
from settlement.domain.ebl.naming import BillNaming
from settlement.domain.model import Model, PartyId
from settlement.domain.runs import NotRecorded, RunReport
from settlement.durable.chains import ChainRecord, ChainStore
from settlement.errors import ChainUnreachable, InputError

LOST = (
    "before its state was written, and what was run on it is lost: `settle down --forget` removes what is left of it, "
    "then start one"
)
"""What became of a chain that was killed in its first seconds."""


class StoredRun(Model):
    """A run on the chain that is up.

    Attributes:
        label: Tells its keys and references from those of other runs.
        directory: Whose names its addresses have.
        report: What was done.
        names: The parties' full names.
        naming: How DCSA's documents name parties and versions, where the run imported a bill's chain; None elsewhere.
    """

    label: str
    directory: Directory
    report: RunReport
    names: Mapping[PartyId, str] = Field(default_factory=dict)
    naming: BillNaming | None = None


def stored_runs(store: ChainStore) -> Iterator[tuple[int, StoredRun]]:
    """The stored runs, each with its number, in order."""
    return ((number, _stored(store, number)) for number in store.run_numbers())


def stored_run(store: ChainStore, run: int | None = None) -> tuple[StoredRun, ChainRecord]:
    """A run on the chain that is up, the last where none is named, and that chain.

    Raises:
        InputError: no chain is up, or there is no such run.
        ChainUnreachable: the chain that was up has ended by itself.
    """
    record = store.running()
    if record is None and store.load() is not None:
        if store.state_path.exists():
            became = "; what was on it a few seconds before is kept: `settle up` goes on with it"
        else:
            became = f" {LOST}" if store.run_numbers() else ": start one with `settle up`"
        raise ChainUnreachable(f"the chain that was up has ended{became}")
    if record is None and store.state_path.exists():
        raise InputError("no chain is up: `settle up` goes on with the one that was, whose state is kept")
    if record is None:
        raise InputError("no chain is up: start one with `settle up`, then run a scenario on it")
    numbers = store.run_numbers()
    if not numbers:
        raise InputError("nothing was run on the chain that is up yet: try `settle run interbank-transfer`")
    return _stored(store, run if run is not None else numbers[-1]), record


def stored_label(store: ChainStore, number: int) -> str:
    """The label of a stored run.

    Raises:
        InputError: it cannot be read.
    """
    return _stored(store, number).label


def save_run(store: ChainStore, stored: StoredRun) -> int:
    """Stores a run that has settled, and returns its number.

    Raises:
        NotRecorded: it cannot be written.
    """
    try:
        return int(store.save_run(stored.model_dump_json()).stem)
    except InputError as error:
        raise not_recorded(stored.report, store.runs_path, error) from error


def not_recorded(report: RunReport, where: Path, error: InputError) -> NotRecorded:
    """What to do about bad input is no advice any more: it has settled."""
    return NotRecorded(report, where, getattr(error.__cause__, "strerror", None) or error.problem)


def _stored(store: ChainStore, number: int) -> StoredRun:
    try:
        return StoredRun.model_validate_json(store.load_run(number))
    except ValidationError as error:
        raise InputError(f"run {number} cannot be read: start afresh with `settle down --forget`") from error


def journal_path(store: ChainStore) -> Path:
    """The journal of the chain that is up."""
    return store.home / "journal.sqlite"


def client_book_path(store: ChainStore, label: str) -> Path:
    """Where the custodians of a run on the chain that is up keep their clients, where there are any."""
    return store.clients_path / f"{label}.sqlite"
