"""The two canonical forms over which DCSA takes checksums: the same value has the same text, another value another."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal

import pytest
from bills import sample
from hypothesis import assume, given
from hypothesis import strategies as st

from settlement.domain.ebl.canonical import checksum, gibson042, pretty_text, rfc8785
from settlement.domain.ebl.content import canonical_text, read_json
from settlement.errors import InputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def read(text: str) -> object:
    return read_json(text.encode())


@pytest.mark.parametrize(
    ("written", "pint", "iss"),
    [
        ("12000", "12000", "12000"),
        ("12000.0", "12000", "12000"),
        ("1.2E4", "12000", "12000"),
        ("7.5", "7.5E0", "7.5"),
        ("7.50", "7.5E0", "7.5"),
        ("75e-1", "7.5E0", "7.5"),
        ("0.1", "1.0E-1", "0.1"),
        ("-0.015", "-1.5E-2", "-0.015"),
        ("8640.5", "8.6405E3", "8640.5"),
        ("-0", "0", "0"),
        ("-0.0e5", "0", "0"),
        ("0.000001", "1.0E-6", "0.000001"),
        ("0.0000001", "1.0E-7", "1e-7"),
        ("1e20", "1" + "0" * 20, "1" + "0" * 20),
        ("1e21", "1" + "0" * 21, "1e+21"),
        ("1.5e300", "15" + "0" * 299, "1.5e+300"),
        # A double has no such integer; the next lower one is what RFC 8785 says, and what ISS takes for it.
        ("9007199254740993", "9007199254740993", "9007199254740992"),
        ("0.1000000000000000055", "1.000000000000000055E-1", "0.1"),
        ("5e-324", "5.0E-324", "5e-324"),
    ],
)
def test_a_number_has_one_text_in_each_form(written: str, pint: str, iss: str) -> None:
    assert (gibson042(read(written)).decode(), rfc8785(read(written)).decode()) == (pint, iss)


def test_the_example_of_the_form_that_pint_asks_for() -> None:
    written = r'{"1": 1.0, "-0": -0, "emoji": "\uD83D\uDE03", "-1": -1, "10.1": 10.1, "0.1": 0.10, "escape": "\u001b"}'
    expected = '{"-0":0,"-1":-1,"0.1":1.0E-1,"1":1,"10.1":1.01E1,"emoji":"\U0001f603","escape":"\\u001B"}'
    assert gibson042(read(written)).decode() == expected


def test_the_example_of_the_form_that_iss_asks_for() -> None:
    written = r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                   "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert rfc8785(read(written)).decode() == expected


def test_text_that_looks_like_an_escape_stays_as_it_is() -> None:
    assert gibson042(r"\u001b").decode() == r'"\\u001b"'
    assert gibson042("\\\u001b\u007f\u2028é").decode() == '"\\\\\\u001B\u007f\u2028é"'


def test_names_are_ordered_by_code_point_in_the_one_and_by_utf_16_in_the_other() -> None:
    names = {"\ufb33": 1, "\U0001f600": 2, "1": 3, "€": 4, "\r": 5}
    assert list(json.loads(gibson042(names))) == ["\r", "1", "€", "\ufb33", "\U0001f600"]
    assert list(json.loads(rfc8785(names))) == ["\r", "1", "€", "\U0001f600", "\ufb33"]


@pytest.mark.parametrize("written", ["1e401", "1e999999999", "-1E+999999999999", "1e-401", "1.5e-999999999"])
def test_a_number_that_would_fill_the_memory_is_refused(written: str) -> None:
    with pytest.raises(InputError, match="beyond 1E400"):
        gibson042(read(written))


@pytest.mark.parametrize("written", ["1e309", "-1e400", "1" + "0" * 309])
def test_a_number_that_no_double_holds_is_refused_where_doubles_are_asked_for(written: str) -> None:
    with pytest.raises(InputError, match="beyond what a double can hold"):
        rfc8785(read(written))


def test_the_bounds_themselves_are_written() -> None:
    assert gibson042(read("9.99e399")).decode() == "999" + "0" * 397
    assert gibson042(read("1e-400")).decode() == "1.0E-400"


def test_a_checksum_is_sha_256_in_lower_case() -> None:
    assert checksum(b"{}") == hashlib.sha256(b"{}").hexdigest()
    assert checksum(gibson042({})) == checksum(rfc8785({}))


def test_without_numbers_that_are_no_integers_all_forms_are_one() -> None:
    document = sample("transport-document")
    document["consignmentItems"][0]["cargoItems"][0]["cargoGrossWeight"]["value"] = 8640
    assert gibson042(document) == rfc8785(document) == canonical_text(document).encode()


@given(JSON)
def test_the_forms_are_json_of_the_same_value(value: object) -> None:
    assume(_fits_doubles(value))
    assert json.loads(gibson042(value), parse_float=Decimal) == json.loads(json.dumps(value), parse_float=Decimal)
    as_doubles = json.loads(json.dumps(value), parse_int=float)
    assert json.loads(rfc8785(value), parse_int=float) == as_doubles


@given(JSON)
def test_a_form_of_a_form_is_that_form(value: object) -> None:
    assume(_fits_doubles(value))
    for form in (gibson042, rfc8785):
        assert form(read_json(form(value))) == form(value)


@given(JSON)
def test_order_and_white_space_do_not_count(value: object) -> None:
    turned = json.loads(json.dumps(_turned(value)))
    for form in (gibson042, rfc8785):
        assert form(read(json.dumps(turned, indent=3))) == form(value)


@given(JSON)
def test_what_is_written_for_people_is_read_back(value: object) -> None:
    again = read_json(pretty_text(read(json.dumps(value))).encode())
    assert canonical_text(again) == canonical_text(read(json.dumps(value)))


def test_what_is_written_for_people_keeps_each_number_and_the_order() -> None:
    written = '{\n  "b": 7.50,\n  "a": [\n    -0,\n    {}\n  ],\n  "c": []\n}'
    assert pretty_text(read(written)) == written


def _fits_doubles(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_fits_doubles, value.values()))
    if isinstance(value, list):
        return all(map(_fits_doubles, value))
    return not isinstance(value, int) or abs(value) < 2**1000


def _turned(value: object) -> object:
    if isinstance(value, dict):
        return {name: _turned(each) for name, each in reversed(value.items())}
    return [_turned(each) for each in value] if isinstance(value, list) else value
