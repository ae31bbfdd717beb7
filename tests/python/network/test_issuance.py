"""The closing of an issue on a real chain: three rails, each allocation for itself, nothing twice whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from settlement import InputError, Network, Refused
from settlement.app import connect
from settlement.chain.rpc import Rpc
from settlement.domain import acts
from settlement.domain.bonds.book import Allocation, allocation_hash
from settlement.domain.bonds.entries import DayCount, single_coupon
from settlement.domain.instruction import InstructionStatus, MatchedInstruction
from settlement.domain.quantity import Quantity
from settlement.flow.desk import Desk, perform
from settlement.flow.issuance import cancel_allocation, close_issue, primary_reference
from settlement.flow.settle import settle

BOND, ISSUER, INTO = "bond", "government", "amber-hkd"
PRICE = 999_550
SMALL_UNITS = 99_955
"""What 1,000 of nominal cost at 99.955, in cents."""


@dataclass
class Placement:
    """A bond that is being placed, and three investors with a rail each; South Bond Fund lacks money."""

    network: Network
    chain: str
    journal: Path

    @property
    def desk(self) -> Desk:
        return self.network.desk

    def close(self, *some: Allocation, **more: Any) -> Any:
        return close_issue(more.pop("desk", self.desk), BOND, some or ALL, more.pop("price", PRICE), INTO, **more)

    def states(self, closing: Any) -> dict[str, str]:
        return {each.allocation.label: each.state for each in closing.settlements}

    def held(self) -> dict[tuple[str, str], int]:
        return {key: found.held for key, found in self.network.ledger.positions().items() if found.held}

    def nominals(self) -> dict[str, int]:
        return {line.holder: line.nominal for line in self.network.ledger.register(BOND)}

    def again(self, journal: Path | None = None) -> Network:
        """Another process: it knows the chain, the names and the journal's file."""
        deployment, directory = self.network.ledger.deployment, self.network.ledger.directory  # type: ignore[attr-defined]
        return connect(self.chain, deployment=deployment, directory=directory, journal=journal or self.journal)

    def fund(self) -> None:
        self.network.issue("jade-hkd", "south-fund", "1,000.00")


def allocated(investor: str, nominal: int, pays_from: str, client: str = "") -> Allocation:
    return Allocation(investor=investor, nominal=nominal, pays_from=pays_from, on_behalf_of=client)


PEARL = allocated("bank-pearl", 3_000, "wholesale-hkd")
NORTH = allocated("north-custody", 2_000, "amber-hkd")
SOUTH = allocated("south-fund", 1_000, "jade-hkd")
ALL = (PEARL, SOUTH, NORTH)
"""The one that fails is in the middle."""


@pytest.fixture
def placement(settlement_network: Network, settlement_chain: str, tmp_path: Path) -> Placement:
    deployment = settlement_network.ledger.deployment  # type: ignore[attr-defined]
    network = connect(settlement_chain, deployment=deployment, journal=tmp_path / "journal.sqlite")
    network.admit("authority", "central-bank")
    network.admit(ISSUER, "issuer")
    for bank in ("bank-amber", "bank-jade", "bank-pearl"):
        network.admit(bank, "bank")
    network.admit("north-custody", "custodian")
    network.admit("south-fund", "investor")
    everybody = ["bank-amber", "bank-jade", "bank-pearl", ISSUER]
    network.create_wholesale_cbdc("wholesale-hkd", "authority", accounts=everybody)
    network.create_wholesale_cbdc("wholesale-usd", "authority", currency="USD", accounts=everybody)
    accounts = [ISSUER, "north-custody", "south-fund"]
    network.create_tokenized_deposit(INTO, "bank-amber", "wholesale-hkd", accounts=accounts)
    network.create_tokenized_deposit("jade-hkd", "bank-jade", "wholesale-hkd", accounts=["south-fund"])
    network.set_mandate("jade-hkd", {"bank-amber": "100,000.00"}, "100,000.00")
    for bank in ("bank-amber", "bank-jade", "bank-pearl"):
        network.issue("wholesale-hkd", bank, "10,000.00")
    network.issue(INTO, "north-custody", "2,500.00")
    issued, due = date(2023, 2, 16), date(2024, 2, 16)
    create = acts.CreateGreenBond(
        instrument=BOND,
        issuer=ISSUER,
        isin="HK0000000007",
        currency="HKD",
        nominal=6_000,
        minimum_denomination=100,
        increment=50,
        day_count=DayCount.ACT_365F,
        frequency=1,
        utc_offset_seconds=0,
        coupons=(single_coupon(issued, due, 40_500),),
        terms_hash="0x" + "00" * 32,
        framework_hash="0x" + "00" * 32,
        framework_uri="",
    )
    perform(network.desk, create)
    perform(network.desk, acts.AdmitInstrument(instrument=BOND))
    return Placement(network, settlement_chain, tmp_path / "journal.sqlite")


def test_one_without_money_fails_alone_is_cured_and_the_bond_opens(placement):
    told: list[str] = []
    closing = placement.close(on_settled=lambda each: told.append(each.allocation.label))
    assert told == ["bank-pearl", "south-fund", "north-custody"]
    assert placement.states(closing) == {
        "bank-pearl": "delivered",
        "south-fund": "failed",
        "north-custody": "delivered",
    }
    assert [each.rail for each in closing.settlements] == ["central-bank-money", "bank-to-bank", "within-bank"]
    (reason,) = closing.settlements[1].reasons
    assert reason.name == "Instrument_InsufficientFree"
    assert (closing.status, closing.is_delivered) == ("closing", False)
    assert closing.allocation_hash == allocation_hash(BOND, ALL)
    assert placement.held() == {}
    assert placement.nominals() == {ISSUER: 1_000, "bank-pearl": 3_000, "north-custody": 2_000}
    steps = placement.network.journal.entry(primary_reference(BOND, PEARL)).history
    kept = [step.status.value for step in steps if step.status is not InstructionStatus.SENT]
    assert kept == ["instructed", "matched", "locked", "settled", "confirmed"]

    placement.fund()
    cured = placement.close()
    assert [each.is_new for each in cured.settlements] == [False, True, False]
    assert (cured.status, cured.is_delivered) == ("live", True)
    assert placement.nominals() == {"bank-pearl": 3_000, "north-custody": 2_000, "south-fund": 1_000}
    assert placement.network.position(ISSUER, "wholesale-hkd").balance == 3 * SMALL_UNITS
    assert placement.network.position(ISSUER, INTO).balance == 3 * SMALL_UNITS
    assert placement.network.position("south-fund", "jade-hkd").balance == 100_000 - SMALL_UNITS

    block = placement.network.ledger.head().number
    last = placement.close()
    assert placement.network.ledger.head().number == block, "a closing that is over sends nothing"
    assert last.is_delivered
    assert not any(each.is_new for each in last.settlements)


def test_a_cancelled_allocation_is_redeemed_cannot_be_settled_any_more_and_the_bond_opens(placement):
    placement.close()
    stored = placement.network.journal.stored([primary_reference(BOND, SOUTH)])[primary_reference(BOND, SOUTH)]
    taken_out = cancel_allocation(placement.desk, BOND, (PEARL, NORTH), (SOUTH,), PRICE, INTO)
    assert taken_out.redeemed == 1_000
    assert placement.network.ledger.status(stored.instruction) is InstructionStatus.CANCELLED
    placement.fund()
    with pytest.raises(Refused):
        settle(placement.desk, MatchedInstruction(**{
            "instruction_id": stored.instruction_id, "instruction": stored.instruction, "consents": stored.consents,
        }))  # fmt: skip
    again = cancel_allocation(placement.desk, BOND, (PEARL, NORTH), (SOUTH,), PRICE, INTO)
    assert again.redeemed == 0
    closing = placement.close(PEARL, NORTH)
    assert closing.status == "live"
    assert closing.allocation_hash == allocation_hash(BOND, (PEARL, NORTH))
    assert placement.network.ledger.supply(BOND) == 5_000
    block = placement.network.ledger.head().number
    assert cancel_allocation(placement.desk, BOND, (PEARL, NORTH), (SOUTH,), PRICE, INTO).redeemed == 0
    assert placement.network.ledger.head().number == block
    with pytest.raises(InputError, match="bond is live and other allocations than these were recorded"):
        placement.close()


def test_what_was_delivered_is_not_cancelled(placement):
    placement.close()
    block = placement.network.ledger.head().number
    with pytest.raises(InputError, match=r"bank-pearl was delivered its 3,000 of bond; only what was not"):
        cancel_allocation(placement.desk, BOND, (NORTH, SOUTH), (PEARL,), PRICE, INTO)
    with pytest.raises(InputError, match="nothing is left"):
        cancel_allocation(placement.desk, BOND, (), (SOUTH,), PRICE, INTO)
    assert placement.network.ledger.head().number == block


class Died(BaseException):
    """As a process that is killed: nothing of ours catches it."""


class Dying:
    """A ledger that dies before or after it sends the transaction with this number, from 1 on."""

    def __init__(self, ledger: Any, number: int, after: bool = False, then: Callable[[], None] | None = None) -> None:
        self._ledger, self._left, self._after, self._then = ledger, number, after, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def send(self, transaction: Any) -> None:
        self._left -= 1
        if self._left == 0 and not self._after:
            self._strike()
        self._ledger.send(transaction)
        if self._left == 0 and self._after:
            self._ledger.receipt(transaction)
            self._strike()

    def _strike(self) -> None:
        if self._then is None:
            raise Died
        self._then()


SENDS = ("issue", "allocate", "lock 1", "settle 1", "lock 2", "settle 2", "lock 3", "settle 3", "open")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, len(SENDS) + 1), ids=SENDS)
def test_killed_anywhere_it_goes_on_and_delivers_nothing_twice(placement, number, after):
    placement.fund()
    with pytest.raises(Died):
        placement.close(desk=Desk(Dying(placement.network.ledger, number, after), placement.network.journal))
    again = placement.again()
    closing = placement.close(desk=again.desk)
    assert (closing.status, closing.is_delivered) == ("live", True)
    assert placement.nominals() == {"bank-pearl": 3_000, "north-custody": 2_000, "south-fund": 1_000}
    assert placement.network.ledger.supply(BOND) == 6_000
    assert placement.held() == {}
    assert placement.network.position(ISSUER, INTO).balance == 3 * SMALL_UNITS
    statuses = again.journal.stored([primary_reference(BOND, each) for each in ALL]).values()
    assert all(each.status.value in ("settled", "confirmed") for each in statuses)


def test_what_cannot_settle_once_it_is_locked_is_released_and_tried_again_under_another_reference(placement):
    placement.fund()

    def freeze() -> None:
        perform(placement.desk, acts.ChangePartyStatus(party="south-fund", change="freeze"))

    locking = Dying(placement.network.ledger, 5, after=True, then=freeze)
    closing = placement.close(desk=Desk(locking, placement.network.journal))
    assert placement.states(closing)["south-fund"] == "failed"
    assert closing.settlements[1].reasons
    assert placement.held() == {}, "its holds are released"
    assert placement.states(closing)["north-custody"] == "delivered"

    perform(placement.desk, acts.ChangePartyStatus(party="south-fund", change="unfreeze"))
    cured = placement.close()
    assert cured.status == "live"
    assert cured.settlements[1].reference == "PRIMARY/bond/south-fund#2"


@pytest.mark.parametrize("days", [0, 2], ids=["in time", "past its window"])
def test_an_allocation_that_a_killed_process_left_locked_can_be_cancelled(placement, days):
    placement.fund()
    with pytest.raises(Died):
        placement.close(desk=Desk(Dying(placement.network.ledger, 5, after=True), placement.network.journal))
    assert placement.held()[("south-fund", "jade-hkd")] == SMALL_UNITS
    if days:
        placement.network.ledger.advance_to(placement.network.ledger.head().timestamp + days * 86_400)
    cancel_allocation(placement.desk, BOND, (PEARL, NORTH), (SOUTH,), PRICE, INTO)
    assert placement.held() == {}
    assert placement.close(PEARL, NORTH).status == "live"
    assert placement.network.position("south-fund", "jade-hkd").free == 100_000


def test_after_its_window_an_allocation_gets_another_instruction(placement):
    placement.close()
    placement.fund()
    placement.network.ledger.advance_to(placement.network.ledger.head().timestamp + 2 * 86_400)
    closing = placement.close()
    assert closing.status == "live"
    assert closing.settlements[1].reference == "PRIMARY/bond/south-fund#2"
    assert placement.nominals()["south-fund"] == 1_000


def test_an_investor_may_pay_on_another_rail_when_its_own_fails(placement):
    placement.close()
    placement.network.issue(INTO, "south-fund", "999.55")
    closing = placement.close(PEARL, allocated("south-fund", 1_000, INTO), NORTH)
    assert closing.status == "live"
    first = placement.network.journal.stored([primary_reference(BOND, SOUTH)])[primary_reference(BOND, SOUTH)]
    assert first.status is InstructionStatus.CANCELLED, "it cannot be settled beside the other"
    assert placement.network.position("south-fund", INTO).balance == 0


def test_a_closing_goes_on_at_the_price_and_with_the_allocations_that_it_began_with(placement):
    placement.close()
    placement.fund()
    block = placement.network.ledger.head().number
    for some, price, told in [
        (ALL, 1_000_000, r"bank-pearl was delivered 3,000 of bond against 2,998.65 of wholesale-hkd"),
        ((PEARL, SOUTH), PRICE, r"north-custody holds 2,000 of bond; .* delivered 0 of 0"),
        ((PEARL, SOUTH, allocated("north-custody", 1_000, INTO)), PRICE, "north-custody was delivered 2,000 of bond"),
    ]:
        with pytest.raises(InputError, match=told):
            placement.close(*some, price=price)
    assert placement.network.ledger.head().number == block
    assert placement.close().status == "live"


def test_what_another_journal_delivered_is_seen_on_the_register(placement, tmp_path):
    placement.close()
    placement.fund()
    elsewhere = placement.again(tmp_path / "other.sqlite")
    with pytest.raises(InputError, match=r"bank-pearl holds 3,000 of bond; .* delivered 0 of 2,000"):
        placement.close(allocated("bank-pearl", 2_000, "wholesale-hkd"), SOUTH, NORTH, desk=elsewhere.desk)
    closing = placement.close(desk=elsewhere.desk)
    assert closing.status == "live"
    assert placement.nominals() == {"bank-pearl": 3_000, "north-custody": 2_000, "south-fund": 1_000}
    assert placement.network.position(ISSUER, "wholesale-hkd").balance == 3 * SMALL_UNITS


def test_a_nonce_that_another_journal_used_is_passed_over(placement, tmp_path):
    placement.fund()
    placement.network.issue(INTO, ISSUER, "1.00")
    elsewhere = placement.again(tmp_path / "other.sqlite")
    elsewhere.settle(
        elsewhere.leg(ISSUER, "south-fund", INTO, "1.00"), elsewhere.leg("south-fund", ISSUER, INTO, "1.00")
    )
    assert placement.close().status == "live"


def test_each_client_of_a_custodian_is_delivered_once(placement):
    some = (
        PEARL,
        allocated("north-custody", 1_000, INTO, "Client A"),
        allocated("north-custody", 2_000, INTO, "Client B"),
    )
    closing = placement.close(*some)
    assert placement.states(closing) == {
        "bank-pearl": "delivered",
        "north-custody/Client A": "delivered",
        "north-custody/Client B": "failed",
    }
    placement.network.issue(INTO, "north-custody", "5,000.00")
    assert placement.close(*some).status == "live"
    assert placement.nominals()["north-custody"] == 3_000
    assert len({primary_reference(BOND, each) for each in some}) == 3


@pytest.mark.parametrize(
    ("allocation", "told"),
    [
        (allocated("nobody", 1_000, INTO), "party 'nobody' is unknown"),
        (allocated(ISSUER, 1_000, INTO), "government is the issuer of bond and is allocated nothing"),
        (allocated("south-fund", 1_000, "no-money"), "instrument 'no-money' is unknown"),
        (allocated("south-fund", 1_000, BOND), "bond is a green-bond; an allocation is paid in money"),
        (allocated("bank-pearl", 1_000, "wholesale-usd"), "wholesale-usd is in USD and bond in HKD"),
    ],
)
def test_what_cannot_be_paid_is_told_before_anything_is_sent(placement, allocation, told):
    block = placement.network.ledger.head().number
    with pytest.raises(InputError, match=told):
        placement.close(NORTH, allocation)
    with pytest.raises(InputError, match="south-fund pays from jade-hkd, which does not reach wholesale-hkd"):
        close_issue(placement.desk, BOND, [SOUTH], PRICE, "wholesale-hkd")
    with pytest.raises(InputError, match="amber-hkd is a tokenized-deposit; only a bond has an issue to close"):
        close_issue(placement.desk, INTO, [SOUTH], PRICE, INTO)
    assert placement.network.ledger.head().number == block


def test_more_than_the_terms_allow_is_refused_by_the_ledger(placement):
    with pytest.raises(Refused, match="the terms allow"):
        placement.close(*ALL, allocated("bank-jade", 50, "wholesale-hkd"))
    assert placement.nominals() == {}


def test_nominal_that_was_issued_before_is_not_issued_again(placement):
    perform(placement.desk, acts.IssueBond(quantity=Quantity(instrument=BOND, amount=6_000)))
    placement.fund()
    assert placement.close().status == "live"
    assert placement.network.ledger.supply(BOND) == 6_000


def test_references_are_short_and_tell_investors_and_clients_apart():
    long = "a" * 40
    some = [
        allocated(long, 100, INTO),
        allocated(long, 100, INTO, "Client A"),
        allocated("a", 100, INTO),
        allocated("a", 100, INTO, "Client A"),
    ]
    names = [primary_reference(bond, each, attempt) for bond in ("b" * 40, "b") for each in some for attempt in (1, 99)]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 64


def test_the_chain_is_asked_by_its_events_what_was_allocated(placement):
    assert placement.network.ledger.bond_allocation(BOND) is None
    placement.close()
    said = placement.network.ledger.bond_allocation(BOND)
    assert (said.allocation_hash, said.nominal) == (allocation_hash(BOND, ALL), 6_000)
    logs = Rpc(placement.chain).call("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "latest"}])
    placement.close()
    again = Rpc(placement.chain).call("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "latest"}])
    assert len(again) == len(logs), "a closing that fails again records nothing again"
