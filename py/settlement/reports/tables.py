"""Tables for people: Rich, without colours where the output is no terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from settlement.domain.runs import LegReport, Positions, RunReport
from settlement.errors import printable
from settlement.ports import QueueFigures, QueueRow, QueueState
from settlement.reports.gas import BUDGETS, PEERS


def run_tables(report: RunReport) -> RenderableType:
    """A run: what each step moved, positions before and after, and what was checked."""
    verdict = (
        Text("books balance, every expectation met", "green") if report.ok else Text("NOT as expected", "bold red")
    )
    parts: list[RenderableType] = [_steps(report), _changes(report), _checks(report), verdict]
    title = f"{report.scenario} · {report.seconds:.1f} s · chain {report.chain_id}, block {report.block}"
    return Panel(Group(Text(report.title, "bold"), *parts), title=escape(title), title_align="left")


def positions_table(positions: Positions, held: Positions) -> Table:
    """Who holds what."""
    table = _table("party", "instrument", ">balance", ">of which held")
    for party, instruments in positions.items():
        for instrument, amount in instruments.items():
            table.add_row(
                escape(party), escape(instrument), grouped(amount), grouped(held.get(party, {}).get(instrument, ""))
            )
    return table


def gas_table(figures: Mapping[str, int]) -> RenderableType:
    """Our figures against their budgets, and the peers' beside them."""
    ours = _table("per DvP, both sides signed", ">gas", ">budget")
    for name, gas in figures.items():
        ours.add_row(name, f"{gas:,}", f"{BUDGETS[name]:,}")
    peers = _table("peer", ">gas", "conditions")
    for name, gas, conditions in PEERS:
        peers.add_row(name, f"{gas:,}", conditions)
    return Group(ours, peers)


def queue_tables(rows: Sequence[QueueRow], figures: QueueFigures) -> RenderableType:
    """The queue, and how many stand where."""
    table = _table("reference", "id", "status", ">tried", ">priority", "next", "why")
    for row in rows:
        waits = row.state is QueueState.WAITING
        due = time_text(int(row.due_at)) if waits and row.due_at else row.state.name.lower().replace("_", " ")
        fields = (row.reference, row.instruction_id[:10], row.status.value, str(row.attempts), str(row.priority), due)
        table.add_row(*map(escape, fields), escape(row.detail))
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(figures.by_status.items()))
    return Group(table, Text(f"{figures.unfinished:,} unfinished; {counts or 'nothing was submitted'}", "dim"))


def time_text(timestamp: int) -> str:
    """A Unix time for people, in UTC; one beyond the calendar as the number that it is."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"Unix time {timestamp}"


class _PlainSpeaking(Console):
    """A console on which nobody's words are anything but text: rich lets escape sequences through."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """See `Console.render`."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text, keep="\n"), style, control)


def make_console(*, stderr: bool = False) -> Console:
    """A console that never breaks amounts and ids where it is no terminal."""
    console = _PlainSpeaking(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 140)
    return console


def key_value_table(rows: Sequence[tuple[str, str]]) -> Table:
    """Names and values, without a head."""
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, "dim"), escape(value))
    return table


def grouped(amount: str) -> str:
    """A decimal with thousands separators; anything else, such as no text at all, as it is."""
    whole, point, fraction = amount.partition(".")
    return f"{int(whole):,}{point}{fraction}" if whole.isdecimal() else amount


def moved_text(amount: str, is_title: bool) -> str:
    """What a leg moves; a title's reference as it is, for one of digits alone is no number."""
    return amount if is_title else grouped(amount)


def leg_text(leg: LegReport) -> str:
    """A leg in one line."""
    across = f" → {leg.receiver_instrument}" if leg.receiver_instrument != leg.instrument else ""
    return f"{leg.giver} → {leg.receiver}: {moved_text(leg.amount, leg.is_title)} {leg.instrument}{across}"


def _steps(report: RunReport) -> Table:
    table = _table("step", "what moved", ">gas", ">ms", "")
    for step in report.steps:
        refused = ", ".join(step.refused)
        prefix = "on hold: " if step.action == "lock" else ""
        moved = "\n".join(prefix + leg_text(leg) for leg in step.legs)
        text = f"refused: {refused}" if refused else moved or step.detail
        mark = Text("✓", "green") if step.ok else Text("✗", "bold red")
        gas = f"{step.gas_used:,}" if step.gas_used else ""
        table.add_row(escape(step.name), escape(text), gas, f"{step.seconds * 1000:.0f}", mark)
    return table


def _changes(report: RunReport) -> Table:
    table = _table("party", "instrument", ">before", ">after")
    for party in sorted({*report.before, *report.positions}):
        before, after = report.before.get(party, {}), report.positions.get(party, {})
        for instrument in sorted({*before, *after}):
            old, new = grouped(before.get(instrument, "0")), grouped(after.get(instrument, "0"))
            style = "" if old == new else "bold"
            table.add_row(escape(party), escape(instrument), old, Text(new, style))
    return table


def _checks(report: RunReport) -> RenderableType:
    failed = [check for check in report.checks if not check.ok]
    if not failed:
        return Text(f"{len(report.checks)} checks met", "dim")
    table = _table("check", "found")
    for check in failed:
        table.add_row(escape(check.name), escape(check.detail))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return table
