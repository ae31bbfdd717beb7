// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Civil date
/// @notice Days since 1 January 1970 as year, month and day of the Gregorian calendar.
/// @dev Counts from 1 March of the year 0, so that a leap day is the last of its year: in eras of 400 years, 146,097 days.
library CivilDate {
    uint256 private constant _DAYS_TO_EPOCH = 719_468;
    uint256 private constant _DAYS_PER_ERA = 146_097;

    // slither-disable-next-line divide-before-multiply: whole eras, years and months are what is wanted
    function fromDays(uint256 daysSinceEpoch) internal pure returns (uint256 year, uint256 month, uint256 day) {
        uint256 shifted = daysSinceEpoch + _DAYS_TO_EPOCH;
        uint256 era = shifted / _DAYS_PER_ERA;
        uint256 dayOfEra = shifted % _DAYS_PER_ERA;
        uint256 yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        uint256 shiftedMonth = (5 * dayOfYear + 2) / 153;
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
    }

    /// @notice Whether the day is the last of February.
    function isEndOfFebruary(uint256 daysSinceEpoch) internal pure returns (bool) {
        (, uint256 month,) = fromDays(daysSinceEpoch);
        (, uint256 monthAfter,) = fromDays(daysSinceEpoch + 1);
        return month == 2 && monthAfter == 3;
    }
}
