"""Bills of lading: who has possession, who has title, what is entrusted, and how a bill begins and ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from settlement.domain.bills import REFERENCE_BYTES_MAX
from settlement.domain.oracle.calls import NOBODY, Call
from settlement.domain.oracle.control import ControlTracking
from settlement.domain.oracle.entrustments import Entrustments
from settlement.domain.oracle.instrument import EngineBound
from settlement.domain.oracle.registry import CARRIER, FROZEN, Registry
from settlement.domain.oracle.tables import Refusal, Tables

STRAIGHT, TO_ORDER, BLANK = range(3)
"""Kinds, as `BillKind` in contracts/types/Bill.sol."""

NONE, ISSUED, PENDING_AMENDMENT, AMENDED, PENDING_DELIVERY, DELIVERED, VOIDED, HANDED_OVER = range(8)
"""Statuses, as `BillStatus` there."""

_NO_DATA = bytes(32)
_TO_PAPER = b"SWTP"
_REASONS = (b"COD\0", b"SWI\0", _TO_PAPER)

_NEW = "address,string,bytes32,uint8,address"


class Bill(NamedTuple):
    """A bill; `endorsee` is nobody of a blank one."""

    status: int
    kind: int
    endorsable: bool
    endorsee: str
    shipper: str
    reference: str
    sub_reference: int
    document: bytes
    reason: bytes = b"\0\0\0\0"
    surrendered_by: str = NOBODY
    replaced_by: int = 0


_NO_BILL = Bill(NONE, STRAIGHT, False, NOBODY, NOBODY, "", 0, b"")


class Bills(EngineBound):
    """A carrier's register of bills."""

    CALLS: ClassVar[Mapping[str, str]] = {
        **EngineBound.CALLS,
        f"issue({_NEW})": "issue",
        f"reissue(uint256,{_NEW})": "reissue",
        f"issueFromPaper({_NEW},uint256,bytes32)": "issue_from_paper",
        "endorse(uint256,address)": "endorse",
        "endorseToOrder(uint256,address)": "endorse_to_order",
        "blankEndorse(uint256)": "blank_endorse",
        "sign(uint256,bytes32)": "sign",
        "entrust(uint256,address,uint64)": "entrust",
        "revokeEntrustment(uint256,address)": "revoke",
        "acceptEntrustment(uint256,address,uint64)": "accept",
        "renounceEntrustment(uint256,address)": "renounce",
        "surrenderForDelivery(uint256)": "surrender_for_delivery",
        "surrenderForAmendment(uint256,bytes4)": "surrender_for_amendment",
        "acceptSurrender(uint256)": "accept_surrender",
        "acceptSwitchToPaper(uint256,bytes32)": "accept_switch_to_paper",
        "rejectSurrender(uint256)": "reject_surrender",
        "voidBill(uint256)": "void",
        "handOver(uint256,address,bytes32)": "hand_over",
    }
    ISSUED_BY: ClassVar[int] = CARRIER

    def __init__(
        self,
        tables: Tables,
        registry: Registry,
        address: str,
        issuer: str,
        control: ControlTracking,
        instruments: Mapping[str, object],
    ) -> None:
        super().__init__(tables, registry, address, issuer)
        self._control = control
        self._instruments = instruments
        self.owners: dict[int, str] = tables.owners(address)
        self.bills: dict[int, Bill] = {}
        self.holds: dict[str, int] = {}
        self._held: dict[int, str] = {}
        self._entrustments = Entrustments(tables)

    def bill(self, title: int) -> Bill:
        """A bill; one with status 0 where there is none."""
        return self.bills.get(title, _NO_BILL)

    def titleholder_of(self, title: int) -> str:
        """Who has title to a bill that is there."""
        holder = self._holder(title)
        return holder if holder == NOBODY or self.bill(title).kind == BLANK else self.bill(title).endorsee

    # ---- a bill begins -----------------------------------------------------------------------------------------------

    def issue(self, call: Call, holder: str, reference: str, document: bytes, kind: int, endorsee: str) -> None:
        """The carrier issues a bill."""
        self._require_issuer(call)
        self._issue(holder, reference, document, kind, endorsee, 0)

    def reissue(
        self, call: Call, old: int, holder: str, reference: str, document: bytes, kind: int, endorsee: str
    ) -> None:
        """The carrier issues the bill that takes the place of an amended one, to whoever surrendered that."""
        self._require_issuer(call)
        self._require_status(old, AMENDED)
        if self.bill(old).reason == _TO_PAPER:
            raise Refusal("BillOfLading_UnexpectedReason", "it was switched to paper")
        if holder != self.bill(old).surrendered_by:
            raise Refusal("BillOfLading_NotSurrenderedBy", holder)
        self._issue(holder, reference, document, kind, endorsee, old)

    def issue_from_paper(
        self,
        call: Call,
        holder: str,
        reference: str,
        document: bytes,
        kind: int,
        endorsee: str,
        old: int,
        statement: bytes,
    ) -> None:
        """The carrier issues a bill in the place of a paper one."""
        self._require_issuer(call)
        if statement == _NO_DATA:
            raise Refusal("BillOfLading_StatementMissing")
        if old:
            self._require_status(old, AMENDED)
            if self.bill(old).reason != _TO_PAPER:
                raise Refusal("BillOfLading_UnexpectedReason", "it was not switched to paper")
        self._issue(holder, reference, document, kind, endorsee, old)

    def _issue(self, holder: str, reference: str, document: bytes, kind: int, endorsee: str, old: int) -> None:
        self._registry.require_active(holder)
        if kind != BLANK:
            self._registry.require_active(endorsee)
        elif endorsee != NOBODY:
            raise Refusal("BillOfLading_InvalidEndorsee", endorsee)
        if not 0 < len(reference.encode()) <= REFERENCE_BYTES_MAX:
            raise Refusal("BillOfLading_InvalidReference", reference)
        same = old and self.bill(old).reference == reference
        sub_reference = self.bill(old).sub_reference + 1 if same else 1
        title = self._control.begin(self.address, document, reference, sub_reference)
        shipper = holder
        if old:
            if self.bill(old).replaced_by:
                raise Refusal("BillOfLading_Replaced", reference)
            shipper = self.bill(old).shipper
            self._set(old, self.bill(old)._replace(replaced_by=title))
        made = Bill(ISSUED, kind, kind != STRAIGHT, endorsee, shipper, reference, sub_reference, document)
        self._set(title, made)
        self._tables.put(self.owners, title, holder)

    # ---- endorsed, entrusted -----------------------------------------------------------------------------------------

    def endorse(self, call: Call, title: int, endorsee: str) -> None:
        """Title to somebody who cannot pass it on."""
        self._endorse(call, title, endorsee, is_last=True)

    def endorse_to_order(self, call: Call, title: int, endorsee: str) -> None:
        """Title to somebody who can."""
        self._endorse(call, title, endorsee, is_last=False)

    def blank_endorse(self, call: Call, title: int) -> None:
        """From now on possession is title."""
        self._require_endorsable(call, title)
        self._set(title, self.bill(title)._replace(kind=BLANK, endorsable=True, endorsee=NOBODY))

    def _endorse(self, call: Call, title: int, endorsee: str, *, is_last: bool) -> None:
        self._require_endorsable(call, title)
        self._registry.require_active(endorsee)
        if endorsee == self.issuer:
            raise Refusal("BillOfLading_InvalidEndorsee", endorsee)
        self._set(title, self.bill(title)._replace(kind=TO_ORDER, endorsable=not is_last, endorsee=endorsee))

    def _require_endorsable(self, call: Call, title: int) -> None:
        self._require_in_control(call, title)
        self._require_title(call, title)
        if self.bill(title).kind == STRAIGHT or not self.bill(title).endorsable:
            raise Refusal("BillOfLading_TitleCannotPass", f"{title:#x}")

    def sign(self, call: Call, title: int, _statement: bytes) -> None:
        """Whoever has possession or title puts its name to a statement."""
        self._registry.require_active(call.sender)
        if self._holder(title) == NOBODY:
            raise Refusal("BillOfLading_UnexpectedStatus", f"{title:#x}")
        if call.sender not in (self._holder(title), self.bill(title).endorsee):
            raise Refusal("BillOfLading_NotInControl", call.sender)

    def entrust(self, call: Call, title: int, receiver: str, realisable_from: int) -> None:
        """Somebody says that to this receiver it will give possession alone."""
        self._require_status(title, ISSUED)
        if receiver in (call.sender, NOBODY, self.issuer) or self.bill(title).kind == BLANK:
            raise Refusal("BillOfLading_InvalidEntrustment", receiver)
        self._require_unused(call, title, receiver)
        self._entrustments.give(title, call.sender, receiver, realisable_from)

    def revoke(self, call: Call, title: int, receiver: str) -> None:
        """Takes that back."""
        self._require_unused(call, title, receiver)
        self._entrustments.revoke(title, call.sender, receiver)

    def accept(self, call: Call, title: int, giver: str, realisable_from: int) -> None:
        """The receiver agrees, on these terms."""
        self._registry.require_active(call.sender)
        self._require_not_on_hold(title)
        self._entrustments.accept(title, giver, call.sender, realisable_from)

    def renounce(self, call: Call, title: int, giver: str) -> None:
        """The receiver no longer agrees."""
        self._registry.require_active(call.sender)
        self._require_not_on_hold(title)
        self._entrustments.renounce(title, giver, call.sender)

    def _require_unused(self, call: Call, title: int, receiver: str) -> None:
        self._registry.require_active(call.sender)
        self._require_not_on_hold(title)
        if self._holder(title) == receiver:
            raise Refusal("BillOfLading_EntrustmentInUse", receiver)

    # ---- surrendered -------------------------------------------------------------------------------------------------

    def surrender_for_delivery(self, call: Call, title: int) -> None:
        """Whoever is in control asks for the goods."""
        self._surrender(call, title, PENDING_DELIVERY, b"\0\0\0\0")

    def surrender_for_amendment(self, call: Call, title: int, reason: bytes) -> None:
        """Whoever is in control asks for another bill, or for paper."""
        if reason not in _REASONS:
            raise Refusal("BillOfLading_UnexpectedReason", "0x" + reason.hex())
        self._surrender(call, title, PENDING_AMENDMENT, reason)

    def _surrender(self, call: Call, title: int, status: int, reason: bytes) -> None:
        self._require_disposal(call, title)
        bill = self.bill(title)
        self._set(title, bill._replace(status=status, reason=reason, surrendered_by=call.sender))
        self._tables.put(self.owners, title, self.issuer)

    def accept_surrender(self, call: Call, title: int) -> None:
        """The carrier accepts a surrender."""
        self._require_pending(call, title)
        if self.bill(title).reason == _TO_PAPER:
            raise Refusal("BillOfLading_UnexpectedReason", "it is to be switched to paper")
        self._end(title, AMENDED if self.bill(title).status == PENDING_AMENDMENT else DELIVERED)

    def accept_switch_to_paper(self, call: Call, title: int, statement: bytes) -> None:
        """The carrier issues paper in the bill's place."""
        self._require_issuer(call)
        if statement == _NO_DATA:
            raise Refusal("BillOfLading_StatementMissing")
        self._require_pending(call, title)
        if self.bill(title).reason != _TO_PAPER:
            raise Refusal("BillOfLading_UnexpectedReason", "it is not to be switched to paper")
        self._end(title, AMENDED)

    def reject_surrender(self, call: Call, title: int) -> None:
        """The carrier gives a bill back."""
        self._require_pending(call, title)
        bill = self.bill(title)
        self._set(title, bill._replace(status=ISSUED, reason=b"\0\0\0\0", surrendered_by=NOBODY))
        self._tables.put(self.owners, title, bill.surrendered_by)

    def void(self, call: Call, title: int) -> None:
        """The carrier ends a bill that is its own."""
        self._require_issuer(call)
        self._require_status(title, ISSUED)
        self._require_in_control(call, title)
        self._require_title(call, title)
        self._end(title, VOIDED)

    def _end(self, title: int, status: int) -> None:
        bill = self.bill(title)
        self._set(title, bill._replace(status=status))
        self._control.end(self.address, bill.document)
        self._tables.put(self.owners, title, NOBODY)

    def hand_over(self, call: Call, title: int, target: str, chain_digest: bytes) -> None:
        """Whoever may surrender a bill has it go on in another register of the carrier's."""
        self._require_disposal(call, title)
        if chain_digest == _NO_DATA:
            raise Refusal("BillOfLading_ChainDigestMissing", f"{title:#x}")
        bill = self.bill(title)
        self._set(title, bill._replace(status=HANDED_OVER))
        self._tables.put(self.owners, title, NOBODY)
        self._control.give(self.address, self.issuer, target, bill.document)
        taking = self._instruments.get(target)
        if not isinstance(taking, Bills):
            raise Refusal("Reverted", f"{target} takes no bills over")
        taking.take_over(title, call.sender, bill)

    def take_over(self, title: int, holder: str, bill: Bill) -> None:
        """Goes on with a bill of another register."""
        self._registry.require_active(holder)
        self._set(title, bill)
        self._tables.put(self.owners, title, holder)

    def _require_disposal(self, call: Call, title: int) -> None:
        self._require_in_control(call, title)
        if self.bill(title).kind != STRAIGHT or self.bill(title).shipper != call.sender:
            self._require_title(call, title)

    def _require_pending(self, call: Call, title: int) -> None:
        self._require_issuer(call)
        if self.bill(title).status not in (PENDING_AMENDMENT, PENDING_DELIVERY):
            raise Refusal("BillOfLading_UnexpectedStatus", f"{title:#x}")

    # ---- what the engine does ----------------------------------------------------------------------------------------

    def book_transfer(self, giver: str, receiver: str, quantity: int, at: int) -> None:
        """See `Instrument.book_transfer`; `quantity` is the title."""
        if giver == receiver:
            raise Refusal("Instrument_SelfMovement", giver)
        self._require_free(giver, quantity)
        bill = self.bill(quantity)
        if self._passes_title(giver, receiver, quantity, at):
            self._set(quantity, bill._replace(kind=TO_ORDER, endorsable=True, endorsee=receiver))
        if bill.kind == TO_ORDER and giver != bill.endorsee:
            self._entrustments.end(quantity, bill.endorsee, giver)
        self._tables.put(self.owners, quantity, receiver)

    def place_hold(self, hold: str, owner: str, quantity: int) -> None:
        """See `Instrument.place_hold`."""
        if self.holds.get(hold):
            raise Refusal("Instrument_HoldExists", hold)
        self._require_free(owner, quantity)
        self._tables.put(self.holds, hold, quantity)
        self._tables.put(self._held, quantity, hold)

    def resolve_hold(self, hold: str) -> None:
        """See `Instrument.resolve_hold`."""
        title = self.holds.get(hold, 0)
        if not title:
            raise Refusal("Instrument_HoldUnknown", hold)
        self._tables.put(self.holds, hold, 0)
        self._tables.put(self._held, title, "")

    def _passes_title(self, giver: str, receiver: str, title: int, at: int) -> bool:
        """Whether title goes with possession; refuses where neither goes."""
        bill, agreed = self.bill(title), self._entrustments
        holder = giver if bill.kind == BLANK else bill.endorsee
        if bill.kind == STRAIGHT:
            named = (holder, bill.shipper)
            if receiver in named or any(agreed.accepted(title, each, receiver) for each in named):
                return False
            raise Refusal("BillOfLading_TitleCannotPass", f"{title:#x}")
        if giver != holder:
            if receiver == holder or agreed.accepted(title, holder, receiver):
                return False
            if not agreed.realisable(title, holder, giver, at):
                raise Refusal("BillOfLading_NotEntrusted", receiver)
            if self._registry.status_of(holder) == FROZEN:
                raise Refusal("Registry_PartyNotActive", f"{holder} is frozen")
        elif agreed.given(title, holder, receiver):
            if bill.kind == BLANK:
                raise Refusal("BillOfLading_InvalidEntrustment", receiver)
            if agreed.accepted(title, holder, receiver):
                return False
            raise Refusal("BillOfLading_EntrustmentNotAccepted", receiver)
        elif bill.kind == BLANK:
            return False
        if not bill.endorsable:
            raise Refusal("BillOfLading_TitleCannotPass", f"{title:#x}")
        return True

    # ---- rules -------------------------------------------------------------------------------------------------------

    def _holder(self, title: int) -> str:
        return self.owners.get(title, NOBODY)

    def _set(self, title: int, bill: Bill) -> None:
        self._tables.put(self.bills, title, bill)

    def _require_free(self, owner: str, title: int) -> None:
        if self._holder(title) != owner or owner == NOBODY:
            raise Refusal("Title_NotOwner", f"{owner} has not {title:#x}")
        self._require_not_on_hold(title)
        self._require_status(title, ISSUED)

    def _require_not_on_hold(self, title: int) -> None:
        if self._held.get(title):
            raise Refusal("Title_OnHold", f"{title:#x}")

    def _require_status(self, title: int, status: int) -> None:
        if self.bill(title).status != status:
            raise Refusal("BillOfLading_UnexpectedStatus", f"{title:#x} is at status {self.bill(title).status}")

    def _require_in_control(self, call: Call, title: int) -> None:
        if self._holder(title) != call.sender:
            raise Refusal("BillOfLading_NotInControl", call.sender)
        self._registry.require_active(call.sender)
        self._require_free(call.sender, title)

    def _require_title(self, call: Call, title: int) -> None:
        if self.bill(title).kind != BLANK and self.bill(title).endorsee != call.sender:
            raise Refusal("BillOfLading_NotTitleholder", call.sender)
