// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../../../contracts/interfaces/IControlTrackingRegistry.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {Bill, BillAction, BillKind, BillStatus, ControlRecord} from "../../../contracts/types/Bill.sol";
import {InstrumentKind, PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {LyingRegister} from "../mocks/LyingRegister.sol";
import {Carriage} from "../support/Carriage.sol";

/// @dev One bill over all platforms, and its passage from one to another. The tree is in ControlTracking.tree.
contract ControlTrackingTest is Carriage {
    string private constant REFERENCE = "MAEU1234567";
    bytes32 private constant CHAIN = "digest of the chain";

    address private otherCarrier;
    /// @dev Another carrier's register.
    IBillOfLading private foreign;

    function setUp() public override {
        super.setUp();
        otherCarrier = addParty("other carrier", Roles.CARRIER);
        foreign = anotherRegister(otherCarrier);
        _admit(address(foreign), otherCarrier, InstrumentKind.Title);
    }

    // ---- one document, one reference ---------------------------------------------------------------------------------

    function test_When_ABillBegins() external {
        uint256 expected = uint256(sha256("HLCU1"));
        vm.prank(carrier);
        vm.expectEmit(address(control));
        emit IControlTrackingRegistry.ControlRecorded("other", carrier, address(elsewhere), expected, "HLCU1", 1);
        elsewhere.issue(bob, "HLCU1", "other", BillKind.ToOrder, bob);
        tracked("other", address(elsewhere), expected);
        recorded("HLCU1", 1, address(elsewhere), true, expected);
        recorded("HLCU1", 2, address(0), false, 0);
        assertEq(address(elsewhere.controlTracking()), address(control));
    }

    function test_RevertGiven_AnotherRegisterHasTheDocumentsBill() external {
        bytes memory refused = hasLiveRecord(DOCUMENT, address(bills), title);
        refuseIssue(elsewhere, carrier, "another", DOCUMENT, refused);
        refuseIssue(foreign, otherCarrier, "another", DOCUMENT, refused);
        refuseIssue(foreign, otherCarrier, REFERENCE, DOCUMENT, refused);
        surrenderAs(alice, title, 0);
        refuseIssue(elsewhere, carrier, "another", DOCUMENT, refused); // While the carrier has not answered, too.
    }

    function test_RevertGiven_AnotherRegisterHasTheReference() external {
        refuseIssue(elsewhere, carrier, REFERENCE, "other", taken(REFERENCE, 1, address(bills)));
        surrenderAs(alice, title, 0);
        accept(title);
        refuseIssue(elsewhere, carrier, REFERENCE, "other", taken(REFERENCE, 1, address(bills))); // Used, for good.
        assertEq(liveBillOf(DOCUMENT), 0);
        recorded(REFERENCE, 1, address(bills), false, title);
    }

    function test_RevertGiven_AnotherRegisterHasABillOfThatName() external {
        vm.prank(carrier);
        elsewhere.issue(bob, "MAEU1234567/2", "other", BillKind.ToOrder, bob);
        surrenderAs(alice, title, "COD");
        accept(title);
        vm.prank(carrier);
        vm.expectRevert(taken(REFERENCE, 2, address(elsewhere)));
        bills.reissue(title, alice, REFERENCE, "amended", BillKind.ToOrder, alice);
    }

    function test_When_AnotherCarrierUsesTheReference() external {
        vm.prank(otherCarrier);
        uint256 made = foreign.issue(bob, REFERENCE, "other", BillKind.ToOrder, bob);
        assertEq(made, title, "named alike");
        tracked("other", address(foreign), made);
        tracked(DOCUMENT, address(bills), title);
    }

    function test_When_ABillEnds() external {
        surrenderAs(alice, title, 0);
        vm.prank(carrier);
        vm.expectEmit(address(control));
        emit IControlTrackingRegistry.ControlEnded(DOCUMENT, address(bills), title);
        bills.acceptSurrender(title);
        vm.prank(carrier);
        uint256 made = elsewhere.issue(bob, "another", DOCUMENT, BillKind.ToOrder, bob);
        tracked(DOCUMENT, address(elsewhere), made);
    }

    // ---- who may record ----------------------------------------------------------------------------------------------

    function test_RevertGiven_TheRegisterIsNotAdmitted() external {
        IBillOfLading fresh = anotherRegister(carrier);
        bytes4 selector = IControlTrackingRegistry.ControlTracking_NotAdmitted.selector;
        refuseIssue(fresh, carrier, "another", "other", abi.encodeWithSelector(selector, fresh));
        withdraw(bills);
        refuseIssue(bills, carrier, "another", "other", abi.encodeWithSelector(selector, bills));
        address[3] memory others = [carrier, address(bond), address(wholesale)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(selector, others[i]));
            control.begin("other", "another", 1);
        }
    }

    function test_Given_ARegisterIsWithdrawn() external {
        uint256 blank = issueBlank();
        withdraw(bills);
        handOver(alice, title); // It need not die with its platform.
        surrenderAs(alice, blank, 0);
        accept(blank);
        assertEq(liveBillOf("blank"), 0);
    }

    function test_RevertWhen_WhoHasNotGotTheBillEndsOrPassesIt() external {
        address[3] memory others = [carrier, address(elsewhere), address(foreign)];
        Bill memory bill = bills.bill(title);
        bytes4 selector = IControlTrackingRegistry.ControlTracking_NotInControl.selector;
        for (uint256 i = 0; i < 3; ++i) {
            vm.startPrank(others[i]);
            vm.expectRevert(abi.encodeWithSelector(selector, DOCUMENT, others[i], bills));
            control.end(DOCUMENT);
            vm.expectRevert(abi.encodeWithSelector(selector, DOCUMENT, others[i], bills));
            control.pass(address(elsewhere), alice, bill, CHAIN);
            vm.expectRevert(abi.encodeWithSelector(selector, bytes32("none"), others[i], address(0)));
            control.end("none");
            vm.stopPrank();
        }
    }

    /// @dev Whose register it is the registry has said, and not the register: a carrier's bill is none of its making.
    function test_RevertGiven_TheRegisterLiesAboutItsCarrier() external {
        LyingRegister liar = new LyingRegister(otherCarrier, control);
        _admit(address(liar), otherCarrier, InstrumentKind.Title);
        liar.begin("forged", "HLCU1");
        Bill memory forged = bills.bill(title);
        (forged.documentHash, forged.documentReference) = ("forged", "HLCU1");
        bytes memory refused =
            abi.encodeWithSelector(IControlTrackingRegistry.ControlTracking_InvalidTarget.selector, bills);
        liar.say(carrier);
        vm.expectRevert(refused);
        liar.pass(bills, alice, forged);
        withdraw(IBillOfLading(address(liar)));
        vm.expectRevert(refused);
        liar.pass(bills, alice, forged);
        liar.pass(foreign, alice, forged); // Its own carrier's answers for it.
        assertEq(foreign.bill(uint256(sha256("HLCU1"))).documentHash, "forged");
    }

    /// @dev Else a bill could pass to the other register under a reference that it has not got, or dead.
    function test_RevertGiven_ThePassedBillIsNotTheOneOnRecord() external {
        LyingRegister liar = new LyingRegister(carrier, control);
        _admit(address(liar), carrier, InstrumentKind.Title);
        liar.begin("forged", "HLCU1");
        bytes memory refused = abi.encodeWithSelector(
            IControlTrackingRegistry.ControlTracking_InvalidBill.selector, uint256(sha256("HLCU1"))
        );
        Bill memory forged = bills.bill(title);
        forged.documentHash = "forged";
        vm.expectRevert(refused); // Of the reference of another.
        liar.pass(bills, alice, forged);
        (forged.documentReference, forged.subReference) = ("HLCU1", 2);
        vm.expectRevert(refused);
        liar.pass(bills, alice, forged);
        (forged.subReference, forged.status) = (1, BillStatus.SurrenderedForDelivery);
        vm.expectRevert(refused);
        liar.pass(bills, alice, forged);
        forged.status = BillStatus.Issued;
        liar.pass(bills, alice, forged);
    }

    // ---- from one register to another --------------------------------------------------------------------------------

    function test_When_ABillIsHandedOver() external {
        vm.prank(alice);
        bills.endorse(title, bob);
        move(alice, bob, title);
        Bill memory before = bills.bill(title);
        vm.prank(bob);
        expectEntry(title, BillAction.HandOver, bob, bob, CHAIN);
        vm.expectEmit(address(control));
        emit IControlTrackingRegistry.ControlPassed(DOCUMENT, address(bills), address(elsewhere), title, bob, CHAIN);
        vm.expectEmit(address(elsewhere));
        emit IBillOfLading.BillTransaction(title, BillAction.TakeOver, bob, bob, CHAIN);
        bills.handOver(title, address(elsewhere), CHAIN);

        assertEq(keccak256(abi.encode(elsewhere.bill(title))), keccak256(abi.encode(before)), "all of it goes along");
        assertFalse(elsewhere.bill(title).endorsable, "bob cannot endorse here either");
        assertEq(IERC721(address(elsewhere)).ownerOf(title), bob, "the same party is in control");
        assertEq(elsewhere.titleholderOf(title), bob);
        tracked(DOCUMENT, address(elsewhere), title);
        recorded(REFERENCE, 1, address(elsewhere), true, title);
        stands(title, BillStatus.HandedOver);
        assertEq(tokens.balanceOf(bob), 0, "nobody is in control of the old one");
        assertEq(bills.titleholderOf(title), address(0));
    }

    function test_When_EachKindIsHandedOver() external {
        uint256 straight = issueStraight();
        handOver(alice, straight); // The shipper.
        assertEq(elsewhere.titleholderOf(straight), bob, "the consignee has title");
        uint256 blank = issueBlank();
        handOver(alice, blank);
        assertEq(elsewhere.titleholderOf(blank), alice);
        (bills, elsewhere) = (elsewhere, bills);
        tokens = IERC721(address(bills));
        move(alice, bob, straight);
        move(alice, carol, blank);
        have(straight, bob, bob);
        have(blank, carol, carol);
    }

    function test_Given_ABillWasTakenOver() external {
        handOver(alice, title);
        refuseIssue(bills, carrier, "another", DOCUMENT, hasLiveRecord(DOCUMENT, address(elsewhere), title));
        (bills, elsewhere) = (elsewhere, bills);
        tokens = IERC721(address(bills));
        move(alice, bob, title);
        surrenderAs(bob, title, "COD");
        accept(title);
        vm.prank(carrier);
        uint256 amended = bills.reissue(title, bob, REFERENCE, "amended", BillKind.ToOrder, bob);
        assertEq(amended, uint256(sha256("MAEU1234567/2")), "the line goes on");
        assertEq(bills.bill(amended).shipper, alice);
        recorded(REFERENCE, 2, address(bills), true, amended);
    }

    function test_When_ABillComesBack() external {
        Bill memory before = bills.bill(title);
        handOver(alice, title);
        vm.prank(alice);
        elsewhere.handOver(title, address(bills), CHAIN);
        assertEq(keccak256(abi.encode(bills.bill(title))), keccak256(abi.encode(before)));
        have(title, alice, alice);
        tracked(DOCUMENT, address(bills), title);
        assertEq(uint8(elsewhere.bill(title).status), uint8(BillStatus.HandedOver));
        handOver(alice, title);
    }

    function test_RevertWhen_SomebodyNotInControlHandsItOver() external {
        vm.prank(alice);
        bills.endorseToOrder(title, bob);
        refuseHandOver(bob, title, address(elsewhere), notInControl(title, bob)); // Title without possession,
        refuseHandOver(alice, title, address(elsewhere), notTitleholder(title, alice)); // possession without title,
        refuseHandOver(carrier, title, address(elsewhere), notInControl(title, carrier)); // and neither.
        uint256 straight = issueStraight();
        entrust(alice, carol, straight, 0);
        move(alice, carol, straight);
        refuseHandOver(carol, straight, address(elsewhere), notTitleholder(straight, carol));
    }

    function test_RevertGiven_ItIsOnHoldPendingOrOver() external {
        placeHold(alice, title);
        refuseHandOver(alice, title, address(elsewhere), onHold(title));
        resolveHold();
        surrenderAs(alice, title, 0);
        bytes memory pending = unexpected(title, BillStatus.PendingSurrenderForDelivery);
        refuseHandOver(alice, title, address(elsewhere), notInControl(title, alice));
        refuseHandOver(carrier, title, address(elsewhere), pending);
        accept(title);
        refuseHandOver(alice, title, address(elsewhere), notInControl(title, alice));
    }

    function test_RevertGiven_TheHolderIsFrozenWhenHandingOver() external {
        freeze(alice);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        bytes memory refused = abi.encodeWithSelector(selector, alice, PartyStatus.Frozen);
        refuseHandOver(alice, title, address(elsewhere), refused);
    }

    function test_RevertWhen_TheTargetIsNoOtherRegisterOfTheCarrier() external {
        bytes4 invalid = IControlTrackingRegistry.ControlTracking_InvalidTarget.selector;
        bytes4 unknown = IControlTrackingRegistry.ControlTracking_NotAdmitted.selector;
        refuseHandOver(alice, title, address(bills), abi.encodeWithSelector(invalid, bills));
        refuseHandOver(alice, title, address(foreign), abi.encodeWithSelector(invalid, foreign));
        withdraw(elsewhere);
        refuseHandOver(alice, title, address(elsewhere), abi.encodeWithSelector(unknown, elsewhere));
        refuseHandOver(alice, title, stranger, abi.encodeWithSelector(unknown, stranger));
    }

    function test_RevertWhen_TheTargetIsTrackedElsewhere() external {
        address tracking = address(control);
        bytes memory arguments = abi.encode(registry);
        control = IControlTrackingRegistry(
            _deploy("compliance/ControlTrackingRegistry.sol:ControlTrackingRegistry", arguments)
        );
        IBillOfLading apart = anotherRegister(carrier);
        _admit(address(apart), carrier, InstrumentKind.Title);
        bytes4 selector = IBillOfLading.BillOfLading_NotControlTracking.selector;
        refuseHandOver(alice, title, address(apart), abi.encodeWithSelector(selector, tracking));
    }

    function test_RevertWhen_TheDigestOfTheChainIsMissing() external {
        vm.prank(alice);
        bytes4 selector = IBillOfLading.BillOfLading_ChainDigestMissing.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, title));
        bills.handOver(title, address(elsewhere), 0);
    }

    function test_RevertWhen_SomebodyElseHasItTakenOver() external {
        Bill memory bill = bills.bill(title);
        address[4] memory others = [alice, carrier, address(bills), address(engine)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(others[i]);
            bytes4 selector = IBillOfLading.BillOfLading_NotControlTracking.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, others[i]));
            elsewhere.takeOver(title, alice, bill, CHAIN);
        }
    }

    function test_RevertGiven_ItWasHandedOver() external {
        vm.prank(alice);
        bills.entrust(title, bob, 0);
        handOver(alice, title);
        bytes memory refused = unexpected(title, BillStatus.HandedOver);
        bytes memory notOwner = abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, title, alice);
        assertEq(bills.moveReasons(alice, bob, title)[0], notOwner, "the dry run says so");
        vm.startPrank(address(engine));
        vm.expectRevert(notOwner);
        bills.bookTransfer(alice, bob, title);
        vm.expectRevert(notOwner);
        bills.placeHold(HOLD, alice, title);
        vm.stopPrank();
        vm.startPrank(alice);
        vm.expectRevert(notInControl(title, alice));
        bills.surrenderForDelivery(title);
        vm.expectRevert(notInControl(title, alice));
        bills.endorse(title, bob);
        vm.expectRevert(refused);
        bills.sign(title, "statement");
        vm.stopPrank();
        vm.startPrank(carrier);
        vm.expectRevert(refused);
        bills.voidBill(title);
        vm.expectRevert(refused);
        bills.acceptSurrender(title);
        vm.expectRevert(refused);
        bills.reissue(title, alice, "another", "other", BillKind.ToOrder, alice);
        assertFalse(elsewhere.entrustment(title, alice, bob).given, "entrustments stay behind");
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function handOver(address holder, uint256 id) private {
        vm.prank(holder);
        bills.handOver(id, address(elsewhere), CHAIN);
        assertEq(IERC721(address(elsewhere)).ownerOf(id), holder);
    }

    /// @dev Nothing of it is left: not here, not there, and not on record.
    function refuseHandOver(address by, uint256 id, address target, bytes memory reason) private {
        bytes32 before = keccak256(abi.encode(bills.bill(id)));
        (address register, uint256 live) = control.liveRecordOf(bills.bill(id).documentHash);
        vm.prank(by);
        vm.expectRevert(reason);
        bills.handOver(id, target, CHAIN);
        assertEq(keccak256(abi.encode(bills.bill(id))), before);
        tracked(bills.bill(id).documentHash, register, live);
    }

    function refuseIssue(
        IBillOfLading register,
        address by,
        string memory documentReference,
        bytes32 document,
        bytes memory reason
    ) private {
        vm.prank(by);
        vm.expectRevert(reason);
        register.issue(bob, documentReference, document, BillKind.ToOrder, bob);
    }

    function withdraw(IBillOfLading register) private {
        vm.prank(operator);
        registry.withdrawInstrument(address(register));
    }

    function tracked(bytes32 document, address register, uint256 id) private view {
        (address found, uint256 foundId) = control.liveRecordOf(document);
        assertEq(found, register, "the register of the document's live bill");
        assertEq(foundId, id, "the document's live bill");
    }

    function recorded(string memory documentReference, uint16 subReference, address register, bool live, uint256 id)
        private
        view
    {
        ControlRecord memory record = control.recordOf(carrier, documentReference, subReference);
        assertEq(record.register, register, "the reference's register");
        assertEq(record.live, live);
        assertEq(record.titleId, id);
    }
}
