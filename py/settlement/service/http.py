"""Health, readiness and metrics over HTTP, on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from settlement.errors import InputError

HOST = "127.0.0.1"

PATIENCE_S = 10.0
"""For somebody who has connected to ask."""

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


def as_json(status: int, document: object) -> Answer:
    """A JSON answer."""
    return status, "application/json", json.dumps(document).encode() + b"\n"


@contextmanager
def serving(port: int, answers: dict[str, Callable[[], Answer]]) -> Iterator[int]:
    """Answers GET requests for these paths until the block ends; gives the port.

    Raises:
        InputError: the port is in use.
    """

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "settle", ""
        timeout = PATIENCE_S

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            answer = answers.get(path)
            try:
                found = answer() if answer else as_json(404, {"error": f"there is {', '.join(sorted(answers))}"})
            except Exception as error:
                found = as_json(500, {"error": type(error).__name__})
            status, kind, body = found
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: whoever asks knows that he asked."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Says nothing: who hangs up does not want to know."""

    try:
        server = Server((HOST, port), Handler)
    except OSError as error:
        raise InputError(f"port {port} on loopback cannot be used: {error.strerror}; name another") from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
