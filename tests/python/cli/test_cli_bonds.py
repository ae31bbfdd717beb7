"""Bonds on the chain that is up: register, schedule, terms and payments by command."""

from __future__ import annotations

import hashlib
import json

import pytest

from settlement.scenarios.load import LIBRARY


@pytest.fixture
def bond(settle):
    """The chain that is up, after a bond was issued, traded and paid its first coupon."""
    settle.ok("up", "--start", "2023-02-15")
    yield settle
    settle("down", "--forget")


def cut(tmp_path, before):
    """The shipped scenario up to a step, without what is expected at the end."""
    text = (LIBRARY / "hksar-2023.yaml").read_text("utf-8")
    path = tmp_path / "cut.yaml"
    path.write_text(text[: text.index(before)], "utf-8")
    return str(path)


def test_register_schedule_terms_and_a_payment(bond, tmp_path):
    bond.ok("run", cut(tmp_path, "  - name: The second coupon, in pages of two holders"))
    now = bond.json("bond", "register", "hk-green-2023")
    holdings = {line["holder"]: line["nominal"] for line in now["holders"]}
    assert holdings == {
        "north-custody": "250000000",
        "east-custody": "150000000",
        "south-custody": "300000000",
        "west-insurance": "100000000",
    }
    assert now["total"] == "800000000"
    assert bond.json("bond", "register", "hk-green-2023", "--coupon", "1")["holders"] == now["holders"]
    assert bond.json("bond", "register", "hk-green-2023", "--at", "2023-08-15")["holders"] == now["holders"]
    issued = bond.json("bond", "register", "hk-green-2023", "--at", "2023-02-16T12:00:00+08:00")
    assert issued["total"] == "800000000"
    assert issued["holders"] != now["holders"]
    assert bond.json("bond", "register", "hk-green-2023", "--at", "2023-02-14")["holders"] == []
    wrong = bond("bond", "register", "hk-green-2023", "--at", "14/02/2023")
    assert (wrong.code, "neither a day such as" in wrong.err) == (2, True)
    movements = bond.json("bond", "history", "hk-green-2023", "--holder", "south-custody")["movements"]
    last = [
        each[f"{side}_after"] for each in movements for side in ("giver", "receiver") if each[side] == "south-custody"
    ]
    assert last[-1] == holdings["south-custody"]
    assert "south-custody" in bond.ok("bond", "history", "hk-green-2023").out
    lines = bond.ok("bond", "register", "hk-green-2023", "--csv").out.splitlines()
    assert lines[0] == "holder,address,nominal"
    assert len(lines) == 5

    coupons = bond.json("bond", "schedule", "hk-green-2023")["coupons"]
    assert [coupon["payment_date"] for coupon in coupons] == ["2023-08-16", "2024-02-16"]
    assert coupons[0]["payment"] == {
        "opened": True, "complete": True, "due": "16066849.32", "paid": "16066849.32", "set_aside": "0.00",
    }  # fmt: skip
    assert coupons[1]["payment"]["opened"] is False
    (principal,) = bond.json("bond", "schedule", "hk-green-2023")["principal"]
    assert (principal["what"], principal["payment_date"]) == ("redemption", "2024-02-16")
    assert principal["payment"]["opened"] is False
    for what in (("coupon", "3"), ("repayment", "1"), ("early-redemption", "1")):
        unknown = bond("bond", "pay", "hk-green-2023", *what)
        assert (unknown.code, "is not in the schedule" in unknown.err) == (2, True), unknown.err
    future = bond("bond", "register", "hk-green-2023", "--at", "2099-01-01")
    assert (future.code, "has not passed" in future.err) == (1, True)

    flows = bond.json("bond", "plot", "hk-green-2023")["cash_flows"]
    assert [flow["interest"] for flow in flows] == ["16066849.32", "16333150.68"]
    assert [flow["principal"] for flow in flows] == ["0.00", "800000000.00"]
    held = bond.json("bond", "plot", "hk-green-2023", "--holdings")
    assert held["times"] == ["2023-08-15", "2024-02-15", "2024-02-16"]
    assert held["holdings"]["south-custody"] == ["300000000"] * 3
    for name, begins in (("flows.svg", b"<?xml"), ("flows.png", bytes.fromhex("89504e47"))):
        bond.ok("bond", "plot", "hk-green-2023", "--to", str(tmp_path / name))
        assert (tmp_path / name).read_bytes().startswith(begins)
    bond.ok("bond", "plot", "hk-green-2023", "--holdings", "--to", str(tmp_path / "held.svg"))
    assert bond("bond", "plot", "hk-green-2023", "--to", str(tmp_path / "flows.gif")).code == 2

    paid = bond.json("bond", "pay", "hk-green-2023", "coupon", "2", "--page", "1")
    assert (paid["due"], paid["paid"], paid["complete"]) == ("16333150.68", "16333150.68", True)
    again = bond.json("bond", "pay", "hk-green-2023", "coupon", "2")
    assert again["paid"] == "16333150.68", "nobody is paid twice"


def test_what_was_set_aside_is_claimed_once_the_holder_is_free(bond, tmp_path):
    bond.ok("run", cut(tmp_path, "  - name: It claims what was set aside"))
    done = bond.json("bond", "claim", "hk-green-2023", "coupon", "1")
    assert [(each["holder"], each["amount"], each["paid"]) for each in done["claims"]] == [
        ("west-insurance", "2008356.17", True)
    ]
    assert bond.json("bond", "claim", "hk-green-2023", "coupon", "1")["claims"] == []
    coupon = bond.json("bond", "schedule", "hk-green-2023")["coupons"][0]["payment"]
    assert (coupon["paid"], coupon["set_aside"]) == ("16066849.32", "0.00")


def test_verify_tells_the_field_in_which_file_and_chain_differ(bond, tmp_path):
    bond.ok("run", cut(tmp_path, "  - name: Each holder's account"))
    assert bond.json("bond", "verify", "hk-green-2023", "hksar-2023")["matches"] is True
    text = (LIBRARY / "hksar-2023.yaml").read_text("utf-8").replace("coupon: 4.05%\n", "coupon: 4.06%\n")
    other = tmp_path / "other.yaml"
    other.write_text(text, "utf-8")
    ran = bond("bond", "verify", "hk-green-2023", str(other), "--json")
    assert ran.code == 1
    hashes, *differences = json.loads(ran.out)["differences"]
    assert hashes["field"] == "terms_hash"
    assert differences == [
        {"field": f"coupon {number}: rate", "file": "4.0600%", "chain": "4.0500%"} for number in (1, 2)
    ]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("register", "amber-hkd"), "amber-hkd is a tokenized-deposit; bonds of this run: hk-green-2023"),
        (("register", "no-bond"), "instrument 'no-bond' is unknown"),
        (("register", "hk-green-2023", "--coupon", "3"), "coupon 3 is not in the schedule; allowed: 1 to 2"),
        (("register", "hk-green-2023", "--csv", "--json"), "not both"),
        (("verify", "hk-green-2023", "ebl-dvp"), "ebl-dvp has no bond 'hk-green-2023'; allowed: none"),
    ],
)
def test_bad_input_is_told_in_a_sentence(bond, tmp_path, command, told):
    bond.ok("run", cut(tmp_path, "  - name: Each holder's account"))
    ran = bond("bond", *command)
    assert ran.code == 2
    assert told in ran.err


def test_what_may_not_be_paid_yet_is_refused(bond, tmp_path):
    bond.ok("run", cut(tmp_path, "  - name: A coupon is not paid before its day"))
    ran = bond("bond", "pay", "hk-green-2023", "coupon", "1")
    assert ran.code == 1
    assert "coupon 1 is paid from" in ran.err


def test_a_bond_with_dates_of_its_own_needs_a_clock_that_is_not_past_them(settle):
    settle.ok("up")
    try:
        ran = settle("run", "hksar-2023")
        assert ran.code == 2
        assert "hk-green-2023 has dates of its own from 2023-02-15 on" in ran.err
        assert "settle up --start 2023-02-15T00:00:00" in ran.err
        assert settle("up", "--start", "2023-02-15").code == 2, "a chain that is up has its clock"
    finally:
        settle.ok("down", "--forget")


def test_a_chain_with_a_clock_of_its_own_keeps_it(bond, tmp_path):
    bond.ok("run", cut(tmp_path, "  - name: Each holder's account"))
    bond.ok("down")
    bond.ok("up")
    assert bond.json("bond", "register", "hk-green-2023")["status"] == "closing"
    ran = bond("bond", "pay", "hk-green-2023", "coupon", "1")
    assert "is paid from 2023-08-15T16:00:00Z on" in ran.err, "its clock has not gone on to this machine's"


CROWD, PAGE = 240, 2


@pytest.fixture
def crowded(settle, tmp_path):
    """The chain that is up, with a bond held by a crowd whose first coupon is due and there."""
    text = (LIBRARY / "bond-stress.yaml").read_text("utf-8")
    text = text[: text.index("  - name: The paying agent lacks a cent")]
    text = text.replace("count: 5000", f"count: {CROWD}").replace("8,332,500,000", "400,000,000")
    text = text.replace("holder-02500", "holder-00002").replace("holder-05000", f"holder-{CROWD:05}")
    text += '  - issue: {instrument: amber-hkd, to: stress-agent, amount: "7,579,178.08", reference: COUPON-1}\n'
    path = tmp_path / "crowd.yaml"
    path.write_text(text, "utf-8")
    settle.ok("up", "--start", "2024-02-05")
    settle.ok("run", str(path))
    yield settle
    settle("down", "--forget")


def test_a_payment_that_was_killed_goes_on_and_pays_nobody_twice(crowded):
    pay = ("bond", "pay", "stress-bond", "coupon", "1", "--page")

    def paid():
        coupons = crowded.json("bond", "schedule", "stress-bond")["coupons"]
        return coupons[0]["payment"]

    killed = crowded.start(*pay, str(PAGE))
    while paid()["paid"] in ("0.00", None):
        assert killed.poll() is None
    killed.kill()
    killed.communicate()
    between = paid()
    assert not between["complete"]

    ended = crowded.json(*pay, "100")
    assert ended["complete"] is True
    assert ended["due"] == "7579178.08"
    assert float(ended["paid"]) + float(ended["set_aside"]) == pytest.approx(7_579_178.08)
    again = crowded.json(*pay, "100")
    assert again == ended
    claims = crowded("bond", "claim", "stress-bond", "coupon", "1", "--json")
    assert claims.code == 1, "they are still frozen"
    assert [(each["holder"], each["paid"]) for each in claims.document["claims"]] == [
        ("holder-00001", False), ("holder-00002", False), (f"holder-{CROWD:05}", False),
    ]  # fmt: skip
    assert "Registry_PartyNotActive" in claims.document["claims"][0]["reasons"][0]
    unknown = crowded("bond", "claim", "stress-bond", "coupon", "1", "--holder", "holder-00007")
    assert (unknown.code, "nothing of coupon 1 is set aside for holder-00007" in unknown.err) == (2, True)
    nothing = crowded("bond", "claim", "stress-bond", "redemption")
    assert (nothing.code, nothing.out.strip()) == (0, "nothing is set aside")
    cash = crowded.json("positions", "--instrument", "amber-hkd")["positions"]["holder-00005"]["amber-hkd"]
    assert cash == "28421.92"


def test_disclosures_are_shown_and_a_document_is_signed_by_its_attester(settle, tmp_path):
    text = (LIBRARY / "hksar-2024.yaml").read_text("utf-8")
    scenario = tmp_path / "cut.yaml"
    scenario.write_text(text[: text.index("  # ---- 7 February 2024: primary settlement")], "utf-8")
    report = tmp_path / "report.txt"
    report.write_text("All of it was spent on trams.", "utf-8")
    settle.ok("up", "--start", "2024-02-05")
    try:
        settle.ok("run", str(scenario))
        bond, where = "hk-green-2024-hkd", "https://green-bonds.example/report"
        shown = settle.json("bond", "disclosures", bond)
        assert shown["use_of_proceeds"] == ["renewable-energy", "clean-transportation", "green-buildings"]
        assert [each["state"] for each in shown["disclosures"]] == ["published", "due", "due"]

        refused = settle("bond", "attest", bond, "2", str(report), "--uri", where, "--signed-by", "green-review")
        assert refused.code == 1
        assert "GreenDisclosure_InvalidSignature" in refused.err
        unknown = settle("bond", "attest", bond, "4", str(report), "--uri", where)
        assert (unknown.code, "allowed: 1 to 3" in unknown.err) == (2, True)
        missing = settle("bond", "attest", bond, "2", str(tmp_path / "nothing"), "--uri", where)
        assert (missing.code, "cannot be read" in missing.err) == (2, True)
        none = settle("bond", "disclosures", "hk-green-2024-cny")
        assert (none.code, "has no disclosures" in none.err) == (2, True)

        done = settle.json("bond", "attest", bond, "2", str(report), "--uri", where)
        assert done["state"] == "published"
        digest = "0x" + hashlib.sha256(report.read_bytes()).hexdigest()
        assert [(each["version"], each["document_hash"], each["uri"]) for each in done["versions"]] == [
            (1, digest, where)
        ]
        assert "allocation-report" in settle.ok("bond", "disclosures", bond).out
    finally:
        settle("down", "--forget")


def test_a_register_goes_on_at_another_platform_with_equal_holdings(settle, tmp_path):
    scenario, file = cut(tmp_path, "  - name: The second coupon, in pages of two holders"), tmp_path / "register.json"
    bond = "hk-green-2023"
    settle.ok("up", "--start", "2023-02-15")
    try:
        settle.ok("run", scenario)
        early = settle("bond", "export", bond, "--to", str(file))
        assert (early.code, "settle bond exit" in early.err, file.exists()) == (2, True, False)
        unsure = settle("bond", "exit", bond)
        assert (unsure.code, "--for-good" in unsure.err) == (2, True)
        settle.ok("bond", "exit", bond, "--for-good")
        twice = settle("bond", "exit", bond, "--for-good")
        assert (twice.code, "GreenBond_UnexpectedStatus" in twice.err) == (1, True)
        before = settle.json("bond", "register", bond)
        exported = settle.json("bond", "export", bond, "--to", str(file))
        assert exported["supply"] == before["total"] == "800000000"
        assert exported["holders"] == len(before["holders"]) == 4
        there = settle("bond", "export", bond, "--to", str(file))
        assert (there.code, "such a file already" in there.err) == (2, True)
    finally:
        settle("down", "--forget")

    settle.ok("up", "--start", "2024-02-01")
    early = settle("bond", "import", str(file))
    settle.ok("down", "--forget")
    assert (early.code, "coupons that were paid there would be paid here again" in early.err) == (2, True)

    settle.ok("up", "--start", "2024-02-17")
    try:
        for change, says in (
            (lambda text: text.replace('"nominal": 250000000', '"nominal": 250000001'), "not whole"),
            (
                lambda text: text.replace('"frozen"', '"active"').replace("hk-green-2023", "hk-green-2024"),
                "was changed",
            ),
            (lambda text: text[:-20], "no JSON"),
            (lambda text: "{}", "has no digest"),
        ):
            bad = tmp_path / "bad.json"
            bad.write_text(change(file.read_text("utf-8")), "utf-8")
            refused = settle("bond", "import", str(bad))
            assert (refused.code, says in refused.err) == (2, True), refused.err
        assert settle("bond", "register", bond).code == 2

        height, runs = settle.json("status")["block"], settle.home / "runs"
        runs.rename(settle.home / "aside")
        runs.write_text("")
        refused = settle("bond", "import", str(file))
        assert (refused.code, "runs is no folder" in refused.err, settle.json("status")["block"]) == (2, True, height)
        runs.unlink()

        imported = settle.json("bond", "import", str(file))
        assert imported["digest"] == exported["digest"]
        after = settle.json("bond", "register", bond)
        assert after["holders"] == before["holders"]
        assert after["status"] == "live"
        assert settle.json("bond", "verify", bond, "hksar-2023")["matches"] is True
        twice = settle("bond", "import", str(file))
        assert (twice.code, "goes on here already" in twice.err) == (2, True), twice.err
    finally:
        settle("down", "--forget")
