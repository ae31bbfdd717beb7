"""Whatever is in a file of submissions: all of it is taken in, or nothing, and it is told what is wrong, and where."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from found import examples, found, require_sentence
from hypothesis import given
from sqlalchemy import func, select
from stage import Stage
from written import as_json, badly_written

from settlement.app import Service
from settlement.domain.directory import Directory
from settlement.durable import schema
from settlement.durable.verify import verify
from settlement.errors import InputError
from settlement.service.stream import LINE_BYTES_MAX, read_stream, read_submission
from settlement.service.submitting import submit_stream

LEGS = [
    {"from": "seller", "to": "buyer", "instrument": "bond", "amount": "10"},
    {"from": "buyer", "to": "seller", "instrument": "jade-hkd", "to_instrument": "amber-hkd", "amount": "1.00"},
]
GOOD = [
    {"id": "A", "legs": LEGS, "deadline": "2099-12-31T18:00:00+08:00"},
    {
        "id": "B",
        "legs": LEGS[1:],
        "deadline": "2099-12-31T18:00:00+08:00",
        "not_before": "2026-11-25T16:00:00+08:00",
        "settlement_date": "2026-11-25",
        "nonce": 7,
        "terms": {"trade": {"price": "99.80", "lots": [1, 2, 3]}, "note": "as agreed"},
        "priority": 9,
        "partial_lot": "0.50",
    },
    {
        "id": "C",
        "legs": LEGS[:1],
        "deadline": "2099-12-31T18:00:00+08:00",
        "nonce": 8,
        "consents": [{"party": "seller", "signature": "0x" + "11" * 64}],
    },
]


@pytest.fixture(scope="module")
def take_in(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], None]]:
    """Has a file's bytes taken in, and sees to it that they were, or were not."""
    file = tmp_path_factory.mktemp("stream") / "stream.jsonl"
    with stage.played() as service:
        now = service.batches.now()

        def take(case: str) -> None:
            file.write_bytes(case.encode("latin-1"))
            before = _rows(service)
            new = 0
            try:
                new = submit_stream(service.network.desk, file, "stream.jsonl", now).new
            except InputError as error:
                require_sentence(error, "stream.jsonl")
            assert _rows(service) == before + new
            assert verify(service.database) == ()

        yield take


def _rows(service: Service) -> int:
    with service.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.instruction)).scalar_one())


@found("stream")
def test_a_stream_that_once_did_harm_does_none(take_in: Callable[[str], None], case: str) -> None:
    take_in(case)


def test_good_streams_are_taken_in(stage: Stage, tmp_path: Path) -> None:
    """What the others differ from."""
    file = tmp_path / "good.jsonl"
    with stage.played() as service:
        for number, line in enumerate(GOOD[:2]):
            file.write_text(as_json(line), "utf-8")
            assert submit_stream(service.network.desk, file, "good.jsonl", 0.0).new == 1, number


def test_whatever_is_in_a_stream_is_taken_in_or_refused(take_in: Callable[[str], None]) -> None:
    @examples(100)
    @given(case=badly_written(GOOD, joined="\n"))
    def tried(case: str) -> None:
        take_in(case)

    tried()


@pytest.mark.parametrize("later", [[], GOOD[:1], [*GOOD[:2], GOOD[0]]], ids=["emptied", "shorter", "longer"])
def test_a_stream_that_changes_while_it_is_taken_in_is_told(stage: Stage, tmp_path: Path, later: list[object]) -> None:
    file = tmp_path / "stream.jsonl"
    file.write_text("".join(as_json(line) + "\n" for line in GOOD[:2]), "utf-8")

    def somebody_writes(what: str, _share: float) -> None:
        if what == "checking":
            file.write_text("".join(as_json(line) + "\n" for line in later), "utf-8")

    with stage.played() as service, pytest.raises(InputError, match=r"^stream\.jsonl: was changed while"):
        submit_stream(service.network.desk, file, "stream.jsonl", 0.0, on_progress=somebody_writes)


NOBODY = Directory(parties={}, instruments={})


def test_a_line_that_is_too_long_is_told_and_the_next_is_read(tmp_path: Path) -> None:
    file = tmp_path / "stream.jsonl"
    file.write_bytes(b"x" * (3 * LINE_BYTES_MAX) + b"\n{}\n")
    lines = list(read_stream(file, NOBODY, "stream.jsonl"))
    assert [(line.number, line.end) for line in lines] == [(1, 3 * LINE_BYTES_MAX + 1), (2, 3 * LINE_BYTES_MAX + 4)]
    assert "stream.jsonl:1: a line has at most" in str(lines[0].fault)


def test_a_line_that_is_too_long_takes_no_more_memory_than_one_that_is_not(tmp_path: Path) -> None:
    file = tmp_path / "stream.jsonl"
    with file.open("wb") as stream:
        stream.truncate(100 * LINE_BYTES_MAX)
    tracemalloc.start()
    try:
        (line,) = read_stream(file, NOBODY, "stream.jsonl")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert line.fault is not None
    assert most < 10 * LINE_BYTES_MAX


def test_of_very_many_keys_the_one_that_is_there_twice_is_named() -> None:
    keys = [*(f"k{number}" for number in range(40_000)), "k39999"]
    line = "{" + ",".join(f'"{key}":0' for key in keys) + "}"
    with pytest.raises(InputError, match="the key 'k39999' is there twice"):
        read_submission(line.encode(), NOBODY)
