"""The command `settle`."""

from settlement.cli.main import app, main

__all__ = ["app", "main"]
