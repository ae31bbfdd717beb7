"""JSON of which every character counts: read without losing any, and hashed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from settlement.errors import InputError

MAX_BYTES = 4 * 1024 * 1024
"""The largest document, in bytes."""

MAX_DEPTH = 64
"""How deep a document may be nested; DCSA's are nested less than ten deep."""

MAX_DIGITS = 1_000
"""How many digits an integer may have; Python's own limit is a setting, and its error speaks of that."""

_TEXT_OR_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


class Number(Decimal):
    """A number that JSON writes with a fraction or an exponent, and how it was written."""

    literal: str


def read_json(data: bytes, most: int = MAX_BYTES) -> Any:
    """A JSON value in at most so many bytes, in which a number that is no integer is a `Number`.

    Raises:
        InputError: it is too large or too deep, is no JSON in UTF-8, or says something that a hash could not hold: a
            name twice in an object, half of a surrogate pair, NaN or an infinity.
    """
    if len(data) > most:
        raise InputError(f"this is larger than {most:,} bytes")
    _require_shallow(data)
    try:
        value = json.loads(
            data.decode(),
            parse_float=_number,
            parse_int=_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
        canonical_text(value).encode()
    except UnicodeEncodeError:
        raise InputError("this is no JSON text: it has half of a surrogate pair") from None
    except ArithmeticError:
        raise InputError("this is no JSON that can be read: a number is out of all bounds") from None
    except ValueError as error:
        raise InputError(f"this is no JSON: {error}") from None
    return value


def canonical_text(value: object) -> str:
    """JSON with keys sorted by code point, no white space, and each number as it was written.

    It is RFC 8785's form, whose SHA-256 is DCSA's checksum at issuance, wherever numbers are written as that asks
    (12000 and 7.5, not 12000.0 and 7.50). Elsewhere it differs, so that a change of a number's text shows.
    """
    if isinstance(value, Mapping):
        members = (f"{json.dumps(key, ensure_ascii=False)}:{canonical_text(value[key])}" for key in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonical_text, value)) + "]"
    return value.literal if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def content_hash(value: object) -> str:
    """SHA-256 over the canonical text in UTF-8, as `0x…`; without numbers other than integers, it is `terms_hash`."""
    return "0x" + hashlib.sha256(canonical_text(value).encode()).hexdigest()


def _require_shallow(data: bytes) -> None:
    """Before the parser sees it: Python's own overflows its stack on what is nested deeply enough."""
    depth = 0
    for found in _TEXT_OR_BRACKET.finditer(data):
        token = found[0]
        depth += (token in b"[{") - (token in b"]}")
        if depth > MAX_DEPTH:
            raise InputError(f"this is nested deeper than {MAX_DEPTH} levels")


def _integer(literal: str) -> int | Number:
    if len(literal) > MAX_DIGITS:
        raise ArithmeticError
    return _number(literal) if literal == "-0" else int(literal)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is there twice in one object")
        found[key] = value
    return found


def _number(literal: str) -> Number:
    number = Number(literal)
    number.literal = literal
    return number
