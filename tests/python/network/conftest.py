"""A market on a fresh network, and the same with a queue and workers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from market import Market
from served import ServedMarket

from settlement import connect
from settlement.app import deploy_on
from settlement.testing.plugin import taken_back


@pytest.fixture(params=["sqlite", "postgresql"])
def journal_place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a journal can be: a new file, or an empty database."""
    if request.param == "sqlite":
        return tmp_path / "journal.sqlite"
    return request.getfixturevalue("postgresql").new_database()


@pytest.fixture(scope="session")
def _market_made(settlement_chain: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Market, Path]:
    """The market and its journal, made once for a process: making it takes as long as most tests."""
    journal = tmp_path_factory.mktemp("market") / "journal.sqlite"
    network = connect(settlement_chain, deployment=deploy_on(settlement_chain), journal=journal)
    return Market(network, settlement_chain), journal


@pytest.fixture
def market(_market_made: tuple[Market, Path], settlement_chain: str, tmp_path: Path) -> Iterator[Market]:
    """The market as it was made, by another reader of the chain and a copy of the journal."""
    made, journal = _market_made
    copy = tmp_path / "market.sqlite"
    with closing(sqlite3.connect(journal)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with taken_back(settlement_chain):
        yield made.again(settlement_chain, copy)


@pytest.fixture
def service(market: Market, settlement_chain: str, journal_place: Path | str) -> Iterator[ServedMarket]:
    made = ServedMarket(market, settlement_chain, journal_place)
    yield made
    made.service.close()
