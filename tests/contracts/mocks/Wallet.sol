// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @dev An account that is a contract: its owner's signature is its own, unless it burns all gas it is given.
contract Wallet is IERC1271 {
    address private immutable _OWNER;
    bool public greedy;

    constructor(address owner) {
        _OWNER = owner;
    }

    function setGreedy(bool greedy_) external {
        greedy = greedy_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        while (greedy) {}
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(hash, signature);
        return failure == ECDSA.RecoverError.NoError && signer == _OWNER ? this.isValidSignature.selector : bytes4(0);
    }
}
