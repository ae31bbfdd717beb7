"""The two canonical forms of JSON over which DCSA takes checksums; numbers of equal value have equal text.

| checksum | form |
|---|---|
| `transportDocumentChecksum` of an envelope's manifest and chain (PINT) | `gibson042`: <https://gibson042.github.io/canonicaljson-spec/> |
| `documentChecksum` and `issueToChecksum` of the carrier's issuance manifest (ISS) | RFC 8785 |

They differ in numbers that are no integers (7.5 is `7.5E0` in the one and `7.5` in the other), in integers that a double
cannot hold, in the order of names beyond U+FFFF, and in the hexadecimal digits of control characters. What a bill's
contract keeps is neither: it is over `content.canonical_text`, in which each number stays as it was written.
"""  # noqa: E501 - a link

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from settlement.errors import InputError

MAX_EXPONENT = 400
"""Numbers beyond 10 to the power of this, or nearer to zero than to the power of minus this, are refused: written out,
one of ten characters could fill the memory. A double ends at 308."""

_CONTROL = re.compile(r"\\u00[0-9a-f]{2}|\\.")


class _Form(NamedTuple):
    order: Callable[[str], Any]
    text: Callable[[str], str]
    number: Callable[[int | float | Decimal], str]


def gibson042(value: object) -> bytes:
    """JSON in the form of the canonicaljson-spec, which PINT asks for.

    Raises:
        InputError: a number is out of bounds.
    """
    return _written(value, _GIBSON042)


def rfc8785(value: object) -> bytes:
    """JSON in the form of RFC 8785, which ISS asks for: every number is a double.

    Raises:
        InputError: a number is beyond what a double can hold.
    """
    return _written(value, _RFC8785)


def checksum(data: bytes) -> str:
    """SHA-256 as DCSA writes it: 64 hexadecimal digits in lower case."""
    return hashlib.sha256(data).hexdigest()


def pretty_text(value: object, indent: str = "") -> str:
    """JSON for people, names in their order and each number as it was written."""
    inner = indent + "  "
    if isinstance(value, Mapping) and value:
        lines = [f"{inner}{_quoted(key)}: {pretty_text(each, inner)}" for key, each in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and value:
        return "[\n" + ",\n".join(inner + pretty_text(each, inner) for each in value) + f"\n{indent}]"
    return str(getattr(value, "literal", None) or json.dumps(value, ensure_ascii=False))


def _written(value: object, form: _Form) -> bytes:
    return _text(value, form).encode()


def _text(value: object, form: _Form) -> str:
    if isinstance(value, Mapping):
        names = sorted(value, key=form.order)
        return "{" + ",".join(f"{form.text(name)}:{_text(value[name], form)}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_text(each, form) for each in value) + "]"
    if isinstance(value, str):
        return form.text(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return form.number(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _quoted_in_upper_case(text: str) -> str:
    def raised(found: re.Match[str]) -> str:
        escape = found[0]
        return escape if len(escape) == 2 else f"\\u00{escape[4:].upper()}"

    return _CONTROL.sub(raised, _quoted(text))


def _digits(number: Decimal) -> tuple[str, str, int]:
    """Sign, significant digits without zeros at either end, and where the point is, counted from their left."""
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise InputError(f"{number} is no number")
    significant = "".join(map(str, digits)).lstrip("0")
    point = len(significant) + exponent
    if significant and abs(point - 1) > MAX_EXPONENT:
        raise InputError(f"a number is beyond 1E{MAX_EXPONENT}, or nearer to zero than 1E-{MAX_EXPONENT}")
    significant = significant.rstrip("0")
    return ("-" if sign and significant else ""), significant or "0", point if significant else 1


def _exact(number: int | float | Decimal) -> str:
    sign, digits, point = _digits(Decimal(repr(number)) if isinstance(number, float) else Decimal(number))
    if point >= len(digits):
        return sign + digits + "0" * (point - len(digits))
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{point - 1}"


def _as_double(number: int | float | Decimal) -> str:
    try:
        double = float(number)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise InputError("a number is beyond what a double can hold")
    sign, digits, point = _digits(Decimal(repr(double)))
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


_GIBSON042 = _Form(str, _quoted_in_upper_case, _exact)
_RFC8785 = _Form(_utf16, _quoted, _as_double)
