// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {Bill, BillAction, BillKind} from "../../../contracts/types/Bill.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {Carriage} from "../support/Carriage.sol";

/// @dev Who has title beside who has possession. The tree is in BillTitle.tree.
contract BillTitleTest is Carriage {
    uint64 private later;

    function setUp() public override {
        super.setUp();
        later = uint64(block.timestamp + 30 days);
    }

    // ---- endorsements ------------------------------------------------------------------------------------------------

    function test_When_EndorsedToOrder() external {
        vm.prank(alice);
        expectEntry(title, BillAction.EndorseToOrder, alice, bob, 0);
        bills.endorseToOrder(title, bob);
        have(title, alice, bob); // No possession moves.
        move(alice, bob, title);
        vm.prank(bob);
        bills.endorseToOrder(title, carol);
        have(title, bob, carol);
    }

    function test_When_Endorsed() external {
        vm.prank(alice);
        expectEntry(title, BillAction.Endorse, alice, bob, 0);
        bills.endorse(title, bob);
        have(title, alice, bob);
        move(alice, bob, title);
        surrenderAs(bob, title, 0);
    }

    function test_RevertGiven_TheEndorseeCannotEndorse() external {
        vm.prank(alice);
        bills.endorse(title, bob);
        move(alice, bob, title);
        vm.startPrank(bob);
        vm.expectRevert(titleCannotPass(title, bob));
        bills.endorse(title, carol);
        vm.expectRevert(titleCannotPass(title, bob));
        bills.endorseToOrder(title, carol);
        vm.expectRevert(titleCannotPass(title, bob));
        bills.blankEndorse(title);
        vm.stopPrank();
        refuseMove(bob, carol, title, titleCannotPass(title, bob));
    }

    function test_When_EndorsedInBlankAndFilledInAgain() external {
        vm.prank(alice);
        expectEntry(title, BillAction.BlankEndorse, alice, address(0), 0);
        bills.blankEndorse(title);
        have(title, alice, alice);
        assertEq(bills.bill(title).endorsee, address(0), "nobody is named");
        move(alice, bob, title);
        have(title, bob, bob); // Possession is title.
        assertEq(uint8(bills.bill(title).kind), uint8(BillKind.Blank), "and stays so");
        vm.prank(bob);
        bills.endorseToOrder(title, carol);
        have(title, bob, carol);
        assertEq(uint8(bills.bill(title).kind), uint8(BillKind.ToOrder), "it is to Carol's order");
    }

    function test_RevertWhen_SomebodyWithoutPossessionEndorses() external {
        vm.prank(alice);
        bills.endorseToOrder(title, bob);
        vm.startPrank(bob);
        vm.expectRevert(notInControl(title, bob));
        bills.endorseToOrder(title, carol);
        vm.expectRevert(notInControl(title, bob));
        bills.blankEndorse(title);
    }

    function test_RevertWhen_SomebodyWithoutTitleEndorses() external {
        vm.startPrank(alice);
        bills.endorseToOrder(title, bob);
        vm.expectRevert(notTitleholder(title, alice));
        bills.endorse(title, carol);
        vm.expectRevert(notTitleholder(title, alice));
        bills.blankEndorse(title);
    }

    function test_RevertWhen_AStraightBillIsEndorsed() external {
        uint256 straight = issueStraight();
        move(alice, bob, straight);
        vm.startPrank(bob);
        vm.expectRevert(titleCannotPass(straight, bob));
        bills.endorse(straight, carol);
        vm.expectRevert(titleCannotPass(straight, bob));
        bills.blankEndorse(straight);
    }

    function test_RevertWhen_TheNewEndorseeIsNotActive() external {
        vm.prank(alice);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, stranger, PartyStatus.Unknown));
        bills.endorse(title, stranger);
    }

    function test_RevertWhen_TheNewEndorseeIsTheCarrier() external {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_InvalidEndorsee.selector, carrier));
        bills.endorseToOrder(title, carrier);
    }

    function test_RevertGiven_ItIsOnHoldWhenEndorsed() external {
        placeHold(alice, title);
        vm.startPrank(alice);
        vm.expectRevert(onHold(title));
        bills.endorse(title, bob);
        vm.expectRevert(onHold(title));
        bills.endorseToOrder(title, bob);
        vm.expectRevert(onHold(title));
        bills.blankEndorse(title);
    }

    function test_RevertGiven_TheCallerIsFrozen() external {
        entrust(alice, bob, title, 0);
        freeze(alice);
        freeze(bob);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        bytes memory refused = abi.encodeWithSelector(selector, alice, PartyStatus.Frozen);
        vm.startPrank(alice);
        vm.expectRevert(refused);
        bills.endorse(title, carol);
        vm.expectRevert(refused);
        bills.sign(title, "statement");
        vm.expectRevert(refused);
        bills.entrust(title, bob, 0);
        vm.expectRevert(refused);
        bills.revokeEntrustment(title, bob);
        vm.stopPrank();
        refused = abi.encodeWithSelector(selector, bob, PartyStatus.Frozen);
        vm.startPrank(bob);
        vm.expectRevert(refused);
        bills.acceptEntrustment(title, alice, 0);
        vm.expectRevert(refused);
        bills.renounceEntrustment(title, alice);
    }

    function test_When_AStatementIsSigned() external {
        vm.prank(alice);
        bills.endorseToOrder(title, bob);
        address[2] memory signers = [alice, bob];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(signers[i]);
            expectEntry(title, BillAction.Sign, signers[i], address(0), "statement");
            bills.sign(title, "statement");
        }
        have(title, alice, bob);
    }

    function test_RevertWhen_AnybodyElseSigns() external {
        vm.prank(bob);
        vm.expectRevert(notInControl(title, bob));
        bills.sign(title, "statement");
    }

    // ---- movements with title ----------------------------------------------------------------------------------------

    function test_When_TheTitleholderGives() external {
        vm.prank(address(engine));
        expectEntry(title, BillAction.TransferWithTitle, alice, bob, 0);
        vm.expectEmit(address(bills));
        emit IERC721.Transfer(alice, bob, title);
        bills.bookTransfer(alice, bob, title);
        have(title, bob, bob);
        assertTrue(bills.bill(title).endorsable, "to Bob's order");
    }

    function test_RevertGiven_TheGiverHasNoTitle() external {
        vm.prank(alice);
        bills.endorseToOrder(title, bob);
        refuseMove(alice, carol, title, notEntrusted(title, bob, carol));
        move(alice, bob, title);
        have(title, bob, bob);
    }

    // ---- entrustments ------------------------------------------------------------------------------------------------

    function test_When_AnAgentIsEntrusted() external {
        vm.prank(alice);
        vm.expectEmit(address(bills));
        emit IBillOfLading.PossessionEntrusted(title, alice, bob, later);
        bills.entrust(title, bob, later);
        vm.prank(bob);
        vm.expectEmit(address(bills));
        emit IBillOfLading.EntrustmentAccepted(title, alice, bob);
        bills.acceptEntrustment(title, alice, later);
        assertTrue(bills.entrustment(title, alice, bob).accepted);
        vm.prank(address(engine));
        expectEntry(title, BillAction.Transfer, alice, bob, 0);
        bills.bookTransfer(alice, bob, title);
        have(title, bob, alice); // Possession alone.
        move(bob, alice, title);
        have(title, alice, alice);
    }

    /// @dev A former agent that buys the bill would else pay for it and get possession alone.
    function test_When_AnAgentHasGivenItBack() external {
        vm.prank(alice);
        bills.entrust(title, bob, 0);
        vm.prank(bob);
        bills.acceptEntrustment(title, alice, 0);
        move(alice, bob, title);
        vm.expectEmit(address(bills));
        emit IBillOfLading.EntrustmentRenounced(title, alice, bob);
        move(bob, alice, title);
        assertFalse(bills.entrustment(title, alice, bob).accepted);
        bytes4 selector = IBillOfLading.BillOfLading_EntrustmentNotAccepted.selector;
        refuseMove(alice, bob, title, abi.encodeWithSelector(selector, title, alice, bob));
        vm.prank(alice);
        bills.revokeEntrustment(title, bob);
        move(alice, bob, title);
        have(title, bob, bob);
    }

    /// @dev Otherwise a seller could entrust its buyer after the buyer has signed, and keep title and price.
    function test_RevertGiven_TheReceiverHasNotAccepted() external {
        vm.prank(alice);
        bills.entrust(title, bob, 0);
        bytes4 selector = IBillOfLading.BillOfLading_EntrustmentNotAccepted.selector;
        bytes memory refused = abi.encodeWithSelector(selector, title, alice, bob);
        refuseMove(alice, bob, title, refused);
        vm.prank(bob);
        bills.acceptEntrustment(title, alice, 0);
        vm.prank(bob);
        vm.expectEmit(address(bills));
        emit IBillOfLading.EntrustmentRenounced(title, alice, bob);
        bills.renounceEntrustment(title, alice);
        refuseMove(alice, bob, title, refused); // Nor does title pass, which Alice has not said.
    }

    function test_RevertWhen_WhatIsAcceptedIsNotWhatWasGiven() external {
        bytes4 selector = IBillOfLading.BillOfLading_UnknownEntrustment.selector;
        bytes memory refused = abi.encodeWithSelector(selector, title, alice, bob);
        vm.prank(bob);
        vm.expectRevert(refused);
        bills.acceptEntrustment(title, alice, 0);
        vm.prank(alice);
        bills.entrust(title, bob, 0);
        vm.startPrank(bob);
        vm.expectRevert(refused);
        bills.acceptEntrustment(title, alice, later);
        vm.expectRevert(refused); // Not accepted yet.
        bills.renounceEntrustment(title, alice);
        bills.acceptEntrustment(title, alice, 0);
        vm.stopPrank();
        vm.prank(alice);
        bills.entrust(title, bob, later); // Other terms have to be accepted again.
        assertFalse(bills.entrustment(title, alice, bob).accepted);
    }

    function test_When_AnEntrustmentIsRevoked() external {
        entrust(alice, bob, title, 0);
        vm.prank(alice);
        vm.expectEmit(address(bills));
        emit IBillOfLading.EntrustmentRevoked(title, alice, bob);
        bills.revokeEntrustment(title, bob);
        move(alice, bob, title);
        have(title, bob, bob);
    }

    function test_RevertWhen_AnEntrustmentIsChangedWhileInUse() external {
        entrust(alice, bob, title, later);
        move(alice, bob, title);
        bytes memory refused = abi.encodeWithSelector(IBillOfLading.BillOfLading_EntrustmentInUse.selector, title, bob);
        vm.startPrank(alice);
        vm.expectRevert(refused);
        bills.revokeEntrustment(title, bob);
        vm.expectRevert(refused);
        bills.entrust(title, bob, later + 1);
    }

    function test_RevertWhen_NobodyOneselfOrTheCarrierIsEntrusted() external {
        address[3] memory receivers = [address(0), alice, carrier];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(alice);
            bytes4 selector = IBillOfLading.BillOfLading_InvalidEntrustment.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, title, receivers[i]));
            bills.entrust(title, receivers[i], 0);
        }
    }

    function test_RevertGiven_ItIsOnHoldWhenEntrustmentsChange() external {
        entrust(alice, bob, title, 0);
        vm.prank(alice);
        bills.entrust(title, dan, 0);
        placeHold(alice, title);
        vm.startPrank(alice);
        vm.expectRevert(onHold(title));
        bills.entrust(title, carol, 0);
        vm.expectRevert(onHold(title));
        bills.revokeEntrustment(title, bob);
        vm.stopPrank();
        vm.prank(dan); // Else possession would pass to him where title was to.
        vm.expectRevert(onHold(title));
        bills.acceptEntrustment(title, alice, 0);
        vm.prank(bob);
        vm.expectRevert(onHold(title));
        bills.renounceEntrustment(title, alice);
    }

    function test_RevertGiven_ABlankBillIsEntrusted() external {
        uint256 blank = issueBlank();
        bytes4 selector = IBillOfLading.BillOfLading_InvalidEntrustment.selector;
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(selector, blank, bob));
        bills.entrust(blank, bob, 0);
        entrust(alice, bob, title, 0); // Before it is endorsed in blank.
        vm.prank(alice);
        bills.blankEndorse(title);
        refuseMove(alice, bob, title, abi.encodeWithSelector(selector, title, bob));
    }

    function test_When_WhoeverWillHaveItEntrustsBefore() external {
        entrust(bob, dan, title, later); // The importer's bank, before the importer has the bill.
        move(alice, bob, title);
        move(bob, dan, title);
        have(title, dan, bob);
    }

    function test_When_AnAgentGivesToAnother() external {
        entrust(alice, bob, title, 0);
        entrust(alice, carol, title, 0);
        move(alice, bob, title);
        move(bob, carol, title);
        have(title, carol, alice);
        vm.prank(carol);
        vm.expectRevert(notTitleholder(title, carol));
        bills.endorse(title, carol);
        refuseMove(carol, dan, title, notEntrusted(title, alice, dan));
    }

    function test_When_AnEndorseeThatCannotEndorsePledges() external {
        vm.prank(alice);
        bills.endorse(title, bob);
        move(alice, bob, title);
        entrust(bob, dan, title, later);
        move(bob, dan, title);
        have(title, dan, bob);
        vm.warp(later);
        refuseMove(dan, carol, title, titleCannotPass(title, bob)); // Nobody passes more than Bob has.
        move(dan, bob, title);
    }

    // ---- pledges -----------------------------------------------------------------------------------------------------

    function test_When_APledgeIsRealised() external {
        entrust(alice, dan, title, later);
        move(alice, dan, title);
        vm.warp(later - 1);
        refuseMove(dan, carol, title, notEntrusted(title, alice, carol));
        vm.warp(later);
        vm.prank(alice);
        bills.entrust(title, carol, 0); // What Carol has not accepted does not stop it.
        vm.prank(address(engine));
        expectEntry(title, BillAction.TransferWithTitle, dan, carol, 0);
        bills.bookTransfer(dan, carol, title);
        have(title, carol, carol);
    }

    function test_When_ARealisablePledgeIsReturned() external {
        entrust(alice, dan, title, later);
        move(alice, dan, title);
        vm.warp(later);
        move(dan, alice, title);
        have(title, alice, alice);
    }

    function test_RevertGiven_ThePledgorIsFrozenWhenRealised() external {
        entrust(alice, dan, title, later);
        move(alice, dan, title);
        vm.warp(later);
        freeze(alice);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        refuseMove(dan, carol, title, abi.encodeWithSelector(selector, alice, PartyStatus.Frozen));
        vm.prank(supervisor);
        registry.unfreezeParty(alice);
        vm.prank(operator);
        registry.suspendParty(alice);
        move(dan, carol, title); // A suspended one has defaulted, perhaps.
    }

    function test_RevertGiven_ThePledgeeHasRenounced() external {
        entrust(alice, dan, title, later);
        move(alice, dan, title);
        vm.warp(later);
        vm.prank(dan);
        bills.renounceEntrustment(title, alice);
        refuseMove(dan, carol, title, notEntrusted(title, alice, carol));
        move(dan, alice, title);
    }

    // ---- straight bills ----------------------------------------------------------------------------------------------

    function test_When_AStraightBillMoves() external {
        uint256 straight = issueStraight();
        entrust(alice, carol, straight, later);
        entrust(bob, dan, straight, later);
        address[6] memory path = [carol, bob, dan, alice, dan, carol];
        address holder = alice;
        for (uint256 i = 0; i < 6; ++i) {
            move(holder, path[i], straight);
            have(straight, path[i], bob);
            holder = path[i];
        }
        Bill memory bill = bills.bill(straight);
        assertFalse(bill.endorsable);
        assertEq(bill.shipper, alice);
    }

    function test_RevertWhen_AStraightBillGoesToAnybodyElse() external {
        uint256 straight = issueStraight();
        refuseMove(alice, carol, straight, titleCannotPass(straight, bob));
        move(alice, bob, straight);
        refuseMove(bob, carol, straight, titleCannotPass(straight, bob));
        entrust(bob, dan, straight, later);
        move(bob, dan, straight);
        vm.warp(later);
        refuseMove(dan, carol, straight, titleCannotPass(straight, bob)); // Nor is it realised.
    }
}
