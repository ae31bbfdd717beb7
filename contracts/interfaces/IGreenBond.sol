// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "./IFungibleInstrument.sol";

/// @title Green bond
/// @notice A bond counted in whole units of nominal. Its full terms stay off chain; their hash is here.
interface IGreenBond is IFungibleInstrument {
    /// @notice The terms that the chain has to know.
    struct Terms {
        /// ISO 6166, with its check digit.
        bytes12 isin;
        /// ISO 4217 code of the currency of nominal and interest.
        bytes3 currency;
        /// Whole units of currency that may be issued.
        uint96 nominal;
        /// Smallest holding, in whole units of nominal.
        uint96 minimumDenomination;
        /// Step in which a quantity moves, in whole units of nominal.
        uint96 increment;
        /// Annual coupon in millionths: 4.05 % is 40,500. Day count ACT/365 (Fixed), ISO 20022 A005.
        uint32 couponMillionths;
        /// Unix time of the day on which interest starts.
        uint64 issueDate;
        /// Unix time of the day on which the bond is due.
        uint64 maturityDate;
        /// Hash of the full terms.
        bytes32 termsHash;
        /// Hash of the green bond framework document.
        bytes32 frameworkHash;
    }

    /// @notice Emitted when nominal is issued to the issuer's own account, from which it is delivered.
    /// @param nominal Whole units.
    event BondIssued(uint256 nominal);

    /// @notice Emitted when nominal that came back to the issuer ceases to be.
    /// @param nominal Whole units.
    event BondRedeemed(uint256 nominal);

    /// @notice Thrown when the ISIN is malformed or its check digit is wrong.
    /// @param isin The ISIN given.
    error GreenBond_InvalidIsin(bytes12 isin);

    /// @notice Thrown when dates, nominal or denominations contradict each other.
    error GreenBond_InvalidTerms();

    /// @notice Thrown when a quantity is not a multiple of the increment.
    /// @param quantity Whole units of nominal.
    /// @param increment The step allowed.
    error GreenBond_NotInIncrement(uint256 quantity, uint256 increment);

    /// @notice Thrown when a movement would leave a holder with less than the minimum denomination.
    /// @param holder The holder.
    /// @param position What it would be left with.
    /// @param minimum The smallest holding.
    error GreenBond_BelowMinimumDenomination(address holder, uint256 position, uint256 minimum);

    /// @notice Thrown when more is issued than the terms allow.
    /// @param issued What would have been issued in all.
    /// @param nominal What the terms allow.
    error GreenBond_NominalExceeded(uint256 issued, uint256 nominal);

    /// @notice Issues nominal to the issuer's own account.
    function issue(uint256 nominal) external;

    /// @notice Redeems nominal that the issuer holds.
    function redeem(uint256 nominal) external;

    /// @notice The bond's terms.
    function terms() external view returns (Terms memory);

    /// @notice Where the green bond framework can be read; untrusted text.
    function frameworkUri() external view returns (string memory);

    /// @notice Whole units issued so far, redeemed or not.
    function issuedNominal() external view returns (uint256);

    /// @notice Interest in smallest units of currency (two decimals) on `nominal` from issue date to `settlementDate`,
    /// and no longer than to maturity, rounded half up.
    function accruedInterestHalfUp(uint256 nominal, uint64 settlementDate) external view returns (uint256);
}
