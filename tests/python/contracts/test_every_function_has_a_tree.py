"""Every function that changes state has a branch in a `.tree` file of its contract, and trees name nothing else.

The first line of a tree names its test and the contracts that it specifies, as `Lock.t.sol: SettlementEngine`. A branch
that begins with *when* and has `lock()` in it is about their function `lock`, and leads to what *it should* do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pytest

from settlement.chain.artifacts import load_artifacts

ROOT = Path(__file__).parents[3]
SOURCES = {path.stem: path for path in (ROOT / "contracts").glob("*/*.sol")}
SECTIONS = re.split(r"^## (.+)$", (ROOT / "tests" / "access-matrix.md").read_text("utf-8"), flags=re.MULTILINE)[1:]

HEAD = re.compile(r"(?P<test>\w+)\.t\.sol: (?P<contracts>\w+(, \w+)*)")
BRANCH = re.compile(r"(?P<before>(│  |   )*)(├──|└──) (?P<words>(given|when|it should) .+)")


@dataclass(frozen=True)
class Tree:
    """A `.tree` file; a line that a branch is continued on belongs to the branch."""

    path: Path

    @cached_property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def contracts(self) -> frozenset[str]:
        """The contracts that the first line names; none where it is in another form."""
        found = HEAD.fullmatch(self.path.read_text("utf-8").splitlines()[0])
        return frozenset(found["contracts"].split(", ")) if found else frozenset()

    @cached_property
    def lines(self) -> list[str]:
        """The branches, as they are drawn."""
        lines: list[str] = []
        for line in self.path.read_text("utf-8").splitlines()[1:]:
            text = line.lstrip("│ ")
            if text.startswith(("├", "└")):
                lines.append(line)
            else:
                lines[-1] += f" {text}"
        return lines

    @cached_property
    def branches(self) -> list[tuple[int, str]]:
        """Depth and words of those branches that are in the form of one."""
        found = [match for line in self.lines if (match := BRANCH.fullmatch(line))]
        return [(len(match["before"]) // 3, match["words"]) for match in found]

    def functions_called(self) -> set[str]:
        inputs = [words for _, words in self.branches if words.startswith("when ")]
        return {function for words in inputs for function in re.findall(r"\b(\w+)\(\)", words)}


TREES = [Tree(path) for path in sorted((ROOT / "tests" / "contracts").rglob("*.tree"))]
every_tree = pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)


def functions_of(contract: str) -> set[str]:
    """All functions of a contract, or of a library, which has no artifact."""
    artifacts = load_artifacts().contracts
    if contract not in SOURCES:
        return set()
    if contract not in artifacts:
        return set(re.findall(r"function (\w+)\(", SOURCES[contract].read_text("utf-8")))
    return {entry["name"] for entry in artifacts[contract].abi if entry["type"] == "function"}


FUNCTIONS = sorted(
    {
        (heading.removesuffix(" under dual control"), function)
        for heading, section in zip(SECTIONS[::2], SECTIONS[1::2], strict=True)
        for function in re.findall(r"^\| `(\w+)\(", section, re.MULTILINE)
    }
)


def test_the_matrix_names_every_contract_that_has_a_state() -> None:
    views = {"view", "pure"}
    changing = {
        name
        for name, artifact in load_artifacts().contracts.items()
        if any(entry["type"] == "function" and entry["stateMutability"] not in views for entry in artifact.abi)
    }
    assert {contract for contract, _ in FUNCTIONS} == changing


@pytest.mark.parametrize(("contract", "function"), FUNCTIONS)
def test_a_function_has_a_branch(contract: str, function: str) -> None:
    trees = [tree for tree in TREES if contract in tree.contracts]
    assert any(function in tree.functions_called() for tree in trees), (
        f"{contract}.{function} changes state, and no tree of {contract} has a branch 'when {function}() …': write it "
        f"into one of {', '.join(tree.name for tree in trees) or '(there is none)'}"
    )


@every_tree
def test_a_tree_names_its_test_and_its_contracts(tree: Tree) -> None:
    head = tree.path.read_text("utf-8").splitlines()[0]
    found = HEAD.fullmatch(head)
    assert found, f"{tree.name} begins with {head!r}; it has to begin like 'Lock.t.sol: SettlementEngine'"
    assert found["test"] == tree.path.stem, f"{tree.name} says that it is the tree of {found['test']}.t.sol"
    assert tree.path.with_suffix(".t.sol").exists(), f"{tree.name}: there is no {tree.path.stem}.t.sol beside it"
    assert not tree.contracts - set(SOURCES), f"{tree.name}: no such contracts: {tree.contracts - set(SOURCES)}"


@every_tree
def test_every_branch_leads_to_an_outcome(tree: Tree) -> None:
    formless = [line for line in tree.lines if not BRANCH.fullmatch(line)]
    assert not formless, f"{tree.name}: a branch begins with given, when or it should: {formless}"
    for (depth, words), (following, _) in pairwise([*tree.branches, (0, "")]):
        assert words.startswith("it should ") == (following <= depth), (
            f"{tree.name}: given and when lead to what it should do, and that to nothing else: {words!r}"
        )


@every_tree
def test_a_tree_names_functions_that_there_are(tree: Tree) -> None:
    there_are = {function for contract in tree.contracts for function in functions_of(contract)}
    named = {name for line in tree.lines for name in re.findall(r"\b(\w+)\(\)", line)}
    assert not named - there_are, (
        f"{tree.name} names {sorted(named - there_are)}: no functions of {sorted(tree.contracts)} any more"
    )


@every_tree
def test_a_function_is_named_with_its_parentheses(tree: Tree) -> None:
    bare = {name for line in tree.lines for name in re.findall(r"\b[a-z]+[A-Z]\w*\b(?!\(\)|\.t\.sol)", line)}
    assert not bare, f"{tree.name}: a function is named as f(), so that it is found: {sorted(bare)}"
