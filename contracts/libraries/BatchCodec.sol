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
            // Expands the leg at `read` to `write`; says whether all its accounts are there and fit, and whether its
            // receiver has to consent. A position is a multiple of 32 here, as are the words behind `names` and `kinds`.
            function expandLeg(read, write, names, kinds, end) -> known, fit, duty {
                let word := calldataload(read)
                let at := shl(5, shr(240, word)) // giver
                known := lt(at, end)
                fit := mload(add(kinds, at))
                mstore(write, mload(add(names, at)))
                at := and(shr(219, word), 0x1fffe0) // receiver
                known := and(known, lt(at, end))
                fit := and(fit, mload(add(kinds, at)))
                mstore(add(write, 32), mload(add(names, at)))
                at := and(shr(203, word), 0x1fffe0) // instrument
                known := and(known, lt(at, end))
                duty := mload(add(kinds, at))
                mstore(add(write, 64), mload(add(names, at)))
                at := and(shr(187, word), 0x1fffe0) // receiverInstrument
                known := and(known, lt(at, end))
                fit := and(fit, shr(1, and(duty, mload(add(kinds, at)))))
                mstore(add(write, 96), mload(add(names, at)))
                mstore(add(write, 128), calldataload(add(read, 8)))
                duty := and(shr(2, duty), 1)
            }

            // Expands the legs at `from` to `to`; says where both go on, and the eligibility of the whole.
            function expandLegs(from, to, accounts_, classes_) -> read, write, known, eligibility {
                let count := byte(0, calldataload(from))
                mstore(to, count)
                read := add(from, 1)
                write := add(to, 32)
                known := 1
                let fits := 1
                let end := shl(5, mload(accounts_))
                for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                    let there, fit, duty := expandLeg(read, write, add(accounts_, 32), add(classes_, 32), end)
                    known := and(known, there)
                    fits := and(fits, fit)
                    eligibility := or(eligibility, shl(i, duty))
                    read := add(read, 40)
                    write := add(write, 160)
                }
                eligibility := or(mul(and(fits, 1), ELIGIBLE), eligibility)
            }

            // Expands the consents at `from` to `to`; says where both go on.
            function expandConsents(from, to, accounts_) -> read, write, known {
                let count := byte(0, calldataload(from))
                mstore(to, count)
                read := add(from, 1)
                let heads := add(to, 32)
                write := add(heads, shl(5, count))
                known := 1
                for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                    let word := calldataload(read)
                    let length := and(shr(224, word), 0xffff)
                    read := add(read, 4)
                    mstore(add(heads, shl(5, i)), sub(write, heads))
                    known := and(known, lt(shr(240, word), mload(accounts_)))
                    mstore(write, mload(add(accounts_, shl(5, add(shr(240, word), 1)))))
                    mstore(add(write, 32), 64)
                    mstore(add(write, 64), length)
                    calldatacopy(add(write, 96), read, length)
                    read := add(read, length)
                    write := add(write, and(add(length, 127), not(31)))
                }
            }

            input := mload(0x40)
            mstore(add(input, 32), selector)
            let base := add(input, 36)
            let tuple := add(base, 96)
            let read := add(items.offset, offset)
            mstore(base, 96)
            mstore(tuple, 160)
            mstore(add(tuple, 32), calldataload(read))
            mstore(add(tuple, 64), shr(192, calldataload(add(read, 32))))
            mstore(add(tuple, 96), shr(192, calldataload(add(read, 40))))
            mstore(add(tuple, 128), calldataload(add(read, 48)))

            let write, eligibility
            read, write, wellFormed, eligibility := expandLegs(add(read, 80), add(tuple, 160), accounts, classes)
            mstore(add(base, 64), eligibility)
            mstore(add(base, 32), sub(write, base))

            let known
            read, write, known := expandConsents(read, write, accounts)
            mstore(input, sub(write, add(input, 32)))
            mstore(0x40, and(add(write, 31), not(31)))
            next := sub(read, items.offset)
            wellFormed := and(and(wellFormed, known), iszero(gt(next, items.length)))
        }
    }
}
