"""Trees of JSON or YAML with something in them that does not belong there."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

Tree = Any

VALUES = (
    None,
    True,
    0,
    -1,
    5,
    10**40,
    1.5,
    "",
    "0x",
    "0x0",
    "0x1",
    "-0x1",
    "0xzz",
    "1",
    "0x" + "f" * 15,
    "0x" + "f" * 16,
    "0x" + "f" * 64,
    "0x" + "f" * 65,
    "0x" + "00" * 20,
    "0x" + "00" * 32,
    "0x" + "ff" * 100,
    "0X12",
    " 0x12",
    "\N{FULLWIDTH DIGIT ONE}",
    "0x\N{ARABIC-INDIC DIGIT FOUR}",
    "\ud800",
    "a\x00b",
    [],
    [None],
    {},
    {"0x": "0x"},
)
"""What a node's answer is spoilt with."""


def spoilings(values: Sequence[Any], deeper: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """One change each: where (which child of which child; the tree has to be no certain one), and what."""
    value = st.sampled_from(values) if deeper is None else st.sampled_from(values) | deeper
    return st.fixed_dictionaries(
        {
            "at": st.lists(st.integers(0, 40), max_size=6),
            "how": st.sampled_from(("put", "put", "put", "drop", "double", "cut", "add")),
            "value": value,
        }
    )


def spoilt(tree: Tree, spoiling: dict[str, Any]) -> Tree:
    """The tree with one change; the same tree where the change has no place in it."""
    holder: Any = [copy.deepcopy(tree)]
    box, key = holder, 0
    for step in spoiling["at"]:
        child = box[key]
        if not isinstance(child, list | dict) or not child:
            break
        box, key = child, _key(child, step)
    _change(box, key, spoiling["how"], spoiling["value"])
    return holder[0] if holder else None


def _key(tree: Any, step: int) -> Any:
    return step % len(tree) if isinstance(tree, list) else sorted(tree, key=str)[step % len(tree)]


def _change(box: Any, key: Any, how: str, value: Any) -> None:
    old = box[key]
    if how == "drop":
        del box[key]
    elif how == "double" and isinstance(box, list):
        box.insert(key, copy.deepcopy(old))
    elif how == "double" and isinstance(old, list):
        box[key] = [*old, *copy.deepcopy(old)]
    elif how == "cut" and isinstance(old, str | list):
        box[key] = old[: len(old) // 2]
    elif how == "add" and isinstance(old, dict):
        old[value if isinstance(value, str) else "stray"] = value
    elif how == "add" and isinstance(old, list):
        old.append(value)
    else:
        box[key] = value
