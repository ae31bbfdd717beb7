"""Rules with a fault planted: the chain beside them tells. What finds no fault here would find none in the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from random_acts import leg
from side_by_side import Disagreement, SideBySide

from settlement.domain import acts
from settlement.domain.bills import EntrustBill
from settlement.domain.instruction import Instruction, Leg, title_id
from settlement.domain.oracle import bills, bond, engine, fungible, money, netting, registry, tables
from settlement.domain.quantity import Quantity

PAYMENT = (leg("buyer", "seller", "jade-hkd", 400, "amber-hkd"),)
TRADE = (leg("seller", "buyer", "bond", 10), *PAYMENT)


def instruction(both: SideBySide, legs: tuple[Leg, ...] = TRADE, reference: str = "R", deadline: int = 5_000) -> Any:
    now = both.now
    return Instruction(
        reference=reference, legs=legs, terms={}, not_before=now - 100, deadline=now + deadline, nonce=len(reference)
    )


def settle(both: SideBySide, some: Instruction, forged: str | None = None, banks: bool = True) -> None:
    parties = [*some.parties, *(("bank-amber", "bank-jade") if banks else ())]
    both.do(acts.Settle(instruction=some, consents=both.consents(some, parties, forged)))


def lock(both: SideBySide, some: Instruction) -> None:
    both.do(acts.Lock(instruction=some, consents=both.consents(some, some.parties, None)))


def after_the_deadline(both: SideBySide) -> None:
    settle(both, instruction(both, deadline=-50))


def with_a_forged_consent(both: SideBySide) -> None:
    settle(both, instruction(both), forged="seller")


def twice(both: SideBySide) -> None:
    some = instruction(both)
    settle(both, some)
    settle(both, some)


def to_a_frozen_party(both: SideBySide) -> None:
    both.do(acts.ChangePartyStatus(party="seller", change="freeze"))
    settle(both, instruction(both, PAYMENT))


def with_what_is_held(both: SideBySide) -> None:
    lock(both, instruction(both, (leg("seller", "buyer", "note", 40),), "held"))
    settle(both, instruction(both, (leg("seller", "buyer", "note", 15),)))


def across_banks(both: SideBySide) -> None:
    settle(both, instruction(both, PAYMENT))


def above_the_mandate(both: SideBySide) -> None:
    settle(both, instruction(both, (leg("trader", "buyer", "amber-hkd", 501, "jade-hkd"),)), banks=False)


def under_a_used_reference(both: SideBySide) -> None:
    quantity = Quantity(instrument="jade-hkd", amount=1)
    for _ in range(2):
        both.do(acts.IssueMoney(holder="buyer", quantity=quantity, booking_reference="B-1"))


def cancelled_when_locked(both: SideBySide) -> None:
    some = instruction(both)
    lock(both, some)
    words = tuple(both.network.ledger.cancellation(party, some, "no") for party in some.parties)
    both.do(acts.Cancel(instruction=some, reason="no", cancellations=words))


def below_the_denomination(both: SideBySide) -> None:
    settle(both, instruction(both, (leg("issuer", "ocean-line", "note", 5),)))


def on_hold_below_the_denomination(both: SideBySide) -> None:
    lock(both, instruction(both, (leg("seller", "buyer", "note", 5),)))


def a_title_entrusted_to_its_buyer(both: SideBySide) -> None:
    about = {"instrument": "ocean-bills", "by": "seller", "document_reference": "BILL-1"}
    both.do(EntrustBill(**about, receiver="buyer", realisable_from=0))
    lock(both, instruction(both, (leg("seller", "buyer", "ocean-bills", title_id("BILL-1")),)))


def to_a_payee_without_an_account(both: SideBySide) -> None:
    lock(both, instruction(both, (leg("buyer", "seller", "jade-hkd", 400),)))


def batch(both: SideBySide, *some: Instruction) -> None:
    items = tuple(acts.Settle(instruction=each, consents=both.consents(each, each.parties, None)) for each in some)
    both.do(acts.SettleBatch(items=items, mode="each-for-itself"))


def locked_in_a_batch(both: SideBySide) -> None:
    some = instruction(both)
    lock(both, some)
    batch(both, some)


def locked_reserves_in_a_batch(both: SideBySide) -> None:
    reserves = instruction(both, (leg("bank-jade", "bank-amber", "wholesale-hkd", 1_000_000),), "held")
    lock(both, reserves)
    paid = instruction(both, (leg("trader", "buyer", "amber-hkd", 400, "jade-hkd"),), "paid")
    batch(both, paid, reserves)


def out_of_holds_that_need_each_other(both: SideBySide) -> None:
    reserves = (leg("bank-amber", "bank-jade", "wholesale-hkd", 600_000),)
    some = instruction(both, (*PAYMENT, *reserves, leg("bank-jade", "bank-amber", "wholesale-hkd", 999_999)))
    lock(both, some)
    both.do(acts.SettleLocked(instruction=some, consents=()))


def in_a_batch_with_a_bad_one(both: SideBySide) -> None:
    some = [instruction(both, PAYMENT, "a"), instruction(both, (*TRADE, leg("seller", "buyer", "bond", 9**9)), "bad")]
    batch(both, *some)


def a_title(both: SideBySide) -> None:
    settle(both, instruction(both, (leg("seller", "buyer", "ocean-bills", title_id("BILL-1")),)))


def never(*_arguments: Any, **_named: Any) -> None:
    """What a rule that is left out does."""


def only_what_leaves(
    self: netting.Netting, instrument: str, account: str, change: int, note: Any = netting.Netting.note
) -> None:
    """What comes, and the end of a hold, go unseen."""
    if change < 0:
        note(self, instrument, account, change)


def one_after_the_other(self: engine.Engine, call: Any, terms: Any, consents: Any) -> None:
    """Each hold ended just before its leg is performed."""
    self._spend(terms, engine.LOCKED, engine.SETTLED)
    self._tables.put(self.held_legs, terms.instruction_id, 0)
    for index, each in enumerate(terms.legs):
        self._instrument(each.instrument).resolve_hold(terms.holds[index])
        self._perform(call.at, index, each, consents)


FAULTS: dict[str, tuple[Any, str, Callable[..., Any], Callable[[SideBySide], None]]] = {
    "no window": (engine.Engine, "_check_window", never, after_the_deadline),
    "no signature": (engine, "_verify", never, with_a_forged_consent),
    "no nonce": (engine.Engine, "_spend", never, twice),
    "no freeze": (registry.Registry, "require_active", never, to_a_frozen_party),
    "holds are free": (fungible.Fungible, "free_of", lambda self, who: self.balances.get(who, 0), with_what_is_held),
    "no reserves": (netting.Netting, "move", never, across_banks),
    "no limit": (money.Deposits, "use_mandate", lambda *_: True, above_the_mandate),
    "no booking": (money.AccountMoney, "_book", never, under_a_used_reference),
    "no release": (engine.Engine, "_release_all", never, cancelled_when_locked),
    "no denomination": (bond.Bond, "_check_position", never, below_the_denomination),
    "no denomination on hold": (bond.Bond, "_check_hold", never, on_hold_below_the_denomination),
    "locks what cannot pass": (engine.Engine, "_require_performable", never, a_title_entrusted_to_its_buyer),
    "locks what cannot be paid": (engine.Engine, "_require_performable", never, to_a_payee_without_an_account),
    "no lock in a batch": (engine.Engine, "_settle_item", engine.Engine.settle, locked_in_a_batch),
    "no release in a batch": (netting.Netting, "note", only_what_leaves, locked_reserves_in_a_batch),
    "one hold after the other": (
        engine.Engine,
        "settle_locked",
        one_after_the_other,
        out_of_holds_that_need_each_other,
    ),
    "no roll-back": (tables.Tables, "roll_back", never, in_a_batch_with_a_bad_one),
    "no title": (bills.Bills, "_passes_title", lambda *_: False, a_title),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_a_rule_is_found_by_the_act_that_it_is_about(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    owner, name, planted, act = FAULTS[fault]

    def done() -> None:
        with both.anew():
            act(both)
            both.compare()

    done()
    monkeypatch.setattr(owner, name, planted)
    with pytest.raises(Disagreement):
        done()
