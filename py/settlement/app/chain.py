"""The chain that stays up: started, resumed, found and ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from settlement.app.stored import LOST, journal_path
from settlement.app.wiring import DEVELOPMENT_CHAIN_ID, connect, deploy_on
from settlement.chain.deployment import Deployment
from settlement.chain.node import NodeSettings, start_detached, stop_detached
from settlement.durable.chains import ChainRecord, ChainStore, process_started
from settlement.errors import ChainUnreachable, InputError
from settlement.flow.network import Network


class ChainUp(NamedTuple):
    """The chain that stays up: whether it was started just now, and if so whether it goes on from a state it had."""

    record: ChainRecord
    started: bool
    resumed: bool


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
        if not resumed and store.run_numbers():
            raise InputError(f"the chain of the runs that are kept ended {LOST}")
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
