"""The roles by which the contracts say who may do what, and what they call each."""

from __future__ import annotations

from typing import Literal, get_args

from eth_utils.crypto import keccak

Power = Literal["administrator", "admission", "operator", "supervisor", "proposer", "executor", "canceller"]
"""A role of the registry, or of dual control itself (the last three; it is its own administrator)."""

POWERS = {
    power: b"\0" * 32 if power == "administrator" else keccak(text=f"{power.upper()}_ROLE") for power in get_args(Power)
}
"""By name, the role's 32 bytes."""
