"""Tokenised money and tokenised assets that change hands at the same moment or not at all.

import settlement

with settlement.start() as network:
    network.admit("authority", "central-bank")
    ...
"""

from settlement.app import connect, start
from settlement.errors import (
    ChainUnreachable,
    ExpectationNotMet,
    InputError,
    OutcomeUnknown,
    Reason,
    Refused,
    SettlementError,
)
from settlement.flow.desk import Outcome
from settlement.flow.network import Network
from settlement.ports import Position

__all__ = [
    "ChainUnreachable",
    "ExpectationNotMet",
    "InputError",
    "Network",
    "Outcome",
    "OutcomeUnknown",
    "Position",
    "Reason",
    "Refused",
    "SettlementError",
    "connect",
    "start",
]
