// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "./IFungibleInstrument.sol";

/// @title Account money
/// @notice Money that only holders with an account at its issuer can hold: wholesale CBDC for banks, tokenised deposits
/// for the clients a bank has taken on. The issuer books each issue and redemption under its own reference, once.
interface IAccountMoney is IFungibleInstrument {
    /// @notice Emitted when the issuer opens an account: a bank takes on a client.
    /// @param holder The account's holder.
    event AccountOpened(address indexed holder);

    /// @notice Emitted when the issuer closes an empty account.
    /// @param holder The account's holder.
    event AccountClosed(address indexed holder);

    /// @notice Emitted when the issuer blocks or unblocks an account.
    /// @param holder The account's holder.
    /// @param blocked Whether it is blocked from now on.
    event AccountBlockChanged(address indexed holder, bool blocked);

    /// @notice Emitted when money comes into being.
    /// @param holder Who is credited.
    /// @param amount Smallest units.
    /// @param bookingReference The issuer's own reference.
    event MoneyIssued(address indexed holder, uint256 amount, bytes32 indexed bookingReference);

    /// @notice Emitted when money ceases to be.
    /// @param holder Who is debited.
    /// @param amount Smallest units.
    /// @param bookingReference The issuer's own reference.
    event MoneyRedeemed(address indexed holder, uint256 amount, bytes32 indexed bookingReference);

    /// @notice Thrown when a party without an account gives or receives.
    /// @param holder The party.
    error AccountMoney_NoAccount(address holder);

    /// @notice Thrown when an account that its issuer has blocked gives or receives.
    /// @param holder The party.
    error AccountMoney_AccountBlocked(address holder);

    /// @notice Thrown when an account is opened twice.
    /// @param holder The party.
    error AccountMoney_AccountExists(address holder);

    /// @notice Thrown when an account that still has a balance is closed.
    /// @param holder The party.
    /// @param balance Smallest units.
    error AccountMoney_AccountNotEmpty(address holder, uint256 balance);

    /// @notice Thrown when a booking reference is used again.
    /// @param bookingReference The reference.
    error AccountMoney_BookingReferenceUsed(bytes32 bookingReference);

    /// @notice Opens an account for an active party.
    function openAccount(address holder) external;

    /// @notice Closes an empty account.
    function closeAccount(address holder) external;

    /// @notice Blocks an account: it neither gives nor receives.
    function blockAccount(address holder) external;

    /// @notice Lifts a block.
    function unblockAccount(address holder) external;

    /// @notice Credits new money to a holder.
    function issue(address holder, uint256 amount, bytes32 bookingReference) external;

    /// @notice Takes free money of a holder back, against payment outside this system.
    function redeem(address holder, uint256 amount, bytes32 bookingReference) external;

    /// @notice Whether `holder` has an account, blocked or not.
    function hasAccount(address holder) external view returns (bool);
}
