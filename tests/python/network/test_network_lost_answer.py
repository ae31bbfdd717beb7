"""The answer to a sent transaction is lost: that is neither a success nor a failure, and only the chain knows."""

from __future__ import annotations

import json
import sqlite3
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from settlement import OutcomeUnknown, connect
from settlement.domain.instruction import InstructionStatus
from settlement.flow.settle import settle
from settlement.ports import SignedTransaction


class Proxy:
    """Hands requests on to a chain; while `loses` is set, the answers to sent transactions do not come back."""

    def __init__(self, url, journal):
        self.loses = False
        self.sent = []
        self.stored_when_sent = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = json.loads(body)
                sends = isinstance(asked, dict) and asked["method"] == "eth_sendRawTransaction"
                if sends:
                    proxy.sent.append(asked["params"][0])
                    proxy.stored_when_sent.append(stored_bytes(journal))
                request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
                with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
                    answer = response.read()
                if sends and proxy.loses:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


def stored_bytes(journal):
    connection = sqlite3.connect(journal)
    try:
        return ["0x" + raw.hex() for (raw,) in connection.execute("SELECT raw FROM signed_transaction")]
    finally:
        connection.close()


@pytest.fixture
def proxy(settlement_chain, tmp_path):
    made = Proxy(settlement_chain, tmp_path / "journal.sqlite")
    threading.Thread(target=made.server.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def behind(market, proxy, tmp_path):
    """The market's network, reached through the proxy, with its journal in a file."""
    ledger = market.network.ledger
    network = connect(
        proxy.url, deployment=ledger.deployment, directory=ledger.directory, journal=tmp_path / "journal.sqlite"
    )
    yield network
    network.journal.close()


@pytest.fixture
def lost(market, behind, proxy):
    """An instruction whose settlement was sent, and the error that came instead of an answer."""
    matched = behind.match(behind.instruction(*market.trade("10", "1,000.00"), reference="R"))
    proxy.loses = True
    with pytest.raises(OutcomeUnknown) as caught:
        settle(behind.desk, matched)
    proxy.loses = False
    # The chain mines a moment after it has taken a transaction; this waits for it.
    behind.ledger.receipt(SignedTransaction(caught.value.transaction, proxy.sent[0], sender="", nonce=0))
    return matched, caught.value


def test_the_signed_bytes_are_in_the_journal_before_they_are_sent(market, behind, proxy):
    behind.settle(*market.trade("10", "1,000.00"))
    assert len(proxy.sent) == 1
    assert proxy.sent[0] in proxy.stored_when_sent[0]


def test_the_outcome_is_unknown_and_the_transaction_is_named(lost):
    _, unknown = lost
    assert unknown.transaction in str(unknown)
    assert "may still settle" in str(unknown)
    assert unknown.exit_code == 3


def test_it_was_sent_once(lost, proxy):
    assert len(proxy.sent) == 1


def test_it_settled_nevertheless(lost, market):
    matched, unknown = lost
    assert market.rpc.call("eth_getTransactionReceipt", [unknown.transaction])["status"] == "0x1"
    assert market.network.ledger.status(matched.instruction) is InstructionStatus.SETTLED
    assert market.network.position("buyer", "bond").balance == 10


def test_the_journal_says_sent_and_which_transaction(lost, behind):
    _, unknown = lost
    last = behind.journal.entry("R").history[-1]
    assert (last.status, last.transaction) == (InstructionStatus.SENT, unknown.transaction)


def test_the_same_bytes_again_are_harmless(lost, behind, proxy, market):
    _, unknown = lost
    after = market.amounts()
    sent = SignedTransaction(unknown.transaction, proxy.sent[0], sender="", nonce=0)
    behind.ledger.send(sent)
    assert behind.ledger.receipt(sent).succeeded
    assert market.amounts() == after
