"""Which nonce is next for the same parties: after those in the journal; where it has none, after those on the chain.

Another journal may have settled for them before, such as that of the run which set the network up.
"""

from __future__ import annotations

from collections.abc import Mapping

from settlement.domain.instruction import Instruction, InstructionStatus
from settlement.errors import InputError
from settlement.flow.desk import Desk

_LOOKED_AT_MAX = 2**62
"""Beyond it nothing is looked for: whoever uses such nonces chooses them."""

_OPEN = InstructionStatus.MATCHED
"""What the chain says of a nonce that nothing has used."""


def next_nonces(desk: Desk, drafts: Mapping[tuple[str, ...], Instruction]) -> dict[tuple[str, ...], int]:
    """The next nonce of each group of parties.

    Args:
        desk: The ledger and the journal.
        drafts: Any instruction of each group.

    Raises:
        ChainUnreachable: the chain does not say what it has.
        InputError: so many are used that none was found.
    """
    found = dict(desk.journal.next_nonces(list(drafts)))
    unknown = [group for group, nonce in found.items() if nonce == 0]
    if unknown:
        firsts = [_with(drafts[group], 0) for group in unknown]
        for group, status in zip(unknown, desk.ledger.statuses(firsts), strict=True):
            if status is not _OPEN:
                found[group] = _after_those_on_chain(desk, drafts[group])
    return found


def _after_those_on_chain(desk: Desk, draft: Instruction) -> int:
    """The end of those used from nought on, which is how journals count."""
    used, free = 0, 1
    while not _is_free(desk, draft, free):
        if free > _LOOKED_AT_MAX:
            raise InputError(f"reference {draft.reference!r}: no free nonce of these parties was found: give one")
        used, free = free, free * 2
    while free - used > 1:
        between = (used + free) // 2
        if _is_free(desk, draft, between):
            free = between
        else:
            used = between
    return free


def _is_free(desk: Desk, draft: Instruction, nonce: int) -> bool:
    return desk.ledger.status(_with(draft, nonce)) is _OPEN


def _with(draft: Instruction, nonce: int) -> Instruction:
    return draft.model_copy(update={"nonce": nonce})
