"""How names are listed in sentences."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 30


def listed(names: Iterable[str], none: str = "none") -> str:
    """Names in order, so many that a sentence stays readable, and how many more there are; `none` where there is none.

    >>> listed(["b", "a"])
    'a, b'
    """
    known = sorted(names)
    text = ", ".join(known[:_MOST]) or none
    return f"{text} and {len(known) - _MOST:,} more" if len(known) > _MOST else text
