"""A scenario out of the chains of one bill's versions: every entry done by its own party, at its own time.

A chain does not say everything that the ledger asks for. What is said here in its place:

- The document of a version without one is its chain's header, so that something stands for it.
- The consignee of a straight bill without a document is the last who surrendered or received it and did not ship the
  goods; where there is none, the shipper.
- A transfer of possession to somebody without title is entrusted by who has title, and accepted, at the same second.
- A surrender for amendment without a reason is a change of destination (COD).
- What is signed is the entry's own text; so is the statement of a switch to paper, and of the way back.
- A version dated before the one whose place it takes was surrendered is issued right after that: two bills never stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from settlement.domain.bills import BillKind, BillNumber
from settlement.domain.ebl.chain import BillState, EndorsementChain, Transaction, replay_steps
from settlement.domain.ebl.content import canonical_text
from settlement.domain.ebl.document import BillOfLading
from settlement.domain.ebl.naming import BillNaming, VersionNaming, digest_of
from settlement.domain.ebl.party import Party, is_same
from settlement.domain.model import PartyId
from settlement.scenarios.language import Scenario
from settlement.scenarios.load import scenario_of
from settlement.scenarios.participants import Participants

REGISTER = "bills-of-lading"
"""The carrier's register in a run of an import."""

UNSTATED_REASON = "COD"

_Step = dict[str, Any]


class Version(NamedTuple):
    """One version of a bill: its chain, what it was issued as, and its document where that is known."""

    chain: EndorsementChain
    kind: BillKind
    bill: BillOfLading | None


class Replayable(NamedTuple):
    """A scenario that reproduces a bill's chains, and how they named what the ledger does not keep."""

    scenario: Scenario
    naming: BillNaming


def named_in(version: Version) -> Party | None:
    """The consignee of a straight bill, the first endorsee of one to order: as the document says, or as read off."""
    if version.bill is not None:
        return version.bill.named
    entries = version.chain.endorsement_chain
    shipper = entries[0].recipient
    if version.kind != "straight" or shipper is None:
        return shipper if version.kind == "to-order" else None
    asked = [entry.actor for entry in entries if entry.action_code.startswith("SURRENDER_FOR")]
    received = [entry.recipient for entry in entries if entry.action_code == "TRANSFER" and entry.recipient]
    others = [party for party in (*received, *asked) if not is_same(party, shipper)]
    return others[-1] if others else shipper


def reproduce(versions: Sequence[Version]) -> Replayable:
    """The scenario of one bill's versions, in the order in which they were issued.

    Raises:
        EblRefused: an entry breaks a rule once it is known who is named in the bill.
        InputError: a reference, a name or a time is none that the ledger can keep.
    """
    planner = _Planner()
    steps = [step for number, version in enumerate(versions, start=1) for step in planner.version(number, version)]
    first = versions[0].chain.endorsement_chain[0]
    carrier = planner.participants.of(first.actor)
    names = planner.participants.names()
    reference = versions[0].chain.transport_document_reference
    tree = {
        "scenario": "ebl-import",
        "title": f"The endorsement chain of {reference}, imported",
        "start": _text(math.floor(first.time.timestamp()) - 1),
        "parties": {
            name: {"name": full, "roles": ["carrier" if name == carrier else "corporate"]}
            for name, full in names.items()
        },
        "instruments": {REGISTER: {"kind": "bill-of-lading", "issuer": carrier}},
        "steps": steps,
    }
    naming = BillNaming(parties=planner.participants.documents(), versions=planner.versions)
    return Replayable(scenario_of(tree, f"the chain of {reference}"), naming)


class _Planner:
    """Makes steps out of entries, and keeps in mind what the ledger will know by then."""

    def __init__(self) -> None:
        self.participants = Participants()
        self.versions: dict[str, VersionNaming] = {}
        self._previous: tuple[str, BillState] | None = None
        self._shipper: Party | None = None
        self._time = 0
        self._orders = 0

    def version(self, number: int, version: Version) -> Iterator[_Step]:
        chain = version.chain
        for entry in chain.endorsement_chain:
            self._know(entry)
        named = named_in(version)
        states = replay_steps(version.kind, chain.endorsement_chain, named, self._shipper)
        self._shipper = states[0].shipper
        name = BillNumber(chain.transport_document_reference, number).name
        unstated = [
            position
            for position, entry in enumerate(chain.endorsement_chain, start=1)
            if entry.action_code == "SURRENDER_FOR_AMENDMENT" and entry.reason_code is None
        ]
        self.versions[name] = VersionNaming(
            sub_reference=chain.transport_document_sub_reference,
            carrier_scac_code=chain.carrier_scac_code,
            unstated_reasons=tuple(unstated),
            digest=digest_of(chain),
        )
        yield from _VersionPlan(self, name, version, states, named).steps()
        self._previous = (name, states[-1])

    def _know(self, entry: Transaction) -> None:
        for party in (entry.actor, entry.recipient):
            if party is not None and not _is_for_another(entry, party):
                self.participants.of(party)

    @property
    def previous(self) -> tuple[str, BillState] | None:
        """What the bill before is called, and where it stands."""
        return self._previous

    def at(self, entry: Transaction) -> str:
        """When an entry is done: at its own time, to the second, and never before what is done already."""
        self._time = max(self._time, math.floor(entry.time.timestamp()))
        return _text(self._time)

    def order_id(self) -> str:
        self._orders += 1
        return f"transfer-{self._orders}"


class _VersionPlan:
    """The steps of one version."""

    def __init__(
        self, planner: _Planner, name: str, version: Version, states: Sequence[BillState], named: Party | None
    ) -> None:
        self._planner = planner
        self._of = planner.participants.of
        self._name = name
        self._version = version
        self._entries = version.chain.endorsement_chain
        self._states = states
        self._named = None if named is None else planner.participants.named(named)
        self._entrusted: set[tuple[PartyId, PartyId]] = set()
        # An acceptance ends when the receiver gives a bill to order away.
        self._accepted: set[tuple[PartyId, PartyId]] = set()
        self._realised = dict(self._realisations())
        self._title = {"instrument": REGISTER, "reference": name}

    def steps(self) -> Iterator[_Step]:
        skipped = False
        for index, entry in enumerate(self._entries):
            if skipped:
                skipped = False
                continue
            label = f"entry {index + 1} ({entry.action_code})"
            if self._planner.previous is not None or self._version.chain.transport_document_sub_reference:
                label += f" of {self._version.chain.name}"
            said = {"name": label, "at": self._planner.at(entry)}
            if index in self._realised:
                skipped = True
                self._accepted.discard(self._realised[index][0])
                giver, receiver = self._of(self._entries[index + 1].actor), self._recipient(entry)
                yield said | self._moved(giver, receiver, said["at"])
            else:
                yield from (said | step for step in self._done(index, entry, said["at"]))

    # ---- entries -----------------------------------------------------------------------------------------------------

    def _done(self, index: int, entry: Transaction, at: str) -> Iterator[_Step]:
        by = self._title | {"by": self._of(entry.actor)}
        match entry.action_code:
            case "ISSUE":
                yield self._issued(entry)
            case "TRANSFER":
                yield from self._transferred(self._states[index - 1], entry, at)
            case "ENDORSE" | "ENDORSE_TO_ORDER":
                yield {entry.action_code.lower(): by | {"to": self._recipient(entry)}}
            case "BLANK_ENDORSE":
                yield {"blank_endorse": by}
            case "SIGN":
                yield {"sign_bill": by | {"statement": canonical_text(entry.document())}}
            case "SURRENDER_FOR_DELIVERY":
                yield {"surrender": by}
            case "SURRENDER_FOR_AMENDMENT":
                yield {"surrender_for_amendment": by | {"reason": entry.reason_code or UNSTATED_REASON}}
            case "SACC" if self._states[index - 1].reason_code == "SWTP":
                yield {"accept_switch_to_paper": by | {"statement": canonical_text(entry.document())}}
            case "SACC":
                yield {"accept_surrender": by}
            case "SREJ":
                yield {"reject_surrender": by}

    def _issued(self, entry: Transaction) -> _Step:
        chain, kind, bill = self._version
        header = {name: value for name, value in chain.document().items() if name != "endorsementChain"}
        said: _Step = {
            "instrument": REGISTER,
            "to": self._recipient(entry),
            "kind": kind,
            "document": canonical_text(header if bill is None else bill.content),
        }
        if kind != "blank" and self._named is not None:
            said["endorsee"] = self._named
        if self._planner.previous is None:
            return {"issue_bill": said | {"reference": chain.transport_document_reference}}
        replaces, before = self._planner.previous
        said["replaces"] = replaces
        if before.reason_code == "SWTP":
            return {"bill_from_paper": said | {"statement": canonical_text(entry.document())}}
        return {"reissue_bill": said}

    def _transferred(self, before: BillState, entry: Transaction, at: str) -> Iterator[_Step]:
        giver, receiver = self._of(entry.actor), self._recipient(entry)
        if before.kind == "blank":
            if (giver, receiver) in self._entrusted:
                self._entrusted.remove((giver, receiver))
                yield {"revoke_entrustment": self._title | {"by": giver, "to": receiver}}
        elif before.endorsee is not None:
            titleholder = self._of_state(before.endorsee)
            if receiver != titleholder and (titleholder, receiver) not in self._accepted:
                yield from self._entrust(titleholder, receiver)
            if before.kind == "to-order":
                self._accepted.discard((titleholder, giver))
        yield self._moved(giver, receiver, at)

    def _entrust(self, titleholder: PartyId, receiver: PartyId) -> Iterator[_Step]:
        known = (titleholder, receiver) in self._entrusted
        self._entrusted.add((titleholder, receiver))
        self._accepted.add((titleholder, receiver))
        times = [at for pair, at in self._realised.values() if pair == (titleholder, receiver)]
        terms = {"realisable_from": times[0]} if times else {}
        if not known:
            yield {"entrust": self._title | {"by": titleholder, "to": receiver} | terms}
        yield {"accept_entrustment": self._title | {"by": receiver, "from": titleholder} | terms}

    def _moved(self, giver: PartyId, receiver: PartyId, at: str) -> _Step:
        leg = {"from": giver, "to": receiver, "instrument": REGISTER, "title": self._name}
        return {"settle": {"id": self._planner.order_id(), "legs": [leg], "not_before": at, "deadline": at}}

    # ---- who ---------------------------------------------------------------------------------------------------------

    def _recipient(self, entry: Transaction) -> PartyId:
        assert entry.recipient is not None  # noqa: S101 - the rules were checked
        return self._of(entry.recipient)

    def _of_state(self, party: Party) -> PartyId:
        return self._planner.participants.named(party)

    def _realisations(self) -> Iterator[tuple[int, tuple[tuple[PartyId, PartyId], str]]]:
        """Pledges that are realised: who has possession endorses on behalf of who has title, and gives it to the same.

        On the ledger that is one movement of both; the pledge has to say so before.
        """
        for index, entry in enumerate(self._entries[:-1]):
            if not _is_for_another(entry, entry.actor):
                continue
            before, following = self._states[index - 1], self._entries[index + 1]
            holder, owner = before.possession, before.endorsee
            is_movement = following.action_code == "TRANSFER" and is_same(following.recipient, entry.recipient)
            if holder is None or owner is None or not is_movement or following.time != entry.time:
                continue
            if is_same(following.actor, holder) and not is_same(holder.principal, owner.principal):
                pair = (self._of_state(owner), self._of_state(holder))
                yield index, (pair, _text(math.floor(entry.time.timestamp())))


def _is_for_another(entry: Transaction, party: Party) -> bool:
    """Whether somebody endorses on another's behalf, as a pledgee does when it realises its pledge."""
    return entry.action_code == "ENDORSE_TO_ORDER" and party is entry.actor and party.represented_party is not None


def _text(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
