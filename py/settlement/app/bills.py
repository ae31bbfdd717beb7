"""Bills of lading on the chain that is up: what they are, who has them, and what was done with them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

from settlement.app import connect
from settlement.app.chain import deployment_of
from settlement.app.ebl import bill_in
from settlement.app.stored import journal_path, stored_run
from settlement.domain import bills
from settlement.domain.acts import Act, ProvideGas
from settlement.domain.directory import InstrumentRecord
from settlement.domain.ebl.document import BillOfLading
from settlement.domain.instruction import terms_hash, title_id
from settlement.domain.quantity import Quantity
from settlement.durable.chains import ChainStore
from settlement.errors import InputError
from settlement.flow.desk import perform
from settlement.flow.network import Network
from settlement.ports import BillEntrustment, BillEntry, BillOnChain

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
    "ENTRUST",
    "REVOKE_ENTRUSTMENT",
    "ACCEPT_ENTRUSTMENT",
    "RENOUNCE_ENTRUSTMENT",
    "HAND_OVER",
)
"""What can be done with a bill by command, in DCSA's words; from VOID on not DCSA's. TRANSFER is a settlement's."""

NEVER = "never"
"""The time from which a pledge that is none is realised."""

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
    _require_text("the bill's reference", reference)
    network = _network(run, store or ChainStore())
    views = bills_named(network, reference)
    if not views:
        registers = _registers(network)
        names = ", ".join(record.instrument for record in registers)
        raise InputError(f"no bill {reference!r} was issued in this run; registers of bills: {names or 'none'}")
    if len(views) > 1:
        names = " and ".join(view.record.instrument for view in views)
        raise InputError(f"{reference!r} names a bill in {names}; a reference is unique in a run that this can show")
    return views[0]


def bills_named(network: Network, reference: str) -> tuple[BillView, ...]:
    """The bills of this name, of every carrier, each in the register that has it."""
    found = []
    for record in _registers(network):
        title = Quantity(instrument=record.instrument, amount=title_id(reference))
        bill = network.ledger.bill(title)
        if bill is not None and bill.register == record.instrument:
            found.append(BillView(network, record, title, bill))
    return tuple(found)


def _registers(network: Network) -> list[InstrumentRecord]:
    return [each for each in network.ledger.directory.instruments.values() if each.kind == "bill-of-lading"]


def _network(run: int | None, store: ChainStore) -> Network:
    stored, chain = stored_run(store, run)
    return connect(
        chain.url,
        deployment=deployment_of(chain),
        label=stored.label,
        directory=stored.directory,
        journal=journal_path(store),
    )


def entrustments_of(view: BillView) -> tuple[BillEntrustment, ...]:
    """To whom possession alone passes, from its contract's events alone."""
    return view.network.ledger.bill_entrustments(view.title)


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
    network, record = _register(register, run, store)
    act = bills.IssueBill(**_new(described, network, record.instrument, to, endorsee))
    perform(network.desk, act)
    return open_bill(act.document_reference, run, store)


def reissue(
    old: BillView,
    document: Path,
    to: str,
    endorsee: str | None = None,
    run: int | None = None,
    store: ChainStore | None = None,
) -> BillView:
    """Has the carrier issue the bill that takes the place of one surrendered for amendment.

    With the old bill's reference it is one version up (`REF/2`); the document may have another reference.

    Raises:
        InputError, EblRefused: as `issue` says.
        Refused: the old bill was not surrendered for amendment, has been replaced already, or was surrendered by
            somebody else than the new one's first holder.
    """
    described = bill_in(document)
    act = bills.ReissueBill(
        **_new(described, old.network, old.record.instrument, to, endorsee), replaces=_name(old.bill)
    )
    perform(old.network.desk, act)
    return open_bill(_following(old.bill, act.document_reference), run, store)


def issue_from_paper(
    register: str,
    document: Path,
    to: str,
    statement: str,
    endorsee: str | None = None,
    replaces: BillView | None = None,
    run: int | None = None,
    store: ChainStore | None = None,
) -> BillView:
    """Has the carrier issue a bill in the place of a paper one; `replaces` is the bill that was switched to that paper.

    The statement of the change of medium, which MLETR article 17 asks for, is kept as its SHA-256.

    Raises:
        InputError, EblRefused, Refused: as `issue` and `reissue` say.
    """
    described = bill_in(document)
    _require_text("--statement", statement)
    network, record = _register(register, run, store)
    act = bills.IssueBillFromPaper(
        **_new(described, network, record.instrument, to, endorsee),
        replaces=None if replaces is None else _name(replaces.bill),
        statement_hash=terms_hash({"statement": statement}),
    )
    perform(network.desk, act)
    reference = act.document_reference
    return open_bill(reference if replaces is None else _following(replaces.bill, reference), run, store)


def _register(register: str, run: int | None, store: ChainStore | None) -> tuple[Network, InstrumentRecord]:
    network = _network(run, store or ChainStore())
    record = network.ledger.directory.instrument(register)
    if record.kind != "bill-of-lading":
        raise InputError(f"{register} is a {record.kind}; bills are issued in a carrier's register")
    return network, record


def _require_text(what: str, text: str | None) -> None:
    """The words of a command are bytes, and may be no text; none of those can be hashed or named."""
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise InputError(f"{what} is no text in UTF-8") from None


def _require_parties(network: Network, *parties: str | None) -> None:
    for party in parties:
        if party is not None:
            network.ledger.directory.address_of(party)


def _require_first_name(reference: str) -> None:
    if len(reference.encode()) > bills.REFERENCE_BYTES_MAX:
        raise InputError(
            f"the document reference {reference!r} takes {len(reference.encode())} bytes in UTF-8; a bill's contract "
            f"keeps {bills.REFERENCE_BYTES_MAX}"
        )
    if bills.read_bill_name(reference) != bills.BillNumber(reference, 1):
        raise InputError(
            f"the document reference {reference!r} is what a reissued bill is called; it ends in no number"
        )


def _new(described: BillOfLading, network: Network, register: str, to: str, endorsee: str | None) -> dict[str, Any]:
    _require_parties(network, to, endorsee)
    _require_first_name(described.document.transport_document_reference)
    if endorsee is None and described.kind == "straight":
        raise InputError("a straight bill names its consignee: say who that is with --endorsee")
    if endorsee is not None and described.kind == "blank":
        raise InputError("a blank bill names no endorsee: possession is title; leave --endorsee out")
    return {
        "instrument": register,
        "holder": to,
        "document_reference": described.document.transport_document_reference,
        "document_hash": described.hash,
        "bill_kind": described.kind,
        "endorsee": endorsee or (to if described.kind == "to-order" else None),
    }


def _name(bill: BillOnChain) -> str:
    return bills.BillNumber(bill.reference, bill.sub_reference).name


def _following(old: BillOnChain, reference: str) -> str:
    number = bills.BillNumber(old.reference, old.sub_reference)
    return number.next.name if reference == old.reference else reference


def act_on(
    view: BillView,
    action: str,
    by: str,
    to: str | None = None,
    reason: str | None = None,
    statement: str | None = None,
    giver: str | None = None,
    realisable_from: str | None = None,
) -> BillView:
    """Has a party act on a bill; the bill as it is afterwards.

    Args:
        view: The bill.
        action: One of `ACTIONS`.
        by: Who acts.
        to: The endorsee, of an endorsement that names one; the receiver, of an entrustment; the other register, of
            HAND_OVER.
        reason: COD, SWI or SWTP, of a surrender for amendment.
        statement: What is signed, or the statement of a switch to paper that the carrier accepts; its SHA-256 is kept.
        giver: Who has entrusted, of an entrustment that is accepted or renounced.
        realisable_from: From when on a pledgee may pass title, a time with its offset from UTC; `never` or None.

    Raises:
        InputError: an unknown action or party, or something that the action needs, or does not take.
        Refused: the bill's rules do not allow it.
    """
    network = view.network
    _require_parties(network, by, None if action == "HAND_OVER" else to, giver)
    _require_text("--statement", statement)
    given = {
        "--to": to,
        "--reason": reason,
        "--statement": statement,
        "--from": giver,
        "--realisable-from": realisable_from,
    }
    act = _act(view, action, by, given)
    perform(network.desk, ProvideGas(party=by, wei=_GAS_WEI))
    perform(network.desk, act)
    title = network.ledger.title_in_control(view.title)
    bill = network.ledger.bill(title)
    assert bill is not None  # noqa: S101 - it was there before, and a bill stays known
    return BillView(network, network.ledger.directory.instrument(title.instrument), title, bill)


_NEEDS: dict[str, tuple[str, ...]] = {
    "ENDORSE": ("--to",),
    "ENDORSE_TO_ORDER": ("--to",),
    "SIGN": ("--statement",),
    "SURRENDER_FOR_AMENDMENT": ("--reason",),
    "ENTRUST": ("--to",),
    "REVOKE_ENTRUSTMENT": ("--to",),
    "ACCEPT_ENTRUSTMENT": ("--from",),
    "RENOUNCE_ENTRUSTMENT": ("--from",),
    "HAND_OVER": ("--to",),
}

_TAKES = {"SACC": "--statement", "ENTRUST": "--realisable-from", "ACCEPT_ENTRUSTMENT": "--realisable-from"}
"""What an action takes and does not need."""


def _act(view: BillView, action: str, by: str, given: dict[str, str | None]) -> Act:
    if action not in ACTIONS:
        hint = ": possession moves by a settlement" if action == "TRANSFER" else ""
        raise InputError(f"{action!r} is no action of this command{hint}; allowed: {', '.join(ACTIONS)}")
    needed = _NEEDS.get(action, ())
    for option, value in given.items():
        if option in needed and value is None:
            raise InputError(f"{action} needs {option}")
        if value is not None and option not in needed and option != _TAKES.get(action):
            raise InputError(f"{action} takes no {option}")
    to, reason, statement, giver = (given[each] for each in ("--to", "--reason", "--statement", "--from"))
    of: dict[str, Any] = {"instrument": view.record.instrument, "document_reference": _name(view.bill), "by": by}
    match action:
        case "ENDORSE" | "ENDORSE_TO_ORDER" | "BLANK_ENDORSE":
            return bills.EndorseBill(**of | {"endorsement": action, "endorsee": to})
        case "SIGN":
            return bills.SignBill(**of, statement_hash=terms_hash({"statement": statement}))
        case "ENTRUST":
            return bills.EntrustBill(**of | {"receiver": to}, realisable_from=_time(given))
        case "REVOKE_ENTRUSTMENT":
            return bills.RevokeEntrustment(**of | {"receiver": to})
        case "ACCEPT_ENTRUSTMENT":
            return bills.AcceptEntrustment(**of | {"giver": giver}, realisable_from=_time(given))
        case "RENOUNCE_ENTRUSTMENT":
            return bills.RenounceEntrustment(**of | {"giver": giver})
        case "HAND_OVER":
            return bills.HandOverBill(**of | {"to_register": to})
        case "SURRENDER_FOR_AMENDMENT":
            allowed = get_args(bills.AmendmentReason)
            if reason not in allowed:
                raise InputError(f"reason {reason!r} is none of DCSA's; allowed: {', '.join(allowed)}")
            return bills.SurrenderBillForAmendment(**of | {"reason": reason})
        case "SACC" if statement is not None:
            return bills.AcceptSwitchToPaper(**of, statement_hash=terms_hash({"statement": statement}))
        case _:
            return bills.SurrenderBill(**of | {"step": _SURRENDERS[action]})


def _time(given: dict[str, str | None]) -> int:
    """Unix time from which a pledge is realised; zero is never, as the contract has it."""
    text = given["--realisable-from"]
    if text is None or text == NEVER:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None or moment.timestamp() < 1:
        raise InputError(
            f"--realisable-from {text!r} is no time with its offset from UTC, such as 2026-03-31T09:00:00+08:00, nor "
            f"`{NEVER}`"
        )
    return int(moment.timestamp())
