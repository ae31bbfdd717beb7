"""A folder of keystores: one file for each party, of its owner's alone, never overwritten, all with one password."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from eth_account import Account

from settlement.chain.key_folder import KeyFolder
from settlement.chain.passwords import asked_once, password_from_file
from settlement.chain.secret_storage import read_document
from settlement.errors import InputError, KeyUnusable

PASSWORD = "correct horse battery"
QUICK = 2
"""scrypt's n here: what is tested is not how long a guess takes."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    return KeyFolder(tmp_path / "home" / "keys", lambda: PASSWORD)


def test_a_new_key_is_its_owners_alone_and_opens(folder: KeyFolder) -> None:
    old = os.umask(0)  # The mode is ours, whatever the user's is.
    try:
        entry = folder.create("bank-amber", QUICK)
    finally:
        os.umask(old)
    assert (mode(entry.path), mode(folder.path)) == (0o600, 0o700)
    assert folder.signer("bank-amber").address == entry.address
    assert [path.name for path in folder.path.iterdir()] == ["bank-amber.json"]
    crypto = json.loads(entry.path.read_text())["crypto"]
    assert (crypto["kdf"], crypto["cipher"]) == ("scrypt", "aes-128-ctr")


def test_without_a_word_a_key_costs_what_other_ethereum_programs_make_it_cost(folder: KeyFolder) -> None:
    crypto = json.loads(folder.create("bank-amber").path.read_text())["crypto"]
    assert {name: crypto["kdfparams"][name] for name in ("n", "r", "p")} == {"n": 262_144, "r": 8, "p": 1}


def test_keys_are_different_and_listed_without_a_password(folder: KeyFolder) -> None:
    made = [folder.create(name, QUICK) for name in ("bank-amber", "operator", "submitter_1")]
    assert len({entry.address for entry in made}) == 3
    assert list(KeyFolder(folder.path, pytest.fail).entries()) == made


def test_nothing_is_overwritten(folder: KeyFolder, tmp_path: Path) -> None:
    before = folder.create("bank-amber", QUICK).path.read_text()
    source = tmp_path / "other.json"
    source.write_text(json.dumps(Account.encrypt("0x" + "42" * 32, PASSWORD, iterations=QUICK)))
    for again in (lambda: folder.create("bank-amber"), lambda: folder.import_from("bank-amber", source)):
        with pytest.raises(InputError, match="none is ever overwritten"):
            again()
    (folder.path / "dangling.json").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="none is ever overwritten"):
        folder.create("dangling")
    assert not (tmp_path / "elsewhere").exists()
    assert folder.path_of("bank-amber").read_text() == before


def test_two_that_make_the_same_key_at_once_do_not_overwrite_either(
    folder: KeyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def beaten(source: str, target: Path) -> None:
        target.write_text("the other's")
        link(source, target)

    monkeypatch.setattr(os, "link", beaten)
    with pytest.raises(InputError, match="none is ever overwritten"):
        folder.create("bank-amber", QUICK)
    assert [(path.name, path.read_text()) for path in folder.path.iterdir()] == [("bank-amber.json", "the other's")]


def test_what_is_taken_over_keeps_its_address_and_gets_the_folders_password(folder: KeyFolder, tmp_path: Path) -> None:
    source = tmp_path / "geth.json"
    source.write_text(json.dumps(Account.encrypt("0x" + "42" * 32, "another password", "pbkdf2", 2)))
    entry = folder.import_from("bank-jade", source, lambda: "another password", QUICK)
    assert entry.address == Account.from_key("0x" + "42" * 32).address
    assert KeyFolder(folder.path, lambda: PASSWORD).signer("bank-jade").address == entry.address
    assert json.loads(entry.path.read_text())["crypto"]["kdf"] == "scrypt"


def test_all_have_one_password(folder: KeyFolder) -> None:
    folder.create("bank-amber", QUICK)
    with pytest.raises(InputError, match="all keystores of a folder have one password"):
        KeyFolder(folder.path, lambda: "some other password").create("bank-jade", QUICK)


def test_a_new_password_is_not_short(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least 12 characters"):
        KeyFolder(tmp_path / "keys", lambda: "elevenchars").create("bank-amber", QUICK)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", "Bank", "submitter_0", "submitter_x", ".x", "0x" + "42" * 32, "x\n"]
)
def test_a_name_that_no_party_has_is_refused_and_not_said_back(folder: KeyFolder, name: str) -> None:
    with pytest.raises(InputError, match="is none of these") as caught:
        folder.create(name)
    assert len(name) < 5 or name not in str(caught.value)


def test_a_key_in_the_files_place_is_refused_and_not_said_back(folder: KeyFolder) -> None:
    for key in ("42" * 32, "0x" + "42" * 32):
        with pytest.raises(InputError, match="never given on the command line") as caught:
            folder.import_from("bank-amber", Path(key))
        assert "4242" not in str(caught.value)


def test_the_missing_are_named_before_any_is_opened(folder: KeyFolder) -> None:
    folder.create("bank-amber", QUICK)
    with pytest.raises(InputError, match="no keystore of bank-jade, operator in ") as caught:
        KeyFolder(folder.path, pytest.fail).require(["bank-amber", "bank-jade", "operator"])
    assert not isinstance(caught.value, KeyUnusable)


def test_a_damaged_one_is_listed_as_such_and_named_when_it_is_required(folder: KeyFolder) -> None:
    folder.create("bank-amber", QUICK)
    folder.path_of("bank-jade").write_text("{")
    folder.path.joinpath("Notes.json").write_text("{}")
    assert [entry.problem is None for entry in folder.entries()] == [False, True, False]
    with pytest.raises(KeyUnusable, match=r"bank-jade\.json cannot be opened: it is not a whole JSON object"):
        KeyFolder(folder.path, pytest.fail).require(["bank-amber", "bank-jade"])


def test_the_password_is_asked_for_once_and_a_wrong_one_guessed_with_once(folder: KeyFolder) -> None:
    for name in ("bank-amber", "bank-jade"):
        folder.create(name, QUICK)
    asked: list[str] = []

    def answer() -> str:
        asked.append("once")
        return "a wrong password"

    again = KeyFolder(folder.path, answer)
    for name in ("bank-amber", "bank-amber", "bank-jade"):
        with pytest.raises(KeyUnusable, match="the password is wrong"):
            again.signer(name)
    assert asked == ["once"]


@pytest.mark.parametrize("bits", [0o770, 0o707, 0o777])
def test_a_folder_that_others_may_write_to_is_refused(folder: KeyFolder, bits: int) -> None:
    folder.create("bank-amber", QUICK)
    folder.path.chmod(bits)
    for use in (
        lambda: folder.signer("bank-amber"),
        folder.entries,
        lambda: folder.create("x"),
        lambda: folder.entry("x"),
    ):
        with pytest.raises(InputError, match="others than its owner may write"):
            use()


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(InputError, match="is no folder"):
        KeyFolder(tmp_path / "keys", lambda: PASSWORD).create("bank-amber")


# ---- passwords -------------------------------------------------------------------------------------------------------


def written(path: Path, text: str | bytes, bits: int = 0o600) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(bits)
    return path


@pytest.mark.parametrize("text", [PASSWORD, PASSWORD + "\n", PASSWORD + "\r\n"])
def test_a_password_file_has_one_line(tmp_path: Path, text: str) -> None:
    assert password_from_file(written(tmp_path / "password", text, 0o400))() == PASSWORD


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path, bits: int) -> None:
    path = written(tmp_path / "password", PASSWORD, bits)
    with pytest.raises(InputError, match=f"others than its owner \\(mode {bits:03o}\\)") as caught:
        password_from_file(path)()
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("text", ["", "\n", " \n", "one\ntwo\n", b"\xff\xfe", "x" * 5_000])
def test_a_password_file_that_holds_something_else(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(InputError, match="does not hold one line of text"):
        password_from_file(written(tmp_path / "password", text))()


def test_a_password_in_the_files_place_is_not_said_back() -> None:
    for wrong in (PASSWORD, "x" * 5_000, "nul\0byte"):
        with pytest.raises(InputError, match="that --password-file names cannot be read") as caught:
            password_from_file(Path(wrong))()
        assert wrong not in str(caught.value)


def test_a_folder_or_a_pipe_is_no_password_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)  # Reading it would wait for whoever writes.
    for path, problem in ((tmp_path, "Is a directory"), (tmp_path / "pipe", "is no plain file")):
        with pytest.raises(InputError, match=problem):
            password_from_file(path)()


def test_a_password_is_asked_for_when_it_is_needed_and_once() -> None:
    asked: list[str] = []
    password = asked_once(lambda: asked.append("once") or PASSWORD)
    assert asked == []
    assert (password(), password(), asked) == (PASSWORD, PASSWORD, ["once"])


# ---- owners ----------------------------------------------------------------------------------------------------------

STRANGER = 4_242


def owned_by(uid: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is looked at has this owner; nobody but root can give a file away."""

    def with_owner(found: os.stat_result) -> os.stat_result:
        fields = list(found)
        fields[stat.ST_UID] = uid
        return os.stat_result(fields)

    of_open, of_path = os.fstat, Path.stat
    monkeypatch.setattr(os, "fstat", lambda descriptor: with_owner(of_open(descriptor)))
    monkeypatch.setattr(Path, "stat", lambda path, **more: with_owner(of_path(path, **more)))


LOOKED_AT = {
    "folder": lambda folder: folder.entries(),
    "keystore": lambda folder: read_document(folder.path / "buyer.json"),
    "password-file": lambda folder: password_from_file(folder.path / "password")(),
}


@pytest.fixture
def owned(folder: KeyFolder) -> KeyFolder:
    """A folder of keystores with one in it, and a password file."""
    folder.create("buyer", QUICK)
    written(folder.path / "password", PASSWORD)
    return folder


@pytest.mark.parametrize("what", LOOKED_AT)
@pytest.mark.parametrize("user", [0, 1_000])
def test_what_belongs_to_a_stranger_is_not_trusted(
    owned: KeyFolder, monkeypatch: pytest.MonkeyPatch, what: str, user: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    owned_by(STRANGER, monkeypatch)
    with pytest.raises(KeyUnusable, match="cannot be trusted: its owner is the user with uid 4242, and has to be"):
        LOOKED_AT[what](owned)


@pytest.mark.parametrize("what", LOOKED_AT)
@pytest.mark.parametrize("owner", [0, 1_000])
def test_what_belongs_to_this_user_or_to_root_is_trusted(
    owned: KeyFolder, monkeypatch: pytest.MonkeyPatch, what: str, owner: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    owned_by(owner, monkeypatch)
    assert LOOKED_AT[what](owned)
