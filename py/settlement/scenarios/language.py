"""A scenario as the runner uses it: names resolved, amounts in smallest units, times Unix.

How a scenario is written in YAML is in `written`; `load` makes these out of that. What one act of the domain
says completely is that act (`Perform`); what needs signatures, a window and a nonce refers to an `Order`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from settlement.domain.acts import (
    Act,
    AllocateBond,
    ClaimPayment,
    CreateGreenDisclosure,
    CreatePayingAgent,
    ElectAccounts,
    OpenAccount,
    RecordFixing,
    Role,
    SetCounterpartyLimit,
    SetDailyLimit,
    Transfer,
)
from settlement.domain.bills import BillAct, BillStatus
from settlement.domain.bonds.disclosure import DisclosureState
from settlement.domain.bonds.entries import DistributionKind
from settlement.domain.bonds.interest import PricedTrade
from settlement.domain.bonds.schedule import BondSchedule
from settlement.domain.bonds.terms import BondTerms
from settlement.domain.directory import InstrumentKind
from settlement.domain.instruction import Instruction, Leg, UnixTime
from settlement.domain.model import Address, InstrumentId, Model, PartyId
from settlement.domain.quantity import Quantity

OrderStatus = Literal["settled", "locked", "cancelled", "expired"]
"""Where an expectation may say that an order stands."""

BondStatusName = Literal["closing", "live", "redeeming", "repaid", "exited"]
"""Where a bond's issue stands."""

Amounts = Mapping[PartyId, Mapping[InstrumentId, int]]
"""Party, then instrument, then smallest units (of a title instrument: how many titles)."""


class Party(Model):
    """A party of the scenario.

    Attributes:
        party: Short name.
        name: Full name, for reports.
        roles: What it is admitted as; empty for an outsider, who is known by name and never admitted.
        address: A checksummed address from outside; None where the runner makes the key.
        is_contract: Whether it is a contract that comes into being with its bond.
        crowd: The crowd it is one of; None for a party of its own.
    """

    party: PartyId
    name: str
    roles: tuple[Role, ...]
    address: Address | None = None
    is_contract: bool = False
    crowd: str | None = None


class Crowd(Model):
    """Many parties of one kind, for what a register of thousands needs.

    Attributes:
        name: What it is called, and what its members' names begin with.
        members: The parties, in order.
        accounts: Deposits in which the members have their accounts, in turn.
    """

    name: PartyId
    members: tuple[PartyId, ...]
    accounts: tuple[InstrumentId, ...]

    def accounts_by_member(self) -> Mapping[PartyId, InstrumentId]:
        """Where each member has its account."""
        return {member: self.accounts[number % len(self.accounts)] for number, member in enumerate(self.members)}


class InstrumentSetUp(Model):
    """An instrument, and the acts that bring it about in this order: `create`, `accounts`, `mandate`.

    Attributes:
        instrument: Short name.
        kind: Which contract it is.
        issuer: Whose liability or security it is.
        decimals: Decimals of its smallest unit; 0 for bonds and titles.
        currency: ISO 4217 code; None for titles.
        create: The act that creates it.
        accounts: The accounts opened at the start; money only.
        mandate: Sets what the engine may pay out of the bank's reserves unasked; tokenised deposits only.
        opens_at_once: Whether a bond is open to trading from the start, or when what was allocated was delivered.
        paying_agent: Creates the contract that pays a bond's holders; None where it has none.
        disclosure: Creates the contract in which a bond's issuer says what it will publish; None where it has none.
    """

    instrument: InstrumentId
    kind: InstrumentKind
    issuer: PartyId
    decimals: int
    currency: str | None
    create: Act
    accounts: tuple[OpenAccount, ...] = ()
    mandate: tuple[SetCounterpartyLimit | SetDailyLimit, ...] = ()
    opens_at_once: bool = True
    paying_agent: CreatePayingAgent | None = None
    disclosure: CreateGreenDisclosure | None = None

    @property
    def is_dated(self) -> bool:
        """Whether it has dates of its own, which cannot be moved as windows are."""
        return self.paying_agent is not None or self.disclosure is not None


class PricedLeg(Model):
    """How the amount of a cash leg came about.

    Attributes:
        leg: Position of the cash leg in its order.
        nominal: The bond and how much of it.
        clean_price: Per 100 of nominal, as written.
        settlement_date: Midnight UTC of the settlement date, Unix time; what the bond's contract takes.
        trade: Clean value, accrued interest and cash in smallest units of the currency.
    """

    leg: int
    nominal: Quantity
    clean_price: str
    settlement_date: UnixTime
    trade: PricedTrade


class Order(Model):
    """An instruction of the scenario, before it has a nonce and signatures.

    Attributes:
        id: The scenario's name for it; the instruction's reference.
        legs: As the domain has them. Their instruments are in `Scenario.instruments` or `Scenario.unlisted`.
        not_before: First second in which it may settle.
        deadline: Last second in which it may settle or be locked.
        nonce: Where the scenario fixes it; None leaves it to the journal.
        terms: The full terms, plain JSON values without numbers (all scalars are text).
        consents: Who signs, in this order, when it is instructed.
        signed_by: Consents made with another's key: whose it claims to be, to whose key makes it.
        priced: The cash legs whose amount was computed.
    """

    id: str
    legs: tuple[Leg, ...]
    not_before: UnixTime
    deadline: UnixTime
    nonce: Annotated[int, Field(ge=0, le=2**256 - 1)] | None
    terms: Mapping[str, Any]
    consents: tuple[PartyId, ...]
    signed_by: Mapping[PartyId, PartyId]
    priced: tuple[PricedLeg, ...] = ()

    def instruction(self, nonce: int) -> Instruction:
        """The instruction with a nonce; the scenario's own nonce goes before the one given."""
        return Instruction(
            reference=self.id,
            legs=self.legs,
            terms=self.terms,
            not_before=self.not_before,
            deadline=self.deadline,
            nonce=nonce if self.nonce is None else self.nonce,
        )


class Alteration(Model):
    """What the submitter changes after the parties have consented.

    Attributes:
        leg: Position of the leg.
        amount: The other amount, in smallest units.
    """

    leg: int
    amount: int


class Submission(Model):
    """An order to submit.

    Attributes:
        order: What to submit.
        is_new: Whether it is instructed here; otherwise it was instructed by an earlier step.
        altered: What the submitter changes, or None.
    """

    order: Order
    is_new: bool
    altered: Alteration | None = None


class Perform(Model):
    """One act that is complete in itself: issue, redeem, freeze, transfer, surrender, ..."""

    kind: Literal["perform"] = "perform"
    act: Act


class InstructStep(Model):
    """Sign an order and store it; nothing is sent."""

    kind: Literal["instruct"] = "instruct"
    order: Order


class SettleStep(Model):
    """Settle in one transaction."""

    kind: Literal["settle"] = "settle"
    submission: Submission


class LockStep(Model):
    """Match on chain and hold every leg."""

    kind: Literal["lock"] = "lock"
    submission: Submission


class SettleLockedStep(Model):
    """Settle out of the holds; `consents` are further parties who sign now."""

    kind: Literal["settle-locked"] = "settle-locked"
    order: Order
    consents: tuple[PartyId, ...] = ()


class ReplayStep(Model):
    """Submit the identical settlement again."""

    kind: Literal["replay"] = "replay"
    order: Order


class BatchStep(Model):
    """Settle many orders in one transaction."""

    kind: Literal["batch"] = "batch"
    mode: Literal["all-or-nothing", "each-for-itself"]
    items: Annotated[tuple[Submission, ...], Field(min_length=1, max_length=256)]


class CancelStep(Model):
    """Cancel; `by` are the parties who sign the cancellation."""

    kind: Literal["cancel"] = "cancel"
    order: Order
    reason: str
    by: tuple[PartyId, ...]


class ExpireStep(Model):
    """Record that a locked order's deadline has passed."""

    kind: Literal["expire"] = "expire"
    order: Order


class ReleaseLegStep(Model):
    """Release the hold of one leg of a cancelled or expired order."""

    kind: Literal["release-leg"] = "release-leg"
    order: Order
    leg: int


class PayStep(Model):
    """Pay a coupon, a repayment or the principal to everybody on a bond's register.

    Attributes:
        bond: The bond.
        agent: Its paying agent.
        by: Who sends the transactions.
        distribution: What is paid.
        index: Which one, from 0 on.
        page: How many in the list of holders are looked at in a transaction.
        pages: After so many transactions it stops; None goes on to the end.
    """

    kind: Literal["pay"] = "pay"
    bond: InstrumentId
    agent: PartyId
    by: PartyId
    distribution: DistributionKind
    index: int
    page: int
    pages: int | None


class PlaceStep(Model):
    """Deliver an issue to a crowd, free of payment.

    Attributes:
        bond: The bond.
        crowd: The crowd's name.
        nominals: What each member gets, in smallest units.
        allocation: The issuer's word on how much is allocated in all.
    """

    kind: Literal["place"] = "place"
    bond: InstrumentId
    crowd: PartyId
    nominals: Mapping[PartyId, int]
    allocation: AllocateBond


class AttestStep(Model):
    """Record a signed document that the issuer promised.

    Attributes:
        bond: The bond.
        commitment: Which promise, from 0 on.
        document_hash: SHA-256 of the document.
        uri: Where it can be read.
        signed_by: Whose key signs; None is the attester's.
    """

    kind: Literal["attest"] = "attest"
    bond: InstrumentId
    commitment: int
    document_hash: str
    uri: str
    signed_by: PartyId | None


class BookClientsStep(Model):
    """A custodian books what clients receive or give.

    Attributes:
        custodian: The custodian.
        instrument: What is booked; a bond or money.
        reference: The custodian's own id of the booking.
        amounts: What each client receives (above zero) or gives (below zero), in smallest units.
    """

    kind: Literal["book-clients"] = "book-clients"
    custodian: PartyId
    instrument: InstrumentId
    reference: str
    amounts: Mapping[str, int]


class PassOnStep(Model):
    """A custodian passes on to its clients what a bond's paying agent paid it.

    Attributes:
        custodian: The custodian.
        bond: The bond.
        agent: Its paying agent.
        distribution: What was paid.
        index: Which one, from 0 on.
        record: By which coupon's record time clients are entitled, from 0 on; None for the principal that is repaid
            with the nominal: by what they have.
        instrument: The deposits in which the custodian was paid.
        reference: The custodian's own id of the booking in money.
        nominal_reference: That of the booking by which the nominal ceases; None where it stays.
    """

    kind: Literal["pass-on"] = "pass-on"
    custodian: PartyId
    bond: InstrumentId
    agent: PartyId
    distribution: DistributionKind
    index: int
    record: int | None
    instrument: InstrumentId
    reference: str
    nominal_reference: str | None


class AdvanceStep(Model):
    """Set the chain's clock to this Unix time."""

    kind: Literal["advance"] = "advance"
    to: UnixTime


Action = Annotated[
    Perform
    | InstructStep
    | SettleStep
    | LockStep
    | SettleLockedStep
    | ReplayStep
    | BatchStep
    | CancelStep
    | ExpireStep
    | ReleaseLegStep
    | PayStep
    | PlaceStep
    | AttestStep
    | BookClientsStep
    | PassOnStep
    | AdvanceStep,
    Field(discriminator="kind"),
]
"""What a step does."""


class DistributionExpected(Model):
    """What a distribution has to come to, in smallest units."""

    distribution: DistributionKind
    index: int
    due: int
    paid: int
    set_aside: int


class Expectation(Model):
    """What has to be so after a step, or at the end; whatever is empty is not checked.

    Attributes:
        refused: Names of the reasons for which the step has to be refused; empty: it has to succeed.
        failed: In an each-for-itself batch: order id to the one reason's name.
        unchanged: Every position equals that before the step.
        status: Order id to its status.
        positions: What each party has, held quantities included.
        together: What each crowd's members have together, held quantities included.
        held: What of that is on hold.
        supply: What exists of an instrument.
        control: A bill's name to the party in control, which has possession; None where the bill is gone.
        endorsee: A bill's name to who is named as having title; None where the bill is blank or gone.
        bill_status: A bill's name to its status.
        accrued_interest: Order id to the accrued interest of its priced legs together, smallest units.
        cash: Order id to the cash of its priced legs together, smallest units.
        bond_status: Bond to where its issue stands.
        disclosures: Bond, then the number of a disclosure from 1 on, to where it stands.
        distributions: Bond, then what is paid, such as `coupon 1`, to what it came to.
        clients: Custodian, then instrument, to what each client named has in its book, in smallest units.
    """

    refused: tuple[str, ...] = ()
    failed: Mapping[str, str] = Field(default_factory=dict)
    unchanged: bool = False
    status: Mapping[str, OrderStatus] = Field(default_factory=dict)
    positions: Amounts = Field(default_factory=dict)
    together: Amounts = Field(default_factory=dict)
    held: Amounts = Field(default_factory=dict)
    supply: Mapping[InstrumentId, int] = Field(default_factory=dict)
    control: Mapping[str, PartyId | None] = Field(default_factory=dict)
    endorsee: Mapping[str, PartyId | None] = Field(default_factory=dict)
    bill_status: Mapping[str, BillStatus] = Field(default_factory=dict)
    accrued_interest: Mapping[str, int] = Field(default_factory=dict)
    cash: Mapping[str, int] = Field(default_factory=dict)
    bond_status: Mapping[InstrumentId, BondStatusName] = Field(default_factory=dict)
    disclosures: Mapping[InstrumentId, Mapping[int, DisclosureState]] = Field(default_factory=dict)
    distributions: Mapping[InstrumentId, Mapping[str, DistributionExpected]] = Field(default_factory=dict)
    clients: Mapping[PartyId, Mapping[InstrumentId, Mapping[str, int]]] = Field(default_factory=dict)


class Step(Model):
    """One step.

    Attributes:
        number: Position in its list, from 0.
        word: The action key as written, such as `issue_bill`.
        name: The step's title; made from the word where the scenario has none.
        line: Its line in the file.
        action: What to do.
        expect: What has to come of it.
        at: The time of the block that its transaction is in, Unix time; None leaves that to the chain.
    """

    number: int
    word: str
    name: str
    line: int
    action: Action
    expect: Expectation
    at: UnixTime | None = None


class Scenario(Model):
    """A scenario, checked.

    Attributes:
        name: Short name; the file's stem for shipped scenarios.
        title: One line.
        description: Text for a person.
        file: Where it was read, for messages.
        start: The chain's clock at the start, Unix time.
        utc_offset_seconds: The scenario's time zone, for showing times.
        parties: By name, in the order written.
        crowds: Parties by the thousand, by the crowd's name; their members are among the parties.
        instruments: By name, in an order in which they can be created (reserves first).
        unlisted: Names in legs that stand for contracts the registry has not admitted.
        titles: Every bill of lading the scenario issues, by its name: reference, or `reference/2` where reissued.
        bonds: Each bond's terms, and the schedule that follows from them.
        opening: Steps before the positions "before" are taken.
        steps: The steps.
        expect: What has to be so at the end.
    """

    name: str
    title: str
    description: str
    file: str
    start: UnixTime
    utc_offset_seconds: int
    parties: Mapping[PartyId, Party]
    crowds: Mapping[PartyId, Crowd]
    instruments: Mapping[InstrumentId, InstrumentSetUp]
    unlisted: tuple[InstrumentId, ...]
    titles: Mapping[str, Quantity]
    bonds: Mapping[InstrumentId, tuple[BondTerms, BondSchedule]]
    opening: tuple[Step, ...]
    steps: tuple[Step, ...]
    expect: Expectation

    @property
    def dated(self) -> tuple[str, ...]:
        """What has dates of its own, which cannot be moved as windows are: bonds, and steps in a block of a time."""
        bonds = tuple(name for name, setup in self.instruments.items() if setup.is_dated)
        return bonds + tuple(step.name for step in self.steps if step.at is not None)

    def orders(self) -> tuple[Order, ...]:
        """Every order once, in the order in which they are instructed."""
        found: dict[str, Order] = {}
        for step in (*self.opening, *self.steps):
            for order in _orders_of(step.action):
                found.setdefault(order.id, order)
        return tuple(found.values())

    def senders(self) -> frozenset[str]:
        """Parties who send transactions of their own, and so need gas; those who only consent do not."""
        found = {setup.issuer for setup in self.instruments.values()}
        found |= {setup.paying_agent.operator for setup in self.instruments.values() if setup.paying_agent}
        for step in (*self.opening, *self.steps):
            if isinstance(step.action, Perform):
                act = step.action.act
                if isinstance(act, Transfer):
                    found.add(act.giver)
                elif isinstance(act, BillAct | RecordFixing | ElectAccounts | ClaimPayment):
                    found.add(act.by)
            elif isinstance(step.action, PayStep):
                found.add(step.action.by)
        return frozenset(found)


def _orders_of(action: Action) -> tuple[Order, ...]:
    match action:
        case SettleStep() | LockStep():
            return (action.submission.order,)
        case BatchStep():
            return tuple(item.order for item in action.items)
        case Perform() | AdvanceStep() | PayStep() | PlaceStep() | AttestStep() | BookClientsStep() | PassOnStep():
            return ()
        case _:
            return (action.order,)
