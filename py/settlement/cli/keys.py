"""Encrypted keystores: make them, list them, take them over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from settlement.app.signing import KeyEntry, folder
from settlement.cli.output import Json, print_json
from settlement.cli.signing import Keystore, PasswordFile, password
from settlement.errors import KeyUnusable

app = typer.Typer(help="Encrypted keystores, one for each party, in one folder.", rich_markup_mode=None)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A party's name, or operator, supervisor or submitter_1, submitter_2, …")
]


@app.command()
def new(name: Name, keystore: Keystore = None, password_file: PasswordFile = None, as_json: Json = False) -> None:
    """Make a new key and keep it encrypted; no keystore is ever overwritten. Back it up: nobody can make it again.

    Example: settle keys new bank-amber
    """
    _kept(folder(keystore, password(password_file, new=True)).create(name), as_json)


@app.command(name="list")
def list_keys(keystore: Keystore = None, as_json: Json = False) -> None:
    """List the keystores and the addresses that they name; needs no password.

    Example: settle keys list --json
    """
    found = folder(keystore)
    entries = found.entries()
    if as_json:
        print_json({"folder": str(found.path), "keys": [_document(entry) for entry in entries]})
    elif entries:
        width = max(len(entry.name) for entry in entries)
        for entry in entries:
            print(f"{entry.name:<{width}}  {entry.problem or entry.address or 'names no address'}")
    else:
        print(f"no keystores in {found.path}; settle keys new NAME makes one")
    if any(entry.problem for entry in entries):
        raise typer.Exit(1)


@app.command(name="import")
def import_key(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A keystore (Web3 Secret Storage, version 3).")],
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    file_password_file: Annotated[
        Path | None,
        typer.Option(
            "--from-password-file",
            metavar="FILE",
            help="Holds the password of the keystore taken over. Default: the folder's own, or ask.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take the key of another keystore over, encrypted anew; never a key in the clear.

    Example: settle keys import bank-amber UTC--2026-01-01--bank-amber.json
    """
    mine = password(password_file, new=True)
    if file_password_file is not None:
        theirs = password(file_password_file)
    elif password_file is None:
        theirs = password(None, whose="the keystore taken over")
    else:
        theirs = None
    _kept(folder(keystore, mine).import_from(name, file, theirs), as_json)


@app.command()
def address(
    name: Name,
    check: Annotated[
        bool, typer.Option("--check", help="Open the keystore: until then the address is only what the file says.")
    ] = False,
    keystore: Keystore = None,
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Show a key's address, such as for whoever admits the party or sends it gas.

    Example: settle keys address bank-amber --check
    """
    found = folder(keystore, password(password_file))
    entry = found.entry(name)
    if check:
        entry = entry._replace(address=found.signer(name).address)
    if entry.address is None:
        raise KeyUnusable(f"the keystore {entry.path} names no address: --check opens it and says")
    if as_json:
        print_json(_document(entry) | {"checked": check})
    else:
        print(entry.address)


def _kept(entry: KeyEntry, as_json: bool) -> None:
    if as_json:
        print_json(_document(entry))
    else:
        print(f"{entry.name} is {entry.address}, kept in {entry.path}")


def _document(entry: KeyEntry) -> dict[str, str | None]:
    return {"name": entry.name, "address": entry.address, "path": str(entry.path), "problem": entry.problem}
