"""The last lines of scripts/check and scripts/test say of each step what became of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

STEPS = Path(__file__).parents[3] / "scripts" / "lib" / "steps.sh"


@pytest.mark.parametrize(
    ("steps", "last", "status"),
    [
        ("step one true; step two true", "2 passed, 0 failed", 0),
        ("step one true; step two false", "1 passed, 1 failed", 1),
        ("step one true; step two exits 3", "1 passed, 1 failed", 1),
        ("step one true; step_if_possible 'no fault' exits 3", "not done: no fault\n1 passed, 0 failed", 0),
        ("step_if_possible one exits 1; step_if_possible two true", "1 passed, 1 failed", 1),
        (
            "beside() { step_if_possible one exits 3; }; lane beside; step two true; join_lane",
            "not done: one\n1 passed, 0 failed",
            0,
        ),
    ],
)
def test_the_last_lines_say_what_was_not_done_and_what_passed_and_failed(steps, last, status):
    script = f'set -euo pipefail; . "{STEPS}"; exits() {{ return "$1"; }}; {steps}; summary'
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert ran.stdout.endswith(f"\n{last}\n")
    assert ("not done" in ran.stdout) == ("not done" in last)
    assert ran.returncode == status
