"""Acts: everything that changes the ledger, as data; each is one transaction, which the chain layer knows to make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from settlement.domain.bills import AnyBillAct
from settlement.domain.bonds.disclosure import Commitment, UseOfProceeds
from settlement.domain.bonds.entries import CallEntry, CouponEntry, DayCount, DistributionKind, RepaymentEntry
from settlement.domain.instruction import Consent, Instruction
from settlement.domain.model import Address, Hash32, InstrumentId, Model, PartyId
from settlement.domain.quantity import MAX_QUANTITY, Quantity

Amount = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
Role = Literal[
    "central-bank",
    "bank",
    "issuer",
    "custodian",
    "investor",
    "corporate",
    "carrier",
    "paying-agent",
    "external-reviewer",
]
"""Roles of a party. The operator and the supervisor act on the registry, hold nothing, and are no parties."""


class AdmitParty(Model):
    """The operator admits a party."""

    kind: Literal["admit-party"] = "admit-party"
    party: PartyId
    address: Address
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]


class ProvideGas(Model):
    """The operator sends a party what its transactions cost; wei."""

    kind: Literal["provide-gas"] = "provide-gas"
    party: PartyId
    wei: Annotated[int, Field(ge=1)]


class ChangePartyStatus(Model):
    """The operator suspends or reinstates a party; the supervisor freezes or unfreezes it."""

    kind: Literal["change-party-status"] = "change-party-status"
    party: PartyId
    change: Literal["suspend", "reinstate", "freeze", "unfreeze"]


class CreateWholesaleCBDC(Model):
    """Wholesale money of a currency comes into being as a contract; the operator deploys it for the central bank."""

    kind: Literal["create-wholesale-cbdc"] = "create-wholesale-cbdc"
    instrument: InstrumentId
    issuer: PartyId
    currency: str
    decimals: Annotated[int, Field(ge=0, le=18)]


class CreateTokenizedDeposit(Model):
    """A bank's tokenised deposits of a currency come into being as a contract."""

    kind: Literal["create-tokenized-deposit"] = "create-tokenized-deposit"
    instrument: InstrumentId
    issuer: PartyId
    currency: str
    decimals: Annotated[int, Field(ge=0, le=18)]
    reserve: InstrumentId
    utc_offset_seconds: Annotated[int, Field(ge=0, lt=86_400)]


class CreateGreenBond(Model):
    """A bond comes into being as a contract. Nominal in whole units of currency.

    `calculation_agent` records the fixings of a floating rate; None where every rate is known.
    """

    kind: Literal["create-green-bond"] = "create-green-bond"
    instrument: InstrumentId
    issuer: PartyId
    isin: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    nominal: Amount
    minimum_denomination: Amount
    increment: Amount
    day_count: DayCount
    frequency: Annotated[int, Field(ge=1, le=12)]
    utc_offset_seconds: Annotated[int, Field(ge=0, lt=86_400)]
    calculation_agent: PartyId | None = None
    coupons: Annotated[tuple[CouponEntry, ...], Field(min_length=1)]
    repayments: tuple[RepaymentEntry, ...] = ()
    calls: tuple[CallEntry, ...] = ()
    terms_hash: Hash32
    framework_hash: Hash32
    framework_uri: str


class CreateControlTrackingRegistry(Model):
    """What knows which register has a bill comes into being as a contract; once, before the first register."""

    kind: Literal["create-control-tracking-registry"] = "create-control-tracking-registry"


class CreateBillOfLading(Model):
    """A carrier's register of electronic bills of lading comes into being as a contract."""

    kind: Literal["create-bill-of-lading"] = "create-bill-of-lading"
    instrument: InstrumentId
    issuer: PartyId


class AdmitInstrument(Model):
    """The operator admits an instrument to settlement."""

    kind: Literal["admit-instrument"] = "admit-instrument"
    instrument: InstrumentId


class OpenAccount(Model):
    """A bank takes on a client, or the central bank opens a bank's account."""

    kind: Literal["open-account"] = "open-account"
    instrument: InstrumentId
    holder: PartyId


class ChangeAccountBlock(Model):
    """An issuer of money blocks or unblocks an account."""

    kind: Literal["change-account-block"] = "change-account-block"
    instrument: InstrumentId
    holder: PartyId
    blocked: bool


class SetCounterpartyLimit(Model):
    """A bank says up to which amount the engine may pay a counterparty bank unasked. Smallest units; zero for none."""

    kind: Literal["set-counterparty-limit"] = "set-counterparty-limit"
    instrument: InstrumentId
    counterparty: PartyId
    limit_per_payment: Annotated[int, Field(ge=0, le=2**64 - 1)]


class SetDailyLimit(Model):
    """A bank says how much of that the engine may pay in a business day, to all counterparties. Smallest units."""

    kind: Literal["set-daily-limit"] = "set-daily-limit"
    instrument: InstrumentId
    limit_per_day: Annotated[int, Field(ge=0, le=2**64 - 1)]


class IssueMoney(Model):
    """The central bank issues, or a bank tokenises, under its own booking reference."""

    kind: Literal["issue-money"] = "issue-money"
    holder: PartyId
    quantity: Quantity
    booking_reference: Annotated[str, Field(min_length=1, max_length=64)]


class RedeemMoney(Model):
    """The issuer takes money of a holder back, under its own booking reference."""

    kind: Literal["redeem-money"] = "redeem-money"
    holder: PartyId
    quantity: Quantity
    booking_reference: Annotated[str, Field(min_length=1, max_length=64)]


class IssueBond(Model):
    """An issuer issues nominal to its own account."""

    kind: Literal["issue-bond"] = "issue-bond"
    quantity: Quantity


class RedeemBond(Model):
    """An issuer redeems nominal that came back to it."""

    kind: Literal["redeem-bond"] = "redeem-bond"
    quantity: Quantity


class AllocateBond(Model):
    """The issuer says how much was allocated, and the hash of the list of allocations."""

    kind: Literal["allocate-bond"] = "allocate-bond"
    quantity: Quantity
    allocation_hash: Hash32


class OpenBond(Model):
    """The issuer opens the issue to trading, once exactly what was allocated was delivered."""

    kind: Literal["open-bond"] = "open-bond"
    instrument: InstrumentId


class RecordFixing(Model):
    """The calculation agent fixes the rate of a floating coupon, counted from 0; spread included, in millionths."""

    kind: Literal["record-fixing"] = "record-fixing"
    instrument: InstrumentId
    by: PartyId
    coupon: Annotated[int, Field(ge=0)]
    rate_millionths: Annotated[int, Field(ge=0, le=1_000_000)]
    source: Annotated[str, Field(max_length=256)]


class ExitBond(Model):
    """The issuer closes the register for good, because it goes on elsewhere."""

    kind: Literal["exit-bond"] = "exit-bond"
    instrument: InstrumentId


class CreatePayingAgent(Model):
    """A bond's paying agent comes into being as a contract, which is a party of its own.

    Attributes:
        party: The contract's name as a party.
        bond: What it pays.
        cash: The deposits out of which it pays.
        operator: Who tells it in which deposits holders are paid.
    """

    kind: Literal["create-paying-agent"] = "create-paying-agent"
    party: PartyId
    bond: InstrumentId
    cash: InstrumentId
    operator: PartyId


class SetPayingAgent(Model):
    """The issuer names the bond's paying agent."""

    kind: Literal["set-paying-agent"] = "set-paying-agent"
    instrument: InstrumentId
    agent: PartyId


class CreateGreenDisclosure(Model):
    """The contract in which a bond's issuer says what it will publish; the issuer deploys it."""

    kind: Literal["create-green-disclosure"] = "create-green-disclosure"
    instrument: InstrumentId
    issuer: PartyId
    use_of_proceeds: Annotated[tuple[UseOfProceeds, ...], Field(min_length=1)]
    commitments: Annotated[tuple[Commitment, ...], Field(min_length=1, max_length=64)]


class SetDisclosure(Model):
    """The issuer names that contract as its bond's."""

    kind: Literal["set-disclosure"] = "set-disclosure"
    instrument: InstrumentId


class Attest(Model):
    """Records a signed document; `by` pays for the transaction, and the commitment says who had to sign.

    `commitment` is counted from 0, `version` from 1; each version is one more than the last.
    """

    kind: Literal["attest"] = "attest"
    instrument: InstrumentId
    by: PartyId
    commitment: Annotated[int, Field(ge=0, le=63)]
    version: Annotated[int, Field(ge=1, le=2**32 - 1)]
    document_hash: Hash32
    uri: Annotated[str, Field(max_length=256)]
    signature: str


class ElectAccounts(Model):
    """The operator tells the paying agent in which deposits holders are paid; one holder says it itself."""

    kind: Literal["elect-accounts"] = "elect-accounts"
    agent: PartyId
    by: PartyId
    accounts: Annotated[Mapping[PartyId, InstrumentId], Field(min_length=1)]
    as_operator: bool = True


class OpenDistribution(Model):
    """Fixes who gets how much of a coupon, a repayment or the principal; `by` pays for the transaction."""

    kind: Literal["open-distribution"] = "open-distribution"
    agent: PartyId
    by: PartyId
    distribution: DistributionKind
    index: Annotated[int, Field(ge=0, lt=2**16)] = 0


class PayDistribution(Model):
    """Pays the next holders of a distribution, looking at `count` in the bond's list; anybody may."""

    kind: Literal["pay-distribution"] = "pay-distribution"
    agent: PartyId
    by: PartyId
    distribution: DistributionKind
    index: Annotated[int, Field(ge=0, lt=2**16)] = 0
    count: Annotated[int, Field(ge=1, le=2**32 - 1)]


class ClaimPayment(Model):
    """Pays a holder what was set aside for it; anybody may."""

    kind: Literal["claim-payment"] = "claim-payment"
    agent: PartyId
    by: PartyId
    distribution: DistributionKind
    index: Annotated[int, Field(ge=0, lt=2**16)] = 0
    holder: PartyId


class ReturnSurplus(Model):
    """The paying agent gives the issuer back what nobody is owed."""

    kind: Literal["return-surplus"] = "return-surplus"
    agent: PartyId
    by: PartyId
    quantity: Quantity


class Transfer(Model):
    """A holder moves its own money or securities directly, without an instruction."""

    kind: Literal["transfer"] = "transfer"
    giver: PartyId
    receiver: PartyId
    quantity: Quantity


class Settle(Model):
    """Match and settle in one transaction."""

    kind: Literal["settle"] = "settle"
    instruction: Instruction
    consents: tuple[Consent, ...]


class SettleBatch(Model):
    """Settle many instructions in one transaction."""

    kind: Literal["settle-batch"] = "settle-batch"
    items: Annotated[tuple[Settle, ...], Field(min_length=1, max_length=256)]
    mode: Literal["all-or-nothing", "each-for-itself"]


class Lock(Model):
    """Match on chain and put every leg on hold."""

    kind: Literal["lock"] = "lock"
    instruction: Instruction
    consents: tuple[Consent, ...]


class SettleLocked(Model):
    """Settle out of the holds; `consents` are those of banks whose mandate does not cover their payment."""

    kind: Literal["settle-locked"] = "settle-locked"
    instruction: Instruction
    consents: tuple[Consent, ...]


class Cancel(Model):
    """Cancel for good: one party alone while open, all of them once locked."""

    kind: Literal["cancel"] = "cancel"
    instruction: Instruction
    reason: Annotated[str, Field(max_length=256)]
    cancellations: tuple[Consent, ...]


class Expire(Model):
    """Record that a locked instruction's deadline has passed, and release its holds."""

    kind: Literal["expire"] = "expire"
    instruction: Instruction


class ReleaseLeg(Model):
    """Release the hold of one leg of a cancelled or expired instruction."""

    kind: Literal["release-leg"] = "release-leg"
    instruction: Instruction
    leg: Annotated[int, Field(ge=0)]


Act = Annotated[
    AdmitParty
    | ProvideGas
    | ChangePartyStatus
    | CreateWholesaleCBDC
    | CreateTokenizedDeposit
    | CreateGreenBond
    | CreateControlTrackingRegistry
    | CreateBillOfLading
    | AdmitInstrument
    | OpenAccount
    | ChangeAccountBlock
    | SetCounterpartyLimit
    | SetDailyLimit
    | IssueMoney
    | RedeemMoney
    | IssueBond
    | RedeemBond
    | AllocateBond
    | OpenBond
    | RecordFixing
    | ExitBond
    | CreatePayingAgent
    | SetPayingAgent
    | CreateGreenDisclosure
    | SetDisclosure
    | Attest
    | ElectAccounts
    | OpenDistribution
    | PayDistribution
    | ClaimPayment
    | ReturnSurplus
    | AnyBillAct
    | Transfer
    | Settle
    | SettleBatch
    | Lock
    | SettleLocked
    | Cancel
    | Expire
    | ReleaseLeg,
    Field(discriminator="kind"),
]
"""Any act."""
