"""What a database's driver says went wrong, as one of our errors in one sentence."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

from settlement.errors import InputError, JournalUnavailable

_TEMPORARY = (
    ("locked", "is locked by another process"),
    ("disk is full", "has no room left on its disk"),
    ("no space left", "has no room left on its disk"),
    ("disk i/o error", "cannot be written: its disk reports an error"),
    ("could not connect", "does not answer: its server is not there"),
    ("connection refused", "does not answer: its server is not there"),
    ("no such file or directory\n\tis the server", "does not answer: its server is not there"),
    ("timeout expired", "does not answer: its server is not there"),
    ("could not translate host name", "cannot be reached: its host has no address"),
    ("too many clients", "does not answer: its server has too many connections"),
    ("remaining connection slots", "does not answer: its server has too many connections"),
    ("the database system is", "does not answer yet: its server is starting or stopping"),
    ("terminating connection", "was cut off: its server is stopping"),
    ("server closed the connection", "was cut off: its server has gone"),
    ("connection already closed", "was cut off: its server has gone"),
)
_LASTING = (
    ("readonly", "cannot be written: the file or its folder is read-only"),
    ("read-only", "cannot be written: it is read-only"),
    ("unable to open", "cannot be opened: the folder does not exist or does not let us in"),
    ("not a database", "is not a {kind}: the file is something else, or damaged"),
    ("malformed", "is damaged"),
    ("authentication failed", "does not let us in: name a user and a password that may"),
    ("no password supplied", "does not let us in: it wants a password"),
    ("does not exist", "cannot be opened: there is no such database or user"),
    ("permission denied", "does not let us in: this user may not do that"),
)
_CODES: dict[str, tuple[type[InputError] | type[JournalUnavailable], str]] = {
    "40P01": (JournalUnavailable, "was written by two at once, and the other one went first"),
    "40001": (JournalUnavailable, "was written by two at once, and the other one went first"),
    "55P03": (JournalUnavailable, "is locked by another process"),
    "53100": (JournalUnavailable, "has no room left on its disk"),
    "57P01": (JournalUnavailable, "was cut off: its server is stopping"),
    "57P02": (JournalUnavailable, "was cut off: its server is stopping"),
    "25P03": (JournalUnavailable, "was cut off: nothing was said to its server for too long"),
    "42P01": (InputError, "is damaged: a table is missing"),
    "42703": (InputError, "is damaged: a column is missing"),
    "42501": (InputError, "does not let us in: this user may not do that"),
    "25006": (InputError, "cannot be written: it is read-only"),
}
"""What PostgreSQL calls errors in whatever language it speaks; those of connecting come without."""


UNREADABLE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)
"""What comes of reading a row back as what it stands for, where somebody has written something else into it."""


def trouble(name: str, kind: str, error: Exception) -> InputError | JournalUnavailable:
    """One sentence, without the statement and its values."""
    if isinstance(error, ModuleNotFoundError):
        return InputError(f"{name} needs the package psycopg2-binary: install it beside this one")
    if isinstance(error, NoResultFound | MultipleResultsFound):
        return InputError(f"{name} is damaged: a row is missing, or there twice")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if (code := getattr(cause, "pgcode", None)) in _CODES:
        raised, sentence = _CODES[code]
        return raised(f"{name} {sentence}")
    told = str(cause)
    for signs, raised in ((_LASTING, InputError), (_TEMPORARY, JournalUnavailable)):
        for sign, sentence in signs:
            if sign in told.lower():
                return raised(f"{name} {sentence.format(kind=kind)}")
    first = told.strip().splitlines()[0] if told.strip() else type(error).__name__
    return JournalUnavailable(f"{name} cannot be used now: {first[:200]}")
