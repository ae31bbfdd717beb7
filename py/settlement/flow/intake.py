"""Intake: submissions become instructions, once each, with their ids, nonces and consents, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.domain.submission import Submission, require_same_terms
from settlement.errors import InputError, KeyUnusable
from settlement.flow.desk import Desk
from settlement.flow.match import required_consents
from settlement.ports import NewInstruction, QueueState, StoredInstruction

_COLLISIONS_MAX = 20
"""How often others may take our nonces before we give up; each time we take the next."""


@dataclass(frozen=True)
class TakenIn:
    """What became of submissions: how many are new, and how many were there already."""

    new: int
    known: int


def submit(desk: Desk, submissions: Sequence[Submission], now: float, *, sign: bool = True) -> TakenIn:
    """Takes submissions in, all or none. Those that are there already change nothing, whatever became of them.

    Args:
        desk: The ledger and the journal.
        submissions: A few hundred at a time is quickest.
        now: The chain's time.
        sign: Ask the parties' own signers for consents where none came along.

    Raises:
        InputError: other terms under a known reference, a nonce that is taken, an unknown party or instrument, a
            consent that is not its party's; names the reference and the field.
    """
    fresh = _distinct(submissions)
    for _ in range(_COLLISIONS_MAX):
        stored = desk.journal.stored(list(fresh))
        for reference, known in stored.items():
            require_same_terms(fresh[reference], known.instruction)
        new = _new_instructions(desk, [item for item in fresh.values() if item.reference not in stored], now, sign)
        if desk.journal.take_in(new, now):
            _complete(desk, fresh, stored, now)
            return TakenIn(new=len(new), known=len(submissions) - len(new))
        _require_free_nonces(desk, fresh, stored)
    raise InputError(
        f"others keep taking the nonces of these parties; {len(submissions)} submissions were not taken in"
    )


def faults(desk: Desk, submissions: Sequence[Submission]) -> Mapping[str, InputError]:
    """What `submit` would refuse, by reference; stores nothing.

    Raises:
        KeyUnusable: a key is there and cannot be used, which is no fault of a submission.
    """
    found: dict[str, InputError] = {}
    stored = desk.journal.stored([item.reference for item in submissions])
    for item in submissions:
        try:
            if item.reference in stored:
                require_same_terms(item, stored[item.reference].instruction)
                _require_consents(desk, stored[item.reference].instruction, item.consents)
                continue
            desk.ledger.instruction_id(item.instruction(0))
            _require_nonce(item)
            _require_consents(desk, item.instruction(0), item.consents)
            if not item.consents:
                desk.ledger.require_signers(required_consents(desk, item.instruction(0)))
            _require_divisible(item)
            if item.nonce is not None:
                _require_free_nonces(desk, {item.reference: item}, stored)
        except KeyUnusable:
            raise
        except InputError as fault:
            found[item.reference] = fault
    return found


def _distinct(submissions: Sequence[Submission]) -> dict[str, Submission]:
    """By reference; the same twice is one."""
    found: dict[str, Submission] = {}
    for submission in submissions:
        first = found.setdefault(submission.reference, submission)
        if first is not submission and first != submission:
            require_same_terms(submission, first.instruction(0))
            consents = tuple(dict.fromkeys(first.consents + submission.consents))
            found[submission.reference] = first.model_copy(update={"consents": consents})
    return found


def _new_instructions(desk: Desk, submissions: Sequence[Submission], now: float, sign: bool) -> list[NewInstruction]:
    groups = {item.reference: item.parties for item in submissions}
    nonces = dict(desk.journal.next_nonces([groups[item.reference] for item in submissions if item.nonce is None]))
    new = []
    for item in submissions:
        _require_divisible(item)
        _require_nonce(item)
        group = groups[item.reference]
        nonce = nonces.get(group, 0)
        if item.nonce is None:
            nonces[group] = nonce + 1
        instruction = item.instruction(nonce)
        matched, complete = _matched(desk, instruction, item.consents, sign)
        waits = complete and item.not_before > now
        state = QueueState.BY_HAND if not complete else QueueState.WAITING if waits else QueueState.READY
        new.append(
            NewInstruction(
                instruction_id=matched.instruction_id,
                instruction=instruction,
                consents=matched.consents,
                status=InstructionStatus.MATCHED if complete else InstructionStatus.INSTRUCTED,
                state=state,
                priority=item.priority,
                due_at=float(item.not_before),
                failing_at=item.settlement_date_end,
                partial_lot=item.partial_lot,
            )
        )
    return new


def _matched(
    desk: Desk, instruction: Instruction, consents: Sequence[Consent], sign: bool
) -> tuple[MatchedInstruction, bool]:
    """The instruction with its consents, and whether those are all that it needs."""
    required = required_consents(desk, instruction)
    if sign and not consents:
        return desk.ledger.signed(instruction, required), True
    _require_consents(desk, instruction, consents)
    instruction_id = desk.ledger.instruction_id(instruction)
    given = tuple(dict.fromkeys(consents))
    matched = MatchedInstruction(instruction_id=instruction_id, instruction=instruction, consents=given)
    return matched, set(required) <= {consent.party for consent in given}


def _is_complete(desk: Desk, instruction: Instruction, consents: Sequence[Consent]) -> bool:
    return set(required_consents(desk, instruction)) <= {consent.party for consent in consents}


def _complete(desk: Desk, fresh: Mapping[str, Submission], stored: Mapping[str, StoredInstruction], now: float) -> None:
    """A second side's consents complete what the first side submitted."""
    for reference, known in stored.items():
        given = fresh[reference].consents
        if known.status is not InstructionStatus.INSTRUCTED or not given:
            continue
        _require_consents(desk, known.instruction, given)
        consents = tuple(dict.fromkeys(known.consents + given))
        if _is_complete(desk, known.instruction, consents):
            desk.journal.complete(known.instruction_id, consents, float(known.instruction.not_before), now)
        else:
            desk.journal.record_consents(known.instruction_id, given)


def _require_free_nonces(desk: Desk, fresh: Mapping[str, Submission], stored: Mapping[str, StoredInstruction]) -> None:
    for reference, item in fresh.items():
        if item.nonce is None or reference in stored:
            continue
        holder = desk.journal.nonce_holder(item.instruction(0))
        if holder is not None and holder != reference:
            raise InputError(
                f"reference {reference!r}: nonce {item.nonce} of these parties is taken by {holder!r}; leave the "
                "nonce away and the journal chooses one"
            )


def _require_nonce(item: Submission) -> None:
    if item.consents and item.nonce is None:
        raise InputError(
            f"reference {item.reference!r}: consents come along and no nonce: it is a part of what was signed"
        )


def _require_consents(desk: Desk, instruction: Instruction, consents: Sequence[Consent]) -> None:
    for position, consent in enumerate(consents):
        try:
            desk.ledger.require_consent(instruction, consent)
        except InputError as fault:
            raise InputError(f"reference {instruction.reference!r}: consents[{position}]: {fault}") from fault


def _require_divisible(item: Submission) -> None:
    if item.partial_lot is None:
        return
    whole = item.legs[0].quantity.amount
    for position, leg in enumerate(item.legs):
        if leg.quantity.amount * item.partial_lot % whole:
            raise InputError(
                f"reference {item.reference!r}: legs[{position}] does not divide evenly into lots of "
                f"{item.partial_lot} of the first leg's {whole}"
            )
