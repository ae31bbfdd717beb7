"""Signed JSON: the compact serialisation of JSON Web Signature (RFC 7515), and whose keys count.

The keys themselves are elsewhere: here it is what they sign, and that a signature counts under one algorithm, one key
and one spelling only. The algorithm is the key's and not the header's, `kid` names a signer that the ring has to know,
and what a header says of keys of its own (`jwk`, `jku`, `x5c`) is not asked.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Literal, NamedTuple, Protocol

from settlement.domain.ebl.content import canonical_text, read_json
from settlement.domain.ebl.responses import EblRefused, ResponseCode
from settlement.errors import InputError, Location

Role = Literal["platform", "carrier"]
"""As what somebody signs: a platform its envelopes and answers, a carrier what it issued."""


class SigningKey(Protocol):
    """A private key with the name under which others know its public one."""

    @property
    def kid(self) -> str:
        """The signer's code."""

    @property
    def alg(self) -> str:
        """The JOSE name of its algorithm."""

    def sign(self, message: bytes) -> bytes:
        """The signature as RFC 7518 or RFC 8812 writes it."""


class VerifyingKey(Protocol):
    """A public key."""

    @property
    def alg(self) -> str:
        """The JOSE name of its algorithm, the only one under which it verifies."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether the key made this signature."""


class KeyRing(Protocol):
    """The public keys that count."""

    def find(self, role: Role, code: str) -> VerifyingKey | None:
        """The key of whoever has this code; None where nobody is known by it."""


class Signed(NamedTuple):
    """A JSON value whose signature verifies.

    Attributes:
        content: As it was sent.
        kid: Who signed.
        alg: Under which algorithm.
        payload: What was signed.
    """

    content: str
    kid: str
    alg: str
    payload: Any


def sign(payload: object, key: SigningKey) -> str:
    """A JSON value, signed: `header.payload.signature`."""
    header = {"alg": key.alg, "kid": key.kid}
    signing_input = ".".join(_encoded(canonical_text(part).encode()) for part in (header, payload))
    return f"{signing_input}.{_encoded(key.sign(signing_input.encode()))}"


def verify(content: object, ring: KeyRing, role: Role, field: str) -> Signed:
    """What was signed, and by whom.

    Args:
        content: The compact serialisation.
        ring: Whose keys count.
        role: As what somebody has to have signed.
        field: Where the content was found, for the sentence of a refusal.

    Raises:
        EblRefused: BSIG, where it is no signature of somebody known; BENV, where what was signed is no JSON.
    """

    def refuse(problem: str, code: ResponseCode = ResponseCode.BSIG) -> EblRefused:
        return EblRefused(code, problem, Location(field=field))

    parts = content.split(".") if isinstance(content, str) else []
    if len(parts) != 3:
        raise refuse("this is no signed content: it takes header, payload and signature with a point between them")
    try:
        header_bytes, payload_bytes, signature = map(_decoded, parts)
    except ValueError:
        raise refuse("this is no signed content: a part of it is not in base64url as RFC 7515 writes it") from None
    try:
        header = read_json(header_bytes)
    except InputError as error:
        raise refuse(f"the header of the signature cannot be read: {error.problem}") from None
    if not isinstance(header, dict) or not all(_is_word(header.get(name)) for name in ("alg", "kid")):
        raise refuse("the header of the signature names no algorithm (alg) and no signer (kid)")
    if "crit" in header:
        raise refuse("the signature asks for extensions (crit), and none is known here")
    kid, alg = header["kid"], header["alg"]
    key = ring.find(role, kid)
    if key is None:
        raise refuse(f"it is signed by the {role} {kid!r}, of which no key is known")
    if alg != key.alg:
        raise refuse(f"it is signed under the algorithm {alg!r}, and the key of {kid} is for {key.alg} only")
    if not key.verify(f"{parts[0]}.{parts[1]}".encode(), signature):
        raise refuse(f"the signature is not of the {role} {kid}, or what it signed was changed")
    try:
        return Signed(str(content), kid, alg, read_json(payload_bytes))
    except InputError as error:
        raise refuse(f"what {kid} signed cannot be read: {error.problem}", ResponseCode.BENV) from None


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and value != ""


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """Of several spellings of the same bytes, one only: a second would be another envelope with the same meaning."""
    try:
        data = base64.b64decode(text.encode() + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(str(error)) from None
    if _encoded(data) != text:
        raise ValueError("not the shortest spelling")
    return data
