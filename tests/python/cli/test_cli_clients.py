"""A custodian's clients by command: what they have adds up to the nominee account, and what is paid reaches them."""

from __future__ import annotations

import contextlib
import json

import pytest
from two_tiers import BOND, BOOKED, CASH, FIRST_PAYMENTS, HEAD, ISSUED, MATURITY, NORTH, PASSED_ON

from settlement.domain.custody import client_positions
from settlement.durable.custody import ClientBook

RUN = ISSUED + FIRST_PAYMENTS + PASSED_ON


@pytest.fixture
def run(settle, tmp_path):
    """Runs a scenario of these steps; its document, and how it ended."""

    def with_steps(steps, *options):
        path = tmp_path / "two-tiers.yaml"
        path.write_text(HEAD + steps, "utf-8")
        ran = settle("run", str(path), "--json", *options)
        return json.loads(ran.out), ran.code

    return with_steps


@pytest.fixture
def up(settle):
    """The chain that is up."""
    settle.ok("up", "--start", "2024-01-14")
    yield settle
    settle("down", "--forget")


def failed(document):
    return {check["name"]: check["detail"] for check in document["checks"] if not check["ok"]}


def expecting(refused, step):
    return f"{step}    expect: {{refused: {refused}, unchanged: true}}\n"


def passing_on(instrument="cash", what="coupon"):
    return f"  - pass_on: {{custodian: north-custody, bond: bond, what: {what}, instrument: {instrument}}}\n"


# ---- a run -----------------------------------------------------------------------------------------------------------


def test_what_is_passed_on_is_what_was_received_to_the_cent(up, run):
    document, code = run(RUN + MATURITY)
    assert (code, failed(document)) == (0, {})
    names = [check["name"] for check in document["checks"]]
    assert f"{NORTH}: clients' {BOND} add up to its nominee position" in names
    assert f"{NORTH}: clients' {CASH} is within its nominee balance" in names
    (path,) = (up.home / "clients").glob("two-tiers-*.sqlite")
    with contextlib.closing(ClientBook(path)) as book:
        cash, bonds = book.bookings(NORTH, CASH), book.bookings(NORTH, BOND)
    received = round(float(document["positions"][NORTH][CASH]) * 100)
    assert sum(booking.nominee_amount for booking in cash) == received, "it had no other money"
    # On 700,001: 4.05% for 182 of 365 days, then a third.
    assert [booking.nominee_amount for booking in cash][:2] == [1_413_618, 23_333_343]
    # At the record time: 100,000, 200,020 and 399,981; what was booked a second later does not count.
    first, repayment, *_ = (booking.amounts for booking in cash)
    assert first == {"client-a": 201_945, "client-b": 403_931, "client-c": 807_742}
    assert repayment == {"client-a": 3_333_330, "client-b": 6_667_327, "client-c": 13_332_686}
    assert client_positions(bonds, BOND, None) == {}, "the nominal has ceased"
    assert bonds[-1].reference == "bond/redemption/n"
    assert set(cash[-1].amounts) == {"client-a", "client-c"}, "who has nothing any more gets nothing"


def test_books_that_do_not_add_up_make_a_run_fail(run):
    document, code = run(ISSUED.replace('"399,981"', '"399,980"'))
    assert code == 1
    name = f"{NORTH}: clients' {BOND} add up to its nominee position"
    assert failed(document) == {name: "clients have 700,000, the nominee account has 700,001"}


def test_clients_money_that_is_not_there_makes_a_run_fail(run):
    steps = ISSUED + '  - issue: {instrument: cash, to: north-custody, amount: "10.00", reference: A}\n'
    booking = "  - book_clients: {{custodian: {}, instrument: cash, reference: C-2, amounts: {{client-a: {}}}}}\n"
    assert run(steps + booking.format(NORTH, "9.99"))[1] == 0, "a custodian has money of its own too"
    document, code = run(steps + booking.format(NORTH, "10.01"))
    assert code == 1
    assert failed(document) == {
        f"{NORTH}: clients' {CASH} is within its nominee balance": "clients have 10.01, the nominee account has 10.00"
    }


def test_what_the_book_refuses_is_named_and_changes_nothing(run):
    overdrawn = BOOKED.replace("C-1", "C-9").replace('"100,003"', '"-100,004"')
    again = BOOKED.replace('"100,003"', '"1"')
    steps = (
        ISSUED
        + expecting("ClientBook_InsufficientPosition", overdrawn)
        + expecting("ClientBook_ReferenceTaken", again)
        + expecting("ClientBook_NothingReceived", passing_on())
        + FIRST_PAYMENTS
        + expecting("ClientBook_OtherMoney", passing_on("other"))
        + PASSED_ON
    )
    document, code = run(steps)
    assert (code, failed(document)) == (0, {})


def test_what_was_set_aside_is_passed_on_once_it_is_claimed(run):
    frozen = FIRST_PAYMENTS.replace("  - pay:", "  - freeze: {party: north-custody}\n  - pay:", 1)
    claimed = (
        expecting("ClientBook_NothingReceived", passing_on())
        + "  - unfreeze: {party: north-custody}\n"
        + "  - claim: {bond: bond, what: coupon, holder: north-custody}\n"
        + "  - claim: {bond: bond, what: repayment, holder: north-custody}\n"
    )
    expect = 'expect: {clients: {north-custody: {cash: {client-b: "70,712.58"}}}}\n'
    document, code = run(ISSUED + frozen + claimed + PASSED_ON + expect)
    assert (code, failed(document)) == (0, {})


def test_nothing_is_passed_on_while_the_books_do_not_add_up(run):
    document, code = run(ISSUED.replace('"399,981"', '"399,980"') + FIRST_PAYMENTS + PASSED_ON)
    assert code == 1
    found = failed(document)
    name = f"{NORTH} passes on coupon 1 of {BOND} to its clients: is carried out"
    assert (
        "ClientBook_NotReconciled: north-custody was paid on 700,001 of bond, and its clients have 700,000"
        in found[name]
    )
    assert f"{NORTH}: clients' {BOND} add up to its nominee position" in found


def test_what_clients_are_expected_to_have_is_compared(run):
    expect = "expect: {clients: {north-custody: {bond: {client-a: 1, client-z: 0}}}}\n"
    document, code = run(ISSUED + expect)
    assert code == 1
    assert failed(document) == {f"at the end: client client-a of {NORTH} has 1 {BOND}": "found '100,003', expected '1'"}


# ---- the chain that is up --------------------------------------------------------------------------------------------


def test_clients_beside_the_nominee_account_now_and_at_a_record_time(up, run):
    assert run(RUN)[1] == 0
    now = up.json("bond", "clients", BOND, NORTH)
    assert now == {
        "bond": BOND,
        "custodian": NORTH,
        "coupon": None,
        "clients": [{"client": "client-a", "nominal": "100000"}, {"client": "client-c", "nominal": "600001"}],
        "total": "700001",
        "nominee_balance": "700001",
        "difference": "0",
        "adds_up": True,
    }
    then = up.json("bond", "clients", BOND, NORTH, "--coupon", "1")
    assert [line["nominal"] for line in then["clients"]] == ["100000", "200020", "399981"]
    assert (then["coupon"], then["nominee_balance"], then["adds_up"]) == (1, "700001", True)
    lines = up.ok("bond", "clients", BOND, NORTH, "--coupon", "1").out.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["client-a", "100,000"],
        ["client-b", "200,020"],
        ["client-c", "399,981"],
        ["together", "700,001"],
        ["nominee", "balance", "700,001"],
        ["difference", "0"],
    ]
    for command, code, told in (
        ((BOND, "direct"), 2, f"direct booked no clients in {BOND}; who did: {NORTH}"),
        ((BOND, "nobody"), 2, "party 'nobody' is unknown"),
        ((CASH, NORTH), 2, "cash is a tokenized-deposit"),
        ((BOND, NORTH, "--coupon", "3"), 2, "allowed: 1 to 2"),
        ((BOND, NORTH, "--coupon", "2"), 1, "PositionHistory_RecordNotPassed"),
        ((BOND, NORTH, "--run", "7"), 2, "there is no run 7"),
    ):
        ran = up("bond", "clients", *command)
        assert ran.code == code
        assert told in ran.sentence


def test_a_difference_ends_with_1_and_the_book_goes_with_the_chain(up, run):
    assert run(ISSUED.replace('"399,981"', '"399,980"'))[1] == 1
    ran = up("bond", "clients", BOND, NORTH, "--json")
    assert ran.code == 1
    assert (ran.document["total"], ran.document["difference"], ran.document["adds_up"]) == ("700000", "1", False)
    books = up.home / "clients"
    assert list(books.glob("*.sqlite"))
    up.ok("down")
    assert list(books.glob("*.sqlite")), "the chain's state is kept, and so are its books"
    up.ok("up")
    assert up("bond", "clients", BOND, NORTH).code == 1
    up.ok("down", "--forget")
    assert list(books.iterdir()) == []


def test_a_run_without_clients_keeps_no_book(up, run):
    assert run(ISSUED.replace(BOOKED, ""))[1] == 0
    assert not (up.home / "clients").exists()
    ran = up("bond", "clients", BOND, NORTH)
    assert ran.code == 2
    assert "no custodian of this run keeps clients" in ran.sentence
