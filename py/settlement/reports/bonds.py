"""What people and programs read of bonds: registers and schedules."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from settlement.domain.bonds.entries import CouponEntry, distribution_name
from settlement.domain.bonds.schedule import date_of
from settlement.domain.custody import SubLedgerDifference
from settlement.domain.quantity import format_amount
from settlement.errors import Reason
from settlement.ports import Disclosed, Distribution, Movement, PrincipalLine, RegisterLine, SetAside

_MINOR_DECIMALS = 2
_BAR = 40


def register_document(bond: str, status: str, block: int, coupon: int | None, lines: Sequence[RegisterLine]) -> Any:
    """A register as JSON; nominal in whole units."""
    return {
        "bond": bond,
        "status": status,
        "block": block,
        "coupon": coupon,
        "holders": [{"address": line.address, "holder": line.holder, "nominal": str(line.nominal)} for line in lines],
        "total": str(sum(line.nominal for line in lines)),
    }


def register_csv(lines: Sequence[RegisterLine]) -> str:
    """A register as CSV, with a head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["holder", "address", "nominal"])
    writer.writerows([line.holder, line.address, line.nominal] for line in lines)
    return text.getvalue()


def register_table(lines: Sequence[RegisterLine]) -> Table:
    """A register for people, each holding beside its part of the whole."""
    total = sum(line.nominal for line in lines)
    table = _table("holder", ">nominal", "")
    for line in lines:
        bar = "█" * round(_BAR * line.nominal / total)
        table.add_row(escape(line.holder), f"{line.nominal:,}", Text(bar, "green"))
    table.add_row(Text("together", "dim"), f"{total:,}", "")
    return table


def history_document(line: tuple[Movement, str | None, int | None, str | None, int | None]) -> dict[str, Any]:
    """A movement as JSON; nominal in whole units, the time in ISO 8601, UTC."""
    movement, giver, giver_after, receiver, receiver_after = line
    return {
        "time": datetime.fromtimestamp(movement.time, UTC).isoformat(),
        "block": movement.block,
        "giver": giver,
        "giver_after": None if giver_after is None else str(giver_after),
        "receiver": receiver,
        "receiver_after": None if receiver_after is None else str(receiver_after),
        "nominal": str(movement.nominal),
        "transaction": movement.transaction,
    }


def history_table(documents: Sequence[Mapping[str, Any]]) -> Table:
    """Movements for people."""
    table = _table("time (UTC)", "from", ">has then", "to", ">has then", ">nominal", "transaction")
    for each in documents:
        table.add_row(
            each["time"].removesuffix("+00:00"),
            Text("issued", "dim") if each["giver"] is None else escape(each["giver"]),
            _whole(each["giver_after"]),
            Text("redeemed", "dim") if each["receiver"] is None else escape(each["receiver"]),
            _whole(each["receiver_after"]),
            _whole(each["nominal"]),
            f"{each['transaction'][:10]}…",
        )
    return table


def clients_document(
    bond: str, custodian: str, coupon: int | None, positions: Mapping[str, int], sums: SubLedgerDifference
) -> dict[str, Any]:
    """A custodian's clients in a bond beside its position on the ledger as JSON; nominal in whole units."""
    return {
        "bond": bond,
        "custodian": custodian,
        "coupon": coupon,
        "clients": [{"client": client, "nominal": str(nominal)} for client, nominal in positions.items()],
        "total": str(sums.clients_total),
        "nominee_balance": str(sums.nominee_balance),
        "difference": str(sums.difference),
        "adds_up": sums.difference == 0,
    }


def clients_table(positions: Mapping[str, int], sums: SubLedgerDifference) -> Table:
    """The same for people."""
    table = _table("client", ">nominal")
    for client, nominal in positions.items():
        table.add_row(escape(client), f"{nominal:,}")
    for name, nominal in (("together", sums.clients_total), ("nominee balance", sums.nominee_balance)):
        table.add_row(Text(name, "dim"), f"{nominal:,}")
    table.add_row(Text("difference", "dim"), Text(f"{sums.difference:,}", "red" if sums.difference else "green"))
    return table


def schedule_document(number: int, coupon: CouponEntry, distribution: Distribution | None) -> dict[str, Any]:
    """A coupon as JSON; amounts as decimal text in major units."""
    rate = coupon.rate_millionths
    return {
        "number": number,
        "start": date_of(coupon.start_day).isoformat(),
        "end": date_of(coupon.end_day).isoformat(),
        "record_date": date_of(coupon.record_day).isoformat(),
        "payment_date": date_of(coupon.payment_day).isoformat(),
        "rate_percent": None if rate is None else format_amount(rate, 4),
        "payment": None if distribution is None else distribution_document(distribution),
    }


def distribution_document(distribution: Distribution) -> dict[str, Any]:
    """What a distribution has come to as JSON."""
    return {
        "opened": distribution.opened,
        "complete": distribution.is_complete,
        "due": _money(distribution.due).replace(",", ""),
        "paid": _money(distribution.paid).replace(",", ""),
        "set_aside": _money(distribution.set_aside).replace(",", ""),
    }


def principal_document(line: PrincipalLine) -> dict[str, Any]:
    """What is repaid of the principal, as JSON; the part of the original nominal in percent."""
    return {
        "what": line.what,
        "number": line.number,
        "payment_date": line.day.isoformat(),
        "percent_of_nominal": None if line.fraction_millionths is None else format_amount(line.fraction_millionths, 4),
        "price_percent": None if line.price_millionths is None else format_amount(line.price_millionths, 4),
        "payment": None if line.distribution is None else distribution_document(line.distribution),
    }


def principal_table(lines: Sequence[PrincipalLine]) -> Table:
    """What is repaid of the principal, for people."""
    table = _table("principal", "payment date", ">of the nominal", ">at", ">due", ">paid", ">set aside")
    for line in lines:
        state = line.distribution
        amounts = (state.due, state.paid, state.set_aside) if state is not None and state.opened else ()
        table.add_row(
            distribution_name(line.what, line.number),
            f"{'from ' if line.what == 'early-redemption' else ''}{line.day.isoformat()}",
            "all" if line.fraction_millionths is None else f"{format_amount(line.fraction_millionths, 4)}%",
            "100%" if line.price_millionths is None else f"{format_amount(line.price_millionths, 4)}%",
            *([_money(amount) for amount in amounts] or ["", "", ""]),
        )
    return table


def disclosure_document(number: int, disclosed: Disclosed) -> dict[str, Any]:
    """A disclosure as JSON; times in ISO 8601, UTC."""
    return {
        "number": number,
        "kind": disclosed.kind,
        "due": date_of(disclosed.due_day).isoformat(),
        "attester": disclosed.attester,
        "state": disclosed.state,
        "versions": [
            {
                "version": each.version,
                "document_hash": each.document_hash,
                "time": datetime.fromtimestamp(each.time, UTC).isoformat(),
                "uri": each.uri,
            }
            for each in disclosed.versions
        ],
    }


def disclosures_table(disclosures: Sequence[Disclosed]) -> Table:
    """Disclosures for people, the newest version of each."""
    table = _table(">number", "disclosure", "due", "attester", "state", ">versions", "document (SHA-256)", "where")
    styles = {"due": "dim", "overdue": "red", "published": "green", "published-late": "yellow"}
    for number, each in enumerate(disclosures, start=1):
        newest = each.versions[-1] if each.versions else None
        table.add_row(
            str(number),
            each.kind,
            date_of(each.due_day).isoformat(),
            escape(each.attester),
            Text(each.state, styles[each.state]),
            str(len(each.versions)),
            f"{newest.document_hash[:18]}…" if newest else "",
            escape(newest.uri) if newest else "",
        )
    return table


def claim_document(kept: SetAside, reasons: Sequence[Reason]) -> dict[str, Any]:
    """A claim of what was set aside, as JSON; amounts as decimal text in major units."""
    return {
        "holder": kept.holder,
        "nominal": str(kept.nominal),
        "amount": _money(kept.amount).replace(",", ""),
        "paid": not reasons,
        "reasons": [str(reason) for reason in reasons],
    }


def claims_table(documents: Sequence[Mapping[str, Any]]) -> Table:
    """Claims for people."""
    table = _table("holder", ">nominal", ">amount", "", "reason")
    for each in documents:
        amount = f"{each['amount'].partition('.')[0]}"
        mark = Text("paid", "green") if each["paid"] else Text("set aside", "yellow")
        cents = each["amount"].partition(".")[2]
        table.add_row(
            escape(each["holder"]),
            _whole(each["nominal"]),
            f"{int(amount):,}.{cents}",
            mark,
            escape("; ".join(each["reasons"])),
        )
    return table


def schedule_table(rows: Sequence[tuple[int, CouponEntry, Distribution | None]]) -> Table:
    """A schedule for people."""
    table = _table(">coupon", "from", "to", "record date", "payment date", ">rate", ">due", ">paid", ">set aside")
    for number, coupon, distribution in rows:
        rate = "not fixed" if coupon.rate_millionths is None else f"{format_amount(coupon.rate_millionths, 4)}%"
        known = distribution is not None and distribution.opened
        amounts = (
            [_money(distribution.due), _money(distribution.paid), _money(distribution.set_aside)]
            if known and distribution is not None
            else ["", "", ""]
        )
        days = [date_of(day) for day in (coupon.start_day, coupon.end_day, coupon.record_day, coupon.payment_day)]
        table.add_row(str(number), *(day.isoformat() for day in days), rate, *amounts)
    return table


def _whole(text: str | None) -> str:
    return "" if text is None else f"{int(text):,}"


def _money(amount: int) -> str:
    return format_amount(amount, _MINOR_DECIMALS)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(
            column.removeprefix(">"), justify="right" if column.startswith(">") else "left", overflow="fold"
        )
    return table
