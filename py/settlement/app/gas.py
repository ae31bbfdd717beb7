"""Gas per DvP."""

from __future__ import annotations

from collections.abc import Callable

from settlement.app.wiring import start
from settlement.reports.gas import measure_gas


def gas_figures(on_progress: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Gas per DvP, measured on a chain of its own.

    Raises:
        ChainUnreachable: the chain could not be started.
    """
    with start(label="gas") as network:
        return measure_gas(network, on_progress)
