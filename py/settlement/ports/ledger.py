"""One deployment on one chain, as the flow sees it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from settlement.domain.acts import Act, CreateGreenBond, Role
from settlement.domain.bills import AmendmentReason, BillAction, BillKind, BillStatus
from settlement.domain.bonds.disclosure import Attestation, DisclosureKind, DisclosureState
from settlement.domain.bonds.entries import DayCount, DistributionKind
from settlement.domain.bonds.register import PartyStanding
from settlement.domain.bonds.schedule import BondSchedule
from settlement.domain.directory import Directory
from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.domain.quantity import Quantity
from settlement.errors import Reason


@dataclass(frozen=True)
class Block:
    """A block: its number, its hash and its Unix time."""

    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True)
class SignedTransaction:
    """A transaction ready to send; sending the same bytes again is always safe."""

    hash: str
    raw: str
    sender: str
    nonce: int


@dataclass(frozen=True)
class LedgerEvent:
    """An event of one of our contracts, decoded."""

    name: str
    contract: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction. `reason` is set where it failed, `created` where it deployed a contract."""

    transaction: str
    succeeded: bool
    gas_used: int
    block: Block
    events: tuple[LedgerEvent, ...] = ()
    reason: Reason | None = None
    created: str | None = None


@dataclass(frozen=True)
class Position:
    """What a party holds of an instrument, in smallest units; `held` is part of `balance`."""

    balance: int
    held: int

    @property
    def free(self) -> int:
        """What can move."""
        return self.balance - self.held


@dataclass(frozen=True)
class Disclosed:
    """A disclosure that a bond's issuer promised, and what was attested of it.

    Attributes:
        kind: What is to be published.
        due_day: By the end of this day: days since 1970 in the bond's own time zone.
        attester: Who has to sign.
        state: Where it stands.
        versions: Every version, from 1 on.
    """

    kind: DisclosureKind
    due_day: int
    attester: str
    state: DisclosureState
    versions: tuple[Attestation, ...]


@dataclass(frozen=True)
class Distribution:
    """A payment to all holders of a bond; amounts are in smallest units of its currency.

    Attributes:
        opened: Whether holders' entitlements are fixed.
        entitled: Nominal entitled.
        counted: How much of it was looked at.
        due: What is due in all.
        paid: What was paid.
        set_aside: What could not be paid yet.
    """

    opened: bool
    entitled: int
    counted: int
    due: int
    paid: int
    set_aside: int

    @property
    def is_complete(self) -> bool:
        """Whether every holder was looked at."""
        return self.opened and self.counted == self.entitled


@dataclass(frozen=True)
class HolderPayment:
    """What a paying agent paid one holder of a bond in a distribution.

    Attributes:
        nominal: What the holder had, in whole units.
        amount: What it was paid, in smallest units of the deposits.
        instrument: The deposits in which it was paid.
    """

    nominal: int
    amount: int
    instrument: str


@dataclass(frozen=True)
class BondOnChain:
    """What a bond's contract keeps of its terms; days begin at midnight of `utc_offset_seconds`."""

    isin: str
    currency: str
    nominal: int
    minimum_denomination: int
    increment: int
    day_count: DayCount
    frequency: int
    terms_hash: str
    schedule: BondSchedule
    utc_offset_seconds: int

    def record_time(self, coupon: int) -> int:
        """The first second (Unix time) after a coupon's record day; what moves from it on is after the record.

        Args:
            coupon: Which one, from 0 on.
        """
        return (self.schedule.coupons[coupon].record_day + 1) * 86_400 - self.utc_offset_seconds


@dataclass(frozen=True)
class BondAllocation:
    """What a bond's issuer said last of its allocations: the hash of their list, and nominal in whole units."""

    allocation_hash: str
    nominal: int


@dataclass(frozen=True)
class RegisterLine:
    """A holder on a bond's register: address, name where it is known, and nominal in whole units."""

    address: str
    holder: str
    nominal: int


@dataclass(frozen=True)
class SetAside:
    """What a paying agent keeps for a holder that it could not pay.

    Attributes:
        holder: Its name, or its address where it has none here.
        nominal: What it is due on, in whole units.
        amount: Smallest units of the currency.
        reason: The encoded reason for which it was not paid then.
    """

    holder: str
    nominal: int
    amount: int
    reason: str


@dataclass(frozen=True)
class PrincipalLine:
    """What is, or may be, repaid of a bond's principal.

    Attributes:
        what: A repayment on a coupon date, the redemption at maturity, or the issuer's call.
        number: From 1 on.
        day: When it is paid; of a call, the day from which it may be used.
        fraction_millionths: The part of the original nominal; None for all that is outstanding.
        price_millionths: The call's price of that; None at par.
        distribution: How far its payment has come; None where the bond has no paying agent.
    """

    what: DistributionKind
    number: int
    day: date
    fraction_millionths: int | None
    price_millionths: int | None
    distribution: Distribution | None


@dataclass(frozen=True)
class Movement:
    """A movement of a bond's nominal: when, from whom to whom, and in which transaction.

    Attributes:
        block: Its number.
        time: Unix time of the block.
        giver: Address; None where nominal came into being.
        receiver: Address; None where it ceased to be.
        nominal: In whole units.
        transaction: Hash.
    """

    block: int
    time: int
    giver: str | None
    receiver: str | None
    nominal: int
    transaction: str


@dataclass(frozen=True)
class BillOnChain:
    """What a carrier's contract keeps of a bill of lading; parties by name, or by address where nobody knows them.

    Attributes:
        reference: Document reference.
        sub_reference: Which of the bills with that reference, from 1 on.
        status: In DCSA's words.
        kind: Who can have title.
        endorsable: Whether the endorsee can endorse, and so pass title.
        endorsee: Who has title; None where possession is title (blank), and where the bill has ended.
        possession: Who has possession; None where the bill has ended.
        shipper: The original shipper.
        surrendered_by: Who asked for surrender; None where nobody has, or the carrier rejected it.
        amendment_reason: Where surrender for amendment was asked for.
        document_hash: Of the transport document.
        replaces: The bill whose place this one takes; None where there is none.
        replaced_by: The bill that has taken this one's place; None where there is none.
        register: The register that has the bill or had it when it ended, as the control tracking registry knows.
    """

    reference: str
    sub_reference: int
    status: BillStatus
    kind: BillKind
    endorsable: bool
    endorsee: str | None
    possession: str | None
    shipper: str
    surrendered_by: str | None
    amendment_reason: AmendmentReason | None
    document_hash: str
    replaces: str | None
    replaced_by: str | None
    register: str


@dataclass(frozen=True)
class BillIssue:
    """How a bill of lading began.

    Attributes:
        kind: Its kind then; an endorsement may change it.
        endorsee: The consignee, or the first endorsee; None of a blank bill.
    """

    kind: BillKind
    endorsee: str | None


@dataclass(frozen=True)
class BillEntry:
    """An entry of a bill's chain.

    Attributes:
        action: DCSA's action code.
        actor: Who did it; of a movement, who gave.
        recipient: The first or next party in possession, the new endorsee, or the carrier; None where nobody.
        reason: Of a surrender for amendment; otherwise None.
        statement_hash: Of what was signed, or of the statement of a change of medium; otherwise None.
        register: In which register.
        chain_digest: Of HAND_OVER and TAKE_OVER, what the holder named as the digest of the chain; otherwise None.
        is_digest_right: Of HAND_OVER, whether it is that of the entries before it in its register; of TAKE_OVER,
            whether it is that of the HAND_OVER before it; otherwise None.
        block: Number of the block.
        time: Unix time of the block.
        transaction: Hash.
    """

    action: BillAction
    actor: str
    recipient: str | None
    reason: AmendmentReason | None
    statement_hash: str | None
    register: str
    chain_digest: str | None
    is_digest_right: bool | None
    block: int
    time: int
    transaction: str


@dataclass(frozen=True)
class BillEntrustment:
    """That a party, whenever it gives a bill to the receiver, gives possession alone, as to an agent or a pledgee.

    Attributes:
        giver: Who will have title.
        receiver: Who will have possession.
        accepted: Whether the receiver has agreed, without which nothing moves under it.
        realisable_from: From when on (Unix time) the receiver may pass title; zero is never.
    """

    giver: str
    receiver: str
    accepted: bool
    realisable_from: int


class Ledger(Protocol):
    """One deployment on one chain."""

    @property
    def chain_id(self) -> int:
        """The chain's id."""

    @property
    def engine(self) -> str:
        """The address of the contract that settles: only what it tells itself counts as settled."""

    @property
    def directory(self) -> Directory:
        """Parties and instruments of this deployment, as they stand now."""

    def party_address(self, party: str) -> str:
        """The address under which a party acts, admitted or not; enters it into the directory."""

    def party_addresses(self, parties: Sequence[str]) -> Mapping[str, str]:
        """The addresses under which many parties act, by name; enters them into the directory at once."""

    def know_party(self, party: str, address: str) -> None:
        """Enters a party whose key is elsewhere."""

    def know_parties(self, parties: Mapping[str, str]) -> None:
        """Enters many parties, by name and address, whose keys are elsewhere."""

    def know_unlisted(self, instrument: str, like: str) -> None:
        """Enters a name for a contract that was never admitted, of the kind of another, to try a refusal."""

    def head(self) -> Block:
        """The newest block."""

    def prepare(self, act: Act) -> SignedTransaction:
        """The transaction, signed and not sent, that carries the act out.

        Raises:
            Refused: the ledger would refuse it now.
            ChainUnreachable: nobody answered.
        """

    def prepare_many(self, some: Sequence[Act], gas: int) -> list[SignedTransaction]:
        """Transactions, signed and not sent, that carry out many small acts in this order; `gas` is each one's limit.

        Raises:
            ChainUnreachable: nobody answered.
        """

    def send_many(self, transactions: Sequence[SignedTransaction]) -> None:
        """Hands transactions to the chain and waits until all have succeeded; again is safe.

        Raises:
            Refused: one of them failed.
            OutcomeUnknown: a receipt did not come in time.
        """

    def send(self, transaction: SignedTransaction) -> None:
        """Hands a transaction to the chain; again is safe. It may return without the chain's having taken it.

        Raises:
            Refused: the chain has not got it, and will not take it.
            OutcomeUnknown: the answer was lost.
            ChainUnreachable: it was not sent.
        """

    def receipt(self, transaction: SignedTransaction) -> Receipt:
        """Waits for a transaction's receipt.

        Raises:
            OutcomeUnknown: none came in time.
        """

    def is_final(self, receipt: Receipt) -> bool:
        """Whether the receipt's block is final by the network's rule, and still holds the transaction."""

    def instruction_id(self, instruction: Instruction) -> str:
        """The instruction's id on this deployment."""

    def consent(self, party: str, instruction: Instruction, signed_by: str | None = None) -> Consent:
        """The party's signature over an instruction; `signed_by` uses another party's key, to try a refusal."""

    def signed(self, instruction: Instruction, parties: Sequence[str]) -> MatchedInstruction:
        """The instruction with its id and the consents of these parties, by their own signers."""

    def require_signers(self, parties: Sequence[str]) -> None:
        """Sees to it that each of these parties' signers is here; signs nothing.

        Raises:
            InputError: a party's key is elsewhere.
            KeyUnusable: it is here and cannot be used.
        """

    def require_consent(self, instruction: Instruction, consent: Consent) -> None:
        """Sees to it that a consent is its party's, by its key or by its contract account (ERC-1271).

        Raises:
            InputError: it is not; names the party.
            ChainUnreachable: the contract account could not be asked.
        """

    def cancellation(self, party: str, instruction: Instruction, reason: str) -> Consent:
        """The party's signature over a cancellation."""

    def status(self, instruction: Instruction) -> InstructionStatus:
        """Where the instruction's nonce stands on chain."""

    def reasons(
        self, instruction: Instruction, consents: Sequence[Consent], *, locked: bool = False
    ) -> tuple[Reason, ...]:
        """Every reason why it would not settle now; of one that is to be `locked`, out of its holds."""

    def reason(self, encoded: str) -> Reason:
        """An encoded contract error, as events carry it, as a reason."""

    def position(self, party: str, instrument: str) -> Position:
        """What a party holds; for a title instrument, how many titles."""

    def positions(self, parties: Collection[str] | None = None) -> Mapping[tuple[str, str], Position]:
        """Positions in every instrument, by party and instrument; of every party, or of those named."""

    def supply(self, instrument: str) -> int:
        """What exists of a fungible instrument, in smallest units."""

    def title_owner(self, title: Quantity) -> str | None:
        """The party in control of a title; None where there is no such title."""

    def title_status(self, title: Quantity) -> str:
        """A bill of lading's status, in DCSA's words."""

    def bill(self, title: Quantity) -> BillOnChain | None:
        """What a bill of lading is and who has it; None where there is no such bill."""

    def bill_issue(self, title: Quantity) -> BillIssue:
        """How a bill of lading was issued, from its contract's event; there has to be such a bill."""

    def title_in_control(self, title: Quantity) -> Quantity:
        """The bill in the register that has it, says the control tracking registry; the same if there is none."""

    def bill_chain(self, title: Quantity) -> tuple[BillEntry, ...]:
        """Everything that was done with a bill of lading, in order, from its contracts' events alone: in every register
        of its carrier that has had it.
        """

    def bill_entrustments(self, title: Quantity) -> tuple[BillEntrustment, ...]:
        """The entrustments of a bill of lading that stand, from the events of its contract alone."""

    def accrued_interest(self, nominal: Quantity, settlement_date: int) -> int:
        """A bond's accrued interest in smallest units of its currency, as its contract computes it."""

    def bond_status(self, bond: str) -> str:
        """Where a bond's issue stands: closing, live, redeeming, repaid or exited."""

    def bond_allocation(self, bond: str) -> BondAllocation | None:
        """The last allocation that a bond's issuer recorded; None before the first."""

    def register(self, bond: str, record: int | None = None) -> tuple[RegisterLine, ...]:
        """Everybody who holds a bond now, or at a record time (from 0 on), in the order in which they came.

        Raises:
            Refused: that record time has not passed.
        """

    def movements(self, bond: str) -> tuple[Movement, ...]:
        """Every movement of a bond's nominal, in order, from the events of its contract alone."""

    def bond_terms(self, bond: str) -> BondOnChain:
        """What a bond's contract keeps of its terms."""

    def bond_creation(self, bond: str) -> CreateGreenBond:
        """The act that would create the bond as it is now, elsewhere: its terms with the fixings so far."""

    def allocated(self, allocation_hash: str) -> Sequence[tuple[str, str]]:
        """Contracts of bonds for which this list of allocations was recorded, and where each issue stands."""

    def bonds_with(self, isin: str) -> Sequence[tuple[str, str, str]]:
        """Contracts of admitted bonds with an ISIN, where each issue stands, and each issuer's address."""

    def know_bond(self, creation: CreateGreenBond, contract: str) -> None:
        """Enters a bond whose contract is on the chain already."""

    def standings(self, addresses: Sequence[str]) -> Sequence[tuple[tuple[Role, ...], PartyStanding]]:
        """What each account is admitted as, and whether it may take part."""

    def distribution(self, agent: str, kind: DistributionKind, index: int) -> Distribution:
        """How far a paying agent has come with a coupon, a repayment or the principal; `index` is from 0 on."""

    def attestation(self, bond: str, commitment: int, document_hash: str, uri: str, version: int, by: str) -> str:
        """A party's signature over a version of a document; `commitment` is from 0 on.

        Raises:
            InputError: the bond has no disclosures.
        """

    def disclosures(self, bond: str) -> tuple[Disclosed, ...]:
        """What a bond's issuer promised to publish, and what was attested.

        Raises:
            InputError: the bond has no disclosures.
        """

    def use_of_proceeds(self, bond: str) -> tuple[str, ...]:
        """The categories of green projects that a bond's proceeds are for.

        Raises:
            InputError: the bond has no disclosures.
        """

    def payment(self, agent: str, kind: DistributionKind, index: int, holder: str) -> HolderPayment | None:
        """What a paying agent paid a holder of a coupon, a repayment or the principal; None where nothing yet.

        What is set aside counts from when it is claimed; `index` is from 0 on.
        """

    def set_aside(self, agent: str, kind: DistributionKind, index: int) -> tuple[SetAside, ...]:
        """What a paying agent keeps for holders of a distribution; `index` is from 0 on."""

    def advance_to(self, timestamp: int) -> None:
        """Mines a block at this Unix time, where the chain's clock can be set: on a development chain.

        Raises:
            InputError: the chain is past it, or its clock cannot be set.
        """

    def time_next_block(self, timestamp: int) -> None:
        """Brings the clock of a development chain to this Unix time, and keeps it there for the next block too.

        What asks the newest block whether something can be done, and the block in which it is done, are of one time.

        Raises:
            InputError: the chain is past it, or its clock cannot be set.
        """
