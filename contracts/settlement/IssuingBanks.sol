// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {InstrumentKind} from "../types/Participation.sol";

/// @title Issuing banks
/// @notice Whose money an instrument is, by the registry's word and not by its own.
/// @dev What the registry has said is remembered to the end of the transaction, in transient storage: a batch, or a page of
/// a coupon, asks it once for each money. An instrument that is withdrawn meanwhile stops all the same, because the legs
/// are checked each time; and who was its issuer a moment ago could have paid that moment.
abstract contract IssuingBanks {
    uint256 private constant _ISSUERS = uint256(keccak256("settlement.issuingBanks.issuers"));

    /// @dev Who issues `money`; nobody where the registry has not admitted it as money.
    // slither-disable-next-line calls-loop: once for each money in a transaction
    function _issuerOf(IRegistry registry, address money) internal returns (address issuer) {
        uint256 domain = _ISSUERS;
        assembly ("memory-safe") {
            issuer := tload(xor(domain, money))
        }
        if (issuer != address(0)) return issuer;
        InstrumentKind kind;
        (kind, issuer) = registry.instrument(money);
        if (kind != InstrumentKind.Money) return address(0);
        assembly ("memory-safe") {
            tstore(xor(domain, money), issuer)
        }
    }
}
