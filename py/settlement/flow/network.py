"""A network: parties and instruments on one ledger, and what they do there, by name and in plain amounts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from settlement.domain import acts
from settlement.domain.bills import IssueBill
from settlement.domain.bonds.entries import DayCount, single_coupon
from settlement.domain.instruction import (
    Consent,
    Instruction,
    Leg,
    MatchedInstruction,
    terms_hash,
    title_id,
)
from settlement.domain.quantity import Quantity, parse_amount
from settlement.errors import InputError
from settlement.flow.confirm import confirm
from settlement.flow.desk import Desk, Outcome, perform
from settlement.flow.match import match, required_consents
from settlement.flow.settle import settle
from settlement.ports import Journal, Ledger, Position, Receipt

WINDOW_SECONDS = 24 * 60 * 60
"""How long an instruction may settle where nobody says otherwise."""

GAS_WEI = 10**17
"""What a party is given to pay for its own transactions on a development chain."""

HONG_KONG_UTC_OFFSET_SECONDS = 8 * 60 * 60
"""A bank's business day starts at midnight in Hong Kong."""


class Network:
    """Everything a party can do, over the ports. Amounts are decimal text in major units, read exactly."""

    def __init__(self, ledger: Ledger, journal: Journal) -> None:
        self.ledger = ledger
        self.journal = journal
        self.desk = Desk(ledger, journal)
        self._bookings = 0
        self._references = 0

    # ---- parties and instruments -------------------------------------------------------------------------------------

    def admit(self, party: str, *roles: acts.Role, provide_gas: bool = True) -> str:
        """Admits a party in its roles and returns its address.

        Raises:
            Refused: the registry would not have it.
        """
        address = self.ledger.party_address(party)
        self._do(acts.AdmitParty(party=party, address=address, roles=roles))
        if provide_gas:
            self._do(acts.ProvideGas(party=party, wei=GAS_WEI))
        return address

    def admit_known(self, party: str, *roles: acts.Role) -> None:
        """Admits a party whose key is elsewhere and whose address is known already."""
        self._do(acts.AdmitParty(party=party, address=self.ledger.directory.address_of(party), roles=roles))

    def create_wholesale_cbdc(
        self,
        instrument: str,
        issuer: str,
        currency: str = "HKD",
        decimals: int = 2,
        accounts: Sequence[str] = (),
    ) -> None:
        """Wholesale central bank money, with an account for each bank in `accounts`."""
        self._create(
            acts.CreateWholesaleCBDC(instrument=instrument, issuer=issuer, currency=currency, decimals=decimals),
            accounts,
        )

    def create_tokenized_deposit(
        self,
        instrument: str,
        issuer: str,
        reserve: str,
        currency: str = "HKD",
        decimals: int = 2,
        accounts: Sequence[str] = (),
    ) -> None:
        """A bank's tokenised deposits, with an account for each client it has taken on."""
        self._create(
            acts.CreateTokenizedDeposit(
                instrument=instrument,
                issuer=issuer,
                currency=currency,
                decimals=decimals,
                reserve=reserve,
                utc_offset_seconds=HONG_KONG_UTC_OFFSET_SECONDS,
            ),
            accounts,
        )

    def create_green_bond(
        self,
        instrument: str,
        issuer: str,
        isin: str,
        nominal: int,
        minimum_denomination: int,
        increment: int,
        coupon_millionths: int,
        issue_date: date,
        maturity_date: date,
        currency: str = "HKD",
        terms: Mapping[str, Any] | None = None,
        framework_document: str = "",
        framework_uri: str = "",
    ) -> None:
        """A bond that pays once, at maturity, ACT/365 (Fixed), and is open to trading at once.

        Nominal and denominations are in whole units of currency, the coupon in millionths a year.
        """
        own_terms = dict(terms or {}) | {"isin": isin, "nominal": str(nominal), "currency": currency}
        self._create(
            acts.CreateGreenBond(
                instrument=instrument,
                issuer=issuer,
                isin=isin,
                currency=currency,
                nominal=nominal,
                minimum_denomination=minimum_denomination,
                increment=increment,
                day_count=DayCount.ACT_365F,
                frequency=1,
                utc_offset_seconds=HONG_KONG_UTC_OFFSET_SECONDS,
                coupons=(single_coupon(issue_date, maturity_date, coupon_millionths),),
                terms_hash=terms_hash(own_terms),
                framework_hash="0x" + hashlib.sha256(framework_document.encode()).hexdigest(),
                framework_uri=framework_uri,
            ),
            (),
        )
        self._do(acts.OpenBond(instrument=instrument))

    def set_up_paying_agent(self, act: acts.CreatePayingAgent) -> None:
        """A bond's paying agent, admitted, with an account for the deposits that it pays from."""
        self._do(act)
        address = self.ledger.directory.address_of(act.party)
        self._do(acts.AdmitParty(party=act.party, address=address, roles=("paying-agent",)))
        self.open_account(act.cash, act.party)
        self._do(acts.SetPayingAgent(instrument=act.bond, agent=act.party))

    def set_up_disclosure(self, act: acts.CreateGreenDisclosure) -> None:
        """What a bond's issuer promises to publish, named by the bond as its disclosure for good."""
        self._do(act)
        self._do(acts.SetDisclosure(instrument=act.instrument))

    def set_up_control_tracking(self) -> None:
        """The one contract that knows which register has a bill of lading, where there is none yet."""
        if self.ledger.directory.control_tracking is None:
            self._do(acts.CreateControlTrackingRegistry())

    def create_bill_of_lading(self, instrument: str, issuer: str) -> None:
        """A carrier's register of electronic bills of lading."""
        self.set_up_control_tracking()
        self._create(acts.CreateBillOfLading(instrument=instrument, issuer=issuer), ())

    def open_account(self, instrument: str, holder: str) -> None:
        """An account at the issuer of money: a bank takes on a client."""
        self._do(acts.OpenAccount(instrument=instrument, holder=holder))

    def set_mandate(self, instrument: str, limit_per_payment: Mapping[str, str], limit_per_day: str) -> None:
        """What the engine may pay out of the bank's reserves unasked."""
        decimals = self.ledger.directory.instrument(instrument).decimals
        for counterparty, limit in limit_per_payment.items():
            self._do(
                acts.SetCounterpartyLimit(
                    instrument=instrument,
                    counterparty=counterparty,
                    limit_per_payment=parse_amount(limit, decimals),
                )
            )
        self._do(acts.SetDailyLimit(instrument=instrument, limit_per_day=parse_amount(limit_per_day, decimals)))

    # ---- issuers -----------------------------------------------------------------------------------------------------

    def issue(self, instrument: str, holder: str, amount: str, booking_reference: str | None = None) -> Receipt:
        """New money for a holder, or new nominal for a bond's issuer.

        Raises:
            Refused: the ledger refused.
        """
        return self.issue_quantity(self.quantity(instrument, amount), holder, booking_reference)

    def issue_quantity(self, quantity: Quantity, holder: str, booking_reference: str | None = None) -> Receipt:
        """As `issue`, for a quantity that is already read."""
        if self.ledger.directory.instrument(quantity.instrument).kind == "green-bond":
            return self._do(acts.IssueBond(quantity=quantity))
        reference = booking_reference or self._booking_reference()
        return self._do(acts.IssueMoney(holder=holder, quantity=quantity, booking_reference=reference))

    def redeem_quantity(self, quantity: Quantity, holder: str, booking_reference: str | None = None) -> Receipt:
        """The issuer takes money back, or a bond that came back to it ceases to be.

        Raises:
            Refused: the ledger refused.
        """
        if self.ledger.directory.instrument(quantity.instrument).kind == "green-bond":
            return self._do(acts.RedeemBond(quantity=quantity))
        reference = booking_reference or self._booking_reference()
        return self._do(acts.RedeemMoney(holder=holder, quantity=quantity, booking_reference=reference))

    def issue_bill(self, instrument: str, holder: str, reference: str, document_hash: str) -> Receipt:
        """A carrier issues a bill of lading."""
        return self._do(
            IssueBill(
                instrument=instrument,
                holder=holder,
                document_reference=reference,
                document_hash=document_hash,
            )
        )

    # ---- settlement --------------------------------------------------------------------------------------------------

    def quantity(self, instrument: str, amount: str) -> Quantity:
        """An amount in major units as a quantity.

        Raises:
            InputError: unknown instrument, or not an amount of it.
        """
        decimals = self.ledger.directory.instrument(instrument).decimals
        return Quantity(instrument=instrument, amount=parse_amount(amount, decimals))

    def leg(
        self, giver: str, receiver: str, instrument: str, amount: str, receiver_instrument: str | None = None
    ) -> Leg:
        """A movement; `receiver_instrument` where the payee's deposits are at another bank."""
        return Leg(
            giver=giver,
            receiver=receiver,
            quantity=self.quantity(instrument, amount),
            receiver_instrument=receiver_instrument or instrument,
        )

    def title_leg(self, giver: str, receiver: str, instrument: str, reference: str) -> Leg:
        """The movement of a title, by its document reference."""
        return Leg(
            giver=giver,
            receiver=receiver,
            quantity=Quantity(instrument=instrument, amount=title_id(reference)),
            receiver_instrument=instrument,
        )

    def instruction(
        self,
        *legs: Leg,
        reference: str | None = None,
        terms: Mapping[str, Any] | None = None,
        not_before: int | None = None,
        deadline: int | None = None,
        nonce: int | None = None,
    ) -> Instruction:
        """An instruction whose window opens now unless said otherwise."""
        opens = self.ledger.head().timestamp if not_before is None else not_before
        draft = Instruction(
            reference=reference or self._instruction_reference(),
            legs=legs,
            terms=dict(terms or {}),
            not_before=opens,
            deadline=opens + WINDOW_SECONDS if deadline is None else deadline,
            nonce=0,
        )
        chosen = self.journal.next_nonce(draft.parties) if nonce is None else nonce
        return draft.model_copy(update={"nonce": chosen})

    def match(self, instruction: Instruction, consenting: Sequence[str] | None = None) -> MatchedInstruction:
        """Signs for each party in `consenting`, or for those who have to; what a test or a demo does for them all."""
        parties = required_consents(self.desk, instruction) if consenting is None else consenting
        return match(self.desk, instruction, self.consents(instruction, parties))

    def consents(self, instruction: Instruction, parties: Sequence[str]) -> tuple[Consent, ...]:
        """Each party's signature over the instruction."""
        return tuple(self.ledger.consent(party, instruction) for party in parties)

    def settle(self, *legs: Leg, consenting: Sequence[str] | None = None) -> Outcome:
        """Instructs, matches, settles and confirms the legs as one instruction.

        Raises:
            Refused: with every reason; nothing was changed.
        """
        matched = self.match(self.instruction(*legs), consenting)
        return confirm(self.desk, settle(self.desk, matched))

    def position(self, party: str, instrument: str) -> Position:
        """What a party holds, in smallest units."""
        return self.ledger.position(party, instrument)

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _create(
        self,
        act: acts.CreateWholesaleCBDC | acts.CreateTokenizedDeposit | acts.CreateGreenBond | acts.CreateBillOfLading,
        accounts: Sequence[str],
    ) -> None:
        if act.instrument in self.ledger.directory.instruments:
            raise InputError(f"instrument {act.instrument!r} exists; instruments have one name each")
        self._do(act)
        self._do(acts.AdmitInstrument(instrument=act.instrument))
        for holder in accounts:
            self.open_account(act.instrument, holder)

    def _do(self, act: acts.Act) -> Receipt:
        return perform(self.desk, act)

    def _booking_reference(self) -> str:
        self._bookings += 1
        return f"BOOKING-{self._bookings}"

    def _instruction_reference(self) -> str:
        self._references += 1
        return f"instruction-{self._references}"
