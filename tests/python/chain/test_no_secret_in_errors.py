"""Keys and passwords are in no repr, no error and no traceback, even one that shows the variables of each frame."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from leaks import found_in, spellings

from settlement.app.description import read_description
from settlement.app.signing import Keys, folder
from settlement.chain.key_folder import KeyFolder
from settlement.chain.keystore import DevelopmentSigner, KeystoreSigner
from settlement.chain.passwords import password_from_file
from settlement.chain.signers import SignerBook
from settlement.cli.signing import asked
from settlement.errors import SettlementError
from settlement.service.logs import JsonLines

KEY = bytes(range(0x41, 0x61))
PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"
SHORT = "shorthorse"
DEVELOPMENT_KEY = keccak(text="tokenised-settlement development key, worth nothing: x")
SECRETS = {
    "key": KEY,
    "development key": DEVELOPMENT_KEY,
    "password": PASSWORD.encode(),
    "wrong password": WRONG.encode(),
    "short password": SHORT.encode(),
}


def told(error: BaseException, variables: bool = True) -> bytes:
    """All that anybody could print of an error: with variables, and with what its author has not shown."""
    parts: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        shown = traceback.TracebackException.from_exception(each, capture_locals=variables)
        # This test's own frames hold the secrets it looks for.
        shown.stack = traceback.StackSummary.from_list([f for f in shown.stack if "/tests/" not in f.filename])
        parts += [*shown.format(), repr(each), str(each), repr(vars(each))]
        waiting += [each.__cause__, each.__context__]
    record = logging.makeLogRecord({"msg": "failed", "exc_info": (type(error), error, error.__traceback__)})
    return "\n".join([*parts, JsonLines().format(record)]).encode()


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    file = tmp_path / "sound.json"
    file.write_text(json.dumps(Account.encrypt(KEY, PASSWORD, "scrypt", 2)))
    return file


def test_the_search_finds_what_it_looks_for() -> None:
    for name, secret in SECRETS.items():
        assert found_in(b"x" + secret.hex().upper().encode() + b"y", SECRETS)
        for spelling in spellings(secret):
            assert any(hit.startswith(name) for hit in found_in(b"<" + spelling + b">", SECRETS)), spelling
    frame_of_its_own: dict[str, object] = {}
    exec(compile("def f(secret):\n raise ValueError('x')", "elsewhere.py", "exec"), frame_of_its_own)  # noqa: S102
    with pytest.raises(ValueError, match="x") as caught:
        frame_of_its_own["f"](PASSWORD)  # type: ignore[operator]
    assert found_in(told(caught.value), SECRETS)


def signers(sound: Path, tmp_path: Path) -> list[object]:
    keys = KeyFolder(tmp_path / "keys", lambda: PASSWORD)
    entry = keys.import_from("bank-amber", sound, None, 2)
    development, opened = DevelopmentSigner("x", 31337), keys.signer("bank-amber")
    book = SignerBook(keys.signer, {"x": development})
    book.signer("bank-amber")
    return [development, opened, keys, entry, book, Keys(password=lambda: PASSWORD), *keys.entries()]


def test_nothing_that_holds_a_key_shows_it(sound: Path, tmp_path: Path) -> None:
    for each in signers(sound, tmp_path):
        shown = "\n".join((repr(each), str(each), f"{each}", repr(getattr(each, "__dict__", ""))))
        shown += json.dumps(each, default=str) + logging.makeLogRecord({"msg": "%s", "args": (each,)}).getMessage()
        assert found_in(shown.encode(), SECRETS) == []
        if hasattr(each, "sign_digest"):
            with pytest.raises(TypeError, match="does not leave its process"):
                pickle.dumps(each)


FAULTS: dict[str, Callable[[Path, Path], object]] = {
    "wrong password": lambda sound, _: KeystoreSigner(sound, lambda: WRONG),
    "another address": lambda sound, _: KeystoreSigner(changed(sound, address="11" * 20), lambda: PASSWORD),
    "a kdf that runs out of memory": lambda sound, _: KeystoreSigner(sound, lambda: PASSWORD),
    "no key of the curve": lambda sound, _: KeystoreSigner(sound, lambda: PASSWORD),
    "a digest of another size": lambda sound, _: KeystoreSigner(sound, lambda: PASSWORD).sign_digest(b"x"),
    "a transaction that is none": lambda sound, _: KeystoreSigner(sound, lambda: PASSWORD).sign_transaction(
        {"chainId": 31337, "to": "nowhere"}
    ),
    "a development key's transaction that is none": lambda *_: DevelopmentSigner("x", 31337).sign_transaction(
        {"chainId": 31337, "nonce": "many"}
    ),
    "a public chain": lambda *_: DevelopmentSigner("x", 31337).sign_transaction({"chainId": 1}),
    "a key in a keystore's place": lambda _, folder: KeystoreSigner(
        written(folder, "0x" + KEY.hex()), lambda: PASSWORD
    ),
    "a key in JSON": lambda _, folder: KeystoreSigner(
        written(folder, json.dumps({"version": 3, "crypto": {"key": KEY.hex()}})), lambda: PASSWORD
    ),
    "a key in a description's place": lambda _, folder: read_description(written(folder, KEY.hex())),
    "a key in a description": lambda _, folder: read_description(
        written(folder, json.dumps({"format": 1, "url": KEY.hex(), "label": KEY.hex()}))
    ),
    "a key as a file's name": lambda _, keys: folder(keys, lambda: PASSWORD).import_from("x", Path(KEY.hex())),
    "a key as a name": lambda _, keys: folder(keys, lambda: PASSWORD).create("0x" + KEY.hex()),
    "a short password": lambda _, keys: folder(keys / "new", lambda: SHORT).create("x"),
    "a second password": lambda sound, keys: second(sound, keys / "new"),
    "a password as a file's name": lambda *_: password_from_file(Path(PASSWORD))(),
    "a password file that others read": lambda _, folder: password_from_file(written(folder, PASSWORD, 0o644))(),
    "a password file of two lines": lambda _, folder: password_from_file(written(folder, f"{PASSWORD}\n{WRONG}"))(),
    "a password typed differently": lambda *_: asked(True, "the keystores"),
}


def changed(sound: Path, **fields: object) -> Path:
    sound.write_text(json.dumps({**json.loads(sound.read_text()), **fields}))
    return sound


def written(folder: Path, text: str, bits: int = 0o600) -> Path:
    file = folder / "file"
    file.write_text(text)
    file.chmod(bits)
    return file


def second(sound: Path, keys: Path) -> None:
    KeyFolder(keys, lambda: PASSWORD).import_from("x", sound, None, 2)
    KeyFolder(keys, lambda: WRONG).create("y", 2)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_error_shows_a_secret(fault: str, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "memory" in fault:

        def exhausted(derived: bytes = KEY, **_: object) -> None:
            raise MemoryError(derived)

        monkeypatch.setattr("eth_keyfile.keyfile._scrypt_hash", exhausted)
    if "curve" in fault:
        monkeypatch.setattr("eth_keyfile.keyfile.decrypt_aes_ctr", lambda *_: KEY * 2)
    if "typed" in fault:
        typed = iter((PASSWORD, WRONG))
        monkeypatch.setattr("getpass.getpass", lambda *_: next(typed))
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(SettlementError) as caught:
        FAULTS[fault](sound, tmp_path)
    # Of what was given as a name, the variables that hold the name say no more than the command line does.
    assert found_in(told(caught.value, variables="as a" not in fault), SECRETS) == []
