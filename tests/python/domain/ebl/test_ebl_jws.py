"""Signed content: under one key, one algorithm and one spelling."""

from __future__ import annotations

import base64

import pytest
from envelopes import RING, encoded, payload
from hypothesis import given
from hypothesis import strategies as st

from settlement.chain.platform_keys import DevelopmentPlatformKey, FileRing
from settlement.domain.ebl.jws import Role, VerifyingKey, sign, verify
from settlement.domain.ebl.responses import EblRefused
from settlement.errors import InputError

KEY = DevelopmentPlatformKey("platform", "TEST")
SIGNED = sign({"eblPlatform": "TEST"}, KEY)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def refused(content: object, ring: object = RING, role: Role = "platform") -> str:
    with pytest.raises(EblRefused) as raised:
        verify(content, ring, role, "here")  # type: ignore[arg-type]
    return str(raised.value)


def with_header(header: object) -> str:
    """Signed under the right key, with a header of ours."""
    signing_input = f"{encoded(header)}.{SIGNED.split('.')[1]}"
    return f"{signing_input}.{base64.urlsafe_b64encode(KEY.sign(signing_input.encode())).rstrip(b'=').decode()}"


def test_what_was_signed_comes_back_with_its_signer() -> None:
    signed = verify(SIGNED, RING, "platform", "here")
    assert (signed.kid, signed.alg, signed.payload) == ("TEST", "ES256K", {"eblPlatform": "TEST"})
    assert signed.content == SIGNED


def test_the_header_names_the_algorithm_and_the_signer() -> None:
    assert payload(SIGNED, 0) == {"alg": "ES256K", "kid": "TEST"}
    assert len(base64.urlsafe_b64decode(SIGNED.split(".")[2] + "==")) == 64


def test_the_same_content_has_the_same_signature() -> None:
    assert sign({"eblPlatform": "TEST"}, DevelopmentPlatformKey("platform", "TEST")) == SIGNED


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "ES256", "RS256", "es256k"])
def test_the_algorithm_is_the_keys(alg: str) -> None:
    content = with_header({"alg": alg, "kid": "TEST"})
    assert f"BSIG: it is signed under the algorithm {alg!r}, and the key of TEST is for ES256K only" in refused(content)


def test_no_signature_is_no_signature() -> None:
    header, body, _ = SIGNED.split(".")
    assert "the signature is not of the platform TEST" in refused(f"{header}.{body}.")
    unsigned = encoded({"alg": "none", "kid": "TEST"})
    assert "under the algorithm 'none'" in refused(f"{unsigned}.{body}.")


def test_a_key_that_the_header_brings_does_not_count() -> None:
    mallory = DevelopmentPlatformKey("platform", "MALL")
    header = {"alg": "ES256K", "kid": "TEST", "jwk": mallory.public.jwk}
    signing_input = f"{encoded(header)}.{SIGNED.split('.')[1]}"
    signature = base64.urlsafe_b64encode(mallory.sign(signing_input.encode())).rstrip(b"=").decode()
    assert "BSIG: the signature is not of the platform TEST" in refused(f"{signing_input}.{signature}")


def test_an_unknown_signer_is_refused() -> None:
    ring = FileRing({"platforms": {"DEMO": DevelopmentPlatformKey("platform", "DEMO").public.jwk}})
    assert "BSIG: it is signed by the platform 'TEST', of which no key is known" in refused(SIGNED, ring)


def test_a_carrier_does_not_sign_for_a_platform_of_the_same_code() -> None:
    carrier = sign({}, DevelopmentPlatformKey("carrier", "TEST"))
    assert verify(carrier, RING, "carrier", "here").payload == {}
    assert "BSIG: the signature is not of the platform TEST" in refused(carrier)


def test_extensions_are_refused() -> None:
    header = {"alg": "ES256K", "kid": "TEST", "b64": False, "crit": ["b64"]}
    assert "BSIG: the signature asks for extensions (crit)" in refused(with_header(header))


def test_the_other_value_of_s_does_not_count() -> None:
    header, body, text = SIGNED.split(".")
    signature = base64.urlsafe_b64decode(text + "==")
    higher = signature[:32] + (ORDER - int.from_bytes(signature[32:])).to_bytes(32)
    turned = base64.urlsafe_b64encode(higher).rstrip(b"=").decode()
    assert "BSIG" in refused(f"{header}.{body}.{turned}")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "this is no signed content: it takes header"),
        ("", "it takes header, payload and signature"),
        (SIGNED + ".", "it takes header, payload and signature"),
        (SIGNED.replace(".", ".=", 1), "not in base64url"),
        (SIGNED + "=", "not in base64url"),
        (SIGNED + "\n", "not in base64url"),
        (SIGNED[:-1] + chr(ord(SIGNED[-1]) + 1), "not in base64url"),
        (" " + SIGNED, "not in base64url"),
        (SIGNED.replace("e", "é", 1), "not in base64url"),
        (f"{encoded([])}.e30.e30", "names no algorithm"),
        (f"{encoded({'alg': 'ES256K'})}.e30.e30", "names no algorithm"),
        (f"{encoded({'alg': 'ES256K', 'kid': 7})}.e30.e30", "names no algorithm"),
        (f"{encoded({'alg': '', 'kid': 'TEST'})}.e30.e30", "names no algorithm"),
        (f"{encoded({'alg': 'ES256K', 'kid': chr(27) + '[2J'})}.e30.e30", "names no algorithm"),
        ("e30x.e30.e30", "the header of the signature cannot be read"),
        ("..", "the header of the signature cannot be read"),
    ],
)
def test_what_is_no_signed_content_is_a_bad_signature(content: object, problem: str) -> None:
    text = refused(content)
    assert "here: BSIG: " in text
    assert problem in text


def test_a_name_twice_in_a_header_is_refused() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none","alg":"ES256K","kid":"TEST"}').rstrip(b"=").decode()
    assert "BSIG: the header of the signature cannot be read: this is no JSON: 'alg' is there twice" in refused(
        f"{header}.e30.e30"
    )


@pytest.mark.parametrize("text", [b'{"a":1,"a":2}', b"[NaN]", b"[" * 65 + b"]" * 65, b'"\\ud800"', b"no", b"\xff"])
def test_what_was_signed_is_read_as_strictly_as_a_document(text: bytes) -> None:
    body = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    signing_input = f"{SIGNED.split('.')[0]}.{body}"
    signature = base64.urlsafe_b64encode(KEY.sign(signing_input.encode())).rstrip(b"=").decode()
    assert "here: BENV: what TEST signed cannot be read" in refused(f"{signing_input}.{signature}")


@given(st.integers(0, len(SIGNED) - 1), st.sampled_from([*ALPHABET, ".", "=", " ", "é"]))
def test_any_changed_character_is_refused(position: int, character: str) -> None:
    changed = SIGNED[:position] + character + SIGNED[position + 1 :]
    if changed == SIGNED:
        assert verify(changed, RING, "platform", "here").payload == {"eblPlatform": "TEST"}
    else:
        assert "BSIG" in refused(changed)


# ---- key rings -------------------------------------------------------------------------------------------------------


def test_a_ring_has_keys_as_json_web_keys_and_in_hexadecimal() -> None:
    public = KEY.public
    point = bytes.fromhex("04") + b"".join(base64.urlsafe_b64decode(public.jwk[name] + "=") for name in ("x", "y"))
    compressed = bytes([2 + point[64] % 2]) + point[1:33]
    for written in (public.jwk, point.hex(), compressed.hex(), "0x" + compressed.hex()):
        ring = FileRing({"platforms": {"TEST": written}, "carriers": {}})
        assert verify(SIGNED, ring, "platform", "here").kid == "TEST"
        assert ring.find("carrier", "TEST") is None


@pytest.mark.parametrize("ring", [[], {}, {"banks": {}}, None, "platforms", {"platforms": [], "carriers": {}}])
def test_what_is_no_ring_is_refused(ring: object) -> None:
    with pytest.raises(InputError, match=r"platforms and carriers|an object of keys by code"):
        FileRing(ring)


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "02" + "ff" * 32,
        "zz",
        KEY.public.jwk | {"crv": "P-256"},
        KEY.public.jwk | {"kty": "RSA"},
        KEY.public.jwk | {"alg": "none"},
        KEY.public.jwk | {"x": KEY.public.jwk["y"]},
        KEY.public.jwk | {"x": KEY.public.jwk["x"][:-2]},
        KEY.public.jwk | {"y": None},
        KEY.public.jwk | {"d": KEY.public.jwk["x"]},
    ],
)
def test_what_is_no_public_key_is_refused_with_its_place(key: object) -> None:
    with pytest.raises(InputError, match=r"platforms\.TEST: this is no public key on secp256k1; allowed: "):
        FileRing({"platforms": {"TEST": key}})


def test_a_development_key_is_not_shown() -> None:
    assert repr(KEY) == "DevelopmentPlatformKey('TEST', throw-away)"
    assert [name for name in vars(KEY) if not name.startswith("_")] == ["kid"]


def test_a_ring_of_another_algorithm_has_its_own_say() -> None:
    class Always:
        alg = "RS256"

        def verify(self, message: bytes, signature: bytes) -> bool:
            return True

    class Ring:
        def find(self, role: Role, code: str) -> VerifyingKey | None:
            return Always()

    assert "under the algorithm 'ES256K', and the key of TEST is for RS256 only" in refused(SIGNED, Ring())
