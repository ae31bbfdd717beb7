// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction, InstructionId, InstructionStatus, Leg} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Each refusal's reason is compared in `Base.refuse` wherever a settlement is refused; here: all reasons at once.
contract DryRunTest is Base {
    function test_When_NothingIsWrong() external {
        Instruction memory instruction = dvp(alice, carol, 10_000_000, 5);
        assertEq(dryRun.reasons(instruction, consentsOf(instruction)).length, 0, "no reason");
        settle(instruction);
    }

    function test_When_ItIsInTheMiddleOfTheWindow() external {
        Instruction memory instruction = dvp(alice, carol, 10_000_000, 5);
        vm.warp((uint256(instruction.notBefore) + instruction.deadline) / 2);
        assertEq(dryRun.reasons(instruction, consentsOf(instruction)).length, 0, "no reason");
        settle(instruction);
    }

    function test_When_EverythingIsWrong() external {
        Instruction memory instruction = dvp(alice, carol, 10_000_000, CASH + 1);
        settle(instruct(payment(alice, carol, 1)));
        instruction.notBefore = uint64(block.timestamp + 10);
        instruction.deadline = uint64(block.timestamp - 10);
        Instruction memory used = dvp(alice, carol, 10_000_000, 5);
        used.nonce = instruction.nonce;
        settle(used);
        freeze(alice);
        setMandate(1, 0, 0, 0);
        vm.startPrank(authority);
        wholesale.redeem(banks[1], balance(address(wholesale), banks[1]) - 1, nextBooking());
        wholesale.blockAccount(banks[0]);
        vm.stopPrank();
        vm.prank(banks[0]);
        deposits[0].blockAccount(alice);
        bytes[] memory reasons = dryRun.reasons(instruction, new Consent[](0));
        InstructionId id = engine.idOf(instruction);
        uint256 cash = balance(address(deposits[1]), carol);
        bytes4 unexpected = ISettlementEngine.Engine_UnexpectedStatus.selector;
        bytes4 early = ISettlementEngine.Engine_TooEarly.selector;
        bytes4 expired = ISettlementEngine.Engine_Expired.selector;
        bytes4 short = IInstrument.Instrument_InsufficientFree.selector;
        bytes4 blocked = IAccountMoney.AccountMoney_AccountBlocked.selector;
        bytes[12] memory wanted = [
            abi.encodeWithSelector(unexpected, id, instruction.nonce, InstructionStatus.Settled),
            abi.encodeWithSelector(early, id, instruction.notBefore, block.timestamp),
            abi.encodeWithSelector(expired, id, instruction.deadline, block.timestamp),
            notActive(alice, PartyStatus.Frozen),
            consentMissing(instruction, alice),
            consentMissing(instruction, carol),
            consentMissing(instruction, banks[1]),
            abi.encodeWithSelector(short, carol, cash, CASH + 1),
            abi.encodeWithSelector(short, banks[1], 1, CASH + 1),
            abi.encodeWithSelector(blocked, banks[0]),
            abi.encodeWithSelector(blocked, alice),
            notActive(alice, PartyStatus.Frozen)
        ];
        for (uint256 i = 0; i < wanted.length; ++i) {
            assertTrue(contains(reasons, wanted[i]), string.concat("reason ", vm.toString(i), " is missing"));
        }
        assertEq(reasons.length, wanted.length, "alice is in two legs, so her status is named twice; nothing else is");
    }

    function test_When_OnePartyGivesInTwoLegs() external {
        Instruction memory instruction = instruct(payment(alice, bob, 1), payment(alice, carol, 1));
        bytes[] memory reasons = dryRun.reasons(instruction, new Consent[](0));
        assertEq(reasons.length, 1, "its consent is missing once");
        assertEq(reasons[0], consentMissing(instruction, alice), "and it is named");
    }

    function test_GivenAnInstrumentIsNotAdmitted() external {
        Instruction memory instruction = instruct(leg(alice, bob, address(this), 1));
        bytes[] memory reasons = dryRun.reasons(instruction, consentsOf(instruction));
        assertEq(reasons.length, 1, "it is not asked anything");
        assertEq(
            reasons[0],
            abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, address(this)),
            "it is named"
        );
    }

    function test_GivenTheReceiverHasNoAccount() external {
        Instruction memory instruction = instruct(Leg(alice, bob, address(deposits[0]), address(deposits[1]), 1));
        refuse(instruction, abi.encodeWithSelector(IAccountMoney.AccountMoney_NoAccount.selector, bob));
    }
}
