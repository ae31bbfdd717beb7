"""A network described in a file, so that another process can work on it: which chain, which contracts, whose names."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from settlement.chain.deployment import Deployment
from settlement.domain.directory import Directory
from settlement.domain.model import Hash32, Model
from settlement.errors import InputError, Location


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

    """

    format: Literal[1] = 1
    url: str
    genesis_hash: Hash32
    deployment: Deployment
    label: str
    directory: Directory
    finality: str = "instant"


def read_description(path: Path) -> NetworkDescription:
    """Reads a description.

    Raises:
        InputError: the file cannot be read, or is not one.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise InputError(f"cannot be read: {why}", Location(str(path))) from error
    try:
        return NetworkDescription.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or None
        raise InputError(
            f"is no description of a network ({first['msg']}): `settle network` prints one",
            Location(str(path), None, field),
        ) from error
