// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "../Base.t.sol";

/// @dev Interest against a second calculation, and that splitting a holding gains at most the rounding.
contract BondFuzzTest is Base {
    function testFuzz_AccruedInterestIsRoundedHalfUp(uint256 nominal, uint256 actualDays) external view {
        nominal = bound(nominal, 0, NOMINAL);
        actualDays = bound(actualDays, 0, 365);
        uint256 accrued = bond.accruedInterestHalfUp(nominal, uint64(ISSUE_DAY) * 1 days + uint64(actualDays * 1 days));
        uint256 exact = nominal * 100 * 40_500 * actualDays; // In cents, times 365 million.
        uint256 one = 365_000_000;
        assertLe(accrued * one, exact + one / 2, "not more than half a cent above");
        assertGt(accrued * one + one / 2, exact - (exact == 0 ? 0 : 1), "less than half a cent below, or just half");
    }

    function testFuzz_SplittingGainsAtMostACent(uint256 first, uint256 second, uint256 actualDays) external view {
        first = bound(first, 0, NOMINAL / 2);
        second = bound(second, 0, NOMINAL / 2);
        uint64 date = uint64(ISSUE_DAY) * 1 days + uint64(bound(actualDays, 0, 365) * 1 days);
        uint256 whole = bond.accruedInterestHalfUp(first + second, date);
        uint256 parts = bond.accruedInterestHalfUp(first, date) + bond.accruedInterestHalfUp(second, date);
        assertApproxEqAbs(parts, whole, 1, "rounding only");
    }
}
