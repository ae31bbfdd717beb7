"""Commands that need no chain: help, list, schema."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.main import get_command

from settlement.cli.main import app
from settlement.scenarios.load import LIBRARY
from settlement.scenarios.text import read_source

SETTLE = Path(sys.executable).with_name("settle")


def _commands(command, words=()):
    """The words of each command; a group is none by itself."""
    inner = getattr(command, "commands", None)
    return [words] if inner is None else [each for name in inner for each in _commands(inner[name], (*words, name))]


COMMANDS = sorted(_commands(get_command(app)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_has_an_example(settle, command):
    helped = settle.ok(*command, "--help").out
    assert f"Example: settle {' '.join(command)}" in helped


def test_the_installed_program_is_the_command(settle):
    assert settle.program(SETTLE, "scenarios", "--json").document == settle.json("scenarios")


def test_the_commands_are_those_of_the_documentation():
    assert {" ".join(command) for command in COMMANDS} == {
        "bench coupon", "bench ebl", "bench gas", "bench throughput", "bond allocate", "bond attest", "bond book",
        "bond claim", "bond clients", "bond close", "bond disclosures", "bond exit", "bond export",
        "bond history", "bond import", "bond pay", "bond plot", "bond register", "bond schedule", "bond verify",
        "cancel", "demo", "down", "ebl act", "ebl chain", "ebl envelope check", "ebl envelope make", "ebl export",
        "ebl import", "ebl issue", "ebl paper", "ebl reissue", "ebl show", "ebl verify", "journal verify",
        "keys address", "keys import", "keys list", "keys new", "network", "positions", "queue", "reconcile", "retry",
        "run", "scenarios", "schema", "serve", "show", "status", "submit", "up",
    }  # fmt: skip


def test_without_a_command_the_help_is_shown(settle):
    ran = settle()
    assert "Commands:" in ran.out + ran.err
    assert ran.code in (0, 2)


def test_scenarios_lists_what_is_shipped(settle):
    listed = settle.json("scenarios")["scenarios"]
    assert [entry["name"] for entry in listed] == sorted(path.stem for path in LIBRARY.glob("*.yaml"))
    assert all(entry["title"] for entry in listed)


def test_scenarios_for_people_names_each_once(settle):
    lines = settle.ok("scenarios").out.splitlines()
    for path in LIBRARY.glob("*.yaml"):
        assert sum(line.startswith(path.stem) for line in lines) == 1


def test_the_schema_is_a_json_schema_of_every_shipped_scenario(settle):
    schema = settle.ok("schema").document
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for path in sorted(LIBRARY.glob("*.yaml")):
        tree = read_source(path.read_bytes(), str(path)).tree
        faults = [path.name + fault for fault in _faults(schema, schema, tree, "")]
        assert faults == []


def test_the_schema_refuses_an_unknown_field(settle):
    schema = settle.ok("schema").document
    tree = read_source((LIBRARY / "interbank-transfer.yaml").read_bytes(), "").tree
    assert _faults(schema, schema, tree | {"titel": "x"}, "")


def _faults(root, schema, value, where):
    """References, alternatives, kinds, required and unknown fields: jsonschema is no dependency of ours."""
    if "$ref" in schema:
        return _faults(root, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, where)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            tried = [_faults(root, option, value, where) for option in schema[word]]
            return [] if any(not faults for faults in tried) else min(tried, key=len)
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    if "const" in schema and value != schema["const"]:
        return [f"{where}: {value!r} is not {schema['const']!r}"]
    kind = {"object": dict, "array": list, "string": str}.get(schema.get("type"))
    if kind is not None and not isinstance(value, kind):
        return [f"{where}: {value!r} is no {schema['type']}"]
    faults = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        other = schema.get("additionalProperties", True)
        faults += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for key, part in value.items():
            if key in known:
                faults += _faults(root, known[key], part, f"{where}.{key}")
            elif other is False:
                faults.append(f"{where}: {key} is unknown")
            elif isinstance(other, dict):
                faults += _faults(root, other, part, f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for index, part in enumerate(value):
            faults += _faults(root, schema["items"], part, f"{where}[{index}]")
    return faults
