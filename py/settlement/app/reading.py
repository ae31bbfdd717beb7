"""How long it takes to read a bill's endorsement chain."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from settlement.app import start
from settlement.domain.bills import EndorseBill, IssueBill
from settlement.domain.ebl.party import own_party
from settlement.domain.instruction import title_id
from settlement.domain.quantity import Quantity
from settlement.flow.desk import perform
from settlement.flow.network import Network
from settlement.reports.endorsement import read_events

_REGISTER, _REFERENCE = "bills", "BENCH-1"


def measure_reading(endorsements: int = 50, on_progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Seconds to read a chain of so many endorsements, on a chain of its own.

    Raises:
        ChainUnreachable: the chain could not be started.
    """
    with start(label="ebl") as network:
        on_progress(f"endorsing a bill {endorsements:,} times")
        title = endorsed_bill(network, endorsements)
        on_progress("reading it")
        began = time.monotonic()
        bill, issue = network.ledger.bill(title), network.ledger.bill_issue(title)
        assert bill is not None  # noqa: S101 - it was issued above
        chain, _ = read_events(bill, issue, network.ledger.bill_chain(title), lambda party: own_party(party, "TEST"))
        document = chain.end_document()
        seconds = time.monotonic() - began
        return {"entries": len(document["endorsementChain"]), "seconds_to_read": round(seconds, 4)}


def endorsed_bill(network: Network, endorsements: int) -> Quantity:
    """A new bill that its holder has endorsed so often, each time to its own order: one transaction for each."""
    network.admit("carrier", "carrier")
    network.admit("holder", "corporate")
    network.create_bill_of_lading(_REGISTER, "carrier")
    issue = IssueBill(
        instrument=_REGISTER, holder="holder", document_reference=_REFERENCE, document_hash="0x" + "11" * 32
    )
    perform(network.desk, issue)
    again = EndorseBill(
        instrument=_REGISTER,
        document_reference=_REFERENCE,
        by="holder",
        endorsement="ENDORSE_TO_ORDER",
        endorsee="holder",
    )
    for _ in range(endorsements):
        perform(network.desk, again)
    return Quantity(instrument=_REGISTER, amount=title_id(_REFERENCE))
