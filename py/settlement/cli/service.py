"""The service: what settles a queue, and what fills and looks after it."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from settlement.app import services
from settlement.cli import signals
from settlement.cli.output import Json, print_json
from settlement.reports.tables import make_console
from settlement.service.logs import log_to
from settlement.service.serve import ServeRule

app = typer.Typer(rich_markup_mode=None)

NetworkFile = Annotated[
    Path | None,
    typer.Option("--network", help="A network's description. Default: that of the last run on the chain that is up."),
]
Where = Annotated[
    str | None,
    typer.Option("--journal", help="A file or postgresql://USER@HOST/NAME. Default: that of the chain that is up."),
]
DevelopmentKeys = Annotated[
    bool, typer.Option("--allow-development-keys", help="Use keys that everybody knows on a chain that is not local.")
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
    development_keys: DevelopmentKeys = False,
    as_json: Json = False,
) -> None:
    """Settle what is submitted, until told to stop; logs to standard error, a JSON object a line.

    Answers on loopback: /health, /ready and /metrics.

    Example: settle serve --until-idle
    """
    stop = threading.Event()
    log_to(sys.stderr)
    service, description = services.open_named(network, journal, allow_development_keys=development_keys)
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
