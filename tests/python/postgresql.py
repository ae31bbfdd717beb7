"""A PostgreSQL server of the tests' own: in a temporary folder, on loopback, as a user who is not root."""

from __future__ import annotations

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest

TIMEOUT_S = 60
PORTS_TRIED = 5

ACCESS = """\
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""
"""Everybody on this machine may come in; only the user `guarded` has to show a password."""


CLEANER = """
cat >/dev/null
rounds=0
read -r server 2>/dev/null <"$1/data/postmaster.pid" && kill -QUIT "$server" &&
  while kill -0 "$server" 2>/dev/null && [ $((rounds += 1)) -lt 200 ]; do sleep 0.05; done
rm -rf "$1"
"""
"""Ends the server and removes its folder as soon as who holds the pipe closes it or ends, by whatever signal."""


class Server:
    """A cluster with a database for each who asks. `stop` is as sudden as a crash; what was committed is kept."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._account = pwd.getpwnam("nobody") if os.getuid() == 0 else None
        place = Path(tempfile.gettempdir())
        if self._account and not place.stat().st_mode & stat.S_IXOTH:
            place = Path("/tmp")  # noqa: S108 - the account has to get there, and root's own folder is closed to it
        self._folder = Path(tempfile.mkdtemp(prefix="settlement-postgresql-", dir=place))
        cleaner = ["/bin/sh", "-c", CLEANER, "sh", str(self._folder)]
        self._cleaner = subprocess.Popen(cleaner, stdin=subprocess.PIPE, start_new_session=True)
        self._numbers = itertools.count()
        self._port = 0
        try:
            if self._account:
                os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
            self._run("initdb", "--auth=trust", "--username=settlement", "--encoding=UTF8", "--no-sync", "--no-locale")
            (self._folder / "data" / "pg_hba.conf").write_text(ACCESS, "utf-8")
            self._start_on_a_free_port()
            self.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "''", "shared_buffers": "64MB"}
        settings["deadlock_timeout"] = "50ms"  # After so long a wait it looks for one.
        settings["fsync"] = "off"  # It is the server that crashes here, never the machine.
        options = " ".join([f"-p {self._port}", *(f"-c {name}={value}" for name, value in settings.items())])
        self._run("pg_ctl", "start", "--wait", "--silent", f"--options={options}", f"--log={self._folder}/log")

    def stop(self) -> None:
        """Ends it without saying goodbye to anybody."""
        self._run("pg_ctl", "stop", "--wait", "--silent", "--mode=immediate")

    def new_database(self) -> str:
        """The URL of a fresh, empty database."""
        name = f"journal_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str, user: str = "settlement") -> str:
        """Where a database is; `user` may be NAME:PASSWORD."""
        return f"postgresql://{user}@127.0.0.1:{self._port}/{database}"

    def execute(self, statement: str, url: str | None = None) -> None:
        """Executes a statement outside any transaction."""
        with contextlib.closing(psycopg2.connect(url or self.url("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def close(self) -> None:
        """Ends it and removes its folder."""
        self._cleaner.communicate(timeout=TIMEOUT_S)

    def _start_on_a_free_port(self) -> None:
        """Somebody else may take the port between our looking and the server's start."""
        for attempt in range(PORTS_TRIED):
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._port = free.getsockname()[1]
            try:
                return self.start()
            except subprocess.CalledProcessError:
                if attempt == PORTS_TRIED - 1:
                    raise RuntimeError((self._folder / "log").read_text("utf-8", "replace")) from None

    def _run(self, program: str, *arguments: str) -> None:
        account = self._account
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        subprocess.run(
            [str(self._programs / program), f"--pgdata={self._folder}/data", *arguments],
            check=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # The server keeps what it inherits: a pipe would never end.
            timeout=TIMEOUT_S,
            **identity,
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
