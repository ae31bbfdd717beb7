"""The scenario language as written in YAML: what all of it is made of; every scalar is text."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from settlement.domain.wording import listed

PARTY_PATTERN = r"^[a-z][a-z0-9-]{0,39}$"
INSTRUMENT_PATTERN = r"^[A-Za-z][A-Za-z0-9-]{0,39}$"
ORDER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean x?)` where a known name is near, and then all that are known."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}? Allowed: {listed(names)}" if near else f"; allowed: {listed(names)}"


class Written(BaseModel):
    """Base: closed, frozen and strict; an unknown field is answered with the nearest that there is."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)

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
BookingReference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
ClientName = Annotated[str, Field(pattern=PARTY_PATTERN)]
SignedAmount = Annotated[
    str, WithJsonSchema({"type": ["string", "number"], "description": 'In major units, with a sign: "-500,000".'})
]
DocumentReference = Annotated[str, Field(min_length=1, max_length=20)]
BillReference = Annotated[str, Field(min_length=1, max_length=26)]
"""A document reference, and from sub-reference 2 on `reference/2`."""
Anything = Annotated[Any, WithJsonSchema({})]


def shape(value: object) -> str:
    """Which of the shapes of a union a value has, as the tag of that shape."""
    return "<mapping>" if isinstance(value, dict) else "<list>" if isinstance(value, list) else "<text>"
