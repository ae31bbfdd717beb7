// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "../interfaces/IInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";

/// @title Engine bound
/// @notice What every instrument has: one engine that moves it, one issuer, one registry.
abstract contract EngineBound is IInstrument {
    address internal immutable _ENGINE;
    address internal immutable _ISSUER;
    IRegistry internal immutable _REGISTRY;

    modifier onlyEngine() {
        if (msg.sender != _ENGINE) revert Instrument_NotEngine(msg.sender);
        _;
    }

    /// @dev The issuer has to be active to act, so that a frozen bank mints nothing.
    modifier onlyIssuer() {
        if (msg.sender != _ISSUER) revert Instrument_NotIssuer(msg.sender);
        _REGISTRY.requireActive(msg.sender);
        _;
    }

    constructor(address engine, address issuer_, IRegistry registry) {
        _ENGINE = engine;
        _ISSUER = issuer_;
        _REGISTRY = registry;
    }

    /// @inheritdoc IInstrument
    function issuer() public view returns (address) {
        return _ISSUER;
    }
}
