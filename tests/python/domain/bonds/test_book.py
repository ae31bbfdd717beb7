"""The order book and its allocations: shares that add up, stay within the orders and care for no sequence."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement import InputError
from settlement.domain.bonds.book import (
    Allocation,
    IssueSize,
    Order,
    allocate_pro_rata_conserving,
    allocation_hash,
    check_allocations,
    check_book,
    cover_hundredths_half_up,
    parse_price,
    proceeds_half_up,
    total_nominal,
    without,
)

SIZE = IssueSize(nominal=1_000, minimum=100, increment=50)


def order(investor, nominal, client="", line=None):
    return Order(investor=investor, nominal=nominal, pays_from="amber-hkd", on_behalf_of=client, line=line)


def allocation(investor, nominal, client="", line=None):
    return Allocation(investor=investor, nominal=nominal, pays_from="amber-hkd", on_behalf_of=client, line=line)


@st.composite
def books(draw):
    """A book that covers its issue, and the issue."""
    increment = draw(st.integers(1, 1_000))
    minimum = increment * draw(st.integers(1, 20))
    lots = draw(st.lists(st.integers(minimum // increment, 2_000), min_size=1, max_size=25))
    clients = draw(st.lists(st.sampled_from(["", "Client A"]), min_size=len(lots), max_size=len(lots)))
    orders = [
        order(f"investor-{at:02}", lot * increment, client)
        for at, (lot, client) in enumerate(zip(lots, clients, strict=True))
    ]
    size = draw(st.integers(minimum // increment, sum(lots)))
    return orders, IssueSize(nominal=size * increment, minimum=minimum, increment=increment)


def pro_rata(orders, size):
    """The shares, or none where there are none that fill the issue."""
    with contextlib.suppress(InputError):
        return allocate_pro_rata_conserving(orders, size)
    assert size.minimum > size.increment, "only a minimum stands in the way"
    return ()


@given(books(), st.randoms(use_true_random=False))
def test_pro_rata_conserves_the_issue_within_the_orders_and_cares_for_no_sequence(book, chance):
    orders, size = book
    mixed = list(orders)
    chance.shuffle(mixed)
    shares, otherwise = pro_rata(orders, size), pro_rata(mixed, size)
    assert {each.key: each.nominal for each in shares} == {each.key: each.nominal for each in otherwise}
    if not shares:
        return
    assert total_nominal(shares) == size.nominal
    check_allocations(shares, size, orders)  # within orders, in increments, at least the minimum, exactly the issue
    assert [each.key for each in shares] == [each.key for each in orders if each.key in {s.key for s in shares}]


@given(books())
def test_where_nobody_gets_nothing_every_share_is_within_an_increment_of_its_exact_value(book):
    orders, size = book
    with contextlib.suppress(InputError):
        shares = allocate_pro_rata_conserving(orders, size)
        total = total_nominal(orders)
        for share, each in zip(shares, orders, strict=False) if len(shares) == len(orders) else ():
            assert abs(share.nominal * total - each.nominal * size.nominal) < size.increment * total


@given(books())
def test_who_orders_more_never_gets_less(book):
    orders, size = book
    with contextlib.suppress(InputError):
        got = {each.key: each.nominal for each in allocate_pro_rata_conserving(orders, size)}
        by_size = sorted(orders, key=lambda each: each.nominal)
        for small, large in itertools.pairwise(by_size):
            assert small.nominal == large.nominal or got.get(small.key, 0) <= got.get(large.key, 0)


@pytest.mark.parametrize(
    ("ordered", "got"),
    [
        ([600, 400], [600, 400]),
        ([2_000, 2_000], [500, 500]),
        ([1_000, 1_000, 1_000], [350, 350, 300]),  # 6.67 increments each: the two that are left go by name
        ([2_000, 2_000, 150], [500, 500, None]),  # 36 is below the minimum
    ],
)
def test_examples(ordered, got):
    orders = [order(f"fund-{at}", nominal) for at, nominal in enumerate(ordered)]
    found = {each.investor: each.nominal for each in allocate_pro_rata_conserving(orders, SIZE)}
    assert [found.get(f"fund-{at}") for at in range(len(ordered))] == got


def test_where_the_minimum_leaves_no_shares_that_is_told():
    size = IssueSize(nominal=1_050, minimum=100, increment=1)  # of which the small order's share would be 95
    with pytest.raises(InputError, match="no shares of 1,050 give every order nothing or at least the minimum 100"):
        allocate_pro_rata_conserving([order("fund", 1_000), order("small", 100)], size)


def test_equal_orders_too_small_for_all_are_filled_for_as_many_as_there_is():
    orders = [order(f"fund-{at:02}", 150) for at in range(20)]
    shares = allocate_pro_rata_conserving(orders, SIZE)
    assert total_nominal(shares) == 1_000
    assert all(each.nominal >= 100 for each in shares)


@pytest.mark.parametrize(
    ("orders", "told"),
    [
        ([], "there is no order: give at least one"),
        ([order("fund", 90)], "nominal: fund: 90 is no multiple of the increment 50"),
        ([order("fund", 50)], "nominal: fund: 50 is below the minimum denomination 100"),
        ([order("fund", 100), order("fund", 200)], "investor: fund has two orders; each has one"),
        ([order("fund", 100, "A"), order("fund", 200, "A")], "fund/A has two orders"),
    ],
)
def test_a_fault_of_a_book_is_told(orders, told):
    with pytest.raises(InputError) as caught:
        check_book(orders, SIZE)
    assert told in str(caught.value)


def test_a_fault_has_the_line_of_its_file():
    with pytest.raises(InputError) as caught:
        check_book([order("fund", 100, line=2), order("fund", 200, line=5)], SIZE, "orders.csv")
    assert str(caught.value).startswith("orders.csv:5 (investor): fund has two orders (the first on line 2)")


def test_two_clients_of_a_custodian_have_an_order_each_and_one_may_be_above_the_issue():
    check_book([order("custodian", 100, "A"), order("custodian", 20_000, "B")], SIZE)


ORDERS = [order("fund", 600), order("bank", 500), order("custodian", 500, "Client A")]


@pytest.mark.parametrize(
    ("allocations", "told"),
    [
        ([allocation("fund", 650), allocation("bank", 350)], "nominal: fund is allocated 650 and ordered 600: at most"),
        ([allocation("fund", 500), allocation("stranger", 500)], "investor: stranger has no order in the book"),
        ([allocation("fund", 500), allocation("custodian", 500)], "investor: custodian has no order in the book"),
        ([allocation("fund", 500), allocation("bank", 450)], "the allocations are 950 in all and the issue is 1,000"),
        ([allocation("fund", 600), allocation("bank", 450)], "the allocations are 1,050 in all"),
        ([allocation("fund", 950), allocation("bank", 50)], "bank: 50 is below the minimum denomination 100"),
        ([allocation("fund", 575), allocation("bank", 425)], "fund: 575 is no multiple of the increment 50"),
        ([], "there is no allocation"),
    ],
)
def test_a_fault_of_allocations_is_told(allocations, told):
    with pytest.raises(InputError) as caught:
        check_allocations(allocations, SIZE, ORDERS)
    assert told in str(caught.value)


def test_a_book_that_does_not_cover_the_issue_is_not_allocated_pro_rata():
    with pytest.raises(InputError, match=r"the orders are 900 in all and do not cover the issue of 1,000"):
        allocate_pro_rata_conserving([order("fund", 900)], SIZE)
    with pytest.raises(InputError, match="is no multiple of the increment"):
        allocate_pro_rata_conserving(ORDERS, SIZE.model_copy(update={"nominal": 1_010}))


@pytest.mark.parametrize(
    ("nominal", "price", "cash"),
    [
        (150_000_000, "99.955", 14_993_250_000),
        (100_000_000, "99.977", 9_997_700_000),
        (1_000, "100", 100_000),
        (1, "33.335", 33),  # 33.335
        (1, "33.5", 34),  # 33.5: half up
        (10**9, "0.0001", 100_000),
    ],
)
def test_proceeds_are_rounded_half_up(nominal, price, cash):
    assert proceeds_half_up(nominal, parse_price(price), 2) == cash


def test_proceeds_are_something():
    with pytest.raises(InputError, match="less than half a smallest unit"):
        proceeds_half_up(1, 1, 2)


@pytest.mark.parametrize("text", ["", "0", "-1", "1e2", "99.95555", "1000.0001", "par", "NaN", "99,955", " "])
def test_a_price_is_a_decimal_number_per_100(text):
    with pytest.raises(InputError, match="is no issue price"):
        parse_price(text)


@pytest.mark.parametrize("client", ["=1+1", " A", "A\nB", "-A", "@A", "x" * 141, "A\u202eB"])
def test_a_client_is_text_that_a_log_and_a_spreadsheet_show_as_it_is(client):
    with pytest.raises(InputError, match="is no client"):
        order("custodian", 100, client)


def test_the_hash_of_a_list_does_not_depend_on_its_sequence_or_its_lines():
    some = [allocation("fund", 600, line=2), allocation("bank", 400, line=3)]
    mixed = [allocation("bank", 400), allocation("fund", 600)]
    assert allocation_hash("bond", some) == allocation_hash("bond", mixed)
    assert allocation_hash("bond", some) != allocation_hash("bond", [allocation("fund", 600), allocation("bank", 450)])
    assert allocation_hash("bond", some) != allocation_hash("other", some)


def test_who_is_taken_out_is_named_by_investor_or_by_client():
    some = [allocation("custodian", 100, "A"), allocation("custodian", 200, "B"), allocation("fund", 700)]
    assert [each.label for each in without(some, ["custodian/A"])[0]] == ["custodian/B", "fund"]
    assert [each.label for each in without(some, ["custodian"])[1]] == ["custodian/A", "custodian/B"]
    with pytest.raises(InputError, match=r"'nobody' has no allocation; allowed: custodian/A, custodian/B, fund"):
        without(some, ["nobody"])
    with pytest.raises(InputError, match="nothing is left"):
        without(some, ["custodian", "fund"])


def test_cover_is_rounded_half_up():
    assert cover_hundredths_half_up([order("fund", 1_250)], 1_000) == 125
    assert cover_hundredths_half_up([order("fund", 1_005)], 1_000) == 101
