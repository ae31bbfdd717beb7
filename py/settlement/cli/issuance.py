"""The primary market of a bond on the chain that is up: order book, allocation, closing."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from settlement.app import bonds, issuance
from settlement.cli.bonds import Bond, Run
from settlement.cli.output import Json, complain, print_json, progress
from settlement.domain.bonds.book import allocation_hash, total_nominal
from settlement.reports import issuance as reports
from settlement.reports.tables import make_console

app = typer.Typer(rich_markup_mode=None)

Orders = Annotated[
    Path, typer.Argument(metavar="ORDERS.csv", help="The order book: investor,nominal,pays_from[,on_behalf_of].")
]
Size = Annotated[str | None, typer.Option("--size", help="Nominal that is placed. Default: all that the terms allow.")]


@app.command()
def book(
    bond: Bond,
    orders: Orders,
    size: Size = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write the book, checked, to a CSV file.")] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Check a bond's order book, and show how often it covers the issue.

    Example: settle bond book hk-green-2025-eur orders.csv
    """
    view = bonds.open_bond(bond, run_number)
    placed = issuance.issue_size(view, size)
    found = issuance.read_book(view, orders, placed)
    if to is not None:
        issuance.write_csv(to, found)
    if as_json:
        print_json(reports.book_document(bond, placed, found))
        return
    make_console().print(reports.lines_table(found))
    cover = reports.cover_text(placed, found)
    make_console().print(f"{total_nominal(found):,} ordered for {placed.nominal:,}: {cover} times covered")


@app.command()
def allocate(
    bond: Bond,
    orders: Orders,
    allocations: Annotated[
        Path | None,
        typer.Option("--allocations", help="Who gets how much, as CSV like the book. Default: pro rata."),
    ] = None,
    size: Size = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write the allocations to a CSV file.")] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Allocate an issue within its order book: pro rata, or by a list of your own. Nothing is sent to the chain.

    Pro rata fills each order in proportion, in whole increments; a share below the minimum denomination is given up
    and shared out among the others.

    Example: settle bond allocate hk-green-2025-eur orders.csv --to allocations.csv
    """
    view = bonds.open_bond(bond, run_number)
    placed = issuance.issue_size(view, size)
    found = issuance.allocate(view, orders, placed, allocations)
    if to is not None:
        issuance.write_csv(to, found)
    if as_json:
        document = {"bond": bond, "size": str(placed.nominal), "allocation_hash": allocation_hash(bond, found)}
        print_json(document | {"allocations": reports.lines_document(found)})
        return
    make_console().print(reports.lines_table(found))
    if to is None:
        make_console().print("nothing is written: --to FILE.csv keeps these allocations for `settle bond close`")


@app.command()
def close(
    bond: Bond,
    allocations: Annotated[
        Path, typer.Argument(metavar="ALLOCATIONS.csv", help="Who gets how much: investor,nominal,pays_from.")
    ],
    price: Annotated[str, typer.Option("--price", help="Issue price per 100 of nominal, such as 99.955.")],
    into: Annotated[
        str, typer.Option("--into", help="The issuer's money; who pays in central bank money pays into that.")
    ],
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            "--without", metavar="INVESTOR", help="Cancel what this investor was allocated and not delivered; repeat."
        ),
    ] = None,
    size: Size = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Close an issue: deliver each allocation against payment, each for itself, and open the bond when all are.

    From wherever that was left: nothing is delivered twice. Exit 1 where an allocation failed; the others stay settled,
    and nothing stays on hold.

    Example: settle bond close hk-green-2025-eur allocations.csv --price 99.955 --into amber-eur
    """
    view = bonds.open_bond(bond, run_number)
    found = issuance.read_allocations(view, allocations, issuance.issue_size(view, size))
    with progress(as_json) as say:
        closing, cancelled = issuance.close(
            view, found, price, into, leave_out or (), lambda each: say(f"{each.allocation.label}: {each.state}")
        )
    cash = [issuance.cash_text(view, each) for each in closing.settlements]
    if as_json:
        names = [each.label for each in cancelled.allocations]
        print_json(reports.closing_document(closing, cash, names, cancelled.redeemed))
    else:
        make_console().print(reports.closing_table(closing, cash, cancelled.allocations))
        make_console().print(f"{bond} is {closing.status}")
    failed = [each.allocation.label for each in closing.settlements if each.state != "delivered"]
    if failed:
        complain(
            f"error: {len(failed)} of {len(closing.settlements)} allocations are not delivered ({', '.join(failed)}), "
            f"so {bond} is not opened: see to the reasons and run the same again, or cancel with --without "
            f"{shlex.quote(failed[0])}"
        )
        raise typer.Exit(1)
