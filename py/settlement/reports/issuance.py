"""What people and programs read of a primary market: order books, allocations and closings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from settlement.domain.bonds.book import Allocation, IssueSize, Order, cover_hundredths_half_up, total_nominal
from settlement.domain.quantity import decimal_text
from settlement.flow.issuance import Closing, PrimarySettlement, Rail
from settlement.reports.tables import grouped

RAILS: dict[Rail, str] = {
    "within-bank": "within one bank",
    "bank-to-bank": "bank to bank",
    "central-bank-money": "central bank money",
}
"""How each rail is called for people."""

_STYLES = {"delivered": "green", "failed": "bold red", "open": "dim", "cancelled": "dim"}


def book_document(bond: str, size: IssueSize, orders: Sequence[Order]) -> dict[str, Any]:
    """An order book as JSON; nominal in whole units, cover as decimal text."""
    return {
        "bond": bond,
        "size": str(size.nominal),
        "total": str(total_nominal(orders)),
        "cover": cover_text(size, orders),
        "orders": lines_document(orders),
    }


def lines_document(some: Sequence[Order] | Sequence[Allocation]) -> list[dict[str, str]]:
    """Orders or allocations as JSON."""
    return [
        {
            "investor": each.investor,
            "on_behalf_of": each.on_behalf_of,
            "nominal": str(each.nominal),
            "pays_from": each.pays_from,
        }
        for each in some
    ]


def cover_text(size: IssueSize, orders: Sequence[Order]) -> str:
    """How many times the orders cover the issue, with two decimals, rounded half up."""
    return decimal_text(cover_hundredths_half_up(orders, size.nominal), 2)


def lines_table(some: Sequence[Order] | Sequence[Allocation]) -> Table:
    """Orders or allocations for people, and how much they are together."""
    table = _table("investor", "on behalf of", ">nominal", "pays from")
    for each in some:
        table.add_row(escape(each.investor), escape(each.on_behalf_of), f"{each.nominal:,}", escape(each.pays_from))
    table.add_row(Text("together", "dim"), "", f"{total_nominal(some):,}", "")
    return table


def settlement_document(settlement: PrimarySettlement, cash: str) -> dict[str, Any]:
    """What became of an allocation as JSON."""
    allocation = settlement.allocation
    return {
        "investor": allocation.investor,
        "on_behalf_of": allocation.on_behalf_of,
        "nominal": str(allocation.nominal),
        "rail": settlement.rail,
        "pays_from": allocation.pays_from,
        "receives_in": settlement.receives_in,
        "cash": cash,
        "state": settlement.state,
        "is_new": settlement.is_new,
        "reference": settlement.reference,
        "reasons": [{"name": reason.name, "sentence": reason.sentence} for reason in settlement.reasons],
    }


def closing_document(closing: Closing, cash: Sequence[str], cancelled: Sequence[str], redeemed: int) -> dict[str, Any]:
    """A closing as JSON; `cash` is that of each allocation, `cancelled` names what was taken out."""
    return {
        "bond": closing.bond,
        "status": closing.status,
        "delivered": closing.is_delivered,
        "allocation_hash": closing.allocation_hash,
        "allocations": [
            settlement_document(each, amount) for each, amount in zip(closing.settlements, cash, strict=True)
        ],
        "cancelled": list(cancelled),
        "redeemed": str(redeemed),
    }


def closing_table(closing: Closing, cash: Sequence[str], cancelled: Sequence[Allocation]) -> Table:
    """A closing for people."""
    table = _table("investor", ">nominal", "rail", "pays from", ">cash", "status", "reason")
    for each, amount in zip(closing.settlements, cash, strict=True):
        allocation = each.allocation
        table.add_row(
            escape(allocation.label),
            f"{allocation.nominal:,}",
            RAILS[each.rail],
            escape(allocation.pays_from),
            grouped(amount),
            Text(each.state, _STYLES[each.state]),
            escape("; ".join(str(reason) for reason in each.reasons)),
        )
    for allocation in cancelled:
        row = (escape(allocation.label), f"{allocation.nominal:,}", "", escape(allocation.pays_from), "")
        table.add_row(*row, Text("cancelled", _STYLES["cancelled"]), "")
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    return table
