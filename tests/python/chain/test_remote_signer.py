"""A signer whose key is in another process, as it would be in a hardware module or behind a custodian's interface."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from eth_account import Account

from settlement.app import Keys, connect
from settlement.chain import keystore
from settlement.chain.keystore import RemoteSigner, Signer, signer_of
from settlement.errors import InputError, KeyUnusable

VAULT = """
import json, os, sys
from coincurve import PrivateKey
from eth_account import Account

accounts = {}
for line in sys.stdin:
    asked = json.loads(line)
    account = accounts.setdefault(asked["party"], Account.from_key(os.urandom(32)))
    if asked["what"] == "address":
        answer = account.address
    elif asked["what"] == "digest":
        signed = PrivateKey(bytes(account.key)).sign_recoverable(bytes.fromhex(asked["digest"]), hasher=None)
        answer = (signed[:64] + bytes([27 + signed[64]])).hex()
    elif asked["transaction"]["chainId"] != 31337:
        answer = None
    else:
        answer = account.sign_transaction(asked["transaction"]).raw_transaction.hex()
    print(json.dumps(answer), flush=True)
"""


class Vault:
    """A process that makes keys of its own, signs, and never says a key."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-c", VAULT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, what: str, party: str, **more: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.asked.append(what)
        self.process.stdin.write(json.dumps({"what": what, "party": party, **more}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class VaultSigner(RemoteSigner):
    """Signs for one party by asking the vault."""

    def __init__(self, vault: Vault, party: str) -> None:
        self._vault, self._party = vault, party
        self._address = str(vault.ask("address", party))

    @property
    def address(self) -> str:
        return self._address

    def sign_digest(self, digest: bytes) -> bytes:
        return bytes.fromhex(self._vault.ask("digest", self._party, digest=digest.hex()))

    def sign_raw(self, transaction: Mapping[str, Any]) -> bytes:
        plain = {key: "0x" + value.hex() if isinstance(value, bytes) else value for key, value in transaction.items()}
        signed = self._vault.ask("transaction", self._party, transaction=plain)
        if signed is None:
            raise InputError(f"the vault does not sign for chain {transaction['chainId']}")
        return bytes.fromhex(signed)


@pytest.fixture
def vault() -> Iterator[Vault]:
    made = Vault()
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.fixture
def plugged_in(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Vault:
    """The vault's signers, provided as an installed package would."""
    signers: dict[str, Signer] = {}

    class Provided:
        names = ("vault",)

        def __getitem__(self, _: str) -> Provided:
            return self

        def load(self) -> Any:
            return lambda party: signers.setdefault(party, VaultSigner(vault, party))

    monkeypatch.setattr(keystore, "entry_points", lambda group: Provided())
    return vault


def test_it_signs_digests_and_transactions_for_its_address(vault: Vault) -> None:
    signer = VaultSigner(vault, "bank-amber")
    assert signer_of(b"\x07" * 32, signer.sign_digest(b"\x07" * 32)) == signer.address
    transaction = {"type": 2, "chainId": 31337, "nonce": 0, "gas": 21000, "maxFeePerGas": 1, "maxPriorityFeePerGas": 0}
    raw, transaction_hash = signer.sign_transaction({**transaction, "value": 0, "data": b"", "to": "0x" + "11" * 20})
    assert Account.recover_transaction(raw) == signer.address
    assert len(transaction_hash) == 66
    with pytest.raises(InputError, match="does not sign for chain 1"):
        signer.sign_transaction({**transaction, "chainId": 1, "value": 0, "data": b"", "to": "0x" + "11" * 20})


def test_a_network_settles_with_signers_whose_keys_it_never_has(plugged_in: Vault, settlement_chain: str) -> None:
    network = connect(settlement_chain, keys=Keys(provider="vault"))
    network.admit("authority", "central-bank")
    for bank in ("bank-amber", "bank-jade"):
        network.admit(bank, "bank")
    network.create_wholesale_cbdc("wholesale-hkd", "authority", accounts=["bank-amber", "bank-jade"])
    network.issue("wholesale-hkd", "bank-amber", "10.00")
    outcome = network.settle(network.leg("bank-amber", "bank-jade", "wholesale-hkd", "4.00"))
    assert outcome.status == "confirmed"
    assert network.position("bank-jade", "wholesale-hkd").free == 400
    assert {"address", "digest", "transaction"} <= set(plugged_in.asked)


def test_a_signer_of_another_address_than_the_network_knows_is_refused(
    plugged_in: Vault, settlement_chain: str
) -> None:
    network = connect(settlement_chain)
    network.admit("authority", "central-bank")
    ledger = network.ledger
    again = connect(
        settlement_chain, deployment=ledger.deployment, directory=ledger.directory, keys=Keys(provider="vault")
    )
    with pytest.raises(KeyUnusable, match=r"the key of authority is for 0x.*has the address 0x.* in this network"):
        again.ledger.require_signers(["authority"])
