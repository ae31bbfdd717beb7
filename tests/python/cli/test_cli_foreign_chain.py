"""A chain that is not local, by command: keystores are used, development keys refused, and nothing secret is told."""

from __future__ import annotations

import json
import shutil
import stat

import pytest
from eth_account import Account
from leaks import everything_under, found_in

from settlement.chain.key_folder import KeyFolder
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.chain.rpc import Rpc
from settlement.scenarios.load import load_scenario

CHAIN_ID = 424_242
PASSWORD = "correct horse battery"
SCENARIO = "interbank-transfer"
PARTIES = tuple(load_scenario(SCENARIO).parties)
DEADLINE = "2099-12-31T18:00:00+08:00"


class Foreign:
    """A chain on loopback whose id is no development chain's, as through a tunnel; keystores, and the command."""

    def __init__(self, settle, node, folder):
        self.settle, self.node, self.folder = settle, node, folder
        self.keys, self.password = settle.home / "keys", folder / "password"
        self.password.write_text(PASSWORD + "\n")
        self.password.chmod(0o600)
        settle.environment["SETTLEMENT_KEYSTORE_PASSWORD_FILE"] = str(self.password)
        made = KeyFolder(self.keys, lambda: PASSWORD)
        self.addresses = {
            name: made.create(name, 2).address for name in ("operator", "supervisor", "submitter_1", *PARTIES)
        }
        self.description, self.journal = folder / "network.json", folder / "journal.sqlite"
        self.where = ("--network", self.description, "--journal", self.journal)
        self.said = b""

    def height(self):
        return int(Rpc(self.node.url).call("eth_blockNumber", []), 16)

    def ok(self, *arguments, **environment):
        ran = self.settle.ok(*arguments, **environment)
        self.said += (ran.out + ran.err).encode()
        return ran

    def payments(self, name, *references):
        leg = {"from": "harbour-trading", "to": "harbour-logistics", "instrument": "amber-hkd", "amount": "1.00"}
        leg["to_instrument"] = "jade-hkd"
        file = self.folder / name
        lines = [json.dumps({"id": each, "legs": [leg], "deadline": DEADLINE}) for each in references]
        file.write_text("\n".join(lines) + "\n", "utf-8")
        return file


@pytest.fixture(scope="module")
def foreign(tmp_path_factory, settle_in):
    """The scenario has run there, and what it left is described."""
    folder = tmp_path_factory.mktemp("foreign")
    with settle_in(folder) as settle, AnvilNode(NodeSettings(chain_id=CHAIN_ID)) as node:
        made = Foreign(settle, node, folder)
        made.ok("run", SCENARIO, "--chain", node.url, "--describe", made.description, "--json")
        yield made


@pytest.fixture
def other_keys(foreign, tmp_path):
    """A copy of the keystores, to be spoilt."""
    shutil.copytree(foreign.keys, tmp_path / "keys")
    return tmp_path / "keys"


def refused(foreign, *arguments, **environment):
    """It ends with bad input's code and one sentence, and nothing was sent."""
    before = foreign.height()
    ran = foreign.settle(*arguments, **environment)
    assert ran.code == 2, ran.out + ran.err
    assert foreign.height() == before
    assert PASSWORD not in ran.out + ran.err
    return ran.sentence


def test_that_one_key_administers_it_cannot_be_missed(foreign):
    (warning,) = (line for line in foreign.said.decode().splitlines() if line.startswith("WARNING"))
    assert warning.startswith(f"WARNING: on the chain with id {CHAIN_ID} at http://127.0.0.1")
    assert warning.endswith("one key alone, the operator's, admits participants and instruments.")


# ---- keystores -------------------------------------------------------------------------------------------------------


def test_the_parties_are_those_of_the_keystores(foreign):
    described = json.loads(foreign.description.read_text())
    assert stat.S_IMODE(foreign.description.stat().st_mode) == 0o600
    assert (described["keys"], described["warning"]) == ("keystore", None)
    assert described["deployment"]["chain_id"] == CHAIN_ID
    for party in PARTIES:
        assert (
            described["parties" if "parties" in described else "directory"]["parties"][party]
            == (foreign.addresses[party])
        )


def test_what_is_submitted_is_settled_and_nothing_secret_is_told_or_kept(foreign):
    foreign.ok("submit", foreign.payments("one.jsonl", "S-1", "S-2"), *foreign.where, "--json")
    foreign.ok("serve", "--until-idle", *foreign.where, "--json")
    rows = foreign.settle.json("queue", "--status", "confirmed", *foreign.where)["rows"]
    assert {row["reference"] for row in rows} == {"S-1", "S-2"}
    foreign.ok("reconcile", *foreign.where, "--json")
    foreign.ok("keys", "list", "--json")
    foreign.ok("keys", "address", "operator", "--check", "--json")
    secrets = {"password": PASSWORD.encode()}
    for file in foreign.keys.glob("*.json"):
        secrets[file.stem] = bytes(Account.decrypt(file.read_text(), PASSWORD))
    assert len(secrets) == 4 + len(PARTIES)
    written = everything_under(foreign.folder)
    assert written.pop("password") == PASSWORD.encode() + b"\n"
    assert {"journal.sqlite", "network.json", "home/keys/operator.json"} <= set(written)
    for name, content in {**written, "said": foreign.said}.items():
        assert found_in(content, secrets) == [], name


def test_a_party_without_a_keystore_here_has_nothing_taken_in_and_others_work_on(foreign, other_keys):
    (other_keys / "harbour-trading.json").unlink()
    with_less = ("--keystore", other_keys, *foreign.where)
    told = refused(foreign, "submit", foreign.payments("less.jsonl", "L-1"), *with_less)
    assert "no keystore of harbour-trading in" in told
    assert foreign.settle("show", "L-1").code == 2
    foreign.ok("reconcile", *with_less)
    foreign.ok("serve", "--until-idle", *with_less)


def test_the_lanes_key_is_the_one_that_its_nonces_are_of(foreign, other_keys):
    foreign.ok("submit", foreign.payments("lane.jsonl", "N-1"), *foreign.where)
    foreign.ok("serve", "--until-idle", *foreign.where)
    (other_keys / "submitter_1.json").unlink()
    where = ("--keystore", other_keys, *foreign.where)
    assert "no keystore of submitter_1 in" in refused(foreign, "serve", "--until-idle", *where)
    KeyFolder(other_keys, lambda: PASSWORD).create("submitter_1", 2)
    told = refused(foreign, "serve", "--until-idle", *where)
    assert f"lane 1 sends from {foreign.addresses['submitter_1']}" in told


@pytest.mark.parametrize("command", ["run", "serve", "submit", "cancel"])
def test_a_keystore_that_cannot_be_used_is_one_sentence_and_nothing_is_sent(foreign, other_keys, tmp_path, command):
    arguments, whose = {
        "run": (("run", SCENARIO, "--chain", foreign.node.url), "bank-jade"),
        "serve": (("serve", "--until-idle", *foreign.where), "submitter_1"),
        "submit": (("submit", foreign.payments("bad.jsonl", "B-1"), "--keep-going", *foreign.where), "harbour-trading"),
        "cancel": (("cancel", "C-1", "--by", "harbour-trading", "--reason", "x", *foreign.where), "harbour-trading"),
    }[command]
    if command == "cancel":
        foreign.ok("submit", foreign.payments("cancel.jsonl", "C-1"), *foreign.where)
    keystore = ("--keystore", other_keys)
    wrong = tmp_path / "wrong"
    wrong.write_text("battery staple")
    wrong.chmod(0o600)
    told = refused(foreign, *arguments, *keystore, "--password-file", wrong)
    assert "cannot be opened: the password is wrong" in told
    wrong.chmod(0o644)
    assert "others than its owner" in refused(foreign, *arguments, *keystore, "--password-file", wrong)
    assert "no terminal" in refused(foreign, *arguments, *keystore, SETTLEMENT_KEYSTORE_PASSWORD_FILE="")
    file = other_keys / f"{whose}.json"
    sound = json.loads(file.read_text())
    for spoil, problem in FAULTS.items():
        file.write_text(SPOILT[spoil](sound))
        told = refused(foreign, *arguments, *keystore)
        assert problem in told, spoil
        assert str(file) in told, spoil


FAULTS = {
    "truncated": "not a whole JSON object",
    "another kind": "no version or no crypto",
    "another version": "another version than 3",
    "absurd": "more than 512 MiB of memory",
    "another's": "holds the key of",
}
SPOILT = {
    "truncated": lambda sound: json.dumps(sound)[:-9],
    "another kind": lambda _: '{"privateKey": "0x' + "42" * 32 + '"}',
    "another version": lambda sound: json.dumps({**sound, "version": 1}),
    "absurd": lambda sound: json.dumps(sound).replace('"n": 2', f'"n": {2**30}'),
    "another's": lambda sound: json.dumps({**sound, "address": "11" * 20}),
}


def test_a_keystore_of_another_party_is_refused_where_the_directory_knows_better(foreign, other_keys):
    shutil.copy(other_keys / "bank-jade.json", other_keys / "harbour-trading.json")
    file = foreign.payments("other.jsonl", "O-1")
    told = refused(foreign, "submit", file, "--keystore", other_keys, *foreign.where)
    assert f"the key of harbour-trading is for {foreign.addresses['bank-jade']}" in told


def test_all_that_are_missing_are_named_before_anything_is_sent(foreign, other_keys):
    for name in ("bank-jade", "supervisor"):
        (other_keys / f"{name}.json").unlink()
    told = refused(foreign, "run", SCENARIO, "--chain", foreign.node.url, "--keystore", other_keys)
    assert "no keystore of supervisor, bank-jade in" in told


def test_a_description_is_not_overwritten(foreign):
    told = refused(foreign, "run", SCENARIO, "--chain", foreign.node.url, "--describe", foreign.description)
    assert "there is such a file already" in told


def test_the_chains_that_are_started_here_have_development_keys(foreign):
    assert "give --chain URL" in refused(foreign, "run", SCENARIO, "--chain", "own", "--keystore", foreign.keys)
    assert "--describe is for a chain at a URL" in refused(foreign, "run", SCENARIO, "--describe", "x")


# ---- development keys ------------------------------------------------------------------------------------------------


def test_development_keys_are_refused_unless_they_are_asked_for(foreign, tmp_path):
    told = refused(foreign, "run", SCENARIO, "--chain", foreign.node.url, SETTLEMENT_HOME=str(tmp_path))
    assert f"the chain with id {CHAIN_ID} at {foreign.node.url} is not local" in told
    assert "settle keys new NAME" in told


def test_where_they_are_asked_for_no_command_lets_it_be_missed(foreign, tmp_path):
    allowed = ("--allow-development-keys",)
    description = tmp_path / "network.json"
    where = ("--network", description, "--journal", tmp_path / "journal.sqlite", *allowed)
    ran = foreign.settle.ok("run", SCENARIO, "--chain", foreign.node.url, "--describe", description, "--json", *allowed)
    payments = foreign.payments("development.jsonl", "D-1")
    for told in (ran, foreign.settle.ok("submit", payments, *where), foreign.settle.ok("reconcile", *where)):
        shown = told.err.splitlines()
        assert shown[0].startswith(f"WARNING: development keys on the chain with id {CHAIN_ID}")
        assert shown[1].startswith("Everybody can compute them")
        assert shown[2].startswith("Use encrypted keystores")
    described = json.loads(description.read_text())
    assert described["keys"] == "development"
    assert described["warning"].startswith("WARNING: development keys on the chain")
    log = [json.loads(line) for line in foreign.settle.ok("serve", "--until-idle", *where).err.splitlines()]
    assert [event["level"] for event in log if "WARNING: development keys" in event["event"]] == ["warning"]
    assert refused(foreign, "serve", "--until-idle", *where[:-1])


def test_on_a_public_chain_they_are_refused_whatever_is_asked(foreign):
    with AnvilNode(NodeSettings(chain_id=1)) as tunnel:
        ran = foreign.settle("run", SCENARIO, "--chain", tunnel.url, "--allow-development-keys")
        assert ran.code == 2
        assert "sign for no public chain, and 1 is Ethereum" in ran.sentence
        assert Rpc(tunnel.url).call("eth_blockNumber", []) == "0x0"


def test_one_kind_of_key_is_chosen(foreign):
    both = ("--allow-development-keys", "--keystore", foreign.keys)
    assert "choose one of" in refused(foreign, "run", SCENARIO, "--chain", foreign.node.url, *both)
