"""Files of JSON: read without losing a character, and written where there is none yet."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from settlement.domain.ebl.content import MAX_BYTES, read_json
from settlement.domain.ebl.responses import EblRefused
from settlement.errors import InputError, Location
from settlement.files import read_plain


def bytes_in(path: Path, most: int | None = MAX_BYTES) -> bytes:
    """What is in a file.

    Args:
        path: The file.
        most: Of a larger one so many bytes and one more, so that readers refuse it; None: all of any.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        return read_plain(path, most)
    except FileNotFoundError:
        raise InputError("there is no such file", Location(file=str(path))) from None
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}", Location(file=str(path))) from None


def json_in(path: Path, most: int = MAX_BYTES) -> Any:
    """The JSON value in a file of at most so many bytes, as `content.read_json` reads it.

    Raises:
        InputError: the file cannot be read, or is no JSON.
    """
    data = bytes_in(path, most)
    try:
        return read_json(data, most)
    except InputError as error:
        raise said_of(error, path) from None


def write_new(text: str, path: Path) -> None:
    """Writes a file that is not there yet: all of it, or none is left.

    Raises:
        InputError: it is there already, or cannot be written.
    """
    with new_file(path) as write:
        write(text)


@contextlib.contextmanager
def new_file(path: Path, mode: int = 0o666) -> Iterator[Callable[[str], None]]:
    """Makes a file that is not there yet, for a text that is known only later; unless all is well, none is left.

    Args:
        path: The file.
        mode: Who may read and write it, as far as the user's mask lets them.

    Yields:
        What writes the text; it raises as this does.

    Raises:
        InputError: it is there already, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise InputError("there is such a file already; name another", Location(file=str(path))) from None
    except OSError as error:
        raise _unwritten(path, error) from error
    try:
        yield lambda text: _fill(descriptor, text, path)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def _fill(descriptor: int, text: str, path: Path) -> None:
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as stream:
            stream.write(text)
        os.fsync(descriptor)
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> InputError:
    return InputError(f"the file cannot be written: {error.strerror}", Location(file=str(path)))


def json_text(document: object) -> str:
    """A JSON value as files have it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def said_of(error: InputError, path: Path) -> InputError:
    """The same error, said of a file; one that names a file already stays as it is."""
    if error.location and error.location.file:
        return error
    if isinstance(error, EblRefused):
        return error.within(str(path))
    return InputError(error.problem, Location(file=str(path), field=error.location.field if error.location else None))
