"""Electronic bills of lading: on the chain that is up, and in files, transport documents and endorsement chains."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app import bills
from settlement.app.ebl import bill_in, chains_in
from settlement.cli.output import Json, print_json
from settlement.domain.ebl.document import BillKind
from settlement.reports import ebl as reports
from settlement.reports.tables import key_value_table, make_console

app = typer.Typer(help="Electronic bills of lading: documents and chains in DCSA's shape.", rich_markup_mode=None)


@app.command()
def show(
    reference: Annotated[str, typer.Argument(metavar="REF", help="The bill's reference; REF/2 where it was reissued.")],
    run_number: Annotated[
        int | None, typer.Option("--run", help="Which run on the chain that is up; default: the last.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show where a bill stands, who has it, and everything that was done with it, from the chain alone.

    Example: settle ebl show OCLN20251113001
    """
    view = bills.open_bill(reference, run_number)
    entries = bills.chain_of(view)
    if as_json:
        print_json(reports.live_bill_document(reference, view.bill, entries))
    else:
        make_console().print(reports.live_chain_table(entries))
        make_console().print(key_value_table(reports.live_bill_rows(view.bill)))


@app.command()
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A transport document (DCSA, Bill of Lading 3.0) in JSON.")
    ],
    as_json: Json = False,
) -> None:
    """Check a transport document, and show its kind, its reference and the hash that the bill's contract keeps.

    Exit 1, and DCSA's code, where it is no bill of lading that can be issued electronically; exit 2 where it is no
    JSON.

    Example: settle ebl verify transport-document.json
    """
    bill = bill_in(file)
    if as_json:
        print_json(reports.bill_document(bill))
    else:
        make_console().print(key_value_table(reports.bill_rows(bill)))


@app.command()
def chain(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An endorsement chain in JSON, or a list with a bill's versions.")
    ],
    kind: Annotated[
        BillKind | None,
        typer.Option(
            "--kind", help="What the bills were issued as. Default: straight, or to order where one is endorsed."
        ),
    ] = None,
    document: Annotated[
        Path | None,
        typer.Option(
            "--document", metavar="FILE", help="The transport document, which says the kind and who is named."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Hold an endorsement chain to DCSA's rules, and show it, oldest entry first, and who has the bill now.

    The file is as DCSA's END interface answers, newest entry first, or has PINT's transactions, oldest first; with
    --json, END's shape. Exit 1, DCSA's code and the entry's number where a rule is broken; exit 2 where it is no JSON.

    Example: settle ebl chain endorsement-chain.json --document transport-document.json
    """
    views = chains_in(file, kind, document)
    if as_json:
        chains = [view.chain.end_document() for view in views]
        print_json({"chains": chains, "states": [reports.state_document(view.chain, view.state) for view in views]})
        return
    console = make_console()
    for position, view in enumerate(views):
        if position:
            console.print()
        console.print(reports.chain_table(view.chain, view.states))
        console.print(key_value_table(reports.state_rows(view.chain, view.state)))
