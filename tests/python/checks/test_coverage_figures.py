"""What was run and what was not is counted over all records of a file, and too little of it fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts" / "lib"))

from coverage_figures import main, read


def lcov(path: Path, lines: list[int], branches: list[str]) -> str:
    """A report in which the lines were run so often, and the branches taken so often."""
    counted = [f"DA:{number},{times}" for number, times in enumerate(lines, 1)]
    taken = [f"BRDA:1,0,{number},{times}" for number, times in enumerate(branches)]
    path.write_text("\n".join(["SF:a.sol", *counted, *taken, "end_of_record", ""]), "utf-8")
    return str(path)


def test_a_line_that_one_of_two_records_ran_was_run(tmp_path):
    first, second = (
        lcov(tmp_path / name, lines, branches)
        for name, lines, branches in (("1", [1, 0], ["-", "2"]), ("2", [0, 3], ["-", "0"]))
    )
    both = tmp_path / "both"
    both.write_text(Path(first).read_text("utf-8") + Path(second).read_text("utf-8"), "utf-8")
    counted = read(both)["a.sol"]
    assert (counted.lines_run, counted.branches_run) == ((2, 2), (1, 2))


@pytest.mark.parametrize(
    ("name", "lines_missed", "branches_missed", "status"),
    [
        ("contracts", 2, 5, 0),
        ("contracts", 3, 5, 1),
        ("contracts", 2, 6, 1),
        ("Python", 5, 10, 0),
        ("Python", 6, 10, 1),
    ],
)
def test_too_little_is_status_1(tmp_path, capsys, name, lines_missed, branches_missed, status):
    lines = [1] * (100 - lines_missed) + [0] * lines_missed
    branches = ["1"] * (100 - branches_missed) + ["-"] * branches_missed
    assert main([name, lcov(tmp_path / "report", lines, branches)]) == status
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"{name} {100 - lines_missed}.0 % of lines, {100 - branches_missed}.0 % of branches")
    assert last.endswith("too little") == bool(status)
