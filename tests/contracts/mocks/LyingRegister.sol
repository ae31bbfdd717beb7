// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../../../contracts/interfaces/IControlTrackingRegistry.sol";
import {Bill} from "../../../contracts/types/Bill.sol";

/// @dev A register without books: its carrier, and what is in its bills, is whatever it says.
contract LyingRegister {
    address public issuer;
    IControlTrackingRegistry private immutable _CONTROL;

    constructor(address carrier, IControlTrackingRegistry control) {
        issuer = carrier;
        _CONTROL = control;
    }

    function say(address carrier) external {
        issuer = carrier;
    }

    function begin(bytes32 documentHash, string calldata documentReference) external {
        _CONTROL.begin(documentHash, documentReference, 1);
    }

    function pass(IBillOfLading target, address holder, Bill calldata bill) external {
        _CONTROL.pass(address(target), holder, bill, "digest of the chain");
    }
}
