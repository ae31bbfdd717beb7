"""Bills of lading on the chain that is up: what they are, who has them, and what was done with them."""

from __future__ import annotations

from typing import NamedTuple

from settlement.app import connect
from settlement.app.operations import deployment_of, journal_path, stored_run
from settlement.domain.directory import InstrumentRecord
from settlement.domain.instruction import title_id
from settlement.domain.quantity import Quantity
from settlement.durable.chains import ChainStore
from settlement.errors import InputError
from settlement.flow.network import Network
from settlement.ports import BillEntry, BillOnChain


class BillView(NamedTuple):
    """A bill on the chain that is up: the network, the carrier's register, the title, and what its contract says."""

    network: Network
    record: InstrumentRecord
    title: Quantity
    bill: BillOnChain


def open_bill(reference: str, run: int | None = None, store: ChainStore | None = None) -> BillView:
    """A bill of a run on the chain that is up, by its name (`REF`, or `REF/2` where it was reissued); of the last run.

    Raises:
        InputError: no chain is up, there is no such run, no such bill in it, or several carriers have one.
    """
    store = store or ChainStore()
    stored, chain = stored_run(store, run)
    network = connect(
        chain.url,
        deployment=deployment_of(chain),
        label=stored.label,
        directory=stored.directory,
        journal=journal_path(store),
    )
    registers = [each for each in stored.directory.instruments.values() if each.kind == "bill-of-lading"]
    views = []
    for record in registers:
        title = Quantity(instrument=record.instrument, amount=title_id(reference))
        bill = network.ledger.bill(title)
        if bill is not None:
            views.append(BillView(network, record, title, bill))
    if not views:
        names = ", ".join(record.instrument for record in registers)
        raise InputError(f"no bill {reference!r} was issued in this run; registers of bills: {names or 'none'}")
    if len(views) > 1:
        names = " and ".join(view.record.instrument for view in views)
        raise InputError(f"{reference!r} names a bill in {names}; a reference is unique in a run that this can show")
    return views[0]


def chain_of(view: BillView) -> tuple[BillEntry, ...]:
    """Everything that was done with the bill, in order, from its contract's events alone."""
    return view.network.ledger.bill_chain(view.title)
