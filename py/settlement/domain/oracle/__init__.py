"""The differential oracle: the ledger and the engine once more, small and plain, to hold the chain to.

It is told what was called, by whom and when, and works out by the rules what follows: whether it is refused and why,
who has what then, what is held for whom, and where each instruction stands. It never looks at the chain's balances, so
that it can be compared with them. Accounts and contracts are addresses in lower case, ids and hold ids hex text.

In scope: registry, money with accounts, holds, bookings and mandates, bonds as fungible nominal with their stages,
bills of lading with title, and the engine with its nonces, consents, windows, holds and batches. Out of scope: coupons,
fixings, disclosures and what a paying agent works out: those movements are taken from their events, within what
accounts have. Gas is no rule of the ledger either.
"""

from settlement.domain.oracle.calls import Call, Consenting, Event, Happened, Outcome, Terms, TermsLeg
from settlement.domain.oracle.facts import Fact
from settlement.domain.oracle.oracle import CONSTRUCTORS, SIGNATURES, Oracle
from settlement.domain.oracle.replay import Replay
from settlement.domain.oracle.tables import Refusal

__all__ = [
    "CONSTRUCTORS",
    "SIGNATURES",
    "Call",
    "Consenting",
    "Event",
    "Fact",
    "Happened",
    "Oracle",
    "Outcome",
    "Refusal",
    "Replay",
    "Terms",
    "TermsLeg",
]
