// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "./IInstrument.sol";

/// @title Fungible instrument
/// @notice Money or securities counted in smallest units. Query names follow ERC-7943.
interface IFungibleInstrument is IInstrument {
    /// @notice Whether `account` may give and receive now.
    function canTransact(address account) external view returns (bool);

    /// @notice Whether a direct transfer would be accepted now.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);

    /// @notice What is set aside for instructions; still owned by `account` and part of its balance.
    function heldOf(address account) external view returns (uint256);

    /// @notice Reverts, as a movement would, where `account` can neither give nor receive.
    function requireUsable(address account) external view;

    /// @notice Balance less what is held.
    function freeOf(address account) external view returns (uint256);
}
