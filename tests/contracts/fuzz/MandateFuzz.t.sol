// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Consent, Instruction, InstructionId} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev A model of the mandate beside the contract: what was used on which Hong Kong day.
contract MandateFuzzTest is Base {
    uint256 private _day;
    uint256 private _used;

    function testFuzz_UsageFollowsTheModel(
        uint64 perPayment,
        uint64 perDay,
        uint64[6] memory amounts,
        uint32[6] memory waits
    ) external {
        perDay = uint64(bound(perDay, 1, CASH));
        setMandate(0, 1, perPayment, perDay);
        for (uint256 i = 0; i < 6; ++i) {
            vm.warp(block.timestamp + waits[i] % 6 hours);
            uint256 amount = bound(amounts[i], 1, perDay);
            if (balance(address(deposits[0]), alice) < amount) tokenise(alice, amount);
            if (balance(address(wholesale), banks[0]) < amount) issueReserves(0, amount);
            uint256 today = (block.timestamp + HONG_KONG) / 1 days;
            if (today != _day) (_day, _used) = (today, 0);
            bool covered = amount <= perPayment && _used + amount <= perDay;
            _pay(amount, covered);
            if (covered) _used += amount;
            (,, uint64 usedToday) = deposits[0].mandate(banks[1]);
            assertEq(usedToday, _used, "used today");
            assertLe(usedToday, perDay, "never more than the day's limit");
        }
    }

    function _pay(uint256 amount, bool covered) private {
        Instruction memory instruction = instruct(payment(alice, carol, amount));
        Consent[] memory consents = consentsOf(instruction);
        if (!covered) {
            bytes memory reason = consentMissing(instruction, banks[0]);
            vm.expectRevert(reason);
            engine.settle(instruction, consents);
            consents = with(consents, sign(banks[0], InstructionId.unwrap(engine.idOf(instruction))));
        }
        engine.settle(instruction, consents);
    }
}
