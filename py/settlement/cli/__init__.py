"""The command `settle`."""

import gc

__all__ = ["main"]


def main() -> None:
    """Imports the command and runs it; see `settlement.cli.main`."""
    gc.disable()  # All that is imported stays: to look through it for garbage takes a fifth of the time to start.
    from settlement.cli.main import main as run

    gc.freeze()
    gc.enable()
    run()
