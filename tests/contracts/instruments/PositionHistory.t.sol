// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPositionHistory} from "../../../contracts/interfaces/IPositionHistory.sol";
import {HoldId} from "../../../contracts/types/Settlement.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev The tree is in PositionHistory.tree.
contract PositionHistoryTest is Serviced {
    function test_RevertWhen_TheRecordTimeHasNotPassed() external {
        vm.warp(uint256(SECOND_DAY) * 1 days - HONG_KONG - 1);
        uint256[4] memory records = [uint256(0), 1, 2, type(uint256).max];
        for (uint256 i = 0; i < records.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IPositionHistory.PositionHistory_RecordNotPassed.selector, records[i])
            );
            bond.positionAt(alice, records[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IPositionHistory.PositionHistory_RecordNotPassed.selector, records[i])
            );
            bond.supplyAt(records[i]);
        }
        warpTo(LAST_DAY);
        vm.expectRevert(abi.encodeWithSelector(IPositionHistory.PositionHistory_RecordNotPassed.selector, 2));
        bond.positionAt(alice, 2);
    }

    function test_When_NothingChangesAfterwards() external {
        warpTo(SECOND_DAY);
        assertEq(bond.positionAt(alice, 0), ALICES);
        assertEq(bond.positionAt(bob, 0), 0);
        assertEq(bond.supplyAt(0), NOMINAL);
    }

    function test_When_AMovementComesOneSecondBeforeOrAfter() external {
        vm.warp(uint256(SECOND_DAY) * 1 days - HONG_KONG - 1);
        give(alice, carol, MINIMUM);
        vm.warp(block.timestamp + 1);
        give(alice, bob, 2 * MINIMUM);
        assertEq(bond.positionAt(alice, 0), ALICES - MINIMUM, "the first counts, the second does not");
        assertEq(bond.positionAt(carol, 0), CAROLS + MINIMUM);
        assertEq(bond.positionAt(bob, 0), 0, "who came later had nothing");
    }

    function test_When_AHolderSellsAllAndBuysAgainLater() external {
        warpTo(SECOND_DAY);
        give(alice, bob, ALICES);
        warpTo(LAST_DAY);
        give(bob, alice, MINIMUM);
        assertEq(bond.positionAt(alice, 0), ALICES, "before all of it");
        assertEq(bond.positionAt(alice, 1), 0, "between");
        assertEq(bond.positionAt(bob, 0), 0);
        assertEq(bond.positionAt(bob, 1), ALICES);
    }

    function test_When_TwoRecordTimesPassBetweenTwoMovements() external {
        warpTo(LAST_DAY);
        give(alice, bob, MINIMUM);
        assertEq(bond.positionAt(alice, 0), ALICES);
        assertEq(bond.positionAt(alice, 1), ALICES);
        assertEq(bond.positionAt(alice, 0), ALICES);
    }

    function test_When_TheQuantityIsOnHold() external {
        vm.prank(address(engine));
        bond.placeHold(HoldId.wrap("hold"), alice, ALICES);
        warpTo(SECOND_DAY);
        assertEq(bond.positionAt(alice, 0), ALICES, "what is on hold belongs to its owner");
    }

    function test_When_TheSupplyChanges() external {
        warpTo(SECOND_DAY);
        vm.prank(issuer);
        bond.redeem(MINIMUM);
        assertEq(bond.supplyAt(0), NOMINAL);
        warpTo(LAST_DAY);
        assertEq(bond.supplyAt(1), NOMINAL - MINIMUM);
    }

    function test_When_HoldersAreListed() external {
        assertEq(bond.holderCount(), 4, "the issuer and three holders");
        give(alice, bob, MINIMUM);
        give(bob, alice, MINIMUM);
        give(alice, bob, MINIMUM);
        assertEq(bond.holderCount(), 5, "each once");
        assertEq(bond.holders(4, 10)[0], bob);
        assertEq(bond.holders(5, 10).length, 0);
        warpTo(SECOND_DAY);
        (address[] memory page, uint256[] memory quantities) = bond.positionsAt(0, 1, 2);
        assertEq(page.length, 2);
        assertEq(page[0], alice);
        assertEq(quantities[1], CAROLS);
    }

    /// @dev Against books kept beside: whatever moves when, each record shows what was there at its time.
    function testFuzz_When_AnythingMovesAtAnyTime(uint256[24] memory seeds) external {
        address[4] memory people = [alice, bob, carol, erin];
        uint256[4][2] memory expected;
        bool[2] memory taken;
        uint256[2] memory times = [uint256(SECOND_DAY) * 1 days - HONG_KONG, uint256(LAST_DAY) * 1 days - HONG_KONG];
        for (uint256 i = 0; i < seeds.length; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(seeds[i])));
            vm.warp(block.timestamp + (seed >> 64) % 30 days);
            for (uint256 record = 0; record < 2; ++record) {
                if (taken[record] || block.timestamp < times[record]) continue;
                taken[record] = true;
                for (uint256 j = 0; j < 4; ++j) {
                    expected[record][j] = balance(address(bond), people[j]);
                }
            }
            (address from, address to) = (people[seed % 4], people[(seed >> 8) % 4]);
            uint256 has = balance(address(bond), from);
            if (from == to || has == 0) continue;
            give(from, to, (seed >> 16) % 2 == 0 || has < 2 * MINIMUM ? has : MINIMUM);
        }
        for (uint256 record = 0; record < 2; ++record) {
            for (uint256 j = 0; taken[record] && j < 4; ++j) {
                assertEq(bond.positionAt(people[j], record), expected[record][j], "what was there at the record time");
            }
        }
    }
}
