"""Keys with which eBL platforms and carriers sign: ES256K (RFC 8812), on the curve of the ledger's own keys.

DCSA's platforms sign under RS256, PS256 or ES256 with certificates. ES256K is registered beside those and needs nothing
that is not here already; a ring says of each signer which key counts, so that other algorithms can be added to it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any, get_args

from coincurve import PrivateKey, PublicKey
from coincurve.ecdsa import cdata_to_der, der_to_cdata, deserialize_compact, serialize_compact

from settlement.domain.ebl.jws import Role, VerifyingKey
from settlement.errors import InputError, Location

ES256K = "ES256K"
"""ECDSA on secp256k1 over SHA-256; a signature is r and s, 32 bytes each, and of the two values of s the lower one."""

_LABEL_PREFIX = "tokenised-settlement development key of an eBL signer, worth nothing: "


class PlatformKey:
    """A public key for ES256K."""

    alg = ES256K

    def __init__(self, key: PublicKey) -> None:
        self._key = key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """See `VerifyingKey.verify`."""
        if len(signature) != 64:
            return False
        try:
            return self._key.verify(cdata_to_der(deserialize_compact(signature)), message, hasher=_sha256)
        except ValueError:
            return False

    @property
    def jwk(self) -> dict[str, str]:
        """As a JSON Web Key."""
        point = self._key.format(compressed=False)[1:]
        x, y = (base64.urlsafe_b64encode(half).rstrip(b"=").decode() for half in (point[:32], point[32:]))
        return {"kty": "EC", "crv": "secp256k1", "x": x, "y": y, "alg": ES256K}


class DevelopmentPlatformKey:
    """A throw-away key that everybody can compute from a signer's code: what it signs proves nothing."""

    alg = ES256K

    def __init__(self, role: Role, code: str) -> None:
        self.kid = code
        self._key = PrivateKey(hashlib.sha256(f"{_LABEL_PREFIX}{role} {code}".encode()).digest())

    def sign(self, message: bytes) -> bytes:
        """See `SigningKey.sign`; the same message has the same signature (RFC 6979)."""
        return bytes(serialize_compact(der_to_cdata(self._key.sign(message, hasher=_sha256))))

    @property
    def public(self) -> PlatformKey:
        """The public key."""
        return PlatformKey(self._key.public_key)

    def __repr__(self) -> str:
        return f"DevelopmentPlatformKey({self.kid!r}, throw-away)"


class DevelopmentRing:
    """The development keys of whoever is asked for."""

    def find(self, role: Role, code: str) -> VerifyingKey | None:
        """See `KeyRing.find`."""
        return DevelopmentPlatformKey(role, code).public


class FileRing:
    """The keys that a document names: `{"platforms": {"TEST": KEY}, "carriers": {"OCLN": KEY}}`.

    A key is a JSON Web Key, or a public key of 33 or 65 bytes in hexadecimal.

    Raises:
        InputError: it names something else.
    """

    def __init__(self, document: object) -> None:
        if not isinstance(document, Mapping) or not document or not document.keys() <= _ROLES.keys():
            allowed = " and ".join(_ROLES)
            raise InputError(f"a key ring is a JSON object with {allowed}, each an object of keys by code")
        self._keys: dict[tuple[Role, str], PlatformKey] = {}
        for group, keys in document.items():
            if not isinstance(keys, Mapping):
                raise InputError("this has to be an object of keys by code", Location(field=group))
            for code, key in keys.items():
                self._keys[_ROLES[group], code] = _public_key(key, f"{group}.{code}")

    def find(self, role: Role, code: str) -> VerifyingKey | None:
        """See `KeyRing.find`."""
        return self._keys.get((role, code))


_ROLES: dict[str, Role] = {f"{role}s": role for role in get_args(Role)}


def _public_key(written: object, where: str) -> PlatformKey:
    try:
        return PlatformKey(PublicKey(_point_in_hex(written) if isinstance(written, str) else _point(written)))
    except (ValueError, binascii.Error):
        problem = "this is no public key on secp256k1; allowed: 33 or 65 bytes in hexadecimal, or a JSON Web Key"
        raise InputError(f"{problem} with kty EC and crv secp256k1, for {ES256K}", Location(field=where)) from None


def _point_in_hex(written: str) -> bytes:
    return bytes.fromhex(written.removeprefix("0x"))


def _point(written: object) -> bytes:
    fields: dict[str, Any] = dict(written) if isinstance(written, Mapping) else {}
    if (fields.get("kty"), fields.get("crv"), fields.get("alg", ES256K)) != ("EC", "secp256k1", ES256K):
        raise ValueError("another kind of key")
    if "d" in fields:
        raise ValueError("a private key")
    x, y = (fields.get(name) for name in ("x", "y"))
    if not isinstance(x, str) or not isinstance(y, str):
        raise ValueError("no point")
    halves = [base64.b64decode(half + "=" * (-len(half) % 4), altchars=b"-_", validate=True) for half in (x, y)]
    if [len(half) for half in halves] != [32, 32]:
        raise ValueError("no point")
    return b"\x04" + b"".join(halves)


def _sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()
