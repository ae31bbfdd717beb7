"""Bills of lading in the scenario language: what is done with them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from settlement.domain.bills import AmendmentReason, BillKind
from settlement.scenarios.written_base import BillReference, DocumentReference, InstrumentName, PartyName, Time, Written

Document = Annotated[Any, WithJsonSchema({"type": ["object", "string"]})]


class BillRegisterAct(Written):
    """Something is done with a bill in a carrier's register."""

    instrument: InstrumentName


class NewBillWritten(BillRegisterAct):
    """A new bill, and who has it first.

    `endorsee` is the consignee of a straight bill and the first endorsee of one to order, where it is not the holder.
    """

    to: PartyName
    kind: BillKind = "to-order"
    endorsee: PartyName | None = None
    document: Document


class IssueBillWritten(NewBillWritten):
    """A bill of lading to its first holder."""

    reference: DocumentReference


class ReissueBillWritten(NewBillWritten):
    """The bill that takes the place of one surrendered for amendment: `REF/2` in the place of `REF`."""

    replaces: BillReference
    reference: BillReference | None = None


class BillFromPaperWritten(NewBillWritten):
    """A bill in the place of a paper one, with the statement of it; `replaces` is the bill switched to that paper."""

    reference: BillReference | None = None
    replaces: BillReference | None = None
    statement: Document


class BillAct(BillRegisterAct):
    """A party acts on a bill; that of a reissued one is called `REF/2`."""

    reference: BillReference
    by: PartyName


class SurrenderWritten(BillAct):
    """A bill of lading is surrendered for delivery, or the carrier answers, or voids its own."""


class SurrenderForAmendmentWritten(BillAct):
    """A bill of lading is surrendered for amendment, for one of DCSA's reasons."""

    reason: AmendmentReason


class StatementWritten(BillAct):
    """A party signs a statement, or the carrier accepts a switch to paper with the statement of it."""

    statement: Document


class EndorseWritten(BillAct):
    """The endorsee in possession passes title, and no possession."""

    to: PartyName


class BlankEndorseWritten(BillAct):
    """The endorsee in possession makes possession title."""


class EntrustWritten(BillAct):
    """A party says whom it will give possession alone, and from when on that party may realise its pledge."""

    to: PartyName
    realisable_from: Time | Literal["never"] = "never"


class HandOverWritten(BillAct):
    """The party in control hands a bill over to another register of the same carrier, where it goes on."""

    to_register: InstrumentName


class RevokeEntrustmentWritten(BillAct):
    """A party takes that back."""

    to: PartyName


class AcceptEntrustmentWritten(BillAct):
    """The receiver agrees to what it was entrusted with."""

    from_: PartyName = Field(alias="from")
    realisable_from: Time | Literal["never"] = "never"


class RenounceEntrustmentWritten(BillAct):
    """The receiver no longer agrees."""

    from_: PartyName = Field(alias="from")
