// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../interfaces/IRegistry.sol";
import {EngineBound} from "../token/EngineBound.sol";
import {FungibleInstrument} from "../token/FungibleInstrument.sol";
import {Roles} from "../types/Participation.sol";
import {AccountMoney} from "./AccountMoney.sol";

/// @title Wholesale CBDC
/// @notice Central bank money of one currency: issued and redeemed by the central bank, held by banks, and by issuers
/// such as a government whose account is with the central bank.
contract WholesaleCBDC is AccountMoney {
    constructor(
        string memory name_,
        string memory symbol_,
        uint8 decimals_,
        address engine,
        address centralBank,
        IRegistry registry
    ) FungibleInstrument(name_, symbol_, decimals_) EngineBound(engine, centralBank, registry) {
        registry.requireRole(centralBank, Roles.CENTRAL_BANK);
    }

    function _holderRoles() internal pure override returns (uint16) {
        return Roles.BANK | Roles.ISSUER;
    }
}
