"""The scenario language as written in YAML: parties, instruments and orders; every scalar is text.

These models check the shape and give the JSON Schema; `resolve` checks the meaning.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from settlement.domain.acts import Role
from settlement.scenarios.written_base import (
    Amount,
    Anything,
    BillReference,
    Day,
    InstrumentName,
    OrderId,
    PartyName,
    Text,
    Time,
    Whole,
    Written,
    shape,
)
from settlement.scenarios.written_bonds import BondWritten

# ---- parties and instruments -------------------------------------------------------------------------------


class PartyWritten(Written):
    """A party; without roles it is an outsider whom nobody admits."""

    name: Text
    roles: list[Role]
    address: Annotated[str, WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"})] | None = None


class CrowdWritten(Written):
    """So many parties called after the crowd, `crowd-00001` and on, with accounts in these deposits in turn."""

    count: Whole
    roles: Annotated[list[Role], Field(min_length=1)]
    accounts: Annotated[list[InstrumentName], Field(min_length=1)]


class MandateWritten(Written):
    """What the engine may pay out of a bank's reserves without asking it."""

    limit_per_payment: dict[PartyName, Amount]
    limit_per_day: Amount


class WholesaleWritten(Written):
    """Central bank money for banks."""

    kind: Literal["wholesale-cbdc"]
    issuer: PartyName
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    decimals: Whole
    accounts: list[PartyName] = Field(default_factory=list)


class DepositWritten(Written):
    """A bank's tokenised deposits."""

    kind: Literal["tokenized-deposit"]
    issuer: PartyName
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    decimals: Whole
    reserve: InstrumentName
    accounts: list[PartyName] = Field(default_factory=list)
    mandate: MandateWritten | None = None


class BillsWritten(Written):
    """A carrier's register of electronic bills of lading."""

    kind: Literal["bill-of-lading"]
    issuer: PartyName


InstrumentWritten = Annotated[
    WholesaleWritten | DepositWritten | BondWritten | BillsWritten, Field(discriminator="kind")
]


# ---- legs and orders ---------------------------------------------------------------------------------------


class UnlistedWritten(Written):
    """A contract that the registry has not admitted."""

    unlisted: InstrumentName


class PricedWritten(Written):
    """A cash amount computed from a trade in a bond; the clean price is per 100 of nominal."""

    bond: InstrumentName
    nominal: Amount
    clean_price: Amount
    settlement_date: Day


class LegWritten(Written):
    """One movement; exactly one of amount, title and priced."""

    from_: PartyName = Field(alias="from")
    to: PartyName
    instrument: Annotated[
        Annotated[InstrumentName, Tag("<text>")] | Annotated[UnlistedWritten, Tag("<mapping>")],
        Discriminator(shape),
    ]
    to_instrument: InstrumentName | None = None
    amount: Amount | None = None
    title: BillReference | None = None
    priced: PricedWritten | None = None

    @model_validator(mode="after")
    def _one_quantity(self) -> LegWritten:
        given = [name for name in ("amount", "title", "priced") if getattr(self, name) is not None]
        if len(given) != 1:
            says = "none of them" if not given else " and ".join(given)
            raise PydanticCustomError(
                "one_quantity",
                "a leg has exactly one of amount, title and priced; this one has {says}",
                {"says": says},
            )
        return self


class OrderWritten(Written):
    """An instruction: id, legs, window and who consents. With the id alone: the one instructed before."""

    id: OrderId
    legs: Annotated[list[LegWritten], Field(min_length=1, max_length=32)] | None = None
    not_before: Time | None = None
    deadline: Time | None = None
    nonce: Whole | None = None
    terms: dict[str, Anything] | None = None
    consents: list[PartyName] | None = None
    signed_by: dict[PartyName, PartyName] | None = None


class AlteredWritten(Written):
    """What the submitter alters after the consents were given."""

    leg: Whole
    amount: Amount


class SubmissionWritten(OrderWritten):
    """An instruction to submit."""

    altered: AlteredWritten | None = None
