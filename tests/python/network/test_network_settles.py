"""A network as a library: one trade across two banks, what a refusal says, and what is remembered."""

from __future__ import annotations

import pytest

from settlement import Refused, connect
from settlement.chain.batch_codec import encode_items
from settlement.chain.calls import consent_values, encode_call
from settlement.chain.eip712 import INSTRUCTION_ABI, instruction_values
from settlement.chain.rpc import Rpc
from settlement.domain.instruction import InstructionStatus
from settlement.errors import InputError
from settlement.flow.instruct import instruct
from settlement.flow.lock import lock
from settlement.flow.match import match
from settlement.flow.settle import settle, settle_batch, settle_locked
from settlement.ports import SignedTransaction


def test_a_trade_across_two_banks_moves_everything(market):
    market.settle(*market.trade("10", "1,000.00"))
    assert market.amounts() == {
        ("seller", "bond"): 990,
        ("buyer", "bond"): 10,
        ("seller", "amber-hkd"): 100_000,
        ("buyer", "jade-hkd"): 400_000,
        ("bank-amber", "wholesale-hkd"): 1_100_000,
        ("bank-jade", "wholesale-hkd"): 900_000,
    }


def test_its_outcome_is_confirmed_and_has_the_transaction(market, settlement_chain):
    outcome = market.settle(*market.trade("10", "1,000.00"))
    assert outcome.status is InstructionStatus.CONFIRMED
    found = Rpc(settlement_chain).call("eth_getTransactionReceipt", [outcome.receipt.transaction])
    assert int(found["gasUsed"], 16) == outcome.receipt.gas_used


def test_a_receipt_that_is_asked_for_later_has_the_time_of_its_own_block(market):
    first = market.settle(*market.trade("10", "1,000.00")).receipt
    ledger = market.network.ledger
    ledger.advance_to(ledger.head().timestamp + 86_400)
    assert ledger.receipt(SignedTransaction(first.transaction, "", "", 0)).block == first.block


def test_a_refusal_leaves_everything_as_it_was(market):
    before = market.network.ledger.positions()
    with pytest.raises(Refused):
        market.settle(*market.trade("10", "5,000.01"))
    assert market.network.ledger.positions() == before


def test_what_is_not_locked_is_not_settled_out_of_holds_and_the_reason_is_that(market):
    matched = market.network.match(market.network.instruction(*market.trade("10", "1,000.00")))
    with pytest.raises(Refused, match="open, which does not allow this") as refusal:
        settle_locked(market.network.desk, matched)
    assert refusal.value.names == ("Engine_UnexpectedStatus",)


def test_what_is_locked_is_settled_out_of_its_holds_or_in_a_batch(market):
    desk, bonds = market.network.desk, []
    for count in range(2):
        bonds.append(market.network.match(market.network.instruction(*market.trade("10", "1,000.00"))))
        lock(desk, bonds[count])
        with pytest.raises(Refused, match="locked, which does not allow this"):
            settle(desk, bonds[count])
    settle_locked(desk, bonds[0])
    assert [outcome.status for outcome in settle_batch(desk, bonds[1:], "each-for-itself")] == ["settled"]
    assert market.amounts()["buyer", "bond"] == 20


def test_what_nobody_could_settle_is_not_locked(market):
    matched = market.network.match(market.network.instruction(market.network.leg("buyer", "seller", "jade-hkd", "1")))
    with pytest.raises(Refused, match="has no account") as refusal:
        lock(market.network.desk, matched)
    assert refusal.value.names == ("AccountMoney_NoAccount",)


def test_a_refusal_says_every_reason(market):
    instruction = market.network.instruction(
        *market.trade("1,001", "5,000.01"), not_before=market.now() - 20, deadline=market.now() - 10
    )
    matched = market.network.match(instruction, consenting=["seller"])
    with pytest.raises(Refused) as refusal:
        settle(market.network.desk, matched)
    assert sorted(refusal.value.names) == [
        "Engine_ConsentMissing",
        "Engine_Expired",
        "Instrument_InsufficientFree",
        "Instrument_InsufficientFree",
    ]


def test_an_instrument_that_answers_nothing_leaves_what_the_engine_says(market):
    """The dry run asks each instrument, and gets no further where one reverts; nor does the bond's first leg."""
    address = market.network.ledger.directory.instrument("bond").address
    revert_at_once = "0x60006000fd"
    market.rpc.call("anvil_setCode", [address, revert_at_once])
    matched = market.network.match(market.network.instruction(*market.trade("10", "1.00")))
    assert [reason.name for reason in market.network.ledger.reasons(matched.instruction, matched.consents)] == [
        "Reverted"
    ]
    with pytest.raises(Refused, match="without"):
        market.network.settle(*market.trade("10", "1.00"))


def test_a_refusal_says_the_amounts_in_a_sentence(market):
    with pytest.raises(Refused, match="Instrument_InsufficientFree: ") as refusal:
        market.settle(*market.trade("1,001", "1.00"))
    assert "seller" in str(refusal.value)


def test_a_refused_instruction_may_be_tried_again(market):
    matched = market.network.match(market.network.instruction(*market.trade("10", "5,000.01")))
    with pytest.raises(Refused):
        settle(market.network.desk, matched)
    market.network.issue("jade-hkd", "buyer", "0.01")
    assert settle(market.network.desk, matched).status is InstructionStatus.SETTLED


def test_a_settled_instruction_does_not_settle_again(market):
    matched = market.network.match(market.network.instruction(*market.trade("10", "1,000.00")))
    settle(market.network.desk, matched)
    after = market.amounts()
    with pytest.raises(Refused):
        settle(market.network.desk, matched)
    assert market.amounts() == after


def test_another_s_signature_is_refused(market):
    instruction = market.network.instruction(*market.trade("10", "1,000.00"))
    ledger = market.network.ledger
    consents = [ledger.consent("seller", instruction), ledger.consent("buyer", instruction, signed_by="seller")]
    with pytest.raises(Refused, match="buyer"):
        settle(market.network.desk, match(market.network.desk, instruction, consents))


# ---- the same bytes on and off chain ---------------------------------------------------------------------------------


EXTREMES = {
    "plain": {},
    "least": {"not_before": 0, "deadline": 0, "nonce": 0},
    "most": {"not_before": 2**64 - 1, "deadline": 2**64 - 1, "nonce": 2**256 - 1},
    "terms": {"terms": {"price": "99.80", "märkt": ["雪", {"b": 1, "a": None}]}},
}


@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize("legs", [1, 2, 32])
def test_an_instruction_s_id_is_the_engine_s(market, extreme, legs):
    some = (market.trade("1", "1.00") * 16)[:legs]
    instruction = market.network.instruction(*some, reference="R", **EXTREMES[extreme])
    ledger = market.network.ledger
    data = encode_call(f"idOf({INSTRUCTION_ABI})", [instruction_values(instruction, ledger.directory)])
    request = {"to": ledger.deployment.engine, "data": "0x" + data.hex()}
    assert market.rpc.call("eth_call", [request, "latest"]) == ledger.instruction_id(instruction)


def test_a_batch_settles_what_was_encoded(market):
    network = market.network
    batch = [network.match(network.instruction(*market.trade(nominal, "1.00"))) for nominal in ("1", "2", "3")]
    outcomes = settle_batch(network.desk, batch, "all-or-nothing")
    settled = [event for event in outcomes[0].receipt.events if event.name == "InstructionSettled"]
    assert [event.arguments["instructionId"] for event in settled] == [item.instruction_id for item in batch]
    assert network.position("buyer", "bond").balance == 6


def test_a_batch_names_each_account_once_and_can_be_read_back(market):
    network = market.network
    batch = [network.match(network.instruction(*market.trade(nominal, "1.00"))) for nominal in ("1", "2")]
    items = [
        (instruction_values(item.instruction, network.ledger.directory), consent_values(item.consents))
        for item in batch
    ]
    accounts, packed = encode_items(items)
    assert len(accounts) == len(set(accounts)) == 5
    assert read_back(accounts, packed) == [
        (legs, terms_hash, not_before, deadline, nonce, [(party, bytes(word)) for party, word in consents])
        for (legs, terms_hash, not_before, deadline, nonce), consents in items
    ]


def read_back(accounts, packed):
    """Reads the layout that BatchCodec.sol documents."""
    rest = packed

    def take(length):
        nonlocal rest
        taken, rest = rest[:length], rest[length:]
        assert len(taken) == length
        return taken

    def number(length):
        return int.from_bytes(take(length))

    items = []
    while rest:
        head = (take(32), number(8), number(8), number(32))
        legs = [(*(accounts[number(2)] for _ in range(4)), number(32)) for _ in range(number(1))]
        consents = [(accounts[number(2)], take(number(2))) for _ in range(number(1))]
        items.append((legs, *head, consents))
    return items


# ---- matching and the journal ----------------------------------------------------------------------------------------


def altered(instruction, field):
    """The other side's version, with one thing different."""
    legs = list(instruction.legs)
    if field == "legs[1].quantity.amount":
        quantity = legs[1].quantity
        legs[1] = legs[1].model_copy(update={"quantity": quantity.model_copy(update={"amount": quantity.amount + 1})})
        return instruction.model_copy(update={"legs": tuple(legs)})
    if field == "legs[0].receiver":
        legs[0] = legs[0].model_copy(update={"receiver": "issuer"})
        return instruction.model_copy(update={"legs": tuple(legs)})
    if field == "terms.price":
        return instruction.model_copy(update={"terms": {"price": "99.81"}})
    return instruction.model_copy(update={field: getattr(instruction, field) + 1})


@pytest.mark.parametrize(
    "field", ["legs[1].quantity.amount", "legs[0].receiver", "terms.price", "deadline", "not_before", "nonce"]
)
def test_two_versions_that_differ_do_not_match_and_the_field_is_named(market, field):
    ours = market.network.instruction(*market.trade("10", "1.00"), terms={"price": "99.80"})
    with pytest.raises(InputError) as error:
        match(market.network.desk, ours, (), theirs=altered(ours, field))
    assert f"do not match: {field} is" in str(error.value)


def test_what_does_not_match_is_not_remembered(market):
    ours = market.network.instruction(*market.trade("10", "1.00"), reference="R")
    with pytest.raises(InputError):
        match(market.network.desk, ours, (), theirs=altered(ours, "deadline"))
    assert market.network.journal.entry("R") is None


def test_two_versions_that_are_the_same_match(market):
    ours = market.network.instruction(*market.trade("10", "1.00"))
    consents = market.network.consents(ours, ["seller", "buyer"])
    matched = match(market.network.desk, ours, consents, theirs=ours.model_copy(deep=True))
    assert settle(market.network.desk, matched).status is InstructionStatus.SETTLED


def test_a_reference_with_other_terms_is_refused_and_the_field_is_named(market):
    first = market.network.instruction(*market.trade("10", "1.00"), reference="R", terms={"price": "99.80"})
    instruct(market.network.desk, first)
    with pytest.raises(InputError, match=r"reference 'R' is taken by other terms: .*terms\.price is '99.81'"):
        instruct(market.network.desk, altered(first, "terms.price"))


def test_the_same_instruction_again_is_the_same(market):
    instruction = market.network.instruction(*market.trade("10", "1.00"), reference="R")
    assert instruct(market.network.desk, instruction) == instruct(market.network.desk, instruction)
    history = market.network.journal.entry("R").history
    assert [step.status for step in history] == [InstructionStatus.INSTRUCTED]


def test_the_journal_outlives_the_process(market, settlement_chain, tmp_path):
    def books():
        ledger = market.network.ledger
        return connect(
            settlement_chain,
            deployment=ledger.deployment,
            directory=ledger.directory,
            journal=tmp_path / "journal.sqlite",
        )

    network = books()
    outcome = network.settle(*market.trade("10", "1.00"))
    network.journal.close()
    entry = books().journal.entry(outcome.instruction_id)
    assert [step.status.value for step in entry.history] == ["instructed", "matched", "sent", "settled", "confirmed"]
    assert entry.history[-1].transaction == outcome.receipt.transaction


def test_a_later_leg_may_give_what_an_earlier_one_brought(market):
    network = market.network
    network.admit("middleman", "investor")
    outcome = network.settle(
        network.leg("seller", "middleman", "bond", "10"), network.leg("middleman", "buyer", "bond", "10")
    )
    assert outcome.status == "confirmed"
    assert network.position("buyer", "bond").free == 10
