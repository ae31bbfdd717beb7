"""HTTP with an end: an answer has to be there whole in time, and not to be larger than anything we ask for.

A timeout by itself counts from byte to byte: whoever sends one now and then is waited for for ever.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

ANSWER_BYTES_MAX = 100_000_000
"""An answer is held in memory whole, several times over once it is read. This is some hundred thousand events or
receipts, far more than any one question of ours brings, and small enough for a machine that settles.
"""

_READ_AT_ONCE = 1_000_000


class AnswerTooLarge(requests.exceptions.RequestException):
    """There is more of the answer than anybody asked for."""


class _UntilDeadline(io.RawIOBase):
    """What comes from a socket until its timeout, counted from now on and not from byte to byte, is over.

    The socket's timeout is what is left of it at each read; a connection that is used again gets its own back.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._raw = connection, connection.makefile("rb", buffering=0)
        patience = connection.gettimeout()
        self._deadline = None if patience is None else time.monotonic() + patience

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """A response, from its first byte to its last, of which all is there by a deadline."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_UntilDeadline(sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


class PatientAdapter(HTTPAdapter):
    """Takes the timeout for an answer as that for the whole of it; asks once for the connections to one URL."""

    _last: tuple[tuple[Any, ...], Any] = ((), None)

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """See `HTTPAdapter.get_connection_with_tls_context`."""
        asked = (request.url, verify, cert, *sorted((proxies or {}).items()))
        known, pool = self._last
        if known != asked:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            self._last = (asked, pool)
        return pool

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """See `HTTPAdapter.init_poolmanager`."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """See `HTTPAdapter.proxy_manager_for`."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def read_whole(response: requests.Response, bytes_max: int) -> None:
    """Reads a response that was asked for as a stream, so that its content is there.

    The bytes are counted as they come out of whatever they are packed in: little can unpack to very much.

    Raises:
        AnswerTooLarge: there is more of it than that.
    """
    parts, size = [], 0
    for part in response.iter_content(_READ_AT_ONCE):
        size += len(part)
        if size > bytes_max:
            response.close()
            raise AnswerTooLarge
        parts.append(part)
    response._content = b"".join(parts)  # Where `content` keeps what it has read.
