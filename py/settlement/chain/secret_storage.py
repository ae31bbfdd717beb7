"""Encrypted keystore files: Web3 Secret Storage, version 3.

A file is looked at in full before anything is computed, so that none makes this machine compute or allocate for hours.
Nothing here says what a file holds, and no frame of an error's traceback holds a key or a password.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import is_address, to_checksum_address

from settlement.errors import KeyUnusable
from settlement.files import foreign_owner, open_plain

FILE_BYTES_MAX = 65_536
"""A keystore has about 500 bytes."""

SCRYPT_N = 2**18
"""With r = 8 and p = 1, what other Ethereum programs write: about 256 MiB and half a second for each guess."""

_SCRYPT_BYTES_MAX = 2**29
_SCRYPT_WORK_MAX = 2**24
_PBKDF2_ROUNDS_MAX = 10_000_000

_HEX = re.compile(r"(0x)?([0-9a-fA-F]{2})*")


def read_document(path: Path) -> dict[str, Any]:
    """A keystore as JSON, checked but for its password.

    Raises:
        KeyUnusable: the file cannot be read, is no keystore of version 3, or asks for too much of this machine.
    """
    found = _looked_at(path)
    if isinstance(found, str):
        raise KeyUnusable(f"the keystore {path} cannot be {found}")
    return found


def named_address(document: Mapping[str, Any]) -> str | None:
    """The address that a keystore names, with its checksum: nothing but its holder's word until it is opened."""
    named = document.get("address")
    return str(to_checksum_address(named)) if isinstance(named, str) and is_address(named) else None


def opened(path: Path, document: Mapping[str, Any], password: Callable[[], str]) -> LocalAccount:
    """The key in a keystore.

    Raises:
        KeyUnusable: the password is wrong, or the file names another address than that of its key.
        InputError: there is no password.
    """
    found = _decrypted(document, password)
    if isinstance(found, str):
        raise KeyUnusable(f"the keystore {path} cannot be opened: {found}")
    named = named_address(document)
    if named is not None and named != found.address:
        raise KeyUnusable(f"the keystore {path} names the address {named} and holds the key of {found.address}")
    return found


def sealed(account: LocalAccount, password: Callable[[], str], scrypt_n: int = SCRYPT_N) -> str:
    """A keystore's text, with a salt of its own.

    Raises:
        InputError: there is no password.
    """
    return json.dumps(account.encrypt(password(), kdf="scrypt", iterations=scrypt_n), indent=2) + "\n"


def _decrypted(document: Mapping[str, Any], password: Callable[[], str]) -> LocalAccount | str:
    """The key, or what is wrong: told by the caller, whose frame holds neither key nor password."""
    secret = password()
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(dict(document), secret))
        return account
    except Exception as error:
        wrong = "MAC" in str(error)
    return "the password is wrong" if wrong else "what it holds is no key"


def _looked_at(path: Path) -> dict[str, Any] | str:
    """A sound keystore, or what is wrong: told by the caller, whose frame holds nothing of what was read."""
    try:
        with open_plain(path) as stream:
            foreign = foreign_owner(os.fstat(stream.fileno()))
            raw = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        return f"read: {error.strerror}"
    if foreign is not None:
        return f"trusted: {foreign}"
    if len(raw) > FILE_BYTES_MAX:
        return f"opened: it has more than {FILE_BYTES_MAX:,} bytes, so it is none"
    document = _parsed(raw)
    if document is None:
        return "opened: it is not a whole JSON object"
    if "version" not in document or "crypto" not in document:
        return "opened: it has no version or no crypto, so it is none"
    if document["version"] != 3 or isinstance(document["version"], (bool, float)):
        return "opened: it is of another version than 3, the only one that is read"
    problem = _problem(document["crypto"])
    return document if problem is None else f"opened: {problem}"


def _parsed(raw: bytes) -> dict[str, Any] | None:
    """Errors of the JSON reader carry what they read, so they end here."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return {str(key).lower(): value for key, value in document.items()} if isinstance(document, dict) else None


def _problem(crypto: Any) -> str | None:
    """What is wrong with the encrypted part, in words that tell nothing of it."""
    if not isinstance(crypto, dict) or not isinstance(crypto.get("kdfparams"), dict):
        return "its crypto or kdfparams is no object: it is damaged"
    if crypto.get("cipher") != "aes-128-ctr":
        return "its cipher is another one than aes-128-ctr"
    cipher = crypto.get("cipherparams")
    if not isinstance(cipher, dict) or not _is_hex(cipher.get("iv"), 16):
        return "its iv is not 16 bytes in hex: it is damaged"
    for name in ("ciphertext", "mac"):
        if not _is_hex(crypto.get(name), 32):
            return f"its {name} is not 32 bytes in hex: it is damaged"
    parameters = crypto["kdfparams"]
    if not _is_hex(parameters.get("salt")) or _number(parameters.get("dklen")) != 32:
        return "its salt is not hex or its dklen is not 32: it is damaged"
    match crypto.get("kdf"):
        case "scrypt":
            return _scrypt_problem(parameters)
        case "pbkdf2":
            if parameters.get("prf") != "hmac-sha256" or not 0 < _number(parameters.get("c")) <= _PBKDF2_ROUNDS_MAX:
                return f"pbkdf2 has prf hmac-sha256 and c of 1 to {_PBKDF2_ROUNDS_MAX:,}, and its parameters are others"
            return None
    return "its kdf is neither scrypt nor pbkdf2"


def _scrypt_problem(parameters: Mapping[str, Any]) -> str | None:
    n, r, p = (_number(parameters.get(name)) for name in ("n", "r", "p"))
    if n < 2 or n & (n - 1) or not r or not p:
        return "scrypt has whole numbers r and p, and a power of two n, and its parameters are others"
    if 128 * n * r > _SCRYPT_BYTES_MAX or n * r * p > _SCRYPT_WORK_MAX:
        return (
            f"its scrypt parameters (n, r, p) ask for more than {_SCRYPT_BYTES_MAX // 2**20} MiB of memory or "
            f"{_SCRYPT_WORK_MAX // (8 * SCRYPT_N)} times the usual work"
        )
    return None


def _number(value: Any) -> int:
    """A whole number that is not negative; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _is_hex(value: Any, size: int | None = None) -> bool:
    if not isinstance(value, str) or _HEX.fullmatch(value) is None:
        return False
    return size is None or len(value.removeprefix("0x")) == 2 * size
