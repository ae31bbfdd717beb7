"""Passwords of keystores: from a file of its owner's alone, or from whoever is asked; never from an argument.

Nothing that was given in a password's place is ever said back: it may be the password.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from settlement.errors import KeyUnusable
from settlement.files import foreign_owner, open_plain

PASSWORD_FILE_VARIABLE = "SETTLEMENT_KEYSTORE_PASSWORD_FILE"  # noqa: S105 - the variable's name, not a password

PASSWORD_LENGTH_MIN = 12
"""For new keystores: their password is all that stands between a stolen file and its key."""

_BYTES_MAX = 4_096


def password_from_file(path: Path, named_by: str = "--password-file") -> Callable[[], str]:
    """A password that is the one line of a file; the file is read when the password is asked for.

    Args:
        path: The file.
        named_by: What named it: said where something is wrong, in the path's place.

    The callable raises KeyUnusable: it cannot be read, others than its owner can read it, or it has not one line.
    """

    def read() -> str:
        what = f"the password file that {named_by} names"
        line = _line(_read(path, what))
        if line is None:
            raise KeyUnusable(f"{what} does not hold one line of text, the password")
        return line

    return read


def asked_once(password: Callable[[], str]) -> Callable[[], str]:
    """The same password, asked for once however many keystores it opens."""
    known: list[str] = []

    def answer() -> str:
        if not known:
            known.append(password())
        return known[0]

    return answer


def is_strong(password: str) -> bool:
    """Whether a new password is not too short."""
    return len(password) >= PASSWORD_LENGTH_MIN


def _read(path: Path, what: str) -> bytes:
    try:
        with open_plain(path) as stream:
            found = os.fstat(stream.fileno())
            if foreign := foreign_owner(found):
                raise KeyUnusable(f"{what} cannot be trusted: {foreign}")
            if found.st_mode & 0o077:
                raise KeyUnusable(
                    f"{what} can be read by others than its owner (mode {stat.S_IMODE(found.st_mode):03o}): "
                    "`chmod 600` it, and change the password if others may have read it"
                )
            return stream.read(_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is no path"
    raise KeyUnusable(f"{what} cannot be read: {why}")


def _line(raw: bytes) -> str | None:
    """The one line of text; None where there is something else. It raises nothing: its frame holds the password."""
    try:
        lines = raw.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        return None
    if len(raw) > _BYTES_MAX or len(lines) != 1 or not lines[0].strip():
        return None
    return lines[0].removesuffix("\r")
