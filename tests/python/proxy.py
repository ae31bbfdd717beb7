"""A proxy between us and a node that does what networks do: loses answers, is slow, is down, answers something else."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

import requests

WELL, ANSWER_LOST, DOWN, SLOW, HTML, NOTHING = "well", "answer lost", "down", "slow", "html", "nothing"


class Proxy:
    """Forwards to a node, unless `manner` says otherwise; counts what it did so to.

    Attributes:
        manner: How it treats the requests that `concerns`.
        concerns: The method concerned; every request where it is empty.
        size_max: The largest request that is taken; a larger one is answered as nodes answer too large transactions.
        struck: How many requests were treated so.
        forwarding: How many have gone to the node, which has not answered them.

    """

    def __init__(self, target: str) -> None:
        self.target, self.manner, self.concerns, self.struck = target, WELL, "", 0
        self.slow_s = 1.0
        self.size_max: int | None = None
        self.url = ""
        self.forwarding, self._counting = 0, threading.Lock()

    def treat(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answers one request, or does not."""
        manner = self.manner if self.concerns.encode() in body else WELL
        self.struck += manner != WELL
        if manner == DOWN:
            self._hang_up(handler)
            return
        if manner == HTML:
            self._answer(handler, 502, b"<html>Bad gateway</html>")
            return
        if self.size_max is not None and len(body) > self.size_max:
            error = {"code": -32000, "message": "oversized data: transaction size too large"}
            self._say(handler, body, {"error": error})
            return
        if manner == NOTHING:
            self._say(handler, body, {"result": None})
            return
        found = self._forwarded(body)
        if manner == ANSWER_LOST:
            self._hang_up(handler)
            return
        if manner == SLOW:
            threading.Event().wait(self.slow_s)
        self._answer(handler, found.status_code, found.content)

    def _forwarded(self, body: bytes) -> requests.Response:
        with self._counting:
            self.forwarding += 1
        try:
            return requests.post(self.target, data=body, headers={"Content-Type": "application/json"}, timeout=30)
        finally:
            with self._counting:
                self.forwarding -= 1

    def _hang_up(self, handler: BaseHTTPRequestHandler) -> None:
        """Ends the connection; to close it is not enough while the handler's files hold it."""
        handler.close_connection = True
        with suppress(OSError):
            handler.connection.shutdown(socket.SHUT_RDWR)

    def _say(self, handler: BaseHTTPRequestHandler, body: bytes, answer: dict[str, object]) -> None:
        """The same answer to everything that was asked."""
        asked = json.loads(body)
        common = {"jsonrpc": "2.0"} | answer
        said = (
            [common | {"id": each["id"]} for each in asked] if isinstance(asked, list) else common | {"id": asked["id"]}
        )
        self._answer(handler, 200, json.dumps(said).encode())

    def _answer(self, handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        try:
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True  # Whoever asked has given up.


Kind = TypeVar("Kind", bound=Proxy)


@contextmanager
def proxied(target: str, kind: type[Kind] = Proxy) -> Iterator[Kind]:  # type: ignore[assignment]
    """A proxy in front of a node, until the block ends."""
    proxy = kind(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # Head and body are written apart, and the second would wait 40 ms.

        def do_POST(self) -> None:
            proxy.treat(self, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
