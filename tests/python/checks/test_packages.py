"""Locked packages come by uv only where pip is configured with nothing that uv would pass over."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def uv_may(**environment: str) -> bool:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return not subprocess.run(
        ["bash", "-c", ". scripts/lib/packages.sh; uv_may"],
        cwd=ROOT,
        env=inherited | {"PIP_CONFIG_FILE": os.devnull} | environment,
        check=False,
        timeout=60,
    ).returncode


def test_it_may_where_pip_is_configured_with_nothing() -> None:
    assert uv_may()


def test_it_may_where_that_says_nothing_of_where_packages_come_from() -> None:
    assert uv_may(PIP_DEFAULT_TIMEOUT="180")


@pytest.mark.parametrize("name", ["INDEX_URL", "EXTRA_INDEX_URL", "NO_INDEX", "PROXY", "TRUSTED_HOST", "CLIENT_CERT"])
def test_it_may_not_where_pip_is_told(name: str) -> None:
    assert not uv_may(**{f"PIP_{name}": "1"})
