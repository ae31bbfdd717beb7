"""The primary market of a bond on the chain that is up: order books and allocations in files, and the closing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from settlement.app.bonds import BondView
from settlement.domain.bonds.book import (
    Allocation,
    IssueSize,
    Order,
    allocate_pro_rata_conserving,
    check_allocations,
    check_book,
    parse_price,
    without,
)
from settlement.domain.quantity import decimal_text, parse_amount
from settlement.durable.chains import ChainStore
from settlement.errors import InputError, Location
from settlement.files import read_plain
from settlement.flow.issuance import Cancelled, Closing, PrimarySettlement, cancel_allocation, close_issue

COLUMNS = ("investor", "nominal", "pays_from", "on_behalf_of")
"""The columns of a book and of a list of allocations; the last may be left out."""

MAX_BYTES = 4 * 1024 * 1024
"""The largest file of orders or allocations, in bytes."""

_OPTIONAL = frozenset({"on_behalf_of"})
_ALLOWED = {
    "investor": "a party's name: lower-case letters, digits and hyphens, at most 40",
    "pays_from": "an instrument's name: letters, digits and hyphens, at most 40",
}

Line = TypeVar("Line", Order, Allocation)


class Closed(NamedTuple):
    """A closing, and what was taken out before."""

    closing: Closing
    cancelled: Cancelled


def issue_size(view: BondView, size: str | None = None) -> IssueSize:
    """How much of a bond is placed: all that its terms allow, or the size said.

    Raises:
        InputError: that is no amount, no multiple of the increment, or more than the terms allow.
    """
    terms = view.terms
    nominal = terms.nominal if size is None else parse_amount(size, 0)
    if nominal > terms.nominal:
        raise InputError(f"a size of {nominal:,} is more than the terms of {view.record.instrument}: {terms.nominal:,}")
    if nominal % terms.increment:
        raise InputError(f"a size of {nominal:,} is no multiple of the increment {terms.increment:,}")
    return IssueSize(nominal=nominal, minimum=terms.minimum_denomination, increment=terms.increment)


def read_book(view: BondView, path: Path, size: IssueSize) -> tuple[Order, ...]:
    """An order book from a CSV file, checked against the bond's terms and the network's names.

    Raises:
        InputError: the file or an order in it cannot be used; names file, line and field.
    """
    orders = tuple(_lines(path, Order))
    check_book(orders, size, str(path))
    _check_names(view, orders, str(path))
    return orders


def read_allocations(
    view: BondView, path: Path, size: IssueSize, orders: Sequence[Order] | None = None
) -> tuple[Allocation, ...]:
    """Allocations from a CSV file, checked against the issue, the book where there is one, and the network's names.

    Raises:
        InputError: the file or an allocation in it cannot be used; names file, line and field.
    """
    allocations = tuple(_lines(path, Allocation))
    check_allocations(allocations, size, orders, str(path))
    _check_names(view, allocations, str(path))
    return allocations


def allocate(view: BondView, book: Path, size: IssueSize, allocations: Path | None = None) -> tuple[Allocation, ...]:
    """Allocations of an issue within its order book: those of a file, or pro rata.

    Raises:
        InputError: a file has a fault, or the book does not cover the issue.
    """
    orders = read_book(view, book, size)
    if allocations is not None:
        return read_allocations(view, allocations, size, orders)
    return allocate_pro_rata_conserving(orders, size)


def lines_csv(some: Sequence[Order] | Sequence[Allocation]) -> str:
    """Orders or allocations as CSV, with a head, as they are read."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([each.investor, each.nominal, each.pays_from, each.on_behalf_of] for each in some)
    return text.getvalue()


def write_csv(path: Path, some: Sequence[Order] | Sequence[Allocation]) -> None:
    """Writes orders or allocations to a file.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.write_text(lines_csv(some), "utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def close(
    view: BondView,
    allocations: Sequence[Allocation],
    price: str,
    into: str,
    leave_out: Sequence[str] = (),
    on_settled: Callable[[PrimarySettlement], None] = lambda _: None,
    store: ChainStore | None = None,
) -> Closed:
    """Runs the closing of an issue, from wherever that was left; one process after another.

    Args:
        view: The bond.
        allocations: Who gets how much.
        price: Per 100 of nominal, as decimal text.
        into: The issuer's money.
        leave_out: Investors whose allocations are cancelled before.
        on_settled: Told of each allocation.
        store: Where the chain that is up is remembered.

    Raises:
        InputError: something given cannot be used; nothing was sent.
        Refused: the ledger would not have the issue, the allocations or the opening.
        OutcomeUnknown, ChainUnreachable: the chain was lost; again goes on.
    """
    bond, desk, millionths = view.record.instrument, view.network.desk, parse_price(price)
    kept, out = without(allocations, leave_out)
    with (store or ChainStore()).lock():
        cancelled = cancel_allocation(desk, bond, kept, out, millionths, into) if out else Cancelled((), 0)
        return Closed(close_issue(desk, bond, kept, millionths, into, on_settled), cancelled)


def cash_text(view: BondView, settlement: PrimarySettlement) -> str:
    """What an allocation costs, as decimal text in major units."""
    money = view.network.ledger.directory.instrument(settlement.receives_in)
    return decimal_text(settlement.cash, money.decimals)


# ---- files -----------------------------------------------------------------------------------------------------------


def _lines(path: Path, model: type[Line]) -> Iterator[Line]:
    for line, row in _rows(path):
        where = Location(file=str(path), line=line, field="nominal")
        try:
            nominal = parse_amount(row["nominal"], 0)
        except InputError as error:
            raise InputError(error.problem, where) from None
        try:
            yield model(
                investor=row["investor"],
                nominal=nominal,
                pays_from=row["pays_from"],
                on_behalf_of=row.get("on_behalf_of", ""),
                line=line,
            )
        except ValidationError as error:
            field = str(error.errors()[0]["loc"][0])
            problem = f"{row[field]!r} is not {_ALLOWED[field]}"
            raise InputError(problem, Location(file=str(path), line=line, field=field)) from None
        except InputError as error:
            raise InputError(error.problem, Location(file=str(path), line=line, field="on_behalf_of")) from None


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file by column, each with the line that it begins on; blank ones are left out."""
    file = str(path)
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    head: list[str] | None = None
    before = 0
    try:
        for fields in reader:
            line, before = before + 1, reader.line_num
            cells = [field.strip() for field in fields]
            if not any(cells):
                continue
            if head is None:
                head = _head(cells, file, line)
                continue
            if len(cells) != len(head):
                problem = f"{len(cells)} fields where the head has {len(head)} ({', '.join(head)})"
                raise InputError(f"{problem}; an amount with thousands commas is quoted", Location(file, line))
            yield line, dict(zip(head, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"it is not CSV: {error}", Location(file, before + 1)) from None
    if head is None:
        raise InputError(f"it is empty; its first line is {','.join(COLUMNS)}", Location(file))


def _head(cells: list[str], file: str, line: int) -> list[str]:
    for name in cells:
        if name not in COLUMNS:
            raise InputError(f"column {name!r} is unknown; allowed: {', '.join(COLUMNS)}", Location(file, line))
        if cells.count(name) > 1:
            raise InputError(f"column {name!r} is there twice", Location(file, line))
    for name in COLUMNS:
        if name not in cells and name not in _OPTIONAL:
            raise InputError(f"column {name!r} is missing; the head is {','.join(COLUMNS)}", Location(file, line))
    return cells


def _text(path: Path) -> str:
    try:
        data = read_plain(path, MAX_BYTES)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise InputError(f"the file is larger than {MAX_BYTES:,} bytes", Location(str(path)))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("the file is not UTF-8 text", Location(str(path), line)) from None


def _check_names(view: BondView, some: Sequence[Order] | Sequence[Allocation], file: str) -> None:
    directory = view.network.ledger.directory
    for each in some:
        try:
            directory.address_of(each.investor)
        except InputError as error:
            raise InputError(error.problem, Location(file, each.line, "investor")) from None
        try:
            money = directory.instrument(each.pays_from)
        except InputError as error:
            raise InputError(error.problem, Location(file, each.line, "pays_from")) from None
        if money.kind not in ("wholesale-cbdc", "tokenized-deposit") or money.currency != view.record.currency:
            problem = f"{each.pays_from} is no money in {view.record.currency}, in which the bond is paid"
            raise InputError(problem, Location(file, each.line, "pays_from"))
