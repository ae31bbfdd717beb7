// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Return data
/// @notice What a call returned, without trusting it to be short.
library ReturnData {
    uint256 private constant _BYTES_MAX = 1024;

    /// @notice What the last call returned, cut so that nobody can make us pay for a flood.
    function capped() internal pure returns (bytes memory data) {
        uint256 size;
        assembly ("memory-safe") {
            size := returndatasize()
        }
        if (size > _BYTES_MAX) size = _BYTES_MAX;
        data = new bytes(size);
        assembly ("memory-safe") {
            returndatacopy(add(data, 32), 0, size)
        }
    }

    /// @notice Reverts with an encoded error.
    function revertWith(bytes memory reason) internal pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
