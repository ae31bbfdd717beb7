"""The chain that stays up, and what is on it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Annotated

import typer

from settlement.app.chain import chain_down, chain_status, chain_up
from settlement.app.looking import current_positions, find_instruction
from settlement.cli.output import Json, Port, print_json, progress
from settlement.errors import InputError
from settlement.reports import documents
from settlement.reports.tables import key_value_table, make_console, positions_table

app = typer.Typer(rich_markup_mode=None)


@app.command()
def up(
    port: Port = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="DATE[THH:MM:SS]",
            help="Its clock begins at this time (UTC), for a scenario with dates of its own. Default: now.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a chain that stays up in the background, with everything deployed; its state is kept on disk.

    Example: settle up --port 8545
    """
    begins = None if start is None else _unix_time(start)
    with progress(as_json) as say:
        say("starting the chain")
        record, started, resumed = chain_up(port, start=begins)
    if as_json:
        print_json({"started": started, "resumed": resumed} | documents.record_document(record))
    else:
        word = "up again, as it was," if resumed else "up" if started else "already up"
        make_console().print(f"chain {record.chain_id} is {word} at {record.url}; next: settle run ebl-dvp")


def _unix_time(start: str) -> int:
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"):
        with contextlib.suppress(ValueError):
            timestamp = int(datetime.strptime(start, form).replace(tzinfo=UTC).timestamp())
            break
    else:
        raise InputError(f"--start {start!r} is no date: write it as 2024-02-06, or 2024-02-06T01:00:00 in UTC")
    if timestamp < 1:
        raise InputError(f"--start {start} is before 1970, where the chain's time begins")
    return timestamp


@app.command()
def status(as_json: Json = False) -> None:
    """Show whether a chain is up, and what is on it.

    Example: settle status
    """
    found = chain_status()
    if found is None:
        if as_json:
            print_json({"up": False})
        else:
            make_console().print("no chain is up; start one with settle up")
        return
    document = documents.status_document(*found)
    if as_json:
        print_json(document)
    else:
        make_console().print(key_value_table([(key, str(value)) for key, value in document.items()]))


@app.command()
def down(
    forget: Annotated[bool, typer.Option("--forget", help="Remove the chain's state and runs too.")] = False,
    as_json: Json = False,
) -> None:
    """Stop the chain that is up; the next `settle up` resumes it.

    Example: settle down
    """
    record = chain_down(forget=forget)
    if as_json:
        print_json({"stopped": record is not None, "forgotten": forget})
    else:
        what = "no chain was up" if record is None else f"the chain at {record.url} is down"
        kept = "its state and its runs are removed" if forget else "settle up resumes it"
        make_console().print(f"{what}; {kept}" if forget or record is not None else what)


@app.command()
def positions(
    party: Annotated[str | None, typer.Option("--party", help="Only this party.")] = None,
    instrument: Annotated[str | None, typer.Option("--instrument", help="Only this instrument.")] = None,
    run_number: Annotated[
        int | None, typer.Option("--run", help="Which run on the chain that is up; default: the last.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who holds what on the chain that is up.

    Example: settle positions --party exporter
    """
    stored, balances, held = current_positions(run_number)
    chosen = documents.choose(balances, stored.directory, party, instrument)
    chosen_held = documents.choose(held, stored.directory, party, instrument)
    if as_json:
        print_json({"run": stored.label, "positions": chosen, "held": chosen_held})
    else:
        make_console().print(positions_table(chosen, chosen_held))


@app.command(name="show")
def show_instruction(
    key: Annotated[str, typer.Argument(metavar="ID", help="An id, its beginning (0x…), or a reference.")],
    as_json: Json = False,
) -> None:
    """Show an instruction: terms, legs, consents, status history, transaction, gas.

    Example: settle show 0x3f2a
    """
    entry, directory = find_instruction(key)
    document = documents.instruction_document(entry, directory)
    if as_json:
        print_json(document)
    else:
        make_console().print(documents.instruction_tables(document))
