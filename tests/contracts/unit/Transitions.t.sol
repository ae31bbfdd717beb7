// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {Consent, Instruction, InstructionId, InstructionStatus} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Every function of the engine at every status, inside the window and after it: which of them move the
/// instruction on, and what the others say. The tree is in Transitions.tree.
contract TransitionsTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;

    /// @dev In the order of `_calls`.
    enum Function {
        Settle,
        Lock,
        SettleLocked,
        Cancel,
        Expire,
        ReleaseLeg
    }

    function test_When_EveryFunctionIsCalledInsideTheWindow() external {
        for (uint256 i = 0; i < 4; ++i) {
            InstructionStatus status = InstructionStatus(i);
            _tryAll(status, false, status == InstructionStatus.Open, Function.Settle, InstructionStatus.Settled);
            _tryAll(status, false, status == InstructionStatus.Open, Function.Lock, InstructionStatus.Locked);
            _tryAll(status, false, status == InstructionStatus.Locked, Function.SettleLocked, InstructionStatus.Settled);
            _tryAll(status, false, i < 2, Function.Cancel, InstructionStatus.Cancelled);
            _tryAll(status, false, false, Function.Expire, status);
            _tryAll(status, false, false, Function.ReleaseLeg, status);
        }
    }

    function test_When_EveryFunctionIsCalledAfterTheDeadline() external {
        for (uint256 i = 0; i < 5; ++i) {
            InstructionStatus status = InstructionStatus(i);
            _tryAll(status, true, false, Function.Settle, status);
            _tryAll(status, true, false, Function.Lock, status);
            _tryAll(status, true, false, Function.SettleLocked, status);
            _tryAll(status, true, i < 2, Function.Cancel, InstructionStatus.Cancelled);
            _tryAll(status, true, status == InstructionStatus.Locked, Function.Expire, InstructionStatus.Expired);
            _tryAll(status, true, false, Function.ReleaseLeg, status);
        }
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _tryAll(InstructionStatus status, bool late, bool allowed, Function called, InstructionStatus next)
        private
    {
        uint256 state = vm.snapshotState();
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, 1);
        _bringTo(instruction, status);
        if (late) vm.warp(instruction.deadline + 1);
        bytes memory input = _calls(instruction, called);
        uint256 held = engine.heldLegs(engine.idOf(instruction));
        (bool success, bytes memory data) = address(engine).call(input);
        string memory where = string.concat(
            late ? "late, status " : "status ", vm.toString(uint8(status)), ", function ", vm.toString(uint8(called))
        );
        assertEq(success, allowed, where);
        assertEq(uint8(engine.statusOf(instruction)), uint8(allowed ? next : status), where);
        if (!allowed) {
            assertEq(data, _refusal(instruction, status, late, called), where);
            assertEq(engine.heldLegs(engine.idOf(instruction)), held, where);
        }
        vm.revertToStateAndDelete(state);
    }

    function _bringTo(Instruction memory instruction, InstructionStatus status) private {
        if (status == InstructionStatus.Settled) settle(instruction);
        if (status == InstructionStatus.Cancelled) engine.cancel(instruction, "", cancellationsOf(instruction, ""));
        if (status == InstructionStatus.Locked || status == InstructionStatus.Expired) {
            engine.lock(instruction, consentsOf(instruction));
        }
        if (status == InstructionStatus.Expired) {
            vm.warp(instruction.deadline + 1);
            engine.expire(instruction);
        }
    }

    function _calls(Instruction memory instruction, Function called) private view returns (bytes memory) {
        Consent[] memory consents = consentsOf(instruction);
        if (called == Function.Settle) return abi.encodeCall(ISettlementEngine.settle, (instruction, consents));
        if (called == Function.Lock) return abi.encodeCall(ISettlementEngine.lock, (instruction, consents));
        if (called == Function.SettleLocked) {
            return abi.encodeCall(ISettlementEngine.settleLocked, (instruction, consents));
        }
        if (called == Function.Cancel) {
            return abi.encodeCall(ISettlementEngine.cancel, (instruction, "", cancellationsOf(instruction, "")));
        }
        if (called == Function.Expire) return abi.encodeCall(ISettlementEngine.expire, (instruction));
        return abi.encodeCall(ISettlementEngine.releaseLeg, (instruction, 0));
    }

    /// @dev The time is looked at before the status.
    function _refusal(Instruction memory instruction, InstructionStatus status, bool late, Function called)
        private
        view
        returns (bytes memory)
    {
        InstructionId id = engine.idOf(instruction);
        uint64 deadline = instruction.deadline;
        if (late && called <= Function.SettleLocked) {
            return abi.encodeWithSelector(ISettlementEngine.Engine_Expired.selector, id, deadline, block.timestamp);
        }
        if (!late && called == Function.Expire) {
            return abi.encodeWithSelector(ISettlementEngine.Engine_NotExpired.selector, id, deadline, block.timestamp);
        }
        bool over = status == InstructionStatus.Cancelled || status == InstructionStatus.Expired;
        if (over && called == Function.ReleaseLeg) {
            return abi.encodeWithSelector(ISettlementEngine.Engine_LegNotHeld.selector, id, 0);
        }
        return abi.encodeWithSelector(ISettlementEngine.Engine_UnexpectedStatus.selector, id, instruction.nonce, status);
    }
}
