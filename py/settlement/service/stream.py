"""Streams of submissions: one JSON object a line, in the words of the scenario language."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from settlement.domain.directory import Directory
from settlement.domain.instruction import MAX_LEGS, Consent, Leg, Reference, title_id
from settlement.domain.model import InstrumentId, PartyId
from settlement.domain.quantity import Quantity, parse_amount
from settlement.domain.submission import PRIORITY_DEFAULT, PRIORITY_MAX, Submission
from settlement.errors import InputError, Location
from settlement.files import open_plain
from settlement.flow.network import HONG_KONG_UTC_OFFSET_SECONDS

LINE_BYTES_MAX = 1_000_000

_TOO_LONG = f"a line has at most {LINE_BYTES_MAX:,} bytes, and this one has more"

_DIGITS_MAX = 100
"""Python reads no number of thousands of digits, and nobody means one."""

_DAY_SECONDS = 86_400


_Short = Annotated[str, Field(max_length=120)]
"""Text that is said back where it cannot be read."""

_SHOWN_MAX = 80
"""How much of a key is said back."""


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", defer_build=True)


class _LegLine(_Line):
    from_: PartyId = Field(alias="from")
    to: PartyId
    instrument: InstrumentId
    to_instrument: InstrumentId | None = None
    amount: _Short | None = None
    title: Annotated[str, Field(min_length=1, max_length=20)] | None = None


class _ConsentLine(_Line):
    party: PartyId
    signature: Annotated[str, Field(pattern=r"^0x([0-9a-f]{2})*$")]


class _SubmissionLine(_Line):
    id: Reference
    legs: Annotated[list[_LegLine], Field(min_length=1, max_length=MAX_LEGS)]
    deadline: _Short
    not_before: _Short | None = None
    settlement_date: _Short | None = None
    nonce: Annotated[int, Field(ge=0, le=2**256 - 1)] | None = None
    terms: dict[str, Any] = Field(default_factory=dict)
    priority: Annotated[int, Field(ge=0, le=PRIORITY_MAX)] = PRIORITY_DEFAULT
    partial_lot: _Short | None = None
    consents: list[_ConsentLine] = Field(default_factory=list)


class ReadLine(NamedTuple):
    """A line: its number, where it ends in the file (in bytes), and the submission or what is wrong with it."""

    number: int
    end: int
    submission: Submission | None
    fault: InputError | None


def read_stream(path: Path, directory: Directory, name: str) -> Iterator[ReadLine]:
    """Reads a file a line at a time; empty lines are left out.

    Args:
        path: The file.
        directory: Parties and instruments.
        name: What the file is called where a fault is told.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with open_plain(path) as stream:
            for number, (raw, end) in enumerate(_lines(stream), 1):
                if not raw.strip() and len(raw) <= LINE_BYTES_MAX:
                    continue
                try:
                    yield ReadLine(number, end, read_submission(raw, directory), None)
                except InputError as fault:
                    field = fault.location.field if fault.location else None
                    yield ReadLine(number, end, None, InputError(fault.problem, Location(name, number, field)))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", Location(name)) from error


@contextlib.contextmanager
def kept(source: BinaryIO, name: str) -> Iterator[Path]:
    """What can be read only once, such as a pipe, as a file; it is removed in the end.

    A line that is too long ends it, whatever else is to be left out of the stream: it may never end.

    Args:
        source: What is read, to its end.
        name: What it is called where a fault is told.

    Raises:
        InputError: it cannot be read, or has a line that is too long.
    """
    with tempfile.NamedTemporaryFile() as file:
        try:
            for number, raw in enumerate(_pieces(source), 1):
                if len(raw) > LINE_BYTES_MAX:
                    raise InputError(_TOO_LONG, Location(name, number))
                file.write(raw)
            file.flush()
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", Location(name)) from error
        yield Path(file.name)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Lines, but never more of one at once than shows that it is too long."""
    return iter(lambda: stream.readline(LINE_BYTES_MAX + 1), b"")


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Lines, and where each ends in the file; of one that is too long only its beginning."""
    end, begun = 0, b""
    for piece in _pieces(stream):
        end += len(piece)
        begun = begun or piece
        if piece.endswith(b"\n") or len(piece) <= LINE_BYTES_MAX:
            yield begun, end
            begun = b""
    if begun:
        yield begun, end


def read_submission(raw: bytes, directory: Directory) -> Submission:
    """One submission as JSON.

    Raises:
        InputError: it is malformed, or names what is not there; says which field.
    """
    if len(raw) > LINE_BYTES_MAX:
        raise InputError(_TOO_LONG)
    try:
        written = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_no_key_twice,
            parse_int=_whole_number,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
        _require_whole_characters(raw, written)
        line = _SubmissionLine.model_validate(written)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part)[:_SHOWN_MAX] for part in first["loc"])
        raise InputError(_sentence(first), Location(field=field or None)) from None
    except UnicodeDecodeError:
        raise InputError("is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(f"is not a JSON object: {error.msg} at column {error.colno}") from None
    except RecursionError:
        raise InputError("is nested too deeply") from None
    parties = {consent.party: directory.address_of(consent.party) for consent in line.consents}
    return Submission(
        reference=line.id,
        legs=tuple(_leg(leg, f"legs.{index}", directory) for index, leg in enumerate(line.legs)),
        terms=line.terms,
        not_before=0 if line.not_before is None else _time("not_before", line.not_before),
        deadline=_time("deadline", line.deadline),
        nonce=line.nonce,
        priority=line.priority,
        settlement_date_end=None if line.settlement_date is None else _end_of_day(line.settlement_date),
        partial_lot=_lot(line, directory),
        consents=tuple(
            Consent(party=consent.party, address=parties[consent.party], signature=consent.signature)
            for consent in line.consents
        ),
    )


def _leg(leg: _LegLine, where: str, directory: Directory) -> Leg:
    try:
        record = directory.instrument(leg.instrument)
        for party in (leg.from_, leg.to):
            directory.address_of(party)
        directory.instrument(leg.to_instrument or leg.instrument)
        is_title = record.kind == "bill-of-lading"
        if is_title == (leg.title is None) or is_title == (leg.amount is not None):
            wanted = "a title and no amount" if is_title else "an amount and no title"
            raise InputError(f"a leg in {leg.instrument}, a {record.kind}, has {wanted}")
        amount = title_id(leg.title) if leg.title is not None else parse_amount(leg.amount or "", record.decimals)
    except InputError as error:
        raise InputError(error.problem, Location(field=where)) from None
    return Leg(
        giver=leg.from_,
        receiver=leg.to,
        quantity=Quantity(instrument=leg.instrument, amount=amount),
        receiver_instrument=leg.to_instrument or leg.instrument,
    )


def _lot(line: _SubmissionLine, directory: Directory) -> int | None:
    if line.partial_lot is None:
        return None
    record = directory.instrument(line.legs[0].instrument)
    if record.kind == "bill-of-lading":
        raise InputError("a title cannot be divided", Location(field="partial_lot"))
    try:
        return parse_amount(line.partial_lot, record.decimals)
    except InputError as error:
        raise InputError(error.problem, Location(field="partial_lot")) from None


def _time(field: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.timestamp() < 0 or moment.microsecond:
        raise InputError(
            f"{text!r} is no time with an offset in whole seconds such as 2026-11-25T16:00:00+08:00",
            Location(field=field),
        )
    return int(moment.timestamp())


def _end_of_day(text: str) -> int:
    """The first second after a day in Hong Kong."""
    try:
        days = (date.fromisoformat(text) - date(1970, 1, 1)).days
    except ValueError:
        days = -1
    if days < 0:
        raise InputError(f"{text!r} is no day such as 2026-11-25", Location(field="settlement_date"))
    return (days + 1) * _DAY_SECONDS - HONG_KONG_UTC_OFFSET_SECONDS


def _require_whole_characters(raw: bytes, written: Any) -> None:
    """JSON can name half of a character, which no file and no hash takes."""
    if b"\\ud" in raw.lower():
        try:
            json.dumps(written, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InputError("holds half of a character, such as \\ud800 alone, which is no text") from None


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            twice = key[:_SHOWN_MAX]
            raise InputError(f"the key {twice!r} is there twice", Location(field=twice))
        found[key] = value
    return found


def _whole_number(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise InputError(f"a number has at most {_DIGITS_MAX} digits, and this one {len(text):,}: write it as text")
    return int(text)


def _no_float(text: str) -> Any:
    raise InputError(f"the number {text} has no exact form: write it as text")


def _sentence(fault: ErrorDetails) -> str:
    """What is wrong and what is allowed, without a word of the library's."""
    message, context = str(fault["msg"]), fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return "this is missing, and has to be there"
        case "extra_forbidden":
            place = fault["loc"][0] if len(fault["loc"]) > 1 else ""
            kinds: dict[str, type[_Line]] = {"legs": _LegLine, "consents": _ConsentLine}
            line = kinds.get(str(place), _SubmissionLine)
            fields = sorted(field.alias or name for name, field in line.model_fields.items())
            return f"there is no such field; allowed: {', '.join(fields)}"
        case "model_type" | "dict_type" | "model_attributes_type":
            return "an object in braces is expected"
        case "list_type":
            return "a list in brackets is expected"
        case "int_type":
            return "a whole number without quotes is expected"
        case "string_type":
            return "text in quotes is expected"
        case "string_too_long":
            return f"text of at most {context['max_length']} characters is expected"
        case "too_short":
            return "this must not be empty"
        case "too_long":
            return f"there are at most {context['max_length']} of these"
        case "string_pattern_mismatch" if "\\p{C}" in message:
            return "text of 1 to 64 characters, none of them a control or format character, is expected"
        case "string_pattern_mismatch":
            return f"this has to match {context['pattern']}"
    return message[:1].lower() + message[1:]
