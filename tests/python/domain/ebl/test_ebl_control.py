"""The rules of bills of lading and DCSA's chains agree, whatever anybody does; one party is in control (EBL-1)."""

from __future__ import annotations

from carrying import Carrying
from hypothesis import settings

Carrying.TestCase.settings = settings(max_examples=150, stateful_step_count=12, deadline=None)
TestTheRulesAndAChain = Carrying.TestCase
