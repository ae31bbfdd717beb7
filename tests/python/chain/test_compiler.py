import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from settlement.chain import compiler
from settlement.chain.artifacts import Artifacts, load_artifacts
from settlement.errors import InputError

ROOT = Path(compiler.__file__).resolve().parents[3]
SMALL = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n"
THING = SMALL + "interface IThing { error Thing_No(); }\ncontract Thing is IThing { uint256 public x; }\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with one contract."""
    for name in ("foundry.toml", "package.json"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("node_modules", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "Thing.sol").write_text(THING)
    return tmp_path


def test_compiles_once_and_again_after_a_change(checkout: Path) -> None:
    told: list[str] = []
    path = compiler.compile_contracts(checkout, told.append)
    first = json.loads(path.read_text())
    assert list(first["contracts"]) == ["Thing"]
    assert "contracts/Thing.sol:IThing" in first["abis"]
    assert len(told) == 2
    compiler.compile_contracts(checkout, told.append)
    assert len(told) == 2

    (checkout / "contracts" / "Thing.sol").write_text(THING.replace("public x", "public y"))
    second = json.loads(compiler.compile_contracts(checkout, told.append).read_text())
    assert len(told) == 4
    assert second["sourceHash"] != first["sourceHash"]
    assert second["contracts"]["Thing"]["bytecode"] != first["contracts"]["Thing"]["bytecode"]


def test_a_damaged_file_is_compiled_again(checkout: Path) -> None:
    path = compiler.compile_contracts(checkout)
    whole = path.read_text()
    path.write_text(whole[:100])
    assert compiler.compile_contracts(checkout).read_text() == whole


def test_several_at_once_compile_once(checkout: Path) -> None:
    told: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: compiler.compile_contracts(checkout, told.append), range(4)))
    assert len(paths) == 1
    assert len([line for line in told if line.startswith("compiling")]) == 1


def test_a_warning_is_an_error(checkout: Path) -> None:
    unused = "contract Warned { function f() external pure { uint256 unused = 1; } }"
    (checkout / "contracts" / "Warned.sol").write_text(SMALL + unused)
    with pytest.raises(InputError, match=r"warnings, which count as errors(?s:.*)contracts/Warned\.sol"):
        compiler.compile_contracts(checkout)
    assert not (checkout / "build" / "contracts.json").exists()


def test_an_error_names_the_line(checkout: Path) -> None:
    (checkout / "contracts" / "Broken.sol").write_text(SMALL + "contract Broken { uint256 public x = y; }")
    with pytest.raises(InputError, match=r"do not compile(?s:.*)contracts/Broken\.sol:3"):
        compiler.compile_contracts(checkout)


def test_settings_are_those_of_foundry_toml(checkout: Path) -> None:
    settings = compiler.standard_input(checkout)["settings"]
    assert settings["viaIR"] is True
    assert settings["evmVersion"] == "cancun"
    assert settings["optimizer"] == {"enabled": True, "runs": 1_000_000}
    assert settings["metadata"] == {"bytecodeHash": "none", "appendCBOR": False}
    assert settings["remappings"] == [
        "@openzeppelin/=node_modules/@openzeppelin/",
        "forge-std/=node_modules/@uniswap/v4-core/lib/forge-std/src/",
    ]


def _solc(path: Path, version: str) -> Path:
    path.write_text(f"#!/bin/sh\necho 'Version: {version}'\n")
    path.chmod(0o755)
    return path


def test_the_version_is_remembered_for_as_long_as_the_compiler_is_the_same_file(tmp_path: Path) -> None:
    home = tmp_path / "node_modules" / "solc"
    home.mkdir(parents=True)
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "solc", tmp_path / "scripts")

    def installed(version: str, file: str) -> None:
        (home / "index.js").write_text(f"module.exports = {{ version: () => '{version}' }};")
        (home / "soljson.js").write_text(file)

    def said() -> str:
        command = [tmp_path / "scripts" / "solc", "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()[-1]

    installed("0.8.37+commit.aaaaaaaa", "one")
    assert said() == "0.8.37+commit.aaaaaaaa"
    (home / "index.js").unlink()
    assert said() == "0.8.37+commit.aaaaaaaa", "without asking"
    installed("0.8.38+commit.bbbbbbbb", "another")
    assert said() == "0.8.38+commit.bbbbbbbb"


def test_order_of_compilers(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    on_path = _solc(folder / "solc", "0.8.37+commit.aaaaaaaa.Linux.g++")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("SETTLEMENT_SOLC", raising=False)
    assert compiler.find_solc(checkout) == (on_path, "0.8.37+commit.aaaaaaaa.Linux.g++")
    _solc(on_path, "0.8.30+commit.aaaaaaaa")
    assert compiler.find_solc(checkout)[0] == checkout / "scripts" / "solc"
    chosen = _solc(tmp_path / "chosen", "0.8.37+commit.bbbbbbbb")
    monkeypatch.setenv("SETTLEMENT_SOLC", str(chosen))
    assert compiler.find_solc(checkout) == (chosen, "0.8.37+commit.bbbbbbbb")
    _solc(chosen, "0.8.30+commit.bbbbbbbb")
    with pytest.raises(InputError, match=r"which is solc 0\.8\.30\+commit.bbbbbbbb; 0\.8\.37 is needed"):
        compiler.find_solc(checkout)
    monkeypatch.setenv("SETTLEMENT_SOLC", str(tmp_path / "missing"))
    with pytest.raises(InputError, match="does not run as a Solidity compiler"):
        compiler.find_solc(checkout)


def test_without_solcx(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "solcx", None)
    with pytest.raises(InputError, match=r"py-solc-x, which is not installed"):
        compiler.compile_contracts(checkout)


def test_without_libraries(checkout: Path) -> None:
    (checkout / "node_modules").unlink()
    with pytest.raises(InputError, match="run scripts/setup first"):
        compiler.compile_contracts(checkout)


def test_as_a_command(artifacts: Artifacts) -> None:
    command = [sys.executable, "-m", "settlement.chain.compiler"]
    done = subprocess.run(command, cwd=ROOT / "py", capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout == ""
    assert done.stderr.strip().endswith("build/contracts.json is up to date")


def test_artifacts_of_a_checkout_are_never_those_beside_the_module(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("settlement.chain.artifacts.resources.files", lambda name: asked.append(name))
    assert load_artifacts() is artifacts
    assert asked == []


def test_artifacts_of_a_package(artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("settlement.chain.artifacts.checkout_root", lambda: None)
    monkeypatch.setattr("settlement.chain.artifacts.resources.files", lambda name: tmp_path)
    with pytest.raises(InputError, match="carries no compiled contracts"):
        load_artifacts()
    shutil.copy(ROOT / "build" / "contracts.json", tmp_path)
    assert load_artifacts() == artifacts
    (tmp_path / "contracts.json").write_text('{"format": 0}')
    with pytest.raises(InputError, match="has format 0"):
        load_artifacts()


def test_artifact_lookups(artifacts: Artifacts) -> None:
    engine = artifacts.contract("SettlementEngine")
    assert engine.bytecode.startswith("0x6")
    with pytest.raises(InputError, match="no deployable contract 'IRegistry'; there are BillOfLading, "):
        artifacts.contract("IRegistry")
    assert artifacts.errors["0x08c379a0"]["name"] == "Error"
    assert artifacts.errors["0x4e487b71"]["name"] == "Panic"
    assert "Instrument_InsufficientFree" in {abi["name"] for abi in artifacts.errors.values()}


def test_transfers_of_money_and_titles_are_told_apart(artifacts: Artifacts) -> None:
    transfer = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    money = artifacts.event([transfer, "0x01", "0x02"])
    title = artifacts.event([transfer, "0x01", "0x02", "0x03"])
    assert money is not None
    assert title is not None
    assert [item["indexed"] for item in money["inputs"]] == [True, True, False]
    assert [item["indexed"] for item in title["inputs"]] == [True, True, True]
    assert artifacts.event([]) is None
    assert artifacts.event(["0x" + "00" * 32]) is None
