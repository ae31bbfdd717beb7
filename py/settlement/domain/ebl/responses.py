"""How a platform answers what it does not accept."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic_core import ErrorDetails

from settlement.domain.ebl.party import LINE, WORD
from settlement.errors import InputError, Location

_MOST = 8
_SHOWN_MAX = 80
_PATTERNS = {
    LINE: "one line of text without white space at its ends",
    WORD: "a code without white space",
}


class ResponseCode(StrEnum):
    """DCSA's codes of issuance (ISS), surrender (SUR) and transfer (PINT): for what is not accepted, and RECE.

    Not all are said here: REFU is for who cannot deliver to a recipient, and SREJ for a carrier.
    """

    BREQ = "BREQ"
    """Bad request: the document cannot be issued as it is."""
    REFU = "REFU"
    """Refused: issuing failed for a reason that the issuing platform cannot mend."""
    SREJ = "SREJ"
    """Surrender rejected."""
    RECE = "RECE"
    """Received: the envelope is accepted."""
    BENV = "BENV"
    """Bad envelope: the chain can never be accepted."""
    DISE = "DISE"
    """Disputed envelope: it contradicts what is known, and somebody may be spending twice."""
    DUPE = "DUPE"
    """Duplicated envelope: it was accepted before."""
    BSIG = "BSIG"
    """Bad signature."""
    INCD = "INCD"
    """Inconclusive document: an additional document has another checksum or size than was said."""
    MDOC = "MDOC"
    """Missing document: an additional document was not received."""


class EblRefused(InputError):
    """What was given was read and understood, and breaks a rule of DCSA's.

    Attributes:
        code: DCSA's answer to it.
        rule: What is wrong, in words, without the code.
    """

    exit_code = 1

    def __init__(self, code: ResponseCode, problem: str, location: Location | None = None) -> None:
        self.code = code
        self.rule = problem
        super().__init__(f"{code}: {problem}", location)

    def within(self, file: str) -> EblRefused:
        """The same, said of a file."""
        found = self.location or Location()
        return EblRefused(self.code, self.rule, Location(file=file, field=found.field))


def path_text(parts: tuple[int | str, ...]) -> str:
    """A field's path as DCSA's users write it, such as `consignmentItems[0].cargoItems[1].equipmentReference`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def refusal(code: ResponseCode, faults: list[tuple[str, str]]) -> EblRefused:
    """A refusal that names the first fault's field and all that are wrong, as far as a sentence stays readable."""
    (field, first), *others = faults
    more = "; ".join(f"{path}: {problem}" for path, problem in others[:_MOST])
    left = f"; and {len(others) - _MOST} more" if len(others) > _MOST else ""
    return EblRefused(code, first + (f"; {more}" if more else "") + left, Location(field=field or None))


def faults_of(details: list[ErrorDetails]) -> list[tuple[str, str]]:
    """Where a model does not fit, and why, in words."""
    return [(path_text(each["loc"]), _sentence(each)) for each in details]


def _shown(value: object) -> str:
    """What was given, as far as a sentence stays readable."""
    text = repr(value)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


def _sentence(details: ErrorDetails) -> str:
    context: dict[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "missing":
            return "this field is mandatory"
        case "literal_error":
            return f"{_shown(details['input'])} is not allowed; allowed: {context['expected']}"
        case "string_too_long":
            return f"it is longer than {context['max_length']} characters"
        case "string_pattern_mismatch":
            pattern = context["pattern"]
            return f"{_shown(details['input'])} is not {_PATTERNS.get(pattern, f'written as it has to be: {pattern}')}"
        case "too_short":
            return "this list is empty"
        case "model_type":
            return "this has to be an object"
        case "tuple_type":
            return "this has to be a list"
        case "string_type":
            return "this has to be text"
        case "bool_type":
            return "this has to be true or false"
        case _:
            return details["msg"].removeprefix("Value error, ")
