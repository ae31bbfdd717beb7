"""A stream is looked at as a whole before anything of it is taken in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from settlement.domain.submission import Submission
from settlement.errors import InputError, Location
from settlement.flow.desk import Desk
from settlement.flow.intake import faults, submit
from settlement.service.stream import ReadLine, read_stream

CHUNK = 200
"""Submissions that are taken in at once."""


@dataclass
class Submitted:
    """What became of a stream.

    Attributes:
        new: How many were taken in.
        known: How many were there already.
        skipped: What was wrong with the others, one sentence each.

    """

    new: int = 0
    known: int = 0
    skipped: list[InputError] = field(default_factory=list)


def submit_stream(
    desk: Desk,
    path: Path,
    name: str,
    now: float,
    keep_going: bool = False,
    on_progress: Callable[[str, float], None] = lambda _what, _share: None,
) -> Submitted:
    """Takes a file of submissions in: all of it or, where a line is at fault, nothing.

    Args:
        desk: The ledger and the journal.
        path: The file, a JSON object a line.
        name: What it is called where a fault is told.
        now: The chain's time.
        keep_going: Leave out the lines that are at fault, and take in the others.
        on_progress: Told what is going on and which share of it is done.

    Raises:
        InputError: a line is at fault; says which, and what is wrong with it. Or the file was changed meanwhile.
    """
    size = max(1, path.stat().st_size) if os.path.exists(path) else 1
    found, skipped, checked, looked_at = Submitted(), set(), 0, 0
    seen: dict[str, tuple[bytes, int]] = {}
    for lines in _chunks(read_stream(path, desk.ledger.directory, name)):
        for number, fault in _faults_of(desk, lines, seen, name):
            if not keep_going:
                raise fault
            skipped.add(number)
            found.skipped.append(fault)
        checked += len(lines)
        on_progress("checking", lines[-1].end / size)
    for lines in _chunks(read_stream(path, desk.ledger.directory, name)):
        looked_at += len(lines)
        if looked_at > checked:
            raise _changed(name)
        wanted = [_taken(line) for line in lines if line.number not in skipped]
        taken = submit(desk, wanted, now)
        found.new += taken.new
        found.known += taken.known
        on_progress("taking in", lines[-1].end / size)
    if looked_at < checked:
        raise _changed(name)
    return found


def _changed(name: str) -> InputError:
    """A file has other lines than when it was checked: somebody is writing to it."""
    told = "was changed while it was taken in, perhaps in part: submit it again once it is whole"
    return InputError(told, Location(name))


def _faults_of(
    desk: Desk, lines: Sequence[ReadLine], seen: dict[str, tuple[bytes, int]], name: str
) -> Iterator[tuple[int, InputError]]:
    good: list[tuple[int, Submission]] = []
    for line in lines:
        if line.submission is None:
            assert line.fault is not None  # noqa: S101 - one of the two is there
            yield line.number, line.fault
            continue
        reference = line.submission.reference
        terms = hashlib.sha256(line.submission.instruction(0).model_dump_json().encode()).digest()
        before, where = seen.setdefault(reference, (terms, line.number))
        if before != terms:
            told = f"id {reference!r} has other terms than on line {where}"
            yield line.number, InputError(told, Location(name, line.number, "id"))
            continue
        good.append((line.number, line.submission))
    found = faults(desk, [submission for _, submission in good])
    for number, submission in good:
        if submission.reference in found:
            yield number, InputError(found[submission.reference].problem, Location(name, number))


def _taken(line: ReadLine) -> Submission:
    if line.submission is None:
        assert line.fault is not None  # noqa: S101 - one of the two is there
        raise line.fault  # It was good when the file was checked: somebody is writing to it.
    return line.submission


def _chunks(lines: Iterator[ReadLine]) -> Iterator[list[ReadLine]]:
    chunk: list[ReadLine] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
