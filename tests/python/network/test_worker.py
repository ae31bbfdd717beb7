"""A worker settles what is in the queue once each, says why not, and takes over what another one left."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from served import ServedMarket

from settlement import InputError
from settlement.chain.keystore import DevelopmentSigner
from settlement.domain.finality import FinalityRule
from settlement.domain.instruction import InstructionStatus
from settlement.domain.submission import Submission
from settlement.durable.verify import verify
from settlement.errors import LaneLost
from settlement.flow.clock import SystemClock
from settlement.flow.intake import submit
from settlement.flow.lock import lock
from settlement.ports import ChainIdentity, Judgement, QueueState

TOGETHER_S = 60.0


def test_what_is_submitted_settles_and_is_confirmed(service):
    service.submit("R")
    service.until(service.worker(), "R", InstructionStatus.CONFIRMED)
    assert service.market.network.position("buyer", "bond").balance == 10
    entry = service.journal.entry("R")
    assert [step.status.value for step in entry.history] == ["matched", "sent", "confirmed"]


def test_the_same_submission_again_is_already_there(service):
    service.submit("R")
    service.submit("R", deadline=service.journal.entry("R").instruction.deadline)
    service.until(service.worker(), "R", InstructionStatus.CONFIRMED)
    assert service.market.network.position("buyer", "bond").balance == 10


def test_the_same_reference_with_other_terms_is_refused_and_names_the_field(service):
    service.submit("R")
    deadline = service.journal.entry("R").instruction.deadline
    with pytest.raises(InputError, match=r"'R' is taken by other terms.*legs\[0\]\.quantity\.amount is 11"):
        service.submit("R", nominal="11", deadline=deadline)


def test_a_reference_that_looks_like_an_id_names_its_own_instruction_and_no_other(service):
    service.submit("R")
    id_of_r = service.journal.entry("R").instruction_id
    service.submit(id_of_r[:12])
    own = service.journal.entry(id_of_r[:12])
    assert own.instruction.reference == id_of_r[:12]
    assert service.journal.entry(id_of_r[:14]).instruction.reference == "R", "the beginning of an id still names it"
    assert service.journal.entry("0x") is None, "too little names nobody"
    assert service.journal.entry(id_of_r[:6]) is None


def test_one_bad_instruction_does_not_stop_the_others(service):
    service.submit("BAD", nominal="5000")
    service.submit("GOOD")
    worker = service.worker()
    service.until(worker, "GOOD", InstructionStatus.CONFIRMED)
    assert service.status("BAD") is InstructionStatus.PENDING
    assert "Instrument_InsufficientFree" in service.journal.entry("BAD").history[-1].detail


def test_what_somebody_locks_before_it_is_settled_settles_all_the_same(service):
    service.submit("R")
    network = service.market.network
    lock(network.desk, network.match(service.journal.entry("R").instruction))
    assert network.position("seller", "bond").held == 10
    service.until(service.worker(), "R", InstructionStatus.CONFIRMED)
    assert (network.position("buyer", "bond").balance, network.position("seller", "bond").held) == (10, 0)


def test_a_pending_instruction_settles_when_what_it_lacked_has_come(service):
    service.submit("R", cash="6000.00")
    worker = service.worker()
    service.until(worker, "R", InstructionStatus.PENDING)
    service.market.network.issue("jade-hkd", "buyer", "2,000.00")
    service.until(worker, "R", InstructionStatus.CONFIRMED)


def test_what_a_lost_worker_had_signed_is_taken_over_and_settles_once(service):
    service.submit("R")
    lost = service.worker("lost", lease_s=-1.0)
    signed = service.dispatch(lost)
    service.until(service.worker("next"), "R", InstructionStatus.CONFIRMED)
    assert service.market.network.position("buyer", "bond").balance == 10
    assert service.journal.entry("R").history[-1].transaction == signed.transactions[0].hash


def test_a_settlement_is_confirmed_only_when_it_is_final(service):
    service.submit("R")
    worker = service.worker(finality=FinalityRule(kind="depth", depth=2))
    service.until(worker, "R", InstructionStatus.SETTLED)
    service.market.rpc.call("anvil_mine", ["0x2"])
    service.until(worker, "R", InstructionStatus.CONFIRMED)


def test_a_reorganised_settlement_is_pending_and_settles_again_by_itself(service):
    service.submit("R")
    worker = service.worker(finality=FinalityRule(kind="depth", depth=5), resend_s=0.05)
    service.until(worker, "R", InstructionStatus.SETTLED)
    service.market.rpc.call("anvil_reorg", [1, []])
    service.market.rpc.call("anvil_mine", ["0x1"])
    service.until(worker, "R", InstructionStatus.PENDING)
    service.until(worker, "R", InstructionStatus.SETTLED)
    assert service.market.network.position("buyer", "bond").balance == 10


def test_another_chain_is_refused(service):
    worker = service.worker(identity=ChainIdentity(service.identity.chain_id, "0x" + "0" * 64))
    with pytest.raises(InputError, match="not the one that the journal belongs to"):
        worker.step()


def test_where_both_sides_allow_it_a_part_settles_now_and_the_rest_later(service):
    service.submit("R", nominal="10", cash="10,000.00", partial_lot=1)  # The buyer has half of that.
    worker = service.worker()
    service.until(worker, "R/1", InstructionStatus.CONFIRMED)
    assert service.status("R") is InstructionStatus.PARTIAL
    assert service.market.network.position("buyer", "bond").balance == 5
    service.market.network.issue("jade-hkd", "buyer", "5,000.00")
    service.until(worker, "R/2", InstructionStatus.CONFIRMED)
    assert service.market.network.position("buyer", "bond").balance == 10
    assert service.market.network.position("buyer", "jade-hkd").balance == 0


def test_a_nonce_used_by_another_transaction_ends_sent_and_the_instruction_settles_with_the_next(service):
    worker = service.worker(resend_s=0.05)
    key = DevelopmentSigner("/submitter 1", service.identity.chain_id)
    service.submit("R")
    assert service.dispatch(worker).transactions[0].sender == key.address
    values = {"type": 2, "chainId": service.identity.chain_id, "nonce": 0, "gas": 21_000, "value": 0, "data": b""}
    values |= {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 0, "accessList": [], "to": key.address}
    service.market.rpc.call("eth_sendRawTransaction", [key.sign_transaction(values).raw])
    service.market.rpc.call("anvil_mine", ["0x1"])
    worker.forget()
    service.until(worker, "R", InstructionStatus.CONFIRMED)
    details = [step.detail for step in service.journal.entry("R").history]
    assert "its nonce was used by a transaction that is not ours" in details
    assert service.market.network.position("buyer", "bond").balance == 10


def test_a_batch_that_is_not_mined_is_sent_again_at_a_higher_fee(service):
    service.submit("R")
    rpc = service.market.rpc
    rpc.call("evm_setAutomine", [False])
    try:
        worker = service.worker(resend_s=0.01, replace_s=0.0)
        for _ in range(50):
            worker.step()
        pool = rpc.call("txpool_status", [])
        assert pool["pending"] == "0x1"
    finally:
        rpc.call("evm_setAutomine", [True])
        rpc.call("anvil_mine", ["0x1"])
    service.until(worker, "R", InstructionStatus.CONFIRMED)
    assert service.market.network.position("buyer", "bond").balance == 10


def test_a_deadline_that_passes_expires_the_instruction(service):
    service.submit("R", nominal="5000", deadline=service.market.now() + 60)
    worker = service.worker()
    service.until(worker, "R", InstructionStatus.PENDING)
    service.market.network.ledger.advance_to(service.market.now() + 61)
    service.until(worker, "R", InstructionStatus.EXPIRED)


def test_pending_is_failing_after_the_settlement_date(service):
    service.submit("R", nominal="5000", settlement_date_end=service.market.now() + 60)
    worker = service.worker()
    service.until(worker, "R", InstructionStatus.PENDING)
    service.market.network.ledger.advance_to(service.market.now() + 61)
    service.until(worker, "R", InstructionStatus.FAILING)


def test_a_nonce_that_was_believed_used_and_is_not_is_used_after_all(service):
    service.submit("R")
    worker = service.worker(resend_s=0.01)
    lane, first = worker.recover(), service.dispatch(worker)
    (item,) = first.items
    back = Judgement(item.sequence, item.matched.instruction_id, InstructionStatus.PENDING, QueueState.READY)
    service.queue.record_superseded(lane, first.nonce, [back], worker.now())
    assert service.queue.dispatch(
        lane, 10, worker.now(), lambda items: service.batches.sign_batch([items[0].matched], lane.lane, first.nonce + 2)
    )
    worker.forget()
    service.until(worker, "R", InstructionStatus.CONFIRMED)
    assert service.market.network.position("buyer", "bond").balance == 10


def test_a_submitter_whose_gas_money_is_gone_is_given_some_where_the_chain_allows_it(service):
    worker = service.worker(resend_s=0.01)
    lane = worker.recover()
    service.market.rpc.call("anvil_setBalance", [lane.address, "0x0"])
    service.submit("R")
    service.until(worker, "R", InstructionStatus.CONFIRMED)


def test_a_worker_that_has_a_lane_of_its_own_takes_over_an_orphaned_one(service):
    survivor = service.worker("survivor")
    own = survivor.recover()
    lost = service.worker("lost", lease_s=-1.0)
    service.submit("R")
    signed = service.dispatch(lost)
    assert signed.transactions[0].sender != own.address
    service.until(survivor, "R", InstructionStatus.CONFIRMED)
    assert service.journal.entry("R").history[-1].transaction == signed.transactions[0].hash


def test_what_a_lost_worker_had_settled_is_confirmed_by_another(service):
    finality = FinalityRule(kind="depth", depth=3)
    lost, other = service.worker("lost", finality=finality), service.worker("other", finality=finality)
    other.recover()
    service.submit("R")
    service.until(lost, "R", InstructionStatus.SETTLED)
    lost.close()
    service.market.rpc.call("anvil_mine", ["0x3"])
    service.until(other, "R", InstructionStatus.CONFIRMED)


def test_what_a_lost_worker_had_settled_and_the_chain_lost_settles_again(service):
    rule = {"finality": FinalityRule(kind="depth", depth=3), "resend_s": 0.01}
    lost, other = service.worker("lost", **rule), service.worker("other", **rule)
    other.recover()
    service.submit("R")
    service.until(lost, "R", InstructionStatus.SETTLED)
    lost.close()
    service.market.rpc.call("anvil_reorg", [1, []])
    service.market.rpc.call("anvil_mine", ["0x4"])
    service.until(other, "R", InstructionStatus.PENDING)
    service.until(other, "R", InstructionStatus.SETTLED)
    service.market.rpc.call("anvil_mine", ["0x3"])
    service.until(other, "R", InstructionStatus.CONFIRMED)
    assert service.market.network.position("buyer", "bond").balance == 10


def test_a_worker_that_was_taken_for_dead_changes_nothing_more(service):
    late = service.worker("late", lease_s=-1.0)
    lane = late.recover()
    service.worker("next").recover()
    service.submit("R")
    with pytest.raises(LaneLost, match="taken over"):
        service.queue.dispatch(
            lane, 10, late.now(), lambda items: service.batches.sign_batch([items[0].matched], lane.lane, 0)
        )
    assert service.status("R") is InstructionStatus.MATCHED


def test_what_another_worker_has_sent_meanwhile_is_not_judged_by_a_look_from_before(service):
    service.submit("R")
    survivor, other = service.worker("survivor"), service.worker("other")
    lane = survivor.recover()
    ((row, sequence),) = service.queue.unfinished_past(2.0**62, limit=1)
    service.dispatch(other)
    late = Judgement(sequence, row.instruction_id, InstructionStatus.EXPIRED, QueueState.DONE, "too late")
    service.queue.record_judgements(lane, [late], survivor.now())
    assert service.status("R") is InstructionStatus.SENT


def test_whatever_characters_a_contract_refuses_with_are_kept(service):
    service.submit("R")
    worker = service.worker()
    lane = worker.recover()
    ((row, sequence),) = service.queue.unfinished_past(2.0**62, limit=1)
    refused = Judgement(sequence, row.instruction_id, InstructionStatus.PENDING, QueueState.WAITING, "a\0b\x1b")
    service.queue.record_judgements(lane, [refused], worker.now())
    assert service.journal.entry("R").history[-1].detail == "a\N{REPLACEMENT CHARACTER}b\x1b"
    assert verify(service.service.database) == ()


def test_two_sides_that_submit_their_consents_apart_settle_together(service):
    desk, now = service.service.network.desk, service.market.now()
    terms = {"reference": "R", "legs": tuple(service.market.trade("10", "1.00")), "deadline": now + 86_400, "nonce": 77}
    signed = desk.ledger.signed(Submission(**terms).instruction(77), ["seller", "buyer"])
    for consent in signed.consents:
        assert service.status("R") is not InstructionStatus.MATCHED
        submit(desk, [Submission(**terms, consents=(consent,))], now, sign=False)
    service.until(service.worker(), "R", InstructionStatus.CONFIRMED)


@pytest.mark.parametrize("other", ["amount", "party", "garbage"])
def test_a_consent_that_is_not_its_partys_over_these_terms_is_refused_at_intake(service, other):
    desk, now = service.service.network.desk, service.market.now()
    terms = {"reference": "R", "legs": tuple(service.market.trade("10", "1.00")), "deadline": now + 86_400, "nonce": 77}
    signed = terms | ({"legs": tuple(service.market.trade("11", "1.00"))} if other == "amount" else {})
    by = "buyer" if other == "party" else "seller"
    consent = desk.ledger.consent("seller", Submission(**signed).instruction(77), signed_by=by)
    if other == "garbage":
        consent = consent.model_copy(update={"signature": "0x1234"})
    with pytest.raises(InputError, match=r"'R': consents\[0\]: the consent of 'seller' is no signature"):
        submit(desk, [Submission(**terms, consents=(consent,))], now)
    assert service.status("R") is None


def test_consents_without_the_nonce_that_they_cover_are_refused(service):
    desk, now = service.service.network.desk, service.market.now()
    terms = {"reference": "R", "legs": tuple(service.market.trade("10", "1.00")), "deadline": now + 86_400}
    consent = desk.ledger.consent("seller", Submission(**terms).instruction(0))
    with pytest.raises(InputError, match="consents come along and no nonce"):
        submit(desk, [Submission(**terms, consents=(consent,))], now)


def test_an_instruction_that_names_what_the_worker_does_not_know_waits_and_stops_nobody(service, journal_place):
    known = service.service.network.ledger.directory
    service.service.network.ledger.know_party("stranger", "0x" + "42" * 20)
    leg = service.market.trade("1", "1.00")[0].model_copy(update={"receiver": "stranger"})
    submit(
        service.service.network.desk,
        [Submission(reference="STRANGE", legs=(leg,), deadline=service.market.now() + 86_400)],
        service.market.now(),
    )
    service.submit("GOOD")
    description = service.description.model_copy(update={"directory": known})
    later = ServedMarket(service.market, description.url, journal_place, description=description)
    later.until(later.worker(), "GOOD", InstructionStatus.CONFIRMED)
    assert later.status("STRANGE") is InstructionStatus.PENDING
    assert "stranger" in later.journal.entry("STRANGE").history[-1].detail
    later.service.close()


def test_several_workers_and_intakes_at_once_settle_everything_once(service):
    references = [f"R{number}" for number in range(24)]

    def submit_some(mine):
        for reference in mine:
            service.submit(reference, nominal="1")

    def work(owner):
        worker = service.worker(owner, batch_size=3)
        try:
            worker.run(lambda: all(service.status(each) is InstructionStatus.CONFIRMED for each in references))
        finally:
            worker.close()

    with ThreadPoolExecutor(4) as threads:
        busy = [threads.submit(submit_some, references[start::2]) for start in range(2)]
        busy += [threads.submit(work, owner) for owner in ("one", "two")]
        for each in busy:
            each.result(TOGETHER_S)
    assert service.market.network.position("buyer", "bond").balance == len(references)
    assert verify(service.service.database) == ()


class Patience(SystemClock):
    """A clock by which no time is waited, only something is done."""

    def __init__(self, meanwhile) -> None:
        self.meanwhile = meanwhile

    def sleep(self, seconds: float) -> None:
        self.meanwhile()


def test_a_worker_waits_out_a_database_server_that_crashed_and_settles_once(market, settlement_chain, postgresql):
    made = ServedMarket(market, settlement_chain, postgresql.new_database())
    made.submit("R")
    signed = made.dispatch(made.worker("lost", lease_s=-1.0))
    troubles = []

    def meanwhile():
        if worker.trouble is not None and not troubles:
            troubles.append(worker.trouble)
            postgresql.start()

    worker = made.worker("next", clock=Patience(meanwhile))
    postgresql.stop()
    try:
        worker.run(lambda: bool(troubles) and made.status("R") is InstructionStatus.CONFIRMED)
    finally:
        if not troubles:
            postgresql.start()
    assert "its server is not there" in troubles[0]
    assert made.journal.entry("R").history[-1].transaction == signed.transactions[0].hash
    made.service.close()
