// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {Bill, BillAction, BillKind, BillStatus} from "../../../contracts/types/Bill.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {Carriage} from "../support/Carriage.sol";

/// @dev Amendments and changes of medium. The tree is in BillAmendment.tree.
contract BillAmendmentTest is Carriage {
    string private constant REFERENCE = "MAEU1234567";
    bytes32 private constant STATEMENT = "statement";
    BillKind private constant TO_ORDER = BillKind.ToOrder;

    // ---- surrender for amendment -------------------------------------------------------------------------------------

    function test_When_SurrenderedForAmendment() external {
        bytes4[3] memory reasons = [bytes4("COD"), "SWI", "SWTP"];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(alice);
            expectEntry(title, BillAction.SurrenderForAmendment, alice, carrier, reasons[i]);
            bills.surrenderForAmendment(title, reasons[i]);
            stands(title, BillStatus.PendingSurrenderForAmendment);
            assertEq(bills.bill(title).amendmentReason, reasons[i]);
            have(title, carrier, alice);
            vm.prank(carrier);
            bills.rejectSurrender(title);
        }
    }

    function test_RevertWhen_TheReasonIsNotDcsas() external {
        bytes4[3] memory reasons = [bytes4(0), "cod", "COD "];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(alice);
            vm.expectRevert(unexpectedReason(title, reasons[i]));
            bills.surrenderForAmendment(title, reasons[i]);
        }
    }

    function test_RevertWhen_SomebodyElseSurrendersForAmendment() external {
        vm.prank(bob);
        vm.expectRevert(notInControl(title, bob));
        bills.surrenderForAmendment(title, "COD");
        vm.prank(alice);
        bills.endorse(title, bob);
        vm.prank(alice);
        vm.expectRevert(notTitleholder(title, alice));
        bills.surrenderForAmendment(title, "COD");
    }

    // ---- reissue -----------------------------------------------------------------------------------------------------

    function test_When_ReissuedUnderTheSameReference() external {
        move(alice, bob, title);
        amend(bob, title, "COD");
        stands(title, BillStatus.SurrenderedForAmendment);
        assertEq(liveBillOf(DOCUMENT), 0, "no live bill until it is reissued");
        uint256 expected = uint256(sha256("MAEU1234567/2"));
        vm.prank(carrier);
        vm.expectEmit(address(bills));
        emit IBillOfLading.BillIssued(expected, bob, "amended", REFERENCE, 2, TO_ORDER, carol, title);
        expectEntry(expected, BillAction.Issue, carrier, bob, 0);
        assertEq(bills.reissue(title, bob, REFERENCE, "amended", TO_ORDER, carol), expected, "sub-reference 2");
        have(expected, bob, carol);
        Bill memory bill = bills.bill(expected);
        assertEq(bill.subReference, 2);
        assertEq(bill.replaces, title);
        assertEq(bill.shipper, alice, "whoever shipped is still the shipper");
        assertEq(bills.bill(title).replacedBy, expected);
        stands(title, BillStatus.SurrenderedForAmendment);

        vm.prank(bob);
        vm.expectRevert(notTitleholder(expected, bob)); // The new bill has a chain of its own.
        bills.surrenderForDelivery(expected);
        move(bob, carol, expected);
        amend(carol, expected, "SWI");
        uint256 third = reissue(expected, carol, REFERENCE);
        assertEq(third, uint256(sha256("MAEU1234567/3")), "sub-reference 3");
    }

    function test_When_ReissuedUnderAnotherReference() external {
        amend(alice, title, "SWI");
        uint256 made = reissue(title, alice, "HLCU1");
        assertEq(made, uint256(sha256("HLCU1")));
        assertEq(bills.bill(made).subReference, 1);
        assertEq(bills.bill(made).replaces, title);
        vm.prank(carrier);
        vm.expectRevert(taken(REFERENCE, 1, address(bills)));
        bills.issue(alice, REFERENCE, "third", TO_ORDER, alice); // The old reference is used.
    }

    function test_RevertGiven_AnotherBillHasTheNameOfTheNext() external {
        issue(bob, "MAEU1234567/2", "other", TO_ORDER, bob);
        amend(alice, title, "COD");
        vm.prank(carrier);
        vm.expectRevert(taken(REFERENCE, 2, address(bills)));
        bills.reissue(title, alice, REFERENCE, "amended", TO_ORDER, alice);
        reissue(title, alice, "another"); // The carrier finds another one.
    }

    function test_RevertWhen_ReissuedTwice() external {
        amend(alice, title, "COD");
        uint256 made = reissue(title, alice, REFERENCE);
        vm.prank(carrier);
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_Replaced.selector, title, made));
        bills.reissue(title, alice, "another", "other", TO_ORDER, alice);
        vm.prank(carrier);
        vm.expectRevert(taken(REFERENCE, 2, address(bills)));
        bills.reissue(title, alice, REFERENCE, "other", TO_ORDER, alice);
    }

    function test_RevertWhen_ReissuedToSomebodyElse() external {
        amend(alice, title, "COD");
        vm.prank(carrier);
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_NotSurrenderedBy.selector, title, bob));
        bills.reissue(title, bob, REFERENCE, "amended", TO_ORDER, bob);
    }

    function test_RevertGiven_TheOldBillIsNotSurrenderedForAmendment() external {
        vm.prank(carrier);
        vm.expectRevert(unexpected(title, BillStatus.Issued));
        bills.reissue(title, alice, REFERENCE, "amended", TO_ORDER, alice);
        surrenderAs(alice, title, "COD");
        vm.prank(carrier);
        vm.expectRevert(unexpected(title, BillStatus.PendingSurrenderForAmendment));
        bills.reissue(title, alice, REFERENCE, "amended", TO_ORDER, alice);
        vm.prank(carrier);
        vm.expectRevert(unexpected(0, BillStatus.None));
        bills.reissue(0, alice, REFERENCE, "amended", TO_ORDER, alice);
    }

    function test_RevertGiven_WhoSurrenderedIsFrozenWhenReissued() external {
        amend(alice, title, "COD");
        freeze(alice);
        vm.prank(carrier);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, PartyStatus.Frozen));
        bills.reissue(title, alice, REFERENCE, "amended", TO_ORDER, bob);
    }

    // ---- paper -------------------------------------------------------------------------------------------------------

    function test_When_SwitchedToPaper() external {
        surrenderAs(alice, title, "SWTP");
        vm.prank(carrier);
        expectEntry(title, BillAction.Sacc, carrier, address(0), STATEMENT);
        bills.acceptSwitchToPaper(title, STATEMENT);
        stands(title, BillStatus.SurrenderedForAmendment);
        assertEq(bills.titleholderOf(title), address(0), "it has ceased to have effect");
        assertEq(liveBillOf(DOCUMENT), 0);
    }

    function test_RevertWhen_ASwitchToPaperIsAcceptedAsSomethingElse() external {
        surrenderAs(alice, title, "SWTP");
        vm.prank(carrier);
        vm.expectRevert(unexpectedReason(title, "SWTP"));
        bills.acceptSurrender(title);
    }

    function test_RevertWhen_SomethingElseIsAcceptedAsASwitchToPaper() external {
        bytes4[2] memory reasons = [bytes4(0), "COD"];
        for (uint256 i = 0; i < 2; ++i) {
            surrenderAs(alice, title, reasons[i]);
            vm.startPrank(carrier);
            vm.expectRevert(unexpectedReason(title, reasons[i]));
            bills.acceptSwitchToPaper(title, STATEMENT);
            bills.rejectSurrender(title);
            vm.stopPrank();
        }
    }

    function test_RevertWhen_TheStatementIsMissing() external {
        surrenderAs(alice, title, "SWTP");
        bytes memory refused = abi.encodeWithSelector(IBillOfLading.BillOfLading_StatementMissing.selector);
        vm.startPrank(carrier);
        vm.expectRevert(refused);
        bills.acceptSwitchToPaper(title, 0);
        bills.acceptSwitchToPaper(title, STATEMENT);
        vm.expectRevert(refused);
        bills.issueFromPaper(alice, REFERENCE, DOCUMENT, TO_ORDER, alice, title, 0);
    }

    function test_RevertGiven_ItIsOnPaper() external {
        toPaper();
        vm.prank(carrier);
        vm.expectRevert(unexpectedReason(title, "SWTP"));
        bills.reissue(title, alice, REFERENCE, DOCUMENT, TO_ORDER, alice);
    }

    function test_When_ItComesBackFromPaper() external {
        toPaper();
        uint256 expected = uint256(sha256("MAEU1234567/2"));
        vm.prank(carrier);
        expectEntry(expected, BillAction.Issue, carrier, bob, "back");
        uint256 made = bills.issueFromPaper(bob, REFERENCE, DOCUMENT, TO_ORDER, bob, title, "back");
        assertEq(made, expected);
        have(made, bob, bob); // Whoever had the paper.
        assertEq(bills.bill(made).replaces, title);
        assertEq(bills.bill(title).replacedBy, made);
        vm.prank(carrier);
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_Replaced.selector, title, made));
        bills.issueFromPaper(bob, "another", "other", TO_ORDER, bob, title, "again");
    }

    function test_When_PaperThatNeverWasElectronicIsReplaced() external {
        vm.prank(carrier);
        uint256 made = bills.issueFromPaper(bob, "PAPER", "paper", BillKind.Blank, address(0), 0, STATEMENT);
        have(made, bob, bob);
        assertEq(bills.bill(made).replaces, 0);
        vm.prank(carrier);
        vm.expectRevert(taken("PAPER", 1, address(bills)));
        bills.issueFromPaper(bob, "PAPER", "other", BillKind.Blank, address(0), 0, STATEMENT);
    }

    function test_RevertGiven_TheOldBillIsNotOnPaper() external {
        vm.prank(carrier);
        vm.expectRevert(unexpected(title, BillStatus.Issued));
        bills.issueFromPaper(alice, REFERENCE, "other", TO_ORDER, alice, title, STATEMENT);
        amend(alice, title, "COD");
        vm.prank(carrier);
        vm.expectRevert(unexpectedReason(title, "COD"));
        bills.issueFromPaper(alice, REFERENCE, "other", TO_ORDER, alice, title, STATEMENT);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function amend(address holder, uint256 id, bytes4 reason) private {
        surrenderAs(holder, id, reason);
        accept(id);
    }

    function reissue(uint256 id, address holder, string memory documentReference) private returns (uint256) {
        vm.prank(carrier);
        return bills.reissue(id, holder, documentReference, keccak256(abi.encode(id)), TO_ORDER, holder);
    }

    function toPaper() private {
        surrenderAs(alice, title, "SWTP");
        vm.prank(carrier);
        bills.acceptSwitchToPaper(title, STATEMENT);
    }
}
