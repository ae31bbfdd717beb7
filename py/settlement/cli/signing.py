"""Which keys sign: the options that commands share, the password's prompt, and the warning that cannot be missed."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from settlement.app.signing import PASSWORD_FILE_VARIABLE, PASSWORD_LENGTH_MIN, Keys, log_warning, password_file
from settlement.errors import KeyUnusable
from settlement.reports.tables import make_console

Keystore = Annotated[
    Path | None,
    typer.Option(
        "--keystore",
        metavar="DIR",
        help="Folder of encrypted keystores. Default: keys in SETTLEMENT_HOME, where the chain is not local.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help=f"Holds the keystores' password, for its owner alone; a new one has at least {PASSWORD_LENGTH_MIN} "
        f"characters. Default: that in {PASSWORD_FILE_VARIABLE}, or ask.",
    ),
]
Signers = Annotated[
    str | None,
    typer.Option("--signers", metavar="NAME", help="Signers that an installed package provides, in keystores' place."),
]
DevelopmentKeys = Annotated[
    bool,
    typer.Option(
        "--allow-development-keys",
        help="Use keys that everybody knows on a chain that is not local; on public chains they are refused.",
    ),
]


def chosen_keys(
    keystore: Path | None,
    given: Path | None,
    signers: str | None,
    development_keys: bool,
    logs: bool = False,
) -> Keys:
    """What the options say.

    Args:
        keystore: See `Keystore`.
        given: See `PasswordFile`.
        signers: See `Signers`.
        development_keys: See `DevelopmentKeys`.
        logs: Standard error is a log for machines: the warning goes there as an event.

    Raises:
        InputError: they exclude each other.
    """
    return Keys(keystore, password(given), signers, development_keys, warn=_logged if logs else _shown)


def password(given: Path | None, new: bool = False, whose: str = "the keystores") -> Callable[[], str]:
    """The password in a file or, where none is named, from whoever sits at the terminal.

    Args:
        given: The file named by --password-file.
        new: Ask twice, for it may be a new one.
        whose: What it opens.
    """
    if given is not None:
        return password_file(given, "--password-file")
    named = os.environ.get(PASSWORD_FILE_VARIABLE)
    if named:
        return password_file(Path(named), PASSWORD_FILE_VARIABLE)
    return lambda: asked(new, whose)


def asked(new: bool, whose: str) -> str:
    """A password that is typed and not shown.

    Raises:
        KeyUnusable: there is no terminal, nothing was typed, or it was typed differently the second time.
    """
    if not sys.stdin.isatty():
        raise KeyUnusable(
            f"the password of {whose} is needed, and there is no terminal to ask for it: name the file that holds it "
            f"with --password-file or {PASSWORD_FILE_VARIABLE}"
        )
    problem, typed = _typed(new, whose)
    if problem:
        raise KeyUnusable(problem)
    return typed


def _typed(new: bool, whose: str) -> tuple[str, str]:
    """What is wrong, or the password: who raises has no password in its frame."""
    typed = getpass.getpass(f"password of {whose}: ", sys.stderr)
    if not typed:
        return "a password has at least one character", ""
    if new and getpass.getpass("the same again: ", sys.stderr) != typed:
        return "the two are not the same", ""
    return "", typed


def _shown(lines: Sequence[str]) -> None:
    console = make_console(stderr=True)
    for line in lines:
        console.print(Text(line, "bold red"), soft_wrap=True)


def _logged(lines: Sequence[str]) -> None:
    log_warning(lines)
    if sys.stderr.isatty():
        _shown(lines)
