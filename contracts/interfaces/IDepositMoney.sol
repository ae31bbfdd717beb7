// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "./IFungibleInstrument.sol";

/// @title Deposit money
/// @notice An instrument that is a claim on a bank, payable to a client of another bank by burning it here, moving the
/// same amount of reserves, and minting it there.
interface IDepositMoney is IFungibleInstrument {
    /// @notice Burns `amount` of the payer's deposits for a payment to a client of `payeeBank`. Engine only.
    /// @return bank The payer's bank.
    /// @return reserve The wholesale money in which it settles.
    /// @return covered Whether the bank's mandate covers the payment; where not, the engine needs its consent.
    function debit(address payer, uint256 amount, address payeeBank)
        external
        returns (address bank, IFungibleInstrument reserve, bool covered);

    /// @notice Mints `amount` of deposits to the payee, whose bank has received as much in reserves. Engine only.
    function creditClient(address payee, uint256 amount) external;

    /// @notice The bank, and the wholesale money in which it settles this currency with other banks.
    function interbankAccount() external view returns (address bank, IFungibleInstrument reserve);

    /// @notice Whether the mandate covers a payment of `amount` to `payeeBank` now.
    function withinMandate(uint256 amount, address payeeBank) external view returns (bool);

    /// @notice Every reason, as an encoded error, why `debit` would be refused now.
    function debitReasons(address payer, uint256 amount) external view returns (bytes[] memory);

    /// @notice Every reason, as an encoded error, why `creditClient` would be refused now.
    function creditReasons(address payee, uint256 amount) external view returns (bytes[] memory);
}
