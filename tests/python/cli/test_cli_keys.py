"""Keystores by command: new, list, import, address; nothing secret on the command line or in what is said."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account import Account

PASSWORD = "correct horse battery"
KEY = "0x" + "42" * 32


@pytest.fixture
def password_file(tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    return file


@pytest.fixture
def geth(tmp_path):
    """A keystore as another program wrote it."""
    file = tmp_path / "UTC--geth.json"
    file.write_text(json.dumps(Account.encrypt(KEY, "geth's password", iterations=2)))
    return file


def refused(settle, *arguments, **environment):
    """It ends with one sentence, which is returned, and bad input's code."""
    ran = settle("keys", *arguments, **environment)
    assert ran.code == 2, ran.err
    return ran.sentence


def test_a_key_is_made_listed_and_named_by_its_party(settle, password_file):
    made = settle.json("keys", "new", "bank-amber", "--password-file", password_file)
    assert stat.S_IMODE((settle.home / "keys" / "bank-amber.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((settle.home / "keys").stat().st_mode) == 0o700
    assert settle.json("keys", "list") == {"folder": str(settle.home / "keys"), "keys": [made]}
    assert settle.ok("keys", "address", "bank-amber").out == made["address"] + "\n"
    named = {"SETTLEMENT_KEYSTORE_PASSWORD_FILE": str(password_file)}
    assert settle.json("keys", "address", "bank-amber", "--check", **named) == made | {"checked": True}
    assert "none is ever overwritten" in refused(settle, "new", "bank-amber", "--password-file", password_file)


def test_a_new_password_is_as_long_as_the_help_says(settle, tmp_path):
    least = int(re.search(r"at\s+least\s+(\d+)\s+characters", settle.ok("keys", "new", "--help").out)[1])
    short, enough = tmp_path / "short", tmp_path / "enough"
    for file, length in ((short, least - 1), (enough, least)):
        file.write_text("x" * length)
        file.chmod(0o600)
    assert f"at least {least} characters" in refused(settle, "new", "bank-amber", "--password-file", short)
    settle.ok("keys", "new", "bank-amber", "--password-file", enough)


def test_a_key_is_taken_over_from_another_keystore(settle, password_file, geth, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.write_text("geth's password")
    theirs.chmod(0o600)
    passwords = ("--password-file", password_file, "--from-password-file", theirs)
    taken = settle.json("keys", "import", "bank-jade", geth, "--keystore", tmp_path / "k", *passwords)
    assert taken["address"] == Account.from_key(KEY).address
    assert taken["path"] == str(tmp_path / "k" / "bank-jade.json")
    told = refused(settle, "import", "carrier", geth, "--keystore", tmp_path / "k", "--password-file", password_file)
    assert "the password is wrong" in told


def test_for_people_a_list_says_what_is_wrong_with_which(settle, password_file):
    assert "settle keys new NAME makes one" in settle.ok("keys", "list").out
    settle.ok("keys", "new", "bank-amber", "--password-file", password_file)
    (settle.home / "keys" / "bank-jade.json").write_text("{")
    ran = settle("keys", "list")
    assert ran.code == 1
    assert "bank-amber" in ran.out
    assert "not a whole JSON object" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", KEY),
        ("new", "bank-amber", KEY),
        ("import", "bank-amber", KEY),
        ("import", "bank-amber", KEY[2:]),
        ("import", KEY, "file"),
        ("new", "bank-amber", "--password-file", KEY),
        ("new", "bank-amber", f"--password={KEY}"),
        ("new", "bank-amber", "--password", KEY),
        ("address", KEY),
        (KEY,),
    ],
    ids=lambda words: " ".join(words).replace(KEY, "KEY").replace(KEY[2:], "KEY"),
)
def test_a_key_on_the_command_line_is_refused_and_not_said_back(settle, arguments):
    ran = settle("keys", *arguments, "--json")
    assert ran.code == 2
    assert ran.document["ok"] is False
    assert "4242" not in ran.out + ran.err


def test_without_a_terminal_nobody_is_asked(settle):
    told = refused(settle, "new", "bank-amber")
    assert "there is no terminal" in told
    assert "SETTLEMENT_KEYSTORE_PASSWORD_FILE" in told


def test_a_password_file_that_others_can_read_is_refused(settle, password_file):
    password_file.chmod(0o640)
    told = refused(settle, "new", "bank-amber", SETTLEMENT_KEYSTORE_PASSWORD_FILE=str(password_file))
    assert "others than its owner (mode 640)" in told
    assert not (settle.home / "keys").exists()


def test_a_password_in_the_variable_of_its_file_is_not_said_back(settle):
    ran = settle("keys", "new", "bank-amber", "--json", SETTLEMENT_KEYSTORE_PASSWORD_FILE=PASSWORD)
    assert ran.code == 2
    assert PASSWORD not in ran.out + ran.err


def test_at_a_terminal_a_new_password_is_asked_for_twice_and_not_shown(settle):
    said = typed(settle, ["keys", "new", "bank-amber"], [PASSWORD, PASSWORD])
    assert "bank-amber is 0x" in said
    assert "the same again" in said
    assert PASSWORD not in said
    told = typed(settle, ["keys", "new", "bank-jade"], [PASSWORD, "something else entirely"])
    assert "the two are not the same" in told
    assert [path.name for path in (settle.home / "keys").iterdir()] == ["bank-amber.json"]


def typed(settle, arguments, answers):
    """What is seen on a terminal at which each question, which ends with a colon, is answered."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("settle"), *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=settle.environment,
        start_new_session=True,
    )
    os.close(theirs)
    said, waiting = b"", list(answers)
    try:
        while select.select([ours], [], [], 120)[0]:
            try:
                said += os.read(ours, 10_000)
            except OSError:
                break  # Nobody has the other end any more.
            if waiting and said.count(b": ") > len(answers) - len(waiting):
                os.write(ours, waiting.pop(0).encode() + b"\n")
        process.wait(30)
    finally:
        process.kill()
        os.close(ours)
    return said.decode()
