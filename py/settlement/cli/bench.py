"""Measurements."""

from __future__ import annotations

from typing import Annotated

import typer

from settlement.app.gas import gas_figures
from settlement.app.reading import measure_reading
from settlement.app.servicing import measure_coupon
from settlement.app.throughput import measure_throughput
from settlement.cli.output import Json, print_json, progress
from settlement.reports.gas import BUDGETS, PEERS
from settlement.reports.tables import gas_table, key_value_table, make_console

app = typer.Typer(help="Measurements.", rich_markup_mode=None)


@app.command()
def gas(as_json: Json = False) -> None:
    """Measure gas per DvP from receipts of real transactions, beside budgets and peers.

    Example: settle bench gas --json
    """
    with progress(as_json) as say:
        figures = gas_figures(say)
    within = all(figures[name] <= budget for name, budget in BUDGETS.items())
    if as_json:
        peers = [{"name": name, "gas": gas, "conditions": text} for name, gas, text in PEERS]
        print_json(figures | {"budgets": BUDGETS, "within_budgets": within, "peers": peers})
    else:
        make_console().print(gas_table(figures))
    if not within:
        raise typer.Exit(1)


@app.command()
def throughput(
    instructions: Annotated[
        int, typer.Option("--instructions", help="How many DvPs; rounded up to whole batches.", min=200, max=1_000_000)
    ] = 100_000,
    postgresql: Annotated[
        str | None, typer.Option("--postgresql", help="URL of an empty database: repeat it there with two workers.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure DvPs a second, from unsigned instructions to confirmed and journaled, beside what the chain can do.

    Example: settle bench throughput --json
    """
    with progress(as_json) as say:
        figures = measure_throughput(-(-instructions // 200) * 200, postgresql, say)
    if as_json:
        print_json(figures)
    else:
        make_console().print(key_value_table([(key, str(value)) for key, value in figures.items()]))


@app.command()
def coupon(
    holders: Annotated[int, typer.Option("--holders", help="How many hold the bond.", min=10, max=100_000)] = 5_000,
    page: Annotated[
        int, typer.Option("--page", help="How many are looked at in a transaction.", min=1, max=1_000)
    ] = 500,
    as_json: Json = False,
) -> None:
    """Pay a coupon to thousands of holders at four banks, interrupted in the middle, three of them frozen.

    Example: settle bench coupon --holders 5000
    """
    with progress(as_json) as say:
        figures = measure_coupon(holders, page, say)
    if as_json:
        print_json(figures)
    else:
        make_console().print(key_value_table([(key, str(value)) for key, value in figures.items()]))
    if not (figures["adds_up"] and figures["within_budget"]):
        raise typer.Exit(1)


@app.command()
def ebl(
    endorsements: Annotated[
        int, typer.Option("--endorsements", help="How often the bill is endorsed.", min=1, max=10_000)
    ] = 50,
    as_json: Json = False,
) -> None:
    """Measure the seconds to read a bill's endorsement chain from its contract's events, in DCSA's shape.

    Example: settle bench ebl --endorsements 50
    """
    with progress(as_json) as say:
        figures = measure_reading(endorsements, say)
    if as_json:
        print_json(figures)
    else:
        make_console().print(key_value_table([(key, str(value)) for key, value in figures.items()]))
