"""The queue by command: submit, serve, look, try again, cancel, reconcile."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import struct
import sys
import urllib.request
from pathlib import Path

import pytest

from settlement.chain.rpc import Rpc

SETTLE = Path(sys.executable).with_name("settle")
DEADLINE = "2099-12-31T18:00:00+08:00"


def payment(reference, amount="1.00", **more):
    """Harbour Trading pays Harbour Logistics at the other bank."""
    leg = {"from": "harbour-trading", "to": "harbour-logistics", "instrument": "amber-hkd", "to_instrument": "jade-hkd"}
    return {"id": reference, "legs": [leg | {"amount": amount}], "deadline": DEADLINE} | more


def written(path, *lines):
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
    return path


@pytest.fixture(scope="module")
def up(tmp_path_factory, settle_in):
    """A chain that is up, with the interbank transfer's parties and instruments on it; Amber Bank has 1,200,000.00."""
    with settle_in(tmp_path_factory.mktemp("service")) as command:
        command.ok("up")
        command.ok("run", "interbank-transfer")
        yield command
        command.ok("down", "--forget")


def status_of(up, reference):
    return up.json("show", reference)["status"]


def test_what_is_submitted_is_settled_by_serve(up, tmp_path):
    file = written(tmp_path / "one.jsonl", payment("S-1"), "", payment("S-2"))
    assert up.json("submit", file) == {"new": 2, "known": 0, "skipped": []}
    up.ok("serve", "--until-idle")
    assert [status_of(up, key) for key in ("S-1", "S-2")] == ["confirmed", "confirmed"]
    assert up.json("reconcile")["differences"] == []


def test_the_same_file_again_changes_nothing(up, tmp_path):
    file = written(tmp_path / "again.jsonl", payment("A-1"), payment("A-1"))
    assert up.json("submit", file) == {"new": 1, "known": 1, "skipped": []}
    assert up.json("submit", file) == {"new": 0, "known": 2, "skipped": []}


def test_other_terms_under_a_known_id_are_refused_and_name_the_field(up, tmp_path):
    up.ok("submit", written(tmp_path / "a.jsonl", payment("O-1")))
    ran = up("submit", written(tmp_path / "b.jsonl", payment("O-9"), payment("O-1", "2.00")))
    assert ran.code == 2
    assert re.search(r"b\.jsonl:2: reference 'O-1' is taken by other terms: .*amount", ran.sentence)
    assert "unknown" in up("show", "O-9").sentence


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", r":2: is not a JSON object"),
        ("[]", r":2: an object in braces is expected"),
        ('{"id": "X", "id": "Y"}', r":2 \(id\): the key 'id' is there twice"),
        (payment("X", "1.001"), r":2 \(legs\.0\): amount '1\.001' has 3 decimals"),
        (payment("X", terms={"rate": 0.5}), r":2: the number 0\.5 has no exact form"),
        (payment("X", deadline="tomorrow"), r":2 \(deadline\): 'tomorrow' is no time with an offset"),
        (payment("X", priority=10), r":2 \(priority\): input should be less than or equal to 9"),
        (payment("X", colour="red"), r":2 \(colour\): there is no such field; allowed: consents, deadline, id, legs"),
        (payment("X\x1b[31m"), r":2 \(id\): text of 1 to 64 characters, none of them a control"),
        (payment("X", partial_lot="half"), r":2 \(partial_lot\): amount 'half' is not a decimal number"),
        (payment("X", settlement_date="soon"), r":2 \(settlement_date\): 'soon' is no day"),
    ],
    ids=lambda value: None if isinstance(value, str) and value.startswith(":") else "line",
)
def test_a_bad_line_is_named_and_nothing_of_the_file_is_taken(up, tmp_path, line, told):
    reference = f"G-{abs(hash(told))}"
    ran = up("submit", written(tmp_path / "bad.jsonl", payment(reference), line))
    assert ran.code == 2
    assert re.search(told, ran.sentence), ran.sentence
    assert "unknown" in up("show", reference).sentence


def test_with_keep_going_bad_lines_are_told_and_left_out(up, tmp_path):
    file = written(tmp_path / "mixed.jsonl", "nonsense", payment("K-1"), payment("K-2", "x"))
    ran = up("submit", file, "--keep-going", "--json")
    assert ran.code == 1
    assert (ran.document["new"], [fault["line"] for fault in ran.document["skipped"]]) == (1, [1, 3])


def test_a_file_that_is_not_there_is_bad_input(up, tmp_path):
    ran = up("submit", tmp_path / "none.jsonl")
    assert (ran.code, "cannot be read: No such file" in ran.sentence) == (2, True)


THROUGH_PIPES = {
    "standard-input": "cat one | {settle} submit /dev/stdin --json",
    "dash": "cat one | {settle} submit - --json",
    "named": "mkfifo pipe; cat one >pipe & {settle} submit pipe --json",
}


@pytest.mark.parametrize("given", THROUGH_PIPES)
def test_what_comes_through_a_pipe_is_taken_in_whole(up, tmp_path, given):
    written(tmp_path / "one", payment(f"P-{given}"), payment(f"P-{given}-2"))
    ran = up.program("sh", "-c", f"cd {tmp_path}; " + THROUGH_PIPES[given].format(settle=SETTLE))
    assert (ran.code, json.loads(ran.out)["new"]) == (0, 2), ran.err


def test_a_line_that_never_ends_is_bad_input(up):
    ran = up("submit", "/dev/zero", "--keep-going")
    assert (ran.code, "/dev/zero:1: a line has at most 1,000,000 bytes" in ran.sentence) == (2, True)


@pytest.mark.parametrize("command", [("submit",), ("serve", "--until-idle")])
def test_a_journal_in_a_folder_that_is_not_there_is_bad_input_and_makes_nothing(up, tmp_path, command):
    file = [written(tmp_path / "one.jsonl", payment("J-1"))] if command == ("submit",) else []
    ran = up(*command, *file, "--journal", str(tmp_path / "nowhere" / "j.sqlite"))
    assert ran.code == 2
    assert f"there is no folder {tmp_path / 'nowhere'}" in ran.sentence
    assert not (tmp_path / "nowhere").exists()


def test_nothing_is_left_beside_a_file_that_is_no_journal(up, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("not a journal " * 100, "utf-8")
    assert up("serve", "--until-idle", "--journal", str(other)).code == 2
    assert up("journal", "verify", str(other)).code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_what_cannot_settle_waits_and_is_cancelled_for_good(up, tmp_path):
    up.ok("submit", written(tmp_path / "much.jsonl", payment("C-1", "9,000,000.00")))
    up.ok("serve", "--until-idle")
    (row,) = [row for row in up.json("queue", "--status", "pending")["rows"] if row["reference"] == "C-1"]
    assert "Instrument_InsufficientFree" in row["detail"]
    assert up.json("retry", "C-1") == {"ready": [row["instruction_id"]]}
    up.ok("cancel", "C-1", "--by", "harbour-trading", "--reason", "too much")
    up.ok("serve", "--until-idle")
    assert status_of(up, "C-1") == "cancelled"
    assert up("cancel", "C-1", "--by", "harbour-trading", "--reason", "again").code == 1
    assert up("retry", "C-1").code == 1
    assert up.json("reconcile")["differences"] == []


def test_only_a_party_of_its_own_cancels(up, tmp_path):
    up.ok("submit", written(tmp_path / "own.jsonl", payment("N-1")))
    ran = up("cancel", "N-1", "--by", "bank-jade", "--reason", "no")
    assert (ran.code, "is no party to 'N-1'; these are: harbour-trading, harbour-logistics" in ran.sentence) == (
        2,
        True,
    )


def test_retry_wants_names_or_all(up):
    assert up("retry").code == 2
    assert up("retry", "--all", "X").code == 2
    assert "'X-404' is not in this queue" in up("retry", "X-404").sentence


def hang_up_after(question, port):
    """As a probe that only looks whether somebody is there."""
    asking = socket.create_connection(("127.0.0.1", port))
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asking.sendall(question)
    asking.close()


def test_serve_answers_on_loopback_and_stops_on_a_signal(up):
    process = up.start("serve")
    try:
        first = json.loads(process.stderr.readline())
        while first["event"] != "serving":
            first = json.loads(process.stderr.readline())

        def asked(path):
            with urllib.request.urlopen(first["url"] + path, timeout=10) as answer:  # noqa: S310 - loopback
                return answer.read().decode()

        assert json.loads(asked("/health")) == {"status": "alive"}
        for question in (b"", b"GET /metrics HTTP/1.0\r\n\r\n"):
            hang_up_after(question, int(first["url"].rpartition(":")[2]))
        metrics = asked("/metrics")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "stopped; " in out
    assert all(json.loads(line)["level"] != "error" for line in err.splitlines())
    for name in ("settlement_queue_depth", "settlement_queue_oldest_age_seconds", "settlement_chain_lag_blocks"):
        assert f"\n{name} " in metrics
    assert "settlement_settled_total" in metrics


def test_a_network_in_a_file_is_served_from_a_journal_of_its_own(up, tmp_path):
    file, journal = tmp_path / "network.json", tmp_path / "journal.sqlite"
    file.write_text(up.ok("network").out, "utf-8")
    where = ("--network", file, "--journal", journal)
    up.ok("submit", written(tmp_path / "own.jsonl", payment("J-1", nonce=70_001)), *where)
    up.ok("serve", "--until-idle", *where)
    assert up.json("queue", "--status", "confirmed", *where)["rows"][0]["reference"] == "J-1"


def test_a_network_without_its_journal_is_refused(up, tmp_path):
    file = tmp_path / "network.json"
    file.write_text(up.ok("network").out, "utf-8")
    assert "name its journal too" in up("queue", "--network", file).sentence


def test_a_journal_of_another_chain_is_refused(up, tmp_path):
    file, journal = tmp_path / "network.json", tmp_path / "journal.sqlite"
    file.write_text(up.ok("network").out, "utf-8")
    where = ("--network", file, "--journal", journal)
    up.ok("submit", written(tmp_path / "o.jsonl", payment("W-1", nonce=80_001)), *where)
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE journal SET genesis_hash = ?", ("0x" + "1" * 64,))
    connection.close()
    ran = up("serve", "--until-idle", *where)
    assert (ran.code, "belongs to another chain" in ran.sentence) == (2, True)


def test_a_difference_is_listed(up, tmp_path):
    file, journal = tmp_path / "network.json", tmp_path / "journal.sqlite"
    file.write_text(up.ok("network").out, "utf-8")
    where = ("--network", file, "--journal", journal)
    up.ok("submit", written(tmp_path / "d.jsonl", payment("D-1", nonce=90_001)), *where)
    up.ok("serve", "--until-idle", *where)
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE queue SET status = 'pending', state = 1")
    connection.close()
    ran = up("reconcile", "--json", *where)
    assert ran.code == 1
    assert any("'D-1'" in told and "journal says pending" in told for told in ran.document["differences"])


def test_every_transaction_of_the_chain_is_worked_out_again(up):
    replay = up("reconcile", "--json").document["replay"]
    assert replay["transactions"] > replay["instructions"] > 0
    assert replay["balances"] >= replay["parties"] > 0
    assert (replay["by_events"], replay["titles"]) == (0, 0)


def test_a_balance_that_no_transaction_explains_is_listed(up):
    description = json.loads(up.ok("network").out)
    rpc, directory = Rpc(description["url"]), description["directory"]
    holder = directory["parties"]["harbour-logistics"]
    contract = directory["instruments"]["jade-hkd"]["address"]
    slots = [rpc.call("web3_sha3", [f"0x{int(holder, 16):064x}{position:064x}"]) for position in range(24)]
    found = {slot: int(rpc.call("eth_getStorageAt", [contract, slot, "latest"]), 16) for slot in slots}
    (slot,) = (slot for slot, word in found.items() if word)
    snapshot = rpc.call("evm_snapshot", [])
    rpc.call("anvil_setStorageAt", [contract, slot, f"0x{found[slot] + 1:064x}"])
    ran = up("reconcile", "--json")
    rpc.call("evm_revert", [snapshot])
    assert ran.code == 1
    balance = found[slot] % 2**96
    by_the_rules = [told for told in ran.document["differences"] if "by the rules" in told]
    assert by_the_rules == [f"harbour-logistics has {balance + 1} of jade-hkd, and by the rules {balance}"]


def test_logs_are_json_lines_that_name_the_instruction(up, tmp_path):
    up.ok("submit", written(tmp_path / "l.jsonl", payment('L-1 "quoted"', terms={"note": "x"})))
    told = up.ok("serve", "--until-idle").err
    events = [json.loads(line) for line in told.splitlines()]
    assert all({"at", "level", "logger", "event"} <= set(event) for event in events)
    assert up.json("show", 'L-1 "quoted"')["id"] in {
        each for event in events for each in event.get("instruction_ids", [])
    }
