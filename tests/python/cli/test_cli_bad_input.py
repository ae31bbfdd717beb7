"""What is wrong is said in one sentence, with the right exit code, and nothing is left running."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from settlement.chain.node import AnvilNode, NodeSettings, find_anvil

CHECKOUT = Path(__file__).resolve().parents[3]
AMOUNT = 'amount: "3,800,000.00"'
CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
LONG = "x" * 300


def refused(settle, code, *arguments, **environment):
    """Runs it; it has to end with this code and one sentence, which is returned."""
    ran = settle(*arguments, **environment)
    assert ran.code == code, ran.err
    assert settle.left_running() == []
    return ran.sentence


FILES = {
    "not-yaml": ("interbank-transfer", "parties:", "parties: [", "YAML"),
    "too-many-decimals": ("interbank-transfer", AMOUNT, 'amount: "3,800,000.001"', "3,800,000.001"),
    "negative": ("interbank-transfer", AMOUNT, 'amount: "-3,800,000.00"', "-3,800,000.00"),
    "zero": ("interbank-transfer", AMOUNT, 'amount: "0.00"', "0.00"),
    "not-a-number": ("interbank-transfer", AMOUNT, 'amount: "many"', "many"),
    "unknown-party": ("interbank-transfer", "to: harbour-logistics", "to: harbor-logistics", "harbor-logistics"),
    "unknown-instrument": ("interbank-transfer", "instrument: amber-hkd", "instrument: ambre-hkd", "ambre-hkd"),
    "wrong-checksum": (
        "interbank-transfer",
        "{name: Harbour Logistics Ltd (fictitious), roles: [corporate]}",
        f"{{name: Harbour Logistics, roles: [corporate], address: '{CHECKSUMMED.replace('aA', 'AA')}'}}",
        "checksum",
    ),
    "bad-isin": ("green-bond-2023", "isin: HK0FICT20231\n    currency", "isin: HK0FICT20232\n    currency", "ISIN"),
    "unknown-field": ("interbank-transfer", "title:", "titel:", "titel"),
}


@pytest.mark.parametrize("fault", FILES)
def test_a_file_with_a_fault(settle, shipped, tmp_path, fault):
    scenario, before, after, word = FILES[fault]
    text = shipped(scenario)
    assert before in text
    file = tmp_path / "faulty.yaml"
    file.write_text(text.replace(before, after, 1), "utf-8")
    sentence = refused(settle, 2, "run", file)
    assert word.lower() in sentence.lower()
    assert "faulty.yaml:" in sentence


def test_a_file_with_a_right_address_is_no_fault(settle, shipped, tmp_path):
    """What the fault above differs from."""
    _, before, after, _ = FILES["wrong-checksum"]
    text = shipped("interbank-transfer").replace(before, after.replace("AA", "aA", 1))
    assert CHECKSUMMED in text
    file = tmp_path / "right.yaml"
    file.write_text(text, "utf-8")
    assert settle.json("run", file)["ok"] is True


def test_a_file_that_is_not_there(settle):
    assert "there is no such file" in refused(settle, 2, "run", "nowhere.yaml")


def test_a_register_nested_too_deeply(settle, tmp_path):
    file = tmp_path / "deep.json"
    file.write_text("[" * 200_000)
    assert "deep.json: this is nested deeper than" in refused(settle, 2, "bond", "import", file)


def test_a_number_in_a_register_that_is_no_whole_one(settle, tmp_path):
    """JSON files are read without rounding such a number, which leaves it no number of Python's."""
    file = tmp_path / "fraction.json"
    file.write_text('{"digest": "0x", "supply": 1.5}')
    assert "fraction.json" in refused(settle, 2, "bond", "import", file)


def test_an_unknown_scenario_is_answered_with_the_one_meant(settle):
    assert "did you mean 'interbank-transfer'" in refused(settle, 2, "run", "interbank-transfr")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("run", "failures", "--nope"), "--nope"),
        (("up", "--port", "0"), "--port"),
        (("run",), "scenario"),
        (("nope",), "nope"),
    ],
    ids=["option", "value", "argument", "command"],
)
def test_a_command_line_that_cannot_be_read(settle, arguments, word):
    assert word in refused(settle, 2, *arguments)


# ---- chains ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def silent():
    """A port on which somebody listens and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def website():
    """The URL of something that is no chain."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_chain_that_is_not_there(settle):
    with socket.socket() as bound:  # bound and not listening: nobody else gets it, and it refuses
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        assert "connection refused" in refused(settle, 3, "run", "interbank-transfer", "--chain", url)


def test_something_that_is_no_chain(settle, website):
    assert "not JSON-RPC" in refused(settle, 3, "run", "interbank-transfer", "--chain", website)


@pytest.mark.parametrize("url", ["localhost:8545", "ftp://127.0.0.1", "http://", "nonsense"])
def test_something_that_is_no_url(settle, url):
    assert "http://HOST:PORT" in refused(settle, 2, "run", "interbank-transfer", "--chain", url)


def test_credentials_in_a_url_are_not_shown(settle, website):
    url = website.replace("http://", "http://user:hidden-word@")
    assert "hidden-word" not in refused(settle, 3, "run", "interbank-transfer", "--chain", url)


def test_a_chain_with_another_id(settle):
    with AnvilNode(NodeSettings(chain_id=1337)) as node:
        sentence = refused(settle, 2, "run", "interbank-transfer", "--chain", node.url, "--chain-id", "1")
    assert "has id 1337, and 1 was expected" in sentence


@pytest.mark.parametrize("command", [("up",), ("run", "interbank-transfer")], ids=["up", "run"])
def test_a_port_in_use(settle, silent, command):
    assert f"port {silent} is in use" in refused(settle, 2, *command, "--port", str(silent))


@pytest.mark.parametrize("command", [("up",), ("run", "interbank-transfer"), ("demo",), ("bench", "gas")], ids=" ".join)
def test_without_anvil(settle, command):
    assert "SETTLEMENT_ANVIL" in refused(settle, 3, *command, SETTLEMENT_ANVIL="/nonexistent")


def test_an_anvil_that_ends_at_once(settle):
    assert "anvil ended at once" in refused(
        settle, 3, "run", "interbank-transfer", SETTLEMENT_ANVIL=shutil.which("false")
    )


def test_a_home_below_a_file(settle, tmp_path):
    (tmp_path / "file").write_text("")
    assert "SETTLEMENT_HOME" in refused(settle, 2, "up", SETTLEMENT_HOME=str(tmp_path / "file" / "home"))


def test_stale_contracts_without_a_compiler(settle, tmp_path):
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("py", "contracts"):
        shutil.copytree(CHECKOUT / folder, copy / folder, ignore=ignored)
    for file in ("foundry.toml", "package.json", "package-lock.json", "scripts/solc", "build/contracts.json"):
        (copy / file).parent.mkdir(exist_ok=True)
        shutil.copy2(CHECKOUT / file, copy / file)
    source = next(iter(sorted((copy / "contracts").rglob("*.sol"))))
    source.write_text(source.read_text("utf-8") + "\n// newer than what was compiled\n", "utf-8")
    (tmp_path / "bin").mkdir()
    ran = settle.program(
        sys.executable,
        "-m",
        "settlement.cli",
        "run",
        "interbank-transfer",
        PYTHONPATH=str(copy / "py"),
        PATH=str(tmp_path / "bin"),
        SETTLEMENT_ANVIL=str(find_anvil()),
    )
    assert ran.code == 2
    assert "scripts/setup" in ran.sentence
    assert settle.left_running() == []


# ---- paths -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("journal", "verify", LONG),
        ("queue", "--journal", LONG),
        ("queue", "--network", LONG, "--journal", LONG),
        ("run", LONG),
        ("keys", "list", "--keystore", LONG),
        ("keys", "new", "bank-amber", "--password-file", LONG),
        ("ebl", "verify", LONG),
    ],
    ids=lambda words: " ".join(words).replace(LONG, "…"),
)
def test_a_name_that_is_longer_than_the_system_takes_is_told(settle, arguments):
    assert "a fault in this program" not in refused(settle, 2, *arguments)


# ---- a journal on a server -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "url", "told"),
    [
        (3, "postgresql://somebody:secret@127.0.0.1:1/journal", "does not answer: its server is not there"),
        (2, "postgresql://somebody:secret@/journal", "names no host or no database"),
        (2, "mysql://somebody:secret@127.0.0.1/journal", "not mysql://"),
    ],
)
def test_a_journal_that_cannot_be_opened_is_told_without_the_password(settle, code, url, told):
    sentence = refused(settle, code, "journal", "verify", url)
    assert told in sentence
    assert "secret" not in sentence


# ---- --json ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, ("run", "nonesuch")),
        (2, ("run", "nowhere.yaml")),
        (2, ("run", "interbank-transfer", "--chain", "nonsense")),
        (3, ("run", "interbank-transfer", "--chain", "http://127.0.0.1:1")),
        (3, ("journal", "verify", "postgresql://somebody@127.0.0.1:1/journal")),
        (2, ("positions",)),
        (2, ("show", "0x12")),
        (2, ("run", "interbank-transfer", "--nope")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_an_error_is_one_json_document_too(settle, code, arguments):
    ran = settle(*arguments, "--json")
    assert ran.code == code
    document = json.loads(ran.out)
    assert document["ok"] is False
    assert document["error"]["message"]


def test_an_error_in_a_file_is_placed_in_the_document(settle, shipped, tmp_path):
    file = tmp_path / "faulty.yaml"
    file.write_text(shipped("interbank-transfer").replace("title:", "titel:", 1), "utf-8")
    location = settle("run", file, "--json").document["error"]["location"]
    assert (location["file"], location["line"], location["field"]) == (str(file), 2, "titel")


def test_an_error_with_json_is_one_sentence_for_people_too(settle):
    assert "nonesuch" in settle("run", "nonesuch", "--json").sentence
