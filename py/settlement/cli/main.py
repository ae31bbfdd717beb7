"""The command `settle`: its groups, and one sentence for everything that goes wrong."""

from __future__ import annotations

import errno
import functools
import io
import os
import re
import signal
import sys
import traceback
from typing import Any, NoReturn

import typer
from typer.exceptions import TyperException

from settlement.cli import bench, bonds, chain, ebl, ebl_envelope, issuance, journal, keys, runs, service, signals
from settlement.cli.output import complain, report
from settlement.errors import InputError, SettlementError

EXIT_UNKNOWN = 3

_UNWRITABLE = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""How a stream says that it cannot be written; of a file, the error has the name."""

_WORD_OF_A_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")
"""Somebody may have put a key where none belongs: what he wrote is said back without it."""


app = typer.Typer(
    name="settle",
    help="Tokenised money and tokenised assets that change hands at the same moment or not at all.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
for part in (runs, chain, service):
    app.registered_commands += part.app.registered_commands
bonds.app.registered_commands += issuance.app.registered_commands
ebl.app.add_typer(ebl_envelope.app, name="envelope")
for name, group in (("bench", bench), ("bond", bonds), ("ebl", ebl), ("journal", journal), ("keys", keys)):
    app.add_typer(group.app, name=name)


@functools.cache
def command() -> Any:
    """The command with all its groups, made once in a process."""
    return typer.main.get_command(app)


def main() -> None:
    """Runs the command line; every expected error is one sentence on standard error, and its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # An arrow must not turn a settlement into a fault.
    signals.install()
    try:
        try:
            _run()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _speak_no_more()
        sys.exit(1)
    except OSError as error:
        _speak_no_more()
        complain(
            f"error: standard output cannot be written: {error.strerror}; what the command did stays done: look with "
            "`settle status`, and ask again"
        )
        sys.exit(EXIT_UNKNOWN)


def _run() -> NoReturn:
    """Runs the command and ends with its exit code; raises OSError where its output cannot be written."""
    try:
        code = command().main(sys.argv[1:] or ["--help"], standalone_mode=False)
        signals.honour_signals()
        sys.exit(code if isinstance(code, int) else 0)
    except SettlementError as error:
        report(error, signals.exit_code_or(error.exit_code))
    except TyperException as error:
        report(InputError(_WORD_OF_A_KEY.sub("…", error.format_message())), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted; what was started only for this is stopped, and no leg settled alone", file=sys.stderr)
        sys.exit(signals.exit_code_or(128 + signal.SIGINT))
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None:
            raise
        if os.environ.get("SETTLEMENT_DEBUG"):
            traceback.print_exc()
        fault = f"a fault in this program ({type(error).__name__}: {error}); set SETTLEMENT_DEBUG=1 to see where"
        report(SettlementError(fault), signals.exit_code_or(EXIT_UNKNOWN))


def _speak_no_more() -> None:
    """Whoever read our output has gone, or its disk is full; Python must not complain about it on the way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
