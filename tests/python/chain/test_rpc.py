import json
import socket
from collections.abc import Callable, Iterator

import pytest

from settlement.chain.node import AnvilNode
from settlement.chain.rpc import AnswerLost, Rpc, RpcError, masked
from settlement.errors import ChainUnreachable, InputError

Serve = Callable[[Callable[[bytes], tuple[int, str, str] | None]], str]


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilNode]:
    with AnvilNode() as running:
        yield running


def test_calls_and_errors(node: AnvilNode) -> None:
    rpc = Rpc(node.url)
    assert rpc.call("eth_chainId", []) == hex(31337)
    assert rpc.call("eth_getTransactionReceipt", ["0x" + "00" * 32]) is None
    with pytest.raises(RpcError) as caught:
        rpc.call("eth_noSuchMethod", [])
    assert caught.value.code == -32601


def test_batches_keep_their_order_and_their_errors(node: AnvilNode) -> None:
    rpc = Rpc(node.url)
    zero = "0x" + "00" * 20
    answers = rpc.batch([("eth_chainId", []), ("eth_noSuchMethod", []), ("eth_getCode", [zero, "latest"])])
    assert answers[0] == hex(31337)
    assert isinstance(answers[1], RpcError)
    assert answers[2] == "0x"
    assert rpc.batch([]) == []


def test_a_batch_is_one_request(serve: Serve) -> None:
    bodies: list[list[dict[str, object]]] = []

    def answer(body: bytes) -> tuple[int, str, str]:
        bodies.append(json.loads(body))
        given = [{"jsonrpc": "2.0", "id": item["id"], "result": item["method"]} for item in bodies[-1]]
        return 200, "application/json", json.dumps(given[::-1])

    assert Rpc(serve(answer)).batch([("a", []), ("b", []), ("c", [])]) == ["a", "b", "c"]
    assert len(bodies) == 1


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}/key123"
        rpc = Rpc(url)
        with pytest.raises(ChainUnreachable, match="connection refused") as caught:
            rpc.call("eth_chainId", [])
        with pytest.raises(ChainUnreachable, match="connection refused"):
            rpc.batch([("eth_chainId", [])])
    assert not isinstance(caught.value, AnswerLost)
    for text in (str(caught.value), repr(rpc), repr(caught.value)):
        assert "secret" not in text
        assert "key123" not in text


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html><body>Welcome</body></html>"),
        (200, '{"jsonrpc": "2.0", "id": 1, "resu'),
        (200, "null"),
        (200, '"hello"'),
        (200, "{}"),
        (200, "[]"),
        (200, "[{}]"),
        (200, ""),
        (404, "<html>not here</html>"),
        (502, "<html>bad gateway</html>"),
        (429, '{"error": "slow down"}'),
    ],
)
def test_what_is_no_json_rpc(serve: Serve, status: int, body: str) -> None:
    rpc = Rpc(serve(lambda _: (status, "text/html", body)))
    with pytest.raises(AnswerLost):
        rpc.call("eth_chainId", [])
    with pytest.raises(AnswerLost):
        rpc.batch([("eth_chainId", []), ("eth_chainId", [])])


def test_a_json_rpc_error_with_status_400(serve: Serve) -> None:
    body = '{"jsonrpc": "2.0", "id": 0, "error": {"code": -32602, "message": "Invalid params"}}'
    with pytest.raises(RpcError, match="Invalid params"):
        Rpc(serve(lambda _: (400, "application/json", body))).call("eth_call", [])


def test_not_let_in(serve: Serve) -> None:
    with pytest.raises(ChainUnreachable, match="does not let us in") as caught:
        Rpc(serve(lambda _: (401, "text/plain", "no"))).call("eth_chainId", [])
    assert not isinstance(caught.value, AnswerLost)


def test_no_answer_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        rpc = Rpc(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.05)
        with pytest.raises(AnswerLost, match=r"did not answer within 0\.05 seconds"):
            rpc.call("eth_chainId", [])


def test_the_connection_breaks(serve: Serve) -> None:
    with pytest.raises(AnswerLost, match="broke"):
        Rpc(serve(lambda _: None)).call("eth_chainId", [])


@pytest.mark.parametrize(
    "url", ["", "localhost:8545", "ftp://h", "file:///etc/passwd", "http://", "http://h:99999", "ws://h", "x"]
)
def test_unusable_urls(url: str) -> None:
    with pytest.raises(InputError, match="use http"):
        Rpc(url)


def test_masked() -> None:
    assert masked("https://u:p@host.example:8545/v3/key?x=1") == "https://***@host.example:8545/***"
    assert masked("http://127.0.0.1:8545") == "http://127.0.0.1:8545"
    assert masked("http://[::1]:8545/") == "http://[::1]:8545"
