"""The JSON Schema accepts every shipped scenario and refuses what the loader refuses for its shape."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from settlement.scenarios.load import LIBRARY, json_schema
from settlement.scenarios.text import read_source

SCHEMA = json_schema()
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "null": type(None),
}  # fmt: skip


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """The keywords that the schema of the language uses, and no others."""
    checks = {
        "$ref": lambda ref: accepts(SCHEMA["$defs"][ref.rsplit("/", 1)[1]], value),
        "type": lambda kind: any(isinstance(value, TYPES[k]) for k in ([kind] if isinstance(kind, str) else kind)),
        "anyOf": lambda some: any(accepts(item, value) for item in some),
        "oneOf": lambda some: sum(accepts(item, value) for item in some) == 1,
        "enum": lambda values: value in values,
        "const": lambda constant: value == constant,
        "pattern": lambda pattern: not isinstance(value, str) or re.search(pattern, value) is not None,
        "minLength": lambda least: not isinstance(value, str) or len(value) >= least,
        "maxLength": lambda most: not isinstance(value, str) or len(value) <= most,
        "minItems": lambda least: not isinstance(value, list) or len(value) >= least,
        "maxItems": lambda most: not isinstance(value, list) or len(value) <= most,
        "minProperties": lambda least: not isinstance(value, dict) or len(value) >= least,
        "required": lambda names: not isinstance(value, dict) or all(name in value for name in names),
        "items": lambda item: not isinstance(value, list) or all(accepts(item, part) for part in value),
        "properties": lambda known: (
            not isinstance(value, dict) or all(accepts(known[key], part) for key, part in value.items() if key in known)
        ),
        "propertyNames": lambda names: not isinstance(value, dict) or all(accepts(names, key) for key in value),
        "additionalProperties": lambda other: (
            not isinstance(value, dict)
            or all(
                other if isinstance(other, bool) else accepts(other, part)
                for key, part in value.items()
                if key not in schema.get("properties", {})
            )
        ),
        "patternProperties": lambda known: (
            not isinstance(value, dict)
            or all(
                accepts(item, part)
                for pattern, item in known.items()
                for key, part in value.items()
                if re.search(pattern, key)
            )
        ),
    }  # fmt: skip
    ignored = {"$defs", "$schema", "title", "description", "default", "discriminator"}
    return all(checks[keyword](argument) for keyword, argument in schema.items() if keyword not in ignored)


def tree(name: str) -> Any:
    path = LIBRARY / f"{name}.yaml"
    return read_source(path.read_bytes(), str(path)).tree


@pytest.mark.parametrize("name", sorted(path.stem for path in LIBRARY.glob("*.yaml")))
def test_shipped_scenarios_are_accepted(name: str) -> None:
    assert accepts(SCHEMA, tree(name))


def test_numbers_and_booleans_as_an_editor_reads_them_are_accepted() -> None:
    scenario = copy.deepcopy(tree("interbank-transfer"))
    scenario["opening"][0]["issue"]["amount"] = 5_000_000.0
    scenario["instruments"]["wholesale-hkd"]["decimals"] = 2
    scenario["steps"][1]["expect"]["unchanged"] = True
    assert accepts(SCHEMA, scenario)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["titel"], "x"),
        (["scenario"], "Not A Slug"),
        (["steps"], []),
        (["steps", 0, "cancel"], {"id": "a", "reason": "b", "by": ["c"]}),
        (["steps", 0, "settle", "legs", 0, "form"], "x"),
        (["parties", "authority", "roles"], ["king"]),
        (["instruments", "wholesale-hkd", "kind"], "coin"),
        (["steps", 1, "expect", "refused"], "no name of an error"),
    ],
)
def test_faults_of_shape_are_refused(path: list[str | int], value: Any) -> None:
    scenario = copy.deepcopy(tree("interbank-transfer"))
    parent = scenario
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    assert not accepts(SCHEMA, scenario)


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
