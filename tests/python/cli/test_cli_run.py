"""Runs: the document, the figures, and what a failed expectation looks like."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from settlement.chain.node import AnvilNode, NodeSettings
from settlement.chain.rpc import Rpc, RpcError
from settlement.cli import bench, runs
from settlement.cli.output import complain
from settlement.reports.tables import key_value_table, make_console
from settlement.scenarios.load import shipped_scenarios


def test_interbank_transfer_as_a_document(settle):
    document = settle.json("run", "interbank-transfer")
    assert document["scenario"] == "interbank-transfer"
    assert document["chain_id"] == 31337
    assert document["block"] > 0
    assert document["ok"] is True
    first, second = document["settlements"]
    assert (first["reference"], first["status"]) == ("payment-1", "confirmed")
    assert first["id"].startswith("0x")
    assert len(first["id"]) == len(first["transaction"]) == 66
    assert 0 < first["gas_used"] < 160_000
    assert first["legs"] == [
        {
            "giver": "harbour-trading",
            "receiver": "harbour-logistics",
            "instrument": "amber-hkd",
            "receiver_instrument": "jade-hkd",
            "amount": "3800000.00",
            "is_title": False,
        }
    ]
    assert (second["status"], second["transaction"], second["gas_used"]) == ("refused", None, None)
    assert document["positions"] == {
        "bank-amber": {"wholesale-hkd": "1200000.00"},
        "bank-jade": {"wholesale-hkd": "8800000.00"},
        "harbour-trading": {"amber-hkd": "6200000.00"},
        "harbour-logistics": {"jade-hkd": "3800000.00"},
    }
    assert all(check["ok"] is True and check["name"] for check in document["checks"])
    assert settle.left_running() == []


def test_a_bill_s_reference_of_digits_is_no_number(settle, shipped, tmp_path):
    file = tmp_path / "digits.yaml"
    file.write_text(shipped("ebl-dvp").replace("OCLN20251113001", "00123456"), "utf-8")
    said = settle.ok("run", file).out
    assert ": 00123456 ocean-bills" in said
    assert "123,456 ocean-bills" not in said


def test_the_green_bond_s_secondary_trade_has_its_cash(settle):
    document = settle.json("run", "green-bond-2023")
    trade = next(item for item in document["settlements"] if item["reference"] == "secondary")
    assert {leg["instrument"]: leg["amount"] for leg in trade["legs"]} == {
        "hk-green-2023": "100000000",
        "cobalt-hkd": "100787534.25",
    }
    assert trade["terms"]["clean_price"] == "99.80"


def test_the_green_bond_s_accrued_interest_is_in_the_document(settle):
    document = settle.json("run", "green-bond-2023")
    trade = next(item for item in document["settlements"] if item["reference"] == "secondary")
    assert trade["priced"] == [
        {
            "leg": 1,
            "bond": "hk-green-2023",
            "nominal": "100000000",
            "clean_price": "99.80",
            "settlement_date": "2023-05-16",
            "clean_amount": "99800000.00",
            "accrued_interest": "987534.25",
            "cash": "100787534.25",
        }
    ]


def test_the_green_bond_s_accrued_interest_is_the_contract_s_too(settle):
    checks = settle.json("run", "green-bond-2023")["checks"]
    assert any(
        "accrued interest of secondary is 987,534.25 by the bond's contract" in check["name"] and check["ok"]
        for check in checks
    )


def test_failures_shows_every_refusal_and_moves_nothing_by_it(settle):
    steps = settle.json("run", "failures")["steps"]
    refused = {name for step in steps for name in step["refused"]}
    assert len(refused) >= 5
    assert all(step["ok"] for step in steps)


def test_a_file_by_its_path(settle, shipped, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(shipped("interbank-transfer").replace("scenario: interbank-transfer", "scenario: mine"), "utf-8")
    assert settle.json("run", file)["scenario"] == "mine"


@pytest.fixture
def disappointed(shipped, tmp_path):
    """A scenario that ends with one cent more than it says."""
    text = shipped("interbank-transfer")
    head, tail = text.rsplit('harbour-logistics: {jade-hkd: "3,800,000.00"}', 1)
    file = tmp_path / "disappointed.yaml"
    file.write_text(f'{head}harbour-logistics: {{jade-hkd: "3,799,999.99"}}{tail}', "utf-8")
    return file


def test_an_expectation_that_is_not_met_is_named(settle, disappointed):
    ran = settle("run", disappointed)
    assert ran.code == 1
    assert "at the end: harbour-logistics has 3,799,999.99 jade-hkd" in ran.sentence
    assert settle.left_running() == []


def test_an_expectation_that_is_not_met_is_in_the_document(settle, disappointed):
    ran = settle("run", disappointed, "--json")
    assert ran.code == 1
    assert ran.document["ok"] is False
    failed = [check for check in ran.document["checks"] if not check["ok"]]
    assert [check["name"] for check in failed] == ["at the end: harbour-logistics has 3,799,999.99 jade-hkd"]
    assert "3,800,000.00" in failed[0]["detail"]


def test_the_demo_as_a_document(settle, monkeypatch):
    """That all of them run is for the test of scripts/demo; here one stands for them."""
    (one,) = (each for each in shipped_scenarios() if each.name == "interbank-transfer")
    monkeypatch.setattr(runs, "shipped_scenarios", lambda: (one,))
    monkeypatch.setenv("SETTLEMENT_HOME", str(settle.home))
    ran = CliRunner().invoke(runs.app, ["demo", "--json"])
    document = json.loads(ran.stdout)
    assert (ran.exit_code, document["ok"]) == (0, True)
    assert [run["scenario"] for run in document["runs"]] == ["interbank-transfer"]
    assert settle.left_running() == []


def test_no_escape_codes_where_there_is_no_terminal(settle):
    ran = settle.ok("run", "interbank-transfer", TERM="xterm-256color")
    assert "\x1b" not in ran.out + ran.err


def test_what_others_call_things_is_text_on_a_terminal_and_nothing_more(capsys):
    make_console().print(key_value_table([("journal", "\x1b[2J\x1b]0;owned\x07"), ("title", "\u202eon the left")]))
    complain("error: the node said \x1b[31mred\r\u2066")
    out, err = capsys.readouterr()
    assert r"journal  \x1b[2J\x1b" in out  # As much of it as it was thought to be wide.
    assert r"\u202eon" in out
    assert err == "error: the node said \\x1b[31mred\\r\\u2066\n"
    assert not any(unseen in out + err for unseen in "\x1b\x07\r\u202e\u2066")


def test_a_nodes_word_is_one_line():
    error = RpcError(-32000, "\x1b[2Jno\nsettled, all is well")
    assert str(error) == r"the node answered error -32000: \x1b[2Jno\nsettled, all is well"
    assert error.message == r"\x1b[2Jno\nsettled, all is well"


def test_on_a_chain_at_a_url(settle):
    with AnvilNode() as node:
        assert settle.json("run", "interbank-transfer", "--chain", node.url)["ok"] is True
        assert int(Rpc(node.url).call("eth_blockNumber", []), 16) > 10


def test_twice_on_a_chain_at_a_url(settle):
    with AnvilNode() as node:
        first = settle.json("run", "interbank-transfer", "--chain", node.url)
        second = settle.json("run", "interbank-transfer", "--chain", node.url)
    assert first["positions"] == second["positions"]
    assert first["settlements"][0]["id"] != second["settlements"][0]["id"]


def test_a_chain_with_the_wrong_id_is_left_alone(settle):
    with AnvilNode(NodeSettings(chain_id=1337)) as node:
        ran = settle("run", "interbank-transfer", "--chain", node.url, "--chain-id", "31337")
        assert Rpc(node.url).call("eth_blockNumber", []) == "0x0"
    assert ran.code == 2
    assert "1337" in ran.sentence
    assert "31337 was expected" in ran.sentence


def test_a_chain_with_the_right_id_is_used(settle):
    with AnvilNode(NodeSettings(chain_id=1337)) as node:
        document = settle.json("run", "interbank-transfer", "--chain", node.url, "--chain-id", "1337")
    assert (document["chain_id"], document["ok"]) == (1337, True)


@pytest.mark.parametrize("over", [0, 1])
def test_gas_above_a_budget_is_no_success(monkeypatch, over):
    """What is measured is within them where README's command, which a test runs, succeeds."""
    budgets = {"dvp_same_bank": 120_000, "dvp_cross_bank": 160_000, "dvp_cross_bank_batch_200": 45_000}
    for name in budgets:
        figures = budgets | {name: budgets[name] + over}
        monkeypatch.setattr("settlement.cli.bench.gas_figures", lambda say, figures=figures: figures)
        done = CliRunner().invoke(bench.app, ["gas", "--json"])
        assert (done.exit_code, json.loads(done.stdout)["within_budgets"]) == (over, not over), name
