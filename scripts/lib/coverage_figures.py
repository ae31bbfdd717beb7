"""Says how much was run, file by file where something was not, and whether it is enough. See scripts/coverage.

python scripts/lib/coverage_figures.py NAME FILE [NAME FILE]      what a run has written in lcov's form
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

MINIMUM = {"contracts": (98.0, 95.0), "Python": (95.0, 90.0)}
"""Per cent of lines and of branches."""


@dataclass
class Counted:
    """How often each line and branch of a file was run. Several records may tell of one file: their counts add up."""

    lines: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    branches: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def lines_run(self) -> tuple[int, int]:
        """How many lines were run, of how many."""
        return sum(map(bool, self.lines.values())), len(self.lines)

    @property
    def branches_run(self) -> tuple[int, int]:
        """How many branches were taken, of how many."""
        return sum(map(bool, self.branches.values())), len(self.branches)


def read(path: Path) -> dict[str, Counted]:
    """The counts of each file in a report."""
    files: dict[str, Counted] = defaultdict(Counted)
    counted = Counted()
    for line in path.read_text("utf-8").splitlines():
        kind, _, rest = line.partition(":")
        if kind == "SF":
            counted = files[rest]
        elif kind == "DA":
            number, times = rest.split(",")[:2]
            counted.lines[number] += int(times)
        elif kind == "BRDA":
            branch, _, times = rest.rpartition(",")
            counted.branches[branch] += 0 if times == "-" else int(times)
    return files


def _share(run: tuple[int, int]) -> float:
    return 100 * run[0] / run[1] if run[1] else 100.0


def _total(runs: list[tuple[int, int]]) -> tuple[int, int]:
    return sum(run for run, _ in runs), sum(of for _, of in runs)


def report(name: str, files: dict[str, Counted]) -> tuple[float, float]:
    """Prints each file that was not run whole; the per cent of lines and of branches of all."""
    print(f"\n{name:60} {'lines':>7} {'branches':>8}  not run")
    for path in sorted(files):
        lines, branches = files[path].lines_run, files[path].branches_run
        missed = [number for number, times in files[path].lines.items() if not times]
        if missed or branches[0] < branches[1]:
            few = ", ".join(missed[:8]) + (" …" if len(missed) > 8 else "")
            print(f"{path:60} {_share(lines):6.1f}% {_share(branches):7.1f}%  {few}")
    return (
        _share(_total([each.lines_run for each in files.values()])),
        _share(_total([each.branches_run for each in files.values()])),
    )


def main(arguments: list[str]) -> int:
    """Reports on each file of figures; status 1 where one is below its minimum."""
    shares = {name: report(name, read(Path(path))) for name, path in zip(arguments[::2], arguments[1::2], strict=True)}
    enough = all(share >= least for name in shares for share, least in zip(shares[name], MINIMUM[name], strict=True))
    said = "; ".join(
        f"{name} {lines:.1f} % of lines, {branches:.1f} % of branches" for name, (lines, branches) in shares.items()
    )
    print(f"{said}{'' if enough else ': too little'}")
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
