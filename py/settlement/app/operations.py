"""What the command line does, as functions: run scenarios, keep a chain up, and look at what is on it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field, ValidationError

from settlement.app import DEVELOPMENT_CHAIN_ID, connect, deploy_on, describe, start
from settlement.app.description import description_in
from settlement.app.signing import Keys, key_kind
from settlement.chain.deployment import Deployment
from settlement.chain.ledger import EvmLedger
from settlement.chain.node import NodeSettings, start_detached, stop_detached
from settlement.domain.directory import Directory
from settlement.domain.ebl.naming import BillNaming
from settlement.domain.model import Model, PartyId
from settlement.domain.quantity import decimal_text
from settlement.domain.runs import NotRecorded, Positions, RunReport
from settlement.durable.chains import ChainRecord, ChainStore, process_started
from settlement.durable.database import Database
from settlement.durable.journal import SqlJournal
from settlement.durable.verify import verify
from settlement.errors import ChainUnreachable, InputError
from settlement.flow.network import Network
from settlement.ports import JournalEntry
from settlement.reports.gas import measure_gas
from settlement.scenarios.language import Scenario
from settlement.scenarios.run import SET_UP_SECONDS, ScenarioRunner, chain_start, readable_positions

OWN, UP = "own", "up"
"""Where a scenario runs, besides at a URL: on a chain of its own, or on the one that `up` started."""


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


class ChainUp(NamedTuple):
    """The chain that stays up: whether it was started just now, and if so whether it goes on from a state it had."""

    record: ChainRecord
    started: bool
    resumed: bool


def run_scenario(
    scenario: Scenario,
    chain: str | None = None,
    chain_id: int | None = None,
    port: int | None = None,
    keys: Keys | None = None,
    store: ChainStore | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
    description: Path | None = None,
) -> RunReport:
    """Runs a scenario on the chain named: `own`, `up`, a URL; or, where none is, on the one that is up, or its own.

    Args:
        scenario: The scenario.
        chain: Where it runs.
        chain_id: What the chain at a URL has to be; None for whatever it is.
        port: Where a chain of its own listens; None for a free port.
        keys: Which keys sign on a chain at a URL. The chains that are started here have development keys.
        store: Where the chain that is up is remembered.
        on_progress: Told what is going on.
        description: File that the network's description is written to, for whoever works on; for a chain at a URL.

    Raises:
        InputError: the chain named is not up, is another than expected, or keys are missing or unusable.
        ChainUnreachable: the chain could not be started, or does not answer.
        Refused: the set-up was refused.
        NotRecorded: it settled, and was not stored or described.
    """
    if chain_id is not None and chain in (None, OWN, UP):
        raise InputError("--chain-id says what the chain at a URL has to be: give --chain URL with it")
    if port is not None and chain not in (None, OWN):
        raise InputError("--port is for a chain of the run's own: leave it or --chain away")
    if chain in (None, OWN, UP):
        if keys is not None and (keys.keystore is not None or keys.provider is not None):
            raise InputError("the chains that are started here have development keys: give --chain URL with your own")
        if description is not None:
            raise InputError("--describe is for a chain at a URL; `settle network` describes the one that is up")
    store = store or ChainStore()
    on_progress("preparing the chain")
    if chain in (None, UP):
        with store.lock():
            record = store.running()
            if record is not None:
                return _run_on_up(scenario, store, record, on_progress)[0]
        if chain == UP:
            raise InputError("no chain is up: start one with `settle up`, or leave --chain away")
    if chain in (None, OWN):
        with start(timestamp=max(1, scenario.start - SET_UP_SECONDS), port=port, label=scenario.name) as network:
            return ScenarioRunner(network, scenario, on_progress).run()
    assert chain is not None  # noqa: S101 - the two cases above are all there are without a URL
    label = f"{scenario.name}-{time.time_ns()}"
    if description is not None:
        return _run_described(chain, chain_id, scenario, keys or Keys(), label, on_progress, description)
    network = _network_at(chain, chain_id, scenario, keys or Keys(), label)
    return ScenarioRunner(network, scenario, on_progress).run()


def run_import(
    scenario: Scenario,
    naming: BillNaming,
    store: ChainStore | None = None,
    on_progress: Callable[[str], None] = lambda _: None,
) -> tuple[RunReport, int]:
    """Runs a scenario that reproduces a bill's chain on the chain that is up: what it did, and the run's number.

    Raises:
        InputError: no chain is up, or its clock is past the scenario's start.
        Refused: the ledger refused a step; the run ends there and is not stored.
        NotRecorded: it settled, and was not stored.
    """
    store = store or ChainStore()
    with store.lock():
        record = store.running()
        if record is None:
            raise InputError(f"no chain is up: start one with `settle up --start {chain_start(scenario)}`")
        return _run_on_up(scenario, store, record, on_progress, naming)


def stored_runs(store: ChainStore) -> Iterator[tuple[int, StoredRun]]:
    """The stored runs, each with its number, in order."""
    return ((number, _stored(store, number)) for number in store.run_numbers())


def chain_up(port: int | None = None, store: ChainStore | None = None, start: int | None = None) -> ChainUp:
    """Starts the chain that stays up, or finds it up already; resumes from its state where there is any.

    Args:
        port: Where it listens; None is a free port.
        store: Where it is remembered.
        start: Unix time at which its clock begins; None is now. It goes on from there, also after `down`.

    Raises:
        InputError: the port is in use, the folder cannot be written, or a chain that is there has its clock already.
        ChainUnreachable: the chain could not be started.
    """
    store = store or ChainStore()
    with store.lock():
        record = store.running()
        if record is not None:
            if port is not None and port != record.port:
                raise InputError(f"a chain is up on port {record.port}: run `settle down` first")
            if start is not None:
                raise InputError("a chain is up and has its clock: `settle down --forget`, then start one")
            return ChainUp(record, started=False, resumed=False)
        if start is not None and store.state_path.exists():
            raise InputError("the chain's state is kept and has its clock: `settle down --forget`, then start one")
        resumed = store.state_path.exists()
        known = _known_deployment(store)
        settings = NodeSettings(
            chain_id=DEVELOPMENT_CHAIN_ID, timestamp=start, port=port, state=store.state_path, log=store.log_path
        )
        try:
            node = start_detached(settings)
        except ChainUnreachable as error:
            if not store.state_path.exists():
                raise
            raise ChainUnreachable(
                f"{error}; where its state is damaged, `settle down --forget` starts afresh"
            ) from error
        try:
            deployment = known or deploy_on(node.url)
            record = ChainRecord(
                pid=node.pid,
                process_started=process_started(node.pid),
                port=node.port,
                url=node.url,
                chain_id=DEVELOPMENT_CHAIN_ID,
                started_at=int(time.time()),
                deployment=_addresses(deployment),
            )
            if known is None:
                store.save_deployment(deployment.model_dump_json())
            store.save(record)
        except BaseException:
            stop_detached(node.pid)
            raise
        return ChainUp(record, started=True, resumed=resumed)


def chain_down(store: ChainStore | None = None, *, forget: bool = False) -> ChainRecord | None:
    """Ends the chain that is up; its state stays for the next `up`, unless `forget`. None where none was up.

    Raises:
        InputError: it belongs to somebody else.
    """
    store = store or ChainStore()
    with store.lock():
        record: ChainRecord | None = None
        try:
            record = store.running()
        except InputError:
            store.clear()  # a damaged record tells nothing about a chain
        if record is not None:
            stop_detached(record.pid)
        store.clear(state=forget)
        if forget:
            journal = journal_path(store)
            kept = (*store.runs_path.glob("*.json"), *store.clients_path.glob("*.sqlite*"))
            store.remove(store.deployment_path, journal, Path(f"{journal}-turn"), *kept)
        return record


def chain_status(store: ChainStore | None = None) -> tuple[ChainRecord, Network] | None:
    """The chain that is up, and a network on it; None where none is.

    Raises:
        ChainUnreachable: its process lives and does not answer.
    """
    store = store or ChainStore()
    record = store.running()
    if record is None:
        return None
    return record, connect(record.url, deployment=deployment_of(record))


def current_positions(
    run: int | None = None, store: ChainStore | None = None
) -> tuple[StoredRun, Positions, Positions]:
    """Who holds what now, and what of it is held, of one run's parties on the chain that is up; the last run's.

    Raises:
        InputError: no chain is up, or there is no such run.
    """
    store = store or ChainStore()
    stored, record = stored_run(store, run)
    network = connect(record.url, deployment=deployment_of(record), label=stored.label, directory=stored.directory)
    positions = network.ledger.positions()
    held: dict[str, dict[str, str]] = {}
    for (party, instrument), position in positions.items():
        if position.held:
            decimals = stored.directory.instrument(instrument).decimals
            held.setdefault(party, {})[instrument] = decimal_text(position.held, decimals)
    return stored, readable_positions(network, positions), held


def verify_journal(where: str | None = None, store: ChainStore | None = None) -> tuple[str, tuple[str, ...]]:
    """What a journal is called, and where it contradicts its own digests; by default that of the chain that is up.

    Raises:
        InputError: there is no such journal.
        JournalUnavailable: it does not answer.
    """
    named = journal_path(store or ChainStore()) if where is None else where
    require_journal(named)
    database = Database(named)
    try:
        return database.name, verify(database)
    finally:
        database.close()


def require_journal(where: Path | str) -> None:
    """Sees to it that a journal in a file is there: looking at it must not make one.

    Raises:
        InputError: it is not.
    """
    if (isinstance(where, Path) or "://" not in where) and not os.path.isfile(where):
        raise InputError(f"there is no journal {where}: run a scenario on a chain that is up, or name one")


def find_instruction(key: str, store: ChainStore | None = None) -> tuple[JournalEntry, Directory]:
    """An instruction of the chain that is, or was, up: by its id, a beginning of it, or its reference.

    Raises:
        InputError: there is none, or several.
    """
    store = store or ChainStore()
    if not os.path.exists(journal_path(store)):
        raise InputError(f"instruction {key!r} is unknown: nothing was run on a chain that is up")
    journal = SqlJournal(journal_path(store))
    try:
        entry = journal.entry(key)
    finally:
        journal.close()
    if entry is None:
        raise InputError(f"instruction {key!r} is unknown: give an id, its beginning (0x…), or a reference")
    directories = [_stored(store, number).directory for number in store.run_numbers()]
    fitting = [known for known in directories if set(entry.instruction.parties) <= set(known.parties)]
    return entry, fitting[-1] if fitting else Directory(parties={}, instruments={})


def gas_figures(on_progress: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Gas per DvP, measured on a chain of its own.

    Raises:
        ChainUnreachable: the chain could not be started.
    """
    with start(label="gas") as network:
        return measure_gas(network, on_progress)


def journal_path(store: ChainStore) -> Path:
    """The journal of the chain that is up."""
    return store.home / "journal.sqlite"


def client_book_path(store: ChainStore, label: str) -> Path:
    """Where the custodians of a run on the chain that is up keep their clients, where there are any."""
    return store.clients_path / f"{label}.sqlite"


# ---- a chain at a URL ------------------------------------------------------------------------------------------------


def _network_at(url: str, chain_id: int | None, scenario: Scenario, keys: Keys, label: str) -> Network:
    ours = [name for name, party in scenario.parties.items() if party.address is None and not party.is_contract]
    return connect(url, chain_id=chain_id, label=label, keys=keys, senders=ours)


def _run_described(
    url: str,
    chain_id: int | None,
    scenario: Scenario,
    keys: Keys,
    label: str,
    on_progress: Callable[[str], None],
    file: Path,
) -> RunReport:
    """Its file is made before anything is sent, and all but the names asked before the run: after it, much is lost."""
    with description_in(file) as write:
        network = _network_at(url, chain_id, scenario, keys, label)
        ledger = network.ledger
        assert isinstance(ledger, EvmLedger)  # noqa: S101 - what `connect` makes
        kind = key_kind(keys, url, ledger.chain_id)
        described = describe(url, ledger.deployment, ledger.directory, label, keys=kind)
        report = ScenarioRunner(network, scenario, on_progress).run()
        try:
            write(described.model_copy(update={"directory": ledger.directory}))
        except InputError as error:
            raise _not_recorded(report, file, error) from error
        return report


# ---- the chain that is up --------------------------------------------------------------------------------------------


def _run_on_up(
    scenario: Scenario,
    store: ChainStore,
    record: ChainRecord,
    on_progress: Callable[[str], None],
    naming: BillNaming | None = None,
) -> tuple[RunReport, int]:
    # Never used before, also where an earlier run died before it was stored: its keys and references are its own.
    label = f"{scenario.name}-{time.time_ns()}"
    store.require_runs()
    network = connect(record.url, deployment=deployment_of(record), label=label, journal=journal_path(store))
    book = client_book_path(store, label)
    report = ScenarioRunner(network, scenario, on_progress, book, stops=naming is not None).run()
    names = {name: party.name for name, party in scenario.parties.items() if party.crowd is None}
    stored = StoredRun(label=label, directory=network.ledger.directory, report=report, names=names, naming=naming)
    return report, save_run(store, stored)


def save_run(store: ChainStore, stored: StoredRun) -> int:
    """Stores a run that has settled, and returns its number.

    Raises:
        NotRecorded: it cannot be written.
    """
    try:
        return int(store.save_run(stored.model_dump_json()).stem)
    except InputError as error:
        raise _not_recorded(stored.report, store.runs_path, error) from error


def _not_recorded(report: RunReport, where: Path, error: InputError) -> NotRecorded:
    """What to do about bad input is no advice any more: it has settled."""
    return NotRecorded(report, where, getattr(error.__cause__, "strerror", None) or error.problem)


def stored_run(store: ChainStore, run: int | None = None) -> tuple[StoredRun, ChainRecord]:
    """A run on the chain that is up, the last where none is named, and that chain.

    Raises:
        InputError: no chain is up, or there is no such run.
        ChainUnreachable: the chain that was up has ended by itself.
    """
    record = store.running()
    if record is None and store.load() is not None:
        raise ChainUnreachable("the chain that was up has ended; what is on it is kept: `settle up` goes on with it")
    if record is None and store.state_path.exists():
        raise InputError("no chain is up: `settle up` goes on with the one that was, whose state is kept")
    if record is None:
        raise InputError("no chain is up: start one with `settle up`, then run a scenario on it")
    numbers = store.run_numbers()
    if not numbers:
        raise InputError("nothing was run on the chain that is up yet: try `settle run interbank-transfer`")
    return _stored(store, run if run is not None else numbers[-1]), record


def _stored(store: ChainStore, number: int) -> StoredRun:
    try:
        return StoredRun.model_validate_json(store.load_run(number))
    except ValidationError as error:
        raise InputError(f"run {number} cannot be read: start afresh with `settle down --forget`") from error


def stored_label(store: ChainStore, number: int) -> str:
    """The label of a stored run.

    Raises:
        InputError: it cannot be read.
    """
    return _stored(store, number).label


def deployment_of(record: ChainRecord) -> Deployment:
    """Where the core contracts are on the chain that is up."""
    return Deployment(chain_id=record.chain_id, **record.deployment)


def _addresses(deployment: Deployment) -> Mapping[str, Any]:
    return deployment.model_dump(exclude={"chain_id"})


def _known_deployment(store: ChainStore) -> Deployment | None:
    """Where the core contracts are in the state that is kept; None where there is none, or nothing was deployed.

    Raises:
        InputError: the file that says it cannot be read.
    """
    text = store.load_deployment()
    if text is None or not store.state_path.exists():
        return None
    try:
        return Deployment.model_validate_json(text)
    except ValidationError as error:
        raise store.deployment_unreadable("it is damaged") from error
