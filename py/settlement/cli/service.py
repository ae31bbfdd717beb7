"""The service: what settles a queue, and what fills and looks after it."""

from __future__ import annotations

import contextlib
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from settlement.app import services
from settlement.cli import signals
from settlement.cli.output import Json, bar, complain, print_json, progress
from settlement.cli.signing import DevelopmentKeys, Keystore, PasswordFile, Signers, chosen_keys
from settlement.domain.instruction import InstructionStatus
from settlement.errors import InputError, Location
from settlement.reports import documents
from settlement.reports.tables import make_console, queue_tables
from settlement.service.logs import log_to
from settlement.service.serve import ServeRule
from settlement.service.stream import kept

app = typer.Typer(rich_markup_mode=None)

NetworkFile = Annotated[
    Path | None,
    typer.Option("--network", help="A network's description. Default: that of the last run on the chain that is up."),
]
Where = Annotated[
    str | None,
    typer.Option("--journal", help="A file or postgresql://USER@HOST/NAME. Default: that of the chain that is up."),
]


@app.command()
def network(
    run_number: Annotated[
        int | None, typer.Option("--run", help="Which run on the chain that is up; default: the last.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a network's description, for --network: its chain, its contracts, its parties and instruments.

    Example: settle network > network.json
    """
    print(services.describe_network(run_number).model_dump_json(indent=2))


@app.command()
def serve(
    network: NetworkFile = None,
    journal: Where = None,
    port: Annotated[int, typer.Option("--port", help="Port on loopback; 0: a free one.", min=0, max=65535)] = 0,
    finality: Annotated[
        str | None, typer.Option("--finality", help="instant, depth:N, safe or finalized. Default: the network's.")
    ] = None,
    batch_size: Annotated[
        int, typer.Option("--batch-size", help="The most instructions in a transaction.", min=1, max=1000)
    ] = 200,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when there is nothing left but waiting.")
    ] = False,
    drain_seconds: Annotated[
        float, typer.Option("--drain-seconds", help="How long to follow what is on its way when told to stop.", min=0)
    ] = 10.0,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signers: Signers = None,
    development_keys: DevelopmentKeys = False,
    as_json: Json = False,
) -> None:
    """Settle what is submitted, until told to stop; logs to standard error, a JSON object a line.

    Answers on loopback: /health, /ready and /metrics.

    Example: settle serve --until-idle
    """
    stop = threading.Event()
    log_to(sys.stderr)
    keys = chosen_keys(keystore, password_file, signers, development_keys, logs=True)
    service, description = services.open_named(network, journal, keys=keys)
    try:
        signals.stop_softly(stop.set)
        rule = ServeRule(port, until_idle, drain_seconds)
        services.run_service(service, description, rule, stop.is_set, batch_size, finality)
        figures = service.queue.figures()
    finally:
        service.close()
    if as_json:
        print_json({"instructions": dict(figures.by_status), "unfinished": figures.unfinished})
    else:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(figures.by_status.items()))
        make_console().print(f"stopped; {counts or 'nothing was submitted'}")


@app.command()
def submit(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Submissions, a JSON object a line; - for standard input.")
    ],
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Leave out what is at fault; by default nothing of the file is taken.")
    ] = False,
    network: NetworkFile = None,
    journal: Where = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signers: Signers = None,
    development_keys: DevelopmentKeys = False,
    as_json: Json = False,
) -> None:
    """Submit instructions; the same again changes nothing. `settle serve` settles them.

    Example: settle submit trades.jsonl --keep-going
    """
    with _stream(file) as path:
        keys = chosen_keys(keystore, password_file, signers, development_keys)
        service, _ = services.open_named(network, journal, keys=keys)
        try:
            with bar(as_json) as show:
                done = services.submit_file(service, path, file, keep_going, show)
        finally:
            service.close()
    for fault in done.skipped:
        complain(f"skipped: {fault}")
    if as_json:
        skipped = [{"line": f.location.line if f.location else None, "problem": f.problem} for f in done.skipped]
        print_json({"new": done.new, "known": done.known, "skipped": skipped})
    else:
        make_console().print(f"{done.new} taken in, {done.known} known already, {len(done.skipped)} skipped")
    if done.skipped:
        raise typer.Exit(1)


@app.command()
def queue(
    status: Annotated[
        list[InstructionStatus] | None, typer.Option("--status", help="Only these; default: all that is unfinished.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="The most rows.", min=1, max=100_000)] = 50,
    network: NetworkFile = None,
    journal: Where = None,
    as_json: Json = False,
) -> None:
    """Show the queue: what is unfinished, how often it was tried, and what it waits for.

    Example: settle queue --status pending --limit 10
    """
    with services.open_queue(network, journal) as found:
        rows, figures = found.rows(status or [], limit), found.figures()
    if as_json:
        print_json(documents.queue_document(rows, figures))
    else:
        make_console().print(queue_tables(rows, figures))


@app.command()
def retry(
    keys: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Whole ids, or references.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    network: NetworkFile = None,
    journal: Where = None,
    as_json: Json = False,
) -> None:
    """Have what waits, or was refused, tried again now and not when it is due.

    Example: settle retry --all
    """
    if bool(keys) == every:
        raise InputError("name what to try again, or say --all")
    with services.open_queue(network, journal) as found:
        ids = found.retry(keys or [], time.time())
    if as_json:
        print_json({"ready": list(ids)})
    else:
        make_console().print(f"{len(ids)} ready to be tried again")


@app.command()
def cancel(
    key: Annotated[str, typer.Argument(metavar="ID", help="An id, its beginning (0x…), or a reference.")],
    party: Annotated[str, typer.Option("--by", help="The party who cancels: one of the instruction's own.")],
    reason: Annotated[str, typer.Option("--reason", help="Kept on the chain.")],
    network: NetworkFile = None,
    journal: Where = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signers: Signers = None,
    development_keys: DevelopmentKeys = False,
    as_json: Json = False,
) -> None:
    """Cancel an instruction that is not settled, for good; `settle serve` takes it to the chain.

    Example: settle cancel T-1 --by buyer --reason "entered twice"
    """
    keys = chosen_keys(keystore, password_file, signers, development_keys)
    service, _ = services.open_named(network, journal, keys=keys)
    try:
        instruction_id = services.cancel(service, key, party, reason)
    finally:
        service.close()
    if as_json:
        print_json({"instruction_id": instruction_id, "status": "cancelling"})
    else:
        make_console().print(f"{instruction_id} is to be cancelled")


@app.command()
def reconcile(
    network: NetworkFile = None,
    journal: Where = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signers: Signers = None,
    development_keys: DevelopmentKeys = False,
    as_json: Json = False,
) -> None:
    """Compare journal, chain and what follows by the rules, and list every difference.

    Every transaction since the first block is worked out again by a small model of the ledger and the engine, without a
    chain; balances, holds, titles and statuses have to come out as the contracts tell them.

    Example: settle reconcile --json
    """
    keys = chosen_keys(keystore, password_file, signers, development_keys)
    service, _ = services.open_named(network, journal, keys=keys)
    try:
        with progress(as_json) as say:
            found = service.reconcile(say)
    finally:
        service.close()
    if as_json:
        print_json(found.document)
    else:
        replay = found.replay
        told = f"{found.settled} settlements and {found.accounts} balances up to block {found.block}"
        worked_out = (
            f"{replay.transactions} transactions worked out again by the rules, {replay.by_events} taken from their "
            f"events; {replay.holds} holds, {replay.titles} titles, {replay.instructions} instructions and "
            f"{replay.parties} parties compared"
        )
        lines = [*found.differences, worked_out, f"{told}: {len(found.differences)} differences"]
        make_console().print("\n".join(lines), markup=False)
    if found.differences:
        raise typer.Exit(1)


@contextlib.contextmanager
def _stream(file: str) -> Iterator[Path]:
    """The file; standard input and whatever else is no plain file as one, for it is read twice."""
    if file != "-" and not _can_be_read_once_only(Path(file)):
        yield Path(file)
        return
    with contextlib.ExitStack() as stack:
        try:
            source = stack.enter_context(open(0 if file == "-" else file, "rb", closefd=file != "-"))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", Location(file)) from error
        yield stack.enter_context(kept(source, file))


def _can_be_read_once_only(path: Path) -> bool:
    """Whether it is a pipe, a terminal or a device; what is not there or a folder is told when it is opened."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)
