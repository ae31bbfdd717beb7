"""A PostgreSQL server of the tests' own: in a temporary folder, on loopback, as a user who is not root."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest

TIMEOUT_S = 60


class Server:
    """A cluster with a database for each who asks. `stop` is as sudden as a crash; what was committed is kept."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._account = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="settlement-postgresql-"))
        if self._account:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        self._numbers = itertools.count()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._run("initdb", "--auth=trust", "--username=settlement", "--encoding=UTF8", "--no-sync", "--no-locale")
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c shared_buffers=64MB"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--options={options}", f"--log={self._folder}/log")

    def stop(self) -> None:
        """Ends it without saying goodbye to anybody."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")

    def new_database(self) -> str:
        """The URL of a fresh, empty database."""
        name = f"journal_{next(self._numbers)}"
        with contextlib.closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str) -> str:
        """Where a database is."""
        return f"postgresql://settlement@127.0.0.1:{self._port}/{database}"

    def close(self) -> None:
        """Ends it and removes its folder."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        subprocess.run(
            [str(self._programs / program), f"--pgdata={self._folder}/data", *arguments],
            check=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # The server keeps what it inherits: a pipe would never end.
            timeout=TIMEOUT_S,
            **(identity if self._account else {}),
        )


def find_programs() -> Path | None:
    """The folder of PostgreSQL's programs: on the path, or where Debian puts them."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return installed[-1].parent if installed else None


def programs_or_skip() -> Path:
    """The programs; without them the test is skipped, except where it has to run."""
    programs = find_programs()
    if programs is not None:
        return programs
    if os.environ.get("SETTLEMENT_REQUIRE_POSTGRESQL"):
        pytest.fail("PostgreSQL is not installed, and these tests have to run")
    pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql); scripts/test installs it")
