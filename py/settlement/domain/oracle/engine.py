"""The engine: consents, windows, nonces, locks; all legs of an instruction or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from settlement.domain.instruction import MAX_LEGS
from settlement.domain.oracle.calls import Call, Consenting, Outcome, Terms, TermsLeg
from settlement.domain.oracle.fungible import Fungible
from settlement.domain.oracle.instrument import Instrument
from settlement.domain.oracle.money import Deposits
from settlement.domain.oracle.netting import Netting
from settlement.domain.oracle.registry import MONEY, TITLE, Registry
from settlement.domain.oracle.tables import Refusal, Tables
from settlement.domain.quantity import MAX_QUANTITY

OPEN, LOCKED, SETTLED, CANCELLED, EXPIRED = range(5)
"""Where an instruction stands, as `InstructionStatus` in contracts/types/Settlement.sol."""

STATUS_NAMES = ("open", "locked", "settled", "cancelled", "expired")

BATCH_MAX = 256
REASON_BYTES_MAX = 256
EACH_FOR_ITSELF = 1

LEG_ABI = "(address,address,address,address,uint256)"
_INSTRUCTION = f"({LEG_ABI}[],bytes32,uint64,uint64,uint256)"
_CONSENTS = "(address,bytes)[]"

Nonce = tuple[tuple[tuple[str, str], ...], int]


class Engine:
    """Settles over the instruments it is given. `outcomes` are those of the last batch, in order."""

    CALLS: ClassVar[Mapping[str, str]] = {
        f"settle({_INSTRUCTION},{_CONSENTS})": "settle",
        "settleBatch(address[],bytes,uint8)": "settle_batch",
        f"lock({_INSTRUCTION},{_CONSENTS})": "lock",
        f"settleLocked({_INSTRUCTION},{_CONSENTS})": "settle_locked",
        f"cancel({_INSTRUCTION},string,{_CONSENTS})": "cancel",
        f"expire({_INSTRUCTION})": "expire",
        f"releaseLeg({_INSTRUCTION},uint256)": "release_leg",
    }

    def __init__(self, tables: Tables, registry: Registry, address: str, instruments: Mapping[str, Instrument]) -> None:
        self.address = address
        self.nonces: dict[Nonce, int] = {}
        self.held_legs: dict[str, int] = {}
        self.known: dict[str, Terms] = {}
        self.outcomes: list[Outcome] = []
        self._tables = tables
        self._registry = registry
        self._instruments = instruments
        self._netting = Netting(tables)

    def status_of(self, terms: Terms) -> int:
        """Where the instruction's nonce stands."""
        return self.nonces.get((terms.group, terms.nonce), OPEN)

    # ---- settle ------------------------------------------------------------------------------------------------------

    def settle(self, call: Call, terms: Terms, consents: Sequence[Consenting]) -> None:
        """All legs now."""
        self._check_window(call, terms, opens=True)
        self._spend(terms, OPEN, SETTLED)
        self._registry.check_legs(terms.legs)
        self._require_consents(terms, consents)
        for index, leg in enumerate(terms.legs):
            self._perform(call.at, index, leg, consents)

    def settle_batch(self, call: Call, items: Sequence[tuple[Terms, Sequence[Consenting]]], mode: int) -> None:
        """Many, reserves netted; each for itself, or all or nothing."""
        if not 0 < len(items) <= BATCH_MAX:
            raise Refusal("Engine_BatchSize", str(len(items)))
        self.outcomes = []
        self._netting.open(each_for_itself=mode == EACH_FOR_ITSELF)
        try:
            for terms, consents in items:
                mark = self._tables.mark()
                try:
                    self._settle_item(call, terms, consents)
                except Refusal as refusal:
                    if mode != EACH_FOR_ITSELF:
                        raise
                    self._tables.roll_back(mark)
                    self.outcomes.append(Outcome(terms.instruction_id, str(refusal)))
                else:
                    self.outcomes.append(Outcome(terms.instruction_id, None))
            self._netting.close(call.at)
        finally:
            self._netting.abandon()

    def _settle_item(self, call: Call, terms: Terms, consents: Sequence[Consenting]) -> None:
        if self.held_legs.get(terms.instruction_id):
            self.settle_locked(call, self.known[terms.instruction_id], consents)  # A batch does not name its holds.
        else:
            self.settle(call, terms, consents)

    # ---- lock, then settle -------------------------------------------------------------------------------------------

    def lock(self, call: Call, terms: Terms, consents: Sequence[Consenting]) -> None:
        """Every leg on hold."""
        self._check_window(call, terms, opens=False)
        if terms.not_before > terms.deadline:
            raise Refusal("Engine_WindowEmpty", f"it opens at {terms.not_before} and ends at {terms.deadline}")
        self._spend(terms, OPEN, LOCKED)
        self._registry.check_legs(terms.legs)
        self._require_consents(terms, consents)
        self._tables.put(self.held_legs, terms.instruction_id, (1 << len(terms.legs)) - 1)
        for index, leg in enumerate(terms.legs):
            self._require_performable(call.at, index, leg)
            self._instrument(leg.instrument).place_hold(terms.holds[index], leg.giver, leg.quantity)

    def settle_locked(self, call: Call, terms: Terms, consents: Sequence[Consenting]) -> None:
        """All legs out of their holds."""
        self._check_window(call, terms, opens=True)
        self._require_locked(terms)
        self._spend(terms, LOCKED, SETTLED)
        self._tables.put(self.held_legs, terms.instruction_id, 0)
        self._registry.check_legs(terms.legs)
        _verify(consents)
        for hold, leg in zip(terms.holds, terms.legs, strict=True):
            self._instrument(leg.instrument).resolve_hold(hold)
            self._netting.note(leg.instrument, leg.giver, leg.quantity)
        for index, leg in enumerate(terms.legs):
            self._perform(call.at, index, leg, consents)

    # ---- cancel, expire ----------------------------------------------------------------------------------------------

    def cancel(self, _call: Call, terms: Terms, reason: str, consents: Sequence[Consenting]) -> None:
        """For good: by one party while open, by all once locked."""
        if not terms.legs:
            raise Refusal("Engine_LegCount", "0")
        if len(reason.encode()) > REASON_BYTES_MAX:
            raise Refusal("Engine_ReasonTooLong", str(len(reason.encode())))
        locked = self.status_of(terms) == LOCKED
        if locked:
            self._require_locked(terms)
        _verify(consents)
        said = {consent.party for consent in consents}
        parties = [party for leg in terms.legs for party in (leg.giver, leg.receiver)]
        missing = [party for party in parties if party not in said]
        if missing and (locked or len(missing) == len(parties)):
            raise Refusal("Engine_ConsentMissing", missing[0])
        self._spend(terms, LOCKED if locked else OPEN, CANCELLED)
        self._release_all(terms)

    def expire(self, call: Call, terms: Terms) -> None:
        """Records that a lock's deadline has passed."""
        if call.at <= terms.deadline:
            raise Refusal("Engine_NotExpired", f"the deadline is {terms.deadline}")
        self._require_locked(terms)
        self._spend(terms, LOCKED, EXPIRED)
        self._release_all(terms)

    def release_leg(self, _call: Call, terms: Terms, leg: int) -> None:
        """Releases one hold of what is cancelled or expired."""
        status = self.status_of(terms)
        if status not in (CANCELLED, EXPIRED):
            raise Refusal("Engine_UnexpectedStatus", STATUS_NAMES[status])
        held = self.held_legs.get(terms.instruction_id, 0)
        if leg >= len(terms.legs) or not held >> leg & 1:
            raise Refusal("Engine_LegNotHeld", str(leg))
        self._release(terms, leg)

    def _release_all(self, terms: Terms) -> None:
        for leg in range(len(terms.legs)):
            if self.held_legs.get(terms.instruction_id, 0) >> leg & 1:
                self._release(terms, leg)

    def _release(self, terms: Terms, leg: int) -> None:
        held = self.held_legs[terms.instruction_id]
        self._tables.put(self.held_legs, terms.instruction_id, held ^ 1 << leg)
        self._instrument(terms.legs[leg].instrument).resolve_hold(terms.holds[leg])

    # ---- rules -------------------------------------------------------------------------------------------------------

    def _check_window(self, call: Call, terms: Terms, *, opens: bool) -> None:
        if not 0 < len(terms.legs) <= MAX_LEGS:
            raise Refusal("Engine_LegCount", str(len(terms.legs)))
        if call.at > terms.deadline:
            raise Refusal("Engine_Expired", f"the deadline was {terms.deadline} and it is {call.at}")
        if opens and call.at < terms.not_before:
            raise Refusal("Engine_TooEarly", f"the window opens at {terms.not_before} and it is {call.at}")

    def _spend(self, terms: Terms, expected: int, status: int) -> None:
        found = self.status_of(terms)
        if found != expected:
            raise Refusal("Engine_UnexpectedStatus", f"nonce {terms.nonce} is {STATUS_NAMES[found]}")
        self._tables.put(self.nonces, (terms.group, terms.nonce), status)
        self._tables.put(self.known, terms.instruction_id, terms)

    def _require_locked(self, terms: Terms) -> None:
        """The nonce may be another instruction's: that this one is locked shows in its holds."""
        if not self.held_legs.get(terms.instruction_id):
            raise Refusal("Engine_UnexpectedStatus", STATUS_NAMES[self.status_of(terms)])

    def _require_consents(self, terms: Terms, consents: Sequence[Consenting]) -> None:
        _verify(consents)
        for leg in terms.legs:
            _require_consent(leg.giver, consents)
            if self._registry.kind_of(leg.instrument) == TITLE:
                _require_consent(leg.receiver, consents)

    def _perform(self, at: int, index: int, leg: TermsLeg, consents: Sequence[Consenting]) -> None:
        if leg.instrument == leg.receiver_instrument:
            self._instrument(leg.instrument).book_transfer(leg.giver, leg.receiver, leg.quantity, at)
            self._netting.note(leg.instrument, leg.giver, -leg.quantity)
            self._netting.note(leg.instrument, leg.receiver, leg.quantity)
            return
        payer, payee = self._deposits(leg)
        covered = payer.debit(leg.giver, leg.quantity, payee.issuer, at)
        self._netting.note(leg.instrument, leg.giver, -leg.quantity)
        reserve = self._reserve(index, leg, payer, payee)
        if not covered:
            _require_consent(payer.issuer, consents)
        self._netting.move(reserve, payer.issuer, payee.issuer, leg.quantity, at)
        payee.mint(leg.receiver, leg.quantity)
        self._netting.note(leg.receiver_instrument, leg.receiver, leg.quantity)

    def _require_performable(self, at: int, index: int, leg: TermsLeg) -> None:
        """A payment across banks without asking for reserves or a mandate, which are for the settlement to find."""
        if leg.instrument == leg.receiver_instrument:
            mark = self._tables.mark()
            self._instrument(leg.instrument).book_transfer(leg.giver, leg.receiver, leg.quantity, at)
            self._tables.roll_back(mark)
            return
        payer, payee = self._deposits(leg)
        reserve = self._reserve(index, leg, payer, payee)
        if payer.issuer == payee.issuer:
            raise Refusal("Instrument_SelfMovement", payer.issuer)
        reserve.check_account(payer.issuer)
        reserve.check_account(payee.issuer)
        payee.check_account(leg.receiver)
        if payee.supply + leg.quantity > MAX_QUANTITY:
            raise Refusal("Instrument_InvalidQuantity", str(leg.quantity))

    def _deposits(self, leg: TermsLeg) -> tuple[Deposits, Deposits]:
        """Payer's and payee's."""
        payer, payee = self._instrument(leg.instrument), self._instrument(leg.receiver_instrument)
        if not (isinstance(payer, Deposits) and isinstance(payee, Deposits)):
            raise Refusal("Reverted", "only deposits are paid across banks")
        return payer, payee

    def _reserve(self, index: int, leg: TermsLeg, payer: Deposits, payee: Deposits) -> Fungible:
        """In which two banks settle a payment."""
        if any(self._registry.kind_of(each) != MONEY for each in (leg.instrument, leg.receiver_instrument)):
            raise Refusal("Engine_BankMismatch", f"leg {index}")
        if payer.reserve != payee.reserve:
            raise Refusal("Engine_ReserveMismatch", f"leg {index}")
        if self._registry.kind_of(payer.reserve) != MONEY:
            raise Refusal("Registry_InstrumentNotAdmitted", payer.reserve)
        reserve = self._instrument(payer.reserve)
        if not isinstance(reserve, Fungible):
            raise Refusal("Reverted", "the reserve is no money")
        return reserve

    def _instrument(self, address: str) -> Instrument:
        if address not in self._instruments:
            raise Refusal("Reverted", f"{address} is no instrument")
        return self._instruments[address]


def _verify(consents: Sequence[Consenting]) -> None:
    for consent in consents:
        if not consent.is_signed:
            raise Refusal("Engine_ConsentInvalid", f"the signature is not that of {consent.party}")


def _require_consent(party: str, consents: Sequence[Consenting]) -> None:
    if not any(consent.party == party for consent in consents):
        raise Refusal("Engine_ConsentMissing", f"{party} has not consented")
