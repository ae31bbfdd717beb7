"""The scenario language as written in YAML: actions, steps, expectations and the scenario itself."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from settlement.domain.bills import BillStatus
from settlement.domain.bonds.disclosure import DisclosureState
from settlement.scenarios.language import OrderStatus
from settlement.scenarios.written import (
    CrowdWritten,
    InstrumentWritten,
    OrderWritten,
    PartyWritten,
    SubmissionWritten,
)
from settlement.scenarios.written_base import (
    Amount,
    BillReference,
    BookingReference,
    ClientName,
    ErrorName,
    Flag,
    InstrumentName,
    OrderId,
    PartyName,
    Reference,
    SignedAmount,
    Text,
    Time,
    Whole,
    Written,
    shape,
)
from settlement.scenarios.written_bills import (
    AcceptEntrustmentWritten,
    BillFromPaperWritten,
    BlankEndorseWritten,
    EndorseWritten,
    EntrustWritten,
    HandOverWritten,
    IssueBillWritten,
    ReissueBillWritten,
    RenounceEntrustmentWritten,
    RevokeEntrustmentWritten,
    StatementWritten,
    SurrenderForAmendmentWritten,
    SurrenderWritten,
)
from settlement.scenarios.written_bonds import (
    AllocateWritten,
    AttestWritten,
    BondAct,
    BondStatusName,
    ClaimWritten,
    DistributionWritten,
    ElectWritten,
    FixingWritten,
    PassOnWritten,
    PayWritten,
    PlaceWritten,
    ReturnSurplusWritten,
)

# ---- actions -----------------------------------------------------------------------------------------------


class IssueWritten(Written):
    """Money to a holder, or bonds to their issuer's own account."""

    instrument: InstrumentName
    to: PartyName | None = None
    amount: Amount
    reference: Reference | None = None


class RedeemWritten(Written):
    """Money taken back from a holder, or bonds that came back to their issuer."""

    instrument: InstrumentName
    from_: PartyName | None = Field(default=None, alias="from")
    amount: Amount
    reference: Reference | None = None


class TransferWritten(Written):
    """A holder's own transfer, without an instruction."""

    from_: PartyName = Field(alias="from")
    to: PartyName
    instrument: InstrumentName
    amount: Amount


class PartyAct(Written):
    """The operator or the supervisor acts on a party."""

    party: PartyName


class AccountAct(Written):
    """The issuer of money acts on an account."""

    instrument: InstrumentName
    holder: PartyName


class IdWritten(Written):
    """An order instructed before."""

    id: OrderId


class SettleLockedWritten(IdWritten):
    """Settle out of the holds, with further consents."""

    consents: list[PartyName] = Field(default_factory=list)


class CancelWritten(IdWritten):
    """Cancel, with the parties who sign the cancellation."""

    reason: Annotated[str, Field(min_length=1, max_length=256)]
    by: Annotated[list[PartyName], Field(min_length=1)]


class ReleaseLegWritten(IdWritten):
    """Release one leg's hold."""

    leg: Whole


class BatchWritten(Written):
    """Many settlements in one transaction."""

    mode: Literal["all-or-nothing", "each-for-itself"]
    settlements: Annotated[list[SubmissionWritten], Field(min_length=1, max_length=256)]


class BookClientsWritten(Written):
    """A custodian books, on its own side, what its clients receive (above zero) and give (below zero).

    It takes effect at the chain's newest block. Refused with `ClientBook_InsufficientPosition` where a client would be
    below zero, and `ClientBook_ReferenceTaken` where the reference has another booking.
    """

    custodian: PartyName
    instrument: InstrumentName
    reference: BookingReference
    amounts: Annotated[dict[ClientName, SignedAmount], Field(min_length=1)]


class AdvanceWritten(Written):
    """Set the chain's clock."""

    to: Time


# ---- expectations, steps, scenario -------------------------------------------------------------------------

AmountsWritten = dict[PartyName, dict[InstrumentName, Amount]]
ClientsWritten = dict[PartyName, dict[InstrumentName, dict[ClientName, Amount]]]


class OutcomeWritten(Written):
    """What has to be so at the end."""

    status: dict[OrderId, OrderStatus] = Field(default_factory=dict)
    positions: AmountsWritten = Field(default_factory=dict)
    together: AmountsWritten = Field(default_factory=dict)
    held: AmountsWritten = Field(default_factory=dict)
    supply: dict[InstrumentName, Amount] = Field(default_factory=dict)
    control: dict[BillReference, PartyName] = Field(default_factory=dict)
    endorsee: dict[BillReference, PartyName] = Field(default_factory=dict)
    bill_status: dict[BillReference, BillStatus] = Field(default_factory=dict)
    accrued_interest: dict[OrderId, Amount] = Field(default_factory=dict)
    cash: dict[OrderId, Amount] = Field(default_factory=dict)
    bond_status: dict[InstrumentName, BondStatusName] = Field(default_factory=dict)
    disclosures: dict[InstrumentName, dict[Whole, DisclosureState]] = Field(default_factory=dict)
    distributions: dict[InstrumentName, dict[str, DistributionWritten]] = Field(default_factory=dict)
    clients: ClientsWritten = Field(default_factory=dict)


class ExpectWritten(OutcomeWritten):
    """What has to come of a step."""

    refused: (
        Annotated[
            Annotated[ErrorName, Tag("<text>")]
            | Annotated[Annotated[list[ErrorName], Field(min_length=1)], Tag("<list>")],
            Discriminator(shape),
        ]
        | None
    ) = None
    failed: dict[OrderId, ErrorName] = Field(default_factory=dict)
    unchanged: Flag = "false"


class StepWritten(Written):
    """One step: a name, exactly one action, the time of its block where that counts, and what to expect of it."""

    model_config = ConfigDict(json_schema_extra=lambda schema: _exactly_one_action(schema))
    NOT_ACTIONS: ClassVar[frozenset[str]] = frozenset({"name", "at", "expect"})

    name: Text | None = None
    at: Time | None = None
    issue: IssueWritten | None = None
    issue_bill: IssueBillWritten | None = None
    redeem: RedeemWritten | None = None
    transfer: TransferWritten | None = None
    instruct: OrderWritten | None = None
    settle: SubmissionWritten | None = None
    lock: SubmissionWritten | None = None
    settle_locked: SettleLockedWritten | None = None
    replay: IdWritten | None = None
    batch: BatchWritten | None = None
    cancel: CancelWritten | None = None
    expire: IdWritten | None = None
    release_leg: ReleaseLegWritten | None = None
    suspend: PartyAct | None = None
    reinstate: PartyAct | None = None
    freeze: PartyAct | None = None
    unfreeze: PartyAct | None = None
    block_account: AccountAct | None = None
    unblock_account: AccountAct | None = None
    allocate: AllocateWritten | None = None
    place: PlaceWritten | None = None
    open_bond: BondAct | None = None
    fix: FixingWritten | None = None
    attest: AttestWritten | None = None
    elect: ElectWritten | None = None
    pay: PayWritten | None = None
    claim: ClaimWritten | None = None
    return_surplus: ReturnSurplusWritten | None = None
    exit_bond: BondAct | None = None
    reissue_bill: ReissueBillWritten | None = None
    bill_from_paper: BillFromPaperWritten | None = None
    endorse: EndorseWritten | None = None
    endorse_to_order: EndorseWritten | None = None
    blank_endorse: BlankEndorseWritten | None = None
    sign_bill: StatementWritten | None = None
    entrust: EntrustWritten | None = None
    revoke_entrustment: RevokeEntrustmentWritten | None = None
    accept_entrustment: AcceptEntrustmentWritten | None = None
    renounce_entrustment: RenounceEntrustmentWritten | None = None
    surrender: SurrenderWritten | None = None
    surrender_for_amendment: SurrenderForAmendmentWritten | None = None
    accept_surrender: SurrenderWritten | None = None
    accept_switch_to_paper: StatementWritten | None = None
    reject_surrender: SurrenderWritten | None = None
    void_bill: SurrenderWritten | None = None
    hand_over: HandOverWritten | None = None
    book_clients: BookClientsWritten | None = None
    pass_on: PassOnWritten | None = None
    advance: AdvanceWritten | None = None
    expect: ExpectWritten = Field(default_factory=ExpectWritten)

    @model_validator(mode="before")
    @classmethod
    def _one_action(cls, value: Any) -> Any:
        if isinstance(value, dict):
            actions = [key for key in value if key in cls.model_fields and key not in cls.NOT_ACTIONS]
            if len(actions) > 1:
                raise PydanticCustomError(
                    "one_action",
                    "a step has exactly one action; this one has {actions}",
                    {"actions": " and ".join(actions)},
                )
            if not actions and all(key in cls.model_fields for key in value):
                known = ", ".join(sorted(set(cls.model_fields) - cls.NOT_ACTIONS))
                raise PydanticCustomError(
                    "one_action",
                    "a step has exactly one action; this one has none. Actions: {known}",
                    {"known": known},
                )
        return value

    @property
    def word(self) -> str:
        """The action's key."""
        return next(iter(self.model_fields_set - self.NOT_ACTIONS))


def _exactly_one_action(schema: dict[str, Any]) -> None:
    actions = sorted(set(schema["properties"]) - StepWritten.NOT_ACTIONS)
    schema["oneOf"] = [{"required": [action]} for action in actions]


class ScenarioWritten(Written):
    """A scenario file."""

    scenario: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
    title: Text
    description: str = ""
    start: Time
    parties: Annotated[dict[PartyName, PartyWritten], Field(min_length=1)]
    crowds: dict[PartyName, CrowdWritten] = Field(default_factory=dict)
    instruments: Annotated[dict[InstrumentName, InstrumentWritten], Field(min_length=1)]
    opening: list[StepWritten] = Field(default_factory=list)
    steps: Annotated[list[StepWritten], Field(min_length=1)]
    expect: OutcomeWritten = Field(default_factory=OutcomeWritten)
