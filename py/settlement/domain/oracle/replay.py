"""A chain's transactions, one after the other, held to the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from settlement.domain.oracle.calls import Call, Consenting, Happened, Outcome
from settlement.domain.oracle.oracle import Oracle
from settlement.domain.oracle.tables import Account, Refusal

_OF_CONTRACTS = ("Engine_ConsentInvalid", "Reverted")
"""How an item fails where a contract says no to a signature, or burns what gas there is when it is asked."""


class Replay:
    """Tells the oracle what happened, and notes where the chain and the rules part.

    Attributes:
        oracle: The oracle.
        calls: How many transactions were worked out by the rules.
        told: How many were taken from their events, because what brought them about is not modelled.

    """

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.calls = 0
        self.told = 0

    def take(self, happened: Happened) -> list[str]:
        """One transaction; what differs, a sentence each. Where they part, the oracle goes on by the rules."""
        if happened.call is not None and self.oracle.models(happened.call):
            self.calls += 1
            return self._work_out(happened, happened.call)
        if not happened.events:
            return []
        self.told += 1
        differences = []
        for event in happened.events:
            try:
                self.oracle.tell(event, happened.at)
            except Refusal as refusal:
                differences.append(
                    f"transaction {happened.transaction} did {event.name} on {event.contract}, which cannot be: "
                    f"{refusal}"
                )
        return differences

    def _work_out(self, happened: Happened, call: Call) -> list[str]:
        if not happened.succeeded and (happened.is_open or call.function == "GreenBond"):
            return []  # Gas and a bond's schedule are not modelled.
        what = f"{call.function.partition('(')[0]} of {call.sender} on {call.contract}"
        where = f"by transaction {happened.transaction}"
        is_batch = call.function.startswith("settleBatch")
        try:
            moved = self.oracle.apply(_as_contracts_answered(call, happened.outcomes) if is_batch else call)
        except Refusal as refusal:
            if not happened.succeeded:
                return []
            return [f"{what} was accepted {where}, and by the rules it is refused: {refusal}"]
        if not happened.succeeded:
            return [f"{what} was refused {where}, and by the rules it is accepted"]
        differences = _outcomes(happened, self.oracle.outcomes if is_batch else ())
        return differences + _movements(happened.transaction, happened.moved, moved)


def _as_contracts_answered(call: Call, outcomes: Sequence[Outcome]) -> Call:
    """A batch's call with no to whatever contracts may have said no to: of those of an item that failed for a consent.

    Anybody can name a contract among an item's consents.
    """
    items, mode = call.arguments
    if len(items) != len(outcomes):
        return call
    answered = []
    for (terms, consents), outcome in zip(items, outcomes, strict=True):
        said_no = (outcome.failure or "").startswith(_OF_CONTRACTS)
        answered.append((terms, tuple(_answered(each) for each in consents) if said_no else consents))
    return call._replace(arguments=(tuple(answered), mode))


def _answered(consent: Consenting) -> Consenting:
    return consent._replace(is_signed=consent.is_signed and not consent.is_asked)


def _outcomes(happened: Happened, expected: Sequence[Outcome]) -> list[str]:
    if len(expected) != len(happened.outcomes):
        return [
            f"transaction {happened.transaction} tells of {len(happened.outcomes)} instructions, and the batch had "
            f"{len(expected)}"
        ]
    differences = []
    for found, by_rules in zip(happened.outcomes, expected, strict=True):
        where = f"instruction {by_rules.instruction_id} in transaction {happened.transaction}"
        if found.instruction_id != by_rules.instruction_id:
            differences.append(f"the chain tells of instruction {found.instruction_id} where {where} was to be")
        elif found.failure is None and by_rules.failure is not None:
            differences.append(f"{where} was settled, and by the rules it fails: {by_rules.failure}")
        elif found.failure is not None and by_rules.failure is None:
            differences.append(f"{where} failed, and by the rules it is settled: {found.failure}")
    return differences


def _movements(transaction: str, found: Mapping[Account, int], by_rules: Mapping[Account, int]) -> list[str]:
    if found == by_rules:
        return []
    differences = []
    for account in dict.fromkeys([*found, *by_rules]):
        if found.get(account, 0) != by_rules.get(account, 0):
            instrument, holder, title = account
            what = f"title {title:#x} of {instrument}" if title else instrument
            differences.append(
                f"transaction {transaction} changed what {holder} has of {what} by {found.get(account, 0):+d}, and by "
                f"the rules by {by_rules.get(account, 0):+d}"
            )
    return differences
