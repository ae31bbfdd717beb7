// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Reasons
/// @notice A growing list of encoded errors: what a dry run answers with.
library Reasons {
    /// @notice `reasons` with `reason` behind it.
    function push(bytes[] memory reasons, bytes memory reason) internal pure returns (bytes[] memory longer) {
        longer = new bytes[](reasons.length + 1);
        for (uint256 i = 0; i < reasons.length; ++i) {
            longer[i] = reasons[i];
        }
        longer[reasons.length] = reason;
    }

    /// @notice `reasons` with all of `more` behind it.
    function concat(bytes[] memory reasons, bytes[] memory more) internal pure returns (bytes[] memory longer) {
        longer = new bytes[](reasons.length + more.length);
        for (uint256 i = 0; i < reasons.length; ++i) {
            longer[i] = reasons[i];
        }
        for (uint256 i = 0; i < more.length; ++i) {
            longer[reasons.length + i] = more[i];
        }
    }
}
