"""How a worker works."""

from __future__ import annotations

from dataclasses import dataclass, field

from settlement.domain.discipline import RetryRule
from settlement.domain.finality import FinalityRule


@dataclass(frozen=True)
class WorkerRule:
    """How a worker works; times are seconds.

    Attributes:
        batch_size: The most instructions in one transaction.
        in_flight_max: The most transactions that are sent and not mined.
        linger_s: How long a batch that is not full waits for more while others are on their way.
        lease_s: How long a worker that says nothing keeps its lane: after that, another one takes over.
        resend_s: When to send again what is in no block.
        replace_s: When to raise the fee of what is in no block; None never.
        poll_s: How long to wait where nothing happens.
        look_s: How often to look for deadlines and for what instructions wait for.
        rewind_blocks: How far back batches are looked for after a reorganisation, at most.

    """

    batch_size: int = 200
    in_flight_max: int = 4
    linger_s: float = 0.05
    lease_s: float = 10.0
    resend_s: float = 2.0
    replace_s: float | None = 60.0
    poll_s: float = 0.05
    look_s: float = 0.5
    finality: FinalityRule = field(default_factory=FinalityRule)
    retry: RetryRule = field(default_factory=RetryRule)
