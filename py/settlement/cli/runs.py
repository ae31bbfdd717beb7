"""Scenarios: list them, run them, and what they are written in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app.running import OWN, run_scenario
from settlement.app.signing import Keys
from settlement.cli.output import Json, Port, complain, print_json, progress
from settlement.cli.signing import DevelopmentKeys, Keystore, PasswordFile, Signers, chosen_keys
from settlement.domain.runs import RunReport
from settlement.reports.tables import key_value_table, make_console, run_tables
from settlement.scenarios.load import json_schema, load_scenario, shipped_scenarios

app = typer.Typer(rich_markup_mode=None)


Chain = Annotated[
    str | None,
    typer.Option("--chain", help="own, up, or a JSON-RPC URL. Default: the chain that is up, or else one of its own."),
]
ChainId = Annotated[int | None, typer.Option("--chain-id", help="What the chain at the URL has to be.")]


@app.command()
def demo(as_json: Json = False) -> None:
    """Run the shipped scenarios, each on a chain of its own, and show what moved; those of thousands run by name only.

    Example: settle demo
    """
    reports = [
        _run(summary.name, OWN, None, None, as_json) for summary in shipped_scenarios() if not summary.is_crowded
    ]
    if as_json:
        print_json({"runs": [report.document() for report in reports], "ok": all(r.ok for r in reports)})
    _require(reports)
    if not as_json:
        checks = sum(len(report.checks) for report in reports)
        make_console().print(f"{len(reports)} scenarios: all {checks} expectations are met")


@app.command()
def scenarios(as_json: Json = False) -> None:
    """List the shipped scenarios.

    Example: settle scenarios
    """
    found = shipped_scenarios()
    if as_json:
        print_json({"scenarios": [summary.model_dump() for summary in found]})
    else:
        make_console().print(key_value_table([(summary.name, summary.title) for summary in found]))


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario's name, or a YAML file.")],
    chain: Chain = None,
    chain_id: ChainId = None,
    port: Port = None,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    signers: Signers = None,
    development_keys: DevelopmentKeys = False,
    describe: Annotated[
        Path | None,
        typer.Option("--describe", metavar="FILE", help="Write the network's description there, for --network."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a scenario and check what it expects.

    Example: settle run green-bond-2023 --json
    """
    keys = chosen_keys(keystore, password_file, signers, development_keys)
    report = _run(scenario, chain, chain_id, port, as_json, keys, describe)
    if as_json:
        print_json(report.document())
    _require([report])


@app.command()
def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of the scenario language.

    Example: settle schema > scenario.schema.json
    """
    print_json(json_schema())


def _run(
    name: str,
    chain: str | None,
    chain_id: int | None,
    port: int | None,
    as_json: bool,
    keys: Keys | None = None,
    description: Path | None = None,
) -> RunReport:
    scenario = load_scenario(Path(name) if name.endswith((".yaml", ".yml")) else name)
    with progress(as_json) as say:
        report = run_scenario(
            scenario,
            chain,
            chain_id,
            port,
            keys,
            on_progress=lambda text: say(f"{scenario.name}: {text}"),
            description=description,
        )
    if not as_json:
        make_console().print(run_tables(report))
    return report


def _require(reports: list[RunReport]) -> None:
    failed = [check for report in reports for check in report.checks if not check.ok]
    if failed:
        complain(f"error: {len(failed)} of the expectations are not met; first: {failed[0].name}")
        raise typer.Exit(1)
