"""Who signs: development keys, encrypted keystore files, and signers that others plug in."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

from coincurve import PrivateKey, PublicKey
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import is_address, to_checksum_address
from eth_utils.crypto import keccak

from settlement.errors import InputError

DEVELOPMENT_CHAIN_IDS = frozenset({31337, 1337})
"""Chains on which a key that everybody can compute does no harm."""

SIGNERS_GROUP = "settlement.signers"
"""Entry-point group of signers that others provide: a name, and a callable `(argument: str) -> Signer`."""

PASSWORD_VARIABLE = "SETTLEMENT_KEYSTORE_PASSWORD"  # noqa: S105 - the variable's name, not a password

_LABEL_PREFIX = "tokenised-settlement development key, worth nothing: "


_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of the group on secp256k1."""


def signer_of(digest: bytes, signature: bytes) -> str | None:
    """The address whose key signed a digest; None where it is no signature, as the engine's contracts see it.

    Args:
        digest: 32 bytes.
        signature: 65 bytes (r, s, v), or 64 in EIP-2098's short form. Of the two values of s the lower one counts.
    """
    if len(signature) == 64:
        s_and_parity = int.from_bytes(signature[32:])
        signature = signature[:32] + (s_and_parity & (2**255 - 1)).to_bytes(32) + bytes((27 + (s_and_parity >> 255),))
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64]) > _ORDER // 2:
        return None
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes((signature[64] - 27,)), digest, hasher=None)
    except ValueError:
        return None
    return str(to_checksum_address(keccak(key.format(compressed=False)[1:])[-20:]))


class RawTransaction(NamedTuple):
    """A signed transaction's bytes and hash, both as `0x…`."""

    raw: str
    hash: str


class Signer(ABC):
    """Signs for one address. Its repr shows the address and never a key."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The address signed for, with its checksum."""

    @abstractmethod
    def sign_digest(self, digest: bytes) -> bytes:
        """The 65-byte signature (r, s, v with v 27 or 28) over a 32-byte digest, as it is."""

    @abstractmethod
    def sign_transaction(self, transaction: Mapping[str, Any]) -> RawTransaction:
        """The transaction, signed; it names its `chainId`.

        Raises:
            InputError: the signer does not sign for this chain, or the transaction is not complete.

        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"


class RemoteSigner(Signer):
    """A signer whose key is elsewhere, such as in a hardware module or behind a custodian's interface.

    To plug one in: derive from this, implement `address`, `sign_digest` and `sign_raw`, and register under
    the entry-point group `settlement.signers` a callable that makes it from one text.
    """

    @abstractmethod
    def sign_raw(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed transaction, encoded as it is sent."""

    def sign_transaction(self, transaction: Mapping[str, Any]) -> RawTransaction:
        """See `Signer.sign_transaction`."""
        raw = bytes(self.sign_raw(transaction))
        return RawTransaction("0x" + raw.hex(), "0x" + keccak(raw).hex())


class _LocalSigner(Signer):
    """Signs with a key in memory."""

    def __init__(self, account: LocalAccount) -> None:
        self.__account = account
        self.__key = PrivateKey(bytes(account.key))

    @property
    def address(self) -> str:
        """The address signed for, with its checksum."""
        return str(self.__account.address)

    def sign_digest(self, digest: bytes) -> bytes:
        """See `Signer.sign_digest`."""
        if len(digest) != 32:
            raise InputError(f"a digest has 32 bytes, not {len(digest)}")
        # The curve's library itself: going through the account takes six times as long.
        signature = self.__key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((signature[64] + 27,))

    def sign_transaction(self, transaction: Mapping[str, Any]) -> RawTransaction:
        """See `Signer.sign_transaction`."""
        if not isinstance(transaction.get("chainId"), int):
            raise InputError("a transaction has to name its chainId, or it could be sent again on another chain")
        try:
            signed = self.__account.sign_transaction(dict(transaction))
        except (TypeError, ValueError) as error:
            raise InputError(f"the transaction cannot be signed: {error}") from error
        return RawTransaction("0x" + bytes(signed.raw_transaction).hex(), "0x" + bytes(signed.hash).hex())

    def __reduce__(self) -> Any:
        raise TypeError("a signer does not leave its process")


class DevelopmentSigner(_LocalSigner):
    """A throw-away key that everybody can compute from its label: for development chains only.

    Args:
        label: What the key is made from, such as a party's name.
        chain_id: The chain it is to sign for.
        allow_any_chain: Sign for another than a development chain all the same.

    Raises:
        InputError: not a development chain.

    """

    def __init__(self, label: str, chain_id: int, *, allow_any_chain: bool = False) -> None:
        self.label = label
        self._chain_ids = None if allow_any_chain else DEVELOPMENT_CHAIN_IDS
        self._require(chain_id)
        super().__init__(Account.from_key(keccak(text=_LABEL_PREFIX + label)))

    def sign_transaction(self, transaction: Mapping[str, Any]) -> RawTransaction:
        """See `Signer.sign_transaction`."""
        self._require(transaction.get("chainId"))
        return super().sign_transaction(transaction)

    def _require(self, chain_id: Any) -> None:
        if self._chain_ids is not None and chain_id not in self._chain_ids:
            known = " and ".join(str(known) for known in sorted(self._chain_ids))
            raise InputError(
                f"the development key of {self.label!r} is known to everybody and signs for the chains "
                f"{known} only, not for {chain_id}, unless development keys are allowed there"
            )

    def __repr__(self) -> str:
        return f"DevelopmentSigner({self.label!r}, {self.address}, throw-away)"


class KeystoreSigner(_LocalSigner):
    """A key from an encrypted keystore file (Web3 secret storage, version 3).

    Args:
        path: The file.
        password: Asked for the password once, now; see `password_from_environment` and `password_from_file`.

    Raises:
        InputError: the file is no keystore, or the password is wrong.

    """

    def __init__(self, path: Path, password: Callable[[], str]) -> None:
        self.path = path
        try:
            document = json.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not JSON"
            raise InputError(f"the keystore {path} cannot be read: {why}") from None
        if not isinstance(document, dict) or document.get("version") != 3 or "crypto" not in document:
            raise InputError(f"{path} is not a keystore of version 3")
        secret = password()
        try:
            key = Account.decrypt(document, secret)
        except ValueError as error:
            # `from None`: what eth-keyfile computed on the way is nobody's business.
            if "MAC" in str(error):
                raise InputError(f"the password for the keystore {path} is wrong") from None
            raise InputError(f"the keystore {path} cannot be opened: it is damaged or of another kind") from None
        except (TypeError, KeyError, NotImplementedError):
            raise InputError(f"the keystore {path} cannot be opened: it is damaged or of another kind") from None
        super().__init__(Account.from_key(key))
        named = document.get("address")
        if isinstance(named, str) and is_address(named) and to_checksum_address(named) != self.address:
            raise InputError(f"the keystore {path} names the address {named} and holds the key of {self.address}")


def password_from_environment(variable: str = PASSWORD_VARIABLE) -> Callable[[], str]:
    """A password from an environment variable."""

    def read() -> str:
        if variable not in os.environ:
            raise InputError(f"the keystore's password is expected in the environment variable {variable}")
        return os.environ[variable]

    return read


def password_from_file(path: Path) -> Callable[[], str]:
    """A password from a file's first line."""

    def read() -> str:
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise InputError(f"the password file {path} cannot be read: {why}") from None
        return lines[0] if lines else ""

    return read


def remote_signer(name: str, argument: str = "") -> Signer:
    """A signer that an installed package provides under the entry-point group `settlement.signers`.

    Args:
        name: The entry point's name.
        argument: Handed to it as it is, such as a key's identifier.

    Raises:
        InputError: nobody provides one of this name, or it is no signer.

    """
    provided = entry_points(group=SIGNERS_GROUP)
    if name not in provided.names:
        known = ", ".join(sorted(provided.names)) or "none"
        raise InputError(f"no installed package provides the signer {name!r}; provided: {known}")
    try:
        make = provided[name].load()
    except (ImportError, AttributeError) as error:
        raise InputError(f"the signer {name!r} cannot be loaded: {error}") from error
    signer = make(argument)
    if not isinstance(signer, Signer):
        raise InputError(f"the entry point {name!r} makes a {type(signer).__name__}, which is no Signer")
    return signer
