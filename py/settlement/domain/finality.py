"""When a settlement is final: the network's rule."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settlement.domain.model import Model
from settlement.errors import InputError

_EVERY_BLOCK = 2**62
"""Beyond every block's number, and within what databases count."""


class FinalityRule(Model):
    """`instant` where a block never leaves the chain (BFT); `depth` blocks on top; or the chain's own tag.

    Attributes:
        kind: Which rule.
        depth: Blocks on top of a settlement's own before it is final; for `depth` only.

    """

    kind: Literal["instant", "depth", "safe", "finalized"] = "instant"
    depth: Annotated[int, Field(ge=0, le=10_000)] = 0

    def final_up_to(self, head: int, tagged: int | None) -> int:
        """The highest block number that is final; -1 where none is.

        Args:
            head: Number of the newest block.
            tagged: Number of the block that the chain tags, for the rules `safe` and `finalized`.
        """
        if self.kind == "instant":
            return _EVERY_BLOCK  # Also one that came after the look that found `head`.
        if self.kind == "depth":
            return head - self.depth
        return -1 if tagged is None else tagged

    @property
    def tag(self) -> str | None:
        """The tag to ask the chain for; None where the rule needs none."""
        return self.kind if self.kind in ("safe", "finalized") else None

    def __str__(self) -> str:
        return f"depth:{self.depth}" if self.kind == "depth" else self.kind


def read_finality(text: str) -> FinalityRule:
    """Reads `instant`, `depth:12`, `safe` or `finalized`.

    Raises:
        InputError: it is none of them.
    """
    kind, _, depth = text.partition(":")
    if kind == "depth" and depth.isascii() and depth.isdecimal() and len(depth) <= 5:
        return FinalityRule(kind="depth", depth=int(depth))
    if depth == "" and kind in ("instant", "safe", "finalized"):
        return FinalityRule(kind=kind)  # type: ignore[arg-type]
    raise InputError(f"{text!r} is no finality rule: use instant, depth:N, safe or finalized")
