"""Loads scenarios: from a file or from those that ship with the package."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from settlement.domain.model import Model
from settlement.errors import InputError, Location
from settlement.files import read_plain
from settlement.scenarios.context import Context
from settlement.scenarios.crowds import resolve_crowds, resolve_members
from settlement.scenarios.instruments import resolve_instruments, resolve_parties
from settlement.scenarios.language import Scenario
from settlement.scenarios.steps import resolve_expectation, resolve_steps
from settlement.scenarios.text import MAX_BYTES, Path, Source, Tree, read_source
from settlement.scenarios.written_base import nearest
from settlement.scenarios.written_steps import ScenarioWritten

LIBRARY = FilePath(__file__).parent / "library"
"""Where the shipped scenarios are."""

_SUFFIXES = (".yaml", ".yml")

_HEAD_ENDS = re.compile(r"^(?!scenario:|title:|[#\s])", re.MULTILINE)
"""The first line of a shipped scenario that says more than what it is called."""

_CROWDS = re.compile(r"^crowds:", re.MULTILINE)


class ScenarioSummary(Model):
    """A shipped scenario: its name, its title, its file, and whether parties by the thousand take part."""

    name: str
    title: str
    path: str
    is_crowded: bool


def load_scenario(path_or_name: str | os.PathLike[str]) -> Scenario:
    """Loads a scenario file, or a shipped scenario by its name.

    Raises:
        InputError: there is no such file or name, or the scenario has a fault; the error says where.
    """
    text = os.fspath(path_or_name)
    is_path = not isinstance(path_or_name, str) or os.sep in text or text.endswith(_SUFFIXES)
    if is_path or _is_file(text):
        return parse_scenario(_read(text), text)
    names = _shipped_files()
    if text not in names:
        raise InputError(f"scenario {text!r} is neither a file nor a shipped scenario{nearest(text, names)}")
    return parse_scenario(_read(str(names[text])), str(names[text]))


def parse_scenario(data: bytes, file: str) -> Scenario:
    """Reads a scenario out of a file's bytes; `file` is its name in messages.

    Raises:
        InputError: the scenario has a fault; the error says where.
    """
    source = read_source(data, file)
    return _resolve(source, _check_shape(source))


def scenario_of(tree: Tree, name: str) -> Scenario:
    """A scenario out of what a file would say; `name` is what it is called in messages.

    Raises:
        InputError: the scenario has a fault; the error says where.
    """
    source = Source(name, tree, {})
    return _resolve(source, _check_shape(source))


def shipped_scenarios() -> list[ScenarioSummary]:
    """The shipped scenarios, by name. What they are is read, and nothing further: the whole takes a hundred times as
    long.
    """
    return [_summary(name, path) for name, path in _shipped_files().items()]


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the language as it is written in YAML."""
    schema = ScenarioWritten.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Settlement scenario",
    }


def _shipped_files() -> Mapping[str, FilePath]:
    return {path.stem: path for path in sorted(LIBRARY.glob("*.yaml"))}


def _summary(name: str, path: FilePath) -> ScenarioSummary:
    text = path.read_text("utf-8")
    head = _HEAD_ENDS.split(text, maxsplit=1)[0]
    named = read_source(head.encode(), str(path)).tree
    title = named["title"] if isinstance(named, dict) else ""
    return ScenarioSummary(name=name, title=title, path=str(path), is_crowded=bool(_CROWDS.search(text)))


def _is_file(text: str) -> bool:
    try:
        return FilePath(text).is_file()
    except (OSError, ValueError):
        return False


def _read(file: str) -> bytes:
    try:
        return read_plain(file, MAX_BYTES)
    except FileNotFoundError:
        raise InputError("there is no such file", Location(file=file)) from None
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the file cannot be read: {problem}", Location(file=file)) from None


# ---- shape -------------------------------------------------------------------------------------------------


def _check_shape(source: Source) -> ScenarioWritten:
    if not isinstance(source.tree, dict):
        raise InputError("a scenario is a mapping that begins with `scenario: a-name`", source.location(()))
    try:
        return ScenarioWritten.model_validate(source.tree)
    except ValidationError as error:
        faults = [_fault(source, details) for details in error.errors(include_url=False)]
        raise min(faults, key=lambda fault: (fault.location and fault.location.line) or 0) from None


def _fault(source: Source, details: ErrorDetails) -> InputError:
    path = _path(source, details["loc"])
    context = details.get("ctx", {})
    kind = details["type"]
    if kind == "unknown_field":
        path = (*path, context["field"])
    return InputError(_sentence(kind, path, details, context), source.location(path))


def _path(source: Source, loc: tuple[int | str, ...]) -> Path:
    """The path without pydantic's own additions: the tags of unions, and `[key]` for a mapping's key."""
    path: Path = ()
    for position, part in enumerate(loc):
        is_tag = isinstance(part, str) and part.startswith("<")
        is_kind = position == 2 and loc[0] == "instruments"
        if not is_tag and not is_kind and part != "[key]":
            path = (*path, part)
    return path


def _sentence(kind: str, path: Path, details: ErrorDetails, context: Mapping[str, Any]) -> str:
    last = path[-1] if path else "scenario"
    given = details["input"]
    shown = repr(given) if isinstance(given, str) and len(given) <= 80 else "this"
    if kind == "missing":
        return f"field {last!r} is missing"
    if kind == "string_type":
        return f"this has to be text, not a {'list' if isinstance(given, list) else 'mapping'}"
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return f"{shown} has to be a mapping" if isinstance(given, str) else "this has to be a mapping"
    if kind == "list_type":
        return f"{shown} has to be a list" if isinstance(given, str) else "this has to be a list"
    if kind == "literal_error":
        word = given if isinstance(given, str) else ""
        allowed = [part.strip("' ") for part in str(context["expected"]).replace(" or ", ", ").split(", ")]
        return f"{shown} is not allowed here{nearest(word, allowed)}"
    if kind == "union_tag_not_found":
        return "field 'kind' is missing: it says what the instrument is"
    if kind == "union_tag_invalid":
        allowed = [part.strip("' ") for part in str(context["expected_tags"]).split(", ")]
        if allowed[0].startswith("<"):
            return f"this cannot be a {str(context['tag']).strip('<>')}"
        return f"{context['tag']!r} is not allowed here{nearest(str(context['tag']), allowed)}"
    if kind == "string_pattern_mismatch":
        return f"{shown} is not a name that can be used here: it has to match {context['pattern']}"
    if kind == "string_too_long":
        return f"the text is longer than {context['max_length']} characters"
    if kind in {"too_short", "string_too_short"}:
        return "this must not be empty"
    if kind == "too_long":
        return f"the list has more than {context['max_length']} entries"
    return str(details["msg"])


# ---- meaning -----------------------------------------------------------------------------------------------


def _resolve(source: Source, written: ScenarioWritten) -> Scenario:
    context = Context(source)
    start = context.moment(("start",), written.start)
    offset = start.utcoffset()
    context.start = context.time(("start",), written.start)
    context.utc_offset_seconds = int(offset.total_seconds()) if offset else 0
    resolve_parties(context, written.parties)
    resolve_members(context, written.crowds)
    resolve_instruments(context, written.instruments)
    resolve_crowds(context, written.crowds)
    opening = resolve_steps(context, "opening", written.opening)
    context.clock = context.start
    steps = resolve_steps(context, "steps", written.steps)
    if context.unlisted and not any(setup.currency for setup in context.instruments.values()):
        raise context.error((), "an unlisted contract is taken for money, and no money is listed under instruments")
    for name in context.unlisted:
        if name in context.instruments or name in context.parties:
            raise context.error((), f"the unlisted contract {name!r} has the name of something else")
    return Scenario(
        name=written.scenario,
        title=written.title,
        description=written.description,
        file=source.file,
        start=context.start,
        utc_offset_seconds=context.utc_offset_seconds,
        parties=context.parties,
        crowds=context.crowds,
        instruments=context.instruments,
        unlisted=tuple(context.unlisted),
        titles=context.titles,
        bonds={name: (bond.terms, bond.schedule) for name, bond in context.bonds.items()},
        opening=opening,
        steps=steps,
        expect=resolve_expectation(context, ("expect",), written.expect),
    )
