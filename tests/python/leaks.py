"""Finds secrets in what was written and said, however they are spelled."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path


def spellings(secret: bytes) -> Iterator[bytes]:
    """Raw, as hex, in base64 at each of its three offsets, as Python shows bytes and lists, and as a number."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex(" ").encode()
    for offset in range(3):
        # Of what stands in the middle of something else, the first and last characters depend on its neighbours.
        text = base64.b64encode(bytes(offset) + secret)[2 if offset else 0 :][2 if offset == 2 else 0 : 36]
        text = text.rstrip(b"=")
        yield text
        yield text.translate(bytes.maketrans(b"+/", b"-_"))
    yield repr(secret)[2:-1].encode()
    yield repr(list(secret))[1:-1].encode()
    yield str(int.from_bytes(secret)).encode()


def found_in(what: bytes, secrets: dict[str, bytes]) -> list[str]:
    """Names of the secrets that are in it, in any spelling; upper and lower case are one."""
    lowered = what.lower()
    return [
        f"{name} ({spelling[:12]!r}…)"
        for name, secret in secrets.items()
        for spelling in spellings(secret)
        if spelling in what or spelling.lower() in lowered
    ]


def everything_under(folder: Path) -> dict[str, bytes]:
    """The bytes of each file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
