// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchMode, Instruction, InstructionId, Settlement} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev What a bank lets the engine do with its reserves, seen from a settlement; the mandate by itself is in
/// instruments/Mandate.t.sol. Hong Kong's day begins at 16:00 UTC.
contract BankConsentTest is Base {
    /// @dev 16:00 UTC on 15 November 2023: midnight in Hong Kong.
    uint256 private constant MIDNIGHT = 1_700_064_000;

    // ---- using it ----------------------------------------------------------------------------------------------------

    function test_RevertGiven_ThePaymentIsAboveTheLimit() external {
        setMandate(0, 1, 100, 250);
        Instruction memory instruction = instruct(payment(alice, carol, 101));
        refuse(instruction, consentMissing(instruction, banks[0]));
        settle(instruct(payment(alice, carol, 100)));
        _assertMandate(100, 250, 100);
    }

    function test_GivenNotCoveredWhen_TheBankConsents() external {
        setMandate(0, 1, 100, 250);
        Instruction memory instruction = instruct(payment(alice, carol, 101));
        InstructionId id = engine.idOf(instruction);
        engine.settle(instruction, with(consentsOf(instruction), sign(banks[0], InstructionId.unwrap(id))));
        assertEq(balance(address(deposits[1]), carol), CASH + 101, "settled");
        _assertMandate(100, 250, 0);
    }

    /// @dev A payment inside one bank uses no reserves, so no mandate.
    function test_When_BothBankWithOneBank() external {
        setMandate(0, 1, 0, 0);
        settle(instruct(payment(alice, bob, 1_000)));
        _assertMandate(0, 0, 0);
    }

    function test_When_ARefusedInstructionOfABatchUsesNone() external {
        setMandate(0, 1, 100, 100);
        Instruction memory bad = instruct(payment(alice, carol, 100), payment(bob, alice, CASH + 1));
        Settlement[] memory settlements = batchOf(bad, instruct(payment(alice, carol, 100)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the second has the whole day");
        _assertMandate(100, 100, 100);
    }

    // ---- the day -----------------------------------------------------------------------------------------------------

    function test_When_TheDayRollsAtMidnightInHongKong() external {
        vm.warp(MIDNIGHT - 1);
        setMandate(0, 1, 100, 100);
        settle(instruct(payment(alice, carol, 100)));
        _assertMandate(100, 100, 100);
        Instruction memory instruction = instruct(payment(alice, carol, 100));
        refuse(instruction, consentMissing(instruction, banks[0]));
        vm.warp(MIDNIGHT);
        _assertMandate(100, 100, 0);
        settle(instruction);
        _assertMandate(100, 100, 100);
        vm.warp(MIDNIGHT + 1 days - 1); // UTC has had its midnight, Hong Kong has not.
        _assertMandate(100, 100, 100);
        vm.warp(MIDNIGHT + 1 days);
        _assertMandate(100, 100, 0);
    }

    function _assertMandate(uint64 perPayment, uint64 perDay, uint64 used) private view {
        (uint64 limitPerPayment, uint64 limitPerDay, uint64 usedToday) = deposits[0].mandate(banks[1]);
        assertEq(limitPerPayment, perPayment, "limit per payment");
        assertEq(limitPerDay, perDay, "limit per day");
        assertEq(usedToday, used, "used today");
    }
}
