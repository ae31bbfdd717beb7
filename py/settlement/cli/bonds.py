"""Bonds on the chain that is up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app import bonds, migration
from settlement.app.clients import clients_of
from settlement.cli.output import Json, print_json, progress
from settlement.domain.bonds.entries import DistributionKind
from settlement.domain.bonds.register import RegisterExport
from settlement.domain.quantity import decimal_text, format_amount
from settlement.errors import InputError
from settlement.reports import bonds as reports
from settlement.reports import plots
from settlement.reports.tables import key_value_table, make_console

app = typer.Typer(help="Bonds: register, schedule, terms, payments.", rich_markup_mode=None)

Bond = Annotated[str, typer.Argument(metavar="BOND", help="The bond's name in its scenario.")]
Run = Annotated[int | None, typer.Option("--run", help="Which run on the chain that is up; default: the last.")]


@app.command()
def register(
    bond: Bond,
    coupon: Annotated[
        int | None, typer.Option("--coupon", help="At the record time of this coupon, from 1 on; default: now.", min=1)
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="At the end of a day, or at a time with its offset from UTC.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Show who holds a bond: now, at a coupon's record time, or at the end of any day; from the chain alone.

    Example: settle bond register hk-green-2023 --at 2023-05-16
    """
    if as_csv and as_json:
        raise InputError("say --csv or --json, not both")
    if at is not None and coupon is not None:
        raise InputError("say --coupon or --at, not both")
    view = bonds.open_bond(bond, run_number)
    lines = bonds.register(view, coupon) if at is None else bonds.register_at(view, bonds.moment_of(view, at))
    if as_json:
        block = view.network.ledger.head().number
        print_json(reports.register_document(bond, view.status, block, coupon, lines) | {"at": at})
    elif as_csv:
        print(reports.register_csv(lines), end="")
    elif not lines:
        when = f" at {at}" if at else f" at the record time of coupon {coupon}" if coupon else f"; it is {view.status}"
        make_console().print(f"nobody held {bond}{when}" if at or coupon else f"nobody holds {bond}{when}")
    else:
        make_console().print(reports.register_table(lines))


@app.command()
def history(
    bond: Bond,
    holder: Annotated[str | None, typer.Option("--holder", help="Only what this party gave or received.")] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Show who gave whom how much of a bond and when, and what each held afterwards: a supervisor's view.

    Example: settle bond history hk-green-2023 --holder north-custody
    """
    view = bonds.open_bond(bond, run_number)
    lines = bonds.history(view, holder)
    if as_json:
        print_json({"bond": bond, "movements": [reports.history_document(line) for line in lines]})
    else:
        make_console().print(reports.history_table([reports.history_document(line) for line in lines]))


@app.command()
def schedule(bond: Bond, run_number: Run = None, as_json: Json = False) -> None:
    """Show when a bond accrues and pays, and what was paid, from the chain alone.

    Example: settle bond schedule hk-green-2023
    """
    view = bonds.open_bond(bond, run_number)
    lines, principal = bonds.coupon_lines(view), bonds.principal_lines(view)
    if as_json:
        print_json(
            {
                "bond": bond,
                "status": view.status,
                "isin": view.terms.isin,
                "coupons": [reports.schedule_document(*line) for line in lines],
                "principal": [reports.principal_document(line) for line in principal],
            }
        )
    else:
        make_console().print(reports.schedule_table(lines))
        make_console().print(reports.principal_table(principal))
        accrues = bonds.current_coupon(view)
        make_console().print(f"{bond} is {view.status}" + (f"; coupon {accrues} accrues" if accrues else ""))


@app.command()
def verify(
    bond: Bond,
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="The file, or shipped scenario, with its terms.")],
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Compare a bond's terms in a file with what its contract keeps of them; exit 1 where they differ.

    Example: settle bond verify hk-green-2023 hksar-2023
    """
    view = bonds.open_bond(bond, run_number)
    differences = bonds.compare_with_file(view, scenario)
    if as_json:
        print_json(
            {
                "bond": bond,
                "terms_hash": view.terms.terms_hash,
                "matches": not differences,
                "differences": [difference._asdict() for difference in differences],
            }
        )
    elif differences:
        rows = [(each.field, f"{each.file} in the file, {each.chain} on the chain") for each in differences]
        make_console().print(key_value_table(rows))
    else:
        make_console().print(f"{bond} is as {scenario} says: {view.terms.terms_hash}")
    if differences:
        raise typer.Exit(1)


@app.command()
def disclosures(bond: Bond, run_number: Run = None, as_json: Json = False) -> None:
    """Show what the issuer promised to publish, by when and signed by whom, and what was published.

    Example: settle bond disclosures hk-green-2024-hkd
    """
    view = bonds.open_bond(bond, run_number)
    found = bonds.disclosures(view)
    if as_json:
        rows = [reports.disclosure_document(*line) for line in enumerate(found.disclosures, start=1)]
        print_json({"bond": bond, "use_of_proceeds": list(found.use_of_proceeds), "disclosures": rows})
    else:
        make_console().print(reports.disclosures_table(found.disclosures))
        make_console().print(f"the proceeds of {bond} are for: {', '.join(found.use_of_proceeds)}")


@app.command()
def attest(
    bond: Bond,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Which disclosure, from 1 on.", min=1, max=64)],
    document: Annotated[Path, typer.Argument(metavar="FILE", help="The document; its SHA-256 goes on the chain.")],
    uri: Annotated[str, typer.Option("--uri", help="Where it can be read; at most 256 characters.")],
    signed_by: Annotated[
        str | None, typer.Option("--signed-by", help="Whose key signs. Default: the attester's, as it has to be.")
    ] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Publish the next version of a disclosure: its attester signs the document's hash.

    Example: settle bond attest hk-green-2024-hkd 3 report.pdf --uri https://green-bonds.example/report.pdf
    """
    if not 1 <= len(uri.encode()) <= 256:
        raise InputError("--uri is empty or longer than 256 bytes")
    with progress(as_json):
        view = bonds.open_bond(bond, run_number)
        found = bonds.attest_document(view, number, document, uri, signed_by)
    document_of = reports.disclosure_document(number, found)
    if as_json:
        print_json({"bond": bond} | document_of)
    else:
        newest = found.versions[-1]
        make_console().print(f"version {newest.version} of the {found.kind} is {found.state}: {newest.document_hash}")


@app.command()
def pay(
    bond: Bond,
    what: Annotated[DistributionKind, typer.Argument(metavar="WHAT", help="coupon, repayment, redemption, ...")],
    number: Annotated[int, typer.Argument(metavar="[NUMBER]", help="Which one, from 1 on.", min=1, max=65_536)] = 1,
    page: Annotated[
        int, typer.Option("--page", help="How many holders are looked at in a transaction.", min=1, max=1_000)
    ] = 250,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Pay everybody on the register, from wherever that was left; nobody twice.

    Example: settle bond pay hk-green-2023 coupon 2
    """
    with progress(as_json) as say:
        view = bonds.open_bond(bond, run_number)
        state = bonds.pay(
            view, what, number, page, lambda now: say(f"{now.counted:,} of {now.entitled:,} nominal looked at")
        )
    document = reports.distribution_document(state)
    if as_json:
        print_json({"bond": bond, "what": what, "number": number} | document)
    else:
        amounts = ", ".join(f"{word} {format_amount(amount, 2)}" for word, amount in (
            ("due", state.due), ("paid", state.paid), ("set aside", state.set_aside)
        ))  # fmt: skip
        make_console().print(f"{view.terms.currency}: {amounts}")


@app.command()
def claim(
    bond: Bond,
    what: Annotated[DistributionKind, typer.Argument(metavar="WHAT", help="coupon, repayment, redemption, ...")],
    number: Annotated[int, typer.Argument(metavar="[NUMBER]", help="Which one, from 1 on.", min=1, max=65_536)] = 1,
    holder: Annotated[str | None, typer.Option("--holder", help="Only this one. Default: all of them.")] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Pay what was set aside for holders who could not be paid, where they can be now; exit 1 where one cannot.

    Example: settle bond claim hk-green-2023 coupon 1 --holder west-insurance
    """
    with progress(as_json):
        view = bonds.open_bond(bond, run_number)
        found = bonds.claim(view, what, number, holder)
    documents = [reports.claim_document(*each) for each in found]
    if as_json:
        print_json({"bond": bond, "what": what, "number": number, "claims": documents})
    elif not found:
        make_console().print("nothing is set aside")
    else:
        make_console().print(reports.claims_table(documents))
    if any(each.reasons for each in found):
        raise typer.Exit(1)


@app.command("exit")
def exit_bond(
    bond: Bond,
    for_good: Annotated[bool, typer.Option("--for-good", help="Say that you know: there is no way back.")] = False,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Close a bond's register for good, because it goes on at another platform; afterwards nothing moves here.

    Example: settle bond exit hk-green-2023 --for-good
    """
    if not for_good:
        raise InputError(f"this ends {bond} on this platform, and cannot be undone: say --for-good")
    view = bonds.open_bond(bond, run_number)
    migration.exit_bond(view)
    if as_json:
        print_json({"bond": bond, "status": "exited"})
    else:
        make_console().print(
            f"{bond} has exited: coupons whose record time has passed are still paid here, later ones elsewhere; "
            f"export its register with `settle bond export {bond} --to FILE`"
        )


@app.command()
def export(
    bond: Bond,
    to: Annotated[Path, typer.Option("--to", help="The file to write; it must not be there yet.")],
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Write the whole register of a bond that has exited to a file, once it adds up to what exists.

    Example: settle bond export hk-green-2023 --to register.json
    """
    with progress(as_json):
        found = migration.export_to(bonds.open_bond(bond, run_number), to)
    _show_export(found, as_json, "exported")


@app.command("import")
def import_bond(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `settle bond export` wrote.")],
    as_json: Json = False,
) -> None:
    """Set an exported bond up on the chain that is up, a fresh deployment, with equal holdings.

    Example: settle bond import register.json
    """
    with progress(as_json) as say:
        found = migration.import_from(file, on_progress=say)
    _show_export(found, as_json, "imported")


def _show_export(found: RegisterExport, as_json: bool, done: str) -> None:
    if as_json:
        print_json(
            {
                "bond": found.bond.instrument,
                "isin": found.bond.isin,
                "holders": len(found.holdings),
                "supply": str(found.supply),
                "digest": found.digest,
            }
        )
    else:
        make_console().print(
            f"{done}: {found.bond.instrument}, {len(found.holdings):,} holders, {found.supply:,} in all, {found.digest}"
        )


@app.command()
def plot(
    bond: Bond,
    holdings: Annotated[bool, typer.Option("--holdings", help="Who held it at each record time and now.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="A .png or .svg file. Default: bars in the terminal.")] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Draw what a bond pays when, or who held it over time.

    Example: settle bond plot hk-green-2023 --to flows.svg
    """
    view = bonds.open_bond(bond, run_number)
    if holdings:
        times, held = bonds.holdings_over_time(view)
        if as_json:
            print_json(
                {
                    "bond": bond,
                    "times": list(times),
                    "holdings": {name: [str(nominal) for nominal in row] for name, row in held.items()},
                }
            )
        if to is not None:
            plots.draw_holdings(times, held, f"{bond}: nominal held", to)
            _say_written(to, as_json)
        elif not as_json:
            make_console().print(plots.holdings_table(times, held))
        return
    flows = plots.cash_flows(view.terms, view.terms.nominal)
    if as_json:
        rows = [
            {
                "day": str(flow.day),
                "interest": decimal_text(flow.interest, 2),
                "principal": decimal_text(flow.principal, 2),
            }
            for flow in flows
        ]
        print_json({"bond": bond, "currency": view.terms.currency, "cash_flows": rows})
    if to is not None:
        plots.draw_flows(flows, f"{bond}: cash flows", view.terms.currency, to)
        _say_written(to, as_json)
    elif not as_json:
        make_console().print(plots.flow_table(flows))


@app.command()
def clients(
    bond: Bond,
    custodian: Annotated[str, typer.Argument(metavar="CUSTODIAN", help="The custodian, as a party of the scenario.")],
    coupon: Annotated[
        int | None, typer.Option("--coupon", help="At the record time of this coupon, from 1 on; default: now.", min=1)
    ] = None,
    run_number: Run = None,
    as_json: Json = False,
) -> None:
    """Show a custodian's clients in a bond beside its nominee account on the chain; exit 1 where they differ.

    Example: settle bond clients hk-green-2023 south-custody --coupon 1
    """
    positions, sums = clients_of(bond, custodian, coupon, run_number)
    if as_json:
        print_json(reports.clients_document(bond, custodian, coupon, positions, sums))
    else:
        make_console().print(reports.clients_table(positions, sums))
    if sums.difference:
        raise typer.Exit(1)


def _say_written(to: Path, as_json: bool) -> None:
    if not as_json:
        make_console().print(f"drawn to {to}")
