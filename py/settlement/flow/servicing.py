"""Servicing: pays what a bond owes to everybody on its register, from wherever that was left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from settlement.domain import acts
from settlement.domain.bonds.entries import DistributionKind
from settlement.errors import Reason, Refused
from settlement.flow.desk import Desk, perform
from settlement.ports import Distribution, Receipt


def pay_distribution(
    desk: Desk,
    agent: str,
    by: str,
    kind: DistributionKind,
    index: int = 0,
    page: int = 250,
    pages: int | None = None,
    on_page: Callable[[Distribution], None] = lambda _: None,
) -> tuple[Distribution, tuple[Receipt, ...]]:
    """Opens a distribution where it is not open, and pays page after page.

    How far it has come is on the chain: after a crash it is called again, and pays nobody twice.

    Args:
        desk: The ledger and the journal.
        agent: The paying agent.
        by: Who sends the transactions; anybody may, but for an early redemption, which is the issuer's.
        kind: What is paid.
        index: Which one, from 0 on.
        page: How many in the list of holders are looked at in a transaction.
        pages: After so many transactions it stops; None goes on to the end.
        on_page: Told how far it has come.

    Raises:
        Refused: it is too early, nobody is entitled, the money is not there, or the payer's bank may not pay another.
    """
    receipts = []
    state = desk.ledger.distribution(agent, kind, index)
    if not state.opened:
        receipts.append(perform(desk, acts.OpenDistribution(agent=agent, by=by, distribution=kind, index=index)))
        state = desk.ledger.distribution(agent, kind, index)
    count = 0
    while not state.is_complete and (pages is None or count < pages):
        receipts.append(
            perform(desk, acts.PayDistribution(agent=agent, by=by, distribution=kind, index=index, count=page))
        )
        state = desk.ledger.distribution(agent, kind, index)
        count += 1
        on_page(state)
    return state, tuple(receipts)


def claim_payments(
    desk: Desk, agent: str, by: str, kind: DistributionKind, index: int, holders: Sequence[str]
) -> Mapping[str, tuple[Reason, ...]]:
    """Pays holders what was set aside for them, each for itself, in the deposits that they have elected by now.

    Args:
        desk: The ledger and the journal.
        agent: The paying agent.
        by: Who sends the transactions; anybody may.
        kind: What is paid.
        index: Which one, from 0 on.
        holders: Whom.

    Returns:
        Every holder, and why it could not be paid; nothing where it was.
    """
    found: dict[str, tuple[Reason, ...]] = {}
    for holder in holders:
        try:
            perform(desk, acts.ClaimPayment(agent=agent, by=by, distribution=kind, index=index, holder=holder))
        except Refused as refusal:
            found[holder] = refusal.reasons
        else:
            found[holder] = ()
    return found
