// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signatures
/// @notice Whether a digest was signed by a key or accepted by an ERC-1271 account.
/// @dev Recovers first and looks for code only where that fails: looking first would cost every key 2,600 gas.
library Signatures {
    /// @notice Whether `signature` is `party`'s over `digest`.
    // slither-disable-next-line unused-return: what the failure is about is not wanted
    function isValid(address party, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        address recovered;
        ECDSA.RecoverError failure;
        if (signature.length == 64) {
            (recovered, failure,) = ECDSA.tryRecover(digest, bytes32(signature[:32]), bytes32(signature[32:]));
        } else {
            (recovered, failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        }
        if (failure == ECDSA.RecoverError.NoError && recovered == party) return true;
        return party.code.length != 0 && SignatureChecker.isValidERC1271SignatureNowCalldata(party, digest, signature);
    }
}
