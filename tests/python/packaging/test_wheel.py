"""The wheel works by itself: no sources, no node, no compiler, only anvil."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from settlement.chain.node import find_anvil

CHECKOUT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def wheel(artifacts, tmp_path_factory):
    """Built by scripts/build; one worker at a time."""
    with (CHECKOUT / "build" / "wheel-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = subprocess.run([CHECKOUT / "scripts" / "build"], capture_output=True, text=True, timeout=170)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        built = max((CHECKOUT / "build" / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime_ns)
        folder = tmp_path_factory.mktemp("wheel")
        shutil.copy2(CHECKOUT / "build" / "contracts.json", folder)
        return Path(shutil.copy2(built, folder))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel, and the project's own dependencies, so that nothing is downloaded."""
    home = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True, timeout=60)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", python]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", wheel], check=True, timeout=60)
    paths = {"base": str(home), "platbase": str(home)}
    own = Path(sysconfig.get_path("purelib", vars=paths))
    # A line in a .pth file: the packages there are found, and its own .pth files (our editable install) are not read.
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


@pytest.fixture
def bare(settle, tmp_path):
    """An environment in which neither node nor a compiler is on PATH."""
    (tmp_path / "bin").mkdir()
    settle.environment |= {"PATH": str(tmp_path / "bin")}
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        settle.environment.pop(name, None)
    settle.folder = tmp_path / "empty"
    settle.folder.mkdir()
    assert shutil.which("node", path=settle.environment["PATH"]) is None
    return settle


def test_the_wheel_carries_what_it_needs_and_no_sources(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"settlement/chain/contracts.json", "settlement/py.typed", "settlement/cli/main.py"} <= set(names)
    assert "settlement/scenarios/library/green-bond-2023.yaml" in names
    assert [name for name in names if name.endswith(".sol") or "tests/" in name or "__pycache__" in name] == []
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_carries_the_contracts_that_were_compiled(wheel):
    carried = zipfile.ZipFile(wheel).read("settlement/chain/contracts.json")
    assert carried == wheel.with_name("contracts.json").read_bytes()


def test_the_package_is_the_wheel_s(bare, installed):
    ran = bare.program(installed / "python", "-c", "import settlement; print(settlement.__file__)")
    assert Path(ran.out.strip()).is_relative_to(installed.parent)


def test_it_runs_a_scenario_with_anvil_named(bare, installed):
    ran = bare.program(installed / "settle", "run", "interbank-transfer", "--json", SETTLEMENT_ANVIL=str(find_anvil()))
    assert ran.code == 0, ran.err
    assert ran.document["ok"] is True
    assert list(bare.folder.iterdir()) == []
    assert bare.left_running() == []


def test_it_runs_a_scenario_with_anvil_on_path(bare, installed):
    os.symlink(find_anvil(), Path(bare.environment["PATH"]) / "anvil")
    ran = bare.program(installed / "settle", "run", "interbank-transfer", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["ok"] is True


def test_without_anvil_it_says_what_to_do(bare, installed):
    ran = bare.program(installed / "settle", "run", "interbank-transfer")
    assert ran.code == 3
    assert "SETTLEMENT_ANVIL" in ran.sentence


def test_its_pytest_plugin_works(bare, installed):
    (bare.folder / "test_theirs.py").write_text(
        "def test_it(settlement_network):\n    settlement_network.admit('authority', 'central-bank')\n"
    )
    ran = bare.program(installed / "python", "-m", "pytest", "-q", SETTLEMENT_ANVIL=str(find_anvil()))
    assert ran.code == 0, ran.out + ran.err
    assert "1 passed" in ran.out
