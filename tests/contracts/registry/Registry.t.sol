// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {InstrumentKind, PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Leg} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev The tree is in Registry.tree; who may call what is in Access.t.sol.
contract RegistryTest is Instructions {
    address private party;

    function setUp() public override {
        super.setUp();
        party = makeAddr("party");
    }

    // ---- parties -----------------------------------------------------------------------------------------------------

    function test_RevertWhen_AdmittedWithoutARole() external {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InvalidAdmission.selector, party));
        registry.admitParty(party, 0);
    }

    function test_RevertWhen_TheZeroAddressIsAdmitted() external {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InvalidAdmission.selector, address(0)));
        registry.admitParty(address(0), Roles.BANK);
    }

    function test_When_Admitted() external {
        assertEq(uint8(registry.statusOf(party)), uint8(PartyStatus.Unknown), "unknown before");
        vm.prank(operator);
        vm.expectEmit(address(registry));
        emit IRegistry.PartyAdmitted(party, Roles.BANK | Roles.CUSTODIAN);
        registry.admitParty(party, Roles.BANK | Roles.CUSTODIAN);
        stands(PartyStatus.Active);
        assertEq(registry.rolesOf(party), Roles.BANK | Roles.CUSTODIAN, "roles");
        registry.requireActive(party);
        registry.requireRole(party, Roles.BANK);
        registry.requireRole(party, Roles.CUSTODIAN | Roles.CARRIER);
    }

    function test_RevertGiven_UnknownOrBarred() external {
        inactive(PartyStatus.Unknown);
        bring(PartyStatus.Suspended);
        inactive(PartyStatus.Suspended);
        vm.prank(supervisor);
        registry.freezeParty(party);
        inactive(PartyStatus.Frozen);
    }

    function testFuzz_RevertGiven_NoneOfTheRoles(uint16 has, uint16 needs) external {
        vm.assume(has != 0);
        vm.prank(operator);
        registry.admitParty(party, has);
        if (has & needs == 0) {
            vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, party, needs));
        }
        registry.requireRole(party, needs);
    }

    function test_Given_RolesAreChanged() external {
        for (uint8 i = 1; i <= 3; ++i) {
            uint256 state = vm.snapshotState();
            bring(PartyStatus(i));
            vm.prank(operator);
            registry.admitParty(party, Roles.CARRIER);
            stands(PartyStatus(i));
            assertEq(registry.rolesOf(party), Roles.CARRIER, "replaced, not added");
            vm.revertToState(state);
        }
    }

    function testFuzz_Given_RolesAreChangedWhileFrozen(uint16 roles) external {
        vm.assume(roles != 0);
        bring(PartyStatus.Suspended);
        vm.prank(supervisor);
        registry.freezeParty(party);
        vm.prank(operator);
        registry.admitParty(party, roles);
        stands(PartyStatus.Frozen);
        vm.prank(supervisor);
        registry.unfreezeParty(party);
        stands(PartyStatus.Suspended);
    }

    // ---- transitions -------------------------------------------------------------------------------------------------

    /// @dev Rows: where a party stands. Columns: suspend, reinstate, freeze, unfreeze; 0 = refused, else the new status.
    function test_When_EveryTransitionIsTriedFromEveryStatus() external {
        uint8[4][4] memory table = [
            [uint8(0), 0, 0, 0], // Unknown
            [uint8(PartyStatus.Suspended), 0, uint8(PartyStatus.Frozen), 0], // Active
            [0, uint8(PartyStatus.Active), uint8(PartyStatus.Frozen), 0], // Suspended
            [uint8(PartyStatus.Frozen), 0, 0, uint8(PartyStatus.Active)] // Frozen, and then suspended below
        ];
        for (uint8 from = 0; from < 4; ++from) {
            for (uint8 step = 0; step < 4; ++step) {
                uint256 state = vm.snapshotState();
                bring(PartyStatus(from));
                uint8 to = table[from][step];
                vm.prank(step < 2 ? operator : supervisor);
                if (to == 0) {
                    bytes4 selector = IRegistry.Registry_UnexpectedPartyStatus.selector;
                    vm.expectRevert(abi.encodeWithSelector(selector, party, PartyStatus(from)));
                } else {
                    vm.expectEmit(address(registry));
                    emit IRegistry.PartyStatusChanged(party, PartyStatus(to));
                }
                change(step);
                stands(PartyStatus(to == 0 ? from : to));
                vm.revertToState(state);
            }
        }
    }

    function test_Given_SuspendedThenFrozenThenUnfrozen() external {
        bring(PartyStatus.Suspended);
        vm.prank(supervisor);
        registry.freezeParty(party);
        stands(PartyStatus.Frozen);
        vm.prank(operator);
        bytes4 selector = IRegistry.Registry_UnexpectedPartyStatus.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, party, PartyStatus.Frozen));
        registry.reinstateParty(party);
        vm.prank(supervisor);
        vm.expectEmit(address(registry));
        emit IRegistry.PartyStatusChanged(party, PartyStatus.Suspended);
        registry.unfreezeParty(party);
        stands(PartyStatus.Suspended);
        vm.prank(operator);
        registry.reinstateParty(party);
        stands(PartyStatus.Active);
    }

    /// @dev The operator need not wait for the supervisor, who could let the party back for a moment.
    function test_Given_FrozenThenSuspendedThenUnfrozen() external {
        bring(PartyStatus.Frozen);
        vm.startPrank(operator);
        registry.suspendParty(party);
        stands(PartyStatus.Frozen);
        bytes4 selector = IRegistry.Registry_UnexpectedPartyStatus.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, party, PartyStatus.Frozen));
        registry.suspendParty(party);
        vm.stopPrank();
        vm.prank(supervisor);
        registry.unfreezeParty(party);
        stands(PartyStatus.Suspended);
    }

    // ---- instruments -------------------------------------------------------------------------------------------------

    function test_RevertWhen_AnInstrumentHasNoKind() external {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InvalidAdmission.selector, address(bond)));
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Unknown);
    }

    function test_RevertGiven_AnInstrumentIsAdmitted() external {
        vm.prank(operator);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_InstrumentAlreadyAdmitted.selector, address(bond)));
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Asset);
    }

    function test_RevertWhen_AnInstrumentNamesAnotherIssuer() external {
        vm.startPrank(operator);
        registry.withdrawInstrument(address(bond));
        bytes4 selector = IRegistry.Registry_IssuerMismatch.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, address(bond), banks[0], issuer));
        registry.admitInstrument(address(bond), banks[0], InstrumentKind.Asset);
    }

    function test_RevertGiven_TheIssuerOfAnInstrumentIsNotActive() external {
        vm.startPrank(operator);
        registry.withdrawInstrument(address(bond));
        registry.suspendParty(issuer);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, issuer, PartyStatus.Suspended));
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Asset);
    }

    function test_RevertGiven_AnInstrumentIsNotAdmitted() external {
        vm.startPrank(operator);
        registry.withdrawInstrument(address(bond));
        bytes memory refused = abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, address(bond));
        vm.expectRevert(refused);
        registry.withdrawInstrument(address(bond));
        vm.expectRevert(refused);
        registry.checkLegs(one(leg(clients[0], clients[1], address(bond), 1)));
    }

    function test_When_AnInstrumentIsWithdrawnAndAdmittedAgain() external {
        vm.startPrank(operator);
        vm.expectEmit(address(registry));
        emit IRegistry.InstrumentWithdrawn(address(bond));
        registry.withdrawInstrument(address(bond));
        known(InstrumentKind.Unknown, address(0));
        vm.expectEmit(address(registry));
        emit IRegistry.InstrumentAdmitted(address(bond), issuer, InstrumentKind.Title);
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Title);
        known(InstrumentKind.Title, issuer);
    }

    // ---- legs --------------------------------------------------------------------------------------------------------

    function test_When_LegsLayDuties() external view {
        Leg[] memory legs = new Leg[](3);
        legs[0] = leg(clients[0], clients[1], address(bills), 1);
        legs[1] = leg(clients[0], clients[1], address(bond), 1);
        legs[2] = leg(clients[1], clients[0], address(bills), 2);
        assertEq(registry.checkLegs(legs), 5, "a title lays a duty, an asset does not");
    }

    function test_RevertGiven_TheIssuerOfMoneyIsBarred() external {
        vm.prank(supervisor);
        registry.freezeParty(banks[1]);
        Leg[] memory legs = one(payment(clients[0], clients[2], 1));
        vm.expectRevert(notActive(banks[1], PartyStatus.Frozen));
        registry.checkLegs(legs);
        assertEq(registry.legReasons(legs)[0], notActive(banks[1], PartyStatus.Frozen), "the same reason");
    }

    function test_Given_TheIssuerOfAnAssetIsBarred() external {
        vm.prank(supervisor);
        registry.freezeParty(issuer);
        registry.checkLegs(one(leg(clients[0], clients[1], address(bond), 1)));
    }

    function test_When_EverythingIsWrong() external {
        bytes[] memory reasons = registry.legReasons(one(Leg(stranger, party, stranger, party, 1)));
        assertEq(reasons.length, 4, "every reason");
        assertEq(reasons[0], notActive(stranger, PartyStatus.Unknown));
        assertEq(reasons[1], notActive(party, PartyStatus.Unknown));
        bytes4 selector = IRegistry.Registry_InstrumentNotAdmitted.selector;
        assertEq(reasons[2], abi.encodeWithSelector(selector, stranger));
        assertEq(reasons[3], abi.encodeWithSelector(selector, party));
    }

    /// @dev Whatever state parties and instruments are in, a batch's classes, the check and the dry run say the same.
    function testFuzz_When_ClassifyCheckAndReasonsAreCompared(uint256 seed, uint8[4] memory picks) external {
        address[8] memory names = [
            clients[0],
            clients[1],
            banks[0],
            banks[1],
            address(deposits[0]),
            address(deposits[1]),
            address(bond),
            address(bills)
        ];
        for (uint256 i = 0; i < 6; ++i) {
            address bent = i < 4 ? names[i] : i == 4 ? issuer : carrier;
            uint256 fate = (seed >> (8 * i)) % 5;
            if (fate == 1 || fate == 3) act(operator, abi.encodeCall(IRegistry.suspendParty, (bent)));
            if (fate == 2 || fate == 3) act(supervisor, abi.encodeCall(IRegistry.freezeParty, (bent)));
        }
        for (uint256 i = 4; i < 8; ++i) {
            bool withdrawn = (seed >> (100 + 8 * i)) % 4 == 0;
            if (withdrawn) act(operator, abi.encodeCall(IRegistry.withdrawInstrument, (names[i])));
        }
        Leg memory tried =
            Leg(names[picks[0] % 6], names[picks[1] % 6], names[2 + picks[2] % 6], names[2 + picks[3] % 6], 1);
        address[] memory accounts = new address[](4);
        (accounts[0], accounts[1]) = (tried.giver, tried.receiver);
        (accounts[2], accounts[3]) = (tried.instrument, tried.receiverInstrument);
        uint256[] memory classes = registry.classify(accounts);
        bool fit = classes[0] & classes[1] & 1 != 0 && classes[2] & classes[3] & 2 != 0;

        try registry.checkLegs(one(tried)) returns (uint256 duties) {
            assertTrue(fit, "checkLegs passes, so classify has to");
            assertEq(duties, (classes[2] >> 2) & 1, "the same duty");
        } catch (bytes memory reason) {
            assertFalse(fit, "checkLegs refuses, so classify has to");
            assertEq(registry.legReasons(one(tried))[0], reason, "the first reason is the one it reverts with");
        }
        assertEq(registry.legReasons(one(tried)).length == 0, fit, "no reason where it is fit");
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function one(Leg memory only_) private pure returns (Leg[] memory legs) {
        legs = new Leg[](1);
        legs[0] = only_;
    }

    function act(address caller, bytes memory data) private {
        vm.prank(caller);
        (bool ok,) = address(registry).call(data);
        require(ok, "act failed");
    }

    function change(uint8 which) private {
        if (which == 0) registry.suspendParty(party);
        else if (which == 1) registry.reinstateParty(party);
        else if (which == 2) registry.freezeParty(party);
        else registry.unfreezeParty(party);
    }

    function bring(PartyStatus status) private {
        if (status == PartyStatus.Unknown) return;
        act(operator, abi.encodeCall(IRegistry.admitParty, (party, Roles.BANK)));
        if (status == PartyStatus.Suspended) act(operator, abi.encodeCall(IRegistry.suspendParty, (party)));
        if (status == PartyStatus.Frozen) act(supervisor, abi.encodeCall(IRegistry.freezeParty, (party)));
    }

    function stands(PartyStatus status) private view {
        assertEq(uint8(registry.statusOf(party)), uint8(status), "status");
    }

    function known(InstrumentKind kind, address issuer_) private view {
        (InstrumentKind actual, address actualIssuer) = registry.instrument(address(bond));
        assertEq(uint8(actual), uint8(kind), "kind");
        assertEq(actualIssuer, issuer_, "issuer");
    }

    function notActive(address who, PartyStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, who, status);
    }

    function inactive(PartyStatus status) private {
        vm.expectRevert(notActive(party, status));
        registry.requireActive(party);
        vm.expectRevert(notActive(party, status));
        registry.requireRole(party, Roles.BANK);
    }
}
