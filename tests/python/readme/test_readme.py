"""Every command and every program in README.md runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from settlement.scenarios.load import shipped_scenarios

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text("utf-8")

# The first two run everything else, this test included; .ci/run and the demo's own test run them. The last one takes as
# long as it is told to: the tests of faults run a short one.
RUN_ELSEWHERE = {"scripts/demo", "scripts/test", "scripts/chaos --minutes 2"}


def console_commands() -> dict[str, list[str]]:
    """The commands of each section, in order; a section leaves no chain up for the next one."""
    found: dict[str, list[str]] = {}
    for section in README.split("\n## "):
        title = section.partition("\n")[0].strip("# ")
        for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL):
            commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
            found.setdefault(title, []).extend(command for command in commands if command not in RUN_ELSEWHERE)
    return {title: commands for title, commands in found.items() if commands}


def python_programs() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_there_are_sections_with_commands() -> None:
    assert len(console_commands()) >= 5


@pytest.mark.parametrize("section", console_commands())
def test_every_command_of_a_section_runs_in_order(section: str, tmp_path: Path, settle: Any) -> None:
    password = tmp_path / "password"  # Whoever sits at a terminal is asked for it.
    password.write_text("correct horse battery\n")
    password.chmod(0o600)
    settle.folder = ROOT
    settle.environment["SETTLEMENT_KEYSTORE_PASSWORD_FILE"] = str(password)
    # The first one as it stands; importing the program for each of the others would take longer than most of them do.
    for number, command in enumerate(console_commands()[section]):
        program, *words = shlex.split(command)
        forks = number > 0 and program == "scripts/settle"
        done = settle(*words) if forks else settle.program(program, *words)
        assert done.code == 0, f"{command}\n{done.out}\n{done.err}"


def test_the_demo_runs() -> None:
    done = subprocess.run(["scripts/demo"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    shipped = len([each for each in shipped_scenarios() if not each.is_crowded])
    assert re.fullmatch(rf"{shipped} scenarios: all \d\d+ expectations are met", done.stdout.splitlines()[-1])
    assert done.stdout.count("books balance") == shipped


def test_the_library_example_runs(tmp_path: Path) -> None:
    program = next(text for text in python_programs() if "settlement.start()" in text)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_pytest_example_runs(tmp_path: Path) -> None:
    program = next(text for text in python_programs() if "def test_" in text)
    (tmp_path / "test_example.py").write_text(program, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
