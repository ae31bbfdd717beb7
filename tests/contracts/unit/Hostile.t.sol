// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {InstrumentKind} from "../../../contracts/types/Participation.sol";
import {
    BatchMode,
    Consent,
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
        assertEq(engine.heldLegs(engine.idOf(instruction)), (1 << 9) - 1, "only the hostile holds are outstanding");
        assertEq(held(address(bond), alice), 0, "the bond is free");
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
