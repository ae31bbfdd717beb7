"""What the tests of the chain share."""

import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from settlement.chain.artifacts import Artifacts, load_artifacts

Answer = tuple[int, str, str]
"""HTTP status, content type, body."""


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    return load_artifacts()


@pytest.fixture
def ended() -> Callable[[int], bool]:
    """Waits, on Linux, until a process has ended, be it ours or not."""

    def wait(pid: int, timeout_s: float = 10) -> bool:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([handle], [], [], timeout_s)[0])
        finally:
            os.close(handle)

    return wait


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[bytes], Answer | None]], str]]:
    """Starts a server that answers each POST as told (None: hangs up) and returns its URL."""
    with contextlib.ExitStack() as stack:

        def start(answer: Callable[[bytes], Answer | None]) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_POST(self) -> None:
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    given = answer(body)
                    if given is None:
                        self.close_connection = True
                        return
                    status, kind, text = given
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(text.encode())))
                    self.end_headers()
                    self.wfile.write(text.encode())

                def log_message(self, *_: object) -> None:
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            stack.callback(server.server_close)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield start
