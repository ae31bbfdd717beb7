"""Whatever stands where something else belongs in a scenario: it is told what is wrong, in which file and where."""

from __future__ import annotations

import json
from typing import Any

from found import examples, kept, require_sentence
from hypothesis import given
from written import RAW, badly_written

from settlement.errors import InputError
from settlement.scenarios.load import LIBRARY, parse_scenario
from settlement.scenarios.text import read_source

NAMES = ("interbank-transfer", "failures", "green-bond-2023", "ebl-dvp")


def tree_of(name: str) -> Any:
    return read_source((LIBRARY / f"{name}.yaml").read_bytes(), name).tree


def as_yaml(document: Any) -> str:
    """JSON is YAML, and a line for each thing gives each a line of its own."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text


def read(case: str) -> None:
    try:
        parse_scenario(case.encode("latin-1"), "wrong.yaml")
    except InputError as error:
        require_sentence(error, "wrong.yaml")


def test_a_scenario_that_is_only_written_otherwise_is_the_same() -> None:
    """What the others differ from."""
    for name in NAMES:
        read(as_yaml(tree_of(name)))


def test_every_scenario_that_once_did_harm_does_none() -> None:
    for case in kept("scenario").values():
        read(case)


@examples(30)
@given(case=badly_written([tree_of(name) for name in NAMES], write=as_yaml))
def test_whatever_is_in_a_scenario_is_understood_or_refused(case: str) -> None:
    read(case)
