// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";

/// @dev An admitted instrument that keeps no books and turns on the engine: what the engine assumes may break and still
/// only stop the instructions that name it.
contract HostileInstrument is IInstrument {
    enum Mood {
        Meek,
        Reverting,
        Flooding,
        Burning,
        Reentering,
        Malformed // what it answers when it is asked; where it is told to act, it does
    }

    error Hostile_No();

    address public immutable issuer;
    Mood public mood;
    address private _target;
    bytes private _payload;

    constructor(address issuer_) {
        issuer = issuer_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    /// @dev What it calls while the engine is calling it.
    function reenterWith(address target, bytes calldata payload) external {
        (mood, _target, _payload) = (Mood.Reentering, target, payload);
    }

    function bookTransfer(address, address, uint256) external {
        _act();
    }

    function placeHold(HoldId, address, uint256) external {
        _act();
    }

    function resolveHold(HoldId, HoldResolution) external {
        _act();
    }

    function moveReasons(address, address, uint256) external view returns (bytes[] memory) {
        if (mood == Mood.Malformed) {
            assembly ("memory-safe") {
                mstore(0, not(0))
                return(0, 32)
            }
        }
        _refuse();
        return new bytes[](0);
    }

    function holdOf(HoldId) external pure returns (address owner, uint256 quantity) {}

    function _act() private {
        _refuse();
        if (mood != Mood.Reentering) return;
        (bool success, bytes memory data) = _target.call(_payload);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(data, 32), mload(data))
        }
    }

    function _refuse() private view {
        if (mood == Mood.Reverting) revert Hostile_No();
        if (mood == Mood.Flooding) {
            assembly ("memory-safe") {
                revert(0x10000, 100000) // memory that nobody has written
            }
        }
        while (mood == Mood.Burning) {}
    }
}
