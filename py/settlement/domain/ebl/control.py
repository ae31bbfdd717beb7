"""The rules of bills of lading, all of them, on party ids: who may do what, and who has what afterwards.

`after` says what becomes of a register of bills by one act, or refuses it with the name of the error with which the
contracts (contracts/assets) refuse it. Nothing here is asked when a bill is acted on: the contracts decide alone. It is
the specification, in one place, to which tests hold the contracts, and the chains of `domain.ebl.chain` as far as they
tell of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, NoReturn

from settlement.domain import bills
from settlement.domain.bills import AmendmentReason, AnyBillAct, BillAction, BillKind, BillNumber, BillStatus
from settlement.errors import Reason, Refused

Standing = Literal["active", "suspended", "frozen"]
"""Where a party stands in the registry; whoever is not there was never admitted."""


@dataclass(frozen=True)
class Movement:
    """A settled instruction of one leg that moves a bill, or one of the steps of a locked one.

    Both parties have consented. `step` is: settle in one transaction, lock, settle out of the hold, or release the hold
    by cancellation or expiry.
    """

    document_reference: str
    giver: str
    receiver: str
    step: Literal["settle", "lock", "settle-locked", "release"] = "settle"


class Entrustment(NamedTuple):
    """That a party will be given possession alone; `realisable_from` as `EntrustBill` has it."""

    accepted: bool
    realisable_from: int


class Entry(NamedTuple):
    """An entry of a bill's chain: what was done, by whom and to whom, and why an amendment was asked for."""

    action: BillAction
    actor: str
    recipient: str | None
    reason: AmendmentReason | None = None


@dataclass(frozen=True)
class Bill:
    """A bill.

    Attributes:
        number: Its reference, and which of the bills with it this one is.
        document_hash: Of the transport document.
        status: Where it stands.
        issued_as: The kind that it was issued as, and who was named then.
        kind: Who can have title.
        endorsable: Whether title can pass.
        endorsee: Who is named as having title; nobody of a blank bill.
        possession: Who has possession; nobody once it has ended.
        shipper: The first holder of the first bill in its line.
        surrendered_by: Who asked for surrender.
        amendment_reason: Why amendment was asked for.
        held: Whether it is on hold for an instruction.
        replaces: The bill whose place this one takes.
        replaced_by: The bill that has taken this one's place.
        entrusted: By giver and receiver, whom possession alone will pass to.
        chain: Everything that was done with it, in order.
    """

    number: BillNumber
    document_hash: str
    status: BillStatus
    issued_as: tuple[BillKind, str | None]
    kind: BillKind
    endorsable: bool
    endorsee: str | None
    possession: str | None
    shipper: str
    surrendered_by: str | None = None
    amendment_reason: AmendmentReason | None = None
    held: bool = False
    replaces: str | None = None
    replaced_by: str | None = None
    entrusted: Mapping[tuple[str, str], Entrustment] = field(default_factory=lambda: MappingProxyType({}))
    chain: tuple[Entry, ...] = ()

    @property
    def is_live(self) -> bool:
        """Whether somebody has possession of it."""
        return self.possession is not None

    @property
    def titleholder(self) -> str | None:
        """Who has title; nobody once it has ended."""
        return self.possession if self.kind == "blank" or not self.is_live else self.endorsee

    def accepted(self, giver: str | None, receiver: str) -> bool:
        """Whether a receiver has agreed to have possession alone from a giver."""
        found = self.entrusted.get((giver or "", receiver))
        return found is not None and found.accepted

    def entered(self, entry: Entry, **changes: Any) -> Bill:
        """The bill after an act: changed, and with one more entry in its chain."""
        return replace(self, chain=(*self.chain, entry), **changes)


@dataclass(frozen=True)
class Register:
    """A carrier's bills, and what their rules ask of the world.

    Attributes:
        carrier: Who issues them.
        parties: Where each admitted party stands.
        now: Unix time.
        bills: By their names.
    """

    carrier: str
    parties: Mapping[str, Standing]
    now: int
    bills: Mapping[str, Bill] = field(default_factory=lambda: MappingProxyType({}))

    def live_bill_of(self, document_hash: str) -> str | None:
        """The name of a document's live bill."""
        live = (name for name, bill in self.bills.items() if bill.is_live and bill.document_hash == document_hash)
        return next(live, None)

    def having(self, name: str, bill: Bill) -> Register:
        """The same with a bill, new or changed."""
        return replace(self, bills=MappingProxyType({**self.bills, name: bill}))

    def require_active(self, party: str) -> None:
        """Refuses a party that is unknown, suspended or frozen."""
        if self.parties.get(party) != "active":
            _refuse("Registry_PartyNotActive")


def after(register: Register, act: AnyBillAct | Movement) -> Register:
    """The register after one act.

    Raises:
        Refused: a rule is broken; the reason's name is the contract's error's.
    """
    if isinstance(act, bills.NewBill):
        return _issued(register, act)
    name = act.document_reference
    bill = register.bills.get(name)
    if isinstance(act, Movement):
        return register.having(name, _Moving(register, bill, act).done())
    return _Act(register, name, bill).done(act)


def _refuse(name: str) -> NoReturn:
    raise Refused([Reason(name)])


# ---- a bill begins ---------------------------------------------------------------------------------------------------


def _issued(register: Register, act: bills.NewBill) -> Register:
    register.require_active(register.carrier)
    replaced = _replaced(register, act)
    endorsee = act.endorsee or (None if act.bill_kind == "blank" else act.holder)
    register.require_active(act.holder)
    if act.bill_kind == "blank" and endorsee is not None:
        _refuse("BillOfLading_InvalidEndorsee")
    if endorsee is not None:
        register.require_active(endorsee)
    if len(act.document_reference.encode()) > bills.REFERENCE_BYTES_MAX:
        _refuse("BillOfLading_InvalidReference")
    if register.live_bill_of(act.document_hash) is not None:
        _refuse("ControlTracking_DocumentHasLiveRecord")
    number = BillNumber(act.document_reference, 1)
    if replaced is not None and replaced.number.reference == act.document_reference:
        number = replaced.number.next
    if number.name in register.bills:
        _refuse("ControlTracking_ReferenceTaken")
    made = Bill(
        number=number,
        document_hash=act.document_hash,
        status="ISSUED",
        issued_as=(act.bill_kind, endorsee),
        kind=act.bill_kind,
        endorsable=act.bill_kind != "straight",
        endorsee=endorsee,
        possession=act.holder,
        shipper=act.holder,
        chain=(Entry("ISSUE", register.carrier, act.holder),),
    )
    if replaced is not None:
        if replaced.replaced_by is not None:
            _refuse("BillOfLading_Replaced")
        old = replaced.number.name
        made = replace(made, replaces=old, shipper=replaced.shipper)
        register = register.having(old, replace(replaced, replaced_by=number.name))
    return register.having(number.name, made)


def _replaced(register: Register, act: bills.NewBill) -> Bill | None:
    """The bill whose place a new one takes: amended, or switched to the paper that comes back."""
    if not isinstance(act, bills.ReissueBill | bills.IssueBillFromPaper) or act.replaces is None:
        return None
    old = register.bills.get(act.replaces)
    if old is None or old.status != "SURRENDERED_FOR_AMENDMENT":
        _refuse("BillOfLading_UnexpectedStatus")
    from_paper = isinstance(act, bills.IssueBillFromPaper)
    if (old.amendment_reason == "SWTP") != from_paper:
        _refuse("BillOfLading_UnexpectedReason")
    if not from_paper and act.holder != old.surrendered_by:
        _refuse("BillOfLading_NotSurrenderedBy")
    return old


# ---- what is done with it --------------------------------------------------------------------------------------------


class _Act:
    """An act on a bill; None is one that was never issued."""

    def __init__(self, register: Register, name: str, bill: Bill | None) -> None:
        self.register = register
        self.name = name
        self.bill = bill

    def done(self, act: AnyBillAct) -> Register:
        match act:
            case bills.EntrustBill() | bills.RevokeEntrustment():
                made = self.entrusted(act)
            case bills.AcceptEntrustment() | bills.RenounceEntrustment():
                made = self.answered_entrustment(act)
            case bills.EndorseBill():
                made = self.endorsed(act)
            case bills.SignBill():
                made = self.signed(act.by)
            case bills.SurrenderBill(step="request"):
                made = self.surrendered(act.by, None)
            case bills.SurrenderBillForAmendment():
                made = self.surrendered(act.by, act.reason)
            case bills.SurrenderBill(step="void"):
                made = self.voided(act.by)
            case bills.SurrenderBill() | bills.AcceptSwitchToPaper():
                made = self.answered_surrender(act)
            case _:
                raise TypeError(f"a new bill is no act on one: {act.kind}")
        return self.register if made is None else self.register.having(self.name, made)

    # ---- what several acts ask ----

    def in_control(self, who: str) -> Bill:
        """The bill, where it is issued, free, and in the possession of somebody active who acts."""
        bill = self.bill
        if bill is None or bill.possession != who:
            _refuse("BillOfLading_NotInControl")
        self.register.require_active(who)
        if bill.held:
            _refuse("Title_OnHold")
        if bill.status != "ISSUED":
            _refuse("BillOfLading_UnexpectedStatus")
        return bill

    def require_title(self, bill: Bill, who: str) -> None:
        if bill.kind != "blank" and bill.endorsee != who:
            _refuse("BillOfLading_NotTitleholder")

    def require_carrier(self, who: str) -> None:
        if who != self.register.carrier:
            _refuse("Instrument_NotIssuer")
        self.register.require_active(who)

    # ---- endorsements and signatures ----

    def endorsed(self, act: bills.EndorseBill) -> Bill:
        bill = self.in_control(act.by)
        self.require_title(bill, act.by)
        if not bill.endorsable:
            _refuse("BillOfLading_TitleCannotPass")
        if act.endorsee is not None:
            self.register.require_active(act.endorsee)
            if act.endorsee == self.register.carrier:
                _refuse("BillOfLading_InvalidEndorsee")
        kind: BillKind = "blank" if act.endorsee is None else "to-order"
        changes = {"kind": kind, "endorsee": act.endorsee, "endorsable": act.endorsement != "ENDORSE"}
        return bill.entered(Entry(act.endorsement, act.by, act.endorsee), **changes)

    def signed(self, who: str) -> Bill:
        self.register.require_active(who)
        bill = self.bill
        if bill is None or not bill.is_live:
            _refuse("BillOfLading_UnexpectedStatus")
        if who not in (bill.possession, bill.endorsee):
            _refuse("BillOfLading_NotInControl")
        return bill.entered(Entry("SIGN", who, None))

    # ---- entrustments ----

    def entrusted(self, act: bills.EntrustBill | bills.RevokeEntrustment) -> Bill | None:
        bill = self.bill
        if isinstance(act, bills.EntrustBill):
            if bill is None or bill.status != "ISSUED":
                _refuse("BillOfLading_UnexpectedStatus")
            if act.receiver in (act.by, self.register.carrier) or bill.kind == "blank":
                _refuse("BillOfLading_InvalidEntrustment")
        self.register.require_active(act.by)
        if bill is None:
            return None
        if bill.held:
            _refuse("Title_OnHold")
        if bill.possession == act.receiver:
            _refuse("BillOfLading_EntrustmentInUse")
        key = (act.by, act.receiver)
        others = {pair: found for pair, found in bill.entrusted.items() if pair != key}
        if isinstance(act, bills.EntrustBill):
            others[key] = Entrustment(accepted=False, realisable_from=act.realisable_from)
        return replace(bill, entrusted=MappingProxyType(others))

    def answered_entrustment(self, act: bills.AcceptEntrustment | bills.RenounceEntrustment) -> Bill:
        self.register.require_active(act.by)
        key, bill = (act.giver, act.by), self.bill
        accepts = isinstance(act, bills.AcceptEntrustment)
        if bill is not None and bill.held:
            _refuse("Title_OnHold")
        found = None if bill is None else bill.entrusted.get(key)
        if bill is None or found is None:
            _refuse("BillOfLading_UnknownEntrustment")
        on_its_terms = found.accepted
        if isinstance(act, bills.AcceptEntrustment):
            on_its_terms = found.realisable_from == act.realisable_from
        if not on_its_terms:
            _refuse("BillOfLading_UnknownEntrustment")
        return replace(bill, entrusted=MappingProxyType({**bill.entrusted, key: found._replace(accepted=accepts)}))

    # ---- a bill ends ----

    def surrendered(self, who: str, reason: AmendmentReason | None) -> Bill:
        bill = self.in_control(who)
        if bill.kind != "straight" or bill.shipper != who:
            self.require_title(bill, who)
        action: BillAction = "SURRENDER_FOR_DELIVERY" if reason is None else "SURRENDER_FOR_AMENDMENT"
        return bill.entered(
            Entry(action, who, self.register.carrier, reason),
            status=f"PENDING_{action}",
            possession=self.register.carrier,
            surrendered_by=who,
            amendment_reason=reason,
        )

    def answered_surrender(self, act: bills.SurrenderBill | bills.AcceptSwitchToPaper) -> Bill:
        self.require_carrier(act.by)
        bill = self.bill
        if bill is None or not bill.status.startswith("PENDING_"):
            _refuse("BillOfLading_UnexpectedStatus")
        if isinstance(act, bills.SurrenderBill) and act.step == "reject":
            back = {"status": "ISSUED", "possession": bill.surrendered_by}
            gone = {"surrendered_by": None, "amendment_reason": None}
            return bill.entered(Entry("SREJ", act.by, bill.surrendered_by), **back, **gone)
        if (bill.amendment_reason == "SWTP") != isinstance(act, bills.AcceptSwitchToPaper):
            _refuse("BillOfLading_UnexpectedReason")
        status = bill.status.removeprefix("PENDING_").replace("SURRENDER_", "SURRENDERED_")
        return bill.entered(Entry("SACC", act.by, None), status=status, possession=None)

    def voided(self, who: str) -> Bill:
        self.require_carrier(who)
        if self.bill is None or self.bill.status != "ISSUED":
            _refuse("BillOfLading_UnexpectedStatus")
        bill = self.in_control(who)
        self.require_title(bill, who)
        return bill.entered(Entry("VOID", who, None), status="VOIDED", possession=None)


# ---- movements -------------------------------------------------------------------------------------------------------


class _Moving:
    """A movement; of a bill that was never issued, nobody can give possession."""

    def __init__(self, register: Register, bill: Bill | None, movement: Movement) -> None:
        self.register = register
        self.bill = bill
        self.movement = movement

    def done(self) -> Bill:
        step, bill = self.movement.step, self.bill
        if step == "release" and bill is not None:
            return replace(bill, held=False)
        self.register.require_active(self.movement.giver)
        self.register.require_active(self.movement.receiver)
        if self.movement.giver == self.movement.receiver:
            _refuse("Instrument_SelfMovement")
        bill = self.free(out_of_the_hold=step == "settle-locked")
        with_title = self.passes_title(bill)
        return replace(bill, held=True) if step == "lock" else self.moved(bill, with_title)

    def free(self, out_of_the_hold: bool = False) -> Bill:
        bill = self.bill
        if bill is None or bill.possession != self.movement.giver:
            _refuse("Title_NotOwner")
        if bill.held and not out_of_the_hold:
            _refuse("Title_OnHold")
        if bill.status != "ISSUED":
            _refuse("BillOfLading_UnexpectedStatus")
        return bill

    def passes_title(self, bill: Bill) -> bool:
        """Whether title passes too; refuses where neither may pass."""
        giver, receiver = self.movement.giver, self.movement.receiver
        if bill.kind == "straight":
            named = receiver in (bill.endorsee, bill.shipper)
            if named or bill.accepted(bill.endorsee, receiver) or bill.accepted(bill.shipper, receiver):
                return False
            _refuse("BillOfLading_TitleCannotPass")
        if bill.kind == "blank":
            # Possession is title: nobody has it alone.
            if (giver, receiver) in bill.entrusted:
                _refuse("BillOfLading_InvalidEntrustment")
            return False
        titleholder = bill.titleholder or ""
        if receiver == titleholder or bill.accepted(titleholder, receiver):
            return False
        if giver == titleholder:
            if (giver, receiver) in bill.entrusted:
                _refuse("BillOfLading_EntrustmentNotAccepted")
        else:
            self.require_realisable(bill, titleholder)
        if not bill.endorsable:
            _refuse("BillOfLading_TitleCannotPass")
        return True

    def require_realisable(self, bill: Bill, titleholder: str) -> None:
        """The giver is a pledgee whose pledge is due. A freeze of the titleholder stops it, a suspension does not."""
        pledge = bill.entrusted.get((titleholder, self.movement.giver))
        if pledge is None or not pledge.accepted or not 0 < pledge.realisable_from <= self.register.now:
            _refuse("BillOfLading_NotEntrusted")
        if self.register.parties.get(titleholder) == "frozen":
            _refuse("Registry_PartyNotActive")

    def moved(self, bill: Bill, with_title: bool) -> Bill:
        giver, receiver = self.movement.giver, self.movement.receiver
        action: BillAction = "TRANSFER_WITH_TITLE" if with_title else "TRANSFER"
        title: dict[str, object] = {}
        if with_title:
            title = {"kind": "to-order", "endorsee": receiver, "endorsable": True}
        agreed = bill.entrusted.get((bill.titleholder or "", giver))
        if agreed is not None and bill.kind == "to-order":  # It was for as long as the giver had possession.
            ended = {**bill.entrusted, (bill.titleholder or "", giver): agreed._replace(accepted=False)}
            title["entrusted"] = MappingProxyType(ended)
        return bill.entered(Entry(action, giver, receiver), held=False, possession=receiver, **title)
