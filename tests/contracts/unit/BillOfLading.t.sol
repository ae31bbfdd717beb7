// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {HoldId, Instruction} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev A bill's life from issue to delivery. The tree is in BillOfLading.tree.
contract BillOfLadingTest is Base {
    bytes32 private constant DOCUMENT = keccak256("document");

    // ---- issue -------------------------------------------------------------------------------------------------------

    function test_RevertWhen_TheCallerIsNotTheCarrier() external {
        uint256 title = _issue();
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_NotIssuer.selector, alice);
        vm.startPrank(alice);
        vm.expectRevert(reason);
        bills.issue(alice, "HKG-2", keccak256("other"));
        vm.expectRevert(reason);
        bills.acceptSurrender(title);
        vm.expectRevert(reason);
        bills.rejectSurrender(title);
        vm.expectRevert(reason);
        bills.voidBill(title);
        vm.stopPrank();
    }

    function test_RevertWhen_TheReferenceIsNone() external {
        string[2] memory wrong = ["", "123456789012345678901"];
        for (uint256 i = 0; i < 2; ++i) {
            _refuseIssue(
                wrong[i],
                keccak256("x"),
                abi.encodeWithSelector(IBillOfLading.BillOfLading_InvalidReference.selector, wrong[i])
            );
        }
        vm.prank(carrier);
        bills.issue(alice, "12345678901234567890", DOCUMENT); // Twenty are the most.
    }

    /// @dev A reference is used up for ever, also after its bill has ended.
    function test_RevertGiven_TheReferenceWasUsed() external {
        bytes memory reason = abi.encodeWithSelector(IBillOfLading.BillOfLading_InvalidReference.selector, "HKG-1");
        uint256 title = _issue();
        _refuseIssue("HKG-1", keccak256("other"), reason);
        _surrender(title);
        vm.prank(carrier);
        bills.acceptSurrender(title);
        _refuseIssue("HKG-1", keccak256("other"), reason);
    }

    function test_RevertGiven_TheDocumentHasALiveBill() external {
        uint256 title = _issue();
        bytes4 selector = IBillOfLading.BillOfLading_DocumentHasLiveBill.selector;
        _refuseIssue("HKG-2", DOCUMENT, abi.encodeWithSelector(selector, DOCUMENT, title));
        _surrender(title);
        _refuseIssue("HKG-2", DOCUMENT, abi.encodeWithSelector(selector, DOCUMENT, title));
        vm.prank(carrier);
        bills.acceptSurrender(title);
        vm.prank(carrier);
        bills.issue(alice, "HKG-2", DOCUMENT); // The first one has ended.
    }

    function test_RevertGiven_TheHolderIsBarred() external {
        freeze(alice);
        _refuseIssue("HKG-1", DOCUMENT, notActive(alice, PartyStatus.Frozen));
    }

    function test_When_Issued() external {
        uint256 title = uint256(sha256("HKG-1"));
        vm.expectEmit(address(bills));
        emit IBillOfLading.BillIssued(title, alice, DOCUMENT, "HKG-1");
        assertEq(_issue(), title, "named by its reference");
        assertEq(bills.liveBillOf(DOCUMENT), title, "the document's live bill");
        _assertBill(title, IBillOfLading.BillStatus.Issued, alice);
    }

    function test_RevertWhen_TheCarrierIsNone() external {
        bytes memory reason = abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.CARRIER);
        vm.expectRevert(reason);
        this.deployBills(alice);
    }

    // ---- surrender ---------------------------------------------------------------------------------------------------

    function test_RevertWhen_AnotherThanThePartyInControlSurrenders() external {
        uint256 title = _issue();
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_NotInControl.selector, title, bob));
        vm.prank(bob);
        bills.surrenderForDelivery(title);
    }

    function test_RevertGiven_FrozenWhenSurrendered() external {
        uint256 title = _issue();
        freeze(alice);
        vm.expectRevert(notActive(alice, PartyStatus.Frozen));
        vm.prank(alice);
        bills.surrenderForDelivery(title);
    }

    function test_RevertGiven_OnHoldWhenSurrendered() external {
        uint256 title = _issue();
        Instruction memory instruction = instruct(leg(alice, bob, address(bills), title));
        engine.lock(instruction, consentsOf(instruction));
        bytes32 holdId = HoldId.unwrap(engine.holdIdOf(engine.idOf(instruction), 0));
        vm.expectRevert(abi.encodeWithSelector(ITitleInstrument.Title_OnHold.selector, title, holdId));
        vm.prank(alice);
        bills.surrenderForDelivery(title);
    }

    function test_When_SurrenderedAndAccepted() external {
        uint256 title = _issue();
        vm.expectEmit(address(bills));
        emit IBillOfLading.SurrenderForDeliveryRequested(title, alice);
        _surrender(title);
        _assertBill(title, IBillOfLading.BillStatus.PendingSurrenderForDelivery, carrier);
        bytes memory pending = _unexpected(title, IBillOfLading.BillStatus.PendingSurrenderForDelivery);
        refuse(instruct(leg(carrier, bob, address(bills), title)), pending);
        vm.expectEmit(address(bills));
        emit IBillOfLading.SurrenderAccepted(title);
        vm.prank(carrier);
        bills.acceptSurrender(title);
        assertEq(uint8(bills.bill(title).status), uint8(IBillOfLading.BillStatus.SurrenderedForDelivery), "done");
        assertEq(bills.liveBillOf(DOCUMENT), 0, "no live bill");
        refuse(
            instruct(leg(alice, bob, address(bills), title)),
            abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, title, alice)
        );
    }

    function test_When_SurrenderedAndRejected() external {
        uint256 title = _issue();
        _surrender(title);
        vm.expectEmit(address(bills));
        emit IBillOfLading.SurrenderRejected(title, alice);
        vm.prank(carrier);
        bills.rejectSurrender(title);
        _assertBill(title, IBillOfLading.BillStatus.Issued, alice);
        settle(instruct(leg(alice, bob, address(bills), title))); // It moves again.
    }

    function test_RevertGiven_NotSurrendered() external {
        uint256 title = _issue();
        bytes memory reason = _unexpected(title, IBillOfLading.BillStatus.Issued);
        vm.startPrank(carrier);
        vm.expectRevert(reason);
        bills.acceptSurrender(title);
        vm.expectRevert(reason);
        bills.rejectSurrender(title);
        vm.stopPrank();
    }

    // ---- void --------------------------------------------------------------------------------------------------------

    function test_RevertWhen_VoidedWithoutControl() external {
        uint256 title = _issue();
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_NotInControl.selector, title, carrier));
        vm.prank(carrier);
        bills.voidBill(title);
    }

    function test_When_Voided() external {
        vm.startPrank(carrier);
        uint256 title = bills.issue(carrier, "HKG-1", DOCUMENT);
        vm.expectEmit(address(bills));
        emit IBillOfLading.BillVoided(title);
        bills.voidBill(title);
        bytes memory voided = _unexpected(title, IBillOfLading.BillStatus.Voided);
        vm.expectRevert(voided);
        bills.voidBill(title);
        vm.stopPrank();
        assertEq(bills.liveBillOf(DOCUMENT), 0, "no live bill");
    }

    // ---- by settlement only ------------------------------------------------------------------------------------------

    function test_RevertWhen_MovedAsAnErc721() external {
        uint256 title = _issue();
        IERC721 token = IERC721(address(bills));
        bytes memory reason = abi.encodeWithSelector(ITitleInstrument.Title_SettlementOnly.selector, title);
        vm.startPrank(alice);
        vm.expectRevert(reason);
        token.transferFrom(alice, bob, title);
        vm.expectRevert(reason);
        token.safeTransferFrom(alice, bob, title);
        vm.expectRevert(reason);
        token.safeTransferFrom(alice, bob, title, "");
        vm.expectRevert(reason);
        token.approve(bob, title);
        vm.expectRevert(abi.encodeWithSelector(ITitleInstrument.Title_SettlementOnly.selector, 0));
        token.setApprovalForAll(bob, true);
        vm.stopPrank();
    }

    function test_RevertWhen_TheGiverIsNotTheOwner() external {
        uint256 title = _issue();
        refuse(
            instruct(leg(bob, alice, address(bills), title)),
            abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, title, bob)
        );
        refuse(
            instruct(leg(alice, alice, address(bills), title)),
            abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, alice)
        );
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function deployBills(address by) external returns (address) {
        return _deploy("assets/BillOfLading.sol:BillOfLading", abi.encode("B", "B", engine, by, registry));
    }

    function _issue() private returns (uint256) {
        vm.prank(carrier);
        return bills.issue(alice, "HKG-1", DOCUMENT);
    }

    function _surrender(uint256 title) private {
        vm.prank(alice);
        bills.surrenderForDelivery(title);
    }

    function _refuseIssue(string memory documentReference, bytes32 document, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(carrier);
        bills.issue(alice, documentReference, document);
    }

    function _unexpected(uint256 title, IBillOfLading.BillStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_UnexpectedStatus.selector, title, status);
    }

    function _assertBill(uint256 title, IBillOfLading.BillStatus status, address owner) private view {
        assertEq(uint8(bills.bill(title).status), uint8(status), "status");
        assertEq(bills.bill(title).documentHash, DOCUMENT, "document");
        assertEq(IERC721(address(bills)).ownerOf(title), owner, "in control");
    }
}
