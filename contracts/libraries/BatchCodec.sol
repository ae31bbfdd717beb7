// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Batch codec
/// @notice The compact form in which a batch carries its instructions, and its expansion into the engine's own input.
/// @dev Calldata is what a batch pays most for, so addresses stand once in a list and are named by their position:
///
///     termsHash 32 | notBefore 8 | deadline 8 | nonce 32
///     | legs 1 | per leg: giver 2, receiver 2, instrument 2, receiverInstrument 2, quantity 32
///     | consents 1 | per consent: party 2, length 2, signature
///
/// Items follow one another without a gap. All numbers are big-endian.
library BatchCodec {
    /// @notice Bit of an account's class: an active party.
    uint256 internal constant ACTIVE_PARTY = 1;
    /// @notice Bit of an account's class: an admitted instrument that may move.
    uint256 internal constant ADMITTED_INSTRUMENT = 2;
    /// @notice Bit of an account's class: a title, whose receiver has to consent.
    uint256 internal constant TITLE = 4;
    /// @notice Set in an item's eligibility where all its parties and instruments are fit; bits below are the legs'
    /// duties.
    uint256 internal constant ELIGIBLE = 1 << 255;

    /// @notice Expands the item at `offset` into a call of `selector(Instruction, Consent[], uint256 eligibility)`.
    /// @param accounts What the item's positions point into.
    /// @param classes Each account's class.
    /// @return input The call.
    /// @return next Where the next item begins.
    /// @return wellFormed False where a position points outside `accounts`, or the item is cut short.
    function expand(
        bytes calldata items,
        uint256 offset,
        address[] memory accounts,
        uint256[] memory classes,
        bytes4 selector
    ) internal pure returns (bytes memory input, uint256 next, bool wellFormed) {
        assembly ("memory-safe") {
            let total := mload(accounts)
            let names := add(accounts, 32)
            let kinds := add(classes, 32)
            let read := add(items.offset, offset)
            wellFormed := 1

            input := mload(0x40)
            mstore(add(input, 32), selector)
            let base := add(input, 36)
            let tuple := add(base, 96)
            mstore(base, 96)
            mstore(tuple, 160)
            mstore(add(tuple, 32), calldataload(read))
            mstore(add(tuple, 64), shr(192, calldataload(add(read, 32))))
            mstore(add(tuple, 96), shr(192, calldataload(add(read, 40))))
            mstore(add(tuple, 128), calldataload(add(read, 48)))

            // Legs
            let count := byte(0, calldataload(add(read, 80)))
            read := add(read, 81)
            mstore(add(tuple, 160), count)
            let write := add(tuple, 192)
            let fit := 1
            let duties := 0
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let word := calldataload(read)
                let giver := shr(240, word)
                let receiver := and(shr(224, word), 0xffff)
                let gives := and(shr(208, word), 0xffff)
                let receives := and(shr(192, word), 0xffff)
                wellFormed := and(
                    wellFormed,
                    and(and(lt(giver, total), lt(receiver, total)), and(lt(gives, total), lt(receives, total)))
                )
                mstore(write, mload(add(names, shl(5, giver))))
                mstore(add(write, 32), mload(add(names, shl(5, receiver))))
                mstore(add(write, 64), mload(add(names, shl(5, gives))))
                mstore(add(write, 96), mload(add(names, shl(5, receives))))
                mstore(add(write, 128), calldataload(add(read, 8)))
                let kind := mload(add(kinds, shl(5, gives)))
                let parties := and(mload(add(kinds, shl(5, giver))), mload(add(kinds, shl(5, receiver))))
                let instruments := and(kind, mload(add(kinds, shl(5, receives))))
                fit := and(fit, and(parties, shr(1, instruments)))
                duties := or(duties, shl(i, and(shr(2, kind), 1)))
                read := add(read, 40)
                write := add(write, 160)
            }
            mstore(add(base, 64), or(mul(and(fit, 1), ELIGIBLE), duties))

            // Consents
            mstore(add(base, 32), sub(write, base))
            count := byte(0, calldataload(read))
            read := add(read, 1)
            mstore(write, count)
            let heads := add(write, 32)
            write := add(heads, shl(5, count))
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let word := calldataload(read)
                let party := shr(240, word)
                let length := and(shr(224, word), 0xffff)
                wellFormed := and(wellFormed, lt(party, total))
                read := add(read, 4)
                mstore(add(heads, shl(5, i)), sub(write, heads))
                mstore(write, mload(add(names, shl(5, party))))
                mstore(add(write, 32), 64)
                mstore(add(write, 64), length)
                calldatacopy(add(write, 96), read, length)
                read := add(read, length)
                write := add(write, and(add(length, 127), not(31)))
            }

            mstore(input, sub(write, add(input, 32)))
            mstore(0x40, and(add(write, 31), not(31)))
            next := sub(read, items.offset)
            wellFormed := and(wellFormed, iszero(gt(next, items.length)))
        }
    }
}
