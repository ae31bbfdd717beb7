"""The scenario language as written in YAML: parties, instruments and orders; every scalar is text.

These models check the shape and give the JSON Schema; `resolve` checks the meaning.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from settlement.domain.acts import Role

PARTY_PATTERN = r"^[a-z][a-z0-9-]{0,39}$"
INSTRUMENT_PATTERN = r"^[A-Za-z][A-Za-z0-9-]{0,39}$"
ORDER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean x?)` where a known name is near, and then all that are known."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{hint} Allowed: {', '.join(names) or 'none'}" if near else f"; allowed: {', '.join(names) or 'none'}"


class Written(BaseModel):
    """Base: closed, frozen and strict; an unknown field is answered with the nearest that there is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _know_every_field(cls, value: Any) -> Any:
        if isinstance(value, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in known:
                    message = f"field {key!r} is unknown{nearest(key, known)}"
                    raise PydanticCustomError("unknown_field", "{message}", {"message": message, "field": key})
        return value


# ---- scalars: text here, and whatever an editor takes them for in the JSON Schema --------------------------

Text = Annotated[str, Field(min_length=1)]
PartyName = Annotated[str, Field(pattern=PARTY_PATTERN)]
InstrumentName = Annotated[str, Field(pattern=INSTRUMENT_PATTERN)]
OrderId = Annotated[str, Field(pattern=ORDER_PATTERN)]
Amount = Annotated[
    str, WithJsonSchema({"type": ["string", "number"], "description": 'In major units: "1,000,000.00".'})
]
Whole = Annotated[str, Field(pattern=r"^[0-9]{1,78}$"), WithJsonSchema({"type": ["string", "integer"]})]
Time = Annotated[str, WithJsonSchema({"type": "string", "description": "ISO 8601 with offset."})]
Day = Annotated[str, WithJsonSchema({"type": "string", "description": "YYYY-MM-DD."})]
Flag = Annotated[Literal["true", "false"], WithJsonSchema({"enum": [True, False, "true", "false"]})]
ErrorName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]*_[A-Z][A-Za-z]*$")]
Reference = Annotated[str, Field(min_length=1, max_length=64)]
DocumentReference = Annotated[str, Field(min_length=1, max_length=20)]
Anything = Annotated[Any, WithJsonSchema({})]


def shape(value: object) -> str:
    """Which of the shapes of a union a value has, as the tag of that shape."""
    return "<mapping>" if isinstance(value, dict) else "<list>" if isinstance(value, list) else "<text>"


# ---- parties and instruments -------------------------------------------------------------------------------


class PartyWritten(Written):
    """A party; without roles it is an outsider whom nobody admits."""

    name: Text
    roles: list[Role]
    address: Annotated[str, WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"})] | None = None


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


class FrameworkWritten(Written):
    """A bond's green framework: where it is and what it says."""

    uri: Text
    document: Text


class BondWritten(Written):
    """A green bond; nominal, minimum and increment in whole units of currency."""

    kind: Literal["green-bond"]
    issuer: PartyName
    isin: Text
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    nominal: Amount
    minimum_denomination: Amount
    increment: Amount
    coupon: Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s?%$"})]
    day_count: Literal["ACT/365F"]
    issue_date: Day
    maturity_date: Day
    framework: FrameworkWritten


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
    title: DocumentReference | None = None
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
