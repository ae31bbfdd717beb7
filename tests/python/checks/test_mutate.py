"""Mutants are what they say, and each survivor that is explained still is one of the contracts as they are."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))

import mutate  # noqa: E402
from mutate import TOO_LONG, Bench, Mutant, Outcome, explanations, failed_test, report  # noqa: E402

ENGINE = "contracts/settlement/SettlementEngine.sol"
NOT_EMPTY = "if (index == 0) revert Engine_BatchSize(0);"


def mutant(new: str) -> Mutant:
    """One whose edit stands in the engine, at the comparison of one line."""
    source = (ROOT / ENGINE).read_bytes()
    start = source.index(NOT_EMPTY.encode()) + len("if (")
    return Mutant("ROR", ENGINE, 1, start, start + len("index == 0"), "index == 0", new)


def test_a_mutant_is_the_contract_with_one_edit():
    source = (ROOT / ENGINE).read_bytes()
    edited = mutant("index != 0").of(source)
    assert edited == source.replace(NOT_EMPTY.encode(), NOT_EMPTY.replace("==", "!=").encode())


def test_a_survivor_without_an_explanation_is_status_1(capsys):
    outcomes = [Outcome(mutant(f"index == {number}"), "killed", "test_it", 1.0) for number in range(2, 41)]
    assert report(outcomes, 40) == 0
    assert report([*outcomes, Outcome(mutant("index <= 0"), "alive", "", 1.0)], 40) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("39 of 40 mutants killed (97.5 %, 0 of them by having no end; 40 of 40 tried")
    assert last.endswith("1 of 1 survivors not explained")


def test_what_was_killed_by_the_clock_alone_is_told_apart(capsys):
    by = ("test_it", TOO_LONG, TOO_LONG)
    assert report([Outcome(mutant(f"index == {at}"), "killed", each, 1.0) for at, each in enumerate(by, 2)], 3) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 of 3 mutants killed (100.0 %, 2 of them by having no")


@pytest.mark.parametrize(
    ("says", "test"),
    [
        ("[PASS] test_it() (gas: 1)\n", None),
        ("[FAIL: no (at all)] test_it() (gas: 1)\n[PASS] test_other() (gas: 1)\n", "test_it"),
        ("[FAIL: no] setUp() (gas: 0)\n", "setUp"),
        (
            "[FAIL: no; counterexample: args=[(1, 2)]] testFuzz_it((uint8,(bytes32,bool)[])) (runs: 0, μ: 0)\n",
            "testFuzz_it",
        ),
        (
            "[FAIL: DVP-1: no]\n\t[Sequence]\n\t\tcalldata=f(uint8) args=[1]\n invariant_it() (runs: 1, calls: 1)\n",
            "invariant_it",
        ),
    ],
)
def test_the_test_that_failed_is_named_whatever_stands_before_it(says, test):
    assert failed_test(says) == test


@pytest.mark.parametrize(
    ("says", "complains", "status", "objection"),
    [
        ("", "", 0, None),
        ("[FAIL: no] test_it() (gas: 1)\n", "", 1, "test_it"),
        ("", "Error: Compilation failed\n", 1, "they do not compile"),
    ],
)
def test_tests_that_fail_without_any_mutant_are_an_objection(tmp_path, monkeypatch, says, complains, status, objection):
    assert bench(tmp_path, monkeypatch, says, complains, status).objection() == objection


def test_a_run_that_ends_with_neither_is_no_verdict(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="forge ended with 137"):
        bench(tmp_path, monkeypatch, "", "Killed\n", 137).objection()


def bench(at, monkeypatch, says, complains, status):
    """One on which forge says this."""
    made = Bench.__new__(Bench)
    made.at = at
    ran = subprocess.CompletedProcess([], status, says, complains)
    monkeypatch.setattr(mutate, "forge", lambda *_arguments, **_options: ran)
    return made


def test_what_does_not_compile_counts_for_nothing(capsys):
    assert report([Outcome(mutant("index"), "no mutant", "", 1.0)], 1) == 1
    assert "0 of 0 mutants killed" in capsys.readouterr().out


def test_a_variable_that_begins_at_nought_untold_is_no_mutant():
    loop = Mutant("MVIV", ENGINE, 1, 0, 0, "uint256 i = 0", "uint256 i ")
    assert loop.changes_nothing
    assert not replace(loop, old="uint256 i = 1").changes_nothing
    assert not replace(loop, mutator="ROR").changes_nothing


def test_every_explanation_fits_the_contracts() -> None:
    for (path, at, becomes), why in explanations().items():
        source = " ".join((ROOT / path).read_text("utf-8").split())
        assert at in source, f"{path} no longer has this; tests/contracts/surviving-mutants.json has to follow"
        assert becomes != at
        assert len(why) > 20
