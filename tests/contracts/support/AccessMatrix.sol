// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "forge-std/Vm.sol";

/// @dev Who has tried a function and who got past it, as it was measured: every call of a test goes through `refused`, and
/// what passed for whom is written to snapshots/access*.json, from which the access matrix is made.
abstract contract AccessMatrix {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    // Callers by kind; the bit of each in what is written, in the order of the matrix's columns.
    uint32 internal constant OPERATOR = 1 << 0;
    uint32 internal constant SUPERVISOR = 1 << 1;
    uint32 internal constant AUTHORITY = 1 << 2;
    uint32 internal constant BANK = 1 << 3;
    uint32 internal constant OTHER_BANK = 1 << 4;
    uint32 internal constant ISSUER = 1 << 5;
    uint32 internal constant CARRIER = 1 << 6;
    uint32 internal constant CLIENT = 1 << 7;
    uint32 internal constant STRANGER = 1 << 8;
    uint32 internal constant ENGINE = 1 << 9;
    uint32 internal constant PAYING_AGENT = 1 << 10;
    uint32 internal constant AGENT_OPERATOR = 1 << 11;
    uint32 internal constant CALCULATION_AGENT = 1 << 12;
    uint32 internal constant EXECUTOR = 1 << 13;
    uint32 internal constant CANCELLER = 1 << 14;
    uint32 internal constant DUAL_CONTROL = 1 << 15;
    uint32 internal constant REGISTER = 1 << 16;
    uint32 internal constant CONTROL_TRACKING = 1 << 17;
    uint32 internal constant EVERYBODY = type(uint32).max;

    /// @dev By bit; who is not of a test's world is nobody.
    address[18] internal callers;

    mapping(address target => string) private _names;
    mapping(string key => uint256) private _passed;
    mapping(string key => uint256) private _tried;
    string[] private _keys;
    mapping(string key => bool) private _seen;

    /// @dev A file for each test contract: what one writes takes the place of what was there.
    function _group() internal pure virtual returns (string memory);

    function _name(address target, string memory contractName) internal {
        _names[target] = contractName;
    }

    /// @dev What a call reverts with, of one of `callers`; empty where it passes. Either way nothing of it stays.
    function refused(address target, uint256 caller, bytes memory data) internal returns (bytes memory reason) {
        uint256 state = VM.snapshotState();
        VM.prank(callers[caller]);
        (bool ok, bytes memory answer) = target.call(data);
        if (!ok) reason = answer.length == 0 ? bytes("reverted without a reason") : answer;
        VM.revertToStateAndDelete(state);
        string memory key = string.concat(_names[target], ".", VM.toString(abi.encodePacked(bytes4(data))));
        if (!_seen[key]) {
            _seen[key] = true;
            _keys.push(key);
        }
        _tried[key] |= 1 << caller;
        if (ok) _passed[key] |= 1 << caller;
    }

    /// @dev Writes what was measured since the last time: who passed, and in the upper half who tried. A function is
    /// measured in one test.
    modifier measured() {
        _;
        while (_keys.length != 0) {
            string memory key = _keys[_keys.length - 1];
            _keys.pop();
            VM.snapshotValue(_group(), key, (_tried[key] << 32) | _passed[key]);
        }
    }
}
