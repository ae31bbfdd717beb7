"""Pictures of a bond: what it pays when, and who held it; as a file, or as bars in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from settlement.domain.bonds.interest import interest_fraction, outstanding_millionths, times_half_up
from settlement.domain.bonds.schedule import date_of
from settlement.domain.bonds.terms import ONE
from settlement.domain.quantity import format_amount
from settlement.errors import InputError
from settlement.ports import BondOnChain

SUFFIXES = (".png", ".svg")

_MINOR = 100
_BAR = 40


class CashFlow(NamedTuple):
    """What a bond pays on a day, in smallest units: interest, and principal."""

    day: date
    interest: int
    principal: int


def cash_flows(terms: BondOnChain, nominal: int) -> tuple[CashFlow, ...]:
    """What a bond pays on each payment day on so much nominal; of an index that is not fixed, no interest."""
    plan, minor = terms.schedule, nominal * _MINOR
    flows = []
    for number, coupon in enumerate(plan.coupons):
        known = coupon.rate_millionths is not None
        fraction = interest_fraction(plan, terms.day_count, terms.frequency, number) if known else (0, 1)
        last = number + 1 == len(plan.coupons)
        repaid = sum(each.fraction_millionths for each in plan.repayments if each.coupon == number)
        part = outstanding_millionths(plan, number) if last else repaid
        flows.append(
            CashFlow(date_of(coupon.payment_day), times_half_up(minor, *fraction), times_half_up(minor, part, ONE))
        )
    return tuple(flows)


def flow_table(flows: Sequence[CashFlow]) -> Table:
    """Cash flows for people, each with a bar; a logarithm would hide how much the principal is."""
    most = max((flow.interest + flow.principal for flow in flows), default=0) or 1
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("payment date", "interest", "principal", ""):
        table.add_column(column, justify="right" if column in ("interest", "principal") else "left")
    for flow in flows:
        bar = Text("█" * max(1, round(_BAR * (flow.interest + flow.principal) / most)), "green")
        table.add_row(flow.day.isoformat(), format_amount(flow.interest, 2), format_amount(flow.principal, 2), bar)
    return table


def holdings_table(times: Sequence[str], holdings: Mapping[str, Sequence[int]]) -> Table:
    """Who held how much at each time."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("holder")
    for time in times:
        table.add_column(time, justify="right")
    for holder, nominals in holdings.items():
        table.add_row(escape(holder), *(f"{nominal:,}" for nominal in nominals))
    return table


def draw_flows(flows: Sequence[CashFlow], title: str, currency: str, path: Path) -> None:
    """Draws cash flows as a file, interest and principal apart: beside the principal no coupon would be seen.

    Raises:
        InputError: the file is neither PNG nor SVG, cannot be written, or matplotlib is not installed.
    """
    figure, (above, below) = _figure(2, path)
    days = [flow.day.isoformat() for flow in flows]
    for axes, name, amounts in (
        (above, "interest", [flow.interest / _MINOR / 1e6 for flow in flows]),
        (below, "principal", [flow.principal / _MINOR / 1e6 for flow in flows]),
    ):
        axes.bar(days, amounts, color="tab:green" if name == "interest" else "tab:blue")
        axes.set_ylabel(f"{name}, {currency} million")
    above.set_title(title)
    below.tick_params(axis="x", labelrotation=45)
    _save(figure, path)


def draw_holdings(times: Sequence[str], holdings: Mapping[str, Sequence[int]], title: str, path: Path) -> None:
    """Draws who held how much at each time, stacked.

    Raises:
        InputError: the file is neither PNG nor SVG, cannot be written, or matplotlib is not installed.
    """
    figure, (axes,) = _figure(1, path)
    bottom = [0.0] * len(times)
    for holder, nominals in holdings.items():
        heights = [nominal / 1e6 for nominal in nominals]
        axes.bar(times, heights, bottom=bottom, label=holder)
        bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    axes.set_ylabel("nominal, million")
    axes.set_title(title)
    axes.legend(fontsize="small")
    _save(figure, path)


def _figure(rows: int, path: Path):  # type: ignore[no-untyped-def]
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path} is no picture that can be drawn: end its name with .png or .svg")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("pictures need matplotlib: install the extra `plot`") from None
    figure = Figure(figsize=(8, 4 * rows), layout="constrained")
    return figure, [figure.add_subplot(rows, 1, row + 1) for row in range(rows)]


def _save(figure, path: Path) -> None:  # type: ignore[no-untyped-def]
    try:
        figure.savefig(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from None
