"""Build hook: the compiled contracts go into the wheel, so that an installed package needs no compiler."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledContracts(BuildHookInterface):  # type: ignore[type-arg]
    """Adds build/contracts.json as settlement/chain/contracts.json."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each wheel; `version` is "editable" for an editable install."""
        if version == "editable":
            return
        compiled = Path(self.root, "build", "contracts.json")
        if not compiled.is_file():
            raise SystemExit(
                "A wheel carries compiled contracts, and build/contracts.json is missing: run scripts/build."
            )
        build_data["force_include"][str(compiled)] = "settlement/chain/contracts.json"
