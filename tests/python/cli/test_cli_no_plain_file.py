"""What is no plain file is refused in a file's place: a pipe would be waited for, a device read without end."""

from __future__ import annotations

import os

import pytest

from settlement.app.bonds import attest_document
from settlement.app.issuance import read_allocations, read_book
from settlement.errors import InputError

COMMANDS = {
    "scenario": ("run", "pipe.yaml"),
    "keystore": ("keys", "import", "buyer", "pipe.yaml", "--password-file", "pipe.yaml"),
    "password": ("keys", "new", "buyer", "--password-file", "pipe.yaml"),
    "network": ("queue", "--network", "pipe.yaml", "--journal", "journal.sqlite"),
    "register": ("bond", "import", "pipe.yaml"),
    "transport-document": ("ebl", "verify", "pipe.yaml"),
    "endorsement-chain": ("ebl", "chain", "pipe.yaml"),
    "envelope": ("ebl", "envelope", "check", "pipe.yaml"),
    "device": ("queue", "--network", "/dev/zero", "--journal", "journal.sqlite"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_it_is_refused_in_one_sentence(settle, what):
    os.mkfifo(settle.folder / "pipe.yaml", 0o600)
    ran = settle(*COMMANDS[what])
    assert (ran.code, "read: it is no plain file" in ran.sentence) == (2, True), ran.err


def test_among_keystores_it_is_listed_as_none(settle):
    (settle.home / "keys").mkdir(parents=True, mode=0o700)
    os.mkfifo(settle.home / "keys" / "buyer.json")
    ran = settle("keys", "list")
    assert (ran.code, "it is no plain file" in ran.out) == (1, True), ran.err


def test_it_makes_no_journal(settle):
    os.mkfifo(settle.folder / "pipe")
    ran = settle("journal", "verify", "pipe")
    assert (ran.code, "there is no journal pipe" in ran.sentence) == (2, True), ran.err


@pytest.mark.parametrize(
    "read",
    [
        lambda path: read_book(None, path, None),
        lambda path: read_allocations(None, path, None),
        lambda path: attest_document(None, 1, path, "https://example.com"),
    ],
    ids=["order-book", "allocations", "disclosed-document"],
)
def test_it_is_refused_before_a_bond_is_looked_at(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="cannot be read: it is no plain file"):
        read(tmp_path / "pipe")
