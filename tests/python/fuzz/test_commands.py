"""Whatever a node answers and whatever is in a journal: a command ends with the code that says so, and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from damage import changes, damaged
from found import examples
from hypothesis import given
from hypothesis import strategies as st
from lying import Asked, lies
from stage import Stage

Plan = Sequence[dict[str, Any]]

UNREACHABLE = 3


@pytest.fixture
def commanded(stage: Stage, journal: bytes, settle: Any, tmp_path: Path) -> Callable[..., Any]:
    """Runs a command over a copy of the journal, through the node, and sees to it that it ends well."""
    description, path = tmp_path / "network.json", tmp_path / "journal.sqlite"
    description.write_text(stage.description.model_copy(update={"url": stage.node.url}).model_dump_json(), "utf-8")

    def commanded(*words: str, damage: Plan = (), plan: Plan = ()) -> tuple[Any, Asked]:
        for beside in tmp_path.glob("journal.sqlite*"):
            beside.unlink()
        path.write_bytes(journal)
        for change in damage:
            damaged(path, change)
        network = ("--network", description, "--journal") if words[0] != "journal" else ()
        stage.node.tell(list(plan))
        ran = settle(*words, *network, path, "--json")
        asked = stage.node.well()
        assert ran.code in (0, 1, 2, 3), ran.err
        assert "Traceback" not in ran.err
        assert "a fault in this program" not in ran.err, ran.err
        if ran.code > 1 or not ran.out:
            assert ran.sentence.isprintable()
        else:
            assert ran.document
        return ran, asked

    return commanded


def test_what_is_no_answer_is_neither_a_difference_nor_bad_input(commanded):
    ran, asked = commanded("reconcile")
    assert (ran.code, ran.document["differences"]) == (0, [])

    @examples(6)
    @given(plan=lies(asked))
    def tried(plan):
        ran, _ = commanded("reconcile", plan=plan)
        if all("body" in lie or "error" in lie for lie in plan):
            assert ran.code in (0, UNREACHABLE), ran.err

    tried()


def test_whatever_is_in_a_journal_a_command_ends_well(commanded):
    @examples(6)
    @given(damage=st.lists(changes(), min_size=1, max_size=2))
    def tried(damage):
        for words in (("journal", "verify"), ("queue",), ("reconcile",)):
            commanded(*words, damage=damage)

    tried()
