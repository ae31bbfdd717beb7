"""What is looked at: who holds what on the chain that is up, an instruction, and whether a journal was changed."""

from __future__ import annotations

import os
from pathlib import Path

from settlement.app.chain import deployment_of
from settlement.app.stored import StoredRun, journal_path, stored_run, stored_runs
from settlement.app.wiring import connect
from settlement.domain.directory import Directory
from settlement.domain.quantity import decimal_text
from settlement.domain.runs import Positions
from settlement.durable.chains import ChainStore
from settlement.durable.database import Database
from settlement.durable.journal import SqlJournal
from settlement.durable.verify import verify
from settlement.errors import InputError
from settlement.ports import JournalEntry
from settlement.scenarios.run import readable_positions


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
    directories = [stored.directory for _, stored in stored_runs(store)]
    fitting = [known for known in directories if set(entry.instruction.parties) <= set(known.parties)]
    return entry, fitting[-1] if fitting else Directory(parties={}, instruments={})


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
