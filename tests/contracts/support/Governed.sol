// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IDualControl} from "../../../contracts/interfaces/IDualControl.sol";
import {Instructions} from "./Instructions.sol";

/// @dev The world after its operator has handed over what extends trust: to dual control, in which the operator
/// proposes, an executor executes two days later and a canceller may veto.
abstract contract Governed is Instructions {
    uint256 internal constant DELAY = 2 days;
    bytes32 internal constant ADMINISTRATOR = bytes32(0);
    bytes32 internal constant ADMISSION_ROLE = keccak256("ADMISSION_ROLE");
    bytes32 internal constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    bytes32 internal constant SUPERVISOR_ROLE = keccak256("SUPERVISOR_ROLE");
    bytes32 internal constant PROPOSER_ROLE = keccak256("PROPOSER_ROLE");
    bytes32 internal constant EXECUTOR_ROLE = keccak256("EXECUTOR_ROLE");
    bytes32 internal constant CANCELLER_ROLE = keccak256("CANCELLER_ROLE");

    address internal deputy = makeAddr("deputy"); // proposes where the operator cannot
    address internal executor = makeAddr("executor");
    address internal canceller = makeAddr("canceller");

    TimelockController internal dualControl;
    IAccessControl internal powers; // the registry's roles

    function setUp() public virtual override {
        super.setUp();
        address[] memory proposers = new address[](2);
        (proposers[0], proposers[1]) = (operator, deputy);
        dualControl = _makeControl(DELAY, proposers, listOf(executor), listOf(canceller));
        powers = IAccessControl(address(registry));
        vm.startPrank(operator);
        powers.grantRole(ADMISSION_ROLE, address(dualControl));
        powers.grantRole(ADMINISTRATOR, address(dualControl));
        powers.renounceRole(ADMISSION_ROLE, operator);
        powers.renounceRole(ADMINISTRATOR, operator);
        vm.stopPrank();
    }

    function _makeControl(
        uint256 delay,
        address[] memory proposers,
        address[] memory executors,
        address[] memory cancellers
    ) internal returns (TimelockController made) {
        bytes memory arguments = abi.encode(delay, proposers, executors, cancellers);
        bytes memory code = bytes.concat(vm.getCode("contracts/compliance/DualControl.sol:DualControl"), arguments);
        // Not vm.deployCode, whose refusals vm.expectRevert does not see.
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(add(code, 32), 0, returndatasize())
                revert(add(code, 32), returndatasize())
            }
        }
    }

    // ---- a call from its proposal to its end ------------------------------------------------------------------------

    function propose(TimelockController by, address target, bytes memory data) internal returns (bytes32 id) {
        uint256 delay = by.getMinDelay();
        id = by.hashOperation(target, 0, data, 0, 0);
        vm.prank(operator);
        by.schedule(target, 0, data, 0, 0, delay);
    }

    function execute(TimelockController by, address caller, address target, bytes memory data) internal {
        vm.prank(caller);
        by.execute(target, 0, data, 0, 0);
    }

    /// @dev Proposed by the operator, waited for, executed by the executor.
    function enact(TimelockController by, address target, bytes memory data) internal {
        propose(by, target, data);
        skip(by.getMinDelay());
        execute(by, executor, target, data);
    }

    function veto(bytes32 id) internal {
        vm.prank(canceller);
        dualControl.cancel(id);
    }

    function revoke(address target, bytes32 role, address account) internal {
        vm.prank(canceller);
        IDualControl(address(dualControl)).revokeAtOnce(target, role, account);
    }

    // ---- what it is refused with ------------------------------------------------------------------------------------

    function lacking(address account, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role);
    }

    function vacant(bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDualControl.DualControl_RoleVacant.selector, role);
    }

    function incompatible(address account, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDualControl.DualControl_IncompatibleRole.selector, account, role);
    }

    function notRevocable(address target, bytes32 role, address account) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IDualControl.DualControl_NotRevocable.selector, target, role, account);
    }

    /// @dev Expected states, as bits: not scheduled, waiting, ready, done.
    function inAnotherState(bytes32 id, uint256 expected) internal pure returns (bytes memory) {
        bytes4 selector = TimelockController.TimelockUnexpectedOperationState.selector;
        return abi.encodeWithSelector(selector, id, bytes32(expected));
    }

    function listOf(address account) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = account;
    }
}
