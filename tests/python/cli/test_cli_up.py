"""The chain that stays up: up, status, run, positions, show, down."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3

import pytest


@pytest.fixture
def up(settle):
    """A chain that is up, as `settle up` described it."""
    return settle.json("up")


def test_its_life(settle):
    """Up, run, down, up again with the same positions, forget."""
    started = settle.json("up")
    assert (started["started"], started["resumed"]) == (True, False)
    assert settle.json("run", "interbank-transfer")["ok"] is True
    before = settle.json("positions")
    assert settle.json("down")["stopped"] is True
    assert settle.left_running() == []
    again = settle.json("up")
    assert (again["started"], again["resumed"], again["engine"]) == (True, True, started["engine"])
    assert settle.json("positions") == before
    assert settle.json("down", "--forget") == {"stopped": True, "forgotten": True}
    assert settle.json("up")["started"] is True
    ran = settle("positions")
    assert ran.code == 2
    assert "nothing was run" in ran.sentence


def test_the_journal_can_be_verified(settle, up):
    assert settle("journal", "verify").code == 2
    settle.ok("run", "interbank-transfer")
    path = settle.home / "journal.sqlite"
    assert settle.json("journal", "verify") == {"journal": f"the journal {path}", "ok": True, "faults": []}
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE history SET detail = 'never' WHERE entry = 1")
    ran = settle("journal", "verify", path, "--json")
    assert ran.code == 1
    assert "entry 1 " in ran.document["faults"][0]


def test_up_again_finds_it_up(settle, up):
    again = settle.json("up")
    assert again == up | {"started": False}
    assert len(settle.processes()) == 1


def test_status_of_what_is_up(settle, up):
    found = settle.json("status")
    assert (found["up"], found["url"], found["pid"], found["chain_id"]) == (True, up["url"], up["pid"], 31337)
    assert found["block"] > 0


def test_status_of_nothing(settle):
    assert settle.json("status") == {"up": False}
    assert "settle up" in settle.ok("status").out


def test_down_with_nothing_up(settle):
    assert settle.json("down") == {"stopped": False, "forgotten": False}


def test_a_run_uses_the_chain_that_is_up_and_leaves_it_up(settle, up):
    before = settle.json("status")["block"]
    settle.ok("run", "interbank-transfer")
    assert settle.json("status")["block"] > before
    assert settle.processes() == [up["pid"]]


def test_a_run_on_a_chain_of_its_own_leaves_the_one_that_is_up_alone(settle, up):
    before = settle.json("status")["block"]
    settle.ok("run", "interbank-transfer", "--chain", "own")
    assert settle.json("status")["block"] == before


def test_the_same_scenario_twice(settle, up):
    first, second = settle.json("run", "green-bond-2023"), settle.json("run", "green-bond-2023")
    assert (first["ok"], second["ok"]) == (True, True)
    assert first["positions"] == second["positions"]
    assert {item["id"] for item in first["settlements"]}.isdisjoint(item["id"] for item in second["settlements"])


def test_positions_of_a_party_and_of_an_instrument(settle, up):
    run = settle.json("run", "interbank-transfer")
    assert settle.json("positions")["positions"] == run["positions"]
    assert settle.json("positions", "--party", "harbour-logistics")["positions"] == {
        "harbour-logistics": {"jade-hkd": "3800000.00"}
    }
    assert settle.json("positions", "--instrument", "wholesale-hkd")["positions"] == {
        "bank-amber": {"wholesale-hkd": "1200000.00"},
        "bank-jade": {"wholesale-hkd": "8800000.00"},
    }
    for option, word in (("--party", "party"), ("--instrument", "instrument")):
        ran = settle("positions", option, "nobody")
        assert ran.code == 2
        assert f"{word} 'nobody' is unknown" in ran.sentence


def test_positions_of_an_earlier_run(settle, up):
    settle.ok("run", "interbank-transfer")
    settle.ok("run", "ebl-dvp")
    assert "harbour-trading" in settle.json("positions", "--run", "1")["positions"]
    assert "harbour-trading" not in settle.json("positions")["positions"]
    ran = settle("positions", "--run", "7")
    assert ran.code == 2
    assert "no run 7" in ran.sentence


def test_show_tells_a_title_s_number_as_it_is(settle, up):
    settle.ok("run", "ebl-dvp")
    (title,) = [leg["amount"] for leg in settle.json("show", "shirts")["legs"] if leg["is_title"]]
    assert f": {title} ocean-bills" in settle.ok("show", "shirts").out


def test_show_by_id_by_its_beginning_and_by_reference(settle, up):
    settlement = settle.json("run", "interbank-transfer")["settlements"][0]
    shown = settle.json("show", settlement["id"])
    assert shown["id"] == settlement["id"]
    assert shown["transaction"] == settlement["transaction"]
    assert shown["legs"] == settlement["legs"]
    assert [step["status"] for step in shown["history"]] == ["instructed", "matched", "sent", "settled", "confirmed"]
    assert [consent["party"] for consent in shown["consents"]] == ["harbour-trading"]
    assert settle.json("show", settlement["id"][:12]) == shown
    assert settle.json("show", "payment-1") == shown
    for_people = settle.ok("show", "payment-1").out
    assert "harbour-trading → harbour-logistics: 3,800,000.00 amber-hkd" in for_people


def test_show_after_down(settle, up):
    settle.ok("run", "interbank-transfer")
    settle.ok("down")
    assert settle.json("show", "payment-1")["status"] == "confirmed"


def test_show_of_something_unknown(settle, up):
    settle.ok("run", "interbank-transfer")
    ran = settle("show", "0xdead")
    assert ran.code == 2
    assert "'0xdead' is unknown" in ran.sentence


def test_show_where_nothing_was_run(settle):
    ran = settle("show", "payment-1")
    assert ran.code == 2
    assert "nothing was run" in ran.sentence


def test_show_of_a_reference_of_two_runs_shows_the_newest(settle, up):
    ids = [settle.json("run", "interbank-transfer")["settlements"][0]["id"] for _ in range(2)]
    assert settle.json("show", "payment-1")["id"] == ids[1]
    assert settle.json("show", ids[0])["id"] == ids[0]


def test_up_on_a_port(settle):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert settle.json("up", "--port", str(port))["url"] == f"http://127.0.0.1:{port}"
    other = settle("up", "--port", str(port - 1))
    assert other.code == 2
    assert f"a chain is up on port {port}" in other.sentence


def test_a_damaged_record_is_said_and_down_heals_it(settle, up):
    (settle.home / "chain.json").write_text('{"format": 1, "pid": ')
    for command in (["status"], ["up"], ["positions"], ["run", "interbank-transfer"]):
        ran = settle(*command)
        assert ran.code == 2
        assert "run `settle down`" in ran.sentence
    assert settle("down").code == 0
    assert settle.json("up")["started"] is True


@pytest.fixture
def torn(settle, up):
    """The file that says where a resumable chain's contracts are, as a full disk leaves it; and what it held."""
    settle.ok("down")
    file = settle.home / "deployment.json"
    held = file.read_text()
    file.write_text("")
    return file, held


def test_no_other_contracts_are_deployed_where_nobody_knows_the_first(settle, torn):
    ran = settle("up")
    assert ran.code == 2
    assert f"{torn[0]} cannot be read (it is damaged)" in ran.sentence
    assert settle.left_running() == []


def test_a_deployment_that_is_put_back_is_used_again(settle, up, torn):
    file, held = torn
    file.write_text(held)
    assert settle.json("up")["engine"] == up["engine"]


def test_a_torn_deployment_can_be_forgotten(settle, torn):
    settle.ok("down", "--forget")
    assert settle.json("up")["started"] is True


def test_a_folder_where_the_deployment_belongs_is_said(settle):
    (settle.home / "deployment.json").mkdir(parents=True)
    for command in (["up"], ["down", "--forget"]):
        ran = settle(*command)
        assert ran.code == 2
        assert "deployment.json cannot be" in ran.sentence


def test_where_the_contracts_are_is_written_once(settle, up):
    file = settle.home / "deployment.json"
    before = file.stat()
    settle.ok("down")
    settle.ok("up")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_killed_chain_is_noticed(settle, up):
    os.kill(up["pid"], signal.SIGKILL)
    assert settle.left_running() == []
    assert settle.json("status") == {"up": False}
    ran = settle("positions")
    assert (ran.code, "the chain that was up has ended" in ran.sentence) == (3, True)
    assert settle.json("up")["started"] is True


def test_a_chain_that_was_killed_before_its_state_was_written_is_not_taken_for_the_next_one(settle, up):
    settle.ok("run", "interbank-transfer")
    os.kill(up["pid"], signal.SIGKILL)
    assert settle.left_running() == []
    (settle.home / "state.json").unlink(missing_ok=True)
    ran = settle("positions")
    assert (ran.code, "before its state was written, and what was run on it is lost" in ran.sentence) == (3, True)
    ran = settle("up")
    assert (ran.code, "settle down --forget" in ran.sentence) == (2, True)
    settle.ok("down", "--forget")
    assert settle.json("up")["started"] is True


def test_chain_up_without_a_chain(settle):
    ran = settle("run", "interbank-transfer", "--chain", "up")
    assert ran.code == 2
    assert "settle up" in ran.sentence


def test_positions_of_a_chain_that_was_taken_down(settle, up):
    settle.ok("down")
    ran = settle("positions")
    assert (ran.code, "`settle up` goes on with the one that was" in ran.sentence) == (2, True)


def test_positions_with_nothing_up(settle):
    ran = settle("positions")
    assert ran.code == 2
    assert "no chain is up: start one with `settle up`" in ran.sentence
