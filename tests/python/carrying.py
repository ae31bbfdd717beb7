"""Random acts with bills of lading by random parties, wrong ones among them, and how DCSA's chains tell of them.

The rules are those of `domain.ebl.control`; what is held to them is in the machines derived from this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from types import MappingProxyType
from typing import Any, Literal, get_args

from bills import entry, party
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from settlement.domain import bills
from settlement.domain.bills import BillKind, Endorsement
from settlement.domain.ebl.chain import BillState, Transaction, advance, replay
from settlement.domain.ebl.control import Bill, Entrustment, Entry, Movement, Register, Standing, after
from settlement.domain.ebl.party import Party
from settlement.domain.ebl.responses import EblRefused
from settlement.domain.instruction import terms_hash
from settlement.errors import Refused

TRADERS = ("alice", "bob", "carol", "dan")
CARRIER, STRANGER = "ocean-line", "stranger"
INSTRUMENT = "ocean-bills"
STATEMENT = terms_hash({"statement": "changed"})
DOCUMENTS = tuple(terms_hash({"document": str(number)}) for number in range(6))
"""Few, so that a second live bill is often tried."""
LATER_S = 1000
"""How far time goes at once; a pledge that is not due yet is due after that."""

ACTOR = (*["holder"] * 9, *["endorsee"] * 2, *TRADERS, CARRIER, STRANGER)
"""Who acts: mostly whoever has possession, so that bills get around."""
OTHER = (*TRADERS, *TRADERS, *TRADERS, CARRIER, STRANGER)
"""Whom it is done to."""
RECEIVER = (*TRADERS, *TRADERS, "endorsee", "endorsee", "entrusted", "entrusted", CARRIER, STRANGER)
FIRST_ENDORSEE = ("holder", "holder", *TRADERS)
ANSWERER = (*[CARRIER] * 8, "holder", "alice")
KIND = ("to-order", "to-order", "straight", "blank")
WHICH = (0, 0, 0, 0, 1, 1, 2, 3)
"""Which bill, from the newest on."""
ENDORSEMENTS = (*get_args(Endorsement), "SIGN")
ENTRUSTMENT_CHANGES = ("revoke", "accept", "renounce")
ACTS_PER_STEP = 5
SEED = st.integers(0, 2**64 - 1)
CHANGE = (None, "freeze", "suspend")
PLEDGE_FROM = ("never", "now", "now", "later")

UNTOLD = frozenset(
    {
        "Registry_PartyNotActive",
        "Title_OnHold",
        "BillOfLading_EntrustmentNotAccepted",
        "BillOfLading_InvalidEntrustment",
        "BillOfLading_NotEntrusted",
        "BillOfLading_UnexpectedReason",
    }
)
"""Why an act may be refused that a chain could tell of: it knows neither these parties' standing nor holds nor
entrustments, nor that a switch to paper is accepted in its own way."""


class Carrying(RuleBasedStateMachine):
    """A carrier's register by the rules, and what a DCSA chain of each bill says."""

    register: Register

    def __init__(self) -> None:
        super().__init__()
        self.locked: dict[str, Movement] = {}
        self.references = 0
        self.steps = 0

    @initialize(seed=SEED)
    def first(self, seed: int) -> None:
        parties: dict[str, Standing] = dict.fromkeys((*TRADERS, CARRIER), "active")
        self.register = Register(CARRIER, MappingProxyType(parties), now=self.begin())
        random = Random(seed)
        self.issue(0, random.choice(KIND), random.choice(TRADERS), random.choice(FIRST_ENDORSEE))
        self.issue(1, "to-order", "alice", "holder")

    @rule(seed=SEED)
    def step(self, seed: int) -> None:
        """A few acts. They are chosen by a seed and its position, since what Hypothesis draws repeats itself often."""
        self.steps += 1
        random = Random(f"{seed} {self.steps}")
        for _ in range(ACTS_PER_STEP):
            act, choices = random.choice(STEPS)
            arguments = {name: random.choice(options) for name, options in choices.items()}
            note(f"{act.__name__} {arguments}")
            act(self, **arguments)

    # ---- a bill begins ----

    def issue(self, document: int, kind: BillKind, holder: str, endorsee: str) -> None:
        self.attempt(bills.IssueBill(**self.new(document, kind, holder, endorsee)))

    def reissue(self, which: int, kind: BillKind, to: str, same: bool, paper: bool) -> None:
        name, bill = self.bill(which, live=False)
        holder = bill.surrendered_by or "alice" if to == "holder" else self.who(to, bill)
        new = self.new(which, kind, holder, "holder")
        if same:
            new["document_reference"] = bill.number.reference
        if paper:
            self.attempt(bills.IssueBillFromPaper(**new, replaces=name, statement_hash=STATEMENT))
        else:
            self.attempt(bills.ReissueBill(**new, replaces=name))

    def new(self, document: int, kind: BillKind, holder: str, endorsee: str) -> dict[str, Any]:
        self.references += 1
        return {
            "instrument": INSTRUMENT,
            "holder": holder,
            "document_reference": f"OCLN{self.references}",
            "document_hash": DOCUMENTS[document],
            "bill_kind": kind,
            "endorsee": None if endorsee == "holder" else endorsee,
        }

    # ---- what is done with it ----

    def endorse_or_sign(self, which: int, by: str, action: Endorsement | Literal["SIGN"], to: str) -> None:
        if action == "SIGN":
            self.act(which, by, bills.SignBill, statement_hash=STATEMENT)
        else:
            endorsee = None if action == "BLANK_ENDORSE" else to
            self.act(which, by, bills.EndorseBill, endorsement=action, endorsee=endorsee)

    def entrust(self, which: int, giver: str, receiver: str, due: str, goes: int, change: str | None, to: str) -> None:
        """An agent or a pledgee is entrusted; perhaps it accepts, is given the bill, and gives it on."""
        name, bill = self.bill(which)
        giver = self.who(giver, bill)
        due_time = {"never": 0, "now": 1, "later": self.register.now + LATER_S // 2}[due]
        given = self.act(which, giver, bills.EntrustBill, receiver=receiver, realisable_from=due_time)
        if given and goes > 0:
            self.act(which, receiver, bills.AcceptEntrustment, giver=giver, realisable_from=due_time)
        if given and goes > 1:
            self.attempt(Movement(name, giver, receiver))
        if given and goes > 2:
            self.surroundings(giver if change else None, change or "freeze")
            self.attempt(Movement(name, receiver, self.who(to, bill)))

    def change_entrustment(self, which: int, by: str, other: str, change: str) -> None:
        """Mostly one that is there."""
        bill = self.bill(which)[1]
        (giver, receiver), terms = next(
            reversed(bill.entrusted.items()), ((other, self.who(by, bill)), Entrustment(False, 0))
        )
        if change == "revoke":
            self.act(which, giver, bills.RevokeEntrustment, receiver=receiver)
        elif change == "accept":
            due_time = 0 if by == "endorsee" else terms.realisable_from
            self.act(which, receiver, bills.AcceptEntrustment, giver=giver, realisable_from=due_time)
        else:
            self.act(which, receiver, bills.RenounceEntrustment, giver=giver)

    def move(self, which: int, giver: str, receiver: str) -> None:
        name, bill = self.bill(which)
        self.attempt(Movement(name, self.who(giver, bill), self.who(receiver, bill)))

    def lock(self, which: int, giver: str, receiver: str, change: str | None) -> None:
        """A movement is locked, and somebody tries to change what it will pass."""
        name, bill = self.bill(which)
        movement = Movement(name, self.who(giver, bill), self.who(receiver, bill), "lock")
        if self.attempt(movement):
            self.locked[name] = movement
        if change is not None:
            self.change_entrustment(which, "holder", movement.receiver, change)

    def end_lock(self, settles: bool) -> None:
        if not self.locked:
            return
        name, movement = next(reversed(self.locked.items()))
        if self.attempt(replace(movement, step="settle-locked" if settles else "release")):
            del self.locked[name]

    def surrender(self, which: int, by: str, reason: bills.AmendmentReason | None) -> None:
        if reason is None:
            self.act(which, by, bills.SurrenderBill, step="request")
        else:
            self.act(which, by, bills.SurrenderBillForAmendment, reason=reason)

    def answer(self, which: int, by: str, answer: str) -> None:
        if answer == "paper":
            self.act(which, by, bills.AcceptSwitchToPaper, statement_hash=STATEMENT)
        else:
            self.act(which, by, bills.SurrenderBill, step=answer)

    def amend(self, which: int, paper: bool, kind: BillKind, same: bool) -> None:
        """From the surrender to the bill that takes its place, so that lines of bills grow."""
        self.surrender(which, "holder", "SWTP" if paper else "COD")
        self.answer(which, CARRIER, "paper" if paper else "accept")
        self.reissue(0, kind, "holder", same, paper)

    def take_back(self, which: int, endorsement: Endorsement | None, to: str) -> None:
        """The carrier buys a bill, perhaps passes its title on, and voids it."""
        self.move(which, "holder", CARRIER)
        if endorsement is not None:
            self.endorse_or_sign(which, "holder", endorsement, to)
        self.answer(which, CARRIER, "void")

    # ---- the world around it ----

    def surroundings(self, who: str | None, change: str) -> None:
        """Time passes, whoever was barred is let in again, and perhaps somebody else is barred."""
        parties = dict(self.register.parties)
        for each, standing in parties.items():
            if standing != "active":
                parties[each] = "active"
                self.status_changes(each, "unfreeze" if standing == "frozen" else "reinstate")
        if who is not None:
            parties[who] = "frozen" if change == "freeze" else "suspended"
            self.status_changes(who, change)
        now = self.register.now + LATER_S
        self.register = replace(self.register, parties=MappingProxyType(parties), now=now)
        self.time_passes()

    # ---- who and which ----

    def bill(self, which: int, live: bool = True) -> tuple[str, Bill]:
        """A bill, from the newest on; those that live before those that have ended, or the other way round."""
        newest_first = list(reversed(self.register.bills.items()))
        newest_first.sort(key=lambda each: each[1].is_live != live)
        return newest_first[which % len(newest_first)]

    def who(self, actor: str, bill: Bill) -> str:
        """The party that a word means."""
        entrusted = (receiver for (giver, receiver), found in bill.entrusted.items() if giver == bill.titleholder)
        someone = {"holder": bill.possession, "endorsee": bill.endorsee, "entrusted": next(entrusted, None)}
        return someone.get(actor, actor) or "alice"

    def act(self, which: int, by: str, kind: Any, **fields: Any) -> bool:
        name, bill = self.bill(which)
        by = self.who(by, bill)
        return self.attempt(kind(instrument=INSTRUMENT, document_reference=name, by=by, **fields))

    # ---- what is held to the rules ----

    def attempt(self, act: Any) -> bool:
        """Tries an act; whether the rules allow it."""
        before = self.register
        try:
            self.register = after(before, act)
        except Refused as refused:
            (reason,) = refused.names
            self.refused(act, reason)
            return False
        self.done(act, before)
        return True

    def begin(self) -> int:
        """The time at which everything begins."""
        return 1_800_000_000

    def status_changes(self, party_: str, change: str) -> None:
        """A party is barred, or let in again."""

    def time_passes(self) -> None:
        """It is `register.now`."""

    def refused(self, act: Any, reason: str) -> None:
        """What the rules refuse, a chain refuses too, where it can tell of it."""
        bill = None if isinstance(act, bills.NewBill) else self.register.bills[act.document_reference]
        tried = None if bill is None or reason in UNTOLD else _tried(act, bill)
        told = None if bill is None else dcsa_chain(bill)
        if bill is None or tried is None or told is None:
            return
        state = replay(*told)
        try:
            for each in dcsa_entries(tried, bill.titleholder):
                state = advance(state, each)
        except EblRefused:
            return
        raise AssertionError(f"the chain lets through what is refused with {reason}: {act}")

    def done(self, act: Any, before: Register) -> None:
        """What the rules let through, a chain lets through too, and says the same of the bill."""
        if isinstance(act, Movement) and act.step in ("settle", "settle-locked"):
            assert_nobody_buys_possession_alone(self.register.bills[act.document_reference], act.receiver)
        for name, bill in self.register.bills.items():
            if bill is not before.bills.get(name) and (told := dcsa_chain(bill)) is not None:
                assert_same(replay(*told), bill)

    @invariant()
    def one_party_is_in_control(self) -> None:
        """EBL-1."""
        live = [bill.document_hash for bill in self.register.bills.values() if bill.is_live]
        assert len(live) == len(set(live)), "two live bills of one document"
        for bill in self.register.bills.values():
            assert (bill.possession is not None) == (bill.titleholder is not None) == bill.is_live
            assert bill.is_live == (bill.status == "ISSUED" or bill.status.startswith("PENDING"))


EITHER = (True, False)
STEPS: tuple[tuple[Callable[..., None], dict[str, Sequence[Any]]], ...] = (
    (Carrying.issue, {"document": range(6), "kind": KIND, "holder": OTHER, "endorsee": FIRST_ENDORSEE}),
    (Carrying.reissue, {"which": WHICH, "kind": KIND, "to": ACTOR, "same": EITHER, "paper": EITHER}),
    *[(Carrying.endorse_or_sign, {"which": WHICH, "by": ACTOR, "action": ENDORSEMENTS, "to": OTHER})] * 2,
    *[
        (
            Carrying.entrust,
            {
                "which": WHICH,
                "giver": ACTOR,
                "receiver": OTHER,
                "due": PLEDGE_FROM,
                "goes": range(4),
                "change": CHANGE,
                "to": RECEIVER,
            },
        )
    ]
    * 2,
    (Carrying.change_entrustment, {"which": WHICH, "by": ACTOR, "other": OTHER, "change": ENTRUSTMENT_CHANGES}),
    *[(Carrying.move, {"which": WHICH, "giver": ACTOR, "receiver": RECEIVER})] * 3,
    (Carrying.lock, {"which": WHICH, "giver": ACTOR, "receiver": RECEIVER, "change": (None, *ENTRUSTMENT_CHANGES)}),
    (Carrying.end_lock, {"settles": EITHER}),
    (Carrying.surrender, {"which": WHICH, "by": ACTOR, "reason": (None, None, "COD", "SWI", "SWTP")}),
    *[(Carrying.answer, {"which": WHICH, "by": ANSWERER, "answer": ("accept", "reject", "reject", "paper", "void")})]
    * 2,
    (Carrying.amend, {"which": WHICH, "paper": EITHER, "kind": KIND, "same": EITHER}),
    (Carrying.take_back, {"which": WHICH, "endorsement": (None, "ENDORSE", "ENDORSE_TO_ORDER"), "to": TRADERS}),
    (Carrying.surroundings, {"who": (None, None, None, *TRADERS, CARRIER), "change": ("freeze", "suspend")}),
)
"""What may happen, as often as it stands here, and out of what each of its arguments is chosen."""


# ---- as DCSA tells it ------------------------------------------------------------------------------------------------


def dcsa_chain(bill: Bill) -> tuple[BillKind, list[Transaction], Party | None, Party] | None:
    """What `replay` takes of a bill; None where something happened to it that DCSA has no words for.

    That is VOID, and that the carrier bought the title. A signature of a titleholder without possession is left out.
    """
    issue = bill.chain[0]
    kind, named = bill.issued_as
    entries: list[Transaction] = []
    possession, titleholder = issue.recipient, named
    for each in bill.chain:
        if each.action == "VOID" or (each.action, each.recipient) == ("TRANSFER_WITH_TITLE", CARRIER):
            return None
        if each.action == "SIGN" and each.actor != possession:
            continue
        entries += dcsa_entries(each, titleholder)
        if each.action in ("TRANSFER_WITH_TITLE", *get_args(Endorsement)):
            titleholder = each.recipient
        if each.action not in ("SIGN", *get_args(Endorsement)):
            possession = each.recipient
    return kind, entries, None if named is None else party(named), party(bill.shipper)


def dcsa_entries(each: Entry, titleholder: str | None) -> list[Transaction]:
    """An entry in DCSA's words. A pledgee who passes title does it for the titleholder, whose title it is."""
    if each.action != "TRANSFER_WITH_TITLE":
        reason = {} if each.reason is None else {"reasonCode": each.reason}
        return [entry(each.actor, each.action, each.recipient if each.action != "SREJ" else None, **reason)]
    acting = each.actor if titleholder in (each.actor, None) else f"{each.actor} for {titleholder}"
    return [entry(acting, "ENDORSE_TO_ORDER", each.recipient), entry(each.actor, "TRANSFER", each.recipient)]


def _tried(act: Any, bill: Bill) -> Entry | None:
    """The entry that an act would have made; None where a chain does not tell of such acts."""
    match act:
        case Movement(step="settle" | "settle-locked"):
            return Entry("TRANSFER_WITH_TITLE", act.giver, act.receiver)
        case bills.EndorseBill():
            return Entry(act.endorsement, act.by, act.endorsee)
        case bills.SignBill():
            return Entry("SIGN", act.by, None)
        case bills.SurrenderBill(step="request"):
            return Entry("SURRENDER_FOR_DELIVERY", act.by, CARRIER)
        case bills.SurrenderBillForAmendment():
            return Entry("SURRENDER_FOR_AMENDMENT", act.by, CARRIER, act.reason)
        case bills.SurrenderBill(step="accept") | bills.AcceptSwitchToPaper():
            return Entry("SACC", act.by, None)
        case bills.SurrenderBill(step="reject"):
            return Entry("SREJ", act.by, None)
    return None


def assert_nobody_buys_possession_alone(bill: Bill, receiver: str) -> None:
    """Whoever a settled movement gives possession has title, or has agreed to have none, or shipped the goods."""
    agreed = bill.accepted(bill.titleholder, receiver)
    shipped = bill.kind == "straight" and (receiver == bill.shipper or bill.accepted(bill.shipper, receiver))
    assert bill.titleholder == receiver or agreed or shipped, bill


def assert_same(state: BillState, bill: Bill) -> None:
    """A chain says of a bill what the rules do."""
    told = (state.possession, state.titleholder, state.shipper, state.surrendered_by)
    names = tuple(None if each is None else each.party_name for each in told)
    assert names == (bill.possession, bill.titleholder, bill.shipper, bill.surrendered_by)
    assert (state.status, state.kind, state.reason_code) == (bill.status, bill.kind, bill.amendment_reason)
    assert state.endorsable == (bill.endorsable and bill.is_live)
