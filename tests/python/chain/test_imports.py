"""What importing the package does to the process, and what it leaves as it was."""

from __future__ import annotations

import subprocess
import sys

import pytest

import settlement


def said_by(program: str) -> str:
    """What a program says in a Python that has imported nothing yet."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.mark.parametrize("name", settlement.__all__)
def test_every_name_of_the_package_is_there(name):
    assert getattr(settlement, name).__name__ == name


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="'settlement' has no attribute 'stop'"):
        settlement.stop  # noqa: B018


def test_the_package_alone_imports_nothing_of_the_chain():
    assert said_by("import settlement, sys; print('web3' in sys.modules)") == "False\n"


def test_the_command_does_not_import_web3_which_takes_as_long_as_everything_else():
    assert said_by("import settlement.cli.main, sys; print({'web3', 'aiohttp'} & set(sys.modules))") == "set()\n"


def test_python_recurses_no_deeper_than_before():
    assert said_by(
        "import sys; sys.setrecursionlimit(777); import settlement.chain; print(sys.getrecursionlimit())"
    ) == ("777\n")


def test_signatures_of_validators_are_imported_when_they_are_asked_for():
    program = """
import sys
import settlement.chain
print("py_ecc.bls" in sys.modules, "py_ecc.optimized_bls12_381" in sys.modules)
from eth_keyfile import keyfile
print(keyfile.bls.SkToPk(5).hex()[:8])
from py_ecc.bls import G2ProofOfPossession
from py_ecc.bls12_381 import curve_order
print(G2ProofOfPossession.SkToPk(5).hex()[:8], curve_order == keyfile.curve_order)
"""
    assert said_by(program) == "False False\nb0e7791f\nb0e7791f True\n"


def test_whoever_had_them_imported_already_keeps_them():
    program = """
from py_ecc import bls
import settlement.chain, sys
print(sys.modules["py_ecc.bls"] is bls)
"""
    assert said_by(program) == "True\n"
