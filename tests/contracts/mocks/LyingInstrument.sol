// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";

/// @dev An admitted instrument that never refuses and does not always do what it is told: what the engine assumes may
/// break, to show how far that goes. It asks nobody who calls it.
contract LyingInstrument is IInstrument {
    enum Lie {
        None,
        ReturnsFalse,
        TakesAFee,
        TakesFromAnother
    }

    address public immutable issuer;
    Lie public lie;
    address private _victim;
    mapping(address holder => uint256) public balanceOf;

    constructor(address issuer_) {
        issuer = issuer_;
    }

    function setLie(Lie lie_, address victim) external {
        (lie, _victim) = (lie_, victim);
    }

    /// @dev Issues, and changes balances by whim.
    function setBalance(address holder, uint256 balance) external {
        balanceOf[holder] = balance;
    }

    function bookTransfer(address giver, address receiver, uint256 quantity) external {
        if (lie == Lie.ReturnsFalse) {
            assembly ("memory-safe") {
                mstore(0, 0)
                return(0, 32) // as some ERC-20 tokens say that nothing moved
            }
        }
        balanceOf[lie == Lie.TakesFromAnother ? _victim : giver] -= quantity;
        balanceOf[receiver] += lie == Lie.TakesAFee ? quantity - quantity / 10 : quantity;
    }

    function placeHold(HoldId, address, uint256) external {}

    function resolveHold(HoldId, HoldResolution) external {}

    function moveReasons(address, address, uint256) external pure returns (bytes[] memory) {}

    function holdOf(HoldId) external pure returns (address owner, uint256 quantity) {}
}
