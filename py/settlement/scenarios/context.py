"""What is known while a scenario is being resolved, and how each kind of text becomes a value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeVar

from settlement.domain.bonds.schedule import BondSchedule
from settlement.domain.bonds.terms import BondTerms
from settlement.domain.instruction import terms_hash
from settlement.domain.quantity import Quantity, parse_amount
from settlement.errors import InputError
from settlement.scenarios.language import Crowd, InstrumentSetUp, Order, Party
from settlement.scenarios.text import Path, Source
from settlement.scenarios.written_base import nearest

T = TypeVar("T")

MONEY = frozenset({"wholesale-cbdc", "tokenized-deposit"})
"""Kinds of instruments that are money."""

MINOR_DECIMALS = 2
"""Decimals of the currency a bond is priced in; its contract computes interest in hundredths."""

_ZERO = re.compile(r"0+(\.0+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2})?([Zz]|[+-][0-9]{2}:[0-9]{2})")


class ResolvedBond(NamedTuple):
    """A bond's terms, the schedule that follows from them, and its paying agent's name."""

    terms: BondTerms
    schedule: BondSchedule
    paying_agent: str | None


@dataclass
class Context:
    """Everything resolved so far."""

    source: Source
    start: int = 0
    clock: int = 0
    utc_offset_seconds: int = 0
    parties: dict[str, Party] = field(default_factory=dict)
    crowds: dict[str, Crowd] = field(default_factory=dict)
    instruments: dict[str, InstrumentSetUp] = field(default_factory=dict)
    bonds: dict[str, ResolvedBond] = field(default_factory=dict)
    unlisted: dict[str, None] = field(default_factory=dict)
    titles: dict[str, Quantity] = field(default_factory=dict)
    handed_to: dict[str, set[str]] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    client_bookings: set[tuple[str, str]] = field(default_factory=set)

    def may_have(self, bill: str, register: str) -> None:
        """From here on a bill may be in this register too: a step hands it over there, if it is not refused."""
        self.handed_to.setdefault(bill, set()).add(register)

    def title(self, path: Path, bill: str, register: str) -> Quantity:
        """A bill in a register that has issued it, or to which a step before hands it over.

        Raises:
            InputError: it is unknown, or cannot be there.
        """
        title = self.known(path, "document", bill, self.titles)
        if register not in {title.instrument} | self.handed_to.get(bill, set()):
            raise self.error(path, f"{bill} is a bill of {title.instrument}, not of {register}")
        return Quantity(instrument=register, amount=title.amount)

    def error(self, path: Path, problem: str) -> InputError:
        """An input error with the place of a path."""
        return InputError(problem, self.source.location(path))

    def at(self, path: Path, convert: Callable[..., T], *arguments: object) -> T:
        """Calls a conversion; an input error it raises gets the place of a path."""
        try:
            return convert(*arguments)
        except InputError as error:
            raise self.error(path, error.problem) from None

    def known(self, path: Path, what: str, name: str, names: Mapping[str, T]) -> T:
        """Looks a name up.

        Raises:
            InputError: it is unknown; the sentence suggests the nearest.
        """
        if name not in names:
            raise self.error(path, f"{what} {name!r} is unknown{nearest(name, names)}")
        return names[name]

    def party(self, path: Path, name: str) -> str:
        """A known party's name."""
        return self.known(path, "party", name, self.parties).party

    def parties_in(self, path: Path, names: Iterable[str]) -> tuple[str, ...]:
        """Known parties' names, each once."""
        found: dict[str, None] = {}
        for index, name in enumerate(names):
            self.party((*path, index), name)
            if name in found:
                raise self.error((*path, index), f"party {name!r} is there twice")
            found[name] = None
        return tuple(found)

    def instrument(self, path: Path, name: str) -> InstrumentSetUp:
        """A known instrument."""
        return self.known(path, "instrument", name, self.instruments)

    def money(self, path: Path, name: str) -> InstrumentSetUp:
        """A known instrument that is money."""
        instrument = self.instrument(path, name)
        if instrument.kind not in MONEY:
            raise self.error(path, f"{name} is a {instrument.kind}; this needs money")
        return instrument

    def of_kind(self, path: Path, name: str, kind: str) -> InstrumentSetUp:
        """A known instrument of one kind."""
        instrument = self.instrument(path, name)
        if instrument.kind != kind:
            raise self.error(path, f"{name} is a {instrument.kind}; this needs a {kind}")
        return instrument

    def order(self, path: Path, order_id: str) -> Order:
        """An order that an earlier step instructed."""
        if order_id not in self.orders:
            raise self.error(
                path,
                f"{order_id!r} has not been instructed by an earlier step{nearest(order_id, self.orders)}",
            )
        return self.orders[order_id]

    def amount(self, path: Path, text: str, decimals: int) -> int:
        """An amount above zero, in smallest units."""
        return self.at(path, parse_amount, text, decimals)

    def position(self, path: Path, text: str, decimals: int) -> int:
        """An amount that may be zero, in smallest units."""
        return 0 if _ZERO.fullmatch(text) else self.amount(path, text, decimals)

    def time(self, path: Path, text: str) -> int:
        """A time with its offset, as Unix time."""
        return int(self.moment(path, text).timestamp())

    def moment(self, path: Path, text: str) -> datetime:
        """A time with its offset."""
        problem = f"{text!r} is not a time with an offset from UTC, such as 2025-11-13T09:00:00+08:00"
        if not _TIME.fullmatch(text):
            raise self.error(path, problem)
        try:
            moment = datetime.fromisoformat(text.upper())
            timestamp = moment.timestamp()
        except (ValueError, OverflowError):
            raise self.error(path, problem) from None
        if timestamp < 0:
            raise self.error(path, f"{text} is before 1970, where the chain's time begins")
        return moment

    def day(self, path: Path, text: str) -> date:
        """A calendar day."""
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise self.error(path, f"{text!r} is not a date such as 2023-02-16")
        if day.year < 1970:
            raise self.error(path, f"{text} is before 1970, where the chain's time begins")
        return day


def midnight(day: date) -> int:
    """Midnight UTC of a day, as Unix time: how the contracts take dates."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def document_hash(document: object) -> str:
    """SHA-256 of a document: of the UTF-8 text, or of a mapping's canonical JSON."""
    if isinstance(document, dict):
        return terms_hash(document)
    return "0x" + hashlib.sha256(str(document).encode()).hexdigest()
