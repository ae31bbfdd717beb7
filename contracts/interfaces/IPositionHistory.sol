// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Position history
/// @notice Who held what at each record time, and who has ever held anything. What is on hold belongs to its owner.
interface IPositionHistory {
    /// @notice Thrown when positions are asked for at a record time that has not passed, or does not exist.
    /// @param record Its position in the list of record times.
    error PositionHistory_RecordNotPassed(uint256 record);

    /// @notice How many have ever held anything.
    function holderCount() external view returns (uint256);

    /// @notice Up to `count` of those who have ever held anything, in the order in which they came, from `first` on.
    function holders(uint256 first, uint256 count) external view returns (address[] memory);

    /// @notice How many record times have passed.
    function recordsPassed() external view returns (uint256);

    /// @notice What `holder` had at a record time.
    function positionAt(address holder, uint256 record) external view returns (uint256);

    /// @notice Up to `count` holders from `first` on, with what each had at a record time.
    function positionsAt(uint256 record, uint256 first, uint256 count)
        external
        view
        returns (address[] memory page, uint256[] memory quantities);

    /// @notice What existed at a record time.
    function supplyAt(uint256 record) external view returns (uint256);
}
