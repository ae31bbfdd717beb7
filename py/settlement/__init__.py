"""Tokenised money and tokenised assets that change hands at the same moment or not at all.

import settlement

with settlement.start() as network:
    network.admit("authority", "central-bank")
    ...
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {"connect": "app", "start": "app", "Outcome": "flow.desk", "Network": "flow.network", "Position": "ports"}
"""The module of each name; errors', where none is named."""


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is: all of it takes seconds, and a module of the package may need little."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = found
    return found
