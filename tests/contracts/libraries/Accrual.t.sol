// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Accrual} from "../../../contracts/libraries/Accrual.sol";

contract AccrualTest is Test {
    uint256 private constant DIVISOR = 365_000_000;

    function test_When_TheExamplesOfTheScenariosAreComputed() external pure {
        assertEq(Accrual.act365FixedHalfUp(80_000_000_000, 40_500, 181), 1_606_684_932);
        assertEq(Accrual.act365FixedHalfUp(80_000_000_000, 40_500, 184), 1_633_315_068);
        assertEq(Accrual.act365FixedHalfUp(10_000_000_000, 40_500, 89), 98_753_425);
        assertEq(Accrual.act365FixedHalfUp(80_000_000_000, 40_500, 365), 3_240_000_000, "a year is the coupon");
    }

    function test_When_AnythingIsZero() external pure {
        assertEq(Accrual.act365FixedHalfUp(0, 40_500, 181), 0);
        assertEq(Accrual.act365FixedHalfUp(1e10, 0, 181), 0);
        assertEq(Accrual.act365FixedHalfUp(1e10, 40_500, 0), 0);
    }

    /// @dev 182,500,000 of 365,000,000 is half a unit.
    function test_When_TheRestIsHalfAUnit() external pure {
        assertEq(Accrual.act365FixedHalfUp(182_500_000, 1, 1), 1, "half goes up");
        assertEq(Accrual.act365FixedHalfUp(182_499_999, 1, 1), 0, "less goes down");
        assertEq(Accrual.act365FixedHalfUp(3 * 182_500_000, 1, 1), 2, "half goes up, not to the even neighbour");
    }

    function testFuzz_When_AnyAmountIsAccrued(uint96 nominal, uint32 rate, uint16 actualDays) external pure {
        uint256 interest = Accrual.act365FixedHalfUp(nominal, rate, actualDays);
        uint256 exact = uint256(nominal) * rate * actualDays; // in parts of 365 million
        uint256 got = interest * DIVISOR;
        assertTrue(got > exact ? got - exact <= DIVISOR / 2 : exact - got < DIVISOR / 2, "off by half a unit at most");
    }

    function testFuzz_When_OneMoreDayOrUnitAccrues(uint96 nominal, uint32 rate, uint16 actualDays) external pure {
        uint256 interest = Accrual.act365FixedHalfUp(nominal, rate, actualDays);
        assertLe(interest, Accrual.act365FixedHalfUp(nominal, rate, uint256(actualDays) + 1), "never less");
        assertLe(interest, Accrual.act365FixedHalfUp(uint256(nominal) + 1, rate, actualDays), "never less");
    }
}
