// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchMode, Consent, Instruction, InstructionId, Settlement} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Whatever the amounts and parties: what one side loses the other gains, and reserves follow deposits.
contract SettleFuzzTest is Base {
    function testFuzz_SettleConserves(uint256 from, uint256 to, uint256 nominal, uint256 cash) external {
        address seller = clients[from % 2 * 2]; // alice or carol
        address buyer = clients[to % 6];
        vm.assume(seller != buyer);
        nominal = bound(nominal, MINIMUM / INCREMENT, (BONDS - MINIMUM) / INCREMENT) * INCREMENT;
        cash = bound(cash, 1, CASH);
        uint256 bondsBefore = balance(address(bond), buyer);
        settle(dvp(seller, buyer, nominal, cash));
        assertEq(balance(address(bond), seller), BONDS - nominal, "the seller gave the nominal");
        assertEq(balance(address(bond), buyer), bondsBefore + nominal, "the buyer has it");
        assertEq(balance(address(depositOf(buyer)), buyer), CASH - cash, "the buyer paid the cash");
        assertEq(balance(address(depositOf(seller)), seller), CASH + cash, "the seller has it");
        _assertReservesFollowDeposits();
    }

    /// @dev A batch has the same effect on every client and every bank as its payments one by one.
    function testFuzz_NettingEqualsGross(uint256 seed, uint8 size) external {
        Settlement[] memory settlements = new Settlement[](bound(size, 1, 24));
        for (uint256 i = 0; i < settlements.length; ++i) {
            (seed, settlements[i]) = _payment(seed);
        }
        uint256 state = vm.snapshotState();
        for (uint256 i = 0; i < settlements.length; ++i) {
            engine.settle(settlements[i].instruction, settlements[i].consents);
        }
        uint256[] memory gross = _positions();
        for (uint256 mode = 0; mode < 2; ++mode) {
            vm.revertToState(state);
            assertEq(settleBatch(settlements, BatchMode(mode)), (1 << settlements.length) - 1, "all settled");
            assertEq(_positions(), gross, "the same positions");
            _assertReservesFollowDeposits();
        }
    }

    function testFuzz_OnlyTheSignedWordsCount(uint256 word, uint256 change) external {
        Instruction memory instruction = dvp(alice, carol, MINIMUM, 5);
        Consent[] memory consents = consentsOf(instruction);
        change = bound(change, 1, type(uint32).max);
        word %= 5;
        if (word == 0) instruction.nonce += change;
        if (word == 1) instruction.deadline += uint64(change);
        if (word == 2) instruction.notBefore -= uint64(bound(change, 1, START));
        if (word == 3) instruction.legs[1].quantity += change;
        if (word == 4) instruction.termsHash = bytes32(change);
        refuse(instruction, consents, consentInvalid(instruction, alice));
    }

    /// @dev A compact signature says the same as a long one, for every key.
    function testFuzz_CompactSignature(uint256 key) external {
        key = boundPrivateKey(key);
        address party = vm.addr(key);
        vm.assume(uint8(registry.statusOf(party)) == 0);
        vm.prank(operator);
        registry.admitParty(party, 1);
        vm.startPrank(banks[0]);
        deposits[0].openAccount(party);
        deposits[0].issue(party, 2, nextBooking());
        vm.stopPrank();
        Instruction memory instruction = instruct(leg(party, alice, address(deposits[0]), 2));
        (bytes32 r, bytes32 vs) = vm.signCompact(key, InstructionId.unwrap(engine.idOf(instruction)));
        engine.settle(instruction, only(Consent(party, abi.encodePacked(r, vs))));
        assertEq(balance(address(deposits[0]), alice), CASH + 2, "settled");
    }

    function _payment(uint256 seed) private returns (uint256 next, Settlement memory) {
        next = uint256(keccak256(abi.encode(seed)));
        address from = clients[next % 6];
        address to = clients[(next % 6 + 1 + (next >> 8) % 5) % 6];
        return (next, withConsents(instruct(payment(from, to, 1 + (next >> 32) % 1_000_000))));
    }

    function _positions() private view returns (uint256[] memory positions) {
        positions = new uint256[](12);
        for (uint256 i = 0; i < 6; ++i) {
            positions[i] = balance(address(depositOf(clients[i])), clients[i]);
        }
        for (uint256 i = 0; i < 3; ++i) {
            positions[6 + i] = balance(address(wholesale), banks[i]);
            (,, positions[9 + i]) = deposits[i].mandate(address(0));
        }
    }

    function _assertReservesFollowDeposits() private view {
        // The wallet's deposit at bank 0 came without reserves of its own.
        for (uint256 i = 0; i < 3; ++i) {
            uint256 deposited = supply(address(deposits[i])) - (i == 0 ? CASH : 0);
            assertEq(deposited, balance(address(wholesale), banks[i]) + CASH, "deposits and reserves moved alike");
        }
        assertEq(supply(address(wholesale)), 3 * CASH, "no reserves came or went");
    }
}
