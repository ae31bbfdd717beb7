"""Random acts by random parties, on a chain and by the rules: both accept the same and come to the same."""

from __future__ import annotations

from deep import DEEP
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_acts import RandomActs
from side_by_side import SideBySide

EXAMPLES = 300 if DEEP else 10


@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(20, 40))
def test_random_acts_come_to_the_same_on_the_chain_and_by_the_rules(both: SideBySide, seed: int, steps: int) -> None:
    with both.anew():
        chance = RandomActs(both, seed)
        for _ in range(steps):
            chance.step()
            both.compare()
