"""Every planted fault fits the source as it is: one that does not would be planted nowhere, and prove nothing."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLANTED = runpy.run_path(str(ROOT / "scripts" / "plant-faults"))["FAULTS"]


@pytest.mark.parametrize("fault", PLANTED, ids=lambda fault: f"{fault.invariant} {fault.says}")
def test_a_planted_fault_finds_what_it_replaces(fault) -> None:
    source = (ROOT / "contracts" / fault.path).read_text("utf-8")
    assert fault.old in source, (
        f"{fault.path} no longer has what the fault replaces; scripts/plant-faults has to follow"
    )
    assert fault.new != fault.old
