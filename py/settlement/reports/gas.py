"""Gas per DvP, from receipts of real transactions: base fee of the transaction and calldata included.

Conditions: both parties sign (EIP-712), the nonce is spent, participants, instruments, accounts and mandates are
checked. Warm: the same parties have traded before, so every storage slot concerned is already non-zero. The batch:
200 instructions in one transaction, each between one of 10 sellers and one of 10 buyers at another bank, reserves
netted per bank.
"""

from __future__ import annotations

from collections.abc import Callable

from settlement.domain.instruction import Leg, MatchedInstruction
from settlement.domain.submission import Submission
from settlement.flow.intake import submit
from settlement.flow.network import WINDOW_SECONDS, Network
from settlement.flow.settle import settle_batch
from settlement.reports.market import TRADERS, bond_leg, cross_bank_dvp, set_up_market

BATCH_SIZE = 200
WARM_UP_TRADES = 2

BUDGETS = {"dvp_same_bank": 120_000, "dvp_cross_bank": 160_000, "dvp_cross_bank_batch_200": 45_000}
"""The most gas per DvP that this project allows itself."""

PEERS = (
    ("Norges Bank sandbox, DvP.settle, same bank", 82_071, "trusted operator, no signatures, replayable"),
    ("Norges Bank sandbox, DvP.settle, across banks", 141_053, "trusted operator, no signatures, replayable"),
    ("Seaport 1.6, fulfillOrder", 104_881, "one signature, no compliance, two plain ERC-20"),
    ("T-REX DVD, ERC-3643 bond leg", 302_085, "two transactions, identity registry, no claims"),
    ("PV01 DvP, one settlement", 463_611, "three transactions, terms stored, no compliance"),
    ("PV01 DvP, 50 trades in one settlement", 226_454, "per trade, same-token cash"),
)
"""Measured on anvil 1.7.1, hardfork prague, optimizer 200 runs, warm accounts, token approvals not counted. The peers
do different amounts of work: this compares whole trades."""


def measure_gas(network: Network, progress: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Sets two banks and their clients up on an empty network and measures the three kinds of DvP.

    Raises:
        Refused: the network is not empty, or something is broken.
    """
    progress("setting up two banks and twenty traders")
    sellers = [f"seller-{index}" for index in range(TRADERS)]
    buyers = [f"buyer-{index}" for index in range(TRADERS)]
    set_up_market(network, sellers, buyers)
    progress("settling one by one")
    same = [
        bond_leg(network, "seller-0", "neighbour"),
        network.leg("neighbour", "seller-0", "amber-hkd", "1.00"),
    ]
    cross = cross_bank_dvp(network, "seller-0", "buyer-0")
    figures = {
        "dvp_same_bank": _last_of(network, same),
        "dvp_cross_bank": _last_of(network, cross),
    }
    progress(f"settling {BATCH_SIZE} in one transaction")
    figures["dvp_cross_bank_batch_200"] = _batch(network, sellers, buyers)
    return figures


def _last_of(network: Network, legs: list[Leg]) -> int:
    gas = 0
    for _ in range(WARM_UP_TRADES + 1):
        outcome = network.settle(*legs)
        assert outcome.receipt is not None  # noqa: S101 - settled, so there is one
        gas = outcome.receipt.gas_used
    return gas


def _batch(network: Network, sellers: list[str], buyers: list[str]) -> int:
    gas = 0
    for turn in range(2):
        now = network.ledger.head().timestamp
        submissions = [
            Submission(
                reference=f"batch-{turn}-{index}",
                legs=tuple(cross_bank_dvp(network, sellers[index % TRADERS], buyers[index // TRADERS % TRADERS])),
                not_before=now,
                deadline=now + WINDOW_SECONDS,
            )
            for index in range(BATCH_SIZE)
        ]
        outcomes = settle_batch(network.desk, _taken_in(network, submissions, now), "each-for-itself")
        assert outcomes[0].receipt is not None  # noqa: S101 - settled, so there is one
        gas = outcomes[0].receipt.gas_used
    return gas // BATCH_SIZE


def _taken_in(network: Network, submissions: list[Submission], now: int) -> list[MatchedInstruction]:
    submit(network.desk, submissions, now)
    stored = network.journal.stored([submission.reference for submission in submissions])
    return [
        MatchedInstruction(instruction_id=each.instruction_id, instruction=each.instruction, consents=each.consents)
        for each in (stored[submission.reference] for submission in submissions)
    ]
