"""Reads YAML as exact text: every scalar stays the characters that were written, and everything has a line.

Numbers, dates and booleans are no YAML types here: `3800000.00` means exactly that, and `NO` is not false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from settlement.errors import InputError, Location

MAX_BYTES = 1024 * 1024
"""The largest scenario file, in bytes."""

MAX_DEPTH = 24
"""How many mappings and lists may lie within one another."""

Tree = dict[str, Any] | list[Any] | str
"""What a file says: mappings, lists and text."""

Path = tuple[str | int, ...]
"""Where in a tree: keys and positions from the top."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that change the direction in which what follows is written."""


@dataclass(frozen=True)
class Source:
    """A file's content with the line of everything in it."""

    file: str
    tree: Tree
    lines: dict[Path, int]

    def location(self, path: Path) -> Location:
        """Where a path is; the line is that of the nearest thing around it that is there."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Location(file=self.file, line=self.lines.get(known, 1), field=field_name(path) or None)


def field_name(path: Path) -> str:
    """Writes a path as `steps[2].settle.legs[0].amount`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_source(data: bytes, file: str) -> Source:
    """Reads a file's bytes.

    Raises:
        InputError: too large, not UTF-8, empty, not YAML, or YAML that this language has no use for
            (aliases, tags, duplicate keys, several documents, deep nesting, control characters).
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"the file is larger than {MAX_BYTES:,} bytes", Location(file=file))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("the file is not UTF-8 text", Location(file=file, line=line)) from None
    if not text.strip():
        raise InputError("the file is empty; a scenario begins with `scenario: a-name`", Location(file=file, line=1))
    return _Reader(text, file).read()


class _Reader:
    """Builds the tree out of the parser's events."""

    def __init__(self, text: str, file: str) -> None:
        self._file = file
        self._lines: dict[Path, int] = {}
        self._events = self._checked_events(text)

    def read(self) -> Source:
        tree: Tree | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if tree is not None:
                    raise self._error("the file holds more than one YAML document; one scenario a file", event)
                tree = self._node(next(self._events), (), 1)
        if tree is None:
            raise InputError("the file is empty; a scenario begins with `scenario: a-name`", Location(self._file, 1))
        return Source(self._file, tree, self._lines)

    def _checked_events(self, text: str) -> Iterator[Any]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = " ".join(part for part in (error.context, error.problem) if part)
            line = mark.line + 1 if mark else None
            raise InputError(f"this is not YAML: {problem}", Location(self._file, line)) from None
        except InputError:
            raise
        except Exception as error:  # The parser lets more than its own errors out on broken text.
            detail = " ".join(str(error).split())[:200] or type(error).__name__
            raise InputError(f"this is not YAML: {detail}", Location(self._file)) from None

    def _node(self, event: Any, path: Path, depth: int) -> Tree:
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor is not None):
            raise self._error("anchors and aliases (& and *) are not allowed; write it out", event, path)
        if getattr(event, "tag", None) is not None:
            raise self._error("tags (!) are not allowed; every value is plain text", event, path)
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, ScalarEvent):
            return self._text(event, path)
        if depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH} levels", event, path[:6])
        if isinstance(event, SequenceStartEvent):
            return self._list(path, depth)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path, depth)
        raise self._error("this is not a value", event, path)

    def _list(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise self._error("a key has to be plain text", event, path)
            key = self._text(event, path)
            if key in entries:
                raise self._error(
                    f"{key!r} is there twice; it was first given in line {self._lines[(*path, key)]}",
                    event,
                    (*path, key),
                )
            self._lines[(*path, key)] = event.start_mark.line + 1
            entries[key] = self._node(next(self._events), (*path, key), depth + 1)
        return entries

    def _text(self, event: ScalarEvent, path: Path) -> str:
        text = str(event.value)
        if _CONTROL.search(text):
            raise self._error(
                "text may not hold control characters, nor those that turn the direction of writing", event, path
            )
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self._error("text may not hold half of a surrogate pair", event, path) from None
        return text

    def _error(self, problem: str, event: Any, path: Path = ()) -> InputError:
        return InputError(problem, Location(self._file, event.start_mark.line + 1, field_name(path) or None))
