"""Scenarios run: on a chain of their own, on the one that is up, or on one at a URL."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from settlement.app.chain import deployment_of
from settlement.app.description import description_in
from settlement.app.signing import Keys, key_kind
from settlement.app.stored import StoredRun, client_book_path, journal_path, not_recorded, save_run
from settlement.app.wiring import connect, describe, start
from settlement.chain.ledger import EvmLedger
from settlement.domain.ebl.naming import BillNaming
from settlement.domain.runs import RunReport
from settlement.durable.chains import ChainRecord, ChainStore
from settlement.errors import InputError
from settlement.flow.network import Network
from settlement.scenarios.language import Scenario
from settlement.scenarios.run import SET_UP_SECONDS, ScenarioRunner, chain_start

OWN, UP = "own", "up"
"""Where a scenario runs, besides at a URL: on a chain of its own, or on the one that `up` started."""

FIRST_NONCE = 2**32
"""Of a run at a URL, whose journal ends with it: whoever works on with the network counts from nought."""


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


def _network_at(url: str, chain_id: int | None, scenario: Scenario, keys: Keys, label: str) -> Network:
    ours = [name for name, party in scenario.parties.items() if party.address is None and not party.is_contract]
    return connect(url, chain_id=chain_id, label=label, keys=keys, senders=ours, first_nonce=FIRST_NONCE)


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
            raise not_recorded(report, file, error) from error
        return report


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
