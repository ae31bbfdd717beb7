// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {
    BatchMode,
    Consent,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg,
    Settlement
} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev The tree is in Settle.tree; what concerns signatures is in Consents.t.sol.
contract SettleTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;
    uint256 private constant PRICE = 1_012_345_678;

    // ---- the instruction itself --------------------------------------------------------------------------------------

    function test_RevertWhen_NoLegs() external {
        Instruction memory instruction = instruct(new Leg[](0));
        InstructionId id = engine.idOf(instruction);
        refuse(instruction, abi.encodeWithSelector(ISettlementEngine.Engine_LegCount.selector, id, 0));
    }

    function test_RevertWhen_MoreThan32Legs() external {
        Leg[] memory legs = new Leg[](33);
        for (uint256 i = 0; i < 33; ++i) {
            legs[i] = payment(alice, bob, 1);
        }
        Instruction memory instruction = instruct(legs);
        InstructionId id = engine.idOf(instruction);
        refuse(instruction, abi.encodeWithSelector(ISettlementEngine.Engine_LegCount.selector, id, 33));
    }

    function test_When_32Legs() external {
        Leg[] memory legs = new Leg[](32);
        for (uint256 i = 0; i < 32; ++i) {
            legs[i] = payment(alice, carol, 1);
        }
        settle(instruct(legs));
        assertEq(balance(address(deposits[1]), carol), CASH + 32, "every leg counts");
    }

    function test_RevertWhen_BeforeTheWindow() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        instruction.notBefore = uint64(block.timestamp + 1);
        InstructionId id = engine.idOf(instruction);
        bytes4 selector = ISettlementEngine.Engine_TooEarly.selector;
        refuse(instruction, abi.encodeWithSelector(selector, id, instruction.notBefore, block.timestamp));
    }

    function test_RevertWhen_AfterTheDeadline() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        InstructionId id = engine.idOf(instruction);
        vm.warp(instruction.deadline + 1);
        bytes4 selector = ISettlementEngine.Engine_Expired.selector;
        refuse(instruction, abi.encodeWithSelector(selector, id, instruction.deadline, block.timestamp));
    }

    function test_When_InTheFirstAndTheLastSecond() external {
        settle(dvp(alice, bob, NOMINAL_SOLD, PRICE)); // Opens at the time of this block.
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        vm.warp(instruction.deadline);
        settle(instruction);
        assertEq(balance(address(bond), bob), 2 * NOMINAL_SOLD, "both settled");
    }

    // ---- the nonce ---------------------------------------------------------------------------------------------------

    function test_RevertGiven_Settled() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        settle(instruction);
        refuse(instruction, _unexpected(instruction, InstructionStatus.Settled));
    }

    function test_RevertGiven_NonceServedAnotherInstructionOfTheGroup() external {
        Instruction memory first = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        settle(first);
        Instruction memory second = dvp(alice, bob, NOMINAL_SOLD, PRICE - 1);
        second.nonce = first.nonce;
        refuse(second, _unexpected(second, InstructionStatus.Settled));
    }

    function test_When_NonceServedAnotherGroup() external {
        Instruction memory first = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        settle(first);
        Instruction memory second = dvp(alice, carol, NOMINAL_SOLD, PRICE);
        second.nonce = first.nonce;
        settle(second);
        assertEq(balance(address(bond), bob), NOMINAL_SOLD, "the first settled");
        assertEq(balance(address(bond), carol), BONDS + NOMINAL_SOLD, "the second settled");
    }

    function test_When_NeighbouringNonces() external {
        for (uint256 i = 0; i < 130; ++i) {
            Instruction memory instruction = instruct(payment(alice, bob, 1));
            instruction.nonce = i;
            settle(instruction);
            assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Settled), "this nonce is spent");
            instruction.nonce = i + 1;
            assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Open), "the next one is not");
        }
    }

    // ---- parties and instruments -------------------------------------------------------------------------------------

    function test_RevertGiven_GiverFrozen() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        freeze(alice);
        refuse(instruction, notActive(alice, PartyStatus.Frozen));
    }

    function test_RevertGiven_ReceiverSuspended() external {
        Instruction memory instruction = instruct(payment(alice, bob, 1));
        suspend(bob);
        refuse(instruction, notActive(bob, PartyStatus.Suspended));
    }

    function test_RevertGiven_ReceiverUnknown() external {
        Instruction memory instruction = instruct(leg(alice, stranger, address(bond), NOMINAL_SOLD));
        refuse(instruction, notActive(stranger, PartyStatus.Unknown));
    }

    function test_RevertGiven_BankOfThePayeeFrozen() external {
        Instruction memory instruction = instruct(payment(alice, carol, 1));
        freeze(banks[1]);
        refuse(instruction, notActive(banks[1], PartyStatus.Frozen));
    }

    function test_RevertGiven_InstrumentNotAdmitted() external {
        Instruction memory instruction = instruct(payment(alice, carol, 1));
        vm.prank(operator);
        registry.withdrawInstrument(address(deposits[1]));
        bytes4 selector = IRegistry.Registry_InstrumentNotAdmitted.selector;
        refuse(instruction, abi.encodeWithSelector(selector, address(deposits[1])));
    }

    function test_RevertGiven_TooLittleFree() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, CASH + 1);
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        refuse(instruction, abi.encodeWithSelector(selector, bob, CASH, CASH + 1));
        assertEq(balance(address(bond), alice), BONDS, "the bond did not leave alone");
    }

    function test_RevertGiven_TooLittleReserves() external {
        vm.prank(authority);
        wholesale.redeem(banks[1], CASH - 5, nextBooking());
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, 6);
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        refuse(instruction, abi.encodeWithSelector(selector, banks[1], 5, 6));
    }

    function test_RevertWhen_QuantityIsZero() external {
        Instruction memory instruction = instruct(payment(alice, bob, 0));
        refuse(instruction, abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, 0));
    }

    function test_RevertWhen_QuantityIsMoreThanAnAccountCarries() external {
        uint256 quantity = uint256(type(uint96).max) + 1;
        Instruction memory instruction = instruct(payment(alice, carol, quantity));
        refuse(instruction, abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, quantity));
    }

    function test_RevertWhen_GiverIsReceiver() external {
        Instruction memory instruction = instruct(payment(alice, alice, 1));
        refuse(instruction, abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, alice));
    }

    /// @dev Two kinds of deposits at one bank: it would owe itself, and nothing would move. Also where reserves are netted.
    function test_RevertWhen_TheTwoDepositsAreOfOneBank() external {
        ITokenizedDeposit other = otherDeposit(0, wholesale, bob);
        Instruction memory instruction = instruct(Leg(alice, bob, address(deposits[0]), address(other), 1));
        setMandate(0, 0, 1, 1);
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, banks[0]);
        refuse(instruction, reason);
        expectFailed(engine.idOf(instruction), reason);
        Settlement[] memory settlements = batchOf(instruction, instruct(payment(alice, bob, 1)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the other one settled");
    }

    /// @dev A bond has no reserve: nothing can be paid in it across banks, on either side.
    function test_RevertWhen_WhatIsPaidInIsNoDeposit() external {
        _refuseAsNoDeposit(Leg(alice, carol, address(bond), address(deposits[1]), NOMINAL_SOLD));
        _refuseAsNoDeposit(Leg(alice, carol, address(deposits[0]), address(bond), NOMINAL_SOLD));
        assertEq(balance(address(bond), alice), BONDS, "the bond stays");
        assertEq(balance(address(deposits[0]), alice), CASH, "and so does the cash");
    }

    function test_RevertWhen_ReservesDiffer() external {
        ITokenizedDeposit other = otherDeposit(1, otherWholesale(), carol);
        Instruction memory instruction = instruct(Leg(alice, carol, address(deposits[0]), address(other), 1));
        InstructionId id = engine.idOf(instruction);
        refuse(instruction, abi.encodeWithSelector(ISettlementEngine.Engine_ReserveMismatch.selector, id, 0));
    }

    // ---- success -----------------------------------------------------------------------------------------------------

    function test_When_BothBankWithOneBank() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, PRICE);
        uint256 reserves = balance(address(wholesale), banks[0]);
        Consent[] memory consents = consentsOf(instruction);
        vm.expectEmit(address(engine));
        emit ISettlementEngine.InstructionSettled(engine.idOf(instruction), instruction.termsHash);
        vm.prank(stranger); // It does not matter who submits.
        engine.settle(instruction, consents);
        assertEq(balance(address(bond), bob), NOMINAL_SOLD, "the buyer has the bond");
        assertEq(balance(address(deposits[0]), alice), CASH + PRICE, "the seller has the cash");
        assertEq(balance(address(deposits[0]), bob), CASH - PRICE, "the buyer has paid it");
        assertEq(balance(address(wholesale), banks[0]), reserves, "no reserves moved");
    }

    function test_When_TheyBankWithTwoBanks() external {
        settle(dvp(alice, carol, NOMINAL_SOLD, PRICE));
        assertEq(balance(address(bond), carol), BONDS + NOMINAL_SOLD, "the buyer has the bond");
        assertEq(balance(address(deposits[0]), alice), CASH + PRICE, "minted at the payee's bank");
        assertEq(balance(address(deposits[1]), carol), CASH - PRICE, "burnt at the payer's bank");
        assertEq(balance(address(wholesale), banks[0]), CASH + PRICE, "the payee's bank has the reserves");
        assertEq(balance(address(wholesale), banks[1]), CASH - PRICE, "the payer's bank has paid them");
        assertEq(supply(address(wholesale)), 3 * CASH, "no central bank money came or went");
    }

    function test_When_DeliveryVersusDelivery() external {
        uint256 title = issueBill(bob, "HKG-1");
        Leg memory one = leg(alice, bob, address(bond), NOMINAL_SOLD);
        settle(instruct(one, leg(bob, alice, address(bills), title)));
        assertEq(balance(address(bond), bob), NOMINAL_SOLD, "the bond");
        (bool ok, bytes memory data) = address(bills).call(abi.encodeWithSignature("ownerOf(uint256)", title));
        assertTrue(ok, "the bill has an owner");
        assertEq(abi.decode(data, (address)), alice, "the bill");
    }

    function test_When_PaymentVersusPayment() external {
        ITokenizedDeposit dollars = otherDeposit(1, otherWholesale(), alice);
        vm.startPrank(banks[1]);
        dollars.openAccount(carol);
        dollars.issue(carol, 100, nextBooking());
        vm.stopPrank();
        settle(instruct(payment(alice, carol, 780), leg(carol, alice, address(dollars), 100)));
        assertEq(balance(address(dollars), alice), 100, "dollars");
        assertEq(balance(address(deposits[1]), carol), CASH + 780, "Hong Kong dollars");
    }

    /// @dev Legs are performed in order, so what one brings the next may pass on.
    function test_When_ALegPassesOnWhatTheOneBeforeItBrought() external {
        Leg[] memory legs = new Leg[](2);
        legs[0] = leg(alice, bob, address(bond), BONDS);
        legs[1] = leg(bob, dan, address(bond), BONDS);
        settle(instruct(legs));
        assertEq(balance(address(bond), dan), BONDS, "through bob to dan");
    }

    function test_When_ReservesMoveBetweenBanksAsALeg() external {
        settle(instruct(leg(banks[0], banks[1], address(wholesale), 7)));
        assertEq(IFungibleInstrument(address(wholesale)).freeOf(banks[1]), CASH + 7, "the bank has them");
    }

    function _unexpected(Instruction memory instruction, InstructionStatus status) private view returns (bytes memory) {
        bytes4 selector = ISettlementEngine.Engine_UnexpectedStatus.selector;
        return abi.encodeWithSelector(selector, engine.idOf(instruction), instruction.nonce, status);
    }

    function _refuseAsNoDeposit(Leg memory across) private {
        Instruction memory instruction = instruct(across);
        Consent[] memory consents = consentsOf(instruction);
        bytes memory reason =
            abi.encodeWithSelector(ISettlementEngine.Engine_ReserveMismatch.selector, engine.idOf(instruction), 0);
        assertTrue(contains(dryRun.reasons(instruction, consents), reason), "the dry run does not name the reason");
        vm.expectRevert(bytes(""));
        engine.settle(instruction, consents);
    }
}
