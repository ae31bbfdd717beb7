"""Electronic bills of lading: on the chain that is up, and in files, transport documents and endorsement chains."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from settlement.app import bills, endorsement
from settlement.app.ebl import ChainView, bill_in, chains_in
from settlement.app.json_files import json_text, write_new
from settlement.cli.output import Json, complain, print_json, progress
from settlement.domain.bills import BillKind
from settlement.errors import InputError
from settlement.reports import ebl as reports
from settlement.reports.tables import key_value_table, make_console

app = typer.Typer(help="Electronic bills of lading: documents and chains in DCSA's shape.", rich_markup_mode=None)


Ref = Annotated[str, typer.Argument(metavar="REF", help="The bill's reference; REF/2 where it was reissued.")]
Endorsee = Annotated[
    str | None,
    typer.Option("--endorsee", metavar="PARTY", help="Who has title. Default: the holder; of a blank bill nobody."),
]
Run = Annotated[int | None, typer.Option("--run", help="Which run on the chain that is up; default: the last.")]


@app.command()
def show(
    reference: Ref,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Show where a bill stands, in which register and who has it, and everything that was done with it, from the chain.

    Example: settle ebl show OCLN20251113001
    """
    _show(bills.open_bill(reference, run_number), as_json)


def _show(view: bills.BillView, as_json: bool) -> None:
    entries, entrustments = bills.chain_of(view), bills.entrustments_of(view)
    if as_json:
        print_json(reports.live_bill_document(view.bill, entries, entrustments))
    else:
        make_console().print(reports.live_chain_table(entries))
        make_console().print(key_value_table(reports.live_bill_rows(view.bill, entrustments)))


@app.command()
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A transport document (DCSA, Bill of Lading 3.0) in JSON.")
    ],
    reference: Annotated[
        str | None, typer.Option("--bill", metavar="REF", help="A bill on the chain that is up, to hold it against.")
    ] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Check a transport document, show its kind, its reference and its hash, and hold it against a bill's contract.

    Exit 1, and DCSA's code, where it is no bill of lading that can be issued electronically; exit 1 where the bill's
    contract keeps another hash; exit 2 where it is no JSON.

    Example: settle ebl verify transport-document.json --bill OCLN20251113001
    """
    bill = bill_in(file)
    kept = None if reference is None else bills.open_bill(reference, run_number).bill.document_hash
    matches = None if kept is None else kept == bill.hash
    if as_json:
        print_json(reports.bill_document(bill) | ({} if kept is None else {"kept_hash": kept, "matches": matches}))
    else:
        rows = reports.bill_rows(bill)
        if kept is not None:
            rows.append((f"hash of {reference}", "the same" if matches else f"another: {kept}"))
        make_console().print(key_value_table(rows))
    if matches is False:
        raise typer.Exit(1)


@app.command()
def issue(
    register: Annotated[str, typer.Argument(metavar="REGISTER", help="The carrier's register of bills in its run.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The transport document in JSON.")],
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="The first holder.")],
    endorsee: Endorsee = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Have the carrier issue the bill that a transport document describes, with the document's hash.

    Example: settle ebl issue ocean-bills transport-document.json --to exporter
    """
    with progress(as_json):
        view = bills.issue(register, file, to, endorsee, run_number)
    _show(view, as_json)


@app.command()
def reissue(
    reference: Ref,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The amended transport document in JSON.")],
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="The first holder: who surrendered the old bill.")],
    endorsee: Endorsee = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Have the carrier issue the bill that takes the place of one surrendered for amendment, whose chain is void.

    Example: settle ebl reissue OCLN20251113001 amended.json --to exporter
    """
    with progress(as_json):
        view = bills.reissue(bills.open_bill(reference, run_number), file, to, endorsee, run_number)
    _show(view, as_json)


@app.command()
def paper(
    register: Annotated[str, typer.Argument(metavar="REGISTER", help="The carrier's register of bills in its run.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The transport document in JSON.")],
    to: Annotated[str, typer.Option("--to", metavar="PARTY", help="The first holder.")],
    statement: Annotated[str, typer.Option("--statement", help="That it takes the place of the paper bill.")],
    endorsee: Endorsee = None,
    replaces: Annotated[
        str | None, typer.Option("--replaces", metavar="REF", help="The bill that was switched to that paper.")
    ] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Have the carrier issue a bill in the place of a paper one, with the statement of the change of medium.

    The way to paper is SURRENDER_FOR_AMENDMENT with the reason SWTP, and SACC with a statement: `settle ebl act`.

    Example: settle ebl paper ocean-bills document.json --to importer --statement "Paper bill 7 cancelled."
    """
    with progress(as_json):
        old = None if replaces is None else bills.open_bill(replaces, run_number)
        view = bills.issue_from_paper(register, file, to, statement, endorsee, old, run_number)
    _show(view, as_json)


@app.command()
def act(
    reference: Ref,
    action: Annotated[str, typer.Argument(metavar="ACTION", help=", ".join(bills.ACTIONS))],
    by: Annotated[str, typer.Option("--by", metavar="PARTY", help="Who acts.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="PARTY", help="The new endorsee, who is entrusted, or the register.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Of an amendment: COD, SWI or SWTP.")] = None,
    statement: Annotated[
        str | None, typer.Option("--statement", help="What is signed, or that of a switch to paper.")
    ] = None,
    giver: Annotated[
        str | None, typer.Option("--from", metavar="PARTY", help="Who has entrusted the one that accepts or renounces.")
    ] = None,
    realisable_from: Annotated[
        str | None,
        typer.Option(
            "--realisable-from",
            metavar="TIME",
            help="From when on a pledgee may pass title: a time with its offset from UTC, or never (the default).",
        ),
    ] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Have a party endorse, sign, surrender, entrust or hand over a bill, or the carrier answer: the contract rules.

    ENTRUST: whenever the party gives the bill to the receiver, possession alone passes, as to an agent or a pledgee.
    The receiver has to ACCEPT_ENTRUSTMENT on the same terms. HAND_OVER: to another register of the carrier, where the
    bill goes on.

    Example: settle ebl act OCLN20251113001 ENDORSE_TO_ORDER --by exporter --to importer
    """
    with progress(as_json):
        view = bills.open_bill(reference, run_number)
        view = bills.act_on(view, action, by, to, reason, statement, giver, realisable_from)
    _show(view, as_json)


Kind = Annotated[
    BillKind | None,
    typer.Option("--kind", help="What the bills were issued as. Default: straight, or to order where one is endorsed."),
]


@app.command()
def chain(
    of: Annotated[
        str,
        typer.Argument(
            metavar="REF|FILE",
            help="A bill on the chain that is up; or an endorsement chain in JSON, or a list with a bill's versions.",
        ),
    ],
    kind: Kind = None,
    document: Annotated[
        Path | None,
        typer.Option(
            "--document", metavar="FILE", help="The transport document, which says the kind and who is named."
        ),
    ] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Hold an endorsement chain to DCSA's rules, and show it, oldest entry first, and who has the bill now.

    A file is as DCSA's END interface answers, newest entry first, or has PINT's transactions, oldest first; with
    --json, END's shape. Of a bill on the chain that is up, its contract says the kind. Exit 1, DCSA's code and the
    entry's number where a rule is broken; exit 2 where a file is no JSON.

    Example: settle ebl chain endorsement-chain.json --document transport-document.json
    """
    views = _views(of, kind, document, run_number)
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


def _views(of: str, kind: BillKind | None, document: Path | None, run_number: int | None) -> tuple[ChainView, ...]:
    """The chains of a file, where there is one of this name, or else of a bill."""
    if os.path.exists(of):
        if run_number is not None:
            raise InputError(f"{of} is a file, and --run is for a bill on the chain that is up")
        return chains_in(Path(of), kind, () if document is None else (document,))
    try:
        found = endorsement.chains_on_ledger(of, run_number)
    except InputError as error:
        raise InputError(f"{of}: there is no such file, and no such bill: {error}") from error
    if kind is not None or document is not None:
        raise InputError(f"{of} is a bill, whose contract says the kind: --kind and --document are for a file")
    _note(found.notes)
    return found.views


@app.command()
def export(
    reference: Ref,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to write it; one that is there is left as it is.")
    ] = None,
    shape: Annotated[
        endorsement.Shape, typer.Option("--as", help="As DCSA's END interface answers, or with PINT's transactions.")
    ] = "end",
    platform: Annotated[
        str,
        typer.Option("--platform", metavar="CODE", help="The eBL platform of parties that no imported chain names."),
    ] = endorsement.DEFAULT_PLATFORM,
    scac: Annotated[
        str | None, typer.Option("--scac", metavar="CODE", help="The carrier's SCAC, where no imported chain says it.")
    ] = None,
    run_number: Run = None,
) -> None:
    """Write a bill's endorsement chain, with all its versions, as DCSA has it: from its contract's events alone.

    Parties are named as the chain that was imported named them; elsewhere by full name, and by their name here as code
    in the list ZZZ. What DCSA has no word for is left out, and said on standard error.

    Example: settle ebl export OCLN20251113001 --as pint chain.json
    """
    found = endorsement.chains_on_ledger(reference, run_number, platform, scac)
    _note(found.notes)
    if file is None:
        print_json(found.document(shape))
        return
    write_new(json_text(found.document(shape)), file)


@app.command("import")
def import_chain(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="An endorsement chain in JSON, or a list with a bill's versions.")
    ],
    kind: Kind = None,
    documents: Annotated[
        list[Path] | None,
        typer.Option("--document", metavar="FILE", help="A version's transport document; once for each."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Reproduce a bill's chain on the chain that is up: each entry by its own party, at its own time.

    The chain becomes a run of its own. Its clock has to be before the first entry: `settle up --start`. Afterwards the
    bill's chain is read from the ledger and compared field by field; exit 1 where anything differs, where DCSA's rules
    are broken (nothing is done then), and where the ledger refuses an entry.

    Example: settle ebl import endorsement-chain.json --document transport-document.json
    """
    with progress(as_json) as say:
        imported = endorsement.import_chain(file, kind, documents or (), on_progress=say)
    _note(imported.notes)
    if as_json:
        print_json(reports.import_document(imported))
    else:
        make_console().print(key_value_table(reports.import_rows(imported)))
    if imported.differences:
        raise typer.Exit(1)


def _note(notes: Sequence[str]) -> None:
    for each in notes:
        complain(f"note: {each}")
