// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {InstrumentKind} from "../../../contracts/types/Participation.sol";
import {
    BatchMode,
    Consent,
    HoldId,
    HoldResolution,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg,
    Settlement
} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";
import {HostileInstrument} from "../mocks/HostileInstrument.sol";

/// @dev An admitted instrument turns bad. It stops the instructions that name it, and nothing else.
contract HostileTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;

    HostileInstrument private hostile;

    function setUp() public override {
        super.setUp();
        hostile = new HostileInstrument(issuer);
        _admit(address(hostile), issuer, InstrumentKind.Asset);
    }

    // ---- settling ----------------------------------------------------------------------------------------------------

    function test_RevertGiven_ItReverts() external {
        Instruction memory instruction = _swap();
        Consent[] memory consents = consentsOf(instruction);
        hostile.setMood(HostileInstrument.Mood.Reverting);
        vm.expectRevert(HostileInstrument.Hostile_No.selector);
        engine.settle(instruction, consents);
        assertEq(balance(address(bond), alice), BONDS, "the bond stays");
    }

    function test_GivenABatchWhen_ItReverts() external {
        Settlement[] memory settlements = batchOf(_swap(), dvp(alice, bob, NOMINAL_SOLD, 1));
        hostile.setMood(HostileInstrument.Mood.Reverting);
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the other one settled");
    }

    /// @dev The reason in the event is cut, or a flood would cost the submitter the batch.
    function test_GivenABatchWhen_ItFloods() external {
        Instruction memory bad = _swap();
        Settlement[] memory settlements = batchOf(bad, dvp(alice, bob, NOMINAL_SOLD, 1));
        hostile.setMood(HostileInstrument.Mood.Flooding);
        expectFailed(engine.idOf(bad), new bytes(1024));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the other one settled");
    }

    function test_GivenABatchWhen_ItBurnsAllGas() external {
        Settlement[] memory settlements = batchOf(_swap(), dvp(alice, bob, NOMINAL_SOLD, 1));
        hostile.setMood(HostileInstrument.Mood.Burning);
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        uint256 settled = engine.settleBatch{gas: 10_000_000}(accounts, items, BatchMode.EachForItself);
        assertEq(settled, 2, "it burnt its own share only");
    }

    // ---- between lock and settlement ----------------------------------------------------------------------------------

    function test_RevertGiven_ItRevertsAtTheLock() external {
        Instruction memory instruction = _swap();
        Consent[] memory consents = consentsOf(instruction);
        hostile.setMood(HostileInstrument.Mood.Reverting);
        vm.expectRevert(HostileInstrument.Hostile_No.selector);
        engine.lock(instruction, consents);
        assertEq(held(address(bond), alice), 0, "no hold stands alone");
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Open), "nor is it locked");
    }

    /// @dev A lock asks it whether it could move. Whatever comes of that, nothing is on hold, and others lock.
    function test_RevertGiven_ItDoesNotAnswerAtTheLock() external {
        Instruction memory instruction = _swap();
        Consent[] memory consents = consentsOf(instruction);
        HostileInstrument.Mood[4] memory moods = [
            HostileInstrument.Mood.Reverting,
            HostileInstrument.Mood.Flooding,
            HostileInstrument.Mood.Malformed,
            HostileInstrument.Mood.Burning
        ];
        for (uint256 i = 0; i < moods.length; ++i) {
            hostile.setMood(moods[i]);
            vm.expectRevert();
            engine.lock{gas: 5_000_000}(instruction, consents);
            vm.expectRevert();
            dryRun.reasons{gas: 5_000_000}(instruction, consents);
        }
        assertEq(engine.heldLegs(engine.idOf(instruction)), 0, "no hold stands");
        assertEq(held(address(bond), alice), 0, "the bond is free");
        Instruction memory other = dvp(alice, bob, NOMINAL_SOLD, 1);
        engine.lock(other, consentsOf(other));
        hostile.setMood(HostileInstrument.Mood.Meek);
        engine.lock(instruction, consents);
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Locked), "once it answers");
    }

    /// @dev Meek when it was admitted and locked, hostile when it is to deliver: nobody pays for what does not come.
    function test_RevertGiven_ItTurnedHostileSinceTheLock() external {
        Instruction memory instruction = _locked(HostileInstrument.Mood.Reverting);
        vm.expectRevert(HostileInstrument.Hostile_No.selector);
        engine.settleLocked(instruction, new Consent[](0));
        hostile.setMood(HostileInstrument.Mood.Flooding);
        vm.expectRevert(new bytes(100_000));
        engine.settleLocked(instruction, new Consent[](0));
        hostile.setMood(HostileInstrument.Mood.Burning);
        vm.expectRevert();
        engine.settleLocked{gas: 5_000_000}(instruction, new Consent[](0));
        assertEq(balance(address(deposits[0]), alice), CASH, "nobody was paid");
        assertEq(held(address(bond), alice), NOMINAL_SOLD, "every hold is there");
        vm.warp(instruction.deadline + 1);
        engine.expire{gas: 5_000_000}(instruction);
        _assertOnlyTheFirstLegIsHeld(instruction);
    }

    /// @dev What it did before it turned stands, what names it later fails alone.
    function test_GivenABatchWhen_ItTurnsHostileInTheMiddle() external {
        settle(_swap());
        assertEq(balance(address(deposits[0]), alice), CASH + 5, "while it was meek");
        Settlement[] memory settlements =
            batchOf(dvp(alice, bob, NOMINAL_SOLD, 1), _swap(), dvp(alice, bob, NOMINAL_SOLD, 1));
        hostile.setMood(HostileInstrument.Mood.Reverting);
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 5, "the first and the third settled");
        vm.prank(operator);
        registry.withdrawInstrument(address(hostile));
        refuse(_swap(), abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, address(hostile)));
    }

    // ---- re-entering -------------------------------------------------------------------------------------------------

    /// @dev While one settlement is under way every entry is shut, the batch's inner one included.
    function test_RevertWhen_ItReenters() external {
        Instruction memory other = dvp(alice, bob, NOMINAL_SOLD, 1);
        Consent[] memory consents = consentsOf(other);
        (address[] memory accounts, bytes memory items) = encodeBatch(batchOf(other, other));
        bytes memory shut = abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        _refuseReentry(abi.encodeCall(ISettlementEngine.settle, (other, consents)), shut);
        _refuseReentry(abi.encodeCall(ISettlementEngine.lock, (other, consents)), shut);
        _refuseReentry(abi.encodeCall(ISettlementEngine.settleLocked, (other, consents)), shut);
        _refuseReentry(abi.encodeCall(ISettlementEngine.cancel, (other, "", consents)), shut);
        _refuseReentry(abi.encodeCall(ISettlementEngine.expire, (other)), shut);
        _refuseReentry(abi.encodeCall(ISettlementEngine.releaseLeg, (other, 0)), shut);
        _refuseReentry(abi.encodeCall(ISettlementEngine.settleBatch, (accounts, items, BatchMode.EachForItself)), shut);
        _refuseReentry(
            abi.encodeCall(ISettlementEngine.settleInBatch, (other, consents, 0)),
            abi.encodeWithSelector(ISettlementEngine.Engine_NotSelf.selector, address(hostile))
        );
    }

    /// @dev From inside a batch it cannot get in either, and it alone fails by trying.
    function test_GivenABatchWhen_ItReenters() external {
        Instruction memory other = dvp(alice, bob, NOMINAL_SOLD, 1);
        hostile.reenterWith(address(engine), abi.encodeCall(ISettlementEngine.settle, (other, consentsOf(other))));
        Instruction memory bad = _swap();
        Settlement[] memory settlements = batchOf(bad, dvp(alice, bob, NOMINAL_SOLD, 1));
        bytes4 shut = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        expectFailed(engine.idOf(bad), abi.encodeWithSelector(shut));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the honest one settled");
        assertEq(uint8(engine.statusOf(other)), uint8(InstructionStatus.Open), "what it brought along did not");
    }

    /// @dev The instruments obey the engine, not whoever the engine has called.
    function test_RevertWhen_ItCallsAnotherInstrument() external {
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_NotEngine.selector, address(hostile));
        hostile.reenterWith(address(bond), abi.encodeCall(IInstrument.bookTransfer, (alice, bob, NOMINAL_SOLD)));
        Instruction memory instruction = _swap();
        Consent[] memory consents = consentsOf(instruction);
        vm.expectRevert(reason);
        engine.settle(instruction, consents);
        HoldId hold = engine.holdIdOf(engine.idOf(instruction), 0);
        hostile.reenterWith(address(bond), abi.encodeCall(IInstrument.placeHold, (hold, alice, NOMINAL_SOLD)));
        vm.expectRevert(reason);
        engine.lock(instruction, consents);
    }

    // ---- releasing ---------------------------------------------------------------------------------------------------

    function test_GivenItRevertsOnReleaseWhen_Cancelled() external {
        Instruction memory instruction = _locked(HostileInstrument.Mood.Reverting);
        InstructionId id = engine.idOf(instruction);
        Consent[] memory all = cancellationsOf(instruction, "");
        vm.expectEmit(address(engine));
        emit ISettlementEngine.HoldReleaseFailed(id, 0, abi.encodeWithSelector(HostileInstrument.Hostile_No.selector));
        engine.cancel(instruction, "", all);
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Cancelled), "cancelled all the same");
        _assertOnlyTheFirstLegIsHeld(instruction);
        _releaseTheFirstLeg(instruction, HoldResolution.Released);
    }

    function test_GivenItFloodsOnReleaseWhen_Expired() external {
        Instruction memory instruction = _locked(HostileInstrument.Mood.Flooding);
        vm.warp(instruction.deadline + 1);
        InstructionId id = engine.idOf(instruction);
        vm.expectEmit(address(engine));
        emit ISettlementEngine.HoldReleaseFailed(id, 0, new bytes(1024));
        engine.expire(instruction);
        _assertOnlyTheFirstLegIsHeld(instruction);
        _releaseTheFirstLeg(instruction, HoldResolution.Expired);
    }

    function test_GivenItBurnsAllGasOnReleaseWhen_Expired() external {
        Instruction memory instruction = _locked(HostileInstrument.Mood.Burning);
        vm.warp(instruction.deadline + 1);
        engine.expire{gas: 30_000_000}(instruction);
        _assertOnlyTheFirstLegIsHeld(instruction);
    }

    /// @dev One that burned 63/64 of everything would leave the second too little to burn, and the honest legs nothing.
    function test_GivenManyBurnAllGasOnReleaseWhen_Expired() external {
        Leg[] memory legs = new Leg[](10);
        for (uint256 i = 0; i < 9; ++i) {
            legs[i] = leg(bob, alice, address(hostile), 1);
        }
        legs[9] = leg(alice, bob, address(bond), NOMINAL_SOLD);
        Instruction memory instruction = instruct(legs);
        engine.lock(instruction, consentsOf(instruction));
        hostile.setMood(HostileInstrument.Mood.Burning);
        vm.warp(instruction.deadline + 1);
        engine.expire{gas: 3_000_000}(instruction);
        uint256 left = (1 << 9) - 1;
        assertEq(engine.heldLegs(engine.idOf(instruction)), left, "only the hostile holds are outstanding");
        assertEq(held(address(bond), alice), 0, "the bond is free");
        hostile.setMood(HostileInstrument.Mood.Meek);
        uint8[9] memory order = [4, 0, 8, 1, 7, 2, 6, 3, 5];
        for (uint256 i = 0; i < 9; ++i) {
            engine.releaseLeg(instruction, order[i]);
            left -= 1 << order[i];
            assertEq(engine.heldLegs(engine.idOf(instruction)), left, "each by itself, in any order");
        }
    }

    function test_GivenItReentersOnReleaseWhen_Cancelled() external {
        Instruction memory instruction = _locked(HostileInstrument.Mood.Meek);
        hostile.reenterWith(address(engine), abi.encodeCall(ISettlementEngine.releaseLeg, (instruction, 1)));
        engine.cancel(instruction, "", cancellationsOf(instruction, ""));
        _assertOnlyTheFirstLegIsHeld(instruction);
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    /// @dev The hostile leg comes first, so that it could keep the honest ones behind it.
    function _swap() private returns (Instruction memory) {
        Leg[] memory legs = new Leg[](3);
        legs[0] = leg(bob, alice, address(hostile), 1);
        legs[1] = leg(alice, bob, address(bond), NOMINAL_SOLD);
        legs[2] = payment(bob, alice, 5);
        return instruct(legs);
    }

    function _locked(HostileInstrument.Mood mood) private returns (Instruction memory instruction) {
        instruction = _swap();
        engine.lock(instruction, consentsOf(instruction));
        hostile.setMood(mood);
    }

    function _refuseReentry(bytes memory payload, bytes memory reason) private {
        Instruction memory instruction = _swap();
        Consent[] memory consents = consentsOf(instruction);
        hostile.reenterWith(address(engine), payload);
        vm.expectRevert(reason);
        engine.settle(instruction, consents);
    }

    function _assertOnlyTheFirstLegIsHeld(Instruction memory instruction) private view {
        assertEq(engine.heldLegs(engine.idOf(instruction)), 1, "only the hostile hold is outstanding");
        assertEq(held(address(bond), alice), 0, "the bond is free");
        assertEq(held(address(deposits[0]), bob), 0, "the cash is free");
    }

    function _releaseTheFirstLeg(Instruction memory instruction, HoldResolution resolution) private {
        InstructionId id = engine.idOf(instruction);
        hostile.setMood(HostileInstrument.Mood.Meek);
        vm.expectCall(address(hostile), abi.encodeCall(IInstrument.resolveHold, (engine.holdIdOf(id, 0), resolution)));
        engine.releaseLeg(instruction, 0);
        assertEq(engine.heldLegs(id), 0, "no hold is left");
    }
}
