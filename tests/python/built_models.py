"""Builds every model at once, for a process that others are forked from: else each of those builds them for itself."""

from __future__ import annotations

from pydantic import BaseModel


def build_models() -> None:
    """Builds the models that are imported."""
    waiting: list[type[BaseModel]] = [BaseModel]
    while waiting:
        made = [each for each in waiting.pop().__subclasses__() if each.__module__.startswith("settlement.")]
        for each in made:
            each.model_rebuild()
        waiting += made
