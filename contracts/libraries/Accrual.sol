// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Coupon, DayCount} from "../types/Bond.sol";
import {CivilDate} from "./CivilDate.sol";

/// @title Accrual
/// @notice How much of a year a coupon period, or its first days, are; and rounding.
library Accrual {
    using CivilDate for uint256;

    /// @dev Rates, prices and fractions are in millionths: 4.05 % is 40,500.
    uint256 internal constant ONE = 1_000_000;

    /// @notice The part of a year from the period's start to `day`, as a fraction.
    /// @param coupon The period.
    /// @param dayCount How days are counted.
    /// @param frequency Coupons a year; one where the bond pays once, at maturity. Only ACT/ACT (ICMA) asks.
    /// @param day Within the period, its end included.
    function yearFraction(Coupon memory coupon, DayCount dayCount, uint256 frequency, uint256 day)
        internal
        pure
        returns (uint256 numerator, uint256 denominator)
    {
        if (dayCount == DayCount.Actual365Fixed) return (day - coupon.start, 365);
        if (dayCount == DayCount.Actual360) return (day - coupon.start, 360);
        if (dayCount == DayCount.ActualActualICMA) return _icma(coupon, frequency, day);
        return (thirty360(coupon.start, day, dayCount == DayCount.Thirty360), 360);
    }

    /// @notice Days between two dates in a year of twelve months of thirty days.
    /// @dev European (30E/360, A007): a 31st counts as the 30th. US (30/360, A001): the last of February as a first
    /// date counts as the 30th, and as a second one too where both are; then a second 31st counts as the 30th where the
    /// first date is the 30th or later, and a first 31st does.
    function thirty360(uint256 from, uint256 to, bool us) internal pure returns (uint256) {
        (uint256 year1, uint256 month1, uint256 day1) = from.fromDays();
        (uint256 year2, uint256 month2, uint256 day2) = to.fromDays();
        if (us) {
            if (from.isEndOfFebruary()) {
                if (to.isEndOfFebruary()) day2 = 30;
                day1 = 30;
            }
            if (day2 == 31 && day1 >= 30) day2 = 30;
            if (day1 == 31) day1 = 30;
        } else {
            if (day1 == 31) day1 = 30;
            if (day2 == 31) day2 = 30;
        }
        return 360 * (year2 - year1) + 30 * month2 + day2 - 30 * month1 - day1;
    }

    /// @notice `amount * numerator / denominator`, rounded half up.
    function timesHalfUp(uint256 amount, uint256 numerator, uint256 denominator) internal pure returns (uint256) {
        return (2 * amount * numerator + denominator) / (2 * denominator);
    }

    function _icma(Coupon memory coupon, uint256 frequency, uint256 day)
        private
        pure
        returns (uint256 numerator, uint256 denominator)
    {
        if (coupon.split == 0) return (day - coupon.start, uint256(coupon.referenceDays) * frequency);
        uint256 before = (day < coupon.split ? day : coupon.split) - coupon.start;
        uint256 afterwards = day < coupon.split ? 0 : day - coupon.split;
        numerator = before * coupon.referenceDaysAfterSplit + afterwards * coupon.referenceDays;
        denominator = uint256(coupon.referenceDays) * coupon.referenceDaysAfterSplit * frequency;
    }
}
