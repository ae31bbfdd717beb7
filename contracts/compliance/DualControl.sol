// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IDualControl} from "../interfaces/IDualControl.sol";

/// @title DualControl
/// @notice Implements {IDualControl}, which documents what this adds to a TimelockController.
contract DualControl is IDualControl, TimelockController {
    mapping(bytes32 role => uint256) private _holders;

    /// @dev Proposers are not given to the base, which would let them veto too: whoever steals a proposer's key could
    /// then veto the key's removal for ever.
    constructor(uint256 delay, address[] memory proposers, address[] memory executors, address[] memory cancellers)
        TimelockController(delay, new address[](0), executors, address(0))
    {
        _grantAll(PROPOSER_ROLE, proposers);
        _grantAll(CANCELLER_ROLE, cancellers);
        if (executors.length == 0) revert DualControl_RoleVacant(EXECUTOR_ROLE);
    }

    /// @inheritdoc IDualControl
    function revokeAtOnce(address target, bytes32 role, address account) external onlyRole(CANCELLER_ROLE) {
        if (account == address(this) || !IAccessControl(target).hasRole(role, account)) {
            revert DualControl_NotRevocable(target, role, account);
        }
        emit RevokedAtOnce(target, role, account, msg.sender);
        IAccessControl(target).revokeRole(role, account);
    }

    function _grantAll(bytes32 role, address[] memory accounts) private {
        if (accounts.length == 0) revert DualControl_RoleVacant(role);
        for (uint256 i = 0; i < accounts.length; ++i) {
            _grantRole(role, accounts[i]);
        }
    }

    /// @dev Every way to a role leads through here. The base takes an executor that is zero for everybody.
    function _grantRole(bytes32 role, address account) internal override returns (bool granted) {
        bool fits = role == DEFAULT_ADMIN_ROLE
            ? account == address(this)
            : account != address(0) && !_hasOther(role, PROPOSER_ROLE, account)
                && !_hasOther(role, EXECUTOR_ROLE, account) && !_hasOther(role, CANCELLER_ROLE, account);
        if (!fits) revert DualControl_IncompatibleRole(account, role);
        granted = super._grantRole(role, account);
        if (granted) ++_holders[role];
    }

    /// @dev And every way out of one through here.
    function _revokeRole(bytes32 role, address account) internal override returns (bool revoked) {
        revoked = super._revokeRole(role, account);
        if (revoked && --_holders[role] == 0) revert DualControl_RoleVacant(role);
    }

    function _hasOther(bytes32 role, bytes32 other, address account) private view returns (bool) {
        return role != other && hasRole(other, account);
    }
}
