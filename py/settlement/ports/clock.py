"""The clock that the flow is given."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """The time of this machine; what settles when is decided by the chain's time."""

    def now(self) -> float:
        """Unix time."""

    def elapsed(self) -> float:
        """Seconds since some moment; never goes back."""

    def sleep(self, seconds: float) -> None:
        """Waits."""
