"""Platform exit by command: a register is closed for good, exported, and goes on at a fresh deployment."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from settlement.app import connect
from settlement.app.bonds import BondView
from settlement.app.chain import deployment_of
from settlement.app.json_files import json_in, json_text, write_new
from settlement.app.stored import StoredRun, journal_path, save_run, stored_label
from settlement.domain.acts import ExitBond
from settlement.domain.bonds.register import RegisterExport
from settlement.domain.ebl.content import canonical_text
from settlement.domain.runs import RunReport
from settlement.durable.chains import ChainStore
from settlement.errors import InputError, Location
from settlement.flow.desk import perform
from settlement.flow.migration import export_register, import_register
from settlement.scenarios.run import readable_positions

EXPORT_BYTES_MAX = 64 * 1024 * 1024
"""A register has a hundred bytes for each holder, and may have holders by the hundred thousand."""


def exit_bond(view: BondView) -> None:
    """Closes a bond's register for good; afterwards its contract moves nothing.

    Raises:
        Refused: the bond is not live.
    """
    perform(view.network.desk, ExitBond(instrument=view.record.instrument))


def export_to(view: BondView, path: Path) -> RegisterExport:
    """Writes the register of a bond that has exited to a file that is not there yet.

    Raises:
        InputError: the bond has not exited, or the file is there already or cannot be written.
    """
    export = export_register(view.network.desk, view.record.instrument)
    text = json_text(export.document() | {"digest": export.digest})
    write_new(text, path)
    return export


def read_export(path: Path) -> RegisterExport:
    """An exported register out of a file.

    Raises:
        InputError: it cannot be read, is no register, is not whole, or was changed since it was exported.
    """
    where = Location(file=str(path))
    document = json_in(path, EXPORT_BYTES_MAX)
    if not isinstance(document, dict) or "digest" not in document:
        raise InputError("this is no exported register: it has no digest", where)
    digest = document.pop("digest")
    try:
        export = RegisterExport.model_validate_json(canonical_text(document))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or None
        raise InputError(
            str(first["msg"]).removeprefix("Value error, "), Location(file=str(path), field=field)
        ) from None
    if export.digest != digest:
        raise InputError(
            "the file was changed since it was exported: its digest is another than the one it says", where
        )
    return export


def import_from(
    path: Path, store: ChainStore | None = None, on_progress: Callable[[str], None] = lambda _: None
) -> RegisterExport:
    """Sets an exported bond up on the chain that is up, with equal holdings, as a run of its own.

    Raises:
        InputError: the file is no whole register, no chain is up, or as `flow.migration.import_register` says.
        Refused: the terms are refused.
        NotRecorded: it is set up, and was not stored.
    """
    export = read_export(path)
    store = store or ChainStore()
    with store.lock():
        record = store.running()
        if record is None:
            raise InputError("no chain is up: start one with `settle up`, where the register is to go on")
        store.require_runs()
        began, label = time.monotonic(), f"import-{export.digest[2:18]}"  # The same keys when it is gone on with.
        network = connect(record.url, deployment=deployment_of(record), label=label, journal=journal_path(store))
        recorded = any(stored_label(store, number) == label for number in store.run_numbers())
        import_register(network.desk, export, on_progress, is_recorded=recorded)
        report = RunReport(
            scenario=label,
            title=f"Import of {export.bond.instrument} from chain {export.source.chain_id}",
            chain_id=network.ledger.chain_id,
            block=network.ledger.head().number,
            seconds=time.monotonic() - began,
            steps=(),
            settlements=(),
            before={},
            positions=readable_positions(network, network.ledger.positions()),
            checks=(),
        )
        stored = StoredRun(label=label, directory=network.ledger.directory, report=report)
        save_run(store, stored)
    return export
