"""Who signs: development keys, encrypted keystore files, and signers that others plug in."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from coincurve import PrivateKey, PublicKey
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from settlement.chain.eip712 import keccak_bytes
from settlement.chain.locality import DEVELOPMENT_CHAIN_IDS, PUBLIC_CHAINS
from settlement.chain.secret_storage import opened, read_document
from settlement.errors import InputError
from settlement.ports import RawTransaction, Signer

SIGNERS_GROUP = "settlement.signers"
"""Entry-point group of signers that others provide: a name, and a callable `(argument: str) -> Signer`."""

_LABEL_PREFIX = "tokenised-settlement development key, worth nothing: "


_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of the group on secp256k1."""


def signer_of(digest: bytes, signature: bytes) -> str | None:
    """The address whose key signed a digest; None where it is no signature, as the engine's contracts see it.

    Args:
        digest: 32 bytes.
        signature: 65 bytes (r, s, v), or 64 in EIP-2098's short form. Of the two values of s the lower one counts.
    """
    account = account_of(digest, signature)
    return None if account is None else str(to_checksum_address(account))


def account_of(digest: bytes, signature: bytes) -> bytes | None:
    """As `signer_of`, the address as 20 bytes: a checksum takes as long as all the rest."""
    if len(signature) == 64:
        s_and_parity = int.from_bytes(signature[32:])
        signature = signature[:32] + (s_and_parity & (2**255 - 1)).to_bytes(32) + bytes((27 + (s_and_parity >> 255),))
    if len(signature) != 65 or signature[64] not in (27, 28) or int.from_bytes(signature[32:64]) > _ORDER // 2:
        return None
    try:
        key = PublicKey.from_signature_and_message(signature[:64] + bytes((signature[64] - 27,)), digest, hasher=None)
    except ValueError:
        return None
    return keccak_bytes(key.format(compressed=False)[1:])[-20:]


class RemoteSigner(Signer):
    """A signer whose key is elsewhere, such as in a hardware module or behind a custodian's interface.

    To plug one in: derive from this, implement `address`, `sign_digest` and `sign_raw`, and register under
    the entry-point group `settlement.signers` a callable that makes it from one text. The option `--signers NAME`
    has it called with a party's name, or with `operator`, `supervisor` or `submitter_N`:

        [project.entry-points."settlement.signers"]
        vault = "our_vault:signer_of"

    How it reaches the key, how it proves who asks, and how long it waits is its own affair. What it answers is checked:
    the engine, and before it this program, recover the address from every consent. See `ports.Signer` for what is
    expected of it; tests/python/chain/test_remote_signer.py has one whose key is in another process.
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
        signed = self.__signed(transaction)
        if isinstance(signed, str):
            raise InputError(f"the transaction cannot be signed: {signed}")
        return signed

    def __signed(self, transaction: Mapping[str, Any]) -> RawTransaction | str:
        """The transaction, or why not: an error from below would carry frames that hold the key."""
        try:
            signed = self.__account.sign_transaction(dict(transaction))
        except Exception as error:
            return str(error)
        return RawTransaction("0x" + bytes(signed.raw_transaction).hex(), "0x" + bytes(signed.hash).hex())

    def __reduce__(self) -> Any:
        raise TypeError("a signer does not leave its process")


class DevelopmentSigner(_LocalSigner):
    """A throw-away key that everybody can compute from its label: for development chains only.

    Args:
        label: What the key is made from, such as a party's name.
        chain_id: The chain it is to sign for.
        allow_any_chain: Sign for another than a development chain all the same, but never for a public one.

    Raises:
        InputError: not a development chain, or a public one.

    """

    def __init__(self, label: str, chain_id: int, *, allow_any_chain: bool = False) -> None:
        self.label = label
        self._any_chain = allow_any_chain
        self._require(chain_id)
        super().__init__(Account.from_key(keccak(text=_LABEL_PREFIX + label)))

    def sign_transaction(self, transaction: Mapping[str, Any]) -> RawTransaction:
        """See `Signer.sign_transaction`."""
        self._require(transaction.get("chainId"))
        return super().sign_transaction(transaction)

    def _require(self, chain_id: Any) -> None:
        whose = f"the development key of {self.label!r} is known to everybody and signs for"
        if chain_id in PUBLIC_CHAINS:
            raise InputError(
                f"{whose} no public chain, not even when asked to: {chain_id} is {PUBLIC_CHAINS[chain_id]}"
            )
        if not self._any_chain and chain_id not in DEVELOPMENT_CHAIN_IDS:
            known = " and ".join(str(known) for known in sorted(DEVELOPMENT_CHAIN_IDS))
            raise InputError(
                f"{whose} the chains {known} only, not for {chain_id}, unless development keys are allowed there"
            )

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, made from {self.label!r})"


class KeystoreSigner(_LocalSigner):
    """A key from an encrypted keystore file (Web3 Secret Storage, version 3).

    Args:
        path: The file.
        password: Asked for the password once, now, after the file was looked at.

    Raises:
        KeyUnusable: the file is no keystore, asks for too much of this machine, or the password is wrong.
        InputError: there is no password.

    """

    def __init__(self, path: Path, password: Callable[[], str]) -> None:
        self.path = path
        super().__init__(opened(path, read_document(path), password))


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
