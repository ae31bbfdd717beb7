"""Bills of lading: DCSA's words for their kinds, statuses and actions, and every act with a bill as data."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, model_validator

from settlement.domain.model import Hash32, InstrumentId, Model, PartyId

REFERENCE_BYTES_MAX = 20
"""DCSA's limit on transportDocumentReference."""

BillKind = Literal["straight", "to-order", "blank"]
"""Who can have title: the consignee, whoever is endorsed to, or whoever has possession. In the order of `BillKind`
in contracts/types/Bill.sol."""

BillStatus = Literal[
    "ISSUED",
    "PENDING_SURRENDER_FOR_AMENDMENT",
    "SURRENDERED_FOR_AMENDMENT",
    "PENDING_SURRENDER_FOR_DELIVERY",
    "SURRENDERED_FOR_DELIVERY",
    "VOIDED",
    "HANDED_OVER",
]
"""Where a bill stands in a register, in DCSA's words, and HANDED_OVER where another register has it; in the order of
`BillStatus` there, from its second on."""

BillAction = Literal[
    "ISSUE",
    "TRANSFER",
    "TRANSFER_WITH_TITLE",
    "ENDORSE",
    "ENDORSE_TO_ORDER",
    "BLANK_ENDORSE",
    "SIGN",
    "SURRENDER_FOR_DELIVERY",
    "SURRENDER_FOR_AMENDMENT",
    "SACC",
    "SREJ",
    "VOID",
    "HAND_OVER",
    "TAKE_OVER",
]
"""An entry of a bill's chain: DCSA's action codes and four that are not: TRANSFER_WITH_TITLE (ENDORSE_TO_ORDER and
TRANSFER in one settled movement), VOID, and HAND_OVER and TAKE_OVER, with which a bill goes from one register to
another in one transaction. In the order of `BillAction` there."""

AmendmentReason = Literal["COD", "SWI", "SWTP"]
"""DCSA's reasons for an amendment: change of destination, switch of the bill, switch to paper."""

Endorsement = Literal["ENDORSE", "ENDORSE_TO_ORDER", "BLANK_ENDORSE"]

DocumentReference = Annotated[str, Field(min_length=1, max_length=REFERENCE_BYTES_MAX)]

BillName = Annotated[str, Field(min_length=1, max_length=REFERENCE_BYTES_MAX + 6)]
"""What one bill is called: its document reference, and from sub-reference 2 on `reference/2`."""

_NUMBERED = re.compile(r"(.+)/([1-9][0-9]{0,4})")


class BillNumber(NamedTuple):
    """A bill's document reference, and which of the bills with it this one is, from 1 on."""

    reference: str
    sub_reference: int

    @property
    def name(self) -> str:
        """What the bill is called."""
        return self.reference if self.sub_reference == 1 else f"{self.reference}/{self.sub_reference}"

    @property
    def next(self) -> BillNumber:
        """The bill with the same reference that takes this one's place."""
        return BillNumber(self.reference, self.sub_reference + 1)


def read_bill_name(name: str) -> BillNumber:
    """What a bill's name says; the contract lets nobody issue a first bill called as a later one is."""
    match = _NUMBERED.fullmatch(name)
    return BillNumber(name, 1) if match is None or match[2] == "1" else BillNumber(match[1], int(match[2]))


# ---- a bill begins ---------------------------------------------------------------------------------------------------


class NewBill(Model):
    """What every new bill says.

    Attributes:
        instrument: The carrier's register.
        holder: The first party in possession.
        document_reference: DCSA's transportDocumentReference, without a sub-reference.
        document_hash: Of the transport document.
        bill_kind: Its kind.
        endorsee: The consignee of a straight bill, the first endorsee of one to order; None is the holder, and nobody
            of a blank one.
    """

    instrument: InstrumentId
    holder: PartyId
    document_reference: DocumentReference
    document_hash: Hash32
    bill_kind: BillKind = "to-order"
    endorsee: PartyId | None = None


class IssueBill(NewBill):
    """A carrier issues a bill of lading to its first holder."""

    kind: Literal["issue-bill"] = "issue-bill"


class ReissueBill(NewBill):
    """A carrier issues the bill that takes the place of one surrendered for amendment."""

    kind: Literal["reissue-bill"] = "reissue-bill"
    replaces: BillName


class IssueBillFromPaper(NewBill):
    """A carrier issues a bill in the place of a paper one; `replaces` is the one that was switched to that paper."""

    kind: Literal["issue-bill-from-paper"] = "issue-bill-from-paper"
    replaces: BillName | None
    statement_hash: Hash32


# ---- what is done with it --------------------------------------------------------------------------------------------


class BillAct(Model):
    """Somebody acts on a bill; `document_reference` is what it is called, with its sub-reference."""

    instrument: InstrumentId
    document_reference: BillName
    by: PartyId


class EndorseBill(BillAct):
    """The endorsee in possession passes title, and no possession; `endorsee` is None of a blank endorsement."""

    kind: Literal["endorse-bill"] = "endorse-bill"
    endorsement: Endorsement
    endorsee: PartyId | None

    @model_validator(mode="after")
    def _nobody_of_a_blank_one_alone(self) -> EndorseBill:
        if (self.endorsement == "BLANK_ENDORSE") != (self.endorsee is None):
            raise ValueError("a blank endorsement names nobody, and every other one names the endorsee")
        return self


class SignBill(BillAct):
    """The party in possession or the endorsee puts its name to a statement."""

    kind: Literal["sign-bill"] = "sign-bill"
    statement_hash: Hash32


class EntrustBill(BillAct):
    """A party says that whenever it gives the bill to a receiver, possession alone passes.

    `realisable_from` is from when on (Unix time) the receiver may pass title as a pledgee; zero is never.
    """

    kind: Literal["entrust-bill"] = "entrust-bill"
    receiver: PartyId
    realisable_from: Annotated[int, Field(ge=0, lt=2**64)]


class RevokeEntrustment(BillAct):
    """A party takes that back."""

    kind: Literal["revoke-entrustment"] = "revoke-entrustment"
    receiver: PartyId


class AcceptEntrustment(BillAct):
    """The receiver agrees to have possession without title, on these terms."""

    kind: Literal["accept-entrustment"] = "accept-entrustment"
    giver: PartyId
    realisable_from: Annotated[int, Field(ge=0, lt=2**64)]


class RenounceEntrustment(BillAct):
    """The receiver no longer agrees."""

    kind: Literal["renounce-entrustment"] = "renounce-entrustment"
    giver: PartyId


class SurrenderBill(BillAct):
    """The party in control surrenders a bill for delivery, or the carrier answers, or voids its own bill."""

    kind: Literal["surrender-bill"] = "surrender-bill"
    step: Literal["request", "accept", "reject", "void"]


class SurrenderBillForAmendment(BillAct):
    """The party in control surrenders a bill for amendment."""

    kind: Literal["surrender-bill-for-amendment"] = "surrender-bill-for-amendment"
    reason: AmendmentReason


class AcceptSwitchToPaper(BillAct):
    """The carrier accepts a surrender for a switch to paper, with the statement of it on the paper bill."""

    kind: Literal["accept-switch-to-paper"] = "accept-switch-to-paper"
    statement_hash: Hash32


class HandOverBill(BillAct):
    """The party that may surrender the bill hands it over to another register of the same carrier.

    Attributes:
        to_register: The other register.
        chain_digest: Of the chain so far; None is the digest of the chain as it stands when the transaction is made.
    """

    kind: Literal["hand-over-bill"] = "hand-over-bill"
    to_register: InstrumentId
    chain_digest: Hash32 | None = None


AnyBillAct = (
    IssueBill
    | ReissueBill
    | IssueBillFromPaper
    | EndorseBill
    | SignBill
    | EntrustBill
    | RevokeEntrustment
    | AcceptEntrustment
    | RenounceEntrustment
    | SurrenderBill
    | SurrenderBillForAmendment
    | AcceptSwitchToPaper
    | HandOverBill
)
"""Any act with a bill."""
