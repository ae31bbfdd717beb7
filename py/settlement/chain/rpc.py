"""A thin JSON-RPC client: asks a node, and turns whatever goes wrong into one of two things."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from urllib3.exceptions import ReadTimeoutError

from settlement.chain.answers import is_answer
from settlement.chain.patience import ANSWER_BYTES_MAX, AnswerTooLarge, PatientAdapter, read_whole
from settlement.errors import ChainUnreachable, InputError, printable

DEFAULT_TIMEOUT_S = 30.0
"""For a connection, and for an answer from the request to its last byte. Most of it is for the node to think: the
largest answer that is read takes 27 Mbit/s to come in as long.
"""

_NO_URL = "is not a node's URL: use http://HOST:PORT or https://HOST"

_NOT_SENT = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.ProxyError)


class RpcError(ChainUnreachable):
    """The node answered, and the answer is an error. Whoever asked and can make nothing of it has got no answer."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.code = code
        self.message = printable(message)
        self.data = data
        super().__init__(f"the node answered error {code}: {self.message}")

    @property
    def is_revert(self) -> bool:
        """Whether it is what a contract said, and not what the node has to say of itself."""
        return self.data is not None or "revert" in self.message.lower()


class AnswerLost(ChainUnreachable):
    """The request may have reached the node, and no answer came back: what it asked for may have happened."""


class _Ids(threading.local):
    """The ids of requests, counted in each thread by itself: an answer comes to the thread that asked."""

    next = 0

    def __next__(self) -> int:
        self.next += 1
        return self.next - 1


class _Session(requests.Session):
    """Prepares a request once, with what the environment says of proxies and certificates; then only its body differs.

    Preparing, and looking for redirections and cookies, is half of a request's time. Where a gateway does give one, it
    is done as usual from then on.
    """

    def __init__(self, url: str, timeout_s: float, bytes_max: int) -> None:
        super().__init__()
        self.mount("http://", PatientAdapter())
        self.mount("https://", PatientAdapter())
        self.headers["Content-Type"] = "application/json"
        self._url, self._timeout_s, self._bytes_max = url, timeout_s, bytes_max
        self._settings = self.merge_environment_settings(url, {}, True, None, None)
        self._post = self.prepare_request(requests.Request("POST", url))
        self._adapter = self.get_adapter(url)
        self._is_plain = True

    def ask(self, body: bytes) -> Any:
        """The JSON that the node answers, read whole; raises what requests raises, and ValueError."""
        with self._posted(body) as response:
            if response._content is False:
                read_whole(response, self._bytes_max)
            response.raise_for_status()
            return json.loads(response.content)

    def _posted(self, body: bytes) -> requests.Response:
        if not self._is_plain:
            return self._post_as_usual(body)
        request = self._post.copy()
        request.body = body
        request.headers["Content-Length"] = str(len(body))
        response = self._adapter.send(request, timeout=self._timeout_s, **self._settings)
        read_whole(response, self._bytes_max)
        if response.is_redirect or response.cookies:
            self._is_plain = False
            self.cookies.update(response.cookies)
        return self._post_as_usual(body) if response.is_redirect else response

    def _post_as_usual(self, body: bytes) -> requests.Response:
        return self.post(self._url, data=body, timeout=self._timeout_s, stream=True)


class Rpc:
    """Asks one node. An answer that names another request, or that no node gives to this one, is as good as none.

    Args:
        url: http:// or https://; may carry credentials, which no message and no repr shows.
        timeout_s: How long to wait for a connection, and for a whole answer from its request to its last byte.
        bytes_max: The largest answer that is read.

    Raises:
        InputError: the URL cannot be used.

    """

    def __init__(self, url: str, timeout_s: float = DEFAULT_TIMEOUT_S, bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self.name = _checked(url)
        self.timeout_s = timeout_s
        try:
            self._session = _Session(url, timeout_s, bytes_max)
        except (requests.exceptions.RequestException, ValueError):  # What they say holds the URL.
            raise InputError(f"{self.name} {_NO_URL}") from None
        self._ids = _Ids()

    def __repr__(self) -> str:
        return f"Rpc({self.name})"

    def call(self, method: str, params: Sequence[Any]) -> Any:
        """One request; its result.

        Raises:
            RpcError: the node answered with an error.
            ChainUnreachable: no usable answer; `AnswerLost` where the request may have got through.

        """
        request = self._request(method, params)
        return self._result((method, params), request["id"], self._ask(request))

    def batch(self, requests: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Several requests in one HTTP request; per request its result, or the RpcError it met.

        Raises:
            RpcError: the node refused the batch as a whole.
            ChainUnreachable: no usable answer; `AnswerLost` where the requests may have got through.

        """
        if not requests:
            return []
        wanted = [self._request(method, params) for method, params in requests]
        answers = self._ask(wanted)
        if not isinstance(answers, list):
            self._result(requests[0], wanted[0]["id"], answers)
            raise self._lost("something else than one answer per request")
        if len(answers) != len(wanted):
            raise self._lost(f"{len(answers)} answers to {len(wanted)} requests")
        by_id = {answer["id"]: answer for answer in answers if isinstance(answer, dict) and _is_id(answer.get("id"))}
        return [
            self._result_or_error(request, asked["id"], by_id.get(asked["id"]))
            for asked, request in zip(wanted, requests, strict=True)
        ]

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "method": method, "params": list(params), "id": next(self._ids)}

    def _ask(self, asked: object) -> Any:
        body = json.dumps(asked).encode()
        try:
            return self._session.ask(body)
        except _NOT_SENT as error:
            raise ChainUnreachable(f"no connection to the chain at {self.name}: {_short(error)}") from None
        except requests.exceptions.Timeout:
            raise self._too_late() from None
        except AnswerTooLarge:
            raise self._lost("more than it was asked for") from None
        except requests.exceptions.ConnectionError as error:
            if _is_late(error):
                raise self._too_late() from None
            if _never_connected(error):
                raise ChainUnreachable(f"no connection to the chain at {self.name}: {_short(error)}") from None
            raise AnswerLost(f"the connection to the chain at {self.name} broke: {_short(error)}") from None
        except requests.exceptions.HTTPError as error:
            return self._from_http_error(error)
        except requests.exceptions.RequestException as error:
            raise AnswerLost(f"asking the chain at {self.name} failed: {_short(error)}") from None
        except (ValueError, RecursionError):  # HTML, half an answer: whatever a proxy says in the node's place
            raise self._lost("something that is not JSON-RPC") from None

    def _from_http_error(self, error: requests.exceptions.HTTPError) -> Any:
        """Some nodes answer a JSON-RPC error with status 400; any other status is a proxy's trouble."""
        response = error.response
        if response is None:
            raise AnswerLost(f"asking the chain at {self.name} failed") from None
        status = response.status_code
        if status == requests.codes.bad_request:
            try:
                answer = response.json()
            except ValueError:
                answer = None
            if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
                return answer
        if status in (401, 403):
            raise ChainUnreachable(f"{self.name} does not let us in (HTTP status {status})") from None
        raise AnswerLost(f"{self.name} answered with HTTP status {status}") from None

    def _result(self, request: tuple[str, Sequence[Any]], asked: int, answer: Any) -> Any:
        result = self._result_or_error(request, asked, answer)
        if isinstance(result, RpcError):
            raise result
        return result

    def _result_or_error(self, request: tuple[str, Sequence[Any]], asked: int, answer: Any) -> Any:
        if isinstance(answer, dict):
            error = answer.get("error")
            # A node that could not read a request does not know its id.
            if answer.get("id") != asked and (error is None or answer.get("id") is not None):
                raise self._lost("the answer to another request")
            if isinstance(error, dict):
                code = error.get("code")
                message = str(error.get("message", ""))
                return RpcError(code if isinstance(code, int) else 0, message, error.get("data"))
            if error is not None:
                return RpcError(0, str(error))
            if "result" in answer:
                if not is_answer(*request, answer["result"]):
                    raise self._lost(f"something that is no answer to {request[0]}")
                return answer["result"]
        raise self._lost("something that is not JSON-RPC")

    def _too_late(self) -> AnswerLost:
        return AnswerLost(f"the chain at {self.name} did not answer within {self.timeout_s:g} seconds")

    def _lost(self, what: str) -> AnswerLost:
        return AnswerLost(f"{self.name} answered with {what}; is that the URL of a node?")


def _is_id(word: object) -> bool:
    return isinstance(word, int) and not isinstance(word, bool)


def masked(url: str) -> str:
    """The URL for people to see: no credentials, and nothing of a path or query, which may hold a key."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(an unreadable URL)"
    host = f"[{host}]" if ":" in host else host
    user = "***@" if "@" in parts.netloc else ""
    rest = "/***" if parts.path.strip("/") or parts.query or parts.fragment else ""
    return urlunsplit((parts.scheme, f"{user}{host}{port}", rest, "", ""))


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # Without `//` there is no telling what in it may be a password.
        raise InputError(f"{masked(url) if '//' in url else 'what was given'} {_NO_URL}")
    return masked(url)


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether no connection came about at all, so that nothing was sent."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return type(cause).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _is_late(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the time for an answer was over when some of it had been read."""
    return bool(error.args) and isinstance(error.args[0], ReadTimeoutError)


def _short(error: Exception) -> str:
    """The cause in a few words; never the whole text, which holds the URL."""
    text = repr(error)
    for sign, words in (
        ("NameResolution", "its name is unknown"),
        ("refused", "connection refused"),
        ("ConnectTimeout", "no answer to the connection"),
        ("SSL", "its certificate or TLS set-up is not accepted"),
        ("Proxy", "the proxy does not answer"),
        ("RemoteDisconnected", "it closed the connection"),
        ("reset", "connection reset"),
        ("unreachable", "no route to it"),
    ):
        if sign in text:
            return words
    return type(error).__name__
