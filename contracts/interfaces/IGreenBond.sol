// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BondStatus, Call, Coupon, DayCount, Repayment} from "../types/Bond.sol";
import {IFungibleInstrument} from "./IFungibleInstrument.sol";
import {IPositionHistory} from "./IPositionHistory.sol";

/// @title Green bond
/// @notice A bond counted in whole units of nominal. Its full terms stay off chain; their hash is here.
interface IGreenBond is IFungibleInstrument, IPositionHistory {
    /// @notice The terms that the chain has to know.
    struct Terms {
        /// ISO 6166, with its check digit.
        bytes12 isin;
        /// ISO 4217 code of the currency of nominal and interest.
        bytes3 currency;
        /// Whole units of currency that may be issued.
        uint96 nominal;
        /// Smallest holding, in whole units of nominal: of what is free, and of each hold.
        uint96 minimumDenomination;
        /// Step in which a quantity moves, in whole units of nominal.
        uint96 increment;
        /// How days are counted.
        DayCount dayCount;
        /// Coupons a year; one where there is a single coupon, at maturity.
        uint8 frequency;
        /// Seconds by which the bond's own time zone, in which its days begin and end, is ahead of UTC.
        uint32 utcOffset;
        /// Who records the fixings of a floating rate; nobody where every rate is known from the start.
        address calculationAgent;
        /// Hash of the full terms.
        bytes32 termsHash;
        /// Hash of the green bond framework document.
        bytes32 frameworkHash;
    }

    /// @notice Emitted when nominal is issued to the issuer's own account, from which it is delivered.
    /// @param nominal Whole units.
    event BondIssued(uint256 nominal);

    /// @notice Emitted when nominal ceases to be: what came back to the issuer, or a holder's that is repaid.
    /// @param nominal Whole units.
    event BondRedeemed(uint256 nominal);

    /// @notice Emitted when the issuer says how much was allocated, and to whom.
    /// @param allocationHash Hash of the list of allocations, which stays off chain.
    /// @param nominal Whole units in all.
    event BondAllocated(bytes32 indexed allocationHash, uint256 nominal);

    /// @notice Emitted when everything allocated was delivered, and holders may trade.
    /// @param nominal Whole units in the hands of holders.
    event BondOpened(uint256 nominal);

    /// @notice Emitted when the rate of a floating coupon is fixed.
    /// @param coupon Position of the coupon.
    /// @param rate Annual rate in millionths, spread included.
    /// @param source Where the index was read, and its value; untrusted text.
    event FixingRecorded(uint256 indexed coupon, uint32 rate, string source);

    /// @notice Emitted when the bond gets the contract that pays its holders.
    /// @param payingAgent The contract.
    event PayingAgentSet(address indexed payingAgent);

    /// @notice Emitted when the bond gets the contract in which its issuer's disclosures are attested.
    /// @param disclosure The contract.
    event DisclosureSet(address indexed disclosure);

    /// @notice Emitted when the register closes, to be redeemed or to go on elsewhere.
    /// @param status Why.
    event RegisterClosed(BondStatus status);

    /// @notice Thrown when the ISIN is malformed or its check digit is wrong.
    /// @param isin The ISIN given.
    error GreenBond_InvalidIsin(bytes12 isin);

    /// @notice Thrown when dates, nominal or denominations contradict each other.
    error GreenBond_InvalidTerms();

    /// @notice Thrown when a quantity is not a multiple of the increment.
    /// @param quantity Whole units of nominal.
    /// @param increment The step allowed.
    error GreenBond_NotInIncrement(uint256 quantity, uint256 increment);

    /// @notice Thrown when a movement or a hold would leave a holder with less than the minimum denomination free, or less
    /// than that would be on hold: delivering what is on hold is then always possible.
    /// @param holder The holder.
    /// @param position What it would have free, or on hold.
    /// @param minimum The smallest holding.
    error GreenBond_BelowMinimumDenomination(address holder, uint256 position, uint256 minimum);

    /// @notice Thrown when more is issued than the terms allow.
    /// @param issued What would have been issued in all.
    /// @param nominal What the terms allow.
    error GreenBond_NominalExceeded(uint256 issued, uint256 nominal);

    /// @notice Thrown when the schedule contradicts itself or the terms.
    /// @param coupon Position of the coupon, or of the repayment or call after them, where it does.
    error GreenBond_InvalidSchedule(uint256 coupon);

    /// @notice Thrown when something is done that the issue's stage does not allow.
    /// @param status The stage.
    error GreenBond_UnexpectedStatus(BondStatus status);

    /// @notice Thrown when the issue is opened, and something else was delivered than was allocated.
    /// @param delivered What holders have.
    /// @param allocated What they were allocated.
    error GreenBond_NotDelivered(uint256 delivered, uint256 allocated);

    /// @notice Thrown when a fixing comes from somebody else than the calculation agent.
    /// @param caller Who called.
    error GreenBond_NotCalculationAgent(address caller);

    /// @notice Thrown when a coupon's rate is fixed again, or by a rate that none can be.
    /// @param coupon Position of the coupon.
    error GreenBond_FixingNotDue(uint256 coupon);

    /// @notice Thrown when interest is asked for of a coupon whose index is not fixed.
    /// @param coupon Position of the coupon.
    error GreenBond_FixingMissing(uint256 coupon);

    /// @notice Thrown when somebody other than the paying agent redeems.
    /// @param caller Who called.
    error GreenBond_NotPayingAgent(address caller);

    /// @notice Thrown when the paying agent is set a second time.
    error GreenBond_PayingAgentKnown();

    /// @notice Thrown when a contract that is named for the bond is another bond's.
    /// @param account The contract.
    error GreenBond_NotOfThisBond(address account);

    /// @notice Thrown when the issuer names another contract for its disclosures: dates it promised stay promised.
    error GreenBond_DisclosureKnown();

    /// @notice Issues nominal to the issuer's own account.
    function issue(uint256 nominal) external;

    /// @notice Redeems nominal that the issuer holds.
    function redeem(uint256 nominal) external;

    /// @notice Says how much was allocated, and the hash of the list; again where an allocation is cancelled or cured.
    function allocate(bytes32 allocationHash, uint256 nominal) external;

    /// @notice Opens the issue to trading, once exactly what was allocated was delivered.
    function open() external;

    /// @notice Fixes the rate of a floating coupon, spread included. Calculation agent only, once for each coupon.
    function recordFixing(uint256 coupon, uint32 rate, string calldata source) external;

    /// @notice Names the contract that pays the holders and redeems. Issuer only, once; the operator has admitted it as a
    /// paying agent, and it is this bond's.
    function setPayingAgent(address payingAgent_) external;

    /// @notice Names the contract in which the issuer's disclosures are attested. Issuer only, once.
    function setDisclosure(address disclosure_) external;

    /// @notice Closes the register for redemption. Paying agent only.
    function close() external;

    /// @notice Ends what `holder` has, which is paid in the same transaction. Paying agent only.
    /// @return nominal Whole units that ceased to be.
    function redeemHolder(address holder) external returns (uint256 nominal);

    /// @notice Closes the register for good because it goes on elsewhere: nothing moves here any more. Issuer only.
    function exit() external;

    /// @notice The bond's terms.
    function terms() external view returns (Terms memory);

    /// @notice Where the green bond framework can be read; untrusted text.
    function frameworkUri() external view returns (string memory);

    /// @notice Whole units issued so far, redeemed or not.
    function issuedNominal() external view returns (uint256);

    /// @notice Interest in smallest units of currency (two decimals) on `nominal` from the last coupon date to
    /// `settlementDate` (Unix time, by its date in UTC), rounded half up. After maturity it is that of the last period.
    function accruedInterestHalfUp(uint256 nominal, uint64 settlementDate) external view returns (uint256);

    /// @notice Where the issue stands.
    function status() external view returns (BondStatus);

    /// @notice How many record times had passed when the register closed; zero before.
    function recordsAtClosing() external view returns (uint256);

    /// @notice The contract that pays the holders; zero before there is one.
    function payingAgent() external view returns (address);

    /// @notice The contract in which the issuer's disclosures are attested; zero before there is one.
    function disclosure() external view returns (address);

    /// @notice Every coupon.
    function coupons() external view returns (Coupon[] memory);

    /// @notice Every repayment before maturity.
    function repayments() external view returns (Repayment[] memory);

    /// @notice Every call.
    function calls() external view returns (Call[] memory);

    /// @notice What one whole unit of nominal gets of a coupon, in smallest units of currency, as a fraction.
    function couponPerUnit(uint256 coupon) external view returns (uint256 numerator, uint256 denominator);

    /// @notice The same of a repayment.
    function repaymentPerUnit(uint256 repayment) external view returns (uint256 numerator, uint256 denominator);

    /// @notice The same at maturity: the principal that is left.
    function redemptionPerUnit() external view returns (uint256 numerator, uint256 denominator);

    /// @notice The same for a call used on `day`: the price of the principal left, and interest accrued to that day.
    function callPerUnit(uint256 call, uint32 day) external view returns (uint256 numerator, uint256 denominator);
}
