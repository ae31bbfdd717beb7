"""The base of DCSA's models, and parties: who they are, and for whom they act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

Item = TypeVar("Item")


class DcsaModel(BaseModel):
    """Strict and frozen, with DCSA's spelling in JSON; fields that are not named here are kept as they are."""

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", alias_generator=to_camel, defer_build=True)

    def document(self) -> dict[str, Any]:
        """As JSON values in DCSA's spelling: what was read, and no more."""
        plain: dict[str, Any] = _plain(self.model_dump(by_alias=True, exclude_unset=True))
        return plain


def _plain(value: Any) -> Any:
    """Lists for tuples, and a number that is no integer as a number; the rest as it is."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return float(value) if isinstance(value, Decimal) else value


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Items = Annotated[tuple[Item, ...], BeforeValidator(_as_tuple), Field(min_length=1)]
"""A list with at least one item."""

LINE = r"^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$"
"""DCSA's pattern of a line of text, without white space at its ends; here also without control and format characters,
so that a terminal shows it as it is."""

WORD = r"^[^\s\p{C}]+$"
"""DCSA's pattern of a code; likewise."""

Name = Annotated[str, Field(pattern=LINE, max_length=70)]
"""A party's name."""

Platform = Annotated[str, Field(pattern=WORD, max_length=4)]
"""Code of an eBL platform, such as IQAX; DCSA's list of them grows."""


class IdentifyingCode(DcsaModel):
    """A party's code in somebody's list."""

    code_list_provider: Annotated[str, Field(max_length=100)]
    party_code: Annotated[str, Field(max_length=150)]


class RepresentedParty(DcsaModel):
    """On whose behalf somebody acts."""

    party_name: Name
    identifying_codes: Annotated[tuple[IdentifyingCode, ...], BeforeValidator(_as_tuple)] = ()


class Party(RepresentedParty):
    """A party as chains and documents name it.

    Attributes:
        ebl_platform: Where it can be reached; documents may leave it out.
        represented_party: On whose behalf it acts; None where that is itself.
    """

    ebl_platform: Platform | None = None
    represented_party: RepresentedParty | None = None

    @property
    def principal(self) -> RepresentedParty:
        """Whose rights it has or uses."""
        return self.represented_party or self


class ChainParty(Party):
    """A party of a chain: its platform and at least one code are mandatory there."""

    ebl_platform: Platform
    identifying_codes: Items[IdentifyingCode]


OWN_LIST = "ZZZ"
"""The code list of codes that are in no list of DCSA's: here those that participants have in a run."""


def own_party(code: str, platform: str, name: str | None = None) -> dict[str, Any]:
    """A participant as a chain names a party: its name here is its code, and its name where it has no other."""
    return {
        "partyName": name or code,
        "eblPlatform": platform,
        "identifyingCodes": [{"codeListProvider": OWN_LIST, "partyCode": code}],
    }


def is_same(one: RepresentedParty | None, other: RepresentedParty | None) -> bool:
    """Whether two namings are of one party: they share a code or, where one of them has none, the name."""
    if one is None or other is None:
        return False
    codes, others = _codes(one.identifying_codes), _codes(other.identifying_codes)
    return bool(codes & others) if codes and others else one.party_name == other.party_name


def _codes(codes: Sequence[IdentifyingCode]) -> set[tuple[str, str]]:
    return {(code.code_list_provider, code.party_code) for code in codes}
