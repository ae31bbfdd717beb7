"""How every command speaks: options they share, progress, documents, errors."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from settlement.cli.signals import honour_signals
from settlement.domain.ebl.responses import EblRefused
from settlement.domain.runs import NotRecorded
from settlement.errors import InputError, Refused, SettlementError, printable
from settlement.reports.tables import make_console, run_tables

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output instead of tables.")]
Port = Annotated[int | None, typer.Option("--port", help="Port on loopback; default: a free one.", min=1, max=65535)]


@contextlib.contextmanager
def progress(as_json: bool) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says what is going on; plain lines where that is no terminal."""
    console: Console = make_console(stderr=True)
    if _is_watched(console):
        with console.status("") as spinner:
            yield lambda text: step(lambda: spinner.update(text))
    elif as_json:
        yield lambda text: step(lambda: None)
    else:
        yield lambda text: step(lambda: complain(text))


@contextlib.contextmanager
def bar(as_json: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on standard error: what is going on, and which share of it is done; a line each where that is no
    terminal.
    """
    console: Console = make_console(stderr=True)
    if _is_watched(console):
        with Progress(console=console, transient=True) as shown:
            tasks: dict[str, TaskID] = {}

            def advance(what: str, share: float) -> None:
                task = tasks.setdefault(what, TaskID(-1))
                if task == -1:
                    task = tasks[what] = shown.add_task(what, total=1.0)
                shown.update(task, completed=share)

            yield lambda what, share: step(lambda: advance(what, share))
        return
    told: set[str] = set()

    def tell(what: str, share: float) -> None:
        if what not in told and not as_json:
            complain(what)
        told.add(what)

    yield lambda what, share: step(lambda: tell(what, share))


def _is_watched(console: Console) -> bool:
    """Whether lines can be written over: whoever forces colours into a file has not asked for that."""
    return console.is_terminal and sys.stderr.isatty()


def step(show: Callable[[], None]) -> None:
    """Shows a step, unless a signal asked us to end."""
    honour_signals()
    show()


def report(error: SettlementError, exit_code: int) -> NoReturn:
    """Says what went wrong, and ends with the error's exit code; what settled and is kept nowhere is shown first."""
    if isinstance(error, NotRecorded) and "--json" not in sys.argv:
        make_console().print(run_tables(error.report))
    complain(f"error: {error}")
    if "--json" in sys.argv:
        document: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
        if isinstance(error, Refused):
            document["reasons"] = [
                {"name": reason.name, "arguments": dict(reason.arguments)} for reason in error.reasons
            ]
        if isinstance(error, InputError) and error.location is not None:
            document["location"] = vars(error.location)
        if isinstance(error, EblRefused):
            document["code"] = error.code
        done = error.report.document() if isinstance(error, NotRecorded) else {}
        print_json(done | {"ok": False, "error": document})
    sys.exit(exit_code)


def complain(line: str) -> None:
    """A line on standard error, which may quote anybody; lines of its own stay lines."""
    print(printable(line, keep="\n"), file=sys.stderr)


def print_json(document: Any) -> None:
    """The one document of a command with --json."""
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))
