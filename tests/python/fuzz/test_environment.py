"""Whatever the environment holds: a command ends with a code of ours and a sentence, never with a trace."""

from __future__ import annotations

import pytest
from found import examples, kept
from hypothesis import given
from hypothesis import strategies as st

from settlement.durable.journal import SqlJournal

PATHS = ("", ".", "..", "/", "/dev/null", "/proc/self/mem", "/proc/nobody", "~", "~nobody", "x" * 300, "a/" * 3_000)
TEXTS = ("", " ", "0", "1", "-1", "x", "9" * 30, "\n", "\x1b[31m", "é", "\udcff", "%s{}$(x)", "a=b", "C.UTF-8", "tr_TR")

PLACES = ("SETTLEMENT_HOME", "SETTLEMENT_ANVIL", "SETTLEMENT_SOLC", "SETTLEMENT_KEYSTORE_PASSWORD_FILE")
"""Every variable of ours that names a place: see `grep -r SETTLEMENT_ py`."""

OTHERS = (
    *("SETTLEMENT_DEBUG", "SETTLEMENT_UNHEARD_OF", "HOME", "XDG_STATE_HOME", "TMPDIR", "PATH", "TZ"),
    *(
        "LANG",
        "LC_ALL",
        "LC_NUMERIC",
        "LANGUAGE",
        "COLUMNS",
        "LINES",
        "TERM",
        "NO_COLOR",
        "FORCE_COLOR",
        "TTY_COMPATIBLE",
    ),
    *("HTTP_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "NETRC", "PAGER", "USER"),
)

COMMANDS = (
    ("scenarios",),
    ("positions",),
    ("runs",),
    ("down",),
    ("show", "0x12345678"),
    ("journal", "verify", "{journal}"),
    ("keys", "list"),
    ("run", "nonesuch"),
    ("run", "interbank-transfer", "--chain", "http://127.0.0.1:1"),
    ("run", "interbank-transfer"),
    ("keys", "show", "bank-amber"),
    ("network",),
    ("--help",),
)


@pytest.fixture
def play(settle, tmp_path):
    """Runs a command with these variables."""
    journal = tmp_path / "journal.sqlite"
    SqlJournal(journal, "nobody's").close()

    def play(case):
        variables = dict(case["variables"])
        if case["command"] == ["run", "interbank-transfer"] and "SETTLEMENT_ANVIL" not in variables:
            variables["SETTLEMENT_ANVIL"] = "/dev/null"  # Where there is a good one, there is nothing to be found here.
        words = [word.format(journal=journal) for word in case["command"]]
        for as_json in ((), ("--json",)):
            ran = settle(*words, *as_json, **variables)
            assert ran.code in (0, 1, 2, 3), ran.err
            assert "Traceback" not in ran.err
            assert "a fault in this program" not in ran.err, ran.err
            if ran.code:
                assert ran.sentence

    return play


def variables():
    """Some variables, as an environment can hold them."""
    named = st.one_of(
        st.tuples(st.sampled_from(PLACES), st.sampled_from(PATHS + TEXTS)),
        st.tuples(st.sampled_from(OTHERS), st.sampled_from(TEXTS + PATHS)),
    )
    return st.lists(named, min_size=1, max_size=4).map(dict)


def test_whatever_is_in_the_environment_a_command_ends_well(play):
    for case in kept("environment").values():
        play(case)

    @examples(12)
    @given(case=st.fixed_dictionaries({"command": st.sampled_from(COMMANDS).map(list), "variables": variables()}))
    def tried(case):
        play(case)

    tried()
