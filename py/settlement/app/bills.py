"""Bills of lading on the chain that is up: what they are, who has them, and what was done with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, get_args

from settlement.app import connect
from settlement.app.ebl import bill_in
from settlement.app.operations import deployment_of, journal_path, stored_run
from settlement.domain import bills
from settlement.domain.acts import Act, ProvideGas
from settlement.domain.directory import InstrumentRecord
from settlement.domain.instruction import terms_hash, title_id
from settlement.domain.quantity import Quantity
from settlement.durable.chains import ChainStore
from settlement.errors import InputError
from settlement.flow.desk import perform
from settlement.flow.network import Network
from settlement.ports import BillEntry, BillOnChain

ACTIONS = (
    "ENDORSE",
    "ENDORSE_TO_ORDER",
    "BLANK_ENDORSE",
    "SIGN",
    "SURRENDER_FOR_DELIVERY",
    "SURRENDER_FOR_AMENDMENT",
    "SACC",
    "SREJ",
    "VOID",
)
"""What can be done with a bill by command, in DCSA's words, and VOID. TRANSFER is a settlement's."""

_GAS_WEI = 10**17
"""Given to who acts, since a party that only consents to settlements has none."""

_SURRENDERS = {"SURRENDER_FOR_DELIVERY": "request", "SACC": "accept", "SREJ": "reject", "VOID": "void"}


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
    network = _network(run, store or ChainStore())
    registers = [each for each in network.ledger.directory.instruments.values() if each.kind == "bill-of-lading"]
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


def _network(run: int | None, store: ChainStore) -> Network:
    stored, chain = stored_run(store, run)
    return connect(
        chain.url,
        deployment=deployment_of(chain),
        label=stored.label,
        directory=stored.directory,
        journal=journal_path(store),
    )


def chain_of(view: BillView) -> tuple[BillEntry, ...]:
    """Everything that was done with the bill, in order, from its contract's events alone."""
    return view.network.ledger.bill_chain(view.title)


def issue(
    register: str,
    document: Path,
    to: str,
    endorsee: str | None = None,
    run: int | None = None,
    store: ChainStore | None = None,
) -> BillView:
    """Has the carrier of a run's register issue the bill that a transport document describes, to its first holder.

    Raises:
        InputError: no chain is up, there is no such run, register or party, or the document cannot be read.
        EblRefused: the document is no bill of lading that can be issued.
        Refused: the reference is used, the document has a live bill, or a party is not active.
    """
    described = bill_in(document)
    store = store or ChainStore()
    network = _network(run, store)
    record = network.ledger.directory.instrument(register)
    if record.kind != "bill-of-lading":
        raise InputError(f"{register} is a {record.kind}; bills are issued in a carrier's register")
    kind: bills.BillKind = described.kind
    act = bills.IssueBill(
        instrument=register,
        holder=to,
        document_reference=described.document.transport_document_reference,
        document_hash=described.hash,
        bill_kind=kind,
        endorsee=endorsee,
    )
    perform(network.desk, act)
    return open_bill(act.document_reference, run, store)


def act_on(
    view: BillView,
    action: str,
    by: str,
    to: str | None = None,
    reason: str | None = None,
    statement: str | None = None,
) -> BillView:
    """Has a party act on a bill; the bill as it is afterwards.

    Args:
        view: The bill.
        action: One of `ACTIONS`.
        by: Who acts.
        to: The endorsee, of an endorsement that names one.
        reason: COD, SWI or SWTP, of a surrender for amendment.
        statement: What is signed, or the statement of a switch to paper that the carrier accepts; its SHA-256 is kept.

    Raises:
        InputError: an unknown action or party, or something that the action needs, or does not take.
        Refused: the bill's rules do not allow it.
    """
    network = view.network
    network.ledger.directory.address_of(by)
    act = _act(view, action, by, to, reason, statement)
    perform(network.desk, ProvideGas(party=by, wei=_GAS_WEI))
    perform(network.desk, act)
    bill = network.ledger.bill(view.title)
    assert bill is not None  # noqa: S101 - it was there before, and a bill stays known
    return view._replace(bill=bill)


def _act(view: BillView, action: str, by: str, to: str | None, reason: str | None, statement: str | None) -> Act:
    name = bills.BillNumber(view.bill.reference, view.bill.sub_reference).name
    given = {"--to": to, "--reason": reason, "--statement": statement}
    needed = {
        "ENDORSE": ("--to",),
        "ENDORSE_TO_ORDER": ("--to",),
        "SIGN": ("--statement",),
        "SURRENDER_FOR_AMENDMENT": ("--reason",),
    }.get(action, ())
    if action not in ACTIONS:
        hint = ": possession moves by a settlement" if action == "TRANSFER" else ""
        raise InputError(f"{action!r} is no action of this command{hint}; allowed: {', '.join(ACTIONS)}")
    for option, value in given.items():
        if option in needed and value is None:
            raise InputError(f"{action} needs {option}")
        takes = option in needed or (action, option) == ("SACC", "--statement")
        if value is not None and not takes:
            raise InputError(f"{action} takes no {option}")
    of: dict[str, Any] = {"instrument": view.record.instrument, "document_reference": name, "by": by}
    if action in ("ENDORSE", "ENDORSE_TO_ORDER", "BLANK_ENDORSE"):
        return bills.EndorseBill(**of | {"endorsement": action, "endorsee": to})
    if action == "SIGN":
        return bills.SignBill(**of, statement_hash=terms_hash({"statement": statement}))
    if action == "SURRENDER_FOR_AMENDMENT":
        allowed = get_args(bills.AmendmentReason)
        if reason not in allowed:
            raise InputError(f"reason {reason!r} is none of DCSA's; allowed: {', '.join(allowed)}")
        return bills.SurrenderBillForAmendment(**of | {"reason": reason})
    if action == "SACC" and statement is not None:
        return bills.AcceptSwitchToPaper(**of, statement_hash=terms_hash({"statement": statement}))
    return bills.SurrenderBill(**of | {"step": _SURRENDERS[action]})
