"""A market on a fresh network, and the same with a queue and workers."""

from __future__ import annotations

import pytest
from market import Market
from served import ServedMarket

from settlement import Network


@pytest.fixture
def market(settlement_network: Network, settlement_chain: str) -> Market:
    return Market(settlement_network, settlement_chain)


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request, market, settlement_chain, tmp_path):
    in_file = request.param == "sqlite"
    journal = tmp_path / "journal.sqlite" if in_file else request.getfixturevalue("postgresql").new_database()
    made = ServedMarket(market, settlement_chain, journal)
    yield made
    made.service.close()
