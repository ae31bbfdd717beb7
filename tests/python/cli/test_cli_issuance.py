"""The primary market of a bond by command: book, allocation and closing on the chain that is up."""

from __future__ import annotations

import json

import pytest

from settlement.app.bonds import open_bond
from settlement.durable.chains import ChainStore
from settlement.scenarios.load import LIBRARY

HKD, EUR = "hk-green-2025-hkd", "hk-green-2025-eur"
ORDERS = """\
investor,nominal,pays_from
bank-pearl,"900,000,000",wholesale-hkd
north-custody,"700,000,000",amber-hkd
east-custody,600000000,jade-hkd
south-fund,"300,000,000",jade-hkd
"""
CLOSE = ("--price", "100", "--into", "amber-hkd")


def started(settle, folder):
    """The chain that is up, with four tranches that are priced and not allocated."""
    text = (LIBRARY / "hksar-2025.yaml").read_text("utf-8")
    text = text[: text.index("  - name: The HK-dollar tranche is allocated")]
    path = folder / "cut.yaml"
    path.write_text(text + "  - advance: {to: 2025-11-11T09:30:00+08:00}\n", "utf-8")
    settle.ok("up", "--start", "2025-11-09")
    settle.ok("run", str(path))
    return settle


@pytest.fixture
def placing(settle, tmp_path):
    (tmp_path / "orders.csv").write_text(ORDERS, "utf-8")
    yield started(settle, tmp_path)
    settle("down", "--forget")


@pytest.fixture(scope="module")
def untouched(settle_in, tmp_path_factory):
    """The same for commands that change nothing."""
    folder = tmp_path_factory.mktemp("untouched")
    with settle_in(folder) as command:
        yield started(command, folder)
        command("down", "--forget")


def fund(settle, instrument, holder, amount):
    """What a bank does: the command line issues no money."""
    open_bond(HKD, store=ChainStore(settle.home)).network.issue(instrument, holder, amount, f"CURE-{holder}")


def nominals(settle, bond):
    return {line["holder"]: line["nominal"] for line in settle.json("bond", "register", bond)["holders"]}


def test_from_the_book_to_the_opening(placing, tmp_path):
    book = placing.json("bond", "book", HKD, "orders.csv", "--to", "checked.csv")
    assert (book["total"], book["size"], book["cover"]) == ("2500000000", "2500000000", "1.00")
    assert book["orders"][1] == {
        "investor": "north-custody", "on_behalf_of": "", "nominal": "700000000", "pays_from": "amber-hkd",
    }  # fmt: skip
    assert placing.json("bond", "book", HKD, "checked.csv") == book
    allocated = placing.json("bond", "allocate", HKD, "orders.csv", "--to", "allocations.csv")
    assert sum(int(each["nominal"]) for each in allocated["allocations"]) == 2_500_000_000

    ran = placing("bond", "close", HKD, "allocations.csv", *CLOSE, "--json")
    assert ran.code == 1
    closing = ran.document
    assert (closing["status"], closing["delivered"]) == ("closing", False)
    assert [each["rail"] for each in closing["allocations"]] == [
        "central-bank-money", "within-bank", "bank-to-bank", "bank-to-bank",
    ]  # fmt: skip
    assert [each["state"] for each in closing["allocations"]] == ["delivered"] * 3 + ["failed"]
    assert closing["allocations"][3]["reasons"][0]["name"] == "Instrument_InsufficientFree"
    assert closing["allocation_hash"] == allocated["allocation_hash"]
    assert "run the same again, or cancel with --without south-fund" in ran.sentence

    fund(placing, "jade-hkd", "south-fund", "100,000,000.00")
    cured = placing.json("bond", "close", HKD, "allocations.csv", *CLOSE)
    assert (cured["status"], cured["delivered"]) == ("live", True)
    assert [each["is_new"] for each in cured["allocations"]] == [False, False, False, True]
    assert nominals(placing, HKD) == {
        "bank-pearl": "900000000", "north-custody": "700000000", "east-custody": "600000000", "south-fund": "300000000",
    }  # fmt: skip
    positions = placing.json("positions")["positions"]["government"]
    assert (positions["wholesale-hkd"], positions["amber-hkd"]) == ("900000000.00", "1600000000.00")

    block = placing.json("bond", "register", HKD)["block"]
    again = placing.json("bond", "close", HKD, "allocations.csv", *CLOSE)
    assert not any(each["is_new"] for each in again["allocations"])
    assert placing.json("bond", "register", HKD)["block"] == block
    placing.ok("down")
    placing.ok("up")
    assert placing.json("bond", "close", HKD, "allocations.csv", *CLOSE) == again, "its state outlives the chain"


def test_an_investor_who_does_not_pay_is_taken_out(placing):
    orders = "investor,nominal,pays_from,on_behalf_of\n"
    orders += "north-custody,100000000,amber-eur,Client A\nnorth-custody,50000000,amber-eur,Client B\n"
    orders += "east-custody,100000000,jade-eur,\nsouth-fund,60000000,jade-eur,\n"
    (placing.folder / "euro.csv").write_text(orders, "utf-8")
    (placing.folder / "own.csv").write_text(orders.replace("60000000", "50000000"), "utf-8")
    placing.ok("bond", "allocate", EUR, "euro.csv", "--allocations", "own.csv", "--to", "out.csv")
    closing = ("bond", "close", EUR, "out.csv", "--price", "99.955", "--into", "amber-eur")
    ran = placing(*closing, "--without", "east-custody", "--without", "north-custody/Client B")
    assert ran.code == 0, ran.err
    for words in ("cancelled", "49,977,500.00", "hk-green-2025-eur is live"):
        assert words in ran.out
    assert nominals(placing, EUR) == {"north-custody": "100000000", "south-fund": "50000000"}
    ran = placing(*closing, "--without", "south-fund")
    assert ran.code == 2
    assert "south-fund was delivered its 50,000,000 of hk-green-2025-eur" in ran.sentence


def test_a_closing_that_was_killed_goes_on(placing):
    fund(placing, "jade-hkd", "south-fund", "100,000,000.00")
    killed = placing.start("bond", "close", HKD, "orders.csv", *CLOSE)
    assert killed.stderr is not None
    assert killed.stderr.readline() == "bank-pearl: delivered\n"
    killed.kill()
    killed.communicate()
    assert placing.json("bond", "register", HKD)["status"] == "closing"
    ended = placing.json("bond", "close", HKD, "orders.csv", *CLOSE)
    assert ended["status"] == "live"
    assert ended["allocations"][0]["is_new"] is False
    assert sum(map(int, nominals(placing, HKD).values())) == 2_500_000_000
    positions = placing.json("positions")["positions"]["government"]
    assert (positions["wholesale-hkd"], positions["amber-hkd"]) == ("900000000.00", "1600000000.00")


def test_two_closings_at_once_deliver_each_allocation_once(placing):
    fund(placing, "jade-hkd", "south-fund", "100,000,000.00")
    started = [placing.start("bond", "close", HKD, "orders.csv", *CLOSE, "--json") for _ in range(2)]
    ended = [json.loads(each.communicate()[0]) for each in started]
    assert [each.returncode for each in started] == [0, 0]
    delivered = sorted(sum(each["is_new"] for each in closing["allocations"]) for closing in ended)
    assert delivered == [0, 4]
    assert sum(map(int, nominals(placing, HKD).values())) == 2_500_000_000


HEAD = "investor,nominal,pays_from\n"
FILES = {
    "empty": ("", "it is empty; its first line is investor,nominal,pays_from,on_behalf_of"),
    "only-a-head": ("investor,nominal,pays_from\n", "there is no order"),
    "unknown-column": ("investor,nominal,bank\n", ":1: column 'bank' is unknown; allowed: investor, nominal"),
    "column-twice": ("investor,nominal,nominal\n", ":1: column 'nominal' is there twice"),
    "missing-column": ("investor,nominal\n", ":1: column 'pays_from' is missing"),
    "thousands-not-quoted": (
        "investor,nominal,pays_from\nsouth-fund,900,000,000,jade-hkd\n",
        ":2: 5 fields where the head has 3 (investor, nominal, pays_from); an amount with thousands commas is quoted",
    ),
    "not-an-amount": (HEAD + "\nsouth-fund,1e9,jade-hkd\n", ":3 (nominal): amount '1e9' is not a"),
    "decimals": (HEAD + "south-fund,1000000.50,jade-hkd\n", ":2 (nominal): amount '1000000.50' has 2 decimals"),
    "increment": (ORDERS.replace("300,000,000", "300,000,001"), ":5 (nominal): south-fund: 300,000,001 is no multiple"),
    "minimum": (ORDERS.replace("300,000,000", "50,000"), ":5 (nominal): south-fund: 50,000 is below the minimum"),
    "twice": (ORDERS + "bank-pearl,1000000,wholesale-hkd\n", ":6 (investor): bank-pearl has two orders (the first on"),
    "unknown-party": (ORDERS.replace("south-fund", "nobody"), ":5 (investor): party 'nobody' is unknown; known"),
    "no-party-name": (ORDERS.replace("south-fund", "South Fund"), ":5 (investor): 'South Fund' is not a party's name"),
    "unknown-money": (ORDERS.replace("amber-hkd", "ambre-hkd"), ":3 (pays_from): instrument 'ambre-hkd' is unknown"),
    "other-currency": (ORDERS.replace("amber-hkd", "amber-cny"), ":3 (pays_from): amber-cny is no money in HKD"),
    "formula": (HEAD[:-1] + ",on_behalf_of\nsouth-fund,1000000,jade-hkd,=1+1\n", ":2 (on_behalf_of): '=1+1'"),
    "open-quote": ('investor,nominal,pays_from\nsouth-fund,"1000000,jade-hkd\n', "it is not CSV"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FILES)
def test_a_book_with_a_fault(untouched, fault):
    text, told = FILES[fault]
    (untouched.folder / "faulty.csv").write_text(text, "utf-8")
    ran = untouched("bond", "book", HKD, "faulty.csv")
    assert ran.code == 2
    assert ran.sentence.startswith("error: faulty.csv")
    assert told in ran.sentence


def test_a_book_that_is_not_text_or_is_not_there(untouched):
    (untouched.folder / "latin.csv").write_bytes(b"investor,nominal,pays_from\nsouth-fund,\xe9,jade-hkd\n")
    assert "latin.csv:2: the file is not UTF-8 text" in untouched("bond", "book", HKD, "latin.csv").sentence
    assert "none.csv cannot be read: No such file" in untouched("bond", "book", HKD, "none.csv").sentence
    (untouched.folder / "bom.csv").write_bytes(b"\xef\xbb\xbf" + ORDERS.replace("\n", "\r\n").encode())
    assert untouched.json("bond", "book", HKD, "bom.csv")["total"] == "2500000000"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("allocate", "--size", "2,500,050,000"), "a size of 2,500,050,000 is more than the terms of hk-green"),
        (("allocate", "--size", "1,000,001"), "a size of 1,000,001 is no multiple of the increment 50,000"),
        (("close", "--size", "2,000,000,000", *CLOSE), "the allocations are 2,500,000,000 in all and the issue is"),
        (("close", "--price", "100.00001", "--into", "amber-hkd"), "'100.00001' is no issue price"),
        (("close", "--price", "100", "--into", "amber-cny"), "amber-cny is in CNY and hk-green-2025-hkd in HKD"),
        (("close", "--price", "100", "--into", "wholesale-hkd"), "north-custody pays from amber-hkd, which does not"),
        (("close", *CLOSE, "--without", "nobody"), "'nobody' has no allocation; allowed: bank-pearl, north-custody"),
        (("close", "--price", "100"), "into"),
        (("allocate", "--to", "no/such/folder.csv"), "no/such/folder.csv cannot be written: No such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_and_nothing_is_sent(untouched, arguments, told):
    (untouched.folder / "orders.csv").write_text(ORDERS, "utf-8")
    before = untouched.json("bond", "register", HKD)
    command, *options = arguments
    ran = untouched("bond", command, HKD, "orders.csv", *options, "--json")
    assert ran.code == 2
    assert told in ran.err
    assert json.loads(ran.out)["ok"] is False
    assert untouched.json("bond", "register", HKD) == before


def test_pro_rata_and_what_people_read(untouched):
    (untouched.folder / "orders.csv").write_text(ORDERS, "utf-8")
    ran = untouched.ok("bond", "allocate", HKD, "orders.csv", "--size", "1,000,000,000")
    for words in ("360,000,000", "280,000,000", "240,000,000", "120,000,000", "1,000,000,000", "nothing is written"):
        assert words in ran.out
    ran = untouched.ok("bond", "book", HKD, "orders.csv", "--size", "1,000,000,000")
    assert "2,500,000,000 ordered for 1,000,000,000: 2.50 times covered" in ran.out
