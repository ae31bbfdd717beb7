"""Many instructions, some of them bad; several workers at once; and a little chaos."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time

import pytest
from chaos import Run
from deep import DEEP

from settlement import connect
from settlement.app import deploy_on, describe, open_service
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.domain.acts import ChangeAccountBlock, ChangePartyStatus
from settlement.domain.instruction import Consent
from settlement.domain.submission import Submission
from settlement.durable.verify import verify
from settlement.errors import InputError
from settlement.flow.desk import perform
from settlement.flow.intake import submit
from settlement.flow.worker_rule import WorkerRule
from settlement.reports.market import TRADERS, cross_bank_dvp, set_up_market

ROUNDS_MAX = 20_000
MANY = 10_000 if DEEP else 2_000
OF_TWO_WORKERS = 4_000 if DEEP else 1_200


@pytest.fixture
def crowd():
    """Ten sellers and ten buyers on a chain of their own."""
    with AnvilNode(NodeSettings()) as node:
        deployment = deploy_on(node.url)
        network = connect(node.url, deployment=deployment, label="crowd")
        sellers = [f"seller-{index}" for index in range(TRADERS)]
        buyers = [f"buyer-{index}" for index in range(TRADERS)]
        set_up_market(network, sellers, buyers)
        for party in ("frozen", "suspended", "blocked", "no-account"):
            network.admit(party, "investor", provide_gas=False)
        for party in ("frozen", "suspended", "blocked"):
            network.open_account("jade-hkd", party)
        perform(network.desk, ChangePartyStatus(party="frozen", change="freeze"))
        perform(network.desk, ChangePartyStatus(party="suspended", change="suspend"))
        perform(network.desk, ChangeAccountBlock(instrument="jade-hkd", holder="blocked", blocked=True))
        network.ledger.party_address("stranger")
        legs = {(s, b): tuple(cross_bank_dvp(network, s, b)) for s in sellers for b in buyers}
        description = describe(node.url, deployment, network.ledger.directory, "crowd")
        yield network, description, legs


def bad_ones(network, now):
    """Ten ways to be bad: legs and more of each, and the reason it ends with."""
    seller, buyer = "seller-0", "buyer-0"
    good = cross_bank_dvp(network, seller, buyer)
    pay = lambda to: [network.leg(buyer, to, "jade-hkd", "1.00")]  # noqa: E731
    return [
        ([network.leg(seller, buyer, "bond", "90,000,000")], {}, "Instrument_InsufficientFree"),
        (pay("frozen"), {}, "Registry_PartyNotActive"),
        (pay("suspended"), {}, "Registry_PartyNotActive"),
        (pay("stranger"), {}, "Registry_PartyNotActive"),
        (pay("blocked"), {}, "AccountMoney_AccountBlocked"),
        (pay("no-account"), {}, "AccountMoney_NoAccount"),
        (good, {"deadline": now - 10}, "Engine_Expired|deadline is over"),
        (good, {"not_before": now + 80_000}, ""),
        (good, {"consents": "lone"}, ""),
        (good, {"consents": "forged"}, ""),
    ]


def with_consents(network, item, kind, nonce):
    """The submission with the buyer's own consent alone, or with one in the buyer's name that another party gave."""
    buyer = item.legs[0].receiver
    item = item.model_copy(update={"nonce": nonce})
    given = network.ledger.consent(buyer if kind == "lone" else item.legs[0].giver, item.instruction(nonce))
    address = network.ledger.directory.address_of(buyer)
    consent = Consent(party=buyer, address=address, signature=given.signature)
    return item.model_copy(update={"consents": (consent,)})


def test_of_many_the_good_settle_and_each_bad_one_has_its_reason(crowd, tmp_path):
    network, description, legs = crowd
    now = network.ledger.head().timestamp
    bad, pairs = bad_ones(network, now), list(legs.values())
    submissions, forged, wrong = [], [], {}
    for index in range(MANY):
        reference, more, reason = f"I-{index}", {}, None
        if index % 20 == 7:
            chosen, more, reason = bad[index // 20 % 10]
        else:
            chosen = pairs[index % len(pairs)]
        kind = more.get("consents")
        fields = {"reference": reference, "legs": tuple(chosen), "deadline": now + 86_400} | more
        item = Submission(**fields | {"consents": ()})
        if kind is not None:
            item = with_consents(network, item, kind, 1_000_000 + index)
        if kind == "forged":
            forged.append(item)
            continue
        submissions.append(item)
        if reason is not None:
            wrong[reference] = reason
    service = open_service(description, tmp_path / "journal.sqlite")
    for start in range(0, len(submissions), 500):
        submit(service.network.desk, submissions[start : start + 500], now)
    for item in forged:
        with pytest.raises(InputError, match=re.escape("consents[0]")):
            submit(service.network.desk, [item], now)
    worker = service.worker(WorkerRule(poll_s=0.001))
    for _ in range(ROUNDS_MAX):
        if not worker.step() and not service.queue.is_busy():
            break
    worker.close()
    journal = service.network.journal
    assert service.queue.figures().by_status["confirmed"] == MANY - len(wrong) - len(forged)
    assert not journal.stored([item.reference for item in forged])
    for reference, reason in wrong.items():
        entry = journal.entry(reference)
        assert entry.status.value != "confirmed"
        assert re.search(reason, entry.history[-1].detail), (reference, entry.history[-1].detail)
    assert verify(service.database) == ()
    assert service.reconcile().differences == ()
    service.close()


def test_a_worker_that_is_killed_is_taken_over_by_the_other_on_the_same_database(crowd, postgresql, tmp_path):
    network, description, legs = crowd
    url, now = postgresql.new_database(), network.ledger.head().timestamp
    described = tmp_path / "network.json"
    described.write_text(description.model_dump_json(), "utf-8")
    service = open_service(description, url)
    command = [sys.executable, "-m", "settlement.cli", "serve", "--network", str(described), "--journal", url]
    workers = [
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    try:
        pairs = list(legs.values())
        for start in range(0, OF_TWO_WORKERS, 200):
            some = [
                Submission(reference=f"I-{n}", legs=pairs[n % len(pairs)], deadline=now + 86_400)
                for n in range(start, start + 200)
            ]
            submit(service.network.desk, some, now)
            if start == OF_TWO_WORKERS // 2:
                workers[0].send_signal(signal.SIGKILL)
        until = time.monotonic() + 60
        while service.queue.figures().unfinished and time.monotonic() < until:
            time.sleep(0.05)
        assert service.queue.figures().by_status == {"confirmed": OF_TWO_WORKERS}
        assert verify(service.database) == ()
        assert service.reconcile().differences == ()
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait(timeout=30)
        service.close()


def test_a_little_chaos_ends_without_a_difference():
    said: list[str] = []
    steps = ["kill-worker", "answers-lost", "kill-submitter", "reorganise-2", "restart-node"]
    Run(1, [], said.append).all(steps)
    assert said[-1] == "0 differences"
