"""Checks that scripts/requirements.txt locks all that pyproject.toml requires, in versions that fit."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]


def misfits() -> list[str]:
    """One sentence for each requirement that the lock does not meet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "scripts/requirements.txt").read_text()
    locked = {canonicalize_name(m[1]): Version(m[2]) for m in re.finditer(r"^([\w.-]+)==(\S+)", lock, re.M)}
    wanted = [
        *project["dependencies"],
        *(r for extra in project["optional-dependencies"].values() for r in extra),
    ]
    found = []
    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name))
        if version is None:
            found.append(f"scripts/requirements.txt lacks {requirement}, which pyproject.toml asks for.")
        elif not requirement.specifier.contains(version, prereleases=True):
            found.append(f"scripts/requirements.txt has {requirement.name} {version}, not {requirement}.")
    return found


if __name__ == "__main__":
    sys.exit("\n".join(misfits()) or 0)
