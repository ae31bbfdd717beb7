"""A folder of encrypted keystores: one file for each party, named by it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from eth_account import Account
from eth_account.signers.local import LocalAccount

from settlement.chain.keystore import KeystoreSigner
from settlement.chain.passwords import PASSWORD_LENGTH_MIN, asked_once, is_strong
from settlement.chain.secret_storage import SCRYPT_N, named_address, opened, read_document, sealed
from settlement.errors import InputError, KeyUnusable
from settlement.files import foreign_owner

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}|submitter_[1-9][0-9]{0,3}")
_RAW_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")


class KeyEntry(NamedTuple):
    """A keystore in the folder, not opened.

    Attributes:
        name: Whose key.
        address: What the file names, until it is opened nothing but its word; None where it names none.
        path: The file.
        problem: Why it cannot be used; None where nothing is seen without its password.

    """

    name: str
    address: str | None
    path: Path
    problem: str | None


class KeyFolder:
    """The keystores in a folder. All have one password, which is asked for once, when the first is opened.

    Args:
        path: The folder; made when the first key is.
        password: Asked for the password of the keystores.

    """

    def __init__(self, path: Path, password: Callable[[], str]) -> None:
        self.path = path
        self._password = asked_once(password)
        self._faults: dict[str, KeyUnusable] = {}

    def entries(self) -> tuple[KeyEntry, ...]:
        """What is there, by name.

        Raises:
            KeyUnusable: the folder cannot be read, or others may write to it.
        """
        self._require_own()
        try:
            found = sorted(path for path in self.path.glob("*.json") if not path.name.startswith("."))
        except OSError as error:
            raise InputError(f"the folder of keystores {self.path} cannot be read: {error.strerror}") from None
        return tuple(map(_entry, found))

    def entry(self, name: str) -> KeyEntry:
        """A party's keystore, not opened.

        Raises:
            InputError: it has none.
            KeyUnusable: it is no keystore.
        """
        self._require_own()
        self._require_there([name])
        path = self.path_of(name)
        return KeyEntry(name, named_address(read_document(path)), path, None)

    def path_of(self, name: str) -> Path:
        """Where a party's keystore is, or would be.

        Raises:
            InputError: no party can have this name; the name is not said back, for it may be a key.
        """
        return self.path / f"{checked_name(name)}.json"

    def missing(self, names: Collection[str]) -> tuple[str, ...]:
        """Those of these that have no keystore here."""
        return tuple(name for name in names if not os.path.lexists(self.path_of(name)))

    def require(self, names: Collection[str]) -> None:
        """Sees to it that each of these has a keystore, in which all but the password is seen to be right.

        Raises:
            InputError: some have none; names them.
            KeyUnusable: one cannot be used, whatever its password.
        """
        self._require_own()
        self._require_there(names)
        for name in names:
            read_document(self.path_of(name))

    def signer(self, name: str) -> KeystoreSigner:
        """Opens a party's keystore. What was wrong with it is wrong again without another guess.

        Raises:
            InputError: it has none.
            KeyUnusable: it cannot be used.
        """
        if name in self._faults:
            raise KeyUnusable(self._faults[name].problem)
        self._require_own()
        self._require_there([name])
        try:
            return KeystoreSigner(self.path_of(name), self._password)
        except KeyUnusable as fault:
            self._faults[name] = fault
            raise

    def create(self, name: str, scrypt_n: int = SCRYPT_N) -> KeyEntry:
        """Makes a new key from the system's randomness and keeps it here.

        Raises:
            InputError: there is a keystore of this name, the folder cannot be written, or the password is too short.
        """
        self._require_free(name)
        return self._keep(name, Account.create(), scrypt_n)

    def import_from(
        self, name: str, source: Path, password: Callable[[], str] | None = None, scrypt_n: int = SCRYPT_N
    ) -> KeyEntry:
        """Keeps the key of another keystore here, encrypted anew with the folder's password.

        Args:
            name: Whose key it is here.
            source: The keystore.
            password: Asked for its password; None where it has the folder's.
            scrypt_n: The work for each guess of the password.

        Raises:
            InputError: there is a keystore of this name, or the folder cannot be written.
            KeyUnusable: the keystore cannot be used.
        """
        if _RAW_KEY.fullmatch(str(source)):
            raise InputError("a key is never given on the command line: name a keystore file; count that key as known")
        self._require_free(name)
        account = opened(source, read_document(source), password or self._password)
        return self._keep(name, account, scrypt_n)

    def _keep(self, name: str, account: LocalAccount, scrypt_n: int) -> KeyEntry:
        if not is_strong(self._password()):
            raise InputError(f"a new keystore's password has at least {PASSWORD_LENGTH_MIN} characters")
        self._require_one_password()
        path = self.path_of(name)
        _write_new(path, sealed(account, self._password, scrypt_n))
        return KeyEntry(name, str(account.address), path, None)

    def _require_one_password(self) -> None:
        usable = next((entry for entry in self.entries() if entry.problem is None), None)
        if usable is None:
            return
        try:
            self.signer(usable.name)
        except KeyUnusable as fault:
            raise InputError(
                f"all keystores of a folder have one password, and this one does not open {usable.path}"
            ) from fault

    def _require_free(self, name: str) -> None:
        path = self.path_of(name)
        self._require_own()
        if os.path.lexists(path):
            raise InputError(f"there is a keystore {path} already, and none is ever overwritten: choose another name")

    def _require_there(self, names: Collection[str]) -> None:
        missing = self.missing(names)
        if missing:
            shown = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
            raise InputError(
                f"there is no keystore of {shown} in {self.path}: `settle keys new` makes one, "
                "`settle keys import` takes one over"
            )

    def _require_own(self) -> None:
        """Whoever may write to the folder, or owns it, may put a key of its own in a party's place."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return
        except OSError as error:
            raise KeyUnusable(f"the folder of keystores {self.path} cannot be read: {error.strerror}") from None
        mode = found.st_mode
        if not stat.S_ISDIR(mode):
            raise KeyUnusable(f"{self.path} is no folder: keystores are kept in one")
        if foreign := foreign_owner(found):
            raise KeyUnusable(f"the folder of keystores {self.path} cannot be trusted: {foreign}")
        if mode & 0o022:
            raise KeyUnusable(
                f"others than its owner may write to the folder of keystores {self.path} "
                f"(mode {stat.S_IMODE(mode):03o}): `chmod 700` it"
            )


def checked_name(name: str) -> str:
    """A name that a keystore may have.

    Raises:
        InputError: no party can have this name; it is not said back, for it may be a key.
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            "a keystore is named by a party (lower-case letters, digits and hyphens, at most 40), or is operator, "
            "supervisor or submitter_N, and the name given is none of these"
        )
    return name


def _entry(path: Path) -> KeyEntry:
    try:
        return KeyEntry(checked_name(path.stem), named_address(read_document(path)), path, None)
    except InputError as fault:
        return KeyEntry(path.stem, None, path, fault.problem)


def _write_new(path: Path, text: str) -> None:
    """All of it or nothing, for this user alone, and never over what is there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # Mode 0600.
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
            os.link(temporary, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError:
        raise InputError(f"there is a keystore {path} already, and none is ever overwritten") from None
    except OSError as error:
        raise InputError(f"the keystore {path} cannot be written: {error.strerror}") from None
