"""scripts/audit asks for every locked version, and says apart what is known, what is not, and that nobody answered."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


class Database(ThreadingHTTPServer):
    """Answers as the database of vulnerabilities does; knows what a test tells it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.known: dict[str, list[str]] = {}
        self.asked: list[dict[str, Any]] = []
        self.answer: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    server: Database

    def do_POST(self) -> None:
        queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        self.server.asked += queries
        found = [{"vulns": [{"id": i} for i in self.server.known.get(q["package"]["name"], [])]} for q in queries]
        self._say({"results": [each if each["vulns"] else {} for each in found]})

    def do_GET(self) -> None:
        self._say({"summary": "takes what is not its own"})

    def log_message(self, *_: object) -> None:
        pass

    def _say(self, answer: Any) -> None:
        body = json.dumps(answer if self.server.answer is None else self.server.answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def database() -> Iterator[Database]:
    with Database() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OSV_URL": url, "no_proxy": "127.0.0.1"}
    command = [sys.executable, ROOT / "scripts" / "audit"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_every_locked_version_is_asked_for_once(database: Database) -> None:
    ended = audit(database.url)
    assert ended.returncode == 0
    assert ended.stdout.endswith(" locks audited: 0 known vulnerabilities, 0 more accepted\n")
    asked = {(q["package"]["ecosystem"], q["package"]["name"], q["version"]) for q in database.asked}
    assert len(asked) == len(database.asked)
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert {("npm", name, version) for name, version in pinned.items()} <= asked
    names = {name for ecosystem, name, _ in asked if ecosystem == "PyPI"}
    assert {"web3", "sqlalchemy", "slither-analyzer"} <= names


def test_a_known_vulnerability_is_named_with_its_lock_and_fails(database: Database) -> None:
    database.known = {"solc": ["GHSA-aaaa-bbbb-cccc"], "sqlalchemy": ["PYSEC-2030-1", "PYSEC-2030-2"]}
    ended = audit(database.url)
    assert ended.returncode == 1
    assert "(package-lock.json): GHSA-aaaa-bbbb-cccc takes what is not its own" in ended.stdout
    assert "(requirements.txt): PYSEC-2030-2" in ended.stdout
    assert ended.stdout.splitlines()[-1].endswith("3 known vulnerabilities, 0 more accepted")


@pytest.mark.parametrize("answer", [{}, {"results": []}, [], {"results": None}])
def test_an_answer_of_another_form_is_no_audit(database: Database, answer: Any) -> None:
    database.answer = answer
    ended = audit(database.url)
    assert ended.returncode == 3
    assert "not audited" in ended.stdout.splitlines()[-1]


def test_where_nobody_answers_it_says_that_nothing_was_audited() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        ended = audit(f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert ended.returncode == 3
    assert ended.stdout.splitlines()[-1].endswith("not audited: the database of vulnerabilities is not reachable")


def test_an_address_that_is_no_web_servers_is_not_opened() -> None:
    assert audit("file:///etc/passwd").returncode == 3
