// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {InstrumentKind, PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Leg} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Who may do what to the registry, and what it then answers. The tree is in Registry.tree.
contract RegistryTest is Base {
    bytes32 private constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    bytes32 private constant SUPERVISOR_ROLE = keccak256("SUPERVISOR_ROLE");

    // ---- the access matrix -------------------------------------------------------------------------------------------

    /// @dev Every act, by everybody who may not: only the operator admits and suspends, only the supervisor freezes.
    function test_RevertWhen_TheCallerLacksTheRole() external {
        bytes[5] memory operators = [
            abi.encodeCall(IRegistry.admitParty, (stranger, Roles.BANK)),
            abi.encodeCall(IRegistry.suspendParty, (alice)),
            abi.encodeCall(IRegistry.reinstateParty, (alice)),
            abi.encodeCall(IRegistry.admitInstrument, (address(bond), issuer, InstrumentKind.Asset)),
            abi.encodeCall(IRegistry.withdrawInstrument, (address(bond)))
        ];
        bytes[2] memory supervisors =
            [abi.encodeCall(IRegistry.freezeParty, (alice)), abi.encodeCall(IRegistry.unfreezeParty, (alice))];
        address[5] memory others = [stranger, authority, banks[0], alice, issuer];
        for (uint256 i = 0; i < others.length; ++i) {
            for (uint256 j = 0; j < operators.length; ++j) {
                _refuseCall(others[i], operators[j], OPERATOR_ROLE);
            }
            for (uint256 j = 0; j < supervisors.length; ++j) {
                _refuseCall(others[i], supervisors[j], SUPERVISOR_ROLE);
            }
        }
        for (uint256 j = 0; j < operators.length; ++j) {
            _refuseCall(supervisor, operators[j], OPERATOR_ROLE);
        }
        for (uint256 j = 0; j < supervisors.length; ++j) {
            _refuseCall(operator, supervisors[j], SUPERVISOR_ROLE);
        }
    }

    function test_When_TheAdminPassesARoleOn() external {
        vm.prank(operator); // The administrator of the fixture too.
        IAccessControl(address(registry)).grantRole(SUPERVISOR_ROLE, stranger);
        vm.prank(stranger);
        registry.freezeParty(alice);
        assertEq(uint8(registry.statusOf(alice)), uint8(PartyStatus.Frozen), "frozen by the new supervisor");
    }

    // ---- parties -----------------------------------------------------------------------------------------------------

    function test_RevertWhen_AdmittedWithoutRoleOrAddress() external {
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InvalidAdmission.selector, stranger));
        registry.admitParty(stranger, 0);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InvalidAdmission.selector, address(0)));
        registry.admitParty(address(0), Roles.BANK);
        vm.stopPrank();
    }

    function test_When_Admitted() external {
        assertEq(uint8(registry.statusOf(stranger)), uint8(PartyStatus.Unknown), "unknown before");
        vm.expectEmit(address(registry));
        emit IRegistry.PartyAdmitted(stranger, Roles.BANK | Roles.CUSTODIAN);
        vm.prank(operator);
        registry.admitParty(stranger, Roles.BANK | Roles.CUSTODIAN);
        assertEq(uint8(registry.statusOf(stranger)), uint8(PartyStatus.Active), "active now");
        assertEq(registry.rolesOf(stranger), Roles.BANK | Roles.CUSTODIAN, "with its roles");
    }

    /// @dev Other roles must not be a way round a freeze.
    function test_GivenFrozenWhen_AdmittedAgain() external {
        freeze(alice);
        vm.prank(operator);
        registry.admitParty(alice, type(uint16).max);
        assertEq(uint8(registry.statusOf(alice)), uint8(PartyStatus.Frozen), "still frozen");
        assertEq(registry.rolesOf(alice), type(uint16).max, "with all roles there can be");
    }

    function test_When_AllRolesAreGiven() external {
        vm.prank(operator);
        registry.admitParty(stranger, type(uint16).max);
        registry.requireActive(stranger);
    }

    function test_RevertGiven_TheStatusDoesNotAllowTheChange() external {
        _refuseStatus(operator, abi.encodeCall(IRegistry.suspendParty, (stranger)), stranger, PartyStatus.Unknown);
        _refuseStatus(operator, abi.encodeCall(IRegistry.reinstateParty, (alice)), alice, PartyStatus.Active);
        _refuseStatus(supervisor, abi.encodeCall(IRegistry.freezeParty, (stranger)), stranger, PartyStatus.Unknown);
        _refuseStatus(supervisor, abi.encodeCall(IRegistry.unfreezeParty, (alice)), alice, PartyStatus.Active);
        suspend(alice);
        _refuseStatus(operator, abi.encodeCall(IRegistry.suspendParty, (alice)), alice, PartyStatus.Suspended);
        freeze(alice);
        _refuseStatus(operator, abi.encodeCall(IRegistry.suspendParty, (alice)), alice, PartyStatus.Frozen);
        _refuseStatus(operator, abi.encodeCall(IRegistry.reinstateParty, (alice)), alice, PartyStatus.Frozen);
        _refuseStatus(supervisor, abi.encodeCall(IRegistry.freezeParty, (alice)), alice, PartyStatus.Frozen);
    }

    function test_When_SuspendedAndReinstated() external {
        vm.expectEmit(address(registry));
        emit IRegistry.PartyStatusChanged(alice, PartyStatus.Suspended);
        suspend(alice);
        vm.expectRevert(notActive(alice, PartyStatus.Suspended));
        registry.requireActive(alice);
        vm.expectEmit(address(registry));
        emit IRegistry.PartyStatusChanged(alice, PartyStatus.Active);
        vm.prank(operator);
        registry.reinstateParty(alice);
        registry.requireActive(alice);
    }

    /// @dev The supervisor's freeze outranks the operator's suspension, and does not lift it.
    function test_GivenSuspendedWhen_FrozenAndUnfrozen() external {
        suspend(alice);
        freeze(alice);
        assertEq(uint8(registry.statusOf(alice)), uint8(PartyStatus.Frozen), "frozen");
        vm.expectEmit(address(registry));
        emit IRegistry.PartyStatusChanged(alice, PartyStatus.Suspended);
        vm.prank(supervisor);
        registry.unfreezeParty(alice);
        assertEq(uint8(registry.statusOf(alice)), uint8(PartyStatus.Suspended), "suspended again");
    }

    function test_RevertGiven_TheRoleIsMissing() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.BANK));
        registry.requireRole(alice, Roles.BANK);
        registry.requireRole(alice, Roles.BANK | Roles.INVESTOR); // One of them is enough.
        freeze(alice);
        vm.expectRevert(notActive(alice, PartyStatus.Frozen));
        registry.requireRole(alice, Roles.INVESTOR);
    }

    // ---- instruments -------------------------------------------------------------------------------------------------

    function test_RevertWhen_AnInstrumentIsAdmittedWrongly() external {
        vm.startPrank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InstrumentAlreadyAdmitted.selector, address(bond)));
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Asset);
        registry.withdrawInstrument(address(bond));
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InvalidAdmission.selector, address(bond)));
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Unknown);
        vm.expectRevert(
            abi.encodeWithSelector(IRegistry.Registry_IssuerMismatch.selector, address(bond), carrier, issuer)
        );
        registry.admitInstrument(address(bond), carrier, InstrumentKind.Asset);
        registry.suspendParty(issuer);
        vm.expectRevert(notActive(issuer, PartyStatus.Suspended));
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Asset);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, address(bond)));
        registry.withdrawInstrument(address(bond));
        vm.stopPrank();
    }

    function test_When_AnInstrumentIsWithdrawnAndAdmitted() external {
        vm.expectEmit(address(registry));
        emit IRegistry.InstrumentWithdrawn(address(bond));
        vm.prank(operator);
        registry.withdrawInstrument(address(bond));
        (InstrumentKind kind, address by) = registry.instrument(address(bond));
        assertEq(uint8(kind), uint8(InstrumentKind.Unknown), "not admitted");
        assertEq(by, address(0), "no issuer");
        vm.expectEmit(address(registry));
        emit IRegistry.InstrumentAdmitted(address(bond), issuer, InstrumentKind.Asset);
        _admit(address(bond), issuer, InstrumentKind.Asset);
        (kind, by) = registry.instrument(address(bond));
        assertEq(uint8(kind), uint8(InstrumentKind.Asset), "an asset");
        assertEq(by, issuer, "of its issuer");
    }

    // ---- what the engine asks ----------------------------------------------------------------------------------------

    function test_When_LegsAreChecked() external {
        uint256 title = issueBill(alice, "HKG-1");
        Leg[] memory legs = new Leg[](3);
        legs[0] = payment(bob, alice, 1);
        legs[1] = leg(alice, bob, address(bills), title);
        legs[2] = leg(alice, bob, address(bond), MINIMUM);
        assertEq(registry.checkLegs(legs), 2, "only the title lays a duty");
        freeze(issuer);
        assertEq(registry.checkLegs(legs), 2, "an asset moves although its issuer is barred");
    }

    function test_When_AccountsAreClassified() external {
        address[] memory accounts = new address[](6);
        (accounts[0], accounts[1], accounts[2]) = (alice, stranger, address(deposits[0]));
        (accounts[3], accounts[4], accounts[5]) = (address(deposits[1]), address(bond), address(bills));
        freeze(banks[1]);
        uint256[] memory classes = registry.classify(accounts);
        uint8[6] memory expected = [1, 0, 2, 0, 2, 6];
        for (uint256 i = 0; i < 6; ++i) {
            assertEq(classes[i], expected[i], string.concat("account ", vm.toString(i)));
        }
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _refuseCall(address caller, bytes memory call, bytes32 role) private {
        bytes4 selector = IAccessControl.AccessControlUnauthorizedAccount.selector;
        _refuse(caller, call, abi.encodeWithSelector(selector, caller, role));
    }

    function _refuseStatus(address caller, bytes memory call, address party, PartyStatus status) private {
        bytes4 selector = IRegistry.Registry_UnexpectedPartyStatus.selector;
        _refuse(caller, call, abi.encodeWithSelector(selector, party, status));
    }

    function _refuse(address caller, bytes memory call, bytes memory reason) private {
        vm.prank(caller);
        (bool success, bytes memory data) = address(registry).call(call);
        assertFalse(success, "it should revert");
        assertEq(data, reason, "with this reason");
    }
}
