"""Whatever is in a file of submissions: all of it is taken in, or nothing, and it is told what is wrong, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from found import examples, found, require_sentence
from hypothesis import given
from sqlalchemy import func, select
from stage import Stage
from written import as_json, badly_written

from settlement.app import Service
from settlement.durable import schema
from settlement.durable.verify import verify
from settlement.errors import InputError
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
