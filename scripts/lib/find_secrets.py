"""Finds keys in the files of this repository, those not yet committed included; status 1 where there is one.

python scripts/lib/find_secrets.py [FOLDER]

A scan of its own, because detect-secrets 1.5.0 found 4 of 9 keys that were planted for it: it wants quotes or a telling
name, and overlooked a signing key in prose, YAML, Solidity and a Python number, and a recovery phrase.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from eth_account.hdaccount.mnemonic import Mnemonic

ROOT = Path(__file__).resolve().parents[2]
KNOWN = "scripts/lib/known-constants.txt"
LARGEST_BYTES = 5_000_000

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1: every positive number below it is somebody's signing key."""

FEWEST_DIGITS = 8
"""So many different ones has any number that was drawn by lot; 0x000…01 and 0x1111… are not keys but examples."""

WORD_256 = re.compile(r"(?<![0-9A-Za-z:])(?:0x)?([0-9A-Fa-f]{64})(?![0-9A-Za-z])")
"""Not after a colon: the hashes of a lock are written sha256:…"""

PHRASE = re.compile(r"(?<![a-z])(?:[a-z]{3,8}[ ,]+){11,23}[a-z]{3,8}(?![a-z])")

SHAPES = {
    "a private key (PEM)": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a private key (JWK)": re.compile(r"[\"']d[\"']\s*:\s*[\"'][A-Za-z0-9_-]{43}[\"']"),
    "an encrypted key (keystore)": re.compile(r"\"ciphertext\"\s*:\s*\"[0-9A-Fa-f]{64,}\""),
    "a token of a code host or registry": re.compile(
        r"\b(?:gh[opsur]_[A-Za-z0-9]{36}|github_pat_\w{60,}|glpat-[\w-]{20}|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,})"
    ),
    "a cloud access key": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
}

_english = Mnemonic()


def secrets_in(text: str) -> Iterator[tuple[int, str, str]]:
    """Where in the text something secret begins, what it is, and the secret itself."""
    for found in WORD_256.finditer(text):
        digits = found[1].lower()
        if 0 < int(digits, 16) < CURVE_ORDER and len(set(digits)) >= FEWEST_DIGITS:
            yield found.start(), "a number that can be a signing key", digits
    for found in PHRASE.finditer(text):
        if phrase := _phrase_in(re.findall(r"[a-z]+", found[0])):
            yield found.start(), "a recovery phrase", phrase
    for what, shape in SHAPES.items():
        for found in shape.finditer(text):
            yield found.start(), what, found[0]


def _phrase_in(words: list[str]) -> str | None:
    """The first BIP-39 phrase among the words: of their list, and with the right checksum."""
    for length in (24, 21, 18, 15, 12):
        for first in range(len(words) - length + 1):
            phrase = " ".join(words[first : first + length])
            if _english.is_mnemonic_valid(phrase):
                return phrase
    return None


def files(root: Path) -> list[Path]:
    """Every file that is committed or could be; of a copy without its history, every file that no tool made."""
    asked = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return sorted({root / name for name in answer.stdout.split("\0") if name})
    made = {".git", ".venv", "build", "node_modules", "__pycache__"}
    return sorted(path for path in root.rglob("*") if not made & set(path.relative_to(root).parts))


def known_constants(root: Path) -> dict[str, str]:
    """What looks like a secret and is none, with the reason after two blanks."""
    path = root / KNOWN
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    listed = [re.split(r"\s{2,}", line, maxsplit=1) for line in lines if line and not line.startswith("#")]
    return {constant.lower().removeprefix("0x"): reason for constant, reason in listed}


def main(root: Path) -> int:
    """Prints each secret's place, never the secret."""
    known, places, looked_at = known_constants(root), [], 0
    unused = set(known)
    for path in files(root):
        name = str(path.relative_to(root))
        if name == KNOWN or not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            continue
        looked_at += 1
        text = path.read_text("utf-8", errors="replace")
        for start, what, secret in secrets_in(text):
            unused.discard(secret.lower())
            if secret.lower() not in known:
                places.append(f"{name}:{text.count(chr(10), 0, start) + 1}: {what}")
    places += [f"{KNOWN}: {constant} is nowhere any more; take it out" for constant in sorted(unused)]
    print("\n".join(places), end="\n" if places else "")
    print(f"{looked_at} files, {len(places)} secrets that are not known constants")
    if places:
        print(f"What is none is listed in {KNOWN}, with the reason.")
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
