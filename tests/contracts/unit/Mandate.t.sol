// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {Roles} from "../../../contracts/types/Participation.sol";
import {BatchMode, Instruction, InstructionId, Settlement} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev What a bank lets the engine do with its reserves. Hong Kong's day begins at 16:00 UTC.
contract MandateTest is Base {
    /// @dev 16:00 UTC on 15 November 2023: midnight in Hong Kong.
    uint256 private constant MIDNIGHT = 1_700_064_000;

    // ---- setting it --------------------------------------------------------------------------------------------------

    function test_RevertWhen_TheCallerIsNotTheBank() external {
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_NotIssuer.selector, banks[1]);
        vm.startPrank(banks[1]);
        vm.expectRevert(reason);
        deposits[0].setCounterpartyLimit(banks[1], 1);
        vm.expectRevert(reason);
        deposits[0].setDailyLimit(1);
        vm.stopPrank();
    }

    function test_RevertWhen_TheCounterpartyIsNoBank() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.BANK));
        vm.prank(banks[0]);
        deposits[0].setCounterpartyLimit(alice, 1);
    }

    function test_When_Set() external {
        vm.startPrank(banks[0]);
        vm.expectEmit(address(deposits[0]));
        emit ITokenizedDeposit.CounterpartyLimitSet(banks[1], 100);
        deposits[0].setCounterpartyLimit(banks[1], 100);
        vm.expectEmit(address(deposits[0]));
        emit ITokenizedDeposit.DailyLimitSet(250);
        deposits[0].setDailyLimit(250);
        vm.stopPrank();
        _assertMandate(100, 250, 0);
    }

    // ---- using it ----------------------------------------------------------------------------------------------------

    function test_RevertGiven_ThePaymentIsAboveTheLimit() external {
        setMandate(0, 1, 100, 250);
        Instruction memory instruction = instruct(payment(alice, carol, 101));
        refuse(instruction, consentMissing(instruction, banks[0]));
        settle(instruct(payment(alice, carol, 100)));
        _assertMandate(100, 250, 100);
    }

    function test_RevertGiven_TheDayIsUsedUp() external {
        setMandate(0, 1, 100, 250);
        settle(instruct(payment(alice, carol, 100)));
        settle(instruct(payment(bob, dan, 100)));
        Instruction memory instruction = instruct(payment(alice, carol, 51));
        refuse(instruction, consentMissing(instruction, banks[0]));
        settle(instruct(payment(alice, carol, 50)));
        _assertMandate(100, 250, 250);
    }

    /// @dev The daily limit is over all counterparties together.
    function test_RevertGiven_TheDayIsUsedUpTowardsAnotherBank() external {
        setMandate(0, 1, 100, 250);
        setMandate(0, 2, 200, 250);
        settle(instruct(payment(alice, erin, 200)));
        Instruction memory instruction = instruct(payment(alice, carol, 51));
        refuse(instruction, consentMissing(instruction, banks[0]));
    }

    function test_RevertGiven_ThereIsNoMandateTowardsTheBank() external {
        setMandate(0, 1, 0, 250);
        Instruction memory instruction = instruct(payment(alice, carol, 1));
        refuse(instruction, consentMissing(instruction, banks[0]));
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
