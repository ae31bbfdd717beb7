"""Who signs: the seam at which a key in memory, a hardware module or a custodian's service can stand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple


class RawTransaction(NamedTuple):
    """A signed transaction's bytes and hash, both as `0x…`."""

    raw: str
    hash: str


class Signer(ABC):
    """Signs for one address. Its repr shows the address and never a key.

    Everything that is signed goes through here, and a key through no other place: consents and attestations by
    `sign_digest`, transactions by `sign_transaction`. Neither names a key, so whoever implements them may keep it
    anywhere: in this process (`chain.keystore.KeystoreSigner`), or in another one, a hardware module or a custodian's
    service (derive from `chain.keystore.RemoteSigner`). A signer may refuse; it signs nothing but what it was given,
    and does not wait for ever.

    Signing the same again has to be safe: the orchestrator stores signed bytes before it sends them, and asks again
    where it died in between. A signer with a counter or a limit of its own counts digests, not requests.
    """

    @property
    @abstractmethod
    def address(self) -> str:
        """The address signed for, with its checksum; known without asking anybody for a signature."""

    @abstractmethod
    def sign_digest(self, digest: bytes) -> bytes:
        """The 65-byte signature (r, s, v with v 27 or 28, the lower s) over a 32-byte digest, as it is: no prefix.

        Raises:
            InputError: it is no digest, or the signer does not sign it.

        """

    @abstractmethod
    def sign_transaction(self, transaction: Mapping[str, Any]) -> RawTransaction:
        """The transaction, signed; it names its `chainId`.

        Args:
            transaction: As JSON-RPC names its fields: `type`, `chainId`, `nonce`, `gas`, `maxFeePerGas`,
                `maxPriorityFeePerGas`, `value` (in wei), `data`, `accessList`, and `to` unless it creates a contract.

        Raises:
            InputError: the signer does not sign for this chain, or the transaction is not complete.

        """

    def __repr__(self) -> str:
        try:
            return f"{type(self).__name__}({self.address})"
        except AttributeError:
            return f"{type(self).__name__}(not opened)"  # A traceback shows what failed while it was made.
