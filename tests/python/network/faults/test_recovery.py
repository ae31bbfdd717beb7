"""What a worker finds when it begins again: nothing is stuck, whatever happened in between."""

from __future__ import annotations

from settlement.domain.finality import FinalityRule
from settlement.domain.instruction import InstructionStatus
from settlement.durable.verify import verify

SETTLED, CONFIRMED = InstructionStatus.SETTLED, InstructionStatus.CONFIRMED


def require_books(service, settled):
    """So many trades of ten bonds each have settled, each once."""
    assert service.market.network.position("buyer", "bond").balance == 10 * settled
    assert verify(service.service.database) == ()
    assert service.service.reconcile().differences == ()


def test_a_reorganisation_while_nobody_worked_takes_no_nonce_twice(service):
    rule = {"finality": FinalityRule(kind="depth", depth=4), "resend_s": 0.01, "batch_size": 1}
    first = service.worker("first", **rule)
    for number in range(2):
        service.submit(f"R-{number}")
        service.until(first, f"R-{number}", SETTLED)
    first.close()
    service.market.rpc.call("anvil_reorg", [2, []])
    service.submit("R-2")
    next_one = service.worker("next", **rule)
    for number in range(3):
        service.until_well(next_one, f"R-{number}", SETTLED)
    service.market.rpc.call("anvil_mine", ["0x5"])
    for number in range(3):
        service.until_well(next_one, f"R-{number}", CONFIRMED)
    require_books(service, 3)
