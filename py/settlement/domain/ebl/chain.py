"""The endorsement chain of a bill: what was done with it, in order, and who has what afterwards.

Two things pass separately. Possession is exclusive control (MLETR 11); title is the endorsee's or, of a blank bill,
whoever has possession. The rules are those of `domain.ebl.control`, but for what a chain does not tell: to whom a
titleholder has entrusted possession, who is frozen, and what is on hold. They are DCSA's where those differ: an
endorsee without possession does not sign, and an amendment need not have a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from settlement.domain.bills import AmendmentReason, BillKind
from settlement.domain.ebl.document import (
    CarrierCode,
    DocumentReference,
    SubReference,
    TransportDocumentStatus,
)
from settlement.domain.ebl.party import ChainParty, DcsaModel, Items, Party, is_same
from settlement.domain.ebl.responses import EblRefused, ResponseCode, faults_of, refusal
from settlement.domain.model import Model
from settlement.errors import InputError

ActionCode = Literal[
    "ISSUE",
    "TRANSFER",
    "ENDORSE",
    "ENDORSE_TO_ORDER",
    "BLANK_ENDORSE",
    "SIGN",
    "SURRENDER_FOR_DELIVERY",
    "SURRENDER_FOR_AMENDMENT",
    "SACC",
    "SREJ",
]
"""What can be done with a bill, in DCSA's codes (PINT)."""

Version = TypeVar("Version")

_END_WORD = "SURRENDERED"
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})")
_WITH_RECIPIENT = frozenset(
    {"ISSUE", "TRANSFER", "ENDORSE", "ENDORSE_TO_ORDER", "SURRENDER_FOR_DELIVERY", "SURRENDER_FOR_AMENDMENT"}
)
_WITHOUT_RECIPIENT = frozenset({"BLANK_ENDORSE", "SIGN"})
_ANSWERS = frozenset({"SACC", "SREJ"})


def _check_time(text: str) -> str:
    problem = f"{text!r} is no time such as 2026-03-31T09:00:00Z"
    if not _TIME.fullmatch(text):
        raise ValueError(problem)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(problem) from None
    return text


class Transaction(DcsaModel):
    """One entry of a chain.

    Attributes:
        action_code: What was done. END's SURRENDERED is read as SACC.
        actor: Who did it.
        recipient: To whom; nobody where a bill is signed or endorsed in blank.
        action_date_time: When, as it was written.
        reason_code: Why an amendment was asked for; None where none of DCSA's reasons fits.
    """

    action_code: Annotated[ActionCode, BeforeValidator(lambda code: "SACC" if code == _END_WORD else code)]
    actor: ChainParty
    recipient: ChainParty | None = None
    action_date_time: Annotated[str, AfterValidator(_check_time)]
    reason_code: AmendmentReason | None = None

    @property
    def time(self) -> datetime:
        """When it was done."""
        return datetime.fromisoformat(self.action_date_time)


class EndorsementChain(DcsaModel):
    """The chain of one version of a bill, oldest entry first.

    Attributes:
        transport_document_reference: The bill's.
        transport_document_sub_reference: The version; None where there is one only.
        carrier_scac_code: The carrier's.
        endorsement_chain: The entries.
    """

    transport_document_reference: DocumentReference
    transport_document_sub_reference: SubReference | None = None
    carrier_scac_code: CarrierCode | None = Field(default=None, alias="carrierSCACCode")
    endorsement_chain: Items[Transaction]

    @property
    def name(self) -> str:
        """Reference and, where there is one, version, for people."""
        version = self.transport_document_sub_reference
        return self.transport_document_reference + (f" ({version})" if version else "")

    def end_document(self) -> dict[str, Any]:
        """As the END interface has it: newest entry first, and an accepted surrender is SURRENDERED."""
        entries = [entry.document() for entry in reversed(self.endorsement_chain)]
        for entry in entries:
            if entry["actionCode"] == "SACC":
                entry["actionCode"] = _END_WORD
        return self.document() | {"endorsementChain": entries}

    def pint_document(self) -> dict[str, Any]:
        """As the PINT interface has transactions: oldest first, in its own codes."""
        document = self.document()
        document["transactions"] = document.pop("endorsementChain")
        return document


class BillState(Model):
    """Where a bill stands after its chain.

    Attributes:
        status: In DCSA's words.
        kind: Who can have title; an endorsement may change it.
        possession: Who has possession; nobody where the chain has ended.
        endorsee: Who is named as having title; nobody of a blank bill, nor of a straight one whose document is not
            known.
        endorsable: Whether title can pass by endorsement.
        carrier: Who issued it.
        shipper: To whom it, or the bill at the beginning of its line, was issued.
        surrendered_by: Who asked for surrender; it has possession again if the carrier rejects that.
        reason_code: Why amendment was asked for.
        entries: How many there are.
        last_time: When the last was made.
        former: Who has had possession and gave it away.
    """

    status: TransportDocumentStatus
    kind: BillKind
    possession: Party | None
    endorsee: Party | None
    endorsable: bool
    carrier: Party
    shipper: Party
    surrendered_by: Party | None = None
    reason_code: AmendmentReason | None = None
    entries: int
    last_time: datetime
    former: tuple[Party, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can happen to the bill."""
        return self.possession is None

    @property
    def is_pending(self) -> bool:
        """Whether the carrier has a surrender to answer."""
        return self.status in ("PENDING_SURRENDER_FOR_AMENDMENT", "PENDING_SURRENDER_FOR_DELIVERY")

    @property
    def is_void(self) -> bool:
        """Whether bill and chain are void, and a new bill or a paper one takes their place."""
        return self.status == "SURRENDERED_FOR_AMENDMENT"

    @property
    def titleholder(self) -> Party | None:
        """Who has title, as far as that is known."""
        return self.possession if self.kind == "blank" or self.has_ended else self.endorsee


# ---- reading ---------------------------------------------------------------------------------------------------------


def read_chains(content: object) -> tuple[EndorsementChain, ...]:
    """The chains in a JSON value: one, or a list as END answers for a bill that was amended.

    A chain is read newest entry first, as END has it, or oldest first, as PINT has `transactions`: where ISSUE is tells
    which.

    Raises:
        EblRefused: BENV, for it is no chain of DCSA's.
    """
    found = content if isinstance(content, list) else [content]
    if not found:
        raise refusal(ResponseCode.BENV, [("", "there is no chain in it")])
    return tuple(_read_chain(each, f"[{number}]." if len(found) > 1 else "") for number, each in enumerate(found))


def _read_chain(content: object, where: str) -> EndorsementChain:
    if not isinstance(content, dict):
        raise refusal(ResponseCode.BENV, [(where.rstrip("."), "a chain is a JSON object")])
    fields = dict(content)
    word = "transactions" if "transactions" in fields and "endorsementChain" not in fields else "endorsementChain"
    entries = fields.pop(word, None)
    turned = _is_newest_first(entries)
    fields["endorsementChain"] = entries[::-1] if isinstance(entries, list) and turned else entries
    if entries is None:
        del fields["endorsementChain"]
    try:
        return EndorsementChain.model_validate(fields)
    except ValidationError as error:
        details = error.errors(include_url=False)
        for each in details:
            loc = each["loc"]
            if loc[0] == "endorsementChain":
                position = loc[1:2]
                if turned and position and isinstance(position[0], int) and isinstance(entries, list):
                    position = (len(entries) - 1 - position[0],)
                each["loc"] = (word, *position, *loc[2:])
        raise refusal(ResponseCode.BENV, [(where + path, problem) for path, problem in faults_of(details)]) from None


def _is_newest_first(entries: object) -> bool:
    if not isinstance(entries, list) or len(entries) < 2:
        return False
    first, last = (each.get("actionCode") if isinstance(each, dict) else None for each in (entries[0], entries[-1]))
    return last == "ISSUE" != first


# ---- rules -----------------------------------------------------------------------------------------------------------


def replay(
    kind: BillKind, transactions: Sequence[Transaction], named: Party | None = None, shipper: Party | None = None
) -> BillState:
    """Where a bill stands after a chain.

    Args:
        kind: As it was issued.
        transactions: The whole chain, oldest first.
        named: The consignee of a straight bill, the first endorsee of one to order. None: a straight bill's is not
            known, and one to order is to the order of whoever it was issued to.
        shipper: Who shipped the goods, where the bill took the place of another; None: whoever it was issued to.

    Raises:
        EblRefused: an entry breaks a rule; the sentence says which, and the number of the entry.
        InputError: somebody is named in a blank bill.
    """
    return replay_steps(kind, transactions, named, shipper)[-1]


def replay_steps(
    kind: BillKind, transactions: Sequence[Transaction], named: Party | None = None, shipper: Party | None = None
) -> tuple[BillState, ...]:
    """As `replay`: where the bill stands after each entry."""
    if not transactions:
        raise EblRefused(ResponseCode.BENV, "the chain is empty: it begins with ISSUE")
    states = [_issued(kind, transactions[0], named, shipper)]
    for transaction in transactions[1:]:
        states.append(advance(states[-1], transaction))
    return tuple(states)


def advance(state: BillState, transaction: Transaction) -> BillState:
    """Where a bill stands after one more entry.

    Raises:
        EblRefused: as `replay` says.
    """
    step = _Step(state, transaction)
    step.require_order()
    match transaction.action_code:
        case "ISSUE":
            step.refuse("a bill is issued once, and this one was in entry 1")
        case "TRANSFER":
            return step.transferred()
        case "ENDORSE" | "ENDORSE_TO_ORDER" | "BLANK_ENDORSE":
            return step.endorsed()
        case "SIGN":
            step.require_possession()
            return step.after()
        case "SURRENDER_FOR_DELIVERY" | "SURRENDER_FOR_AMENDMENT":
            return step.surrendered()
        case "SACC" | "SREJ":
            return step.answered()


def _issued(kind: BillKind, first: Transaction, named: Party | None, shipper: Party | None) -> BillState:
    if kind == "blank" and named is not None:
        raise InputError(f"a blank bill names nobody, and {named.party_name} is named")
    if first.action_code != "ISSUE":
        raise EblRefused(
            ResponseCode.BENV,
            f"entry 1 ({first.action_code}): a chain begins with ISSUE, so entries before are missing",
        )
    holder = _recipient(first, 1)
    return BillState(
        status="ISSUED",
        kind=kind,
        possession=holder,
        endorsee=holder if kind == "to-order" and named is None else named,
        endorsable=kind != "straight",
        carrier=first.actor,
        shipper=shipper or holder,
        entries=1,
        last_time=first.time,
    )


def _recipient(entry: Transaction, number: int) -> ChainParty:
    if entry.recipient is None:
        raise EblRefused(ResponseCode.BENV, f"entry {number} ({entry.action_code}): it names no recipient")
    return entry.recipient


class _Step:
    """One entry, on the bill as it stands before."""

    def __init__(self, state: BillState, entry: Transaction) -> None:
        self.state = state
        self.entry = entry
        self.number = state.entries + 1

    def refuse(self, problem: str, code: ResponseCode = ResponseCode.BENV) -> NoReturn:
        raise EblRefused(code, f"entry {self.number} ({self.entry.action_code}): {problem}")

    def after(self, **changes: object) -> BillState:
        return self.state.model_copy(update={"entries": self.number, "last_time": self.entry.time, **changes})

    # What every entry has to keep.

    def require_order(self) -> None:
        state, entry = self.state, self.entry
        code, answer = entry.action_code, entry.action_code in _ANSWERS
        if state.has_ended:
            self.refuse(f"the carrier accepted the surrender in entry {state.entries}, and nothing follows that")
        if entry.time < state.last_time:
            self.refuse(f"it is dated {entry.action_date_time}, before entry {state.entries}")
        if entry.reason_code is not None and code != "SURRENDER_FOR_AMENDMENT":
            self.refuse(f"it has the reason {entry.reason_code}, which is for SURRENDER_FOR_AMENDMENT only")
        if code in _WITH_RECIPIENT:
            _recipient(entry, self.number)
        if code in _WITHOUT_RECIPIENT and entry.recipient is not None:
            self.refuse("it names a recipient, and has none")
        if state.is_pending and not answer and code not in ("SIGN", "ISSUE"):
            self.refuse(f"the bill is {state.status}: the carrier has possession until it answers")
        if answer and not state.is_pending:
            self.refuse(f"there is no surrender to answer: the bill is {state.status}")

    def require_possession(self) -> None:
        actor, state = self.entry.actor, self.state
        if is_same(actor, state.possession):
            return
        holder = state.possession.party_name if state.possession else "nobody"
        if self.entry.action_code != "SIGN" and any(is_same(actor, each) for each in state.former):
            self.refuse(
                f"{actor.party_name} has given possession away already; {holder} has it", code=ResponseCode.DISE
            )
        self.refuse(f"{actor.party_name} has no possession; {holder} has it")

    def require_title(self) -> None:
        actor, holder = self.entry.actor, self.state.titleholder
        if self.state.kind == "blank":
            return  # Possession is enough.
        if holder is not None and not is_same(actor.principal, holder.principal):
            self.refuse(f"{actor.party_name} has possession without title; {holder.principal.party_name} has title")

    # The acts.

    def transferred(self) -> BillState:
        self.require_possession()
        recipient = _recipient(self.entry, self.number)
        if is_same(self.entry.actor, recipient):
            self.refuse(f"{recipient.party_name} gives possession to itself")
        return self.after(possession=recipient, former=(*self.state.former, self.entry.actor))

    def endorsed(self) -> BillState:
        state, code, recipient = self.state, self.entry.action_code, self.entry.recipient
        if state.kind == "straight":
            self.refuse("a straight bill is not endorsed")
        self.require_possession()
        self.require_title()
        if not state.endorsable:
            self.refuse(f"{self.entry.actor.party_name} was endorsed to by ENDORSE, and cannot endorse")
        if recipient is not None and is_same(recipient.principal, state.carrier.principal):
            self.refuse("the carrier does not become endorsee: a bill is surrendered to it")
        kind = "blank" if code == "BLANK_ENDORSE" else "to-order"
        return self.after(kind=kind, endorsee=recipient, endorsable=code != "ENDORSE")

    def surrendered(self) -> BillState:
        state, entry = self.state, self.entry
        recipient = _recipient(entry, self.number)
        if not is_same(recipient.principal, state.carrier.principal):
            self.refuse(f"it is addressed to {recipient.party_name}, and {state.carrier.party_name} issued the bill")
        self.require_possession()
        shipped = state.kind == "straight" and is_same(entry.actor.principal, state.shipper.principal)
        if not shipped:
            self.require_title()
        amendment = entry.action_code == "SURRENDER_FOR_AMENDMENT"
        return self.after(
            status="PENDING_SURRENDER_FOR_AMENDMENT" if amendment else "PENDING_SURRENDER_FOR_DELIVERY",
            possession=recipient,
            surrendered_by=entry.actor,
            reason_code=entry.reason_code,
            former=(*state.former, entry.actor),
        )

    def answered(self) -> BillState:
        state, entry = self.state, self.entry
        actor, holder = entry.actor, state.surrendered_by
        if not is_same(actor.principal, state.carrier.principal):
            self.refuse(f"{actor.party_name} answers a surrender, and {state.carrier.party_name} has to")
        if entry.recipient is not None and not is_same(entry.recipient, holder):
            asked = holder.party_name if holder else "nobody"
            self.refuse(f"it answers {entry.recipient.party_name}, and {asked} surrendered the bill")
        if entry.action_code == "SREJ":
            return self.after(status="ISSUED", possession=holder, surrendered_by=None, reason_code=None)
        amendment = state.status == "PENDING_SURRENDER_FOR_AMENDMENT"
        return self.after(
            status="SURRENDERED_FOR_AMENDMENT" if amendment else "SURRENDERED_FOR_DELIVERY",
            possession=None,
            endorsee=None,
            endorsable=False,
        )


# ---- versions of a bill ----------------------------------------------------------------------------------------------


def check_versions(versions: Sequence[tuple[EndorsementChain, BillState]]) -> None:
    """Of the chains of one reference, at most the newest is of a bill that was not surrendered for amendment.

    Raises:
        EblRefused: DUPE, where a chain is there twice. DISE, where two chains contradict each other, or two bills for
            the same goods would stand. BENV, where the amended bill was issued by another carrier, or to somebody else
            than who surrendered.
    """
    by_reference: dict[str, list[tuple[EndorsementChain, BillState]]] = {}
    for chain, state in versions:
        by_reference.setdefault(chain.transport_document_reference, []).append((chain, state))
    for same in by_reference.values():
        _check_order(oldest_first(same, lambda each: each[0]))


def oldest_first(versions: Sequence[Version], chain: Callable[[Version], EndorsementChain]) -> list[Version]:
    """A bill's versions in the order in which they were issued; of one second the last in the list first, as of END."""
    times = [chain(version).endorsement_chain[0].time for version in versions]
    if times == sorted(times) and times[0] != times[-1]:
        return list(versions)
    turned = list(versions)
    turned.reverse()
    return sorted(turned, key=lambda version: chain(version).endorsement_chain[0].time)


def _check_order(versions: list[tuple[EndorsementChain, BillState]]) -> None:
    found: dict[str, EndorsementChain] = {}
    for chain, _ in versions:
        other = found.setdefault(chain.name, chain)
        if other is not chain and other == chain:
            raise EblRefused(ResponseCode.DUPE, f"the chain of {chain.name} is there twice")
        if other is not chain:
            raise EblRefused(ResponseCode.DISE, f"there are two chains of {chain.name}, and they contradict each other")
    for (older, before), (newer, now) in pairwise(versions):
        if not before.is_void:
            raise EblRefused(
                ResponseCode.DISE,
                f"{newer.name} was issued while {older.name} is {before.status}: two bills would stand",
            )
        if not is_same(now.carrier.principal, before.carrier.principal):
            raise EblRefused(ResponseCode.BENV, f"{newer.name} was issued by another carrier than {older.name}")
        first_holder = newer.endorsement_chain[0].recipient
        if before.reason_code != "SWTP" and not is_same(first_holder, before.surrendered_by):
            raise EblRefused(
                ResponseCode.BENV, f"{newer.name} was issued to somebody else than who surrendered {older.name}"
            )
