"""Random acts by random parties: each passes exactly where books of our own say so, and one party is in control.

The books are written as `BillModel.sol` writes its own, from what acts mean and not from the code under test.
"""

from __future__ import annotations

from typing import get_args

from bills import entry, party
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from settlement.domain.bills import BillKind
from settlement.domain.ebl.chain import BillState, Transaction, advance, replay
from settlement.domain.ebl.responses import EblRefused

PARTIES = ("Alice", "Bob", "Carol", "Carrier")
PARTY = st.sampled_from(PARTIES)
ACTOR = st.sampled_from((*PARTIES, *["holder"] * 6))
"""Whoever has possession more often than others, and below whoever has title: chains grow."""
RECIPIENT = st.sampled_from((*PARTIES, *["endorsee"] * 4))
ADDRESSEE = st.sampled_from((*PARTIES, *["Carrier"] * 4))
KIND = st.sampled_from((*get_args(BillKind), "to-order", "to-order"))
ENDORSEMENTS = ("ENDORSE", "ENDORSE_TO_ORDER", "BLANK_ENDORSE")
SURRENDERS = ("SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT")


class Control(RuleBasedStateMachine):
    """A bill, and who has what of it by our own books: a set each, so that nobody and two parties can be told."""

    state: BillState

    @initialize(kind=KIND, holder=st.sampled_from(PARTIES[:3]), named=st.sampled_from((*PARTIES[:3], *["holder"] * 4)))
    def issue(self, kind: BillKind, holder: str, named: str) -> None:
        named = holder if named == "holder" else named
        self.chain: list[Transaction] = [entry("Carrier", "ISSUE", holder)]
        self.issued_as, self.named = kind, None if kind == "blank" else party(named)
        self.state = replay(kind, self.chain, self.named)
        self.possession, self.title = {holder}, set() if kind == "blank" else {named}
        self.straight, self.endorsable = kind == "straight", kind != "straight"
        self.shipper, self.pending, self.ended = holder, "", False

    @rule(actor=ACTOR, recipient=RECIPIENT)
    def transfer(self, actor: str, recipient: str) -> None:
        actor, recipient = self.resolved(actor), next(iter(self.title), "Bob") if recipient == "endorsee" else recipient
        if self.attempt(actor, "TRANSFER", recipient, self.may_dispose(actor) and actor != recipient):
            self.possession.remove(actor)
            self.possession.add(recipient)

    @rule(actor=ACTOR, action=st.sampled_from(ENDORSEMENTS), recipient=PARTY)
    def endorse(self, actor: str, action: str, recipient: str) -> None:
        actor = self.resolved(actor)
        blank = action == "BLANK_ENDORSE"
        may = self.may_dispose(actor) and self.has_title(actor) and self.endorsable and not self.straight
        if self.attempt(actor, action, None if blank else recipient, may and (blank or recipient != "Carrier")):
            self.title = set() if blank else {recipient}
            self.endorsable = action != "ENDORSE"

    @rule(actor=ACTOR, action=st.sampled_from(SURRENDERS), recipient=ADDRESSEE)
    def surrender(self, actor: str, action: str, recipient: str) -> None:
        actor = self.resolved(actor)
        shipped = self.straight and actor == self.shipper
        may = self.may_dispose(actor) and (shipped or self.has_title(actor)) and recipient == "Carrier"
        if self.attempt(actor, action, recipient, may):
            self.possession, self.pending = {"Carrier"}, actor

    @rule(actor=ACTOR, accepts=st.sampled_from((True, False, False)))
    def answer(self, actor: str, accepts: bool) -> None:
        actor = self.resolved(actor)
        may = bool(self.pending) and not self.ended and actor == "Carrier"
        if self.attempt(actor, "SACC" if accepts else "SREJ", None, may):
            self.possession = set() if accepts else {self.pending}
            self.title = set() if accepts else self.title
            self.pending, self.ended = "", accepts

    @rule(actor=ACTOR, issues=st.booleans())
    def sign_or_issue_again(self, actor: str, issues: bool) -> None:
        actor = self.resolved(actor)
        may = not issues and actor in self.possession and not self.ended
        self.attempt(actor, "ISSUE" if issues else "SIGN", "Alice" if issues else None, may)

    def resolved(self, actor: str) -> str:
        return next(iter(self.possession), "Alice") if actor == "holder" else actor

    def may_dispose(self, actor: str) -> bool:
        return actor in self.possession and not self.pending and not self.ended

    def has_title(self, actor: str) -> bool:
        return not self.title or actor in self.title

    def attempt(self, actor: str, action: str, recipient: str | None, may: bool) -> bool:
        made = entry(actor, action, recipient)
        after, sentence = None, f"let through: {actor} {action} {recipient}"
        try:
            after = advance(self.state, made)
        except EblRefused as refused:
            sentence = str(refused)
        assert (after is not None) == may, sentence
        if after is None:
            assert f"entry {len(self.chain) + 1} ({action})" in sentence
            return False
        self.state = after
        self.chain.append(made)
        return True

    @invariant()
    def exactly_one_party_has_possession_until_the_chain_ends(self) -> None:
        assert len(self.possession) == (0 if self.ended else 1)
        held = self.state.possession
        assert ({held.party_name} if held else set()) == self.possession
        assert self.state.has_ended == self.ended

    @invariant()
    def there_are_never_two_endorsees(self) -> None:
        assert len(self.title) <= 1
        named = self.state.endorsee
        assert ({named.party_name} if named else set()) == self.title
        if not self.ended:
            assert (self.state.kind == "blank") == (not self.title)
            assert self.state.endorsable == self.endorsable
            assert self.state.titleholder is not None

    @invariant()
    def the_chain_alone_says_the_same(self) -> None:
        assert replay(self.issued_as, self.chain, self.named) == self.state


Control.TestCase.settings = settings(max_examples=400, stateful_step_count=40, deadline=None)
TestControl = Control.TestCase
