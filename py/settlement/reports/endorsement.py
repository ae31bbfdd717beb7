"""A bill's chain on a ledger as DCSA has chains, out of its contract's events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from settlement.domain.bills import BillNumber
from settlement.domain.ebl.chain import EndorsementChain
from settlement.domain.ebl.naming import VersionNaming
from settlement.ports import BillEntry, BillIssue, BillOnChain

PartyDocument = Callable[[str], dict[str, Any]]
"""A participant as DCSA's chains name a party."""


class ReadChain(NamedTuple):
    """A chain in DCSA's words, and sentences on what those cannot say."""

    chain: EndorsementChain
    notes: tuple[str, ...]


def read_events(
    bill: BillOnChain,
    issue: BillIssue,
    entries: Sequence[BillEntry],
    party: PartyDocument,
    naming: VersionNaming | None = None,
    carrier_scac_code: str | None = None,
) -> ReadChain:
    """The chain of one bill.

    Where title and possession passed in one movement, that is ENDORSE_TO_ORDER and TRANSFER at the same second; where a
    pledgee had the movement made, it endorses on behalf of who had title. Left out, with a note, is what DCSA has no
    word for: VOID, a hand-over between registers, and a signature by an endorsee without possession.

    Args:
        bill: What it is now.
        issue: How it was issued.
        entries: What its contract says was done.
        party: Names a participant.
        naming: How an imported chain named this version; None: `v` and the ledger's own number.
        carrier_scac_code: The carrier's, where no naming says it.

    Raises:
        ValidationError: a party or a code is not as DCSA writes them.
    """
    reader = _Reader(bill, issue, party, naming)
    found = [each for entry in entries for each in reader.read(entry)]
    chain: dict[str, Any] = {"transportDocumentReference": bill.reference}
    version = f"v{bill.sub_reference}" if naming is None else naming.sub_reference
    scac = carrier_scac_code if naming is None else naming.carrier_scac_code
    chain |= {} if version is None else {"transportDocumentSubReference": version}
    chain |= {} if scac is None else {"carrierSCACCode": scac}
    document = chain | {"endorsementChain": found}
    return ReadChain(EndorsementChain.model_validate(document), tuple(reader.notes))


class _Reader:
    """Keeps in mind who has possession and who is the endorsee, entry by entry."""

    def __init__(self, bill: BillOnChain, issue: BillIssue, party: PartyDocument, naming: VersionNaming | None) -> None:
        self.notes: list[str] = []
        self._name = BillNumber(bill.reference, bill.sub_reference).name
        self._party = party
        self._naming = naming
        self._issue = issue
        self._endorsee = issue.endorsee
        self._possession: str | None = None
        self._carrier = ""
        self._count = 0

    def read(self, entry: BillEntry) -> list[dict[str, Any]]:
        found = list(self._entries(entry))
        self._count += len(found)
        self._follow(entry)
        return found

    def _entries(self, entry: BillEntry) -> list[dict[str, Any]]:
        when = _utc(entry.time)
        match entry.action:
            case "VOID":
                self._note(f"its carrier voided it at {when}; DCSA has no action for that, and the entry is left out")
                return []
            case "HAND_OVER":
                self._note(
                    f"{entry.actor} had it handed over to another register at {when}; here a party is on one platform, "
                    "and the entry is left out"
                )
                return []
            case "TAKE_OVER":
                return []
            case "SIGN" if entry.actor != self._possession:
                self._note(
                    f"{entry.actor} signed at {when} without possession, which DCSA's SIGN asks for; "
                    "the entry is left out"
                )
                return []
            case "TRANSFER_WITH_TITLE" if entry.recipient == self._carrier:
                self._note(
                    f"title passed to its carrier at {when}, to which DCSA lets nobody endorse; the chain has "
                    "possession alone"
                )
                return [self._entry(entry, "TRANSFER")]
            case "TRANSFER_WITH_TITLE":
                actor = self._party(entry.actor)
                if self._endorsee not in (None, entry.actor):
                    titleholder = self._party(str(self._endorsee))
                    named = ("partyName", "identifyingCodes")
                    actor = actor | {"representedParty": {name: titleholder[name] for name in named}}
                endorsed = self._entry(entry, "ENDORSE_TO_ORDER") | {"actor": actor}
                return [endorsed, self._entry(entry, "TRANSFER")]
            case _:
                return [self._entry(entry, entry.action)]

    def _entry(self, entry: BillEntry, code: str) -> dict[str, Any]:
        found = {"actionDateTime": _utc(entry.time), "actionCode": code, "actor": self._party(entry.actor)}
        if entry.recipient is not None and code != "SIGN":
            found["recipient"] = self._party(entry.recipient)
        unstated = () if self._naming is None else self._naming.unstated_reasons
        if entry.reason is not None and self._count + 1 not in unstated:
            found["reasonCode"] = entry.reason
        return found

    def _follow(self, entry: BillEntry) -> None:
        match entry.action:
            case "ISSUE":
                self._carrier = entry.actor
                self._note_what_no_chain_says(entry)
            case "TRANSFER_WITH_TITLE" if entry.recipient == self._carrier:
                pass
            case "ENDORSE" | "ENDORSE_TO_ORDER" | "TRANSFER_WITH_TITLE" | "BLANK_ENDORSE":
                self._endorsee = entry.recipient
            case _:
                pass
        if entry.action in ("ISSUE", "TRANSFER", "TRANSFER_WITH_TITLE", "SREJ") or "SURRENDER" in entry.action:
            self._possession = entry.recipient

    def _note_what_no_chain_says(self, issued: BillEntry) -> None:
        if self._issue.kind == "blank":
            self._note("it was issued blank, which no chain says: where that counts, read it with `--kind blank`")
        elif self._issue.kind == "to-order" and issued.recipient != self._endorsee:
            self._note(f"its first endorsee is {self._endorsee}, which the transport document says and no chain")

    def _note(self, sentence: str) -> None:
        self.notes.append(f"{self._name}: {sentence}")


def _utc(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
