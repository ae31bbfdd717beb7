// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchCodec} from "../../../contracts/libraries/BatchCodec.sol";
import {Consent, Instruction, InstructionId, Leg, Settlement} from "../../../contracts/types/Settlement.sol";
import {BatchMode, InstructionStatus} from "../../../contracts/types/Settlement.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev What `encodeBatch` packs, `expand` unpacks into the very same call. The tree is in BatchCodec.tree.
contract BatchCodecTest is Instructions {
    /// @dev Legs and consents of any number and content come back word by word.
    function testFuzz_When_AnyBatchIsPackedAndExpanded(uint256 seed, uint8 count) external view {
        Settlement[] memory batch = new Settlement[](bound(count, 1, 4));
        for (uint256 i = 0; i < batch.length; ++i) {
            batch[i] = compose(uint256(keccak256(abi.encode(seed, i))));
        }
        (address[] memory accounts, bytes memory items) = encodeBatch(batch);
        uint256[] memory classes = new uint256[](accounts.length);
        uint256 offset;
        for (uint256 i = 0; i < batch.length; ++i) {
            bytes memory input;
            bool wellFormed;
            (input, offset, wellFormed) = this.expand(items, offset, accounts, classes);
            assertTrue(wellFormed, "well formed");
            (Instruction memory instruction, Consent[] memory consents, uint256 eligibility) = this.decode(input);
            assertEq(abi.encode(instruction), abi.encode(batch[i].instruction), "the same instruction");
            assertEq(abi.encode(consents), abi.encode(batch[i].consents), "the same consents");
            assertEq(eligibility, 0, "nobody is fit");
        }
        assertEq(offset, items.length, "nothing is left");
    }

    function testFuzz_When_ClassesAreGiven(uint256 seed) external view {
        Settlement[] memory batch = new Settlement[](1);
        batch[0] = compose(seed);
        Leg[] memory legs = batch[0].instruction.legs;
        (address[] memory accounts, bytes memory items) = encodeBatch(batch);
        uint256[] memory classes = new uint256[](accounts.length);
        for (uint256 i = 0; i < classes.length; ++i) {
            uint256 pick = uint256(keccak256(abi.encode(seed, "class", i)));
            classes[i] = pick % 16 == 0 ? pick >> 253 : (pick >> 200) & 4 | 3;
        }
        (bytes memory input,,) = this.expand(items, 0, accounts, classes);
        (,, uint256 eligibility) = this.decode(input);
        bool fit = true;
        uint256 duties;
        for (uint256 i = 0; i < legs.length; ++i) {
            uint256 gives = classOf(accounts, classes, legs[i].instrument);
            fit = fit
                && classOf(accounts, classes, legs[i].giver) & classOf(accounts, classes, legs[i].receiver) & 1 != 0
                && gives & classOf(accounts, classes, legs[i].receiverInstrument) & 2 != 0;
            if (gives & 4 != 0) duties |= 1 << i;
        }
        assertEq(eligibility, (fit ? BatchCodec.ELIGIBLE : 0) | duties, "eligibility and duties");
    }

    function testFuzz_When_AnItemIsCutShort(uint256 seed, uint256 length) external view {
        Settlement[] memory batch = new Settlement[](1);
        batch[0] = compose(seed);
        (address[] memory accounts, bytes memory items) = encodeBatch(batch);
        length = bound(length, 1, items.length - 1);
        assembly ("memory-safe") {
            mstore(items, length)
        }
        (,, bool wellFormed) = this.expand(items, 0, accounts, new uint256[](accounts.length));
        assertFalse(wellFormed, "cut short");
    }

    function test_When_APositionPointsOutsideTheAccounts() external view {
        Settlement[] memory batch = new Settlement[](1);
        batch[0] = compose(1);
        (address[] memory accounts, bytes memory items) = encodeBatch(batch);
        uint256 shorter = accounts.length - 1;
        assembly ("memory-safe") {
            mstore(accounts, shorter)
        }
        (,, bool wellFormed) = this.expand(items, 0, accounts, new uint256[](shorter));
        assertFalse(wellFormed, "names nobody");
    }

    /// @dev The engine settles from a batch what it would have settled one by one: the ids are the same.
    function test_When_TheEngineSettlesABatch() external {
        tokenise(clients[0], 1000);
        Settlement[] memory batch = new Settlement[](3);
        for (uint256 i = 0; i < 3; ++i) {
            Instruction memory instruction = instruct(payment(clients[0], clients[1], 1 + i));
            batch[i] = Settlement(instruction, consentsOf(instruction));
        }
        for (uint256 i = 0; i < 3; ++i) {
            InstructionId id = engine.idOf(batch[i].instruction);
            vm.expectEmit(address(engine));
            emit ISettlementEngine.InstructionSettled(id, batch[i].instruction.termsHash);
        }
        assertEq(settleBatch(batch, BatchMode.AllOrNothing), 7);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(uint8(engine.statusOf(batch[i].instruction)), uint8(InstructionStatus.Settled));
        }
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function expand(bytes calldata items, uint256 offset, address[] memory accounts, uint256[] memory classes)
        external
        pure
        returns (bytes memory, uint256, bool)
    {
        return BatchCodec.expand(items, offset, accounts, classes, ISettlementEngine.settleInBatch.selector);
    }

    function decode(bytes calldata input) external pure returns (Instruction memory, Consent[] memory, uint256) {
        require(bytes4(input[:4]) == ISettlementEngine.settleInBatch.selector, "selector");
        return abi.decode(input[4:], (Instruction, Consent[], uint256));
    }

    function compose(uint256 seed) private pure returns (Settlement memory made) {
        Leg[] memory legs = new Leg[](1 + seed % 4);
        for (uint256 i = 0; i < legs.length; ++i) {
            uint256 pick = uint256(keccak256(abi.encode(seed, "leg", i)));
            legs[i] = Leg(name(pick), name(pick >> 8), name(pick >> 16), name(pick >> 24), pick);
        }
        made.instruction = Instruction(
            legs, keccak256(abi.encode(seed)), uint64(seed >> 64), uint64(seed >> 128), uint256(keccak256("n")) ^ seed
        );
        made.consents = new Consent[]((seed >> 8) % 4);
        for (uint256 i = 0; i < made.consents.length; ++i) {
            uint256 pick = uint256(keccak256(abi.encode(seed, "consent", i)));
            bytes memory signature = new bytes(pick % 200);
            for (uint256 j = 0; j < signature.length; ++j) {
                signature[j] = bytes1(uint8(pick >> (j % 32)));
            }
            made.consents[i] = Consent(name(pick >> 32), signature);
        }
    }

    function name(uint256 pick) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode("name", pick & 7)))));
    }

    function classOf(address[] memory accounts, uint256[] memory classes, address who) private pure returns (uint256) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (accounts[i] == who) return classes[i];
        }
        revert("not in the list");
    }
}
