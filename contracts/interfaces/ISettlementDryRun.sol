// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Consent, Instruction} from "../types/Settlement.sol";

/// @title Settlement dry run
/// @notice Lists every reason why an instruction would not settle now. Changes nothing and needs nobody's permission.
interface ISettlementDryRun {
    /// @notice Every reason, each as the encoded error that `settle` would revert with if it were the only one.
    /// @dev Each leg is judged by the positions of now; legs that only fail together show when `settle` is simulated.
    /// @param instruction The instruction.
    /// @param consents The consents there are so far.
    function reasons(Instruction calldata instruction, Consent[] calldata consents)
        external
        view
        returns (bytes[] memory);
}
