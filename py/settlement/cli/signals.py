"""Signals that ask us to end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

asked: list[int] = []
"""Signals that asked us to end. Python loses an exception that is raised in a destructor or a fork hook, so each signal
is noted here as well, and honoured at the next step at the latest."""


def install() -> None:
    """From here on a signal interrupts, wherever Python is."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.unraisablehook = _keep_quiet


def stop_softly(stop: Callable[[], None]) -> None:
    """From here on the first signal calls `stop`, and the next one interrupts."""

    def once(_number: int, _frame: FrameType | None) -> None:
        stop()
        install()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, once)


def _interrupt(number: int, _frame: FrameType | None) -> NoReturn:
    asked.append(number)
    raise KeyboardInterrupt


def _keep_quiet(lost: sys.UnraisableHookArgs) -> None:
    """Says nothing of an interruption that Python lost, nor of what it tore on its way: it is honoured later."""
    if not asked and not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


def honour_signals() -> None:
    """Raises what a signal should have raised."""
    if asked:
        raise KeyboardInterrupt


def exit_code_or(otherwise: int) -> int:
    """That of the signal that asked us to end, whatever it tore on its way: an answer, a file, the chain."""
    return 128 + asked[0] if asked else otherwise
