"""Files that somebody wrote wrongly: good documents with changes in their trees, their text and their bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from spoiling import spoilings, spoilt

RAW = {
    "@huge": "9" * 5_000,
    "@deep": "[" * 3_000 + "]" * 3_000,
    "@nested": "[" * 400 + "]" * 400,
    "@deeper": '{"a":' * 200_000 + "1" + "}" * 200_000,
    "@float": "1e999",
    "@nan": "NaN",
    "@minus nought": "-0",
}
"""What JSON has no value for in Python, by the text that stands for it in a tree."""

VALUES = (
    *RAW,
    *(None, True, 0, -1, 1, 10**30, 2**63, 2**64, 2**256, 1.5),
    *("", " ", "0", "0.00", "-1", "1.001", "1e5", "1,0", "9" * 120, "\N{ARABIC-INDIC DIGIT ONE}", "1\n"),
    *("\ud800", "\x00", "\x1b[31m", "\u202e", "\N{ZERO WIDTH SPACE}", "e\N{COMBINING ACUTE ACCENT}", "x" * 10_000),
    *("seller", "bond", "nobody", "Seller", "0x" + "00" * 64, "0x", "0xzz", "../../etc/passwd", "{{x}}"),
    *("0001-01-01", "1969-12-31", "9999-12-31", "2026-02-30", "20261125", "2026-W01-1"),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-25T16:00:00", "2026-11-25T16:00:00.5+08:00"),
    *("2026-11-25T16:00:00Z", "2026-11-25T24:00:00+08:00", "2500-01-01T00:00:00+00:00:01"),
    *("0%", "-4.05%", "100%", "99999%", "1/3", "none", "bank-amber", "harbour-trading", "amber-hkd", "HKD", "hkd"),
    *("2023-02-16", "2023-02-16T10:00:00+08:00", "+1d", "ACT/365F", "1,000,000", "9" * 30 + ".00", "true", "no"),
    *([], {}, [[]], {"": ""}, [{"from": "seller"}]),
)

PIECES = (*"{}[]\",:'&*!|>%@`#-\n\r\t\0 ", "\\u0000", "\\ud800", "null", "\x85", "\u2028", "\ufeff", "0x", "\U0001f4a5")

ENCODINGS = (*["utf-8"] * 9, "utf-8-sig", "utf-16", "utf-32")


def as_json(document: Any, *, ascii_only: bool = True) -> str:
    """The document with the raw texts in it."""
    text = json.dumps(document, ensure_ascii=ascii_only)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text


@st.composite
def badly_written(
    draw: st.DrawFn, documents: Sequence[Any], write: Callable[[Any], str] = as_json, joined: str = ""
) -> str:
    """One or several of the documents, spoilt; a file's bytes as text of Latin-1, so that a case can be read."""
    some = draw(st.lists(st.sampled_from(range(len(documents))), min_size=1, max_size=3 if joined else 1))
    trees = [documents[number] for number in some]
    for spoiling in draw(st.lists(spoilings(VALUES), max_size=3)):
        at = spoiling["at"][0] % len(trees) if spoiling["at"] else 0
        trees[at] = spoilt(trees[at], spoiling)
    text = joined.join(map(write, trees))
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + draw(st.integers(0, 8)) :]
    data = text.encode(draw(st.sampled_from(ENCODINGS)), "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 4)) :]
    return data.decode("latin-1")
