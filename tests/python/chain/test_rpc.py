import base64
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from settlement.chain.node import AnvilNode
from settlement.chain.patience import PatientAdapter
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


def test_threads_share_one_and_each_gets_its_own_answers(node: AnvilNode) -> None:
    rpc = Rpc(node.url)

    def balances(thread: int) -> list[int]:
        accounts = [f"0x{thread:020x}{each:020x}" for each in range(20)]
        for account in accounts:
            rpc.call("anvil_setBalance", [account, hex(int(account, 16))])
        return [int(rpc.call("eth_getBalance", [account, "latest"]), 16) - int(account, 16) for account in accounts]

    with ThreadPoolExecutor(8) as pool:
        assert set(map(tuple, pool.map(balances, range(1, 9)))) == {(0,) * 20}


Heard = list[Any]


@pytest.fixture
def gateway() -> Iterator[tuple[int, Heard]]:
    """A node that notes each request's headers, gives a cookie at /cookie, and sends elsewhere from /old."""
    heard: Heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append(self.headers)
            text = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "0x1"}).encode()
            self.send_response(308 if self.path == "/old" else 200)
            if self.path == "/old":
                self.send_header("Location", "/new")
            if self.path == "/cookie":
                self.send_header("Set-Cookie", "node=7")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_address[1], heard
        server.shutdown()


def test_what_a_url_says_of_who_asks_is_sent_with_every_request(gateway: tuple[int, Heard]) -> None:
    port, heard = gateway
    rpc = Rpc(f"http://bank:word@127.0.0.1:{port}")
    assert [rpc.call("eth_chainId", []) for _ in range(2)] == ["0x1", "0x1"]
    said = "Basic " + base64.b64encode(b"bank:word").decode()
    assert [headers["Authorization"] for headers in heard] == [said, said]


def test_a_gateway_s_cookie_comes_back_to_it(gateway: tuple[int, Heard]) -> None:
    port, heard = gateway
    rpc = Rpc(f"http://127.0.0.1:{port}/cookie")
    assert [rpc.call("eth_chainId", []) for _ in range(3)] == ["0x1"] * 3
    assert [headers["Cookie"] for headers in heard] == [None, "node=7", "node=7"]


def test_who_is_sent_elsewhere_goes_there(gateway: tuple[int, Heard]) -> None:
    assert Rpc(f"http://127.0.0.1:{gateway[0]}/old").call("eth_chainId", []) == "0x1"


def test_connections_are_kept_for_the_url_that_they_are_to() -> None:
    adapter = PatientAdapter()

    def pool(url: str, proxy: str | None = None) -> Any:
        prepared = requests.Request("POST", url).prepare()
        found = adapter.get_connection_with_tls_context(prepared, True, proxies={"http": proxy} if proxy else {})
        return found, found.host, found.port

    first = pool("http://127.0.0.1:1/")
    assert pool("http://127.0.0.1:1/") == first
    assert pool("http://127.0.0.1:2/")[1:] == ("127.0.0.1", 2)
    assert pool("http://127.0.0.1:1/", "http://127.0.0.2:3")[1:] == ("127.0.0.2", 3)
    assert pool("http://127.0.0.1:1/") == first


@pytest.mark.parametrize(
    "url", ["http://u:s3cret@\\", "http://*:8545", "http://u:s3cret@my host:1", "http://\u0101:s3cret@host"]
)
def test_a_url_that_cannot_be_asked_is_told_without_its_password(url: str) -> None:
    with pytest.raises(InputError, match="is not a node's URL") as caught:
        Rpc(url)
    assert "s3cret" not in str(caught.value)


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


ASKED, OTHER = "0x" + "aa" * 32, "0x" + "bb" * 32
BLOCK = {"number": "0x7", "hash": ASKED, "timestamp": "0x1", "gasLimit": "0x1", "gasUsed": "0x0", "transactions": []}
MINED = {"blockNumber": "0x7", "blockHash": OTHER, "status": "0x1", "gasUsed": "0x1", "logs": []}
SENT = {"from": "0x" + "00" * 20, "input": "0x", "gas": "0x1"}
ENGINE, STRANGER = "0x" + "0e" * 20, "0x" + "05" * 20
LOG = {"address": ENGINE, "topics": [ASKED, OTHER], "data": "0x", "transactionHash": OTHER}
LOG |= {"blockNumber": "0x7", "blockHash": OTHER}

ABOUT_SOMETHING_ELSE = [
    ("eth_getLogs", [{"address": STRANGER}], [LOG]),
    ("eth_getLogs", [{"topics": [OTHER]}], [LOG]),
    ("eth_getLogs", [{"topics": [None, None, [OTHER]]}], [LOG]),
    ("eth_getLogs", [{"fromBlock": "0x8", "toBlock": "latest"}], [LOG]),
    ("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "0x6"}], [LOG]),
    ("eth_getTransactionReceipt", [ASKED], MINED | {"transactionHash": OTHER}),
    ("eth_getTransactionReceipt", [ASKED], {"blockNumber": None, "transactionHash": OTHER}),
    ("eth_getTransactionByHash", [ASKED], SENT | {"hash": OTHER}),
    ("eth_getBlockByNumber", ["0x8", False], BLOCK),
    ("eth_getBlockByHash", [OTHER, False], BLOCK),
]

ABOUT_WHAT_WAS_ASKED = [
    ("eth_getLogs", [{"address": [STRANGER, ENGINE.upper().replace("X", "x")]}], [LOG]),
    ("eth_getLogs", [{"topics": [[OTHER, ASKED], None]}], [LOG]),
    ("eth_getLogs", [{"fromBlock": "0x7", "toBlock": "0x7", "address": ENGINE, "topics": [ASKED, OTHER]}], [LOG]),
    ("eth_getTransactionReceipt", [ASKED], MINED | {"transactionHash": ASKED.upper().replace("X", "x")}),
    ("eth_getTransactionReceipt", [ASKED], {"blockNumber": None, "transactionHash": ASKED}),
    ("eth_getTransactionByHash", [ASKED], SENT | {"hash": ASKED}),
    ("eth_getBlockByNumber", ["0x07", False], BLOCK),
    ("eth_getBlockByNumber", ["latest", False], BLOCK),
    ("eth_getBlockByHash", [ASKED, False], BLOCK),
]


def answering(serve: Serve, result: object) -> Rpc:
    body = json.dumps({"jsonrpc": "2.0", "id": 0, "result": result})
    return Rpc(serve(lambda _: (200, "application/json", body)))


@pytest.mark.parametrize(("method", "params", "result"), ABOUT_SOMETHING_ELSE)
def test_an_answer_about_something_else_is_none(serve: Serve, method: str, params: list[Any], result: object) -> None:
    with pytest.raises(AnswerLost, match=f"no answer to {method}"):
        answering(serve, result).call(method, params)


@pytest.mark.parametrize(("method", "params", "result"), ABOUT_WHAT_WAS_ASKED)
def test_an_answer_about_what_was_asked_is_one(serve: Serve, method: str, params: list[Any], result: object) -> None:
    assert answering(serve, result).call(method, params) == result


@pytest.mark.parametrize("other", [{"id": 1}, {"id": "0"}, {"id": None}, {}, {"id": 10**30}], ids=str)
def test_an_answer_to_another_request_is_none(serve: Serve, other: dict[str, object]) -> None:
    body = json.dumps({"jsonrpc": "2.0", "result": "0x1"} | other)
    with pytest.raises(AnswerLost, match="the answer to another request"):
        Rpc(serve(lambda _: (200, "application/json", body))).call("eth_chainId", [])
    listed = Rpc(serve(lambda _: (200, "application/json", f"[{body}]")))
    with pytest.raises(AnswerLost):
        listed.batch([("eth_chainId", [])])


def test_an_error_of_who_could_not_read_the_request_needs_no_id(serve: Serve) -> None:
    error = {"code": -32700, "message": "Parse error"}
    for answer in ({"error": error}, {"error": error, "id": None}):
        body = json.dumps({"jsonrpc": "2.0"} | answer)
        with pytest.raises(RpcError, match="Parse error"):
            Rpc(serve(lambda _, body=body: (200, "application/json", body))).call("eth_chainId", [])


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


PAUSE_S, PATIENCE_S = 0.01, 0.1
"""Between two bytes of an answer, and for the whole of it: the pause is far below what a read alone may take."""


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes], str]]:
    """Starts a node that answers with these bytes at once, and then with blanks for a while, one after another."""
    ended = threading.Event()
    servers = []

    def start(first: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.wfile.write(first)
                for _ in range(200):
                    if ended.wait(PAUSE_S):
                        break
                    self.wfile.write(b" ")

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # Whoever asked has given up.
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    ended.set()
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\nX-Long:",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf4240\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1000000\r\n\r\n",
    ],
    ids=["in its head", "of a length", "of no length", "in chunks", "in an error"],
)
def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(dripping: Callable[[bytes], str], first: bytes) -> None:
    rpc = Rpc(dripping(first), timeout_s=PATIENCE_S)
    with pytest.raises(AnswerLost, match=r"did not answer within 0\.1 seconds"):
        rpc.call("eth_chainId", [])


def answer_of(bytes_count: int) -> str:
    """A JSON-RPC answer of so many bytes."""
    told = json.dumps({"jsonrpc": "2.0", "id": 0, "result": "0x1"})
    return told + " " * (bytes_count - len(told))


def test_an_answer_of_the_largest_size_is_read(serve: Serve) -> None:
    url = serve(lambda _: (200, "application/json", answer_of(1_000)))
    assert Rpc(url, bytes_max=1_000).call("eth_chainId", []) == "0x1"


@pytest.mark.parametrize("status", [200, 400, 502])
def test_a_larger_answer_is_not_read(serve: Serve, status: int) -> None:
    url = serve(lambda _: (status, "application/json", answer_of(1_001)))
    with pytest.raises(AnswerLost, match="more than it was asked for"):
        Rpc(url, bytes_max=1_000).call("eth_chainId", [])


def test_an_answer_that_unpacks_to_more_is_not_read(dripping: Callable[[bytes], str]) -> None:
    packed = gzip.compress(answer_of(1_001).encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with pytest.raises(AnswerLost, match="more than it was asked for"):
        Rpc(dripping(head.encode() + packed), bytes_max=1_000).call("eth_chainId", [])


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
