"""The history is chained by hash: whatever is changed in the journal afterwards shows."""

from __future__ import annotations

import re

import pytest
from eth_utils.crypto import keccak
from sqlalchemy import update

from settlement import InputError, connect
from settlement.app.services import cancel
from settlement.durable import schema
from settlement.durable.database import Database
from settlement.durable.verify import verify


@pytest.fixture
def written(market, settlement_chain, journal_place):
    """A journal of one settlement."""
    ledger = market.network.ledger
    network = connect(settlement_chain, deployment=ledger.deployment, directory=ledger.directory, journal=journal_place)
    network.settle(*market.trade("10", "1.00"))
    network.journal.close()
    return journal_place


def faults(place):
    database = Database(place)
    try:
        return verify(database)
    finally:
        database.close()


def tamper(place, statement):
    database = Database(place)
    with database.write() as writing:
        writing.connection.exec_driver_sql(statement)
    database.close()


def test_an_honest_journal_has_no_faults(written):
    assert faults(written) == ()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE history SET detail = 'nothing happened' WHERE entry = 2", "entry 2 .* was changed"),
        ("UPDATE history SET gas_used = 1 WHERE status = 'settled'", "was changed"),
        ("DELETE FROM history WHERE entry = 2", "entry 2 is missing"),
        ("DELETE FROM history WHERE entry = (SELECT max(entry) FROM history)", "the journal counted"),
        (
            "UPDATE instruction SET body = replace(body, '\"amount\":10', '\"amount\":11')",
            "terms or consents .* changed",
        ),
        ("DELETE FROM consents", "terms or consents .* changed"),
        ("UPDATE consents SET body = replace(body, '0x', '0X')", "terms or consents .* changed"),
        ("UPDATE queue SET status = 'cancelled'", "is cancelled, and its history says confirmed"),
        ("UPDATE instruction SET scope = 99", "is entered in one network and queued in another, or in none"),
        ("UPDATE queue SET scope = 99", "is entered in one network and queued in another, or in none"),
        ("UPDATE queue SET deadline = 1", "has the deadline .*, and the queue another"),
        ("UPDATE signed_transaction SET raw = substr(raw, 2)", "transaction 0x.* was changed after it was signed"),
        ("DELETE FROM signed_transaction", "transaction 0x.*, which entry 3 says was sent, is missing"),
    ],
)
def test_a_change_shows(written, statement, told):
    tamper(written, statement)
    assert any(re.search(told, fault) for fault in faults(written)), faults(written)


def test_other_signed_bytes_with_their_own_hash_show(written):
    other = b"another transaction"
    database = Database(written)
    with database.write() as writing:
        writing.connection.execute(
            update(schema.signed_transaction).values(raw=other, hash="0x" + keccak(other).hex()),
        )
    database.close()
    (fault,) = faults(written)
    assert re.fullmatch("transaction 0x.*, which entry 3 says was sent, is missing or has another hash now", fault)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE queue SET state = 0", "is to be cancelled, and the queue has something else to do with it"),
        ("UPDATE queue SET state = 4", "is to be cancelled, and the queue has something else to do with it"),
        ("UPDATE cancellation SET reason = 'no'", "the cancellation of instruction 0x.* was changed"),
        ("UPDATE cancellation SET signature = '0x11'", "the cancellation of instruction 0x.* was changed"),
        ("DELETE FROM cancellation", "the cancellation of instruction 0x.* was changed"),
    ],
)
def test_a_cancellation_that_is_undone_shows(service, journal_place, statement, told):
    service.submit("R")
    cancel(service.service, "R", "seller", "no more")
    assert faults(journal_place) == ()
    tamper(journal_place, statement)
    assert re.search(told, faults(journal_place)[0])


def worked(service):
    """A worker comes, finds what there is to do, and goes."""
    worker = service.worker()
    for _ in range(40):
        worker.step()
    worker.close()


def test_what_is_made_a_part_of_another_afterwards_shows_and_nothing_more_settles_for_it(service, journal_place):
    service.submit("A", nominal="30")
    service.submit("B", nominal="10")
    worked(service)
    assert faults(journal_place) == ()
    for whole_is_in_parts in (False, True):
        tamper(journal_place, "UPDATE queue SET parent = 1 WHERE sequence = 2")
        if whole_is_in_parts:
            tamper(journal_place, "UPDATE queue SET status = 'partial' WHERE sequence = 1")
        assert "is entered as a part of another one, and its terms do not say so" in " ".join(faults(journal_place))
        worked(service)
        assert service.market.network.position("buyer", "bond").balance == 40


def test_what_is_not_over_and_is_taken_for_done_shows(market, settlement_chain, journal_place):
    ledger = market.network.ledger
    network = connect(settlement_chain, deployment=ledger.deployment, directory=ledger.directory, journal=journal_place)
    network.match(network.instruction(*market.trade("10", "1.00")))
    network.journal.close()
    assert faults(journal_place) == ()
    tamper(journal_place, "UPDATE queue SET state = 3")
    assert "and done for the queue: it would never settle" in faults(journal_place)[0]


def test_a_journal_of_another_version_is_refused(written):
    tamper(written, "UPDATE journal SET version = 99")
    with pytest.raises(InputError, match="has version 99 of the layout and this program reads 3"):
        faults(written)
