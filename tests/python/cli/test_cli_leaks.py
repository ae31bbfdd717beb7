"""Development keys, which everybody can compute, are all the same in no file, no output and no log."""

from __future__ import annotations

import json

import pytest
from eth_utils.crypto import keccak
from leaks import everything_under, found_in

LABEL = "tokenised-settlement development key, worth nothing: "
ANVIL_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""Of the first account that anvil makes for itself and likes to print."""

MISTAKEN = "c0ffee" + "4b" * 29
"""A key in a file that somebody hands to every command that reads one."""


def everything_of(settle):
    """A run on a chain that is up and what belongs to it, asked for in every way; what was said."""
    said = []

    def run(*arguments, code=0, **environment):
        ran = settle(*arguments, **environment)
        assert ran.code == code, ran.err + ran.out
        said.append(ran.out + ran.err)
        return ran

    run("up", "--json")
    run("run", "interbank-transfer", "--json")
    payment = {
        "id": "P-1",
        "legs": [
            {
                "from": "harbour-trading",
                "to": "harbour-logistics",
                "instrument": "amber-hkd",
                "to_instrument": "jade-hkd",
                "amount": "1.00",
            }
        ],
        "deadline": "2099-12-31T18:00:00+08:00",
    }
    lines = [payment, payment | {"id": "P-2"}]
    file = settle.folder / "payments.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("submit", file, "--json")
    run("cancel", "P-2", "--by", "harbour-trading", "--reason", "x", "--json")
    run("serve", "--until-idle", "--json", SETTLEMENT_DEBUG="1")
    run("queue", "--status", "confirmed", "--json")
    run("reconcile", "--json")
    run("show", "P-1", "--json")
    run("show", "P-1")
    run("network", "--json")
    run("status", "--json")
    run("positions", "--json")
    run("journal", "verify", "--json")
    run("submit", settle.folder / "none", code=2)
    run("cancel", "P-1", "--by", "nobody", "--reason", "x", "--json", code=2, SETTLEMENT_DEBUG="1")
    return "".join(said).encode()


def test_no_development_key_is_written_or_said(settle):
    said = everything_of(settle)
    (run,) = (settle.home / "runs").glob("*.json")
    stored = json.loads(run.read_text())
    names = [*stored["directory"]["parties"], "submitter 1", "submitter 2"]
    labels = ["operator", "supervisor", *(f"{stored['label']}/{name}" for name in names)]
    secrets = {label: keccak(text=LABEL + label) for label in labels} | {"anvil's own": ANVIL_KEY}
    assert len(secrets) == 10
    settle.ok("down")  # The chain's state is written now, at the latest.
    written = everything_under(settle.folder)
    assert {"home/journal.sqlite", "home/state.json", "home/anvil.log", "home/deployment.json"} <= set(written)
    for name, content in {**written, "said": said}.items():
        assert found_in(content, secrets) == [], name


@pytest.mark.parametrize("spelling", ["{key}\n", '"{key}"\n', '{{"privateKey": "{key}"}}\n', "key: {key}\n"])
@pytest.mark.parametrize(
    "command",
    [
        ("run", "FILE.yaml"),
        ("submit", "FILE", "--network", "FILE", "--journal", "journal.sqlite"),
        ("serve", "--network", "FILE", "--journal", "journal.sqlite"),
        ("journal", "verify", "FILE"),
        ("ebl", "verify", "FILE"),
        ("ebl", "chain", "FILE"),
        ("keys", "import", "bank-amber", "FILE", "--password-file", "FILE"),
        ("keys", "new", "bank-amber", "--keystore", "FILE", "--password-file", "FILE"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_key_in_a_wrong_files_place_is_not_said_back(settle, command, spelling):
    for suffix in ("", ".yaml"):
        file = settle.folder / f"FILE{suffix}"
        file.write_text(spelling.format(key=MISTAKEN))
        file.chmod(0o600)
    ran = settle(*command, "--json")
    assert ran.code in (1, 2)
    assert found_in((ran.out + ran.err).encode(), {"key": bytes.fromhex(MISTAKEN)}) == []
