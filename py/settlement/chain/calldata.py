"""Transactions read back as calls: what was asked of which contract, with which consents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

import eth_abi.registry
from eth_abi.abi import decode
from eth_abi.codec import ABIDecoder
from eth_abi.decoding import ByteStringDecoder
from eth_abi.exceptions import DecodingError, InsufficientDataBytes
from eth_abi.registry import ABIRegistry, BaseEquals
from eth_utils.abi import function_signature_to_4byte_selector

from settlement.chain.artifacts import Artifacts
from settlement.chain.batch_codec import decode_items
from settlement.chain.calls import argument_types
from settlement.chain.deployment import Deployment
from settlement.chain.eip712 import (
    InstructionValues,
    cancellation_digest,
    domain_separator,
    instruction_digest,
    keccak_bytes,
)
from settlement.chain.keystore import account_of
from settlement.domain.oracle import CONSTRUCTORS, SIGNATURES, Call, Consenting, Terms, TermsLeg


class _Bytes(ByteStringDecoder):
    """Bytes of any length; contracts do not look at what fills up their last word, which whoever submits may choose."""

    def read_data_from_stream(self, stream: BinaryIO) -> bytes:
        """See `ByteStringDecoder.read_data_from_stream`."""
        length = int.from_bytes(stream.read(32))
        data = stream.read(min(length, _BYTES_MAX))
        if len(data) < length:
            raise InsufficientDataBytes(f"{length} bytes are announced, and {len(data)} are there")
        return data


def _decoder() -> ABIDecoder:
    registry: ABIRegistry = eth_abi.registry.registry.copy()  # type: ignore[no-untyped-call]
    registry.unregister_decoder("bytes")
    registry.register_decoder(BaseEquals("bytes", with_sub=False), _Bytes, label="bytes")  # type: ignore[no-untyped-call]
    return ABIDecoder(registry)


_AS_CONTRACTS = _decoder()
"""Decodes as contracts do; `eth_abi.decode` is strict wherever a type stands within another, whatever it is told."""

_BYTES_MAX = 2**32
"""More than any transaction has."""

_FUNCTIONS = {function_signature_to_4byte_selector(signature): signature for signature in SIGNATURES}

_BATCH = "settleBatch(address[],bytes,uint8)"

_HOLDING = ("lock", "settleLocked", "cancel", "expire", "releaseLeg")
"""Functions of the engine that place or end holds."""


class CallReader:
    """Reads calls of one deployment's contracts.

    Args:
        artifacts: The compiled contracts, by whose bytecode a creation is known.
        deployment: Registry and engine.
        is_contract: Whether there is code at an address: what such an account signs is its own rule, and holds here.

    """

    def __init__(self, artifacts: Artifacts, deployment: Deployment, is_contract: Callable[[str], bool]) -> None:
        self._codes = {name: artifacts.contract(name).bytecode.lower() for name in CONSTRUCTORS}
        self._core = {deployment.registry.lower(), deployment.engine.lower()}
        self._engine = deployment.engine.lower()
        self._separator = domain_separator(deployment.chain_id, deployment.engine)
        self._is_contract = is_contract

    def creation(self, transaction: Mapping[str, Any], at: int, made: str) -> Call | None:
        """The creation of a contract of this deployment; None where it is another one."""
        data = transaction["input"]
        for name, code in self._codes.items():
            if data.startswith(code):
                try:
                    arguments = decode(CONSTRUCTORS[name], bytes.fromhex(data[len(code) :]))
                except (DecodingError, ValueError):
                    continue
                if made in self._core or self._core <= {each for each in arguments if isinstance(each, str)}:
                    return Call(transaction["from"], at, made, name, arguments)
        return None

    def call(self, transaction: Mapping[str, Any], at: int) -> tuple[Call | None, bool]:
        """The call that a transaction makes, and whether a contract's own rule is asked for a consent in it.

        None where it is no call that is modelled.
        """
        data = bytes.fromhex(transaction["input"][2:])
        signature = _FUNCTIONS.get(data[:4])
        if signature is None:
            return None, False
        contract, sender = transaction["to"].lower(), transaction["from"].lower()
        try:
            arguments = _AS_CONTRACTS.decode(argument_types(signature), data[4:])
            if contract != self._engine:
                return Call(sender, at, contract, signature, arguments), False
            asked: list[str] = []
            plain = self._engine_arguments(signature, arguments, asked)
        except (DecodingError, ValueError, OverflowError, IndexError):
            return None, False  # Not as the ABI has it: nothing that our contracts would take.
        return Call(sender, at, contract, signature, plain), bool(asked)

    def _engine_arguments(self, signature: str, arguments: Sequence[Any], asked: list[str]) -> tuple[Any, ...]:
        if signature == _BATCH:
            accounts, packed, mode = arguments
            items = []
            for values, consents in decode_items(accounts, packed):
                digest = instruction_digest(self._separator, values)
                items.append((_terms(digest, values), self._consenting(digest, consents, asked)))
            return tuple(items), mode
        function = signature.partition("(")[0]
        values, *rest = arguments
        digest = instruction_digest(self._separator, values)
        terms = _terms(digest, values, with_holds=function in _HOLDING)
        if function == "cancel":
            reason, consents = rest
            signed = cancellation_digest(self._separator, digest, reason)
            return terms, reason, self._consenting(signed, consents, asked)
        if function in ("expire", "releaseLeg"):
            return (terms, *rest)
        return terms, self._consenting(digest, rest[0], asked)

    def _consenting(
        self, digest: bytes, consents: Sequence[tuple[str, bytes]], asked: list[str]
    ) -> tuple[Consenting, ...]:
        found = []
        for party, signature in consents:
            is_signed = account_of(digest, signature) == bytes.fromhex(party[2:])
            is_asked = not is_signed and self._is_contract(party)
            if is_asked:
                asked.append(party)
            found.append(Consenting(party, is_signed or is_asked, is_asked))
        return tuple(found)


def pack_instruction(terms: Terms) -> bytes:
    """An instruction as the only argument of a call. Packed by hand: a general encoder takes fifty times as long."""
    head = (32).to_bytes(32) + (160).to_bytes(32) + terms.terms_hash
    window = terms.not_before.to_bytes(32) + terms.deadline.to_bytes(32) + terms.nonce.to_bytes(32)
    legs = (b"".join(map(_word, leg[:4])) + leg.quantity.to_bytes(32) for leg in terms.legs)
    return head + window + len(terms.legs).to_bytes(32) + b"".join(legs)


def _word(address: str) -> bytes:
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


def _terms(digest: bytes, values: InstructionValues, *, with_holds: bool = False) -> Terms:
    legs, terms_hash, not_before, deadline, nonce = values
    holds = tuple("0x" + keccak_bytes(digest + leg.to_bytes(32)).hex() for leg in range(len(legs) if with_holds else 0))
    parsed = tuple(TermsLeg._make(leg) for leg in legs)
    return Terms("0x" + digest.hex(), parsed, terms_hash, not_before, deadline, nonce, holds)
