// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";

/// @dev Admitted deposit money without books: whoever pays in it has enough, and its bank, its reserve and the mandate
/// are whatever it says.
contract LyingDeposit is IDepositMoney {
    enum Mood {
        Meek,
        Mute, // nothing can be booked or credited, and it does not say why
        Reverting,
        Burning,
        Flooding,
        Malformed // these four when it is asked whether a client can be credited
    }

    address public immutable issuer;
    Mood public mood;
    address private _bank;
    address private _bankAfterwards;
    IFungibleInstrument private _reserve;

    constructor(address issuer_) {
        issuer = issuer_;
    }

    function say(address bank, IFungibleInstrument reserve) external {
        (_bank, _reserve) = (bank, reserve);
    }

    function sayAfterOneDebit(address bank) external {
        _bankAfterwards = bank;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function debit(address, uint256, address)
        external
        returns (address bank, IFungibleInstrument reserve, bool covered)
    {
        (bank, reserve, covered) = (_bank, _reserve, true);
        if (_bankAfterwards != address(0)) _bank = _bankAfterwards;
    }

    function interbankAccount() external view returns (address, IFungibleInstrument) {
        return (_bank, _reserve);
    }

    function creditClient(address, uint256) external view {
        _book();
    }

    function bookTransfer(address, address, uint256) external view {
        _book();
    }

    function creditReasons(address, uint256) external view returns (bytes[] memory) {
        if (mood == Mood.Reverting) revert("no answer");
        while (mood == Mood.Burning) {}
        if (mood == Mood.Flooding) {
            assembly {
                revert(0x10000, 100000) // memory that nobody has written
            }
        }
        if (mood == Mood.Malformed) {
            assembly {
                mstore(0, not(0))
                return(0, 32)
            }
        }
        return new bytes[](0);
    }

    function placeHold(HoldId, address, uint256) external {}

    function resolveHold(HoldId, HoldResolution) external {}

    function requireUsable(address) external view {}

    function freeOf(address) external pure returns (uint256) {
        return type(uint96).max;
    }

    function canTransact(address) external pure returns (bool) {
        return true;
    }

    function canTransfer(address, address, uint256) external pure returns (bool) {
        return true;
    }

    function withinMandate(uint256, address) external pure returns (bool) {
        return true;
    }

    function heldOf(address) external pure returns (uint256) {}

    function holdOf(HoldId) external pure returns (address, uint256) {}

    function moveReasons(address, address, uint256) external pure returns (bytes[] memory) {}

    function debitReasons(address, uint256) external pure returns (bytes[] memory) {}

    function _book() private view {
        if (mood != Mood.Mute) return;
        assembly {
            revert(0, 0)
        }
    }
}
