// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Consent, Instruction} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Interest against a second calculation, that splitting a holding gains at most the rounding, and that what is on
/// hold can be delivered.
contract BondFuzzTest is Base {
    /// @dev HLD-1: neither side keeps a locked trade from settling by what it does with the rest of its holding.
    function testFuzz_WhatIsLockedSettlesWhateverElseMoves(uint256 seed, uint256 sold, uint256[8] memory moves)
        external
    {
        address seller = seed % 4 == 0 ? issuer : alice;
        Instruction memory first =
            instruct(leg(seller, carol, address(bond), 3 * MINIMUM), payment(carol, alice, CASH / 2));
        // Less than the minimum often enough: a buyer who has given everything away could not take it.
        sold = seed % 3 == 0 ? INCREMENT : bound(sold, 1, BONDS / INCREMENT) * INCREMENT;
        Instruction memory second = dvp(alice, carol, sold, CASH / 2);
        engine.lock(first, consentsOf(first));
        Consent[] memory consents = consentsOf(second);
        try engine.lock(second, consents) {}
        catch {
            sold = 0;
        }
        for (uint256 i = 0; i < moves.length; ++i) {
            _moveAlmostAll(moves[i]);
        }
        uint256 had = balance(address(bond), carol);
        if (seed % 2 == 0) engine.settleLocked(first, new Consent[](0));
        if (sold != 0) engine.settleLocked(second, new Consent[](0));
        if (seed % 2 != 0) engine.settleLocked(first, new Consent[](0));
        assertEq(balance(address(bond), carol), had + sold + 3 * MINIMUM, "all that was locked is delivered");
    }

    /// @dev A direct transfer of all, some or nearly all that one of four has free to another; where that is refused, none.
    function _moveAlmostAll(uint256 seed) private {
        address[4] memory parties = [alice, carol, erin, issuer];
        address from = parties[seed % 4];
        address to = parties[(seed % 4 + 1 + (seed >> 8) % 3) % 4];
        uint256 some = (seed >> 16) % 4 * INCREMENT;
        uint256 free = bond.freeOf(from);
        vm.prank(from);
        try IERC20(address(bond)).transfer(to, (seed >> 24) % 2 == 0 || free < some ? some : free - some) {} catch {}
    }

    function testFuzz_AccruedInterestIsRoundedHalfUp(uint256 nominal, uint256 actualDays) external view {
        nominal = bound(nominal, 0, NOMINAL);
        actualDays = bound(actualDays, 0, 365);
        uint256 accrued = bond.accruedInterestHalfUp(nominal, uint64(ISSUE_DAY) * 1 days + uint64(actualDays * 1 days));
        uint256 exact = nominal * 100 * 40_500 * actualDays; // In cents, times 365 million.
        uint256 one = 365_000_000;
        assertLe(accrued * one, exact + one / 2, "not more than half a cent above");
        assertGt(accrued * one + one / 2, exact - (exact == 0 ? 0 : 1), "less than half a cent below, or just half");
    }

    function testFuzz_SplittingGainsAtMostACent(uint256 first, uint256 second, uint256 actualDays) external view {
        first = bound(first, 0, NOMINAL / 2);
        second = bound(second, 0, NOMINAL / 2);
        uint64 date = uint64(ISSUE_DAY) * 1 days + uint64(bound(actualDays, 0, 365) * 1 days);
        uint256 whole = bond.accruedInterestHalfUp(first + second, date);
        uint256 parts = bond.accruedInterestHalfUp(first, date) + bond.accruedInterestHalfUp(second, date);
        assertApproxEqAbs(parts, whole, 1, "rounding only");
    }
}
