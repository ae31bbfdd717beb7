// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "./IInstrument.sol";

/// @title Title instrument
/// @notice Titles, each with exactly one owner. A title passes by a settled instruction only, because receiving it lays
/// a duty on the receiver, who therefore has to consent.
interface ITitleInstrument is IInstrument {
    /// @notice Thrown when a title is moved by an ERC-721 transfer or approval instead of an instruction.
    /// @param titleId The title.
    error Title_SettlementOnly(uint256 titleId);

    /// @notice Thrown when a giver does not own the title.
    /// @param titleId The title.
    /// @param party The party named as giver.
    error Title_NotOwner(uint256 titleId, address party);

    /// @notice Thrown when a title that is on hold is moved, held again, or surrendered.
    /// @param titleId The title.
    /// @param holdId The hold.
    error Title_OnHold(uint256 titleId, bytes32 holdId);
}
