"""Who signs on a chain: development keys where it is local, encrypted keystores or plugged-in signers elsewhere."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from settlement.chain.key_folder import KeyEntry, KeyFolder
from settlement.chain.keystore import DevelopmentSigner, remote_signer
from settlement.chain.locality import PUBLIC_CHAINS, is_local
from settlement.chain.passwords import PASSWORD_FILE_VARIABLE, PASSWORD_LENGTH_MIN, password_from_file
from settlement.chain.rpc import Rpc, RpcError, masked
from settlement.chain.signers import SignerBook
from settlement.domain.directory import Directory
from settlement.durable.chains import state_home
from settlement.errors import ChainUnreachable, InputError, KeyUnusable
from settlement.ports import Signer

__all__ = [
    "OPERATOR",
    "PASSWORD_FILE_VARIABLE",
    "PASSWORD_LENGTH_MIN",
    "SUPERVISOR",
    "KeyEntry",
    "KeyKind",
    "Keys",
    "Signing",
    "default_folder",
    "development_warning",
    "folder",
    "key_kind",
    "log_warning",
    "no_password",
    "one_key_warning",
    "password_file",
]

log = logging.getLogger("settlement.keys")

OPERATOR, SUPERVISOR = "operator", "supervisor"

KeyKind = Literal["development", "keystore", "plugged"]
"""Keys made from names, encrypted files, or signers that an installed package provides."""


def no_password() -> str:
    """Where nobody can be asked and no file is named.

    Raises:
        KeyUnusable: always.
    """
    raise KeyUnusable("the keystores' password is needed: name the file that holds it")


def log_warning(lines: Sequence[str]) -> None:
    """Tells a warning to the log, in one event."""
    log.warning(lines[0], extra={"because": " ".join(lines[1:])})


@dataclass(frozen=True)
class Keys:
    """Which keys sign, as a command or program chose them; chosen by the chain where it says nothing.

    Attributes:
        keystore: The folder of keystores; None for development keys on a local chain, and the folder `keys` in
            SETTLEMENT_HOME on any other.
        password: Asked for the keystores' password, once, and only where a keystore is opened.
        provider: Entry point that makes a signer from a party's name, in the keystores' place.
        development_anywhere: Use development keys, which everybody can compute, on a chain that is not local. On a
            public chain they are refused all the same.
        warn: Told, in lines, what cannot be missed.

    """

    keystore: Path | None = None
    password: Callable[[], str] = no_password
    provider: str | None = None
    development_anywhere: bool = False
    warn: Callable[[Sequence[str]], None] = log_warning

    def __post_init__(self) -> None:
        """Refuses two answers to one question."""
        if sum((self.keystore is not None, self.provider is not None, self.development_anywhere)) > 1:
            raise InputError("choose one of --keystore, --signers and --allow-development-keys")


class Signing:
    """The signers of a network on one chain.

    Args:
        keys: What was chosen.
        rpc: The chain.
        url: Its address.
        chain_id: Its id.
        label: Distinguishes the development keys of one network from another's.
        directory: Parties that have addresses already, which their keys have to be for.
        described: What the network's description says of its keys.

    Raises:
        InputError: development keys were asked for on a public chain, or the folder of keystores is not there.

    """

    def __init__(
        self,
        keys: Keys,
        rpc: Rpc,
        url: str,
        chain_id: int,
        label: str,
        directory: Directory | None = None,
        operator: Signer | None = None,
        described: KeyKind | None = None,
    ) -> None:
        self.kind = key_kind(keys, url, chain_id, described)
        self._rpc, self._label, self._chain_id = rpc, label, chain_id
        self._parties = dict(directory.parties) if directory else {}
        self._any_chain = keys.development_anywhere
        self._provider = keys.provider or ""
        self._folder = KeyFolder(keys.keystore or default_folder(), keys.password)
        entered = {OPERATOR: operator} if operator else {}
        self.book = SignerBook(self._development if self.kind == "development" else self._checked, entered)
        self._entered = frozenset(entered)
        if self.kind == "development":
            if warning := development_warning(url, chain_id):
                keys.warn(warning)
        elif self.kind == "keystore" and not os.path.isdir(self._folder.path):
            why = (
                ""
                if is_local(url, chain_id)
                else (
                    f"the chain with id {chain_id} at {masked(url)} is not local, and development keys are for local "
                    "chains only: "
                )
            )
            raise InputError(
                f"{why}there is no folder {self._folder.path} of encrypted keystores: make one with `settle keys new "
                "NAME`, or name another with --keystore"
            )

    def require(self, names: Collection[str]) -> None:
        """Sees to it that these can sign before anything is sent.

        Raises:
            InputError: keys are missing; names them.
            KeyUnusable: one cannot be used.
        """
        if self.kind == "development":
            return
        wanted = [name for name in names if name not in self._entered]
        if self.kind == "keystore":
            self._folder.require([_file_name(name) for name in wanted])
        for name in wanted:
            self.book.signer(name)

    def require_submitter(self) -> None:
        """Sees to it that some submitter can sign, with the password asked for now and not in the middle of work.

        Raises:
            InputError: there is no submitter's key.
            KeyUnusable: one cannot be used.
        """
        if self.kind != "keystore":
            return
        there = [entry.name for entry in self._folder.entries() if entry.name.startswith("submitter_")]
        self.require([name.replace("_", " ") for name in there] or ["submitter 1"])

    def _development(self, name: str) -> Signer:
        label = name if name in (OPERATOR, SUPERVISOR) else f"{self._label}/{name}"
        return DevelopmentSigner(label, chain_id=self._chain_id, allow_any_chain=self._any_chain)

    def _checked(self, name: str) -> Signer:
        """The signer of a name, whose address is the one that the network knows."""
        file_name = _file_name(name)
        if self.kind == "keystore":
            signer: Signer = self._folder.signer(file_name)
        else:
            signer = remote_signer(self._provider, file_name)
        known = self._parties.get(name)
        if known is not None and known.lower() != signer.address.lower() and not self._is_contract(known):
            raise KeyUnusable(
                f"the key of {name} is for {signer.address}, and {name} has the address {known} in this network: it is "
                "another party's, or another network's"
            )
        return signer

    def _is_contract(self, address: str) -> bool:
        """A contract account says itself whose signature it accepts (ERC-1271)."""
        try:
            return self._rpc.call("eth_getCode", [address, "latest"]) not in ("0x", "", None)
        except RpcError as error:
            raise ChainUnreachable(f"{self._rpc.name} does not say whether {address} is a contract") from error


def development_warning(url: str, chain_id: int) -> tuple[str, ...]:
    """What cannot be missed where development keys meet a chain that is not local; nothing where it is."""
    if is_local(url, chain_id):
        return ()
    return (
        f"WARNING: development keys on the chain with id {chain_id} at {masked(url)}, which is not local.",
        "Everybody can compute them: whoever reaches that chain can move, issue, freeze and redeem all that is on it.",
        "Use encrypted keystores: `settle keys new NAME`, and leave --allow-development-keys away.",
    )


def one_key_warning(url: str, chain_id: int) -> tuple[str, ...]:
    """What cannot be missed where a chain that is not local is to be administered by one key; nothing where it is."""
    if is_local(url, chain_id):
        return ()
    return (
        f"WARNING: on the chain with id {chain_id} at {masked(url)}, which is not local, one key alone, "
        "the operator's, admits participants and instruments.",
        "Whoever has it can admit an instrument that lies and take the other roles: this is for development.",
        "How two persons share it, with a delay and a veto: SECURITY.md, under Powers.",
    )


def default_folder() -> Path:
    """Where keystores are kept unless another folder is named."""
    return state_home() / "keys"


def folder(path: Path | None, password: Callable[[], str] = no_password) -> KeyFolder:
    """The folder of keystores named, or else the one in SETTLEMENT_HOME."""
    return KeyFolder(path or default_folder(), password)


def password_file(path: Path, named_by: str) -> Callable[[], str]:
    """A password from a file; see `chain.passwords`."""
    return password_from_file(path, named_by)


def key_kind(keys: Keys, url: str, chain_id: int, described: KeyKind | None = None) -> KeyKind:
    """Which keys sign on a chain.

    Args:
        keys: What was chosen.
        url: The chain's address.
        chain_id: Its id.
        described: What the network's description says of its keys.

    Raises:
        InputError: development keys on a public chain, or plugged-in signers that nobody named.
    """
    if keys.provider is not None:
        return "plugged"
    if keys.keystore is not None:
        return "keystore"
    if keys.development_anywhere:
        if chain_id in PUBLIC_CHAINS:
            raise InputError(
                f"development keys are known to everybody and sign for no public chain, and {chain_id} is "
                f"{PUBLIC_CHAINS[chain_id]}: leave --allow-development-keys away and use encrypted keystores"
            )
        return "development"
    if described == "plugged":
        raise InputError("the network's keys are signers that an installed package provides: name it with --signers")
    if described == "keystore":
        return "keystore"
    return "development" if is_local(url, chain_id) else "keystore"


def _file_name(name: str) -> str:
    return name.replace(" ", "_")
