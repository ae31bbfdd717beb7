"""Envelopes between eBL platforms, in files: `settle ebl envelope`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app import envelopes
from settlement.app.json_files import write_new
from settlement.cli.output import Json, print_json
from settlement.reports import envelopes as reports
from settlement.reports.tables import key_value_table, make_console

app = typer.Typer(help="Envelopes in which bills go from platform to platform (DCSA, PINT).", rich_markup_mode=None)

Add = Annotated[
    list[Path] | None, typer.Option("--add", metavar="FILE", help="An additional document; as often as there are any.")
]


@app.command()
def make(
    document: Annotated[Path, typer.Argument(metavar="DOCUMENT", help="The transport document in JSON.")],
    chain: Annotated[Path, typer.Argument(metavar="CHAIN", help="Its whole endorsement chain in JSON.")],
    sender: Annotated[str, typer.Option("--from", metavar="PLATFORM", help="The code of the platform that sends.")],
    receiver: Annotated[str, typer.Option("--to", metavar="PLATFORM", help="The code of the one that receives.")],
    out: Annotated[Path | None, typer.Argument(metavar="[OUT]", help="A new file. Default: standard output.")] = None,
    add: Add = None,
    visualisation: Annotated[
        Path | None, typer.Option("--visualisation", metavar="FILE", help="The carrier's own picture of the bill.")
    ] = None,
    after: Annotated[
        Path | None,
        typer.Option(
            "--after", metavar="ENVELOPE", help="The envelope with which the bill came; its entries are kept as signed."
        ),
    ] = None,
) -> None:
    """Make the envelope with which a platform sends a bill of lading on, as JSON.

    The chain's last transaction goes from the one platform to the other. Development keys sign, which everybody can
    compute: for tests of platforms only. Exit 1, and DCSA's code, where a rule is broken; a file is never overwritten.

    Example: settle ebl envelope make transport-document.json chain.json --from TEST --to DEMO envelope.json
    """
    made = envelopes.make(document, chain, sender, receiver, add or (), visualisation, after)
    if out is None:
        print(made.text, end="")
        return
    write_new(made.text, out)
    console = make_console()
    console.print(reports.hops_table(made.envelope))
    console.print(key_value_table([*reports.envelope_rows(made.envelope, True), ("written to", str(out))]))


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An envelope in JSON.")],
    known: Annotated[
        list[Path] | None,
        typer.Option("--known", metavar="FILE", help="An envelope accepted or sent before; as often as there are any."),
    ] = None,
    add: Add = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="FILE", help="Public keys of platforms and carriers. Default: development keys."
        ),
    ] = None,
    receiver: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="PLATFORM", help="The platform that is asked. Default: to which the envelope goes."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Open an envelope, show it, and answer it as the receiving platform does, by DCSA's response code.

    The keys are a JSON object {"platforms": {"TEST": KEY}, "carriers": {"OCLN": KEY}}, each a JSON Web Key or
    hexadecimal, on secp256k1 (ES256K). Exit 0 where it is accepted (RECE, or DUPE where it was before); exit 1 with
    BSIG, BENV, INCD, MDOC or DISE; exit 2 where it is no JSON.

    Example: settle ebl envelope check envelope.json --known envelope-before.json --add invoice.pdf
    """
    answered = envelopes.check(file, known or (), add or (), keys, receiver)
    answer = answered.answer
    if as_json:
        print_json(reports.answer_document(answer, answered.signed, answered.development_keys))
    else:
        console = make_console()
        if answer.envelope is not None:
            console.print(reports.hops_table(answer.envelope))
            console.print(key_value_table(reports.envelope_rows(answer.envelope, answered.development_keys)))
        console.print(key_value_table(reports.answer_rows(answer)))
        if answered.signed is not None:
            print(f"signed answer:\n{answered.signed}")  # On a line of its own, however long.
    if not answer.is_accepted:
        raise typer.Exit(1)
