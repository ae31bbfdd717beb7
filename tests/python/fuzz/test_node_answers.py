"""Whatever a node answers: our own errors and no others, no hang, and what is to settle settles once at most."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from found import examples, found
from hypothesis import given
from lying import Asked, lies
from stage import RULE, Stage, rounds

from settlement.app import Service
from settlement.domain.instruction import InstructionStatus
from settlement.errors import ChainUnreachable, InputError, OutcomeUnknown, Refused
from settlement.flow.confirm import confirm
from settlement.flow.settle import settle as settle_now

OURS = (ChainUnreachable, OutcomeUnknown, Refused, InputError)
"""What may come of a bad answer; InputError only where the chain says that it is another one."""

DONE = (InstructionStatus.CONFIRMED, InstructionStatus.EXPIRED)
"""Where the instruction may end: a node that tells a time long after today lets its deadline pass."""

MEETING_ROUNDS = 30


Met = list[Exception]
"""The errors that an act met."""


@contextlib.contextmanager
def survived(met: Met) -> Iterator[None]:
    """Lets our errors pass, and no others, and remembers them."""
    try:
        yield
    except OURS as error:
        met.append(error)


def may_deny(plan: list[dict[str, Any]]) -> bool:
    """Whether by this plan the node says in the shape of a true answer that what has settled has not.

    Errors, and what is no answer, say nothing of the kind.
    """
    return any("result" in lie or lie.get("answer") in ("null", "results turned round") for lie in plan)


def settle(stage: Stage, service: Service, plan: list[dict[str, Any]], met: Met) -> Asked:
    """An instruction settled directly; whoever is told that it did not asks the chain, and tries again."""
    desk = service.network.desk
    matched = service.network.match(service.network.instruction(*stage.trade(), reference="R"))
    stage.node.tell(plan)
    with survived(met):
        confirm(desk, settle_now(desk, matched))
    asked = stage.node.well()
    stage.market.rpc.call("evm_mine", [])  # What was sent, and may wait for its block still, is in one now.
    if any(isinstance(error, Refused | InputError) for error in met) and not may_deny(plan):
        assert stage.times_settled() == 0, met
    if desk.ledger.status(matched.instruction) is not InstructionStatus.SETTLED:
        assert stage.times_settled() == 0
        settle_now(desk, matched)
    assert stage.times_settled() == 1
    with pytest.raises(Refused):
        settle_now(desk, matched)
    return asked


def work(stage: Stage, service: Service, plan: list[dict[str, Any]], met: Met) -> Asked:
    """A worker meets it, and another one after it."""
    stage.submit(service)
    journal = service.network.journal
    meeting = service.worker(RULE, "meets it")
    stage.node.tell(plan)
    with survived(met):
        rounds(meeting, lambda: journal.entry("R").status in DONE, MEETING_ROUNDS)
    with survived(met):
        meeting.close()
    asked = stage.node.well()
    after = service.worker(RULE, "after it")
    done = rounds(after, lambda: journal.entry("R").status in DONE)
    after.close()
    assert done, journal.entry("R")
    assert stage.times_settled() == int(journal.entry("R").status is InstructionStatus.CONFIRMED)
    return asked


def positions(stage: Stage, service: Service, plan: list[dict[str, Any]], met: Met) -> Asked:
    """Positions are looked at."""
    stage.node.tell(plan)
    with survived(met):
        service.network.ledger.positions()
    with survived(met):
        service.network.position("buyer", "bond")
    return stage.node.well()


def reconcile(stage: Stage, service: Service, plan: list[dict[str, Any]], met: Met) -> Asked:
    """Journal and chain are compared; a lie is no reason to change anything."""
    service.network.settle(*stage.trade())
    stage.node.tell(plan)
    with survived(met):
        service.reconcile()
    asked = stage.node.well()
    assert service.reconcile().differences == ()
    return asked


def opened(stage: Stage, service: Service, plan: list[dict[str, Any]], met: Met) -> Asked:
    """A service is opened over a journal that is there."""
    service.network.settle(*stage.trade())
    stage.node.tell(plan)
    with survived(met), stage.opened(stage.journal) as again:
        again.network.ledger.positions()
    return stage.node.well()


ACTS: dict[str, Callable[[Stage, Service, list[dict[str, Any]], Met], Asked]] = {
    act.__name__: act for act in (settle, work, positions, reconcile, opened)
}


def play(stage: Stage, act: str, plan: list[dict[str, Any]]) -> list[str]:
    """Which errors the act met, by name."""
    met: Met = []
    with stage.played() as service:
        ACTS[act](stage, service, plan, met)
        assert stage.times_settled() in (0, 1)
    return [type(error).__name__ for error in met]


@found("answers")
def test_what_a_node_once_answered_is_survived(stage, case):
    assert play(stage, case["act"], case["plan"]) == case["meets"]


@pytest.mark.parametrize("act", ACTS)
def test_whatever_a_node_answers_is_survived(stage, act):
    with stage.played() as service:
        asked = ACTS[act](stage, service, [], [])

    @examples(5)
    @given(plan=lies(asked))
    def tried(plan):
        play(stage, act, plan)

    tried()
