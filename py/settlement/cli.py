"""The command `settle`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.exceptions import TyperException

from settlement.app import operations
from settlement.domain.runs import RunReport
from settlement.errors import InputError, Refused, SettlementError
from settlement.reports import documents
from settlement.reports.gas import BUDGETS, PEERS
from settlement.reports.tables import gas_table, key_value_table, make_console, positions_table, run_tables
from settlement.scenarios.load import json_schema, load_scenario, shipped_scenarios

EXIT_UNKNOWN = 3

_signals: list[int] = []
"""Signals that asked us to end. Python loses an exception that is raised in a destructor or a fork hook, so each signal
is noted here as well, and honoured at the next step at the latest."""

app = typer.Typer(
    name="settle",
    help="Tokenised money and tokenised assets that change hands at the same moment or not at all.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
bench = typer.Typer(help="Measurements.", rich_markup_mode=None)
app.add_typer(bench, name="bench")
journal = typer.Typer(help="The journal.", rich_markup_mode=None)
app.add_typer(journal, name="journal")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output instead of tables.")]
Chain = Annotated[
    str | None,
    typer.Option("--chain", help="own, up, or a JSON-RPC URL. Default: the chain that is up, or else one of its own."),
]
ChainId = Annotated[int | None, typer.Option("--chain-id", help="What the chain at the URL has to be.")]
Port = Annotated[int | None, typer.Option("--port", help="Port on loopback; default: a free one.", min=1, max=65535)]


@app.command()
def demo(as_json: Json = False) -> None:
    """Run every shipped scenario, each on a chain of its own, and show what moved.

    Example: settle demo
    """
    reports = [_run(summary.name, operations.OWN, None, None, as_json) for summary in shipped_scenarios()]
    if as_json:
        _print_json({"runs": [report.document() for report in reports], "ok": all(r.ok for r in reports)})
    _require(reports)


@app.command()
def scenarios(as_json: Json = False) -> None:
    """List the shipped scenarios.

    Example: settle scenarios
    """
    found = shipped_scenarios()
    if as_json:
        _print_json({"scenarios": [summary.model_dump() for summary in found]})
    else:
        make_console().print(key_value_table([(summary.name, summary.title) for summary in found]))


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A shipped scenario's name, or a YAML file.")],
    chain: Chain = None,
    chain_id: ChainId = None,
    port: Port = None,
    development_keys: Annotated[
        bool,
        typer.Option("--allow-development-keys", help="Use keys that everybody knows on a chain that is not local."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a scenario and check what it expects.

    Example: settle run green-bond-2023 --json
    """
    report = _run(scenario, chain, chain_id, port, as_json, development_keys)
    if as_json:
        _print_json(report.document())
    _require([report])


@app.command()
def up(port: Port = None, as_json: Json = False) -> None:
    """Start a chain that stays up in the background, with everything deployed; its state is kept on disk.

    Example: settle up --port 8545
    """
    with _progress(as_json) as progress:
        progress("starting the chain")
        record, started = operations.chain_up(port)
    if as_json:
        _print_json({"started": started} | documents.record_document(record))
    else:
        word = "up" if started else "already up"
        make_console().print(f"chain {record.chain_id} is {word} at {record.url}; next: settle run ebl-dvp")


@app.command()
def status(as_json: Json = False) -> None:
    """Show whether a chain is up, and what is on it.

    Example: settle status
    """
    found = operations.chain_status()
    if found is None:
        if as_json:
            _print_json({"up": False})
        else:
            make_console().print("no chain is up; start one with settle up")
        return
    document = documents.status_document(*found)
    if as_json:
        _print_json(document)
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
    record = operations.chain_down(forget=forget)
    if as_json:
        _print_json({"stopped": record is not None, "forgotten": forget})
    else:
        make_console().print("no chain was up" if record is None else f"chain at {record.url} is down")


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
    stored, balances, held = operations.current_positions(run_number)
    chosen = documents.choose(balances, stored.directory, party, instrument)
    chosen_held = documents.choose(held, stored.directory, party, instrument)
    if as_json:
        _print_json({"run": stored.label, "positions": chosen, "held": chosen_held})
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
    entry, directory = operations.find_instruction(key)
    document = documents.instruction_document(entry, directory)
    if as_json:
        _print_json(document)
    else:
        make_console().print(documents.instruction_tables(document))


@app.command()
def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of the scenario language.

    Example: settle schema > scenario.schema.json
    """
    _print_json(json_schema())


@journal.command(name="verify")
def verify_journal(
    where: Annotated[
        str | None, typer.Argument(metavar="[JOURNAL]", help="A file; default: that of the chain that is up.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that nothing in the journal was changed after it was written.

    Example: settle journal verify
    """
    name, faults = operations.verify_journal(where)
    if as_json:
        _print_json({"journal": name, "ok": not faults, "faults": list(faults)})
    else:
        make_console().print("\n".join(faults) or f"{name} is as it was written", markup=False)
    if faults:
        raise typer.Exit(1)


@bench.command()
def gas(as_json: Json = False) -> None:
    """Measure gas per DvP from receipts of real transactions, beside budgets and peers.

    Example: settle bench gas --json
    """
    with _progress(as_json) as progress:
        figures = operations.gas_figures(progress)
    within = all(figures[name] <= budget for name, budget in BUDGETS.items())
    if as_json:
        peers = [{"name": name, "gas": gas, "conditions": text} for name, gas, text in PEERS]
        _print_json(figures | {"budgets": BUDGETS, "within_budgets": within, "peers": peers})
    else:
        make_console().print(gas_table(figures))
    if not within:
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line; every expected error is one sentence on standard error, and its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # An arrow must not turn a settlement into a fault.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.unraisablehook = _keep_quiet
    try:
        code = typer.main.get_command(app).main(sys.argv[1:] or ["--help"], standalone_mode=False)
        _honour_signals()
        sys.exit(code if isinstance(code, int) else 0)
    except SettlementError as error:
        _report(error, error.exit_code)
    except TyperException as error:
        _report(InputError(error.format_message()), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted; what was started only for this is stopped, and no leg settled alone", file=sys.stderr)
        sys.exit(128 + (_signals[0] if _signals else signal.SIGINT))
    except BrokenPipeError:
        # Whoever read our output has gone; Python must not complain about it on the way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("SETTLEMENT_DEBUG"):
            traceback.print_exc()
        fault = f"a fault in this program ({type(error).__name__}: {error}); set SETTLEMENT_DEBUG=1 to see where"
        _report(SettlementError(fault), EXIT_UNKNOWN)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    _signals.append(number)
    raise KeyboardInterrupt


def _keep_quiet(lost: sys.UnraisableHookArgs) -> None:
    """Says nothing of an interruption that Python lost: it is honoured later."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


def _honour_signals() -> None:
    if _signals:
        raise KeyboardInterrupt


def _run(
    name: str,
    chain: str | None,
    chain_id: int | None,
    port: int | None,
    as_json: bool,
    development_keys: bool = False,
) -> RunReport:
    scenario = load_scenario(Path(name) if name.endswith((".yaml", ".yml")) else name)
    with _progress(as_json) as progress:
        report = operations.run_scenario(
            scenario,
            chain,
            chain_id,
            port,
            development_keys,
            on_progress=lambda text: progress(f"{scenario.name}: {text}"),
        )
    if not as_json:
        make_console().print(run_tables(report))
    return report


def _require(reports: list[RunReport]) -> None:
    failed = [check for report in reports for check in report.checks if not check.ok]
    if failed:
        print(f"error: {len(failed)} of the expectations are not met; first: {failed[0].name}", file=sys.stderr)
        raise typer.Exit(1)


@contextlib.contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says what is going on; plain lines where that is no terminal."""
    console: Console = make_console(stderr=True)
    if console.is_terminal:
        with console.status("") as spinner:
            yield lambda text: _step(lambda: spinner.update(text))
    elif as_json:
        yield lambda text: _step(lambda: None)
    else:
        yield lambda text: _step(lambda: print(text, file=sys.stderr))


def _step(show: Callable[[], None]) -> None:
    _honour_signals()
    show()


def _report(error: SettlementError, exit_code: int) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    if "--json" in sys.argv:
        document: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
        if isinstance(error, Refused):
            document["reasons"] = [
                {"name": reason.name, "arguments": dict(reason.arguments)} for reason in error.reasons
            ]
        if isinstance(error, InputError) and error.location is not None:
            document["location"] = vars(error.location)
        _print_json({"ok": False, "error": document})
    sys.exit(exit_code)


def _print_json(document: Any) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))


if __name__ == "__main__":
    main()
