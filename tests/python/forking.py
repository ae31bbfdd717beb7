"""A program that has the command imported, its models built, the contracts and calendars read, and forks for each run
of it that is asked for on standard input: those take longer than most runs do.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
from datetime import date

from built_models import build_models

from settlement.chain.artifacts import load_artifacts
from settlement.cli.main import command, main
from settlement.domain.bonds.calendars import Calendar, is_business_day


def run(asked: dict) -> None:
    """Is the command from here on."""
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.argv = ["settle", *asked["arguments"]]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.path.pop(0)  # The tests' modules are no part of the command.
    load_artifacts()
    command()
    build_models()
    is_business_day(date(2026, 1, 2), tuple(Calendar))
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            run(asked)
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)
