// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HoldId, Instruction, InstructionId, Leg} from "../types/Settlement.sol";

/// @title Instruction hash
/// @notice EIP-712 hashing of what parties sign.
library InstructionHash {
    bytes32 private constant LEG_TYPEHASH =
        keccak256("Leg(address giver,address receiver,address instrument,address receiverInstrument,uint256 quantity)");
    bytes32 private constant INSTRUCTION_TYPEHASH = keccak256(
        "Instruction(Leg[] legs,bytes32 termsHash,uint64 notBefore,uint64 deadline,uint256 nonce)"
        "Leg(address giver,address receiver,address instrument,address receiverInstrument,uint256 quantity)"
    );
    bytes32 private constant CANCELLATION_TYPEHASH = keccak256("Cancellation(bytes32 instructionId,string reason)");

    /// @notice Struct hash of an instruction.
    function structHash(Instruction calldata instruction) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                INSTRUCTION_TYPEHASH,
                _hashLegs(instruction.legs),
                instruction.termsHash,
                instruction.notBefore,
                instruction.deadline,
                instruction.nonce
            )
        );
    }

    /// @notice Struct hash of a cancellation.
    function cancellationHash(InstructionId instructionId, string calldata reason) internal pure returns (bytes32) {
        return keccak256(abi.encode(CANCELLATION_TYPEHASH, instructionId, keccak256(bytes(reason))));
    }

    /// @notice The group of parties to which the instruction's nonce belongs: who gives to whom, leg by leg. Every
    /// member may spend the group's nonces, and nobody else's.
    function groupOf(Leg[] calldata legs) internal pure returns (bytes32 group) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            let end := start
            for { let leg := legs.offset } lt(leg, add(legs.offset, mul(legs.length, 160))) { leg := add(leg, 160) } {
                calldatacopy(end, leg, 64) // giver and receiver
                end := add(end, 64)
            }
            group := keccak256(start, sub(end, start))
        }
    }

    /// @notice The id under which one leg of an instruction is held.
    function holdId(InstructionId instructionId, uint256 leg) internal pure returns (HoldId) {
        return HoldId.wrap(keccak256(abi.encode(instructionId, leg)));
    }

    /// @dev A leg is five words in calldata just as in its encoding, so it is hashed where it lies. Words with dirty
    /// upper bits hash to something nobody signed, and revert where the leg's fields are read.
    function _hashLegs(Leg[] calldata legs) private pure returns (bytes32 hash) {
        bytes32 typeHash = LEG_TYPEHASH;
        assembly ("memory-safe") {
            let hashes := mload(0x40)
            let scratch := add(hashes, mul(legs.length, 32))
            mstore(scratch, typeHash)
            for { let i := 0 } lt(i, legs.length) { i := add(i, 1) } {
                calldatacopy(add(scratch, 32), add(legs.offset, mul(i, 160)), 160)
                mstore(add(hashes, mul(i, 32)), keccak256(scratch, 192))
            }
            hash := keccak256(hashes, mul(legs.length, 32))
        }
    }
}
