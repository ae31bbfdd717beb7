// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {IDualControl} from "../../../contracts/interfaces/IDualControl.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {InstrumentKind, Roles} from "../../../contracts/types/Participation.sol";
import {AccessMatrix} from "../support/AccessMatrix.sol";
import {Governed} from "../support/Governed.sol";

/// @dev As AccessTest, of a registry whose administrator is dual control, and of dual control itself. The tree is in
/// GovernedAccess.tree.
contract GovernedAccessTest is Governed, AccessMatrix {
    address private client;

    function _group() internal pure override returns (string memory) {
        return "access_governed";
    }

    function setUp() public override {
        super.setUp();
        client = clients[0];
        address[10] memory all =
            [operator, supervisor, authority, banks[0], banks[1], issuer, carrier, client, stranger, address(engine)];
        for (uint256 i = 0; i < 10; ++i) {
            callers[i] = all[i];
        }
        (callers[13], callers[14], callers[15]) = (executor, canceller, address(dualControl));
        _name(address(registry), "Registry under dual control");
        _name(address(dualControl), "DualControl");
    }

    // ---- registry ---------------------------------------------------------------------------------------------------

    function test_When_TrustIsExtended() external measured {
        bytes memory admission = abi.encodeCall(IRegistry.admitParty, (makeAddr("new"), Roles.BANK));
        check(address(registry), admission, DUAL_CONTROL, ADMISSION_ROLE);
        vm.startPrank(operator);
        registry.withdrawInstrument(address(bond));
        registry.suspendParty(client);
        vm.stopPrank();
        check(address(registry), abi.encodeCall(IRegistry.reinstateParty, (client)), DUAL_CONTROL, ADMISSION_ROLE);
        admission = abi.encodeCall(IRegistry.admitInstrument, (address(bond), issuer, InstrumentKind.Asset));
        check(address(registry), admission, DUAL_CONTROL, ADMISSION_ROLE);
        bytes memory grant = abi.encodeCall(IAccessControl.grantRole, (OPERATOR_ROLE, stranger));
        check(address(registry), grant, DUAL_CONTROL, ADMINISTRATOR);
    }

    function test_When_TrustIsReduced() external measured {
        check(address(registry), abi.encodeCall(IRegistry.suspendParty, (client)), OPERATOR, OPERATOR_ROLE);
        bytes memory withdrawal = abi.encodeCall(IRegistry.withdrawInstrument, (address(bond)));
        check(address(registry), withdrawal, OPERATOR, OPERATOR_ROLE);
        check(address(registry), abi.encodeCall(IRegistry.freezeParty, (client)), SUPERVISOR, SUPERVISOR_ROLE);
        vm.prank(supervisor);
        registry.freezeParty(client);
        check(address(registry), abi.encodeCall(IRegistry.unfreezeParty, (client)), SUPERVISOR, SUPERVISOR_ROLE);
        bytes memory revocation = abi.encodeCall(IAccessControl.revokeRole, (SUPERVISOR_ROLE, supervisor));
        check(address(registry), revocation, DUAL_CONTROL, ADMINISTRATOR);
        bytes memory renounced = abi.encodeCall(IAccessControl.renounceRole, (OPERATOR_ROLE, operator));
        checkFixed(renounced, address(registry), OPERATOR);
    }

    // ---- dual control -----------------------------------------------------------------------------------------------

    function test_When_AProposalIsMadeAndEnded() external measured {
        address target = address(dualControl);
        bytes memory data = abi.encodeCall(IRegistry.admitParty, (makeAddr("new"), Roles.BANK));
        (address[] memory targets, uint256[] memory values, bytes[] memory datas) = batchOf(data);
        bytes memory one = abi.encodeCall(TimelockController.schedule, (address(registry), 0, data, 0, 0, DELAY));
        bytes memory many = abi.encodeCall(TimelockController.scheduleBatch, (targets, values, datas, 0, 0, DELAY));
        check(target, one, OPERATOR, PROPOSER_ROLE);
        check(target, many, OPERATOR, PROPOSER_ROLE);
        vm.startPrank(operator);
        dualControl.schedule(address(registry), 0, data, 0, 0, DELAY);
        dualControl.scheduleBatch(targets, values, datas, 0, 0, DELAY);
        vm.stopPrank();
        skip(DELAY);
        one = abi.encodeCall(TimelockController.execute, (address(registry), 0, data, 0, 0));
        many = abi.encodeCall(TimelockController.executeBatch, (targets, values, datas, 0, 0));
        check(target, one, EXECUTOR, EXECUTOR_ROLE);
        check(target, many, EXECUTOR, EXECUTOR_ROLE);
        bytes32 id = dualControl.hashOperation(address(registry), 0, data, 0, 0);
        check(target, abi.encodeCall(TimelockController.cancel, (id)), CANCELLER, CANCELLER_ROLE);
    }

    function batchOf(bytes memory data)
        private
        view
        returns (address[] memory targets, uint256[] memory values, bytes[] memory datas)
    {
        (targets, values, datas) = (listOf(address(registry)), new uint256[](1), new bytes[](1));
        datas[0] = data;
    }

    function test_When_ItsOwnRolesAndDelayAreChanged() external measured {
        address target = address(dualControl);
        bytes memory data = abi.encodeCall(IDualControl.revokeAtOnce, (target, PROPOSER_ROLE, deputy));
        check(target, data, CANCELLER, CANCELLER_ROLE);
        data = abi.encodeCall(IAccessControl.grantRole, (EXECUTOR_ROLE, stranger));
        check(target, data, DUAL_CONTROL, ADMINISTRATOR);
        data = abi.encodeCall(IAccessControl.revokeRole, (PROPOSER_ROLE, deputy));
        check(target, data, DUAL_CONTROL, ADMINISTRATOR);
        data = abi.encodeCall(IAccessControl.renounceRole, (PROPOSER_ROLE, operator));
        checkFixed(data, target, OPERATOR);
        data = abi.encodeCall(TimelockController.updateDelay, (1 days));
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes4 selector = TimelockController.TimelockUnauthorizedCaller.selector;
            bytes memory expected = i == 15 ? bytes("") : abi.encodeWithSelector(selector, callers[i]);
            assertEq(refused(target, i, data), expected, vm.toString(i));
        }
    }

    /// @dev The base agrees to be sent tokens of other standards; to agree moves nothing.
    function test_When_ItIsAskedToTakeTokens() external measured {
        address target = address(dualControl);
        uint256[] memory none = new uint256[](0);
        check(target, abi.encodeCall(IERC721Receiver.onERC721Received, (stranger, stranger, 1, "")), EVERYBODY, 0);
        bytes memory single = abi.encodeCall(IERC1155Receiver.onERC1155Received, (stranger, stranger, 1, 1, ""));
        check(target, single, EVERYBODY, 0);
        bytes memory batch =
            abi.encodeCall(IERC1155Receiver.onERC1155BatchReceived, (stranger, stranger, none, none, ""));
        check(target, batch, EVERYBODY, 0);
    }

    // ---- inside -----------------------------------------------------------------------------------------------------

    function check(address target, bytes memory data, uint32 allowed, bytes32 role) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory expected = allowed & (1 << i) != 0 ? bytes("") : lacking(callers[i], role);
            assertEq(refused(target, i, data), expected, vm.toString(i));
        }
    }

    function checkFixed(bytes memory data, address target, uint32 allowed) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory refusal = abi.encodeWithSelector(IAccessControl.AccessControlBadConfirmation.selector);
            assertEq(refused(target, i, data), allowed & (1 << i) != 0 ? bytes("") : refusal, vm.toString(i));
        }
    }
}
