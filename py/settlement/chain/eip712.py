"""EIP-712 hashing of what parties sign, the same bytes as `InstructionHash.sol` and the engine's domain.

Source: EIP-712, "Typed structured data hashing and signing".
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_hash.backends import pysha3
from eth_hash.main import Keccak256
from eth_utils.crypto import keccak

from settlement.domain.directory import Directory
from settlement.domain.instruction import Instruction

LEG_TYPE = "Leg(address giver,address receiver,address instrument,address receiverInstrument,uint256 quantity)"
INSTRUCTION_TYPE = "Instruction(Leg[] legs,bytes32 termsHash,uint64 notBefore,uint64 deadline,uint256 nonce)" + LEG_TYPE
ATTESTATION_TYPE = "Attestation(uint256 commitment,bytes32 documentHash,string uri,uint32 version)"
CANCELLATION_TYPE = "Cancellation(bytes32 instructionId,string reason)"
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
DOMAIN_NAME, DOMAIN_VERSION = "Settlement", "1"
DISCLOSURE_DOMAIN_NAME = "GreenDisclosure"

LEG_ABI = "(address,address,address,address,uint256)"
INSTRUCTION_ABI = f"({LEG_ABI}[],bytes32,uint64,uint64,uint256)"

LegValues = tuple[str, str, str, str, int]
InstructionValues = tuple[list[LegValues], bytes, int, int, int]

keccak_bytes = Keccak256(pysha3.backend)
"""Named, since the backend that is chosen by itself takes four times as long, and intake hashes five times."""

_LEG_TYPEHASH = keccak(text=LEG_TYPE)
_INSTRUCTION_TYPEHASH = keccak(text=INSTRUCTION_TYPE)
_CANCELLATION_TYPEHASH = keccak(text=CANCELLATION_TYPE)


def instruction_values(instruction: Instruction, directory: Directory) -> InstructionValues:
    """The instruction as the engine's ABI takes it: addresses for names.

    Raises:
        InputError: a party or instrument is not in the directory.
    """
    legs = [
        (
            directory.address_of(leg.giver),
            directory.address_of(leg.receiver),
            directory.instrument(leg.quantity.instrument).address,
            directory.instrument(leg.receiver_instrument).address,
            leg.quantity.amount,
        )
        for leg in instruction.legs
    ]
    terms_hash = bytes.fromhex(instruction.terms_hash[2:])
    return legs, terms_hash, instruction.not_before, instruction.deadline, instruction.nonce


def attestation_digest(
    chain_id: int, disclosure: str, commitment: int, document_hash: str, uri: str, version: int
) -> bytes:
    """What the attester of a document signs, the same bytes as `GreenDisclosure.attestationDigest`."""
    struct = keccak(text=ATTESTATION_TYPE) + commitment.to_bytes(32) + bytes.fromhex(document_hash[2:])
    struct += keccak(text=uri) + version.to_bytes(32)
    separator = domain_separator(chain_id, disclosure, DISCLOSURE_DOMAIN_NAME)
    return keccak_bytes(b"\x19\x01" + separator + keccak_bytes(struct))


def domain_separator(chain_id: int, contract: str, name: str = DOMAIN_NAME) -> bytes:
    """What binds a signature to one chain and one contract, which has this name; the engine's by default."""
    names = keccak(text=DOMAIN_TYPE) + keccak(text=name) + keccak(text=DOMAIN_VERSION)
    return keccak_bytes(names + chain_id.to_bytes(32) + _address_word(contract))


def instruction_digest(separator: bytes, values: InstructionValues) -> bytes:
    """The instruction's id: what its parties sign."""
    legs, terms_hash, not_before, deadline, nonce = values
    window = not_before.to_bytes(32) + deadline.to_bytes(32)
    struct_hash = keccak_bytes(_INSTRUCTION_TYPEHASH + _hash_legs(legs) + terms_hash + window + nonce.to_bytes(32))
    return keccak_bytes(b"\x19\x01" + separator + struct_hash)


def cancellation_digest(separator: bytes, instruction_id: bytes, reason: str) -> bytes:
    """What a party signs to cancel."""
    struct_hash = keccak_bytes(_CANCELLATION_TYPEHASH + instruction_id + keccak(text=reason))
    return keccak_bytes(b"\x19\x01" + separator + struct_hash)


def _hash_legs(legs: Sequence[LegValues]) -> bytes:
    return keccak_bytes(
        b"".join(
            keccak_bytes(_LEG_TYPEHASH + b"".join(map(_address_word, leg[:4])) + leg[4].to_bytes(32)) for leg in legs
        )
    )


def _address_word(address: str) -> bytes:
    """An address as EIP-712 encodes it. Packed by hand: a general encoder takes ten times as long."""
    return bytes.fromhex(address[2:]).rjust(32, b"\0")
