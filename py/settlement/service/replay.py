"""What the oracle came to, compared with what the chain's contracts tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from settlement.domain.directory import Directory
from settlement.domain.oracle import Replay
from settlement.ports.books import Books

_ADDRESS = re.compile(r"0x[0-9a-f]{40}\b")


@dataclass(frozen=True)
class Replayed:
    """What the oracle worked out of the chain's transactions, and compared with its contracts.

    Attributes:
        transactions: How many transactions it worked out by the rules.
        by_events: How many it took from their events, because coupons and such are not modelled.
        balances: How many balances were compared, and as many amounts that are held; supplies besides.
        holds: How many holds.
        titles: How many titles.
        instructions: How many instructions' statuses.
        parties: How many parties' statuses.

    """

    transactions: int
    by_events: int
    balances: int
    holds: int
    titles: int
    instructions: int
    parties: int


def compare(books: Books, replay: Replay, block: int) -> tuple[Replayed, Sequence[str]]:
    """Asks the contracts for everything that the oracle came to; a sentence for each answer that is another one.

    Raises:
        ChainUnreachable: nobody answers.
    """
    facts = list(replay.oracle.facts())
    answers = books.answers(facts, block)
    differences = [
        fact.difference(answer) for fact, answer in zip(facts, answers, strict=True) if answer != fact.expected
    ]
    if not replay.oracle.is_deployed:
        differences.append("the chain does not show how the registry came into being, so nothing was worked out")
    count = Counter(fact.kind for fact in facts)
    replayed = Replayed(
        transactions=replay.calls,
        by_events=replay.told,
        balances=count["balance"],
        holds=count["hold"],
        titles=count["owner"],
        instructions=count["instruction"],
        parties=count["party"],
    )
    return replayed, differences


def named(sentence: str, directory: Directory) -> str:
    """A sentence with names in the place of addresses."""
    return _ADDRESS.sub(lambda match: directory.name_of(match[0]), sentence)
