"""A node that answers what no node answers: a proxy before a good one that spoils some of its answers, by a plan."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from typing import Any

import requests
from hypothesis import strategies as st
from proxy import Proxy
from spoiling import VALUES, spoilings, spoilt

REQUESTS_MAX = 2_000
"""Whoever asks so often in one case hangs."""

Asked = Sequence[Sequence[str]]
"""The methods of one request after another."""

Said = Any
"""What an HTTP answer holds: an answer, or a list of answers."""

BODIES: Mapping[str, Callable[[bytes], tuple[int, bytes]]] = {
    "html": lambda _: (200, b"<html><body>Welcome</body></html>"),
    "bad gateway": lambda _: (502, b"<html>Bad gateway</html>"),
    "status 500": lambda body: (500, body),
    "status 400": lambda body: (400, body),
    "not let in": lambda _: (403, b"no"),
    "empty": lambda _: (200, b""),
    "half": lambda body: (200, body[: len(body) // 2]),
    "all but the last byte": lambda body: (200, body[:-1]),
    "twice": lambda body: (200, body + body),
    "bad UTF-8": lambda body: (200, body[:-1] + b"\xff\xfe" + body[-1:]),
    "UTF-16": lambda body: (200, body.decode().encode("utf-16")),
    "null": lambda _: (200, b"null"),
    "number": lambda _: (200, b"12"),
    "long number": lambda _: (200, b'{"jsonrpc":"2.0","id":' + b"9" * 5_000 + b',"result":1}'),
    "empty list": lambda _: (200, b"[]"),
    "list of nothing": lambda _: (200, b"[null]"),
    "in a list": lambda body: (200, b"[" + body + b"]"),
    "deep": lambda _: (200, b"[" * 100_000),
    "NaN": lambda _: (200, b'{"jsonrpc":"2.0","id":NaN,"result":Infinity}'),
    "moved": lambda body: (302, body),
    "no content": lambda _: (204, b""),
}
"""What becomes of a whole answer: its status and its bytes."""


def _each(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Said], Said]:
    return lambda said: [change(each) for each in said] if isinstance(said, list) else change(said)


def _listed(change: Callable[[list[Any]], list[Any]]) -> Callable[[Said], Said]:
    return lambda said: change(said) if isinstance(said, list) else said


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


ANSWERS: Mapping[str, Callable[[Said], Said]] = {
    "other id": _each(lambda answer: answer | {"id": answer["id"] + 1}),
    "id as text": _each(lambda answer: answer | {"id": str(answer["id"])}),
    "huge id": _each(lambda answer: answer | {"id": 10**30}),
    "id is null": _each(lambda answer: answer | {"id": None}),
    "no id": _each(_without("id")),
    "the same id": _each(lambda answer: answer | {"id": 0}),
    "no result": _each(_without("result")),
    "null": _each(lambda answer: answer | {"result": None}),
    "backwards": _listed(lambda said: said[::-1]),
    "each twice": _listed(lambda said: [*said, *said]),
    "one twice": _listed(lambda said: [*said[:-1], said[0]]),
    "one too few": _listed(lambda said: said[:-1]),
    "one too many": _listed(lambda said: [*said, said[0]]),
    "results turned round": _listed(
        lambda said: [
            _without("error")(_without("result")(each))
            | {key: value for key, value in other.items() if key in ("result", "error")}
            for each, other in zip(said, said[::-1], strict=True)
        ]
    ),
}
"""What becomes of an answer's envelope."""

ERRORS = (
    None,
    "busy",
    17,
    [],
    {},
    {"code": -32000, "message": "nonce too low"},
    {"code": -32000, "message": "already known"},
    {"code": -32000, "message": "replacement transaction underpriced"},
    {"code": -32000, "message": "oversized data: transaction size too large"},
    {"code": -32005, "message": "limit exceeded"},
    {"code": 10**40, "message": "\ud800 \x00\x1b[31m \u202e"},
    {"code": "x", "message": None, "data": {"data": {"data": 5}}},
    {"code": 3, "message": "execution reverted", "data": "0x"},
    {"code": 3, "message": "execution reverted", "data": "0x08c379a0" + "ff" * 40},
    {"code": 3, "message": ["execution reverted"], "data": "0xzz"},
)
"""What a node may say went wrong."""


@st.composite
def lies(draw: st.DrawFn, asked: Asked) -> list[dict[str, Any]]:
    """Plans: which answers are spoilt, each how, and how many of them; of requests such as were asked before."""
    plan = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(("body", "answer", "error", "result", "result")))
        how: Any = {
            "body": st.sampled_from(sorted(BODIES)),
            "answer": st.sampled_from(sorted(ANSWERS)),
            "error": st.sampled_from(ERRORS),
            "result": spoilings(VALUES),
        }[kind]
        at = draw(st.integers(0, len(asked) - 1))
        method = draw(st.sampled_from(asked[at]))
        plan.append(
            {
                "method": method,
                "skip": sum(method in before for before in asked[:at]),
                "times": draw(st.sampled_from((1, 2, 5))),
                "late_ms": draw(st.sampled_from((0, 0, 0, 20))),
                kind: draw(how),
            }
        )
    return plan


class LyingNode(Proxy):
    """Forwards, and spoils the answers that its plan names.

    Attributes:
        plan: What is to be spoilt; empty where all is well.
        asked: The methods of each request that came since the plan was made.

    """

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.plan: list[dict[str, Any]] = []
        self.asked: list[list[str]] = []
        self._passed: list[int] = []
        self._lock = threading.Lock()
        self._session = requests.Session()

    def tell(self, plan: list[dict[str, Any]]) -> None:
        """From here on by this plan."""
        with self._lock:
            self.plan, self.asked, self._passed = plan, [], [0] * len(plan)

    def well(self) -> Asked:
        """From here on it is well; what it was asked until now, which is no endless lot."""
        asked = self.asked
        assert len(asked) <= REQUESTS_MAX, "somebody asks without end"
        self.tell([])
        return asked

    def treat(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answers one request."""
        asked = json.loads(body)
        lie = self._lie([each["method"] for each in asked] if isinstance(asked, list) else [asked["method"]])
        if len(self.asked) > REQUESTS_MAX:
            handler.connection.close()
            return
        found = self._session.post(self.target, data=body, headers={"Content-Type": "application/json"}, timeout=30)
        status, said = found.status_code, found.content
        if lie is not None:
            threading.Event().wait(lie["late_ms"] / 1000)
            status, said = _spoil(lie, asked, said)
        self._answer(handler, status, said)

    def _lie(self, methods: list[str]) -> dict[str, Any] | None:
        """What is to become of the answer to this request; the first that applies."""
        with self._lock:
            self.asked.append(sorted(set(methods)))
            for number, lie in enumerate(self.plan):
                if lie["method"] not in methods:
                    continue
                self._passed[number] += 1
                if lie["skip"] < self._passed[number] <= lie["skip"] + lie["times"]:
                    self.struck += 1
                    return lie
        return None


def _spoil(lie: dict[str, Any], asked: Any, body: bytes) -> tuple[int, bytes]:
    if "body" in lie:
        return BODIES[lie["body"]](body)
    said = json.loads(body)
    if "answer" in lie:
        return 200, json.dumps(ANSWERS[lie["answer"]](said)).encode()
    methods = {each["id"]: each["method"] for each in (asked if isinstance(asked, list) else [asked])}

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        if methods[answer["id"]] != lie["method"]:
            return answer
        if "error" in lie:
            return _without("result")(answer) | {"error": lie["error"]}
        return answer | {"result": spoilt(answer.get("result"), lie["result"])}

    return 200, json.dumps(_each(change)(said)).encode()
