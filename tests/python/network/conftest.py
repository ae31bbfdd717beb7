"""A market on a fresh network, and the same with a queue and workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from market import Market
from served import ServedMarket

from settlement import Network


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a journal can be: a new file, or an empty database."""
    if request.param == "sqlite":
        return tmp_path / "journal.sqlite"
    return request.getfixturevalue("postgresql").new_database()


@pytest.fixture
def market(settlement_network: Network, settlement_chain: str) -> Market:
    return Market(settlement_network, settlement_chain)


@pytest.fixture
def service(market: Market, settlement_chain: str, journal_place: Path | str) -> Iterator[ServedMarket]:
    made = ServedMarket(market, settlement_chain, journal_place)
    yield made
    made.service.close()
