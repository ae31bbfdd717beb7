// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Test} from "forge-std/Test.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../../../contracts/interfaces/IControlTrackingRegistry.sol";
import {Bill, BillKind, BillStatus, ControlRecord} from "../../../contracts/types/Bill.sol";
import {BillModel} from "./BillModel.sol";
import {Carrying} from "./Carrying.sol";

/// @dev EBL-1 over everything that can be done with a bill: one live bill per document and per reference, over all
/// registers of the carrier; exactly one party in possession and at most one endorsee at any time; nothing happens after the carrier has accepted a surrender; a held bill is
/// neither endorsed, surrendered nor voided; and the events tell all of it.
contract CarryingInvariantsTest is Test {
    Carrying private handler;

    function setUp() external {
        handler = new Carrying();
        handler.setUp();
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), handler.acts()));
    }

    function invariant_EBL_1_PossessionAndTitlePassByTheirRules() external view {
        assertEq(handler.breach(), "", "EBL-1 whatever is done may be done");
        IBillOfLading[2] memory registers = handler.theRegisters();
        IControlTrackingRegistry control = handler.theControl();
        (uint256 count, uint256 parties) = handler.counts();
        uint256 live;
        for (uint256 i = 0; i < count; ++i) {
            if (_checkBill(registers, control, handler.titles(i))) ++live;
        }
        uint256 possessions;
        for (uint256 i = 0; i < parties; ++i) {
            possessions += IERC721(address(registers[0])).balanceOf(handler.parties(i));
            possessions += IERC721(address(registers[1])).balanceOf(handler.parties(i));
        }
        assertEq(possessions, live, "EBL-1 each live bill is in one party's possession, and no other is in any");
        for (uint256 document = 1; document <= handler.DOCUMENTS(); ++document) {
            (uint256 alive, uint256 last) = handler.liveBillsOf(bytes32(document));
            assertLe(alive, 1, "EBL-1 one live bill per document");
            (address register, uint256 title) = control.liveRecordOf(bytes32(document));
            assertEq(title, last, "EBL-1 the live bill is the one on record");
            address holding = last == 0 ? address(0) : address(handler.bookOf(last).register);
            assertEq(register, holding, "EBL-1 in the register that has it");
        }
    }

    function _checkBill(IBillOfLading[2] memory registers, IControlTrackingRegistry control, uint256 title)
        private
        view
        returns (bool live)
    {
        BillModel.Book memory book = handler.bookOf(title);
        IBillOfLading bills = book.register;
        _checkElsewhere(registers[bills == registers[0] ? 1 : 0], title);
        BillModel.Read memory chain = handler.chainOf(title);
        Bill memory bill = bills.bill(title);
        live = book.possession != address(0);
        ControlRecord memory record = control.recordOf(handler.theCarrier(), bill.documentReference, bill.subReference);
        assertEq(record.register, address(bills), "EBL-1 the reference is on record in the register that has it");
        assertEq(record.titleId, title, "EBL-1 under its title");
        assertEq(record.live, live, "EBL-1 as long as it lives");
        assertEq(uint8(bill.status), uint8(book.status), "EBL-1 the status is what its acts make it");
        assertEq(bill.replacedBy, book.replacedBy, "EBL-1 one bill takes its place at most");
        assertEq(chain.possession, book.possession, "EBL-1 the events tell who has possession");
        if (!live) {
            assertTrue(handler.isAsItEnded(title), "EBL-1 nothing happens to a bill that has ended");
            assertTrue(chain.ended, "EBL-1 the events tell that it has ended");
            assertEq(bills.titleholderOf(title), address(0), "EBL-1 nobody has title to it");
            return false;
        }
        assertEq(IERC721(address(bills)).ownerOf(title), book.possession, "EBL-1 exactly one party has possession");
        assertEq(uint8(bill.kind), uint8(book.kind), "EBL-1 the kind is what its endorsements make it");
        assertEq(bill.endorsee, book.endorsee, "EBL-1 title passes by its rules only");
        assertEq(bill.endorsable, book.endorsable, "EBL-1 who can endorse is what its endorsements make it");
        assertEq(bill.endorsee == address(0), bill.kind == BillKind.Blank, "EBL-1 nobody or one is the endorsee");
        assertEq(chain.endorsee, book.endorsee, "EBL-1 the events tell who has title");
        assertTrue(!book.held || bill.status == BillStatus.Issued, "EBL-1 what is held is not surrendered");
    }

    /// @dev A register that has not got a bill never had it, or has handed it over; nobody has possession there.
    function _checkElsewhere(IBillOfLading other, uint256 title) private view {
        BillStatus status = other.bill(title).status;
        assertTrue(status == BillStatus.None || status == BillStatus.HandedOver, "EBL-1 one register has the bill");
        assertEq(other.titleholderOf(title), address(0), "EBL-1 nobody has title in the other register");
    }

    /// @dev No act is idle: over a fixed run, each succeeds at least once.
    function test_EveryActIsReached() external {
        bytes4[] memory acts = handler.acts();
        for (uint256 i = 0; i < 5_000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("carry", i)));
            (bool ok,) = address(handler).call(abi.encodeWithSelector(acts[seed % acts.length], seed >> 8));
            assertTrue(ok, "no act reverts");
        }
        assertEq(handler.breach(), "", "nothing breaks a rule");
        string[30] memory names = [
            "issue",
            "from paper",
            "reissue",
            "back from paper",
            "endorse",
            "endorse to order",
            "blank endorse",
            "sign",
            "entrust",
            "revoke",
            "accept entrustment",
            "renounce",
            "move",
            "move title",
            "move possession",
            "realise a pledge",
            "hold",
            "release",
            "surrender",
            "surrender for amendment",
            "accept",
            "to paper",
            "reject",
            "void",
            "freeze",
            "unfreeze",
            "withdraw",
            "hand on",
            "hand back",
            "act in vain"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            assertGe(handler.done(names[i]), 1, names[i]);
        }
    }
}
