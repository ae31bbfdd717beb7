// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {HoldId} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev The tree is in BillOfLading.tree; holds of titles are in Holds.t.sol.
contract BillOfLadingTest is Instructions {
    bytes32 private constant DOCUMENT = "document";

    IERC721 private tokens;
    address private alice;
    address private bob;
    uint256 private title;

    function setUp() public override {
        super.setUp();
        (alice, bob) = (clients[0], clients[1]);
        tokens = IERC721(address(bills));
        vm.prank(carrier);
        title = bills.issue(alice, "MAEU1234567", DOCUMENT);
    }

    // ---- issue -------------------------------------------------------------------------------------------------------

    function test_When_ABillIsIssued() external {
        string memory longest = "12345678901234567890";
        uint256 expected = uint256(sha256(bytes(longest)));
        vm.prank(carrier);
        vm.expectEmit(address(bills));
        emit IBillOfLading.BillIssued(expected, bob, "other", longest);
        assertEq(bills.issue(bob, longest, "other"), expected, "the title is the reference's hash");
        IBillOfLading.Bill memory bill = bills.bill(expected);
        assertEq(bill.documentHash, "other");
        assertEq(bill.documentReference, longest);
        assertEq(bill.surrenderedBy, address(0));
        stands(expected, IBillOfLading.BillStatus.Issued);
        assertEq(bills.liveBillOf("other"), expected);
        assertEq(tokens.ownerOf(expected), bob, "exactly one party in control");
        assertEq(bills.issuer(), carrier);
    }

    function test_RevertWhen_TheReferenceIsEmptyTooLongOrUsed() external {
        string[3] memory references = ["", "123456789012345678901", "MAEU1234567"];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(carrier);
            bytes4 selector = IBillOfLading.BillOfLading_InvalidReference.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, references[i]));
            bills.issue(alice, references[i], "other");
        }
    }

    function testFuzz_When_AnyReferenceIsGiven(string memory text) external {
        uint256 length = bytes(text).length;
        vm.assume(keccak256(bytes(text)) != keccak256("MAEU1234567"));
        vm.prank(carrier);
        if (length == 0 || length > 20) {
            vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_InvalidReference.selector, text));
        }
        bills.issue(alice, text, "other");
    }

    function test_RevertGiven_TheDocumentHasALiveBill() external {
        bytes memory refused =
            abi.encodeWithSelector(IBillOfLading.BillOfLading_DocumentHasLiveBill.selector, DOCUMENT, title);
        vm.prank(carrier);
        vm.expectRevert(refused);
        bills.issue(bob, "another", DOCUMENT);
        vm.prank(alice);
        bills.surrenderForDelivery(title);
        vm.prank(carrier);
        vm.expectRevert(refused); // Still alive while the carrier has not answered.
        bills.issue(bob, "another", DOCUMENT);
    }

    function test_RevertWhen_TheFirstHolderIsNotActive() external {
        vm.prank(carrier);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, stranger, PartyStatus.Unknown));
        bills.issue(stranger, "another", "other");
    }

    function test_RevertWhen_TheIssuerIsNoCarrier() external {
        bytes memory arguments = abi.encode("Bills", "BL", engine, banks[0], registry);
        bytes memory code = bytes.concat(vm.getCode("contracts/assets/BillOfLading.sol:BillOfLading"), arguments);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, banks[0], Roles.CARRIER));
        this.create_(code);
    }

    // ---- surrender ---------------------------------------------------------------------------------------------------

    function test_When_ASurrenderIsAccepted() external {
        vm.prank(alice);
        vm.expectEmit(address(bills));
        emit IBillOfLading.SurrenderForDeliveryRequested(title, alice);
        bills.surrenderForDelivery(title);
        stands(title, IBillOfLading.BillStatus.PendingSurrenderForDelivery);
        assertEq(bills.bill(title).surrenderedBy, alice);
        assertEq(tokens.ownerOf(title), carrier, "the carrier is in control until it answers");

        vm.prank(carrier);
        vm.expectEmit(address(bills));
        emit IBillOfLading.SurrenderAccepted(title);
        bills.acceptSurrender(title);
        stands(title, IBillOfLading.BillStatus.SurrenderedForDelivery);
        assertEq(bills.liveBillOf(DOCUMENT), 0, "no live bill");
        gone();
    }

    function test_When_ASurrenderIsRejected() external {
        vm.prank(alice);
        bills.surrenderForDelivery(title);
        vm.prank(carrier);
        vm.expectEmit(address(bills));
        emit IBillOfLading.SurrenderRejected(title, alice);
        bills.rejectSurrender(title);
        stands(title, IBillOfLading.BillStatus.Issued);
        assertEq(tokens.ownerOf(title), alice, "control returns");
        assertEq(bills.bill(title).surrenderedBy, address(0));
        assertEq(bills.liveBillOf(DOCUMENT), title);
        vm.prank(alice);
        bills.surrenderForDelivery(title);
    }

    function test_RevertWhen_SomebodyElseSurrenders() external {
        address[3] memory others = [bob, carrier, operator];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(notInControl(others[i]));
            bills.surrenderForDelivery(title);
        }
        vm.startPrank(alice);
        bills.surrenderForDelivery(title);
        vm.expectRevert(notInControl(alice));
        bills.surrenderForDelivery(title);
    }

    function test_RevertGiven_TheHolderIsFrozenWhenSurrendering() external {
        vm.prank(supervisor);
        registry.freezeParty(alice);
        vm.prank(alice);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, PartyStatus.Frozen));
        bills.surrenderForDelivery(title);
    }

    function test_RevertGiven_ASurrenderIsPending() external {
        vm.prank(alice);
        bills.surrenderForDelivery(title);
        bytes memory refused = unexpected(IBillOfLading.BillStatus.PendingSurrenderForDelivery);
        vm.startPrank(carrier);
        vm.expectRevert(refused);
        bills.voidBill(title);
        vm.expectRevert(refused);
        bills.surrenderForDelivery(title);
        vm.stopPrank();
        vm.startPrank(address(engine));
        vm.expectRevert(refused);
        bills.bookTransfer(carrier, bob, title);
        vm.expectRevert(refused);
        bills.placeHold(HoldId.wrap("hold"), carrier, title);
        bytes[] memory reasons = bills.moveReasons(carrier, bob, title);
        assertEq(reasons.length, 1);
        assertEq(reasons[0], refused, "the dry run says so");
    }

    function test_RevertGiven_NoSurrenderIsPending() external {
        vm.startPrank(carrier);
        vm.expectRevert(unexpected(IBillOfLading.BillStatus.Issued));
        bills.acceptSurrender(title);
        vm.expectRevert(unexpected(IBillOfLading.BillStatus.Issued));
        bills.rejectSurrender(title);
    }

    function test_RevertGiven_TheBillHasEndedOrNeverWas() external {
        vm.prank(alice);
        bills.surrenderForDelivery(title);
        vm.startPrank(carrier);
        bills.acceptSurrender(title);
        bytes memory refused = unexpected(IBillOfLading.BillStatus.SurrenderedForDelivery);
        vm.expectRevert(refused);
        bills.acceptSurrender(title);
        vm.expectRevert(refused);
        bills.rejectSurrender(title);
        vm.expectRevert(refused);
        bills.voidBill(title);
        bytes4 selector = IBillOfLading.BillOfLading_UnexpectedStatus.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, 5, IBillOfLading.BillStatus.None));
        bills.voidBill(5);
    }

    // ---- void and reissue --------------------------------------------------------------------------------------------

    function test_RevertWhen_ABillInOtherHandsIsVoided() external {
        vm.prank(carrier);
        vm.expectRevert(notInControl(carrier));
        bills.voidBill(title);
    }

    function test_When_ABillIsVoidedAndReissued() external {
        vm.prank(address(engine));
        bills.bookTransfer(alice, carrier, title);
        vm.startPrank(carrier);
        vm.expectEmit(address(bills));
        emit IBillOfLading.BillVoided(title);
        bills.voidBill(title);
        stands(title, IBillOfLading.BillStatus.Voided);
        gone();
        vm.expectRevert(abi.encodeWithSelector(IBillOfLading.BillOfLading_InvalidReference.selector, "MAEU1234567"));
        bills.issue(bob, "MAEU1234567", DOCUMENT);
        uint256 second = bills.issue(bob, "MAEU1234567A", DOCUMENT);
        assertEq(bills.liveBillOf(DOCUMENT), second, "the document has one live bill again");
        assertEq(tokens.ownerOf(second), bob);
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

    function test_When_TheEngineMovesATitle() external {
        vm.prank(address(engine));
        vm.expectEmit(address(bills));
        emit IERC721.Transfer(alice, bob, title);
        bills.bookTransfer(alice, bob, title);
        assertEq(tokens.ownerOf(title), bob);
    }

    function test_RevertWhen_TheEngineNamesAnotherGiverOrOnePartyTwice() external {
        vm.startPrank(address(engine));
        bytes memory notOwner = abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, title, bob);
        vm.expectRevert(notOwner);
        bills.bookTransfer(bob, alice, title);
        assertEq(bills.moveReasons(bob, alice, title)[0], notOwner);
        bytes memory twice = abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, alice);
        vm.expectRevert(twice);
        bills.bookTransfer(alice, alice, title);
        assertEq(bills.moveReasons(alice, alice, title)[0], twice);
        assertEq(bills.moveReasons(alice, bob, title).length, 0, "nothing against the right one");
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

    function stands(uint256 id, IBillOfLading.BillStatus status) private view {
        assertEq(uint8(bills.bill(id).status), uint8(status), "status");
    }

    function gone() private {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, title));
        tokens.ownerOf(title);
    }

    function notInControl(address caller) private view returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_NotInControl.selector, title, caller);
    }

    function unexpected(IBillOfLading.BillStatus status) private view returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_UnexpectedStatus.selector, title, status);
    }
}
