"""Who signs for whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from settlement.ports import Signer


class SignerBook:
    """The signer of each party: one entered for it, or else one found by its name."""

    def __init__(self, default: Callable[[str], Signer], entered: Mapping[str, Signer] | None = None) -> None:
        self._default = default
        self._signers = dict(entered or {})

    def signer(self, party: str) -> Signer:
        """The party's signer.

        Raises:
            InputError: there is none: its key is elsewhere.
            KeyUnusable: it is there and cannot be used.
        """
        if party not in self._signers:
            self._signers[party] = self._default(party)
        return self._signers[party]
