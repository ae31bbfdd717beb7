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
