// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {InstrumentKind} from "../../../contracts/types/Participation.sol";
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
import {HostileInstrument} from "../mocks/HostileInstrument.sol";

/// @dev Whoever submits chooses order, time, company and gas, and nothing else. The tree is in Submitters.tree.
contract SubmittersTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;

    // ---- order -------------------------------------------------------------------------------------------------------

    /// @dev Frank can pay only with what Erin pays him: the wrong way round he is refused for now, not for good.
    function test_When_TheyReorder() external {
        vm.prank(frank);
        IERC20(address(deposits[2])).transfer(erin, CASH);
        Instruction memory first = instruct(payment(erin, frank, 2 * CASH));
        Instruction memory second = instruct(payment(frank, erin, CASH));
        expectFailed(
            engine.idOf(second),
            abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, frank, 0, CASH)
        );
        assertEq(settleBatch(batchOf(second, first), BatchMode.EachForItself), 2, "the first in the parties' order");
        settle(second);
        assertEq(balance(address(deposits[2]), erin), CASH, "as if it had come in order");
    }

    // ---- being first -------------------------------------------------------------------------------------------------

    function test_When_SomebodyElseSubmitsFirst() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, 5);
        Consent[] memory consents = consentsOf(instruction);
        vm.prank(stranger);
        engine.settle(instruction, consents);
        assertEq(balance(address(bond), bob), NOMINAL_SOLD, "the parties have what they signed");
        assertEq(balance(address(deposits[0]), alice), CASH + 5, "both of them");
        _refuseAsSettled(instruction, consents);
    }

    function test_When_SomebodySubmitsOneOfABatchFirst() external {
        Instruction memory one = instruct(payment(alice, bob, 1));
        Instruction memory two = instruct(payment(carol, dan, 1));
        Settlement[] memory settlements = batchOf(one, two);
        vm.prank(stranger);
        engine.settle(one, settlements[0].consents);
        refuseBatch(settlements, BatchMode.AllOrNothing, _unexpected(one, InstructionStatus.Settled));
        expectFailed(engine.idOf(one), _unexpected(one, InstructionStatus.Settled));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the other one is not kept");
    }

    function test_When_EachForItselfAndOneComesTwice() external {
        Instruction memory one = instruct(payment(alice, bob, 1));
        expectFailed(engine.idOf(one), _unexpected(one, InstructionStatus.Settled));
        assertEq(settleBatch(batchOf(one, one), BatchMode.EachForItself), 1, "the first time only");
        assertEq(balance(address(deposits[0]), bob), CASH + 1, "paid once");
    }

    /// @dev The same consent, written the other way: another signature to whoever counts signatures.
    function test_RevertGiven_SettledWhen_ItComesWithTheOtherFormOfItsSignature() external {
        Instruction memory instruction = instruct(payment(alice, bob, 1));
        (bytes32 r, bytes32 vs) = vm.signCompact(keyOf[alice], InstructionId.unwrap(engine.idOf(instruction)));
        engine.settle(instruction, only(Consent(alice, abi.encodePacked(r, vs))));
        _refuseAsSettled(instruction, consentsOf(instruction));
    }

    /// @dev Consents to settle are consents to lock: what was locked so, anybody settles, with no signature more.
    function test_When_SomebodyLocksWhatWasToSettle() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, 5);
        Consent[] memory consents = consentsOf(instruction);
        vm.prank(stranger);
        engine.lock(instruction, consents);
        bytes memory reason = _unexpected(instruction, InstructionStatus.Locked);
        vm.expectRevert(reason);
        engine.settle(instruction, consents);
        engine.settleLocked(instruction, new Consent[](0));
        assertEq(balance(address(bond), bob), NOMINAL_SOLD, "delivered");
        assertEq(balance(address(deposits[0]), alice), CASH + 5, "and paid");
    }

    /// @dev Neither bank has reserves: only together they settle.
    function test_When_SomebodyLocksWhatWasToBeNetted() external {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(authority);
            wholesale.redeem(banks[i], CASH, nextBooking());
        }
        Instruction memory sale = dvp(alice, carol, NOMINAL_SOLD, 1000);
        Settlement[] memory settlements = batchOf(sale, instruct(payment(alice, carol, 1000)));
        vm.prank(stranger);
        engine.lock(sale, settlements[0].consents);
        assertEq(settleBatch(settlements, BatchMode.AllOrNothing), 3, "netted all the same");
        assertEq(balance(address(bond), carol), BONDS + NOMINAL_SOLD, "delivered");
    }

    // ---- withholding -------------------------------------------------------------------------------------------------

    function test_When_TheyWithholdIt() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, 5);
        vm.prank(alice);
        IERC20(address(bond)).transfer(bob, BONDS);
        vm.prank(bob);
        IERC20(address(bond)).transfer(alice, BONDS);
        vm.warp(instruction.deadline + 1);
        bytes4 selector = ISettlementEngine.Engine_Expired.selector;
        bytes memory late =
            abi.encodeWithSelector(selector, engine.idOf(instruction), instruction.deadline, block.timestamp);
        refuse(instruction, late);
    }

    function test_When_TheyWithholdItAndAPartyCancels() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, 5);
        InstructionId id = engine.idOf(instruction);
        engine.cancel(instruction, "", only(sign(alice, engine.cancellationDigest(id, ""))));
        refuse(instruction, _unexpected(instruction, InstructionStatus.Cancelled));
    }

    // ---- grief -------------------------------------------------------------------------------------------------------

    /// @dev Anybody can have it said that an instruction was refused, by leaving its consents out or adding a false one.
    /// That is no status: it settles when it comes as it is.
    function test_When_TheySpoilItsConsents() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, 5);
        Settlement[] memory settlements = batchOf(instruction, instruction, instruct(payment(carol, dan, 1)));
        settlements[0].consents = new Consent[](0);
        settlements[1].consents = with(consentsOf(instruction), Consent(stranger, "x"));
        expectFailed(engine.idOf(instruction), consentMissing(instruction, alice));
        expectFailed(engine.idOf(instruction), consentInvalid(instruction, stranger));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 4, "the third one settled");
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Open), "and it is still open");
        settle(instruction);
    }

    // ---- gas ---------------------------------------------------------------------------------------------------------

    /// @dev Behind one that burns its share, whatever gas is given: the batch reverts, or the good one has settled.
    function test_When_TheyCutGasBehindOneThatBurns() external {
        HostileInstrument hostile = new HostileInstrument(issuer);
        _admit(address(hostile), issuer, InstrumentKind.Asset);
        hostile.setMood(HostileInstrument.Mood.Burning);
        Leg[] memory legs = new Leg[](32); // so many that what is left of too little gas still ends the batch
        for (uint256 i = 0; i < 32; ++i) {
            legs[i] = payment(alice, carol, 1);
        }
        Instruction memory good = instruct(legs);
        (address[] memory accounts, bytes memory items) =
            encodeBatch(batchOf(instruct(leg(bob, alice, address(hostile), 1)), good));
        bytes memory input = abi.encodeCall(ISettlementEngine.settleBatch, (accounts, items, BatchMode.EachForItself));
        uint256 refused;
        uint256 settled;
        for (uint256 gas = 5_000_000; gas < 8_600_000; gas += 60_000) {
            uint256 state = vm.snapshotState();
            (bool success, bytes memory data) = address(engine).call{gas: gas}(input);
            if (success) assertEq(abi.decode(data, (uint256)), 2, "a good one looks refused");
            success ? ++settled : ++refused;
            vm.revertToStateAndDelete(state);
        }
        assertGt(refused, 0, "too little gas is refused");
        assertGt(settled, 0, "enough settles");
    }

    /// @dev Whatever gas is given to an expiry or a cancellation, it reverts or every hold that can go is gone.
    function test_When_TheyCutGasSoThatAReleaseFails() external {
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, 5);
        engine.lock(instruction, consentsOf(instruction));
        bytes memory cancel =
            abi.encodeCall(ISettlementEngine.cancel, (instruction, "", cancellationsOf(instruction, "")));
        _assertReleasesAllOrReverts(instruction, cancel);
        vm.warp(instruction.deadline + 1);
        _assertReleasesAllOrReverts(instruction, abi.encodeCall(ISettlementEngine.expire, (instruction)));
    }

    /// @dev Whatever gas is given to one settlement: it reverts, or both legs have moved.
    function test_When_TheyCutGasOfASettlement() external {
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, 5);
        bytes memory input = abi.encodeCall(ISettlementEngine.settle, (instruction, consentsOf(instruction)));
        bool settled;
        for (uint256 gas = 30_000; gas < 500_000; gas += 2_000) {
            uint256 state = vm.snapshotState();
            (bool success,) = address(engine).call{gas: gas}(input);
            assertEq(balance(address(bond), carol), success ? BONDS + NOMINAL_SOLD : BONDS, "the bond");
            assertEq(balance(address(deposits[0]), alice), success ? CASH + 5 : CASH, "its price");
            settled = settled || success;
            vm.revertToStateAndDelete(state);
        }
        assertTrue(settled, "enough gas settles");
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _assertReleasesAllOrReverts(Instruction memory instruction, bytes memory input) private {
        InstructionId id = engine.idOf(instruction);
        uint256 reverted;
        uint256 released;
        for (uint256 gas = 5_000; gas < 400_000; gas += 1_000) {
            uint256 state = vm.snapshotState();
            (bool success,) = address(engine).call{gas: gas}(input);
            assertEq(engine.heldLegs(id), success ? 0 : 3, "a hold is left behind");
            success ? ++released : ++reverted;
            vm.revertToStateAndDelete(state);
        }
        assertGt(reverted, 0, "too little gas is refused");
        assertGt(released, 0, "enough releases");
    }

    function _refuseAsSettled(Instruction memory instruction, Consent[] memory consents) private {
        refuse(instruction, consents, _unexpected(instruction, InstructionStatus.Settled));
    }

    function _unexpected(Instruction memory instruction, InstructionStatus status) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            ISettlementEngine.Engine_UnexpectedStatus.selector, engine.idOf(instruction), instruction.nonce, status
        );
    }
}
