// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../../../contracts/interfaces/IControlTrackingRegistry.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {BillAction, BillKind, BillStatus} from "../../../contracts/types/Bill.sol";
import {InstrumentKind} from "../../../contracts/types/Participation.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "./Instructions.sol";

/// @dev A bill to Alice's order in Alice's possession, and what tests of bills do and ask. Movements are the engine's
/// calls; each is compared with the dry run. `elsewhere` is another register of the same carrier, on another platform.
abstract contract Carriage is Instructions {
    bytes32 internal constant DOCUMENT = "document";
    HoldId internal constant HOLD = HoldId.wrap("hold");

    IERC721 internal tokens;
    IBillOfLading internal elsewhere;
    address internal alice;
    address internal bob;
    address internal carol;
    address internal dan;
    uint256 internal title;

    function setUp() public virtual override {
        super.setUp();
        (alice, bob, carol, dan) = (clients[0], clients[1], clients[2], clients[3]);
        tokens = IERC721(address(bills));
        elsewhere = anotherRegister(carrier);
        _admit(address(elsewhere), carrier, InstrumentKind.Title);
        title = issue(alice, "MAEU1234567", DOCUMENT, BillKind.ToOrder, alice);
    }

    // ---- acts --------------------------------------------------------------------------------------------------------

    function issue(address holder, string memory documentReference, bytes32 document, BillKind kind, address endorsee)
        internal
        returns (uint256)
    {
        vm.prank(carrier);
        return bills.issue(holder, documentReference, document, kind, endorsee);
    }

    /// @dev Alice ships, Bob is the consignee.
    function issueStraight() internal returns (uint256) {
        return issue(alice, "STRAIGHT", "straight", BillKind.Straight, bob);
    }

    function issueBlank() internal returns (uint256) {
        return issue(alice, "BLANK", "blank", BillKind.Blank, address(0));
    }

    function move(address giver, address receiver, uint256 id) internal {
        assertEq(bills.moveReasons(giver, receiver, id).length, 0, "the dry run has nothing against it");
        vm.prank(address(engine));
        bills.bookTransfer(giver, receiver, id);
    }

    function refuseMove(address giver, address receiver, uint256 id, bytes memory reason) internal {
        bytes[] memory reasons = bills.moveReasons(giver, receiver, id);
        assertEq(reasons.length, 1, "one reason");
        assertEq(reasons[0], reason, "the dry run says so");
        vm.prank(address(engine));
        vm.expectRevert(reason);
        bills.bookTransfer(giver, receiver, id);
    }

    /// @dev Both sides of it.
    function entrust(address giver, address receiver, uint256 id, uint64 realisableFrom) internal {
        vm.prank(giver);
        bills.entrust(id, receiver, realisableFrom);
        vm.prank(receiver);
        bills.acceptEntrustment(id, giver, realisableFrom);
    }

    function surrenderAs(address holder, uint256 id, bytes4 reason) internal {
        vm.prank(holder);
        if (reason == 0) bills.surrenderForDelivery(id);
        else bills.surrenderForAmendment(id, reason);
    }

    function accept(uint256 id) internal {
        vm.prank(carrier);
        bills.acceptSurrender(id);
    }

    function placeHold(address owner, uint256 id) internal {
        vm.prank(address(engine));
        bills.placeHold(HOLD, owner, id);
    }

    function resolveHold() internal {
        vm.prank(address(engine));
        bills.resolveHold(HOLD, HoldResolution.Released);
    }

    function freeze(address party) internal {
        vm.prank(supervisor);
        registry.freezeParty(party);
    }

    // ---- what it should be -------------------------------------------------------------------------------------------

    function stands(uint256 id, BillStatus status) internal view {
        assertEq(uint8(bills.bill(id).status), uint8(status), "status");
    }

    /// @dev Who has possession, and who has title.
    function have(uint256 id, address possession, address titleholder) internal view {
        assertEq(tokens.ownerOf(id), possession, "possession");
        assertEq(bills.titleholderOf(id), titleholder, "title");
    }

    function expectEntry(uint256 id, BillAction action, address actor, address recipient, bytes32 data) internal {
        vm.expectEmit(address(bills));
        emit IBillOfLading.BillTransaction(id, action, actor, recipient, data);
    }

    // ---- reasons -----------------------------------------------------------------------------------------------------

    function notInControl(uint256 id, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_NotInControl.selector, id, caller);
    }

    function notTitleholder(uint256 id, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_NotTitleholder.selector, id, caller);
    }

    function unexpected(uint256 id, BillStatus status) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_UnexpectedStatus.selector, id, status);
    }

    function unexpectedReason(uint256 id, bytes4 reason) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_UnexpectedReason.selector, id, reason);
    }

    function titleCannotPass(uint256 id, address endorsee) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_TitleCannotPass.selector, id, endorsee);
    }

    function notEntrusted(uint256 id, address titleholder, address receiver) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IBillOfLading.BillOfLading_NotEntrusted.selector, id, titleholder, receiver);
    }

    function hasLiveRecord(bytes32 document, address register, uint256 id) internal pure returns (bytes memory) {
        bytes4 selector = IControlTrackingRegistry.ControlTracking_DocumentHasLiveRecord.selector;
        return abi.encodeWithSelector(selector, document, register, id);
    }

    /// @dev A reference of our carrier's.
    function taken(string memory documentReference, uint16 subReference, address register)
        internal
        view
        returns (bytes memory)
    {
        bytes4 selector = IControlTrackingRegistry.ControlTracking_ReferenceTaken.selector;
        return abi.encodeWithSelector(selector, carrier, documentReference, subReference, register);
    }

    function onHold(uint256 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ITitleInstrument.Title_OnHold.selector, id, HOLD);
    }
}
