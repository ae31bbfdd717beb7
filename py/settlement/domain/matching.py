"""Matching: two sides' instructions have to be the same, word for word."""

from __future__ import annotations

from typing import Any

from settlement.domain.instruction import Instruction
from settlement.errors import InputError


def require_match(ours: Instruction, theirs: Instruction) -> None:
    """Compares two sides' versions of an instruction.

    Raises:
        InputError: they differ; names the first field that does, and both values.
    """
    difference = _difference("", ours.model_dump(), theirs.model_dump())
    if difference is not None:
        field, left, right = difference
        raise InputError(f"the two sides do not match: {field} is {left!r} on one side and {right!r} on the other")


def _difference(path: str, left: Any, right: Any) -> tuple[str, Any, Any] | None:
    if left == right and type(left) is type(right):
        return None
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            found = _difference(f"{path}.{key}" if path else str(key), left.get(key), right.get(key))
            if found:
                return found
    if isinstance(left, list | tuple) and isinstance(right, list | tuple) and len(left) == len(right):
        for index, (a, b) in enumerate(zip(left, right, strict=True)):
            found = _difference(f"{path}[{index}]", a, b)
            if found:
                return found
    return path, left, right
