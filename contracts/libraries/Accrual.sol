// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Accrual
/// @notice Interest on a nominal over days, in smallest units of the currency.
library Accrual {
    /// @dev Rates are in millionths: 4.05 % is 40,500.
    uint256 internal constant RATE_ONE = 1_000_000;

    /// @notice Interest under ACT/365 (Fixed), ISO 20022 code A005, rounded half up.
    /// @param nominal In smallest units of the currency.
    /// @param rateMillionths Annual rate in millionths.
    /// @param actualDays Calendar days accrued.
    function act365FixedHalfUp(uint256 nominal, uint256 rateMillionths, uint256 actualDays)
        internal
        pure
        returns (uint256)
    {
        uint256 divisor = 365 * RATE_ONE;
        return (nominal * rateMillionths * actualDays + divisor / 2) / divisor;
    }
}
