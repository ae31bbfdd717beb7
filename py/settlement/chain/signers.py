"""Who signs for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from settlement.chain.keystore import Signer


class SignerBook:
    """The signer of each party: one entered for it, or else one made from its name."""

    def __init__(self, default: Callable[[str], Signer], entered: Mapping[str, Signer] | None = None) -> None:
        self._default = default
        self._signers = dict(entered or {})

    def signer(self, party: str) -> Signer:
        """The party's signer."""
        if party not in self._signers:
            self._signers[party] = self._default(party)
        return self._signers[party]
