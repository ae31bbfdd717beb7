import json
import pickle
import traceback
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
    remote_signer,
)
from settlement.chain.locality import PUBLIC_CHAINS
from settlement.errors import InputError, KeyUnusable

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
    assert repr(signer) == f"DevelopmentSigner({signer.address}, made from 'bank-a')"


def test_a_development_key_keeps_to_development_chains() -> None:
    with pytest.raises(InputError, match="signs for the chains 1337 and 31337 only, not for 424242"):
        DevelopmentSigner("bank-a", 424242)
    signer = DevelopmentSigner("bank-a", 31337)
    with pytest.raises(InputError, match="not for 424242"):
        signer.sign_transaction({**TRANSACTION, "chainId": 424242})
    allowed = DevelopmentSigner("bank-a", 424242, allow_any_chain=True)
    assert allowed.sign_transaction({**TRANSACTION, "chainId": 424242}).raw.startswith("0x02")


@pytest.mark.parametrize("chain_id", PUBLIC_CHAINS)
def test_a_development_key_signs_for_no_public_chain_whatever_is_allowed(chain_id: int) -> None:
    with pytest.raises(InputError, match="signs for no public chain"):
        DevelopmentSigner("bank-a", chain_id, allow_any_chain=True)
    allowed = DevelopmentSigner("bank-a", 31337, allow_any_chain=True)
    with pytest.raises(InputError, match="signs for no public chain"):
        allowed.sign_transaction({**TRANSACTION, "chainId": chain_id})


def test_a_keystore(path: Path) -> None:
    signer = KeystoreSigner(path, lambda: "correct horse")
    assert signer.address == Account.from_key(KEY).address
    check(signer)


def test_a_wrong_password(path: Path) -> None:
    with pytest.raises(KeyUnusable, match=r"the keystore .* cannot be opened: the password is wrong") as caught:
        KeystoreSigner(path, lambda: "battery staple")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "battery" not in str(caught.value)


def test_one_that_asks_nothing_unusual_of_this_machine_opens(tmp_path: Path) -> None:
    """What the faults below differ from."""
    for kdf, iterations in (("scrypt", 4096), ("pbkdf2", 2)):
        file = tmp_path / f"{kdf}.json"
        file.write_text(json.dumps(Account.encrypt(KEY, "correct horse", kdf, iterations)))
        assert KeystoreSigner(file, lambda: "correct horse").address == Account.from_key(KEY).address


SOUND = Account.encrypt(KEY, "correct horse", "scrypt", 2)


def other(**parts: Any) -> str:
    """A sound keystore with other parts in its crypto, or with another kdfparams."""
    crypto = SOUND["crypto"]
    parameters = crypto["kdfparams"] | parts.pop("kdfparams", {})
    return json.dumps({**SOUND, "crypto": {**crypto, "kdfparams": parameters, **parts}})


def fail() -> str:
    pytest.fail("the password was asked for, and the file should have been refused before")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a whole JSON object"),
        (json.dumps(SOUND)[:-20], "not a whole JSON object"),
        ("[]", "not a whole JSON object"),
        ("[" * 60_000, "not a whole JSON object"),
        (json.dumps(SOUND) + " " * 70_000, "more than 65,536 bytes"),
        ("{}", "no version or no crypto"),
        (json.dumps({**SOUND, "version": 1}), "another version than 3"),
        (json.dumps({**SOUND, "version": 4}), "another version than 3"),
        (json.dumps({**SOUND, "version": "3"}), "another version than 3"),
        ('{"version": 3, "crypto": {}}', "damaged"),
        ('{"version": 3, "crypto": []}', "damaged"),
        (other(kdf="none"), "neither scrypt nor pbkdf2"),
        (other(kdf="pbkdf2"), "pbkdf2 has prf"),
        (other(cipher="aes-256-gcm"), "another one than aes-128-ctr"),
        (other(cipherparams={"iv": "00"}), "iv is not 16 bytes"),
        (other(ciphertext="zz" * 32), "ciphertext is not 32 bytes"),
        (other(mac="00"), "mac is not 32 bytes"),
        (other(kdfparams={"salt": 7}), "salt is not hex"),
        (other(kdfparams={"dklen": 2**40}), "dklen is not 32"),
        (other(kdfparams={"n": 2**30}), "more than 512 MiB of memory or 8 times the usual work"),
        (other(kdfparams={"n": 2**18, "r": 2**20}), "more than 512 MiB"),
        (other(kdfparams={"n": 2**18, "p": 2**20}), "times the usual work"),
        (other(kdfparams={"n": 2**100}), "more than 512 MiB"),
        (other(kdfparams={"n": 3}), "a power of two n"),
        (other(kdfparams={"n": 0}), "a power of two n"),
        (other(kdfparams={"r": -1}), "a power of two n"),
        (other(kdfparams={"p": True}), "a power of two n"),
        (other(kdfparams={"n": 4096.0}), "a power of two n"),
        (other(kdf="pbkdf2", kdfparams={"prf": "hmac-sha256", "c": 10**9}), "c of 1 to 10,000,000"),
    ],
    ids=lambda value: value[:40] if " " in value and not value.startswith(("{", "[")) else "file",
)
def test_what_is_no_keystore_is_refused_before_anything_is_computed(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "key.json"
    file.write_text(text)
    with pytest.raises(KeyUnusable, match=problem) as caught:
        KeystoreSigner(file, fail)
    assert str(file) in str(caught.value)


def test_a_key_in_the_clear_is_no_keystore_and_is_not_said_back(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    for text in (KEY, f'"{KEY}"', f'{{"privateKey": "{KEY}"}}', f'{{"version": 3, "crypto": "{KEY}"}}'):
        file.write_text(text)
        with pytest.raises(KeyUnusable) as caught:
            KeystoreSigner(file, fail)
        assert "4242" not in "".join(traceback.format_exception(caught.value))


def test_a_keystore_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="cannot be read: No such file"):
        KeystoreSigner(tmp_path / "key.json", fail)
    with pytest.raises(KeyUnusable, match="cannot be read: Is a directory"):
        KeystoreSigner(tmp_path, fail)


def test_a_keystore_that_names_another_address(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps({**json.loads(path.read_text()), "address": "11" * 20}))
    with pytest.raises(KeyUnusable, match="names the address 0x1111"):
        KeystoreSigner(file, lambda: "correct horse")


def test_a_keystore_that_holds_no_key_of_the_curve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(SOUND))
    monkeypatch.setattr(Account, "decrypt", lambda *_: b"\0" * 32)
    with pytest.raises(KeyUnusable, match="what it holds is no key"):
        KeystoreSigner(file, lambda: "correct horse")


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
