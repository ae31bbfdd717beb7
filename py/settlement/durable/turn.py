"""Turns among processes: who waits for SQLite's one writer is woken when it is done."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path


class Turn:
    """A lock on a file beside the journal, over threads and processes; the system frees it when its holder dies.

    SQLite keeps its own locks and would do without this one: but it asks again after longer and longer pauses, in
    which nobody writes.
    """

    def __init__(self, path: Path | None) -> None:
        self._mine = threading.RLock()
        self._depth = 0
        self._descriptor: int | None = None
        if path is not None:
            with contextlib.suppress(OSError):  # Where the folder is read-only, opening the journal says so.
                self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
                weakref.finalize(self, os.close, self._descriptor)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for the turn, and has it until the block ends."""
        with self._mine:
            if self._descriptor is None or self._depth:
                yield
                return
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
