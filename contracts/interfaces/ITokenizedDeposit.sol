// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccountMoney} from "./IAccountMoney.sol";
import {IDepositMoney} from "./IDepositMoney.sol";

/// @title Tokenised deposit
/// @notice Deposits of one bank in one currency. The bank's mandate says which payments to other banks the engine may
/// settle out of its reserves without asking it each time.
interface ITokenizedDeposit is IAccountMoney, IDepositMoney {
    /// @notice Emitted when the bank changes what it allows towards a counterparty bank.
    /// @param counterparty The payee's bank.
    /// @param limitPerPayment Smallest units; zero ends the mandate towards this bank.
    event CounterpartyLimitSet(address indexed counterparty, uint64 limitPerPayment);

    /// @notice Emitted when the bank changes what it allows per business day, towards all counterparties together.
    /// @param limitPerDay Smallest units.
    event DailyLimitSet(uint64 limitPerDay);

    /// @notice Sets the largest payment to clients of `counterparty` that needs no consent of this bank.
    function setCounterpartyLimit(address counterparty, uint64 limitPerPayment) external;

    /// @notice Sets the total of such payments per business day.
    function setDailyLimit(uint64 limitPerDay) external;

    /// @notice The mandate towards one counterparty bank, as it stands now.
    /// @return limitPerPayment Smallest units.
    /// @return limitPerDay Smallest units, towards all counterparties together.
    /// @return usedToday Smallest units, in the business day that contains the block's time.
    function mandate(address counterparty)
        external
        view
        returns (uint64 limitPerPayment, uint64 limitPerDay, uint64 usedToday);
}
