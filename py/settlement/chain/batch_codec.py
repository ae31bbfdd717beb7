"""The compact form in which a batch carries its instructions; `BatchCodec.sol` documents and reads it."""

from __future__ import annotations

from collections.abc import Sequence

from settlement.chain.eip712 import InstructionValues

Item = tuple[InstructionValues, Sequence[tuple[str, bytes]]]
"""An instruction's values, and its consents as address and signature."""


def encode_items(items: Sequence[Item]) -> tuple[list[str], bytes]:
    """The accounts that the items name, each once, and the items that name them by position."""
    positions: dict[str, bytes] = {}

    def position(address: str) -> bytes:
        return positions.setdefault(address, len(positions).to_bytes(2))

    packed = bytearray()
    for (legs, terms_hash, not_before, deadline, nonce), consents in items:
        packed += terms_hash + not_before.to_bytes(8) + deadline.to_bytes(8) + nonce.to_bytes(32)
        packed += len(legs).to_bytes(1)
        for giver, receiver, instrument, receiver_instrument, quantity in legs:
            for address in (giver, receiver, instrument, receiver_instrument):
                packed += position(address)
            packed += quantity.to_bytes(32)
        packed += len(consents).to_bytes(1)
        for party, signature in consents:
            packed += position(party) + len(signature).to_bytes(2) + signature
    return list(positions), bytes(packed)


def decode_items(accounts: Sequence[str], packed: bytes) -> list[Item]:
    """The items that `encode_items` packed.

    Raises:
        ValueError: they are cut short, or name an account that is not in the list.
    """
    items: list[Item] = []
    at = 0

    def number(length: int) -> int:
        nonlocal at
        at += length
        return int.from_bytes(packed[at - length : at])

    def account() -> str:
        position = number(2)
        if position >= len(accounts):
            raise ValueError(f"position {position} is outside the list of {len(accounts)} accounts")
        return accounts[position]

    while at < len(packed):
        terms_hash, at = packed[at : at + 32], at + 32
        not_before, deadline, nonce = number(8), number(8), number(32)
        legs = [(account(), account(), account(), account(), number(32)) for _ in range(number(1))]
        consents = []
        for _ in range(number(1)):
            party, length = account(), number(2)
            consents.append((party, packed[at : at + length]))
            at += length
        items.append(((legs, terms_hash, not_before, deadline, nonce), consents))
    if at != len(packed):
        raise ValueError("the last item is cut short")
    return items
