// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {BatchMode, Consent, Instruction, InstructionId, Settlement} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev A bank is frozen or suspended in the middle: after its consent, after a lock, between two batches. Its money
/// stops, nobody else's does, and what was held for it comes back. The tree is in FrozenBank.tree.
contract FrozenBankTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;
    uint256 private constant PRICE = 1_000;

    // ---- after the lock ----------------------------------------------------------------------------------------------

    function test_RevertGiven_ThePayersBankWasFrozenSinceTheLock() external {
        _refusedSinceTheLock(1);
    }

    function test_RevertGiven_ThePayeesBankWasFrozenSinceTheLock() external {
        _refusedSinceTheLock(0);
    }

    function test_GivenFrozenSinceTheLockWhen_CancelledOrExpired() external {
        Instruction memory cancelled = _locked();
        Instruction memory expired = _locked();
        freeze(banks[1]);
        engine.cancel(cancelled, "", cancellationsOf(cancelled, ""));
        vm.warp(expired.deadline + 1);
        engine.expire(expired);
        assertEq(held(address(bond), alice), 0, "the bonds are free");
        assertEq(held(address(deposits[1]), carol), 0, "and so is the cash at the bank that is frozen");
    }

    // ---- after its consent -------------------------------------------------------------------------------------------

    function test_RevertGiven_FrozenSinceItConsented() external {
        setMandate(0, 1, 0, 0);
        Instruction memory instruction = instruct(payment(alice, carol, PRICE));
        Consent memory word = sign(banks[0], InstructionId.unwrap(engine.idOf(instruction)));
        Consent[] memory consents = with(consentsOf(instruction), word);
        freeze(banks[0]);
        refuse(instruction, consents, notActive(banks[0], PartyStatus.Frozen));
        vm.prank(supervisor);
        registry.unfreezeParty(banks[0]);
        engine.settle(instruction, consents);
    }

    // ---- between batches ---------------------------------------------------------------------------------------------

    /// @dev One that pays from it, one that pays to it, one at it alone, and one that has nothing to do with it.
    function test_GivenABatchWhen_ABankIsFrozen() external {
        Settlement[] memory settlements = _batch();
        freeze(banks[1]);
        _assertOnlyTheOtherBanksSettle(settlements, PartyStatus.Frozen);
    }

    function test_GivenABatchWhen_ABankIsSuspended() external {
        Settlement[] memory settlements = _batch();
        suspend(banks[1]);
        _assertOnlyTheOtherBanksSettle(settlements, PartyStatus.Suspended);
    }

    function test_GivenAllOrNothingWhen_ABankIsFrozen() external {
        Settlement[] memory settlements = _batch();
        freeze(banks[1]);
        refuseBatch(settlements, BatchMode.AllOrNothing, notActive(banks[1], PartyStatus.Frozen));
        assertEq(balance(address(deposits[0]), alice), CASH, "nothing of it took effect");
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    /// @dev Carol, at bank 1, buys from Alice, at bank 0.
    function _locked() private returns (Instruction memory instruction) {
        instruction = dvp(alice, carol, NOMINAL_SOLD, PRICE);
        engine.lock(instruction, consentsOf(instruction));
    }

    function _refusedSinceTheLock(uint256 bank) private {
        Instruction memory instruction = _locked();
        freeze(banks[bank]);
        vm.expectRevert(notActive(banks[bank], PartyStatus.Frozen));
        engine.settleLocked(instruction, new Consent[](0));
        assertEq(held(address(bond), alice), NOMINAL_SOLD, "still on hold");
        vm.prank(supervisor);
        registry.unfreezeParty(banks[bank]);
        engine.settleLocked(instruction, new Consent[](0));
        assertEq(balance(address(bond), carol), BONDS + NOMINAL_SOLD, "settled after the freeze");
    }

    function _batch() private returns (Settlement[] memory settlements) {
        settlements = new Settlement[](4);
        settlements[0] = withConsents(instruct(payment(carol, alice, PRICE)));
        settlements[1] = withConsents(instruct(payment(alice, carol, PRICE)));
        settlements[2] = withConsents(instruct(payment(carol, dan, PRICE)));
        settlements[3] = withConsents(instruct(payment(alice, erin, PRICE)));
    }

    function _assertOnlyTheOtherBanksSettle(Settlement[] memory settlements, PartyStatus status) private {
        for (uint256 i = 0; i < 3; ++i) {
            expectFailed(engine.idOf(settlements[i].instruction), notActive(banks[1], status));
        }
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 8, "only the fourth settled");
        assertEq(balance(address(wholesale), banks[0]), CASH - PRICE, "the payer's bank has paid");
        assertEq(balance(address(wholesale), banks[1]), CASH, "nothing of the barred bank's moved");
        assertEq(balance(address(wholesale), banks[2]), CASH + PRICE, "the payee's bank has it");
    }
}
