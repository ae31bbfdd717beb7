// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {InstrumentKind} from "../types/Participation.sol";

/// @title Issuing banks
/// @notice Whose money an instrument is, by the registry's word and not by its own.
/// @dev What the registry has said is remembered to the end of the transaction, in transient storage: a batch, or a page of
/// a coupon, asks it once for each bank. An instrument that is withdrawn meanwhile stops all the same, because the legs
/// are checked each time; and who was its issuer a moment ago could have paid that moment.
abstract contract IssuingBanks {
    uint256 private constant _KNOWN = uint256(keccak256("settlement.issuingBanks.known"));

    /// @dev Whether the registry has `money` admitted as money that `bank` issues.
    // slither-disable-next-line calls-loop: once for each bank in a transaction
    function _isIssuedBy(IRegistry registry, address money, address bank) internal returns (bool) {
        uint256 domain = _KNOWN;
        uint256 slot;
        bool known;
        assembly ("memory-safe") {
            mstore(0x00, xor(domain, money))
            mstore(0x20, bank)
            slot := keccak256(0x00, 0x40)
            known := tload(slot)
        }
        if (known) return true;
        (InstrumentKind kind, address issuer) = registry.instrument(money);
        if (issuer != bank || kind != InstrumentKind.Money) return false;
        assembly ("memory-safe") {
            tstore(slot, 1)
        }
        return true;
    }
}
