"""Files of JSON: read without losing a character, and written where there is none yet."""

from __future__ import annotations

import json
import os
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
    """Writes a file that is not there yet.

    Raises:
        InputError: it is there already, or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise InputError("there is such a file already; name another", Location(file=str(path))) from None
    except OSError as error:
        raise InputError(f"the file cannot be written: {error.strerror}", Location(file=str(path))) from error


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
