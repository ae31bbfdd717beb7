// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {Bill, BillAction, BillKind, BillStatus} from "../../../contracts/types/Bill.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Carriage} from "../support/Carriage.sol";

/// @dev How a bill begins and ends. The tree is in BillOfLading.tree; endorsements and movements are in BillTitle.t.sol,
/// amendments in BillAmendment.t.sol, holds of titles in Holds.t.sol.
contract BillOfLadingTest is Carriage {
    // ---- issue -------------------------------------------------------------------------------------------------------

    function test_When_ABillIsIssued() external {
        string memory longest = "12345678901234567890";
        uint256 expected = uint256(sha256(bytes(longest)));
        vm.prank(carrier);
        vm.expectEmit(address(bills));
        emit IBillOfLading.BillIssued(expected, bob, "other", longest, 1, BillKind.ToOrder, carol, 0);
        expectEntry(expected, BillAction.Issue, carrier, bob, 0);
        uint256 made = bills.issue(bob, longest, "other", BillKind.ToOrder, carol);
        assertEq(made, expected, "the title is the reference's hash");
        Bill memory bill = bills.bill(expected);
        assertEq(bill.documentHash, "other");
        assertEq(bill.documentReference, longest);
        assertEq(bill.subReference, 1);
        assertEq(bill.shipper, bob);
        assertEq(bill.endorsee, carol);
        assertEq(bill.surrenderedBy, address(0));
        assertEq(bill.replaces + bill.replacedBy, 0);
        assertTrue(bill.endorsable);
        stands(expected, BillStatus.Issued);
        assertEq(liveBillOf("other"), expected);
        have(expected, bob, carol);
        assertEq(bills.issuer(), carrier);
    }

    function test_When_AStraightOrABlankBillIsIssued() external {
        have(issueStraight(), alice, bob);
        have(issueBlank(), alice, alice);
        assertEq(bills.titleholderOf(5), address(0), "nobody has title to what is not there");
    }

    function test_RevertWhen_TheReferenceIsEmptyOrTooLong() external {
        string[2] memory references = ["", "123456789012345678901"];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(carrier);
            bytes4 selector = IBillOfLading.BillOfLading_InvalidReference.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, references[i]));
            bills.issue(alice, references[i], "other", BillKind.ToOrder, alice);
        }
    }

    function test_RevertWhen_TheReferenceIsUsed() external {
        vm.prank(carrier);
        vm.expectRevert(taken("MAEU1234567", 1, address(bills)));
        bills.issue(alice, "MAEU1234567", "other", BillKind.ToOrder, alice);
    }

    function testFuzz_When_AnyReferenceIsGiven(string memory text) external {
        uint256 length = bytes(text).length;
        vm.assume(keccak256(bytes(text)) != keccak256("MAEU1234567"));
        vm.prank(carrier);
        if (length == 0 || length > 20) {
            vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_InvalidReference.selector, text));
        }
        bills.issue(alice, text, "other", BillKind.ToOrder, alice);
    }

    function test_RevertGiven_TheDocumentHasALiveBill() external {
        bytes memory refused = hasLiveRecord(DOCUMENT, address(bills), title);
        vm.prank(carrier);
        vm.expectRevert(refused);
        bills.issue(bob, "another", DOCUMENT, BillKind.ToOrder, bob);
        surrenderAs(alice, title, 0);
        vm.prank(carrier);
        vm.expectRevert(refused); // Still alive while the carrier has not answered.
        bills.issue(bob, "another", DOCUMENT, BillKind.ToOrder, bob);
    }

    function test_RevertWhen_TheFirstHolderIsNotActive() external {
        vm.prank(carrier);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, stranger, PartyStatus.Unknown));
        bills.issue(stranger, "another", "other", BillKind.ToOrder, bob);
    }

    function test_RevertWhen_TheEndorseeIsNotActive() external {
        BillKind[2] memory kinds = [BillKind.Straight, BillKind.ToOrder];
        address[2] memory endorsees = [stranger, address(0)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(carrier);
            bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, endorsees[i / 2], PartyStatus.Unknown));
            bills.issue(alice, "another", "other", kinds[i % 2], endorsees[i / 2]);
        }
    }

    function test_RevertWhen_ABlankBillNamesAnEndorsee() external {
        vm.prank(carrier);
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_InvalidEndorsee.selector, bob));
        bills.issue(alice, "another", "other", BillKind.Blank, bob);
    }

    function test_RevertWhen_TheIssuerIsNoCarrier() external {
        bytes memory arguments = abi.encode("Bills", "BL", engine, banks[0], registry, control);
        bytes memory code = bytes.concat(vm.getCode("contracts/assets/BillOfLading.sol:BillOfLading"), arguments);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, banks[0], Roles.CARRIER));
        this.create_(code);
    }

    // ---- surrender ---------------------------------------------------------------------------------------------------

    function test_When_ASurrenderIsAccepted() external {
        vm.prank(alice);
        expectEntry(title, BillAction.SurrenderForDelivery, alice, carrier, 0);
        bills.surrenderForDelivery(title);
        stands(title, BillStatus.PendingSurrenderForDelivery);
        assertEq(bills.bill(title).surrenderedBy, alice);
        have(title, carrier, alice); // The carrier has possession until it answers.

        vm.prank(carrier);
        expectEntry(title, BillAction.Sacc, carrier, address(0), 0);
        bills.acceptSurrender(title);
        stands(title, BillStatus.SurrenderedForDelivery);
        assertEq(liveBillOf(DOCUMENT), 0, "no live bill");
        gone();
    }

    function test_When_ASurrenderIsRejected() external {
        vm.prank(alice);
        bills.endorse(title, bob);
        move(alice, bob, title);
        bytes4[2] memory reasons = [bytes4(0), "COD"];
        for (uint256 i = 0; i < 2; ++i) {
            surrenderAs(bob, title, reasons[i]);
            vm.prank(carrier);
            expectEntry(title, BillAction.Srej, carrier, bob, 0);
            bills.rejectSurrender(title);
            stands(title, BillStatus.Issued);
            have(title, bob, bob);
            Bill memory bill = bills.bill(title);
            assertEq(bill.surrenderedBy, address(0));
            assertEq(bill.amendmentReason, bytes4(0));
            assertFalse(bill.endorsable, "nor can it endorse now");
            assertEq(liveBillOf(DOCUMENT), title);
        }
        surrenderAs(bob, title, 0);
    }

    function test_When_EachKindIsSurrendered() external {
        uint256 straight = issueStraight();
        surrenderAs(alice, straight, 0); // The shipper.
        vm.prank(carrier);
        bills.rejectSurrender(straight);
        move(alice, bob, straight);
        surrenderAs(bob, straight, 0); // The consignee.
        uint256 blank = issueBlank();
        move(alice, bob, blank);
        surrenderAs(bob, blank, 0);
    }

    function test_RevertWhen_SomebodyElseSurrenders() external {
        address[3] memory others = [bob, carrier, operator];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(notInControl(title, others[i]));
            bills.surrenderForDelivery(title);
        }
        vm.startPrank(alice);
        bills.surrenderForDelivery(title);
        vm.expectRevert(notInControl(title, alice));
        bills.surrenderForDelivery(title);
    }

    function test_RevertWhen_ThePartyInPossessionWithoutTitleSurrenders() external {
        vm.prank(alice);
        bills.endorseToOrder(title, bob);
        vm.prank(alice);
        vm.expectRevert(notTitleholder(title, alice));
        bills.surrenderForDelivery(title);
        vm.prank(bob);
        vm.expectRevert(notInControl(title, bob)); // Title without possession does not do either.
        bills.surrenderForDelivery(title);
    }

    function test_RevertWhen_TheAgentOfAStraightBillSurrenders() external {
        uint256 straight = issueStraight();
        entrust(alice, carol, straight, 0);
        move(alice, carol, straight);
        vm.prank(carol);
        vm.expectRevert(notTitleholder(straight, carol));
        bills.surrenderForDelivery(straight);
    }

    function test_RevertGiven_TheHolderIsFrozenWhenSurrendering() external {
        freeze(alice);
        vm.prank(alice);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, PartyStatus.Frozen));
        bills.surrenderForDelivery(title);
    }

    function test_RevertGiven_ItIsOnHoldWhenSurrenderedOrVoided() external {
        uint256 own = issue(carrier, "OWN", "own", BillKind.ToOrder, carrier);
        placeHold(alice, title);
        vm.startPrank(alice);
        vm.expectRevert(onHold(title));
        bills.surrenderForDelivery(title);
        vm.expectRevert(onHold(title));
        bills.surrenderForAmendment(title, "COD");
        vm.stopPrank();
        resolveHold();
        surrenderAs(alice, title, 0);
        placeHold(carrier, own);
        vm.prank(carrier);
        vm.expectRevert(onHold(own));
        bills.voidBill(own);
    }

    function test_RevertGiven_ASurrenderIsPending() external {
        bytes4[2] memory reasons = [bytes4(0), "COD"];
        BillStatus[2] memory statuses =
            [BillStatus.PendingSurrenderForDelivery, BillStatus.PendingSurrenderForAmendment];
        for (uint256 i = 0; i < 2; ++i) {
            surrenderAs(alice, title, reasons[i]);
            bytes memory refused = unexpected(title, statuses[i]);
            vm.startPrank(carrier);
            vm.expectRevert(refused);
            bills.voidBill(title);
            vm.expectRevert(refused);
            bills.surrenderForDelivery(title);
            vm.expectRevert(refused);
            bills.endorse(title, bob);
            vm.stopPrank();
            vm.prank(alice);
            vm.expectRevert(refused);
            bills.entrust(title, bob, 0);
            vm.prank(address(engine));
            vm.expectRevert(refused);
            bills.placeHold(HOLD, carrier, title);
            refuseMove(carrier, bob, title, refused);
            vm.prank(carrier);
            bills.rejectSurrender(title);
        }
    }

    function test_RevertGiven_NoSurrenderIsPending() external {
        vm.startPrank(carrier);
        bytes memory refused = unexpected(title, BillStatus.Issued);
        vm.expectRevert(refused);
        bills.acceptSurrender(title);
        vm.expectRevert(refused);
        bills.rejectSurrender(title);
        vm.expectRevert(refused);
        bills.acceptSwitchToPaper(title, "statement");
    }

    function test_RevertGiven_TheBillHasEndedOrNeverWas() external {
        surrenderAs(alice, title, 0);
        accept(title);
        bytes memory refused = unexpected(title, BillStatus.SurrenderedForDelivery);
        vm.startPrank(carrier);
        vm.expectRevert(refused);
        bills.acceptSurrender(title);
        vm.expectRevert(refused);
        bills.rejectSurrender(title);
        vm.expectRevert(refused);
        bills.voidBill(title);
        vm.expectRevert(refused);
        bills.reissue(title, alice, "another", "other", BillKind.ToOrder, alice);
        vm.expectRevert(unexpected(5, BillStatus.None));
        bills.voidBill(5);
        vm.stopPrank();
        vm.startPrank(alice);
        vm.expectRevert(notInControl(title, alice));
        bills.surrenderForDelivery(title);
        vm.expectRevert(notInControl(title, alice));
        bills.endorse(title, bob);
        vm.expectRevert(refused);
        bills.sign(title, "statement");
        vm.expectRevert(refused);
        bills.entrust(title, bob, 0);
        vm.stopPrank();
        assertEq(bills.titleholderOf(title), address(0), "nobody has title");
    }

    // ---- void --------------------------------------------------------------------------------------------------------

    function test_RevertWhen_ABillInOtherHandsIsVoided() external {
        vm.prank(carrier);
        vm.expectRevert(notInControl(title, carrier));
        bills.voidBill(title);
    }

    function test_RevertWhen_ABillThatAnotherHasTitleToIsVoided() external {
        move(alice, carrier, title);
        vm.startPrank(carrier);
        bills.endorseToOrder(title, bob);
        vm.expectRevert(notTitleholder(title, carrier));
        bills.voidBill(title);
    }

    function test_When_ABillIsVoidedAndItsDocumentIssuedAgain() external {
        move(alice, carrier, title);
        vm.startPrank(carrier);
        expectEntry(title, BillAction.Void, carrier, address(0), 0);
        bills.voidBill(title);
        stands(title, BillStatus.Voided);
        gone();
        vm.expectRevert(taken("MAEU1234567", 1, address(bills)));
        bills.issue(bob, "MAEU1234567", DOCUMENT, BillKind.ToOrder, bob);
        uint256 second = bills.issue(bob, "MAEU1234567A", DOCUMENT, BillKind.ToOrder, bob);
        assertEq(liveBillOf(DOCUMENT), second, "the document has one live bill again");
        have(second, bob, bob);
    }

    // ---- the carrier -------------------------------------------------------------------------------------------------

    function test_RevertGiven_TheCarrierIsFrozen() external {
        uint256 own = issue(carrier, "OWN", "own", BillKind.ToOrder, carrier);
        uint256 paper = issue(alice, "PAPER", "paper", BillKind.ToOrder, alice);
        uint256 amended = issue(alice, "AMENDED", "amended", BillKind.ToOrder, alice);
        surrenderAs(alice, title, 0);
        surrenderAs(alice, paper, "SWTP");
        surrenderAs(alice, amended, "COD");
        accept(amended);
        freeze(carrier);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        bytes memory refused = abi.encodeWithSelector(selector, carrier, PartyStatus.Frozen);
        vm.startPrank(carrier);
        vm.expectRevert(refused);
        bills.issue(alice, "another", "other", BillKind.ToOrder, alice);
        vm.expectRevert(refused);
        bills.issueFromPaper(alice, "another", "other", BillKind.ToOrder, alice, 0, "statement");
        vm.expectRevert(refused);
        bills.reissue(amended, alice, "AMENDED", "other", BillKind.ToOrder, alice);
        vm.expectRevert(refused);
        bills.acceptSurrender(title);
        vm.expectRevert(refused);
        bills.rejectSurrender(title);
        vm.expectRevert(refused);
        bills.acceptSwitchToPaper(paper, "statement");
        vm.expectRevert(refused);
        bills.voidBill(own);
    }

    // ---- movements ---------------------------------------------------------------------------------------------------

    function test_RevertWhen_MovedByErc721() external {
        bytes memory refused = abi.encodeWithSelector(ITitleInstrument.Title_SettlementOnly.selector, title);
        vm.startPrank(alice);
        vm.expectRevert(refused);
        tokens.transferFrom(alice, bob, title);
        vm.expectRevert(refused);
        tokens.safeTransferFrom(alice, bob, title);
        vm.expectRevert(refused);
        tokens.safeTransferFrom(alice, bob, title, "data");
        vm.expectRevert(refused);
        tokens.approve(bob, title);
        vm.expectRevert(abi.encodeWithSelector(ITitleInstrument.Title_SettlementOnly.selector, 0));
        tokens.setApprovalForAll(bob, true);
    }

    function test_RevertWhen_TheEngineNamesAnotherGiverOrOnePartyTwice() external {
        refuseMove(bob, alice, title, abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, title, bob));
        refuseMove(alice, alice, title, abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, alice));
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function create_(bytes memory code) external {
        assembly ("memory-safe") {
            if iszero(create(0, add(code, 32), mload(code))) {
                returndatacopy(add(code, 32), 0, returndatasize())
                revert(add(code, 32), returndatasize())
            }
        }
    }

    function gone() private {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, title));
        tokens.ownerOf(title);
    }
}
