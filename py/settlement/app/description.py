"""A network described in a file, so that another process can work on it: which chain, which contracts, whose names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from settlement.app.json_files import new_file
from settlement.app.signing import KeyKind
from settlement.chain.deployment import Deployment
from settlement.domain.directory import Directory
from settlement.domain.model import Hash32, Model
from settlement.errors import InputError, Location
from settlement.files import read_plain


class NetworkDescription(Model):
    """What `settle network` prints and `--network FILE` reads.

    Attributes:
        format: Version of this layout.
        url: The chain's JSON-RPC address.
        genesis_hash: The hash of the chain's first block.
        deployment: The chain's id, and where the core contracts are.
        label: Whose keys: distinguishes the development keys of one network from another's.
        directory: Parties and instruments.
        finality: `instant`, `depth:N`, `safe` or `finalized`.
        keys: Which keys its parties have; None where it was not said, and the chain decides. Never a key.
        warning: What cannot be missed of them: that everybody can compute them, on a chain that is not local.

    """

    format: Literal[1] = 1
    url: str
    genesis_hash: Hash32
    deployment: Deployment
    label: str
    directory: Directory
    finality: str = "instant"
    keys: KeyKind | None = None
    warning: str | None = None


def read_description(path: Path) -> NetworkDescription:
    """Reads a description.

    Raises:
        InputError: the file cannot be read, or is not one.
    """
    found = _read(path)
    if isinstance(found, InputError):
        raise found
    return found


def _read(path: Path) -> NetworkDescription | InputError:
    """The description, or what is wrong. Somebody may have named the wrong file: no error holds what was read."""
    try:
        return NetworkDescription.model_validate_json(read_plain(path))
    except OSError as error:
        return InputError(f"cannot be read: {error.strerror}", Location(str(path)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or None
    known = field is None or field.split(".")[0] in NetworkDescription.model_fields
    return InputError(
        f"is no description of a network ({first['msg']}): `settle network` prints one",
        Location(str(path), None, field if known else None),
    )


@contextlib.contextmanager
def description_in(path: Path) -> Iterator[Callable[[NetworkDescription], None]]:
    """Makes the file of a description that is known only later, for this user alone: a URL may hold a password.

    Raises:
        InputError: the file is there already, or cannot be written.
    """
    with new_file(path, 0o600) as write:
        yield lambda description: write(description.model_dump_json(indent=2) + "\n")
