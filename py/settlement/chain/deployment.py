"""The three contracts that every deployment has, whatever instruments come later."""

from __future__ import annotations

from settlement.domain.model import Address, Model


class Deployment(Model):
    """Where the core contracts are on one chain."""

    chain_id: int
    registry: Address
    engine: Address
    dry_run: Address
