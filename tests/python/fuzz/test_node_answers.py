"""Whatever a node answers: our own errors and no others, no hang, and what is to settle settles once at most."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
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


def survived() -> contextlib.AbstractContextManager[None]:
    """Lets our errors pass, and no others."""
    return contextlib.suppress(*OURS)


def settle(stage: Stage, service: Service, plan: list[dict[str, Any]]) -> Asked:
    """An instruction settled directly; whoever is told that it did not asks the chain, and tries again."""
    desk = service.network.desk
    matched = service.network.match(service.network.instruction(*stage.trade(), reference="R"))
    stage.node.tell(plan)
    with survived():
        confirm(desk, settle_now(desk, matched))
    asked = stage.node.well()
    if desk.ledger.status(matched.instruction) is not InstructionStatus.SETTLED:
        assert stage.times_settled() == 0
        settle_now(desk, matched)
    assert stage.times_settled() == 1
    with pytest.raises(Refused):
        settle_now(desk, matched)
    return asked


def work(stage: Stage, service: Service, plan: list[dict[str, Any]]) -> Asked:
    """A worker meets it, and another one after it."""
    stage.submit(service)
    journal = service.network.journal
    meeting = service.worker(RULE, "meets it")
    stage.node.tell(plan)
    with survived():
        rounds(meeting, lambda: journal.entry("R").status in DONE, MEETING_ROUNDS)
    with survived():
        meeting.close()
    asked = stage.node.well()
    after = service.worker(RULE, "after it")
    done = rounds(after, lambda: journal.entry("R").status in DONE)
    after.close()
    assert done, journal.entry("R")
    assert stage.times_settled() == int(journal.entry("R").status is InstructionStatus.CONFIRMED)
    return asked


def positions(stage: Stage, service: Service, plan: list[dict[str, Any]]) -> Asked:
    """Positions are looked at."""
    stage.node.tell(plan)
    with survived():
        service.network.ledger.positions()
    with survived():
        service.network.position("buyer", "bond")
    return stage.node.well()


def reconcile(stage: Stage, service: Service, plan: list[dict[str, Any]]) -> Asked:
    """Journal and chain are compared; a lie is no reason to change anything."""
    service.network.settle(*stage.trade())
    stage.node.tell(plan)
    with survived():
        service.reconcile()
    asked = stage.node.well()
    assert service.reconcile().differences == ()
    return asked


def opened(stage: Stage, service: Service, plan: list[dict[str, Any]]) -> Asked:
    """A service is opened over a journal that is there."""
    service.network.settle(*stage.trade())
    stage.node.tell(plan)
    with survived(), stage.opened(stage.journal) as again:
        again.network.ledger.positions()
    return stage.node.well()


ACTS: dict[str, Callable[[Stage, Service, list[dict[str, Any]]], Asked]] = {
    act.__name__: act for act in (settle, work, positions, reconcile, opened)
}


def play(stage: Stage, case: dict[str, Any]) -> None:
    with stage.played() as service:
        ACTS[case["act"]](stage, service, case["plan"])
        assert stage.times_settled() in (0, 1)


@found("answers")
def test_what_a_node_once_answered_is_survived(stage, case):
    play(stage, case)


@pytest.mark.parametrize("act", ACTS)
def test_whatever_a_node_answers_is_survived(stage, act):
    with stage.played() as service:
        asked = ACTS[act](stage, service, [])

    @examples(5)
    @given(plan=lies(asked))
    def tried(plan):
        play(stage, {"act": act, "plan": plan})

    tried()
