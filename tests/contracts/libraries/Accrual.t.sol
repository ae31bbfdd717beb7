// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {Accrual} from "../../../contracts/libraries/Accrual.sol";
import {CivilDate} from "../../../contracts/libraries/CivilDate.sol";
import {Coupon, DayCount} from "../../../contracts/types/Bond.sol";

contract AccrualTest is Test {
    using Accrual for uint256;

    uint32 private constant D_2023_02_16 = 19_404;
    uint32 private constant D_2023_08_16 = 19_585;
    uint32 private constant D_2024_02_16 = 19_769;
    uint32 private constant D_2024_02_29 = 19_782;
    uint32 private constant D_2024_08_31 = 19_966;
    uint32 private constant D_2025_02_28 = 20_147;

    // ---- dates -------------------------------------------------------------------------------------------------------

    function test_When_DaysAreReadAsDates() external pure {
        assertDate(0, 1970, 1, 1);
        assertDate(D_2023_02_16, 2023, 2, 16);
        assertDate(D_2024_02_29, 2024, 2, 29);
        assertDate(D_2024_02_29 + 1, 2024, 3, 1);
        assertDate(D_2025_02_28, 2025, 2, 28);
        assertDate(47_540, 2100, 2, 28);
        assertDate(47_541, 2100, 3, 1);
        assertDate(11_016, 2000, 2, 29);
    }

    function testFuzz_When_OneMoreDayPasses(uint16 start) external pure {
        (uint256 year, uint256 month, uint256 day) = CivilDate.fromDays(start);
        (uint256 nextYear, uint256 nextMonth, uint256 nextDay) = CivilDate.fromDays(uint256(start) + 1);
        if (nextDay != 1) assertEq(nextDay, day + 1, "the next day of the month");
        else assertEq(12 * nextYear + nextMonth, 12 * year + month + 1, "or the first of the next month");
        assertGe(day, 1);
        assertLe(day, 31);
    }

    // ---- day counts --------------------------------------------------------------------------------------------------

    function test_When_DaysAreCountedActual() external pure {
        assertFraction(DayCount.Actual365Fixed, period(D_2023_02_16, D_2023_08_16), D_2023_08_16, 181, 365);
        assertFraction(DayCount.Actual360, period(D_2023_02_16, D_2023_08_16), D_2023_08_16, 181, 360);
        assertFraction(DayCount.Actual365Fixed, period(D_2023_08_16, D_2024_02_16), D_2023_08_16, 0, 365);
    }

    function test_When_MonthsHaveThirtyDays() external pure {
        assertEq(Accrual.thirty360(D_2023_02_16, D_2023_08_16, true), 180);
        assertEq(
            Accrual.thirty360(D_2024_02_29, D_2024_08_31, true), 180, "the end of February is a 30th, so a 31st is"
        );
        assertEq(Accrual.thirty360(D_2024_02_29, D_2024_08_31, false), 181, "30E/360 knows no end of February");
        assertEq(Accrual.thirty360(D_2024_02_29, D_2025_02_28, true), 360, "from one end of February to the next");
        assertEq(Accrual.thirty360(D_2024_02_29, D_2025_02_28, false), 359);
        assertEq(Accrual.thirty360(D_2024_08_31, D_2025_02_28, true), 178);
        assertEq(Accrual.thirty360(D_2024_08_31 - 2, D_2024_08_31, true), 2, "from a 29th a 31st stays one");
        assertEq(Accrual.thirty360(D_2024_08_31 - 2, D_2024_08_31, false), 1);
    }

    function test_When_PeriodsAreCountedByTheRuleOfICMA() external pure {
        Coupon memory coupon = period(D_2023_02_16, D_2023_08_16);
        coupon.referenceDays = 181;
        assertFraction(DayCount.ActualActualICMA, coupon, D_2023_08_16, 181, 362);
        assertFraction(DayCount.ActualActualICMA, coupon, D_2023_02_16 + 90, 90, 362);
        // A long first period, from 16 January: 31 days in the notional period before of 184 days, then all of this one.
        coupon.start = D_2023_02_16 - 31;
        coupon.split = D_2023_02_16;
        (coupon.referenceDays, coupon.referenceDaysAfterSplit) = (184, 181);
        assertFraction(DayCount.ActualActualICMA, coupon, D_2023_02_16, 31 * 181, 184 * 181 * 2);
        uint256 whole = 31 * 181 + 181 * 184;
        assertFraction(DayCount.ActualActualICMA, coupon, D_2023_08_16, whole, 184 * 181 * 2);
    }

    // ---- amounts -----------------------------------------------------------------------------------------------------

    function test_When_TheExamplesOfTheScenariosAreComputed() external pure {
        assertEq(uint256(80_000_000_000).timesHalfUp(40_500 * 181, 365_000_000), 1_606_684_932);
        assertEq(uint256(80_000_000_000).timesHalfUp(40_500 * 184, 365_000_000), 1_633_315_068);
        assertEq(uint256(10_000_000_000).timesHalfUp(40_500 * 89, 365_000_000), 98_753_425);
    }

    function test_When_TheRestIsHalfAUnit() external pure {
        assertEq(uint256(1).timesHalfUp(1, 2), 1, "half goes up");
        assertEq(uint256(1).timesHalfUp(499_999, 1_000_000), 0, "less goes down");
        assertEq(uint256(3).timesHalfUp(1, 2), 2, "half goes up, not to the even neighbour");
        assertEq(uint256(0).timesHalfUp(1, 2), 0);
    }

    function testFuzz_When_AnyAmountIsMultiplied(uint96 amount, uint64 numerator, uint64 denominator) external pure {
        vm.assume(denominator != 0);
        uint256 exact = uint256(amount) * numerator; // in parts of the denominator
        uint256 got = uint256(amount).timesHalfUp(numerator, denominator) * denominator;
        bool near = got > exact ? 2 * (got - exact) <= denominator : 2 * (exact - got) < denominator;
        assertTrue(near, "off by half a unit at most");
        assertGe(uint256(amount) + 1, amount);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function period(uint32 start, uint32 end) private pure returns (Coupon memory coupon) {
        (coupon.start, coupon.end) = (start, end);
    }

    function assertDate(uint256 daysSinceEpoch, uint256 year, uint256 month, uint256 day) private pure {
        (uint256 y, uint256 m, uint256 d) = CivilDate.fromDays(daysSinceEpoch);
        assertEq(y * 10_000 + m * 100 + d, year * 10_000 + month * 100 + day);
    }

    function assertFraction(DayCount dayCount, Coupon memory coupon, uint256 day, uint256 above, uint256 below)
        private
        pure
    {
        (uint256 numerator, uint256 denominator) = Accrual.yearFraction(coupon, dayCount, 2, day);
        assertEq(numerator * below, above * denominator, "the same fraction of a year");
    }
}
