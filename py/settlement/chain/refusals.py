"""What it means that a node answers a transaction with an error: which errors prove that it will not take it.

There is no standard for them: each node has its own words, and a gateway may put others in their place after it has
passed the transaction on. So a refusal is what is listed here; whatever is not leaves the outcome open.
"""

from __future__ import annotations

import re
from enum import Enum, auto


class Verdict(Enum):
    """What an error says of the transaction it answers."""

    KNOWN = auto()
    """The node has it already."""

    NONCE_TAKEN = auto()
    """By these bytes or by others, which pay as much or are in a block; the chain will tell."""

    TOO_LARGE = auto()
    """It has more bytes or gas than the node takes in one, which no waiting changes."""

    REFUSED = auto()
    """The node will not take it as things stand."""

    OPEN = auto()
    """Nothing: it may have been taken."""


_PHRASES: dict[Verdict, tuple[str, ...]] = {
    Verdict.KNOWN: (
        "already known",  # geth, reth, erigon; nethermind's AlreadyKnown
        "already imported",  # anvil, openethereum
        "known transaction",  # besu, geth before 1.9.19
        "already in mempool",
    ),
    Verdict.NONCE_TAKEN: (
        "nonce too low",  # geth, reth, anvil, erigon, besu
        "nonce is too low",
        "old nonce",  # nethermind's OldNonce
        "own nonce already used",  # nethermind's OwnNonceAlreadyUsed
        "underpriced",  # a replacement, with geth, reth, anvil, erigon, besu
        "replacement not allowed",  # nethermind's ReplacementNotAllowed
    ),
    Verdict.TOO_LARGE: (
        "oversized data",  # geth, reth, erigon
        "transaction size too large",
        "max tx size exceeded",  # nethermind's MaxTxSizeExceeded
        "rlp too long",  # erigon's RLPTooLong
        "exceeds block gas limit",  # geth, reth, besu, erigon
        "exceeds block s gas limit",  # reth
        "exceeds maximum per transaction gas limit",  # reth
        "transaction gas limit too high",  # geth, erigon
        "gas limit exceeded",  # nethermind's GasLimitExceeded
        "gas limit is too high",
        "intrinsic gas",  # too low, or more than the limit: geth, reth, erigon, besu; too high: anvil
        "floor data gas cost",  # geth, erigon
        "initcode size exceeded",  # geth, reth, anvil
        "initcode size exceeds",  # besu
        "exceeds max init code size",  # reth
        "initcode too large",  # erigon
    ),
    Verdict.REFUSED: (
        "insufficient funds",  # geth, reth, anvil, erigon; nethermind's InsufficientFunds
        "upfront cost exceeds account balance",  # besu
        "overdraws from account",  # reth
        "execution reverted",  # whoever runs it before taking it
        "invalid sender",  # geth, erigon
        "invalid signature",  # besu
        "invalid transaction signature",  # reth
        "invalid tx signature",  # nethermind's InvalidTxSignature
        "invalid transaction v r s values",  # geth
        "failed to resolve sender",  # nethermind's FailedToResolveSender
        "sender not an eoa",  # geth, anvil
        "sender is not an eoa",  # reth
        "sender is contract",  # nethermind's SenderIsContract
        "sender account not authorized",  # besu
        "sender disallowed",  # erigon
        "invalid chain id",  # geth, reth, anvil
        "invalid tx chain id",  # nethermind's InvalidTxChainId
        "wrong chain id",  # besu
        "signed for another chain",  # anvil
        "only replay protected",  # geth
        "nonce too high",  # anvil, reth
        "nonce has max value",  # geth, reth, anvil
        "nonce gap",  # nethermind's NonceGap
        "nonce too far in future",  # nethermind's NonceTooFarInFuture
        "nonce is too distant",  # besu
        "gas uint64 overflow",  # geth, anvil
        "negative value",  # geth, reth, erigon
        "max fee per gas less than block base fee",  # geth, reth, anvil
        "max priority fee per gas higher than max fee per gas",  # geth, reth, anvil
        "max priority fee per gas exceeds max fee per gas",  # besu
        "gas price below",  # besu
        "fee too low",  # erigon; nethermind's FeeTooLow
        "fee too low to compete",  # nethermind's FeeTooLowToCompete
        "exceeds the configured cap",  # geth
        "fee cap exceeded",  # besu
        "transaction type not supported",  # geth, reth, erigon
        "not supported tx type",  # nethermind's NotSupportedTxType
        "invalid transaction type",  # besu
        "failed to decode signed transaction",  # reth, anvil
        "transaction data is empty",  # anvil
        "rlp",  # geth: what it read is no transaction
        "method not found",  # a gateway that only reads
    ),
}
"""By what they mean, the words of nodes; the first that is found in an error counts."""

_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def _plain(text: str) -> str:
    """Lower case, single spaces, a space at each end: `AlreadyKnown` and `already known:` are the same words."""
    return f" {' '.join(filter(None, _BOUNDARY.split(text))).lower()} "


_TABLE = [(_plain(phrase), verdict) for verdict, phrases in _PHRASES.items() for phrase in phrases]


def verdict_on(message: str) -> Verdict:
    """What a node's error says of the transaction it answers."""
    told = _plain(message)
    return next((verdict for phrase, verdict in _TABLE if phrase in told), Verdict.OPEN)
