"""The clock of this machine."""

from __future__ import annotations

import time


class SystemClock:
    """Implements `ports.Clock`."""

    def now(self) -> float:
        """Unix time."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Waits."""
        time.sleep(seconds)
