// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev An account that is a contract, and answers by whim whether it has signed. Not an IERC1271 by name, because that
/// one promises to change nothing.
contract LyingWallet {
    enum Answer {
        Yes,
        No,
        True,
        Short,
        Flood,
        FloodedYes,
        Revert,
        Burn,
        Reenter
    }

    Answer public answer;
    address private _target;
    bytes private _payload;

    function setAnswer(Answer answer_) external {
        answer = answer_;
    }

    /// @dev Says yes, and calls something before it does.
    function reenterWith(address target, bytes calldata payload) external {
        (answer, _target, _payload) = (Answer.Reenter, target, payload);
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        bytes4 yes = this.isValidSignature.selector;
        if (answer == Answer.No) return bytes4(0);
        if (answer == Answer.Revert) revert("by whim");
        while (answer == Answer.Burn) {}
        if (answer == Answer.True) _return(bytes32(uint256(1)), 32);
        if (answer == Answer.Short) _return(yes, 4);
        if (answer == Answer.Flood) _return(0, 100_000);
        if (answer == Answer.FloodedYes) _return(yes, 100_000);
        if (answer == Answer.Reenter) {
            (bool success,) = _target.call(_payload);
            require(success, "not re-entered");
        }
        return yes;
    }

    function _return(bytes32 word, uint256 size) private pure {
        assembly {
            mstore(0, word)
            return(0, size)
        }
    }
}
