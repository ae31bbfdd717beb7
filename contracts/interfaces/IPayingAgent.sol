// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "./IDepositMoney.sol";
import {IGreenBond} from "./IGreenBond.sol";

/// @title Paying agent
/// @notice Pays what a bond owes to everybody entitled, exactly once, out of its own deposits. Anybody may make it go on:
/// who is paid how much follows from the bond's terms and its register at the record time.
/// @dev It is a party of its own, with an account at a bank, and settles through the engine like any other: the holders'
/// banks are paid in reserves, frozen holders are not paid, and nothing here can move anybody else's money.
interface IPayingAgent {
    /// @notice What is paid.
    /// @custom:value0 Coupon: interest of a period.
    /// @custom:value1 Repayment: a part of the principal, before maturity.
    /// @custom:value2 Redemption: what is left of the principal, at maturity; the nominal ceases to be.
    /// @custom:value3 EarlyRedemption: the issuer's call: price, and interest to that day; the nominal ceases to be.
    enum Kind {
        Coupon,
        Repayment,
        Redemption,
        EarlyRedemption
    }

    /// @notice One payment to all holders. Amounts are in smallest units of currency.
    struct Distribution {
        /// What is paid.
        Kind kind;
        /// Which coupon, repayment or call.
        uint16 index;
        /// Whether it was opened.
        bool opened;
        /// How many in the bond's list of holders were looked at.
        uint32 cursor;
        /// Nominal entitled, and how much of it was looked at.
        uint96 entitled;
        uint96 counted;
        /// What is due in all, what was paid and what is set aside.
        uint96 due;
        uint96 paid;
        uint96 setAside;
        /// What a whole unit of nominal gets, as a fraction.
        uint256 numerator;
        uint256 denominator;
    }

    /// @notice What a holder is to be paid.
    struct Payment {
        address holder;
        /// The deposits that it is paid in.
        address account;
        /// What it is paid on.
        uint256 nominal;
        /// Smallest units of currency.
        uint256 amount;
    }

    /// @notice Emitted when holders' entitlements are fixed and the money for them is there.
    /// @param id The distribution.
    /// @param entitled Nominal entitled.
    /// @param due Smallest units of currency.
    event DistributionOpened(uint256 indexed id, uint256 entitled, uint256 due);

    /// @notice Emitted when a holder is paid.
    /// @param id The distribution.
    /// @param holder The holder.
    /// @param nominal What it held.
    /// @param amount Smallest units of currency.
    /// @param account The deposits in which it was paid.
    event HolderPaid(uint256 indexed id, address indexed holder, uint256 nominal, uint256 amount, address account);

    /// @notice Emitted when a holder cannot be paid now; the money stays here for it.
    /// @param id The distribution.
    /// @param holder The holder.
    /// @param nominal What it held.
    /// @param amount Smallest units of currency.
    /// @param reason The encoded error.
    event PaymentSetAside(uint256 indexed id, address indexed holder, uint256 nominal, uint256 amount, bytes reason);

    /// @notice Emitted when every holder was looked at.
    /// @param id The distribution.
    /// @param paid Smallest units of currency.
    /// @param setAside Smallest units of currency.
    event DistributionCompleted(uint256 indexed id, uint256 paid, uint256 setAside);

    /// @notice Emitted when it is said in which deposits a holder is paid.
    /// @param holder The holder.
    /// @param account The deposits; zero for none.
    event AccountElected(address indexed holder, address account);

    /// @notice Thrown when a distribution is opened twice.
    /// @param id The distribution.
    error PayingAgent_AlreadyOpened(uint256 id);

    /// @notice Thrown when one that was not opened, or has been completed, is to go on.
    /// @param id The distribution.
    error PayingAgent_NothingToPay(uint256 id);

    /// @notice Thrown when a distribution is opened before its day.
    /// @param id The distribution.
    /// @param time From when on.
    error PayingAgent_TooEarly(uint256 id, uint256 time);

    /// @notice Thrown when nobody is entitled, or to nothing.
    /// @param id The distribution.
    error PayingAgent_NothingDue(uint256 id);

    /// @notice Thrown when the money for a distribution is not there.
    /// @param id The distribution.
    /// @param free What is there and not owed already.
    /// @param due What is needed.
    error PayingAgent_InsufficientFunds(uint256 id, uint256 free, uint256 due);

    /// @notice Thrown when the bond was closed before the distribution's record time, or its register has gone on
    /// elsewhere: what is due has to be opened before that.
    /// @param id The distribution.
    error PayingAgent_AfterClosing(uint256 id);

    /// @notice Thrown when a call is used between a record time and its coupon date: the coupon comes first.
    /// @param day From which day on it may be used.
    error PayingAgent_ClosedPeriod(uint256 day);

    /// @notice Thrown, or given as the reason, where a holder has no account to be paid in.
    /// @param holder The holder.
    error PayingAgent_NoAccount(address holder);

    /// @notice Thrown when an account is elected whose bank settles in other money.
    /// @param account The deposits.
    error PayingAgent_OtherCurrency(address account);

    /// @notice Thrown when too little gas was given to tell a payment that fails from one that was starved.
    /// @param id The distribution.
    error PayingAgent_OutOfGas(uint256 id);

    /// @notice Given as the reason where a payment failed without one.
    /// @param id The distribution.
    error PayingAgent_NoReason(uint256 id);

    /// @notice Thrown when somebody acts who may not.
    /// @param caller Who called.
    error PayingAgent_NotAllowed(address caller);

    /// @notice Says in which deposits the caller is paid.
    function electAccount(IDepositMoney account) external;

    /// @notice Says in which deposits these holders are paid, as they have told the agent. Operator only; never in the
    /// place of what a holder said itself.
    function electAccounts(address[] calldata holders, IDepositMoney[] calldata accounts) external;

    /// @notice Fixes who gets how much of a coupon, on or after its payment day.
    function openCoupon(uint16 coupon) external returns (uint256 id);

    /// @notice The same for a part of the principal.
    function openRepayment(uint16 repayment) external returns (uint256 id);

    /// @notice The same for what is left of it at maturity; closes the bond's register.
    function openRedemption() external returns (uint256 id);

    /// @notice The same for everything, early, at a call's price with interest to this day. Issuer only.
    function openEarlyRedemption(uint16 call) external returns (uint256 id);

    /// @notice Pays the next holders, or sets aside what cannot be paid; never anybody twice. Up to 32 are paid as one
    /// instruction, and each for itself where that does not settle. What then fails is set aside if the operator or the
    /// issuer calls, and reverts if anybody else does.
    /// @param id The distribution.
    /// @param count How many of the list of holders to look at.
    function pay(uint256 id, uint256 count) external;

    /// @notice Redeems and pays these as one instruction. This contract only, so that it can be tried.
    function payTogether(uint256 id, Payment[] calldata payments, bool redeems) external;

    /// @notice Reverts with the first reason why `account` cannot be credited to `holder` now. Part of paying, and a
    /// function of its own so that an account's answer can be tried.
    function requireCreditable(IDepositMoney account, address holder, uint256 amount) external view;

    /// @notice Pays a holder what was set aside, in the deposits that it has elected by now.
    function claim(uint256 id, address holder) external;

    /// @notice Gives the issuer back what nobody is owed.
    function returnSurplus(IDepositMoney account, uint256 amount) external;

    /// @notice A distribution.
    function distribution(uint256 id) external view returns (Distribution memory);

    /// @notice The id of a distribution; known before it is opened.
    function idOf(Kind kind, uint16 index) external pure returns (uint256);

    /// @notice What is set aside for a holder.
    function setAsideOf(uint256 id, address holder) external view returns (uint256);

    /// @notice In which deposits a holder is paid; zero where nobody has said.
    function accountOf(address holder) external view returns (address);

    /// @notice What is owed to holders of all distributions opened so far.
    function owed() external view returns (uint256);

    /// @notice The bond that is paid.
    function bond() external view returns (IGreenBond);
}
