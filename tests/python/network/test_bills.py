"""Bills of lading on a chain: what a bill's contract says of it, and its chain of acts."""

from __future__ import annotations

import pytest

from settlement import Network
from settlement.app.reading import endorsed_bill
from settlement.domain.instruction import title_id
from settlement.domain.quantity import Quantity
from settlement.ports import BillIssue
from settlement.scenarios.load import load_scenario
from settlement.scenarios.run import ScenarioRunner


def title(name: str) -> Quantity:
    return Quantity(instrument="ocean-bills", amount=title_id(name))


@pytest.fixture
def after(settlement_network: Network, request: pytest.FixtureRequest) -> Network:
    """The network after a shipped scenario, whose windows and pledges are moved to the chain's own time."""
    assert ScenarioRunner(settlement_network, load_scenario(request.param)).run().ok
    return settlement_network


@pytest.mark.parametrize("after", ["ebl-amend-and-switch"], indirect=True)
def test_each_bill_of_a_line_has_its_own_chain(after: Network) -> None:
    names = ["OCLN20251113021", "OCLN20251113021/2", "OCLN20251113021/3"]
    first, second, third = ([entry.action for entry in after.ledger.bill_chain(title(name))] for name in names)
    asked = "SURRENDER_FOR_AMENDMENT"
    assert first == ["ISSUE", asked, "SREJ", asked, "SACC"]
    assert second == ["ISSUE", "TRANSFER_WITH_TITLE", asked, "SACC"]
    assert third == ["ISSUE", "SURRENDER_FOR_DELIVERY", "SACC"]


@pytest.mark.parametrize("after", ["ebl-amend-and-switch"], indirect=True)
def test_the_entries_of_a_chain(after: Network) -> None:
    ledger = after.ledger
    issue, sold, switched, accepted = ledger.bill_chain(title("OCLN20251113021/2"))
    assert (issue.actor, issue.recipient, issue.statement_hash) == ("ocean-line", "exporter", None)
    assert (sold.actor, sold.recipient) == ("exporter", "importer")
    assert (switched.actor, switched.recipient, switched.reason) == ("importer", "ocean-line", "SWTP")
    assert (accepted.actor, accepted.recipient, accepted.reason) == ("ocean-line", None, None)
    assert (accepted.statement_hash or "").startswith("0x")
    assert switched.statement_hash is None
    times = [entry.time for entry in (issue, sold, switched, accepted)]
    assert times == sorted(times)
    assert 0 < times[0] <= times[-1] <= ledger.head().timestamp
    (back, *_) = ledger.bill_chain(title("OCLN20251113021/3"))
    assert (back.action, back.statement_hash is not None) == ("ISSUE", True)


@pytest.mark.parametrize("after", ["ebl-amend-and-switch"], indirect=True)
def test_the_bills_of_a_line_name_each_other(after: Network) -> None:
    second = after.ledger.bill(title("OCLN20251113021/2"))
    assert second is not None
    assert (second.reference, second.sub_reference) == ("OCLN20251113021", 2)
    assert (second.replaces, second.replaced_by) == ("OCLN20251113021", "OCLN20251113021/3")
    assert (second.status, second.amendment_reason) == ("SURRENDERED_FOR_AMENDMENT", "SWTP")
    assert (second.possession, second.endorsee, second.surrendered_by) == (None, None, "importer")
    third = after.ledger.bill(title("OCLN20251113021/3"))
    assert third is not None
    assert (third.shipper, third.kind) == ("exporter", "to-order")
    assert after.ledger.bill(title("OCLN20251113021/4")) is None
    assert after.ledger.bill_chain(title("OCLN20251113021/4")) == ()


@pytest.mark.parametrize("after", ["ebl-financed-import"], indirect=True)
def test_a_pledge_is_possession_without_title(after: Network) -> None:
    chain = after.ledger.bill_chain(title("OCLN20251113012"))
    assert [(entry.action, entry.actor, entry.recipient) for entry in chain] == [
        ("ISSUE", "ocean-line", "exporter"),
        ("TRANSFER_WITH_TITLE", "exporter", "importer"),
        ("TRANSFER", "importer", "bank-jade"),
        ("TRANSFER_WITH_TITLE", "bank-jade", "trader"),
        ("SURRENDER_FOR_DELIVERY", "trader", "ocean-line"),
        ("SACC", "ocean-line", None),
    ]
    assert chain[1].transaction == chain[2].transaction, "in one instruction"


@pytest.mark.parametrize("after", ["ebl-disputes"], indirect=True)
def test_a_bill_in_each_state(after: Network) -> None:
    found = {number: after.ledger.bill(title(f"OCLN2025111304{number}")) for number in range(2, 7)}
    states = {
        number: (bill.kind, bill.status, bill.possession, bill.endorsee)
        for number, bill in found.items()
        if bill is not None
    }
    assert states == {
        2: ("to-order", "VOIDED", None, None),
        3: ("to-order", "ISSUED", "importer", "importer"),
        4: ("to-order", "PENDING_SURRENDER_FOR_DELIVERY", "ocean-line", "importer"),
        5: ("straight", "PENDING_SURRENDER_FOR_DELIVERY", "ocean-line", "importer"),
        6: ("blank", "SURRENDERED_FOR_DELIVERY", None, None),
    }
    assert found[4] is not None
    assert not found[4].endorsable


def test_a_chain_of_fifty_endorsements_is_read_whole(settlement_network: Network) -> None:
    ledger = settlement_network.ledger
    bill = endorsed_bill(settlement_network, 50)
    entries = ledger.bill_chain(bill)
    assert [entry.action for entry in entries] == ["ISSUE"] + ["ENDORSE_TO_ORDER"] * 50
    assert len({entry.transaction for entry in entries}) == 51
    assert [entry.block for entry in entries] == sorted({entry.block for entry in entries})
    assert ledger.bill_issue(bill) == BillIssue("to-order", "holder")
    assert (entries[-1].actor, entries[-1].recipient, entries[-1].time) == ("holder", "holder", ledger.head().timestamp)
