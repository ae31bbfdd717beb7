// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BillKind} from "../../../contracts/types/Bill.sol";
import {Carriage} from "../support/Carriage.sol";

/// @dev The dry run of a movement says what the movement does, whatever was done with the bill before.
contract BillFuzzTest is Carriage {
    struct Case {
        uint8 kind;
        uint8 endorsement;
        uint8[4] entrusted; // By Alice, by Bob; to Carol, to Dan.
        uint8 pathLength;
        uint8[3] path;
        uint32 wait;
        uint8 last;
        uint8 giver;
        uint8 receiver;
    }

    /// forge-config: default.fuzz.runs = 2048
    function testFuzz_TheDryRunIsTheMovement(Case memory it) external {
        BillKind kind = BillKind(it.kind % 3);
        uint256 id = issue(alice, "FUZZ", "fuzz", kind, kind == BillKind.Blank ? address(0) : alice);
        if (kind == BillKind.Straight) id = issueStraight();
        for (uint256 i = 0; i < 4; ++i) {
            _entrust(i < 2 ? alice : bob, i % 2 == 0 ? carol : dan, id, it.entrusted[i]);
        }
        if (it.endorsement % 4 == 1) _try(alice, abi.encodeCall(bills.endorse, (id, bob)));
        if (it.endorsement % 4 == 2) _try(alice, abi.encodeCall(bills.endorseToOrder, (id, bob)));
        if (it.endorsement % 4 == 3) _try(alice, abi.encodeCall(bills.blankEndorse, (id)));
        for (uint256 i = 0; i < it.pathLength % 4; ++i) {
            _compare(tokens.ownerOf(id), clients[it.path[i] % 4], id);
        }
        vm.warp(block.timestamp + it.wait % 4 days);
        address holder = tokens.ownerOf(id);
        if (it.last % 8 == 1) placeHold(holder, id);
        if (it.last % 8 == 2) _try(holder, abi.encodeCall(bills.surrenderForDelivery, (id)));
        if (it.last % 8 == 3) freeze(alice);
        if (it.last % 8 == 4) freeze(bob);
        address giver = it.giver % 8 == 0 ? clients[it.giver % 4] : tokens.ownerOf(id);
        address[6] memory receivers = [alice, bob, carol, dan, carrier, clients[4]];
        _compare(giver, receivers[it.receiver % 6], id);
    }

    function _compare(address giver, address receiver, uint256 id) private {
        bytes[] memory reasons = bills.moveReasons(giver, receiver, id);
        vm.prank(address(engine));
        (bool moved, bytes memory reason) =
            address(bills).call(abi.encodeCall(bills.bookTransfer, (giver, receiver, id)));
        assertEq(moved, reasons.length == 0, "no reason exactly where it moves");
        if (moved) return;
        bool found;
        for (uint256 i = 0; i < reasons.length; ++i) {
            found = found || keccak256(reasons[i]) == keccak256(reason);
        }
        assertTrue(found, "the reason it gave is in the list");
    }

    /// @dev Not at all, asked for, agreed, or a pledge.
    function _entrust(address giver, address receiver, uint256 id, uint8 how) private {
        uint64 from = how % 4 == 3 ? uint64(block.timestamp + 2 days) : 0;
        if (how % 4 == 0) return;
        _try(giver, abi.encodeCall(bills.entrust, (id, receiver, from)));
        if (how % 4 != 1) _try(receiver, abi.encodeCall(bills.acceptEntrustment, (id, giver, from)));
    }

    function _try(address caller, bytes memory input) private {
        vm.prank(caller);
        (bool ok,) = address(bills).call(input);
        ok; // What may not be done is not.
    }
}
