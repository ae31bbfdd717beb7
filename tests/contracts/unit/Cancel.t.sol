// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {
    Consent,
    HoldResolution,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg
} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev How an instruction ends without settling: cancelled, or expired, its holds released. The trees are in
/// Cancel.tree.
contract CancelTest is Base {
    string private constant REASON = "wrong price";
    uint256 private constant NOMINAL_SOLD = 10_000_000;

    // ---- cancel ------------------------------------------------------------------------------------------------------

    function test_RevertWhen_TheReasonIsLongerThan256Bytes() external {
        Instruction memory instruction = _sale();
        string memory reason = string(new bytes(257));
        bytes4 selector = ISettlementEngine.Engine_ReasonTooLong.selector;
        _refuseCancel(
            instruction,
            reason,
            cancellationsOf(instruction, reason),
            abi.encodeWithSelector(selector, engine.idOf(instruction), 257)
        );
        reason = string(new bytes(256));
        engine.cancel(instruction, reason, cancellationsOf(instruction, reason));
    }

    function test_RevertWhen_ItHasNoLegs() external {
        Instruction memory instruction = instruct(new Leg[](0));
        bytes4 selector = ISettlementEngine.Engine_LegCount.selector;
        Consent[] memory strangers = only(sign(stranger, engine.cancellationDigest(engine.idOf(instruction), REASON)));
        _refuseCancel(instruction, REASON, strangers, abi.encodeWithSelector(selector, engine.idOf(instruction), 0));
    }

    function test_RevertWhen_OpenAndNoPartyHasSigned() external {
        Instruction memory instruction = _sale();
        bytes memory reason = consentMissing(instruction, alice);
        _refuseCancel(instruction, REASON, new Consent[](0), reason);
        Consent memory strangers = sign(stranger, engine.cancellationDigest(engine.idOf(instruction), REASON));
        _refuseCancel(instruction, REASON, only(strangers), reason);
    }

    function test_RevertWhen_TheSignatureIsForAnotherReasonOrAConsent() external {
        Instruction memory instruction = _sale();
        bytes memory reason = consentInvalid(instruction, alice);
        _refuseCancel(instruction, REASON, cancellationsOf(instruction, "other"), reason);
        _refuseCancel(instruction, REASON, consentsOf(instruction), reason);
    }

    function test_RevertGiven_SettledOrCancelled() external {
        Instruction memory settled = _sale();
        settle(settled);
        _refuseCancel(
            settled, REASON, cancellationsOf(settled, REASON), _unexpected(settled, InstructionStatus.Settled)
        );
        Instruction memory cancelled = _sale();
        engine.cancel(cancelled, REASON, cancellationsOf(cancelled, REASON));
        _refuseCancel(
            cancelled, REASON, cancellationsOf(cancelled, REASON), _unexpected(cancelled, InstructionStatus.Cancelled)
        );
    }

    function test_When_OpenAndOnePartyHasSigned() external {
        Instruction memory instruction = _sale();
        InstructionId id = engine.idOf(instruction);
        Consent[] memory one = only(sign(carol, engine.cancellationDigest(id, REASON)));
        vm.expectEmit(address(engine));
        emit ISettlementEngine.InstructionCancelled(id, REASON);
        engine.cancel(instruction, REASON, one);
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Cancelled), "cancelled");
        refuse(instruction, _unexpected(instruction, InstructionStatus.Cancelled));
    }

    function test_RevertGiven_LockedAndOnlyOnePartyHasSigned() external {
        Instruction memory instruction = _locked();
        Consent[] memory one = only(sign(alice, engine.cancellationDigest(engine.idOf(instruction), REASON)));
        _refuseCancel(instruction, REASON, one, consentMissing(instruction, carol));
    }

    /// @dev The parties of a nonce cannot be made to release the holds of the other instruction that has it.
    function test_RevertGiven_AnotherInstructionOfTheNonceIsLocked() external {
        Instruction memory locked = _locked();
        Instruction memory other = dvp(alice, carol, NOMINAL_SOLD, 1);
        other.nonce = locked.nonce;
        bytes memory reason = _unexpected(other, InstructionStatus.Locked);
        _refuseCancel(other, REASON, cancellationsOf(other, REASON), reason);
    }

    function test_GivenLockedWhen_AllPartiesHaveSigned() external {
        Instruction memory instruction = _locked();
        InstructionId id = engine.idOf(instruction);
        Consent[] memory all = cancellationsOf(instruction, REASON);
        vm.expectEmit(address(engine));
        emit ISettlementEngine.InstructionCancelled(id, REASON);
        vm.expectEmit(address(bond));
        emit IInstrument.HoldResolved(engine.holdIdOf(id, 0), alice, NOMINAL_SOLD, HoldResolution.Released);
        engine.cancel(instruction, REASON, all);
        assertEq(engine.heldLegs(id), 0, "no hold is left");
        assertEq(held(address(bond), alice), 0, "the bond is free");
        assertEq(held(address(deposits[1]), carol), 0, "the cash is free");
    }

    /// @dev The cancellation of an open instruction is final too when the window is over or not yet there.
    function test_When_OutsideTheWindow() external {
        Instruction memory instruction = _sale();
        vm.warp(instruction.deadline + 1 days);
        engine.cancel(instruction, REASON, cancellationsOf(instruction, REASON));
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Cancelled), "cancelled");
    }

    // ---- expire ------------------------------------------------------------------------------------------------------

    function test_RevertWhen_ExpiredInTheLastSecond() external {
        Instruction memory instruction = _locked();
        vm.warp(instruction.deadline);
        bytes4 selector = ISettlementEngine.Engine_NotExpired.selector;
        bytes memory reason =
            abi.encodeWithSelector(selector, engine.idOf(instruction), instruction.deadline, block.timestamp);
        vm.expectRevert(reason);
        engine.expire(instruction);
    }

    function test_RevertGiven_ExpiredAndNotLocked() external {
        Instruction memory instruction = _sale();
        vm.warp(instruction.deadline + 1);
        bytes memory reason = _unexpected(instruction, InstructionStatus.Open);
        vm.expectRevert(reason);
        engine.expire(instruction);
    }

    function test_When_AnyoneRecordsTheExpiry() external {
        Instruction memory instruction = _locked();
        InstructionId id = engine.idOf(instruction);
        vm.warp(instruction.deadline + 1);
        vm.expectEmit(address(engine));
        emit ISettlementEngine.InstructionExpired(id);
        vm.expectEmit(address(bond));
        emit IInstrument.HoldResolved(engine.holdIdOf(id, 0), alice, NOMINAL_SOLD, HoldResolution.Expired);
        vm.prank(stranger);
        engine.expire(instruction);
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Expired), "expired");
        assertEq(engine.heldLegs(id), 0, "no hold is left");
        bytes memory reason = _unexpected(instruction, InstructionStatus.Expired);
        vm.expectRevert(reason);
        engine.expire(instruction);
    }

    /// @dev A freeze does not keep what is held from becoming its owner's again.
    function test_GivenFrozenWhen_Expired() external {
        Instruction memory instruction = _locked();
        freeze(alice);
        vm.warp(instruction.deadline + 1);
        engine.expire(instruction);
        assertEq(held(address(bond), alice), 0, "free again");
    }

    // ---- releaseLeg --------------------------------------------------------------------------------------------------

    function test_RevertGiven_ReleasedWhileLocked() external {
        Instruction memory instruction = _locked();
        bytes memory reason = _unexpected(instruction, InstructionStatus.Locked);
        vm.expectRevert(reason);
        engine.releaseLeg(instruction, 0);
    }

    function test_RevertGiven_TheLegIsNotHeld() external {
        Instruction memory instruction = _locked();
        engine.cancel(instruction, REASON, cancellationsOf(instruction, REASON));
        InstructionId id = engine.idOf(instruction);
        uint256[3] memory legs = [uint256(0), 2, 256];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISettlementEngine.Engine_LegNotHeld.selector, id, legs[i]));
            engine.releaseLeg(instruction, legs[i]);
        }
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _sale() private returns (Instruction memory) {
        return dvp(alice, carol, NOMINAL_SOLD, 1_000);
    }

    function _locked() private returns (Instruction memory instruction) {
        instruction = _sale();
        engine.lock(instruction, consentsOf(instruction));
    }

    function _refuseCancel(
        Instruction memory instruction,
        string memory words,
        Consent[] memory cancellations,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        engine.cancel(instruction, words, cancellations);
    }

    function _unexpected(Instruction memory instruction, InstructionStatus status) private view returns (bytes memory) {
        bytes4 selector = ISettlementEngine.Engine_UnexpectedStatus.selector;
        return abi.encodeWithSelector(selector, engine.idOf(instruction), instruction.nonce, status);
    }
}
