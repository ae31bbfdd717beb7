// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InstructionHash} from "../libraries/InstructionHash.sol";
import {Instruction, InstructionStatus} from "../types/Settlement.sol";

/// @title Nonce book
/// @notice Where each group's nonces stand: four bits each, 64 to a slot, so that the same parties' next instruction
/// rewrites a slot that is already there instead of paying for a new one.
abstract contract NonceBook {
    using InstructionHash for *;

    mapping(bytes32 group => mapping(uint256 word => uint256)) private _words;

    function _status(Instruction calldata instruction) internal view returns (InstructionStatus) {
        uint256 word = _words[instruction.legs.groupOf()][instruction.nonce >> 6];
        return InstructionStatus((word >> _shift(instruction.nonce)) & 0xf);
    }

    /// @dev Sets the status where it is `from`, and returns what it was.
    function _transition(Instruction calldata instruction, InstructionStatus from, InstructionStatus to)
        internal
        returns (InstructionStatus was)
    {
        mapping(uint256 => uint256) storage words = _words[instruction.legs.groupOf()];
        uint256 index = instruction.nonce >> 6;
        uint256 shift = _shift(instruction.nonce);
        uint256 word = words[index];
        was = InstructionStatus((word >> shift) & 0xf);
        if (was == from) words[index] = word ^ ((uint256(from) ^ uint256(to)) << shift);
    }

    function _shift(uint256 nonce) private pure returns (uint256) {
        return (nonce & 63) << 2;
    }
}
