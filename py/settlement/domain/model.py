"""The base of every domain model, and the identifiers they share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

PartyId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
"""A party's short name: lower-case letters, digits and hyphens."""

InstrumentId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,39}$")]
"""An instrument's short name: letters, digits and hyphens."""

Address = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$")]
"""An account on the chain, 20 bytes in hex."""

Hash32 = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]
"""32 bytes in lower-case hex."""


class Model(BaseModel):
    """Strict, frozen, and closed: no value is converted silently and no field is ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True)
