"""Which chains are local: loopback by its form, and a development chain's id."""

import pytest

from settlement.chain.locality import DEVELOPMENT_CHAIN_IDS, PUBLIC_CHAINS, is_local, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8545",
        "http://127.8.9.10",
        "http://localhost:8545/path",
        "http://LOCALHOST",
        "https://[::1]:8545",
        "http://user:password@127.0.0.1",
    ],
)
def test_loopback(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1:8545",
        "http://192.168.1.1",
        "http://0.0.0.0:8545",
        "http://[::]",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://example.com\\@127.0.0.1",
        "http://127.0.0.1\\@example.com",
        "http://example.com/127.0.0.1",
        "http://[bad",
        "http://",
        "nonsense",
    ],
)
def test_not_loopback(url: str) -> None:
    assert not is_loopback(url)


def test_a_chain_is_local_by_host_and_id_together() -> None:
    for chain_id in DEVELOPMENT_CHAIN_IDS:
        assert is_local("http://127.0.0.1:8545", chain_id)
        assert not is_local("http://10.0.0.1:8545", chain_id)
    for chain_id in (*PUBLIC_CHAINS, 424242):
        assert not is_local("http://127.0.0.1:8545", chain_id)


def test_no_chain_is_both_public_and_for_development() -> None:
    assert not DEVELOPMENT_CHAIN_IDS & set(PUBLIC_CHAINS)
    assert {1, 10, 137, 8453, 42161, 11155111, 17000, 560048} <= set(PUBLIC_CHAINS)
