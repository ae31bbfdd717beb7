"""Resolves what is done with bills of lading."""

from __future__ import annotations

from typing import Any, Literal

from settlement.domain.bills import (
    REFERENCE_BYTES_MAX,
    AcceptEntrustment,
    AcceptSwitchToPaper,
    AnyBillAct,
    BillNumber,
    EndorseBill,
    Endorsement,
    EntrustBill,
    HandOverBill,
    IssueBill,
    IssueBillFromPaper,
    ReissueBill,
    RenounceEntrustment,
    RevokeEntrustment,
    SignBill,
    SurrenderBill,
    SurrenderBillForAmendment,
    read_bill_name,
)
from settlement.domain.instruction import title_id
from settlement.domain.quantity import Quantity
from settlement.scenarios.context import Context, document_hash
from settlement.scenarios.language import Perform
from settlement.scenarios.text import Path
from settlement.scenarios.written_base import Written
from settlement.scenarios.written_bills import (
    AcceptEntrustmentWritten,
    BillAct,
    BillFromPaperWritten,
    BillRegisterAct,
    BlankEndorseWritten,
    EndorseWritten,
    EntrustWritten,
    HandOverWritten,
    NewBillWritten,
    ReissueBillWritten,
    RenounceEntrustmentWritten,
    RevokeEntrustmentWritten,
    StatementWritten,
    SurrenderForAmendmentWritten,
)

_ENDORSEMENTS: dict[str, Endorsement] = {"endorse": "ENDORSE", "endorse_to_order": "ENDORSE_TO_ORDER"}

_SURRENDERS: dict[str, Literal["request", "accept", "reject", "void"]] = {
    "surrender": "request",
    "accept_surrender": "accept",
    "reject_surrender": "reject",
    "void_bill": "void",
}


def resolve_bill_action(context: Context, path: Path, word: str, written: Written) -> Perform | None:
    """What a step does with a bill of lading; None where it is about something else.

    Raises:
        InputError: it names something unknown, or says what no bill can be.
    """
    if not isinstance(written, BillRegisterAct):
        return None
    context.of_kind((*path, "instrument"), written.instrument, "bill-of-lading")
    if isinstance(written, NewBillWritten):
        return Perform(act=_new_bill(context, path, written))
    assert isinstance(written, BillAct)  # noqa: S101 - there is nothing else
    return Perform(act=_act(context, path, word, written))


def bill_of(written: BillRegisterAct) -> str:
    """The bill that a step is about, as the file calls it."""
    return str(getattr(written, "reference", None) or getattr(written, "replaces", None))


# ---- a bill begins ---------------------------------------------------------------------------------------------------


def _new_bill(context: Context, path: Path, written: NewBillWritten) -> AnyBillAct:
    number = _number(context, path, written)
    title = Quantity(instrument=written.instrument, amount=title_id(number.name))
    known = context.titles.setdefault(number.name, title)
    if known != title:
        raise context.error(
            (*path, "reference"),
            f"{number.name} is a bill of {known.instrument} already; in a scenario a reference is unique",
        )
    said: dict[str, Any] = {
        "instrument": written.instrument,
        "holder": context.party((*path, "to"), written.to),
        "document_reference": number.reference,
        "document_hash": _hash(context, (*path, "document"), written.document),
        "bill_kind": written.kind,
        "endorsee": _endorsee(context, path, written),
    }
    match written:
        case ReissueBillWritten():
            return ReissueBill(**said, replaces=written.replaces)
        case BillFromPaperWritten():
            statement = _hash(context, (*path, "statement"), written.statement)
            return IssueBillFromPaper(**said, replaces=written.replaces, statement_hash=statement)
        case _:
            return IssueBill(**said)


def _number(context: Context, path: Path, written: NewBillWritten) -> BillNumber:
    """What the new bill is called: in the place of another with the same reference, one version up."""
    replaces: str | None = getattr(written, "replaces", None)
    reference: str | None = getattr(written, "reference", None)
    if replaces is not None:
        _title(context, (*path, "replaces"), written.instrument, replaces)
    elif reference is None:
        raise context.error(path, "field 'reference' is missing: without `replaces` there is nothing it follows from")
    following = None if replaces is None else read_bill_name(replaces).next
    if following is not None and reference in (None, following.name):
        number = following
    else:
        number = BillNumber(str(reference), 1)
        said = read_bill_name(number.reference)
        if following is not None and said.reference == following.reference:
            raise context.error(
                (*path, "reference"),
                f"{number.name} does not follow {replaces}: with the same document reference it is {following.name}",
            )
        if said != number:
            raise context.error(
                (*path, "reference"), f"{number.name} is called as a reissued bill is; a first one has no sub-reference"
            )
    if len(number.reference.encode()) > REFERENCE_BYTES_MAX:
        raise context.error((*path, "reference"), f"the document reference is longer than {REFERENCE_BYTES_MAX} bytes")
    return number


def _endorsee(context: Context, path: Path, written: NewBillWritten) -> str | None:
    if written.endorsee is not None:
        if written.kind == "blank":
            raise context.error((*path, "endorsee"), "a blank bill names no endorsee: possession is title")
        return context.party((*path, "endorsee"), written.endorsee)
    if written.kind == "straight":
        raise context.error(path, "field 'endorsee' is missing: a straight bill names its consignee")
    return None if written.kind == "blank" else written.to


# ---- what is done with it --------------------------------------------------------------------------------------------


def _act(context: Context, path: Path, word: str, written: BillAct) -> AnyBillAct:
    _title(context, (*path, "reference"), written.instrument, written.reference)
    by = context.party((*path, "by"), written.by)
    said: dict[str, Any] = {"instrument": written.instrument, "document_reference": written.reference, "by": by}
    for field, name in (("to", getattr(written, "to", None)), ("from", getattr(written, "from_", None))):
        if name is not None:
            context.party((*path, field), name)
    match written:
        case EndorseWritten():
            return EndorseBill(**said, endorsement=_ENDORSEMENTS[word], endorsee=written.to)
        case BlankEndorseWritten():
            return EndorseBill(**said, endorsement="BLANK_ENDORSE", endorsee=None)
        case StatementWritten():
            statement = _hash(context, (*path, "statement"), written.statement)
            if word == "sign_bill":
                return SignBill(**said, statement_hash=statement)
            return AcceptSwitchToPaper(**said, statement_hash=statement)
        case EntrustWritten():
            time = _realisable_from(context, path, written.realisable_from)
            return EntrustBill(**said, receiver=written.to, realisable_from=time)
        case RevokeEntrustmentWritten():
            return RevokeEntrustment(**said, receiver=written.to)
        case AcceptEntrustmentWritten():
            time = _realisable_from(context, path, written.realisable_from)
            return AcceptEntrustment(**said, giver=written.from_, realisable_from=time)
        case RenounceEntrustmentWritten():
            return RenounceEntrustment(**said, giver=written.from_)
        case HandOverWritten():
            context.of_kind((*path, "to_register"), written.to_register, "bill-of-lading")
            context.may_have(written.reference, written.to_register)
            return HandOverBill(**said, to_register=written.to_register)
        case SurrenderForAmendmentWritten():
            return SurrenderBillForAmendment(**said, reason=written.reason)
        case _:
            return SurrenderBill(**said, step=_SURRENDERS[word])


def _realisable_from(context: Context, path: Path, text: str) -> int:
    at: Path = (*path, "realisable_from")
    if text == "never":
        return 0
    if path[0] == "opening":
        raise context.error(at, "the opening lies before the start, where no time is kept yet; entrust in steps")
    time = context.time(at, text)
    if time == 0:
        raise context.error(at, f"{text} is no time from which a pledge is realised: write `never`, or a later one")
    return time


def _title(context: Context, path: Path, instrument: str, reference: str) -> None:
    context.title(path, reference, instrument)


def _hash(context: Context, path: Path, document: object) -> str:
    if not isinstance(document, dict | str) or not document:
        raise context.error(path, f"the {path[-1]} is a mapping or a text, and not empty")
    return document_hash(document)
