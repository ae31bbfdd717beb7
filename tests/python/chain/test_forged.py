"""What forge has compiled is taken only where solc would answer the same."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from settlement.chain import compiler
from settlement.chain.forged import forged_output

ROOT = Path(compiler.__file__).resolve().parents[3]
HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"
SOURCES = {
    "contracts/types/Pair.sol": HEAD + "struct Pair { uint256 a; uint256 b; }\n",
    "contracts/interfaces/IThing.sol": HEAD + "interface IThing {\n    error Thing_No(uint256 why);\n}\n",
    "contracts/settlement/Thing.sol": HEAD
    + """
import { Context } from "@openzeppelin/contracts/utils/Context.sol";
import { IThing } from "../interfaces/IThing.sol";
import { Pair } from "../types/Pair.sol";

contract Thing is IThing, Context {
    mapping(address => Pair) public pairs;

    function add(uint256 a, uint256 b) external {
        if (a > b) revert Thing_No(a);
        pairs[_msgSender()] = Pair(a, b);
    }
}
""",
}
TAKEN = ["took from what forge compiled: 1 contracts"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small checkout of which forge has compiled all."""
    root = tmp_path_factory.mktemp("built")
    for name in ("foundry.toml", "package.json"):
        shutil.copy(ROOT / name, root)
    for name in ("node_modules", "scripts"):
        (root / name).symlink_to(ROOT / name)
    for name, text in SOURCES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["scripts/forge", "build"], cwd=root, check=True, capture_output=True, timeout=300)
    return root


@pytest.fixture
def checkout(built: Path, tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    shutil.copytree(built, root, symlinks=True)
    return root


def compiled(root: Path) -> tuple[bytes, list[str]]:
    """contracts.json, and what was told while it was made."""
    told: list[str] = []
    return compiler.compile_contracts(root, told.append).read_bytes(), told


def test_it_is_what_solc_answers_byte_for_byte(checkout: Path) -> None:
    taken, told = compiled(checkout)
    assert told == TAKEN
    shutil.rmtree(checkout / "build")
    answered, told = compiled(checkout)
    assert told[0].startswith("compiling 3 contract files")
    assert taken == answered
    assert json.loads(taken)["contracts"]["Thing"]["bytecode"].startswith("0x6080")


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return change


def write(name: str, text: str) -> Callable[[Path], None]:
    return lambda root: void((root / name).write_text(text))


def void(_: object) -> None:
    """What a change answers."""


ARTIFACT = "build/forge/out/Thing.sol/Thing.json"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(edit("contracts/settlement/Thing.sol", "a > b", "a >= b"), id="a contract"),
        pytest.param(edit("contracts/types/Pair.sol", "uint256 b", "uint256 c"), id="a type that it imports"),
        pytest.param(write("contracts/settlement/Other.sol", HEAD + "contract Other {\n}\n"), id="one more contract"),
        pytest.param(edit("foundry.toml", "optimizer_runs = 1_000_000", "optimizer_runs = 999_999"), id="a setting"),
        pytest.param(edit(ARTIFACT, '"0.8.37+commit', '"0.8.36+commit'), id="another compiler made it"),
        pytest.param(write(ARTIFACT, '{"abi": ['), id="half an artifact"),
        pytest.param(write(ARTIFACT, '{"abi": []}'), id="an artifact of something else"),
        pytest.param(
            edit(ARTIFACT, '"object":"0x60', '"object":"0x60' + "00" * 50_000), id="its size, too large for a chain"
        ),
        pytest.param(
            edit("foundry.toml", "via_ir = false", 'revert_strings = "strip"\nvia_ir = false'), id="texts of reverts"
        ),
        pytest.param(lambda root: shutil.rmtree(root / "build/forge/out/Context.sol"), id="a library's is gone"),
    ],
)
def test_it_is_not_taken_after_a_change_of(checkout: Path, change: Callable[[Path], None]) -> None:
    version = compiler.find_solc(checkout)[1]
    assert forged_output(checkout, compiler.standard_input(checkout), version) is not None
    change(checkout)
    assert forged_output(checkout, compiler.standard_input(checkout), version) is None


def test_who_names_a_compiler_has_it_compile(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETTLEMENT_SOLC", str(ROOT / "scripts/solc"))
    assert compiled(checkout)[1][0].startswith("compiling")


def test_all_that_is_deployed_is_taken_from_forge_as_it_is_built_here() -> None:
    """Else it would silently be compiled twice."""
    subprocess.run(["scripts/forge", "build"], cwd=ROOT, check=True, capture_output=True, timeout=600)
    version = compiler.find_solc(ROOT)[1]
    assert forged_output(ROOT, compiler.standard_input(ROOT), version) is not None
