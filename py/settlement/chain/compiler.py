"""Compiles the contracts of a checkout into build/contracts.json, with the settings of foundry.toml.

What forge has compiled already, from the same sources in the same way, is not compiled again (settlement.chain.forged).

python -m settlement.chain.compiler
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from settlement.chain.forged import forged_output
from settlement.errors import InputError, SettlementError

FORMAT = 2
"""Version of the layout of contracts.json; another one is compiled again."""

TRANSIENT_STORAGE_WARNING = "2394"
"""The one warning that says nothing about a fault: that transient storage is used, which is on purpose."""

_CALLABLE = {"function", "constructor", "receive", "fallback"}

Progress = Callable[[str], None]


def checkout_root() -> Path | None:
    """The checkout that this module is part of; None in an installed package."""
    root = Path(__file__).resolve().parents[3]
    is_checkout = (root / "foundry.toml").is_file() and (root / "contracts").is_dir()
    return root if is_checkout else None


def compile_contracts(root: Path | None = None, progress: Progress | None = None) -> Path:
    """Makes sure that build/contracts.json is what the sources say, compiling only when something changed.

    Processes that ask at the same time compile once.

    Args:
        root: The checkout; by default the one that this module is part of.
        progress: Is told, in one line, that a compilation starts or ended.

    Returns:
        The path of contracts.json.

    Raises:
        InputError: no checkout, no compiler, or the contracts do not compile without an error or a warning.

    """
    root = root or checkout_root()
    if root is None:
        raise InputError("there are no contract sources here to compile; only a checkout of the repository has them")
    request = standard_input(root)
    digest = source_hash(root, request)
    target = root / "build" / "contracts.json"
    if _hash_in(target) == digest:
        return target
    with _locked(root / "build" / "contracts.lock"):
        if _hash_in(target) == digest:
            return target
        solc, version = find_solc(root)
        tell = progress or (lambda line: None)
        # Who names a compiler wants it to compile.
        output = None if os.environ.get("SETTLEMENT_SOLC") else forged_output(root, request, version)
        if output is None:
            tell(f"compiling {len(request['sources'])} contract files with solc {version} (about a minute)")
            output, done = _run(solc, request, root), "compiled"
        else:
            done = "took from what forge compiled:"
        document = {"format": FORMAT, "sourceHash": digest, "compiler": version, **_collect(output)}
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        _write_atomically(target, text + "\n")
        tell(f"{done} {len(document['contracts'])} contracts")
    return target


def standard_input(root: Path) -> dict[str, Any]:
    """The compiler's standard JSON input: every file under contracts/, keyed relative to the root.

    Raises:
        InputError: foundry.toml cannot be used.

    """
    files = sorted((root / "contracts").rglob("*.sol"))
    sources = {str(path.relative_to(root).as_posix()): {"content": path.read_text("utf-8")} for path in files}
    if not sources:
        raise InputError(f"there is no Solidity file under {root / 'contracts'}")
    profile, deployed = _forge_profile(root)
    compiled = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]
    selection = {name: {"*": compiled} for name in sources}
    return {
        "language": "Solidity",
        "sources": sources,
        "settings": {
            "viaIR": deployed["via_ir"],
            "evmVersion": profile["evm_version"],
            "optimizer": {"enabled": deployed["optimizer"], "runs": deployed["optimizer_runs"]},
            "metadata": {"bytecodeHash": profile["bytecode_hash"], "appendCBOR": profile["cbor_metadata"]},
            "remappings": profile["remappings"],
            "outputSelection": {"*": {"*": ["abi"]}, **selection},
        },
    }


def source_hash(root: Path, request: Mapping[str, Any]) -> str:
    """SHA-256 over everything that decides the bytecode: sources, settings, compiler and library versions."""
    parts = {
        "format": FORMAT,
        "input": request,
        "solc": solc_version(root),
        "openzeppelin": _installed_version(root, "@openzeppelin/contracts"),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def solc_version(root: Path) -> str:
    """The compiler version that package.json pins."""
    document = json.loads((root / "package.json").read_text("utf-8"))
    return str({**document.get("dependencies", {}), **document.get("devDependencies", {})}["solc"])


def find_solc(root: Path) -> tuple[Path, str]:
    """The compiler and its full version: SETTLEMENT_SOLC, else a fitting `solc` on PATH, else scripts/solc.

    Raises:
        InputError: none is usable, or the one that was asked for is not.

    """
    wanted = solc_version(root)
    chosen = os.environ.get("SETTLEMENT_SOLC")
    if chosen:
        found = _version_of(Path(chosen))
        if found is None:
            raise InputError(f"SETTLEMENT_SOLC names {chosen}, which does not run as a Solidity compiler")
        if found.split("+")[0] != wanted:
            raise InputError(f"SETTLEMENT_SOLC names {chosen}, which is solc {found}; {wanted} is needed")
        return Path(chosen), found
    on_path = shutil.which("solc")
    candidates = [Path(on_path)] if on_path else []
    candidates.append(root / "scripts" / "solc")
    for candidate in candidates:
        found = _version_of(candidate)
        if found and found.split("+")[0] == wanted:
            return candidate, found
    raise InputError(
        f"no Solidity compiler {wanted} is here: run scripts/setup, or name one with SETTLEMENT_SOLC=/path/to/solc"
    )


def _version_of(solc: Path) -> str | None:
    try:
        answer = subprocess.run([solc, "--version"], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"^Version: (\S+)", answer.stdout, re.M)
    return found[1].removesuffix(".Emscripten.clang") if found else None


def _forge_profile(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """foundry.toml's default profile and, in it, how what is deployed is compiled: these settings' one place."""
    path = root / "foundry.toml"
    try:
        profile: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))["profile"]["default"]
        for key in ("evm_version", "bytecode_hash", "cbor_metadata", "remappings"):
            profile[key]
        deployed: dict[str, Any] = next(
            each for each in profile["additional_compiler_profiles"] if each["name"] == "ir"
        )
        for key in ("via_ir", "optimizer", "optimizer_runs"):
            deployed[key]
    except StopIteration:
        raise InputError(f"{path} cannot be used for its compiler settings: it has no compiler profile 'ir'") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be used for its compiler settings: {error}") from error
    return profile, deployed


def _installed_version(root: Path, package: str) -> str:
    path = root / "node_modules" / package / "package.json"
    try:
        return str(json.loads(path.read_text("utf-8"))["version"])
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{package} is missing from {root / 'node_modules'}: run scripts/setup first") from error


def _run(solc: Path, request: dict[str, Any], root: Path) -> dict[str, Any]:
    try:
        import solcx
        from solcx.exceptions import SolcError
    except ImportError as error:
        raise InputError(
            "compiling needs py-solc-x, which is not installed: pip install 'tokenised-settlement[compile]'"
        ) from error
    try:
        output: dict[str, Any] = solcx.compile_standard(request, solc_binary=solc, base_path=root)
    except SolcError as error:
        raise InputError(f"the contracts do not compile:\n{_complaint(error)}") from error
    warnings = [
        item.get("formattedMessage") or item.get("message", "")
        for item in output.get("errors", [])
        if item["severity"] == "warning" and _is_ours(item) and item.get("errorCode") != TRANSIENT_STORAGE_WARNING
    ]
    if warnings:
        raise InputError("the contracts compile with warnings, which count as errors:\n" + "\n".join(warnings))
    return output


def _complaint(error: Any) -> str:
    """What the compiler found wrong: solcx tells it as text, or hides it in what the compiler wrote."""
    text = str(getattr(error, "message", "") or error).strip()
    details = str(getattr(error, "stderr_data", "") or "").strip()
    return text if details in text else f"{text}\n{details}"


def _is_ours(item: Mapping[str, Any]) -> bool:
    location = item.get("sourceLocation")
    return not location or not str(location.get("file", "")).startswith("node_modules/")


def _collect(output: Mapping[str, Any]) -> dict[str, Any]:
    """What is deployable by its name, and everything else's ABI by `file:name`."""
    contracts: dict[str, Any] = {}
    abis: dict[str, Any] = {}
    for source, found in output["contracts"].items():
        for name, contract in found.items():
            # Forge and solc write the entries in different orders.
            abi = sorted(contract["abi"], key=lambda entry: json.dumps(entry, sort_keys=True))
            code = contract.get("evm", {}).get("bytecode", {}).get("object", "")
            if not code or not any(entry["type"] in _CALLABLE for entry in abi):
                if abi:
                    abis[f"{source}:{name}"] = abi
                continue
            if "__$" in code:
                raise InputError(f"{source}: {name} needs a library to be linked, which is not supported")
            if name in contracts:
                raise InputError(f"two contracts are called {name}: {contracts[name]['source']} and {source}")
            contracts[name] = {
                "source": source,
                "abi": abi,
                "bytecode": "0x" + code,
                "deployedBytecode": "0x" + contract["evm"]["deployedBytecode"]["object"],
            }
    return {"contracts": contracts, "abis": abis}


def _hash_in(path: Path) -> str | None:
    try:
        found = path.stat()
        return _hash_read(path, found.st_ino, found.st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=2)
def _hash_read(path: Path, _file: int, _modified: int) -> str | None:
    document = json.loads(path.read_text("utf-8"))
    return str(document["sourceHash"]) if document["format"] == FORMAT else None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write_atomically(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
            handle.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def main() -> int:
    """Compiles when needed; progress and errors go to stderr."""
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        print(line, file=sys.stderr, flush=True)

    try:
        path = compile_contracts(progress=tell)
    except SettlementError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if not told:
        tell(f"{os.path.relpath(path)} is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
