// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenBond} from "../interfaces/IGreenBond.sol";
import {Accrual} from "../libraries/Accrual.sol";
import {PositionHistory} from "../token/PositionHistory.sol";
import {Call, Coupon, DayCount, Repayment, UNFIXED} from "../types/Bond.sol";

/// @title Coupon schedule
/// @notice When a bond pays, and how much for each unit of nominal; all of it follows from its terms and fixings.
/// @dev Amounts for a unit are fractions: whoever pays rounds what a holder gets of the whole, and nothing before.
abstract contract CouponSchedule is PositionHistory, IGreenBond {
    using Accrual for uint256;

    /// @dev Smallest units of currency to one unit of nominal.
    uint256 private constant _MINOR_UNITS = 100;

    DayCount private immutable _DAY_COUNT;
    uint256 private immutable _FREQUENCY;
    uint256 private immutable _UTC_OFFSET;
    address private immutable _CALCULATION_AGENT;

    Coupon[] private _coupons;
    Repayment[] private _repayments;
    Call[] private _calls;

    constructor(Terms memory terms_, Coupon[] memory coupons_, Repayment[] memory repayments_, Call[] memory calls_) {
        _DAY_COUNT = terms_.dayCount;
        _FREQUENCY = terms_.frequency;
        _UTC_OFFSET = terms_.utcOffset;
        _CALCULATION_AGENT = terms_.calculationAgent;
        _keepCoupons(coupons_, terms_.calculationAgent != address(0));
        uint256 repaid = 0;
        for (uint256 i = 0; i < repayments_.length; ++i) {
            Repayment memory repayment = repayments_[i];
            bool later = i == 0 || repayment.coupon > repayments_[i - 1].coupon;
            repaid += repayment.fraction;
            if (!later || repayment.coupon + 1 >= coupons_.length || repayment.fraction == 0 || repaid >= Accrual.ONE) {
                revert GreenBond_InvalidSchedule(coupons_.length + i);
            }
            _repayments.push(repayment);
        }
        for (uint256 i = 0; i < calls_.length; ++i) {
            Call memory call = calls_[i];
            bool later = i == 0 || call.day > calls_[i - 1].day;
            if (
                !later || call.day <= coupons_[0].start || call.day >= coupons_[coupons_.length - 1].end
                    || call.price == 0
            ) revert GreenBond_InvalidSchedule(coupons_.length + repayments_.length + i);
            _calls.push(call);
        }
        _startHistory();
    }

    /// @inheritdoc IGreenBond
    function recordFixing(uint256 coupon, uint32 rate, string calldata source) external {
        if (msg.sender != _CALCULATION_AGENT) revert GreenBond_NotCalculationAgent(msg.sender);
        _REGISTRY.requireActive(msg.sender);
        bool due = coupon < _coupons.length && _coupons[coupon].rate == UNFIXED && rate <= Accrual.ONE;
        if (!due) revert GreenBond_FixingNotDue(coupon);
        _coupons[coupon].rate = rate;
        emit FixingRecorded(coupon, rate, source);
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IGreenBond
    function accruedInterestHalfUp(uint256 nominal, uint64 settlementDate) external view returns (uint256) {
        uint256 day = settlementDate / 1 days;
        if (day <= _coupons[0].start) return 0;
        (uint256 numerator, uint256 denominator) = _accruedPerUnit(day);
        return nominal.timesHalfUp(numerator, denominator);
    }

    /// @inheritdoc IGreenBond
    function coupons() external view returns (Coupon[] memory) {
        return _coupons;
    }

    /// @inheritdoc IGreenBond
    function repayments() external view returns (Repayment[] memory) {
        return _repayments;
    }

    /// @inheritdoc IGreenBond
    function calls() external view returns (Call[] memory) {
        return _calls;
    }

    /// @inheritdoc IGreenBond
    function couponPerUnit(uint256 coupon) external view returns (uint256 numerator, uint256 denominator) {
        return _interestPerUnit(coupon, _coupons[coupon].end);
    }

    /// @inheritdoc IGreenBond
    function repaymentPerUnit(uint256 repayment) external view returns (uint256 numerator, uint256 denominator) {
        return (_MINOR_UNITS * _repayments[repayment].fraction, Accrual.ONE);
    }

    /// @inheritdoc IGreenBond
    function redemptionPerUnit() external view returns (uint256 numerator, uint256 denominator) {
        return (_MINOR_UNITS * _factorIn(_coupons.length), Accrual.ONE);
    }

    /// @inheritdoc IGreenBond
    function callPerUnit(uint256 call, uint32 day) external view returns (uint256 numerator, uint256 denominator) {
        uint256 period = _periodOf(day);
        (numerator, denominator) = _accruedPerUnit(day);
        // The price counts millionths of millionths of the principal; brought to the interest's denominator.
        uint256 principal = _MINOR_UNITS * _factorIn(period) * _calls[call].price;
        return (numerator * Accrual.ONE ** 2 + principal * denominator, denominator * Accrual.ONE ** 2);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function _keepCoupons(Coupon[] memory coupons_, bool floats) private {
        if (coupons_.length == 0) revert GreenBond_InvalidSchedule(0);
        for (uint256 i = 0; i < coupons_.length; ++i) {
            Coupon memory coupon = coupons_[i];
            bool follows =
                i == 0 || (coupon.start == coupons_[i - 1].end && coupon.recordDay > coupons_[i - 1].recordDay);
            bool ordered =
                coupon.start < coupon.end && coupon.recordDay < coupon.paymentDay && coupon.recordDay < coupon.end;
            bool split = coupon.split == 0
                || (coupon.start < coupon.split && coupon.split < coupon.end && coupon.referenceDaysAfterSplit != 0);
            bool counted = _DAY_COUNT != DayCount.ActualActualICMA || coupon.referenceDays != 0;
            bool rated = coupon.rate <= Accrual.ONE || (floats && coupon.rate == UNFIXED);
            if (!(follows && ordered && split && counted && rated) || _FREQUENCY == 0) {
                revert GreenBond_InvalidSchedule(i);
            }
            _coupons.push(coupon);
        }
    }

    function _accruedPerUnit(uint256 day) private view returns (uint256 numerator, uint256 denominator) {
        uint256 period = _periodOf(day);
        uint256 end = _coupons[period].end;
        return _interestPerUnit(period, day < end ? day : end);
    }

    function _interestPerUnit(uint256 period, uint256 day)
        private
        view
        returns (uint256 numerator, uint256 denominator)
    {
        Coupon memory coupon = _coupons[period];
        if (coupon.rate == UNFIXED) revert GreenBond_FixingMissing(period);
        (numerator, denominator) = Accrual.yearFraction(coupon, _DAY_COUNT, _FREQUENCY, day);
        return (_MINOR_UNITS * coupon.rate * _factorIn(period) * numerator, denominator * Accrual.ONE ** 2);
    }

    /// @dev The period that `day` accrues in; a coupon date belongs to the period that begins with it.
    function _periodOf(uint256 day) private view returns (uint256 period) {
        while (period + 1 < _coupons.length && day >= _coupons[period].end) ++period;
    }

    /// @dev The part of the principal, in millionths, that is outstanding during a period.
    function _factorIn(uint256 period) private view returns (uint256 factor) {
        factor = Accrual.ONE;
        for (uint256 i = 0; i < _repayments.length && _repayments[i].coupon < period; ++i) {
            factor -= _repayments[i].fraction;
        }
    }

    function _recordCount() internal view override returns (uint256) {
        return _coupons.length;
    }

    function _recordTime(uint256 record) internal view override returns (uint64) {
        // forge-lint: disable-next-line(unsafe-typecast): a day of 32 bits in seconds takes 49
        return uint64((uint256(_coupons[record].recordDay) + 1) * 1 days - _UTC_OFFSET);
    }
}
