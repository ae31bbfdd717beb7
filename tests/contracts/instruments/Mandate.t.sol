// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction, InstructionId} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev What a bank lets the engine pay to other banks without asking. The tree is in Mandate.tree.
contract MandateTest is Instructions {
    uint64 private constant PER_PAYMENT = 1_000;
    uint64 private constant PER_DAY = 2_500;

    ITokenizedDeposit private money;
    address private alice;

    function setUp() public override {
        super.setUp();
        (money, alice) = (deposits[0], clients[0]);
        issueReserves(0, 1_000_000);
        tokenise(alice, 1_000_000);
        vm.startPrank(banks[0]);
        money.setCounterpartyLimit(banks[1], PER_PAYMENT);
        money.setDailyLimit(PER_DAY);
        vm.stopPrank();
    }

    // ---- setting it --------------------------------------------------------------------------------------------------

    function test_When_LimitsAreSet() external {
        vm.startPrank(banks[0]);
        vm.expectEmit(address(money));
        emit ITokenizedDeposit.CounterpartyLimitSet(banks[2], 7);
        money.setCounterpartyLimit(banks[2], 7);
        vm.expectEmit(address(money));
        emit ITokenizedDeposit.DailyLimitSet(9);
        money.setDailyLimit(9);
        stands(banks[2], 7, 9, 0);
        stands(banks[1], PER_PAYMENT, 9, 0);
        assertEq(supply(address(money)), 1_000_000, "the supply next to it is untouched");
    }

    function test_RevertWhen_TheCounterpartyIsNoBank() external {
        vm.startPrank(banks[0]);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.BANK));
        money.setCounterpartyLimit(alice, 1);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, stranger, PartyStatus.Unknown));
        money.setCounterpartyLimit(stranger, 1);
    }

    function test_Given_NoMandate() external view {
        assertFalse(money.withinMandate(1, banks[2]), "no limit towards this bank");
        assertTrue(money.withinMandate(0, banks[2]), "nothing is always covered");
    }

    // ---- using it ----------------------------------------------------------------------------------------------------

    function test_When_PaymentsAreWithinTheMandate() external {
        assertTrue(debit(PER_PAYMENT, banks[1]), "first");
        assertTrue(debit(PER_PAYMENT, banks[1]), "second");
        stands(banks[1], PER_PAYMENT, PER_DAY, 2 * PER_PAYMENT);
        assertTrue(debit(PER_DAY - 2 * PER_PAYMENT, banks[1]), "up to the limit of the day");
        assertFalse(money.withinMandate(1, banks[1]), "used up");
        assertEq(supply(address(money)), 1_000_000 - PER_DAY, "burnt");
    }

    function test_When_APaymentIsAboveALimit() external {
        assertFalse(debit(PER_PAYMENT + 1, banks[1]), "above the limit per payment");
        stands(banks[1], PER_PAYMENT, PER_DAY, 0);
        debit(PER_PAYMENT, banks[1]);
        debit(PER_PAYMENT, banks[1]);
        assertFalse(debit(PER_PAYMENT, banks[1]), "above what is left of the day");
        stands(banks[1], PER_PAYMENT, PER_DAY, 2 * PER_PAYMENT);
    }

    function test_When_CounterpartiesShareTheDay() external {
        vm.prank(banks[0]);
        money.setCounterpartyLimit(banks[2], PER_DAY);
        assertTrue(debit(PER_DAY, banks[2]));
        assertFalse(debit(1, banks[1]), "one limit per day for all");
    }

    function test_When_TheMandateIsEnded() external {
        vm.prank(banks[0]);
        money.setCounterpartyLimit(banks[1], 0);
        assertFalse(money.withinMandate(1, banks[1]));
        vm.startPrank(banks[0]);
        money.setCounterpartyLimit(banks[1], PER_PAYMENT);
        money.setDailyLimit(0);
        assertFalse(money.withinMandate(1, banks[1]));
    }

    /// @dev The day of Hong Kong begins at 16:00 UTC.
    function test_When_ABusinessDayEnds() external {
        uint256 midnight = (block.timestamp / 1 days) * 1 days + 1 days + 16 hours;
        vm.warp(midnight - 1);
        debit(PER_PAYMENT, banks[1]);
        stands(banks[1], PER_PAYMENT, PER_DAY, PER_PAYMENT);
        vm.warp(midnight);
        stands(banks[1], PER_PAYMENT, PER_DAY, 0);
        debit(7, banks[1]);
        stands(banks[1], PER_PAYMENT, PER_DAY, 7);
        vm.warp(midnight + 8 hours); // Midnight in Greenwich.
        stands(banks[1], PER_PAYMENT, PER_DAY, 7);
        vm.warp(midnight + 1 days);
        stands(banks[1], PER_PAYMENT, PER_DAY, 0);
    }

    /// @dev Without cover the engine needs the bank's own signature, and with it the mandate is not used.
    function test_RevertGiven_NoCoverWithoutTheBanksConsent() external {
        Instruction memory instruction = instruct(payment(alice, clients[2], PER_PAYMENT + 1));
        Consent[] memory consents = consentsOf(instruction);
        InstructionId id = engine.idOf(instruction);
        vm.expectRevert(abi.encodeWithSelector(ISettlementEngine.Engine_ConsentMissing.selector, id, banks[0]));
        engine.settle(instruction, consents);
        engine.settle(instruction, with(consents, sign(banks[0], InstructionId.unwrap(id))));
        assertEq(balance(address(deposits[1]), clients[2]), PER_PAYMENT + 1, "paid");
        stands(banks[1], PER_PAYMENT, PER_DAY, 0);
    }

    function test_When_AmountsNobodyHasAreAsked() external view {
        assertFalse(money.withinMandate(type(uint256).max, banks[1]), "no overflow");
        assertEq(money.debitReasons(alice, type(uint256).max).length, 1);
        assertEq(money.debitReasons(alice, 1_000_000).length, 0);
        assertEq(
            money.debitReasons(alice, 1_000_001)[0],
            abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, alice, 1_000_000, 1_000_001)
        );
        assertEq(money.creditReasons(alice, 1).length, 0);
        assertEq(money.creditReasons(clients[2], 1).length, 1, "no account here");
    }

    /// @dev A payment is covered exactly where both limits allow it, and only what is covered counts.
    function testFuzz_When_PaymentsFollowOneAnother(uint16[12] memory amounts, uint64 perPayment, uint64 perDay)
        external
    {
        perPayment = uint64(bound(perPayment, 0, 70_000));
        perDay = uint64(bound(perDay, 0, 300_000));
        vm.startPrank(banks[0]);
        money.setCounterpartyLimit(banks[1], perPayment);
        money.setDailyLimit(perDay);
        vm.stopPrank();
        uint256 used;
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = uint256(amounts[i]) + 1;
            bool expected = amount <= perPayment && used + amount <= perDay;
            assertEq(money.withinMandate(amount, banks[1]), expected, "said before");
            assertEq(debit(amount, banks[1]), expected, "said when debited");
            if (expected) used += amount;
            stands(banks[1], perPayment, perDay, uint64(used));
        }
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function debit(uint256 amount, address payeeBank) private returns (bool covered) {
        address bank;
        IFungibleInstrument reserve;
        vm.prank(address(engine));
        (bank, reserve, covered) = money.debit(alice, amount, payeeBank);
        assertEq(bank, banks[0]);
        assertEq(address(reserve), address(wholesale));
    }

    function stands(address counterparty, uint64 perPayment, uint64 perDay, uint64 used) private view {
        (uint64 actualPerPayment, uint64 actualPerDay, uint64 actualUsed) = money.mandate(counterparty);
        assertEq(actualPerPayment, perPayment, "per payment");
        assertEq(actualPerDay, perDay, "per day");
        assertEq(actualUsed, used, "used");
    }
}
