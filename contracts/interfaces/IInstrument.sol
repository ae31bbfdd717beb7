// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {HoldId, HoldResolution} from "../types/Settlement.sol";

/// @title Instrument
/// @notice All that the settlement engine knows of a token: it moves, and it can be put on hold. A new kind of asset
/// implements this and needs no change in the engine.
/// @dev The four mutating functions obey the engine alone. Before it calls them the engine has checked, for every leg,
/// the consents and that the parties are active; an instrument checks what only it can know: quantities, holds,
/// denominations, accounts.
interface IInstrument {
    /// @notice Emitted when a quantity is set aside for an instruction. The owner stays the owner.
    /// @param holdId The hold.
    /// @param owner Whose quantity it is.
    /// @param quantity Smallest units, or the token id of a title.
    event HoldPlaced(HoldId indexed holdId, address indexed owner, uint256 quantity);

    /// @notice Emitted when a hold ends.
    /// @param holdId The hold.
    /// @param owner Whose quantity it was.
    /// @param quantity Smallest units, or the token id of a title.
    /// @param resolution How it ended.
    event HoldResolved(HoldId indexed holdId, address indexed owner, uint256 quantity, HoldResolution resolution);

    /// @notice Thrown when somebody other than the engine calls a function that obeys the engine alone.
    /// @param caller Who called.
    error Instrument_NotEngine(address caller);

    /// @notice Thrown when somebody other than the issuer calls a function that only the issuer may use.
    /// @param caller Who called.
    error Instrument_NotIssuer(address caller);

    /// @notice Thrown when a movement or hold needs more than the owner has free.
    /// @param owner Whose position is short.
    /// @param free What is there and not on hold.
    /// @param needed What is asked for.
    error Instrument_InsufficientFree(address owner, uint256 free, uint256 needed);

    /// @notice Thrown when a quantity is zero or above what an account can carry.
    /// @param quantity The quantity given.
    error Instrument_InvalidQuantity(uint256 quantity);

    /// @notice Thrown when giver and receiver are the same.
    /// @param party The party named twice.
    error Instrument_SelfMovement(address party);

    /// @notice Thrown when a hold is placed under an id that is taken.
    /// @param holdId The hold.
    error Instrument_HoldExists(HoldId holdId);

    /// @notice Thrown when a hold that does not exist, or has ended, is resolved.
    /// @param holdId The hold.
    error Instrument_HoldUnknown(HoldId holdId);

    /// @notice Moves `quantity` from `giver` to `receiver` in full, or reverts. Engine only.
    function bookTransfer(address giver, address receiver, uint256 quantity) external;

    /// @notice Sets `quantity` of `owner`'s aside under `holdId`, so that delivering it does not depend on what else the
    /// owner or its receiver has then. Engine only.
    function placeHold(HoldId holdId, address owner, uint256 quantity) external;

    /// @notice Ends a hold, leaving the quantity free with its owner; the engine moves it next if it was executed.
    /// Engine only.
    function resolveHold(HoldId holdId, HoldResolution resolution) external;

    /// @notice Every reason, as an encoded error, why `bookTransfer` would be refused now; empty where it would not.
    function moveReasons(address giver, address receiver, uint256 quantity) external view returns (bytes[] memory);

    /// @notice The hold's owner and quantity; zero where there is none.
    function holdOf(HoldId holdId) external view returns (address owner, uint256 quantity);

    /// @notice The party whose liability or issue the instrument is.
    function issuer() external view returns (address);
}
