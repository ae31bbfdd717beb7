"""No key gets into the repository unseen: what the scan of scripts/lib/find_secrets.py finds, and what it lets be."""

from __future__ import annotations

import base64
import runpy
import secrets
import subprocess
from pathlib import Path

import pytest
from eth_account.hdaccount.mnemonic import Mnemonic

ROOT = Path(__file__).parents[3]
SCAN = runpy.run_path(str(ROOT / "scripts" / "lib" / "find_secrets.py"))["main"]

KEY = secrets.token_hex(32).translate(str.maketrans("f", "e"))
"""Made here, so that no key is in this file either; without an f it is below the curve's order."""

Capture = pytest.CaptureFixture[str]


def planted(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


PLANTED = {
    "deploy.env": f"PRIVATE_KEY=0x{KEY}",
    "network.yaml": f"deployer: {KEY.upper()}",
    "notes.md": f"Send it with `--private-key 0x{KEY}`.",
    "bank.py": f"KEY = 0x{KEY}",
    "Bank.sol": f"bytes32 constant KEY = 0x{KEY};",
    "phrase.py": f'PHRASE = "{Mnemonic().generate(num_words=12)}"',
    "phrase.txt": f"words: {Mnemonic().generate(num_words=24)} of the bank",
    "key.pem": "-----BEGIN EC " + "PRIVATE KEY-----",
    "key.json": f'{{"kty": "EC", "d": "{base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")}"}}',
    "UTC--bank": f'{{"crypto": {{"ciphertext": "{KEY}{KEY}"}}}}',
    ".npmrc": "token=npm_" + "a1B2" * 9,
}
"""By file. Tests are named by it, since what is random would name them otherwise in every process."""


@pytest.mark.parametrize("name", PLANTED)
def test_a_key_is_found_and_not_shown(tmp_path: Path, capsys: Capture, name: str) -> None:
    planted(tmp_path, name, f"one\ntwo\n{PLANTED[name]}\n")
    assert SCAN(tmp_path) == 1
    told = capsys.readouterr()
    assert f"{name}:3: " in told.out
    assert KEY not in (told.out + told.err).lower()


@pytest.mark.parametrize(
    "text",
    [
        "0x" + "0" * 63 + "1",
        "0x" + "f" * 64,
        f"--hash=sha256:{KEY}",
        KEY[:-1],
        KEY + "0",
        "about above absent abstract access accident account across action address advance advice",
    ],
    ids=["an example", "no key of the curve", "a lock's hash", "too short", "too long", "words without their checksum"],
)
def test_what_is_no_key_is_let_be(tmp_path: Path, capsys: Capture, text: str) -> None:
    planted(tmp_path, "file.txt", text)
    assert SCAN(tmp_path) == 0
    assert capsys.readouterr().out == "1 files, 0 secrets that are not known constants\n"


def test_a_known_constant_is_let_be_as_long_as_it_is_there(tmp_path: Path, capsys: Capture) -> None:
    planted(tmp_path, "scripts/lib/known-constants.txt", f"# why\n0x{KEY}  a topic\n")
    topic = planted(tmp_path, "topic.py", f"TOPIC = '{KEY}'")
    assert SCAN(tmp_path) == 0
    topic.unlink()
    assert SCAN(tmp_path) == 1
    assert "is nowhere any more" in capsys.readouterr().out


def test_what_git_ignores_is_not_looked_at_and_what_is_not_yet_committed_is(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    planted(tmp_path, ".gitignore", "local.env\n")
    planted(tmp_path, "local.env", KEY)
    assert SCAN(tmp_path) == 0
    planted(tmp_path, "new.env", KEY)
    assert SCAN(tmp_path) == 1
