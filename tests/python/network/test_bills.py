"""Bills of lading on a chain: what a bill's contract says of it, and its chain of acts."""

from __future__ import annotations

import pytest

from settlement import Network, Refused
from settlement.app.reading import endorsed_bill
from settlement.domain.bills import HandOverBill
from settlement.domain.instruction import title_id
from settlement.domain.quantity import Quantity
from settlement.flow.desk import perform
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


@pytest.mark.parametrize("after", ["ebl-disputes"], indirect=True)
def test_a_chain_goes_on_from_register_to_register(after: Network) -> None:
    chain = after.ledger.bill_chain(title("OCLN20251113041"))
    assert [(entry.action, entry.register) for entry in chain[:5]] == [
        ("ISSUE", "ocean-bills"),
        ("HAND_OVER", "ocean-bills"),
        ("TAKE_OVER", "ocean-bills-harbour"),
        ("HAND_OVER", "ocean-bills-harbour"),
        ("TAKE_OVER", "ocean-bills"),
    ]
    assert [entry.is_digest_right for entry in chain[:5]] == [None, True, True, True, True]
    assert chain[1].chain_digest == chain[2].chain_digest != chain[3].chain_digest
    assert [entry.transaction for entry in chain[1:5:2]] == [entry.transaction for entry in chain[2:5:2]]
    assert {entry.actor for entry in chain[:5]} == {"ocean-line", "exporter"}
    assert all(entry.register == "ocean-bills" for entry in chain[5:])


class TestTwoPlatforms:
    """One carrier's bills on two platforms: which of them has one, the control tracking registry knows."""

    NAME, DOCUMENT = "OCLN1", "0x" + "1d" * 32

    @pytest.fixture
    def network(self, settlement_network: Network) -> Network:
        settlement_network.admit("ocean-line", "carrier")
        settlement_network.admit("exporter", "corporate")
        for register in ("ocean-bills", "harbour-bills"):
            settlement_network.create_bill_of_lading(register, "ocean-line")
        settlement_network.issue_bill("ocean-bills", "exporter", self.NAME, self.DOCUMENT)
        return settlement_network

    def hand_over(self, network: Network, chain_digest: str | None = None) -> None:
        said = {"instrument": "ocean-bills", "document_reference": self.NAME, "by": "exporter"}
        act = HandOverBill(**said, to_register="harbour-bills", chain_digest=chain_digest)
        perform(network.desk, act)

    def test_both_name_one_control_tracking_registry(self, network: Network) -> None:
        assert network.ledger.directory.control_tracking is not None
        network.set_up_control_tracking()  # There is one already.

    def test_the_second_platform_s_bill_is_refused_and_the_first_named(self, network: Network) -> None:
        with pytest.raises(Refused, match=r"live bill already.* in the register ocean-bills"):
            network.issue_bill("harbour-bills", "exporter", "OCLN2", self.DOCUMENT)
        with pytest.raises(Refused, match=r"'OCLN1', version 1, already: the register ocean-bills"):
            network.issue_bill("harbour-bills", "exporter", self.NAME, "0x" + "2d" * 32)

    def test_a_bill_handed_over_is_in_one_register(self, network: Network) -> None:
        ledger, here = network.ledger, title(self.NAME)
        there = here.model_copy(update={"instrument": "harbour-bills"})
        assert (ledger.title_in_control(here), ledger.bill(there)) == (here, None)
        self.hand_over(network)
        old, new = ledger.bill(here), ledger.bill(there)
        assert old is not None
        assert new is not None
        assert (old.status, old.possession, old.endorsee, old.register) == ("HANDED_OVER", None, None, "harbour-bills")
        assert (new.status, new.possession, new.endorsee, new.register) == (
            "ISSUED", "exporter", "exporter", "harbour-bills",
        )  # fmt: skip
        assert (new.shipper, new.document_hash, new.endorsable) == ("exporter", self.DOCUMENT, True)
        assert ledger.title_in_control(here) == ledger.title_in_control(there) == there
        assert ledger.bill_chain(here) == ledger.bill_chain(there)

    def test_a_digest_of_another_chain_shows(self, network: Network) -> None:
        self.hand_over(network, "0x" + "ab" * 32)
        _, handed, taken = network.ledger.bill_chain(title(self.NAME))
        assert (handed.is_digest_right, taken.is_digest_right) == (False, True)
        assert handed.chain_digest == taken.chain_digest == "0x" + "ab" * 32
