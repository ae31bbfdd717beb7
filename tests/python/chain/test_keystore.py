import json
import pickle
from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_keys import keys

from settlement.chain import keystore
from settlement.chain.keystore import (
    DevelopmentSigner,
    KeystoreSigner,
    RemoteSigner,
    Signer,
    password_from_environment,
    password_from_file,
    remote_signer,
)
from settlement.errors import InputError

KEY = "0x" + "42" * 32
DIGEST = b"\x01" * 32
TRANSACTION = {
    "type": 2,
    "chainId": 31337,
    "nonce": 0,
    "gas": 21000,
    "maxFeePerGas": 1,
    "maxPriorityFeePerGas": 0,
    "value": 0,
    "data": b"",
    "to": "0x" + "11" * 20,
}


class Vault(RemoteSigner):
    """A signer whose key is elsewhere; here it is not."""

    def __init__(self, argument: str) -> None:
        self._signer = DevelopmentSigner(argument, 31337)

    @property
    def address(self) -> str:
        return self._signer.address

    def sign_digest(self, digest: bytes) -> bytes:
        return self._signer.sign_digest(digest)

    def sign_raw(self, transaction: Mapping[str, Any]) -> bytes:
        return bytes.fromhex(self._signer.sign_transaction(transaction).raw[2:])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("keys") / "key.json"
    file.write_text(json.dumps(Account.encrypt(KEY, "correct horse", iterations=2)))
    return file


def check(signer: Signer) -> None:
    """It signs digests and transactions for its address."""
    signature = signer.sign_digest(DIGEST)
    assert len(signature) == 65
    assert signature[64] in (27, 28)
    plain = keys.Signature(signature[:64] + bytes([signature[64] - 27]))
    assert plain.recover_public_key_from_msg_hash(DIGEST).to_checksum_address() == signer.address
    raw, transaction_hash = signer.sign_transaction(TRANSACTION)
    assert Account.recover_transaction(raw) == signer.address
    assert len(transaction_hash) == 66


def test_a_development_key_is_its_labels() -> None:
    signer = DevelopmentSigner("bank-a", 31337)
    check(signer)
    assert DevelopmentSigner("bank-a", 1337).address == signer.address
    assert DevelopmentSigner("bank-b", 31337).address != signer.address
    assert repr(signer) == f"DevelopmentSigner('bank-a', {signer.address}, throw-away)"


def test_a_development_key_keeps_to_development_chains() -> None:
    with pytest.raises(InputError, match="signs for the chains 1337 and 31337 only, not for 1"):
        DevelopmentSigner("bank-a", 1)
    signer = DevelopmentSigner("bank-a", 31337)
    with pytest.raises(InputError, match="not for 1"):
        signer.sign_transaction({**TRANSACTION, "chainId": 1})
    allowed = DevelopmentSigner("bank-a", 1, allow_any_chain=True)
    assert allowed.sign_transaction({**TRANSACTION, "chainId": 1}).raw.startswith("0x02")


def test_a_keystore(path: Path) -> None:
    signer = KeystoreSigner(path, lambda: "correct horse")
    assert signer.address == Account.from_key(KEY).address
    check(signer)


def test_a_wrong_password(path: Path) -> None:
    with pytest.raises(InputError, match=r"the password for the keystore .* is wrong") as caught:
        KeystoreSigner(path, lambda: "battery staple")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "battery" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "cannot be read: it is not JSON"),
        ("[]", "not a keystore of version 3"),
        ('{"version": 1, "crypto": {}}', "not a keystore of version 3"),
        ('{"version": 3, "crypto": {}}', "damaged or of another kind"),
        ('{"version": 3, "crypto": {"kdf": "none"}}', "damaged or of another kind"),
        ('{"version": 3, "crypto": []}', "damaged or of another kind"),
    ],
)
def test_what_is_no_keystore(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "key.json"
    file.write_text(text)
    with pytest.raises(InputError, match=problem):
        KeystoreSigner(file, lambda: "x")


def test_a_missing_keystore(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        KeystoreSigner(tmp_path / "key.json", lambda: "x")


def test_a_keystore_that_names_another_address(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({**json.loads(path.read_text()), "address": "11" * 20}))
    with pytest.raises(InputError, match="names the address 1111"):
        KeystoreSigner(file, lambda: "correct horse")


def test_passwords(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    monkeypatch.setenv("SETTLEMENT_KEYSTORE_PASSWORD", "correct horse")
    for password in (password_from_file(file), password_from_environment()):
        assert KeystoreSigner(path, password).address == Account.from_key(KEY).address
    with pytest.raises(InputError, match="environment variable MISSING"):
        password_from_environment("MISSING")()
    with pytest.raises(InputError, match=r"password file .* cannot be read"):
        password_from_file(tmp_path / "missing")()


def test_no_key_is_shown(path: Path) -> None:
    for signer, key in (
        (KeystoreSigner(path, lambda: "correct horse"), "4242"),
        (DevelopmentSigner("x", 31337), "private"),
    ):
        assert signer.address in repr(signer)
        assert key not in repr(signer) + str(signer) + repr(vars(signer))
        with pytest.raises(TypeError, match="does not leave its process"):
            pickle.dumps(signer)


def test_unusable_requests() -> None:
    signer = DevelopmentSigner("x", 31337)
    with pytest.raises(InputError, match="a digest has 32 bytes, not 3"):
        signer.sign_digest(b"abc")
    with pytest.raises(InputError, match="cannot be signed"):
        signer.sign_transaction({"chainId": 31337, "to": "nowhere"})
    with pytest.raises(InputError, match="name its chainId"):
        DevelopmentSigner("x", 31337, allow_any_chain=True).sign_transaction({"nonce": 0})


def test_plugged_in_signers(monkeypatch: pytest.MonkeyPatch) -> None:
    provided = EntryPoints(
        [
            EntryPoint("vault", f"{__name__}:Vault", keystore.SIGNERS_GROUP),
            EntryPoint("lost", f"{__name__}:Nothing", keystore.SIGNERS_GROUP),
            EntryPoint("wrong", "builtins:str", keystore.SIGNERS_GROUP),
        ]
    )
    monkeypatch.setattr(keystore, "entry_points", lambda group: provided.select(group=group))
    signer = remote_signer("vault", "bank-a")
    check(signer)
    assert repr(signer) == f"Vault({signer.address})"
    with pytest.raises(InputError, match="provides the signer 'hsm'; provided: lost, vault, wrong"):
        remote_signer("hsm")
    with pytest.raises(InputError, match="cannot be loaded"):
        remote_signer("lost")
    with pytest.raises(InputError, match="makes a str, which is no Signer"):
        remote_signer("wrong")
