"""Every shipped scenario, worked out again by the rules: the chain has to have come to the same.

`scripts/deep` runs those with a crowd of thousands too, which take minutes.
"""

from __future__ import annotations

import pytest
from deep import DEEP
from replayed import replayed

from settlement import connect
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.scenarios.load import load_scenario, shipped_scenarios
from settlement.scenarios.run import SET_UP_SECONDS, ScenarioRunner

NAMES = [each.name for each in shipped_scenarios() if DEEP or not each.is_crowded]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_replays_without_a_difference(name: str) -> None:
    scenario = load_scenario(name)
    with AnvilNode(NodeSettings(timestamp=scenario.start - SET_UP_SECONDS)) as node:
        network = connect(node.url, label=name)
        assert ScenarioRunner(network, scenario).run().ok
        counts, differences = replayed(network, node.url)
    assert differences == []
    assert counts.transactions > len(scenario.parties)
