"""The access matrix is what the tests of access measured, of every function that changes state."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MATRIX = ROOT / "tests" / "access-matrix.md"


def test_the_matrix_is_what_was_measured():
    ran = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "lib" / "access_matrix.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_function_that_changes_state_is_measured():
    missing = [line for line in MATRIX.read_text("utf-8").splitlines() if "not measured" in line]
    assert missing == []


def test_every_caller_that_every_world_has_was_tried():
    """The first ten columns, from the operator to the engine."""
    rows = [line.split("|") for line in MATRIX.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert [row[1] for row in rows if "" in (cell.strip() for cell in row[2:12])] == []


def test_a_stranger_gets_past_what_acts_for_others_only():
    """Whatever a stranger gets past takes signatures, a due day, or is about the stranger's own account."""
    rows = [line.split("|") for line in MATRIX.read_text("utf-8").splitlines() if line.startswith("| `")]
    open_to_all = {row[1].strip().strip("`").split("(")[0] for row in rows if row[10].strip() == "●"}
    assert open_to_all == {
        *("settle", "settleBatch", "lock", "settleLocked", "cancel", "expire", "releaseLeg"),
        *("openCoupon", "openRepayment", "openRedemption", "pay", "claim", "attest"),
        *("approve", "electAccount"),
        *("onERC721Received", "onERC1155Received", "onERC1155BatchReceived"),  # an answer, which changes nothing
    }
