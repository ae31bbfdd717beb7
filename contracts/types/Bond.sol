// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice How days are counted, in the order of ISO 20022's InterestComputationMethod codes A001, A004 to A007.
/// @custom:value0 Thirty360: 30/360 (US), A001.
/// @custom:value1 Actual360: ACT/360, A004.
/// @custom:value2 Actual365Fixed: ACT/365 (Fixed), A005.
/// @custom:value3 ActualActualICMA: ACT/ACT (ICMA), A006.
/// @custom:value4 Thirty360European: 30E/360, A007.
enum DayCount {
    Thirty360,
    Actual360,
    Actual365Fixed,
    ActualActualICMA,
    Thirty360European
}

/// @notice Where an issue stands.
/// @custom:value0 Closing: created; nominal goes from the issuer to those it was allocated to, and back, and nowhere else.
/// @custom:value1 Live: everything allocated was delivered, and holders may trade.
/// @custom:value2 Redeeming: the register is closed; holders are paid and their nominal ceases to be.
/// @custom:value3 Repaid: nothing is left.
/// @custom:value4 Exited: the register has gone on to another platform; nothing moves here any more.
enum BondStatus {
    Closing,
    Live,
    Redeeming,
    Repaid,
    Exited
}

/// @notice One coupon period; dates are days since 1 January 1970 in the bond's own time zone. One storage slot.
struct Coupon {
    /// First day that accrues.
    uint32 start;
    /// Day on which the period ends; it accrues in the next one.
    uint32 end;
    /// Where a long first period crosses a notional coupon date under ACT/ACT (ICMA), that date; else zero.
    uint32 split;
    /// Holders at the end of this day are entitled.
    uint32 recordDay;
    /// Day on which it is paid.
    uint32 paymentDay;
    /// Days of the notional period that the days before the split, or all, lie in. Only ACT/ACT (ICMA) asks.
    uint16 referenceDays;
    /// The same for the days after the split.
    uint16 referenceDaysAfterSplit;
    /// Annual rate in millionths; `UNFIXED` until the index is fixed.
    uint32 rate;
}

/// @notice A part of the principal that is repaid before maturity; an issue without such parts has an empty list.
struct Repayment {
    /// Position of the coupon with which it is paid: its record and payment day count here too.
    uint16 coupon;
    /// Part of the original nominal, in millionths.
    uint32 fraction;
}

/// @notice The issuer's right to repay everything early.
struct Call {
    /// Day from which it may be used.
    uint32 day;
    /// Price in millionths of the principal then outstanding: at par 1,000,000.
    uint32 price;
}

/// @dev The rate of a coupon whose index is not fixed yet.
uint32 constant UNFIXED = type(uint32).max;
