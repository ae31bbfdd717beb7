"""The journal."""

from __future__ import annotations

from typing import Annotated

import typer

from settlement.app import looking
from settlement.cli.output import Json, print_json
from settlement.reports.tables import make_console

app = typer.Typer(help="The journal.", rich_markup_mode=None)


@app.command(name="verify")
def verify_journal(
    where: Annotated[
        str | None, typer.Argument(metavar="[JOURNAL]", help="A file; default: that of the chain that is up.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that nothing in the journal was changed after it was written.

    Example: settle journal verify
    """
    name, faults = looking.verify_journal(where)
    if as_json:
        print_json({"journal": name, "ok": not faults, "faults": list(faults)})
    else:
        make_console().print("\n".join(faults) or f"{name} is as it was written", markup=False)
    if faults:
        raise typer.Exit(1)
