"""The primary market of a bond before its closing: the order book, allocations, and what each costs.

Nominals are whole units of the bond's currency. Rounding is in the name.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import Field, field_validator

from settlement.domain.bonds.interest import clean_value_half_up, times_half_up
from settlement.domain.bonds.terms import ONE
from settlement.domain.instruction import terms_hash
from settlement.domain.model import InstrumentId, Model, PartyId
from settlement.domain.quantity import MAX_QUANTITY, parse_amount
from settlement.errors import InputError, Location

PRICE_DECIMALS = 4
"""Decimals of a price per 100 of nominal that millionths of par can say."""

_PRICE_MAX = 10 * ONE
_CLIENT_MAX = 140


class _ForInvestor(Model):
    """What an order and an allocation share.

    Attributes:
        investor: Who is on the register afterwards; for the client of a custodian, the custodian.
        nominal: How much.
        pays_from: The money it pays with.
        on_behalf_of: The custodian's client, as the custodian calls it; empty where the investor acts for itself.
        line: Its line in the file that it was read from; None where it was not.
    """

    investor: PartyId
    nominal: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
    pays_from: InstrumentId
    on_behalf_of: str = ""
    line: Annotated[int | None, Field(exclude=True, repr=False)] = None

    @field_validator("on_behalf_of")
    @classmethod
    def _on_behalf_of(cls, text: str) -> str:
        return check_client(text)

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the others of its book: investor and client."""
        return self.investor, self.on_behalf_of

    @property
    def label(self) -> str:
        """What it is called in sentences and on the command line: `north-custody`, or `north-custody/Client A`."""
        return f"{self.investor}/{self.on_behalf_of}" if self.on_behalf_of else self.investor


class Order(_ForInvestor):
    """An investor's order in the book."""


class Allocation(_ForInvestor):
    """What an investor gets of the issue."""


class IssueSize(Model):
    """How much is placed, and in which portions.

    Attributes:
        nominal: What is allocated in all.
        minimum: The smallest holding.
        increment: The step in which it moves.
    """

    nominal: Annotated[int, Field(ge=1, le=MAX_QUANTITY)]
    minimum: Annotated[int, Field(ge=1)]
    increment: Annotated[int, Field(ge=1)]


Some = TypeVar("Some", bound=_ForInvestor)


def check_client(text: str) -> str:
    """Returns a custodian's client that a log and a spreadsheet show as it is; empty for none.

    Raises:
        InputError: it is too long, has control characters, or begins like a formula.
    """
    if text and not (len(text) <= _CLIENT_MAX and text[0].isalnum() and text.isprintable()):
        raise InputError(
            f"{text[:40]!r} is no client: at most {_CLIENT_MAX} characters, which begin with a letter or a digit and "
            "have no control characters among them"
        )
    return text


def total_nominal(some: Sequence[_ForInvestor]) -> int:
    """The nominal of all together."""
    return sum(each.nominal for each in some)


def check_book(orders: Sequence[Order], size: IssueSize, file: str | None = None) -> None:
    """Sees to it that every order of a book can be filled; one may be for more than the issue.

    Args:
        orders: The book.
        size: What the terms allow.
        file: Where it was read, for messages.

    Raises:
        InputError: the book is empty, an order is there twice, below the minimum or no multiple of the increment.
    """
    _check_each("order", orders, size, file)


def check_allocations(
    allocations: Sequence[Allocation], size: IssueSize, orders: Sequence[Order] | None = None, file: str | None = None
) -> None:
    """Sees to it that allocations place the issue, each within its order.

    Args:
        allocations: Who gets how much.
        size: What is placed in all.
        orders: The book; None where allocations come without one.
        file: Where the allocations were read, for messages.

    Raises:
        InputError: one is there twice, below the minimum, no multiple of the increment, or above its order or without
            one; or all together are not the issue.
    """
    _check_each("allocation", allocations, size, file)
    if orders is not None:
        ordered = {order.key: order.nominal for order in orders}
        for each in allocations:
            if each.key not in ordered:
                raise _fault(file, each, "investor", f"{each.label} has no order in the book")
            if each.nominal > ordered[each.key]:
                problem = f"{each.label} is allocated {each.nominal:,} and ordered {ordered[each.key]:,}"
                raise _fault(file, each, "nominal", f"{problem}: at most what was ordered")
    total = total_nominal(allocations)
    if total != size.nominal:
        problem = f"the allocations are {total:,} in all and the issue is {size.nominal:,}: they have to be the same"
        raise InputError(problem, Location(file=file, field="nominal"))


def allocate_pro_rata_conserving(orders: Sequence[Order], size: IssueSize) -> tuple[Allocation, ...]:
    """Fills every order in proportion, in whole increments, so that all together are exactly the issue.

    Shares are rounded down, and the increments that are left go to the largest remainders; among equal ones, in the
    order of the names. While a share is below the minimum, the order with the smallest one gets nothing, and what it
    would have got is shared out among the others. The sequence of the orders in the book does not matter.

    Raises:
        InputError: the book has a fault or does not cover the issue, or no such shares fill it.
    """
    check_book(orders, size)
    if size.nominal % size.increment:
        raise InputError(f"an issue of {size.nominal:,} is no multiple of the increment {size.increment:,}")
    if total_nominal(orders) < size.nominal:
        raise InputError(
            f"the orders are {total_nominal(orders):,} in all and do not cover the issue of {size.nominal:,}; "
            "give a size that they cover"
        )
    left = sorted(orders, key=lambda order: order.key)
    while total_nominal(left) >= size.nominal:
        shares = _largest_remainders(left, size)
        smallest = min(range(len(left)), key=lambda at: (shares[at], left[at].nominal, left[at].key))
        if shares[smallest] >= size.minimum:
            got = dict(zip((order.key for order in left), shares, strict=True))
            return tuple(_filled(order, got[order.key]) for order in orders if order.key in got)
        del left[smallest]
    raise InputError(
        f"no shares of {size.nominal:,} give every order nothing or at least the minimum {size.minimum:,}; "
        "give a list of allocations instead"
    )


def proceeds_half_up(nominal: int, price_millionths: int, decimals: int) -> int:
    """What a nominal costs at the issue price, in smallest units of the currency, rounded half up.

    Args:
        nominal: In whole units.
        price_millionths: At par 1,000,000.
        decimals: Those of the currency's smallest unit.

    Raises:
        InputError: that is nothing.
    """
    price = Decimal(price_millionths).scaleb(-PRICE_DECIMALS)
    cash = clean_value_half_up(nominal * 10**decimals, price)
    if cash == 0:
        raise InputError(f"nominal of {nominal:,} at {price} per 100 costs less than half a smallest unit of money")
    return cash


def parse_price(text: str) -> int:
    """Reads an issue price per 100 of nominal ("99.955") in millionths of par.

    Raises:
        InputError: it is no decimal number above zero, has more than four decimals, or is above 1,000 per 100.
    """
    try:
        price = parse_amount(text, PRICE_DECIMALS)
    except InputError:
        price = 0
    if not 1 <= price <= _PRICE_MAX:
        raise InputError(
            f"{text!r} is no issue price: a decimal number per 100 of nominal, such as 99.955, above 0, at most 1,000, "
            f"with at most {PRICE_DECIMALS} decimals"
        )
    return price


def cover_hundredths_half_up(orders: Sequence[Order], nominal: int) -> int:
    """How many times the orders cover the issue, in hundredths, rounded half up."""
    return times_half_up(total_nominal(orders), 100, nominal)


def allocation_hash(bond: str, allocations: Sequence[Allocation]) -> str:
    """SHA-256 of the canonical list of allocations, in the order of the names: what the bond's contract records."""
    listed = [
        {
            "investor": each.investor,
            "nominal": str(each.nominal),
            "on_behalf_of": each.on_behalf_of,
            "pays_from": each.pays_from,
        }
        for each in sorted(allocations, key=lambda each: each.key)
    ]
    return terms_hash({"bond": bond, "allocations": listed})


def without(
    allocations: Sequence[Allocation], names: Sequence[str]
) -> tuple[tuple[Allocation, ...], tuple[Allocation, ...]]:
    """Allocations that stay, and those that are taken out: by label, or all of an investor by its name.

    Raises:
        InputError: a name is none of them, or nothing stays.
    """
    known = {name for each in allocations for name in (each.label, each.investor)}
    for name in names:
        if name not in known:
            raise InputError(f"{name!r} has no allocation; allowed: {', '.join(each.label for each in allocations)}")
    out = tuple(each for each in allocations if {each.label, each.investor} & set(names))
    if len(out) == len(allocations):
        raise InputError("every allocation is taken out, and nothing is left to be issued: keep one")
    return tuple(each for each in allocations if each not in out), out


# ---- inside ----------------------------------------------------------------------------------------------------------


def _check_each(word: str, some: Sequence[Some], size: IssueSize, file: str | None) -> None:
    if not some:
        raise InputError(f"there is no {word}: give at least one", Location(file=file))
    first: dict[tuple[str, str], Some] = {}
    for each in some:
        if each.key in first:
            before = first[each.key].line
            where = f" (the first on line {before})" if before is not None else ""
            raise _fault(
                file, each, "investor", f"{each.label} has two {word}s{where}; each has one, or one for each client"
            )
        first[each.key] = each
        if each.nominal % size.increment:
            problem = f"{each.label}: {each.nominal:,} is no multiple of the increment {size.increment:,}"
            raise _fault(file, each, "nominal", problem)
        if each.nominal < size.minimum:
            problem = f"{each.label}: {each.nominal:,} is below the minimum denomination {size.minimum:,}"
            raise _fault(file, each, "nominal", problem)


def _fault(file: str | None, each: _ForInvestor, field: str, problem: str) -> InputError:
    return InputError(problem, Location(file=file, line=each.line if file else None, field=field))


def _largest_remainders(orders: Sequence[Order], size: IssueSize) -> list[int]:
    """Each order's share of the issue; none is above its order, since the orders cover the issue."""
    whole, total = size.nominal // size.increment, total_nominal(orders)
    shares = [divmod(whole * order.nominal, total) for order in orders]
    units = [quotient for quotient, _ in shares]
    largest = sorted(range(len(orders)), key=lambda at: -shares[at][1])  # Among equal ones, in the order given.
    for at in largest[: whole - sum(units)]:
        units[at] += 1
    return [unit * size.increment for unit in units]


def _filled(order: Order, nominal: int) -> Allocation:
    return Allocation(
        investor=order.investor, nominal=nominal, pays_from=order.pays_from, on_behalf_of=order.on_behalf_of
    )
