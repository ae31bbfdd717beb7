"""Whatever strikes, at whatever stage: the same positions in the end, each instruction settled once, the books agree.

The run has good trades in several batches, one that can settle only in part, one that is cancelled, one that came too
late and one that waits for money that never comes. Its chain is reorganised once, and mines so slowly that fees are
raised.
"""

from __future__ import annotations

import signal
import time

import pytest
from deep import DEEP
from faulty_run import LEASE_S, Fault, Task, run

from settlement.app import describe, open_service
from settlement.domain.submission import Submission
from settlement.durable.verify import verify
from settlement.ports import Journal, Queue

STAGES = {
    "take in": ("journal", "take_in", 1),
    "keep a cancellation": ("queue", "request_cancellation", 1),
    "take a lane": ("queue", "acquire_lane", 1),
    "keep the lane": ("queue", "renew", 1),
    "sign and store": ("queue", "dispatch", 1),
    "sign and store, later": ("queue", "dispatch", 2),
    "send": ("batches", "send", 1),
    "send, later": ("batches", "send", 3),
    "look": ("batches", "view", 3),
    "store a dearer one": ("queue", "record_replacement", 1),
    "store the result": ("queue", "record_result", 1),
    "store the result, later": ("queue", "record_result", 2),
    "sign a cancellation": ("queue", "dispatch_cancellation", 1),
    "put back what left the chain": ("queue", "unmine", 1),
    "note the block": ("queue", "record_position", 1),
    "wake what is due": ("queue", "wake_due", 1),
    "wake what has changed": ("queue", "wake", 1),
    "confirm": ("queue", "confirm", 1),
    "take a part in": ("journal", "take_in", 2),
    "take the remainder in": ("journal", "take_in", 3),
    "end the settlement date": ("queue", "record_judgements", 1),
    "give the lane back": ("queue", "release", 1),
}
"""Each stage as the port's method that takes it, and at which passage the fault strikes."""

REORGANISED = ("unmine", "record_result", "confirm")
"""Stages in whose runs the chain is reorganised, as it is in the undisturbed one."""

FAULTS = {
    "killed before": ("before", "killed"),
    "killed after": ("after", "killed"),
    "fails, nothing done": ("before", "failing"),
    "done, answer lost": ("after", "failing"),
}
STRIKING = tuple(fault for fault, (when, _) in FAULTS.items() if DEEP or when == "after")
"""What strikes before a stage strikes after the one before it, but for reads in between: `scripts/deep`."""

ELSEWHERE = {
    "record_instruction": "by hand, in a test of the network",
    "record_consents": "one side at a time, in a test of intake",
    "record_transaction": "by hand, in the test of lost answers",
    "record_transactions": "many small acts, in the tests of crowds",
    "record_history": "by hand, in a test of the network",
    "complete": "one side at a time, in a test of intake",
    "record_superseded": "a nonce that was taken elsewhere, in the worker's tests",
    "adopt_lane": "a worker that is no more, in the worker's tests",
    "retry": "by command, in the tests of the command line",
}
"""Writes that this run does not make, and who looks at them."""


@pytest.fixture
def task(market, settlement_chain, tmp_path):
    """The run, and everything that it will have settled; the chain mines only when it is told to."""
    network = market.network
    network.settle(network.leg("seller", "issuer", "bond", "5"))
    now = market.now()

    def submission(reference, legs, **more):
        return Submission(**({"reference": reference, "legs": tuple(legs), "deadline": now + 86_400} | more))

    submissions = [submission(f"GOOD-{number}", market.trade("10", "100.00")) for number in range(12)]
    submissions += [
        submission("PART", [network.leg("issuer", "buyer", "bond", "8")], partial_lot=1),
        submission("CANCELLED", market.trade("1", "1.00"), not_before=now + 80_000),
        submission("LATE", market.trade("1", "1.00"), deadline=now - 1),
        submission("WAITS", market.trade("1", "90,000.00"), settlement_date_end=now - 1),
    ]
    description = describe(settlement_chain, network.ledger.deployment, network.ledger.directory, "")
    market.rpc.call("evm_setAutomine", [False])
    yield Task(description, str(tmp_path / "journal.sqlite"), tuple(submissions), "CANCELLED", tmp_path / "reorganised")
    market.rpc.call("evm_setAutomine", [True])


STATUSES = {f"GOOD-{number}": "confirmed" for number in range(12)} | {
    "PART": "partial",
    "PART/1": "confirmed",
    "PART/2": "pending",
    "CANCELLED": "cancelled",
    "LATE": "expired",
    "WAITS": "failing",
}

POSITIONS = {
    ("bank-amber", "wholesale-hkd"): 1_120_000,
    ("bank-jade", "wholesale-hkd"): 880_000,
    ("seller", "amber-hkd"): 120_000,
    ("buyer", "jade-hkd"): 380_000,
    ("seller", "bond"): 875,
    ("buyer", "bond"): 125,
}


def require_the_promise(market, task):
    """Positions as undisturbed, each instruction where it belongs and settled once, journal unchanged, books agree."""
    assert market.amounts() == POSITIONS
    service = open_service(task.description, task.journal)
    try:
        journal = service.network.journal
        entries = {reference: journal.entry(reference) for reference in STATUSES}
        assert {reference: entry and entry.status.value for reference, entry in entries.items()} == STATUSES
        for reference, entry in entries.items():
            finals = [step for step in entry.history if step.status.value == "confirmed"]
            assert len(finals) == (STATUSES[reference] == "confirmed"), reference
        assert verify(service.database) == ()
        assert service.reconcile().differences == ()
    finally:
        service.close()


def test_undisturbed(market, task):
    assert run(task, None) == 0
    require_the_promise(market, task)


@pytest.mark.parametrize("fault", STRIKING)
@pytest.mark.parametrize("stage", STAGES)
def test_matrix(market, task, stage, fault):
    (port, method, passage), (when, how) = STAGES[stage], FAULTS[fault]
    if method not in REORGANISED:
        task.reorganised.touch()
    ended = run(task, Fault(port, method, when, how, passage))
    assert ended == (-signal.SIGKILL if how == "killed" else 0), "the fault's point was not passed, or it broke the run"
    if how == "killed":
        time.sleep(LEASE_S)  # The dead one's lease runs out.
        assert run(task, None) == 0
    require_the_promise(market, task)


def test_every_write_is_in_the_matrix():
    reads = {
        "entry", "stored", "by_ids", "settlements", "next_nonce", "next_nonces", "nonce_holder", "waited_for",
        "has_orphans", "newest_mined", "in_flight", "position", "find", "parts_settled", "unfinished_past", "is_busy",
        "rows", "figures",
    }  # fmt: skip
    methods = {name for port in (Journal, Queue) for name in vars(port) if not name.startswith("_")}
    assert methods - reads == {method for _, method, _ in STAGES.values()} - {"send", "view"} | set(ELSEWHERE)
