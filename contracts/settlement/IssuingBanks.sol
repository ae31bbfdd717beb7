// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "../interfaces/IDepositMoney.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {InstrumentKind} from "../types/Participation.sol";

/// @title Issuing banks
/// @notice Whose money an instrument is, by the registry's word and not by its own.
/// @dev What was found is remembered to the end of the transaction, in transient storage: a batch, or a page of a coupon,
/// asks once for each money. An instrument that is withdrawn meanwhile stops all the same, because the legs are checked
/// each time; and who was its issuer a moment ago could have paid that moment.
abstract contract IssuingBanks {
    uint256 private constant _ISSUERS = uint256(keccak256("settlement.issuingBanks.issuers"));
    uint256 private constant _RESERVES = uint256(keccak256("settlement.issuingBanks.reserves"));

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

    /// @dev To which bank, and in which reserve, payments in `money` go; no bank where it names one that does not issue
    /// it. Reverts where its reserve is not admitted as money.
    // slither-disable-next-line calls-loop: once for each money in a transaction
    function _interbankAccountOf(IRegistry registry, IDepositMoney money)
        internal
        returns (address bank, IFungibleInstrument reserve)
    {
        uint256 domain = _RESERVES;
        assembly ("memory-safe") {
            reserve := tload(xor(domain, money))
        }
        if (address(reserve) != address(0)) return (_issuerOf(registry, address(money)), reserve);
        (bank, reserve) = money.interbankAccount();
        if (_issuerOf(registry, address(money)) != bank) return (address(0), reserve);
        if (_issuerOf(registry, address(reserve)) == address(0)) {
            revert IRegistry.Registry_InstrumentNotAdmitted(address(reserve));
        }
        assembly ("memory-safe") {
            tstore(xor(domain, money), reserve)
        }
    }
}
