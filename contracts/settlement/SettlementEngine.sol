// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {IDepositMoney} from "../interfaces/IDepositMoney.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISettlementEngine} from "../interfaces/ISettlementEngine.sol";
import {BatchCodec} from "../libraries/BatchCodec.sol";
import {InstructionHash} from "../libraries/InstructionHash.sol";
import {ReturnData} from "../libraries/ReturnData.sol";
import {
    BatchMode,
    Consent,
    HoldId,
    HoldResolution,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg
} from "../types/Settlement.sol";
import {Consents} from "./Consents.sol";
import {NonceBook} from "./NonceBook.sol";
import {PerformableLegs} from "./PerformableLegs.sol";
import {ReserveNetting} from "./ReserveNetting.sol";

/// @title Settlement engine
/// @notice Implements {ISettlementEngine}, which documents every function.
contract SettlementEngine is
    ISettlementEngine,
    EIP712,
    ReentrancyGuardTransient,
    Consents,
    NonceBook,
    PerformableLegs,
    ReserveNetting
{
    using BatchCodec for bytes;
    using InstructionHash for *;

    uint256 private constant _LEGS_MAX = 32;
    uint256 private constant _BATCH_MAX = 256;
    uint256 private constant _TEXT_BYTES_MAX = 256;
    /// @dev Enough for `_LEGS_MAX` legs of money or bonds, each given by a contract account that takes 50,000 to answer;
    /// what one instruction of a batch can burn.
    uint256 private constant _GAS_PER_INSTRUCTION = 5_000_000;
    /// @dev Many times what a release takes, and little enough that instruments which burn it keep nobody else's hold.
    uint256 private constant _GAS_PER_RELEASE = 200_000;

    IRegistry private immutable _REGISTRY;

    mapping(InstructionId => uint256) private _heldLegs;

    constructor(IRegistry registry_) EIP712("Settlement", "1") {
        _REGISTRY = registry_;
    }

    // ---- settle ------------------------------------------------------------------------------------------------------

    /// @inheritdoc ISettlementEngine
    function settle(Instruction calldata instruction, Consent[] calldata consents)
        external
        nonReentrant
        returns (InstructionId id)
    {
        id = _checkInWindow(instruction);
        _spend(id, instruction, InstructionStatus.Open, InstructionStatus.Settled);
        Leg[] calldata legs = instruction.legs;
        _performAll(id, instruction.termsHash, legs, _requireConsents(id, legs, consents, _checkLegs(legs)));
    }

    /// @inheritdoc ISettlementEngine
    function settleInBatch(Instruction calldata instruction, Consent[] calldata consents, uint256 eligibility)
        external
        returns (InstructionId id)
    {
        if (msg.sender != address(this)) revert Engine_NotSelf(msg.sender);
        id = _checkInWindow(instruction);
        // Whoever has the consents can lock what was to be netted: it is netted all the same.
        bool open =
            _transition(instruction, InstructionStatus.Open, InstructionStatus.Settled) == InstructionStatus.Open;
        if (!open) _spendLocked(id, instruction);
        Leg[] calldata legs = instruction.legs;
        if (eligibility & BatchCodec.ELIGIBLE == 0) eligibility = _checkLegs(legs);
        if (open) _performAll(id, instruction.termsHash, legs, _requireConsents(id, legs, consents, eligibility));
        else _settleHeld(id, instruction.termsHash, legs, consents);
    }

    /// @inheritdoc ISettlementEngine
    function settleBatch(address[] calldata accounts, bytes calldata items, BatchMode mode)
        external
        nonReentrant
        returns (uint256 settled)
    {
        address[] memory names = accounts;
        uint256[] memory classes = _REGISTRY.classify(names);
        _openNetting(mode);
        uint256 offset = 0;
        uint256 index = 0;
        Memory.Pointer free = Memory.getFreeMemoryPointer();
        while (offset < items.length) {
            if (index == _BATCH_MAX) revert Engine_BatchSize(index + 1);
            bytes memory input;
            bool wellFormed;
            (input, offset, wellFormed) = items.expand(offset, names, classes, this.settleInBatch.selector);
            if (!wellFormed) revert Engine_BatchMalformed(index);
            if (_settleItem(input, index, mode)) settled |= 1 << index;
            // Nothing made for this item is needed any more: the next one reuses its memory.
            Memory.unsafeSetFreeMemoryPointer(free);
            ++index;
        }
        if (index == 0) revert Engine_BatchSize(0);
        _closeNetting();
    }

    /// @dev A lack of gas is the submitter's fault, and fails the batch: only an instruction that had its full share of
    /// gas has failed by itself.
    function _settleItem(bytes memory input, uint256 index, BatchMode mode) private returns (bool success) {
        uint256 available = gasleft() - gasleft() / 64;
        assembly ("memory-safe") {
            success := call(_GAS_PER_INSTRUCTION, address(), 0, add(input, 32), mload(input), 0, 0)
        }
        if (success) return true;
        bytes memory reason = ReturnData.capped();
        if (available < _GAS_PER_INSTRUCTION) revert Engine_BatchOutOfGas(index);
        if (mode == BatchMode.AllOrNothing) ReturnData.revertWith(reason);
        emit InstructionFailed(_idOfInput(input), reason);
    }

    /// @dev The id of the instruction in an input of `settleInBatch`, which begins as one of `idOf` does. Zero where it
    /// cannot be decoded.
    function _idOfInput(bytes memory input) private view returns (InstructionId id) {
        bytes4 selector = this.idOf.selector;
        assembly ("memory-safe") {
            let tail := and(mload(add(input, 32)), not(shl(224, 0xffffffff)))
            mstore(add(input, 32), or(selector, tail))
            if staticcall(gas(), address(), add(input, 32), mload(input), 0, 32) { id := mload(0) }
        }
    }

    // ---- lock, then settle -------------------------------------------------------------------------------------------

    /// @inheritdoc ISettlementEngine
    // slither-disable-next-line calls-loop: 32 legs at most, that are all held or none
    function lock(Instruction calldata instruction, Consent[] calldata consents)
        external
        nonReentrant
        returns (InstructionId id)
    {
        id = _check(instruction);
        // It could never settle, and one party alone could then keep the others' holds to the deadline.
        if (instruction.notBefore > instruction.deadline) {
            revert Engine_WindowEmpty(id, instruction.notBefore, instruction.deadline);
        }
        _spend(id, instruction, InstructionStatus.Open, InstructionStatus.Locked);
        Leg[] calldata legs = instruction.legs;
        _requireConsents(id, legs, consents, _checkLegs(legs));
        _heldLegs[id] = (1 << legs.length) - 1;
        for (uint256 i = 0; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            _requirePerformable(_REGISTRY, id, i, leg);
            IInstrument(leg.instrument).placeHold(id.holdId(i), leg.giver, leg.quantity);
        }
        emit InstructionLocked(id, instruction.termsHash);
    }

    /// @inheritdoc ISettlementEngine
    function settleLocked(Instruction calldata instruction, Consent[] calldata consents)
        external
        nonReentrant
        returns (InstructionId id)
    {
        id = _checkInWindow(instruction);
        _spendLocked(id, instruction);
        _checkLegs(instruction.legs);
        _settleHeld(id, instruction.termsHash, instruction.legs, consents);
    }

    function _spendLocked(InstructionId id, Instruction calldata instruction) private {
        _requireLockedBy(id, instruction);
        _spend(id, instruction, InstructionStatus.Locked, InstructionStatus.Settled);
        delete _heldLegs[id];
    }

    /// @dev All holds end first, so that what would settle without them settles out of them too: of reserves, one leg may
    /// give what another needs.
    // slither-disable-next-line reentrancy-events,reentrancy-no-eth,calls-loop: guarded; 32 legs, all or none
    function _settleHeld(InstructionId id, bytes32 termsHash, Leg[] calldata legs, Consent[] calldata consents)
        private
    {
        address[] memory consenting = _verify(id, InstructionId.unwrap(id), consents);
        for (uint256 i = 0; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            IInstrument(leg.instrument).resolveHold(id.holdId(i), HoldResolution.Executed);
            _noteRelease(leg);
        }
        _performAll(id, termsHash, legs, consenting);
    }

    // ---- cancel, expire ----------------------------------------------------------------------------------------------

    /// @inheritdoc ISettlementEngine
    function cancel(Instruction calldata instruction, string calldata reason, Consent[] calldata cancellations)
        external
        nonReentrant
        returns (InstructionId id)
    {
        id = idOf(instruction);
        if (instruction.legs.length == 0) revert Engine_LegCount(id, 0);
        if (bytes(reason).length > _TEXT_BYTES_MAX) revert Engine_ReasonTooLong(id, bytes(reason).length);
        bool locked = _status(instruction) == InstructionStatus.Locked;
        if (locked) _requireLockedBy(id, instruction);
        _requireCancellations(id, instruction.legs, _verify(id, cancellationDigest(id, reason), cancellations), locked);
        _spend(id, instruction, locked ? InstructionStatus.Locked : InstructionStatus.Open, InstructionStatus.Cancelled);
        emit InstructionCancelled(id, reason);
        _releaseAll(id, instruction, HoldResolution.Released);
    }

    /// @inheritdoc ISettlementEngine
    function expire(Instruction calldata instruction) external nonReentrant returns (InstructionId id) {
        id = idOf(instruction);
        if (block.timestamp <= instruction.deadline) {
            revert Engine_NotExpired(id, instruction.deadline, block.timestamp);
        }
        _requireLockedBy(id, instruction);
        _spend(id, instruction, InstructionStatus.Locked, InstructionStatus.Expired);
        emit InstructionExpired(id);
        _releaseAll(id, instruction, HoldResolution.Expired);
    }

    /// @inheritdoc ISettlementEngine
    function releaseLeg(Instruction calldata instruction, uint256 leg)
        external
        nonReentrant
        returns (InstructionId id)
    {
        id = idOf(instruction);
        InstructionStatus status = _status(instruction);
        if (status != InstructionStatus.Cancelled && status != InstructionStatus.Expired) {
            revert Engine_UnexpectedStatus(id, instruction.nonce, status);
        }
        if (_heldLegs[id] & (1 << leg) == 0) revert Engine_LegNotHeld(id, leg);
        _heldLegs[id] ^= 1 << leg;
        IInstrument(instruction.legs[leg].instrument)
            .resolveHold(
                id.holdId(leg), status == InstructionStatus.Expired ? HoldResolution.Expired : HoldResolution.Released
            );
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    /// @inheritdoc ISettlementEngine
    function idOf(Instruction calldata instruction) public view returns (InstructionId) {
        return InstructionId.wrap(_hashTypedDataV4(instruction.structHash()));
    }

    /// @inheritdoc ISettlementEngine
    function cancellationDigest(InstructionId instructionId, string calldata reason) public view returns (bytes32) {
        return _hashTypedDataV4(instructionId.cancellationHash(reason));
    }

    /// @inheritdoc ISettlementEngine
    function statusOf(Instruction calldata instruction) external view returns (InstructionStatus) {
        return _status(instruction);
    }

    /// @inheritdoc ISettlementEngine
    function heldLegs(InstructionId instructionId) external view returns (uint256) {
        return _heldLegs[instructionId];
    }

    /// @inheritdoc ISettlementEngine
    function holdIdOf(InstructionId instructionId, uint256 leg) external pure returns (HoldId) {
        return instructionId.holdId(leg);
    }

    /// @inheritdoc ISettlementEngine
    function registry() external view returns (IRegistry) {
        return _REGISTRY;
    }

    // ---- checks ------------------------------------------------------------------------------------------------------

    /// @dev What every settlement and lock begins with: the shape and the deadline.
    function _check(Instruction calldata instruction) private view returns (InstructionId id) {
        id = idOf(instruction);
        uint256 count = instruction.legs.length;
        if (count == 0 || count > _LEGS_MAX) revert Engine_LegCount(id, count);
        if (block.timestamp > instruction.deadline) revert Engine_Expired(id, instruction.deadline, block.timestamp);
    }

    /// @dev What every settlement begins with: that, and that its window has begun.
    function _checkInWindow(Instruction calldata instruction) private view returns (InstructionId id) {
        id = _check(instruction);
        if (block.timestamp < instruction.notBefore) {
            revert Engine_TooEarly(id, instruction.notBefore, block.timestamp);
        }
    }

    function _spend(InstructionId id, Instruction calldata instruction, InstructionStatus from, InstructionStatus to)
        private
    {
        InstructionStatus was = _transition(instruction, from, to);
        if (was != from) revert Engine_UnexpectedStatus(id, instruction.nonce, was);
    }

    /// @dev The nonce's status is shared by all instructions that name it; that this one is locked shows in its holds.
    function _requireLockedBy(InstructionId id, Instruction calldata instruction) private view {
        if (_heldLegs[id] == 0) revert Engine_UnexpectedStatus(id, instruction.nonce, _status(instruction));
    }

    /// @dev The registry's `checkLegs`. A leg is the same five words in calldata as in the call, so they are copied as
    /// they lie; the registry, which is fixed and trusted, refuses dirty ones.
    function _checkLegs(Leg[] calldata legs) private view returns (uint256 duties) {
        address registry_ = address(_REGISTRY);
        bytes4 selector = IRegistry.checkLegs.selector;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, selector)
            mstore(add(input, 4), 32)
            mstore(add(input, 36), legs.length)
            calldatacopy(add(input, 68), legs.offset, mul(legs.length, 160))
            if iszero(staticcall(gas(), registry_, input, add(68, mul(legs.length, 160)), 0, 32)) {
                returndatacopy(input, 0, returndatasize())
                revert(input, returndatasize())
            }
            duties := mload(0)
        }
    }

    // ---- movements ---------------------------------------------------------------------------------------------------

    // slither-disable-next-line reentrancy-events: under the guard of every entry, which slither cannot read
    function _performAll(InstructionId id, bytes32 termsHash, Leg[] calldata legs, address[] memory consenting)
        private
    {
        for (uint256 i = 0; i < legs.length; ++i) {
            _perform(id, i, legs[i], consenting);
        }
        emit InstructionSettled(id, termsHash);
    }

    // slither-disable-next-line calls-loop: 32 legs at most, that all move or none
    function _perform(InstructionId id, uint256 index, Leg calldata leg, address[] memory consenting) private {
        address instrument = leg.instrument;
        if (instrument == leg.receiverInstrument) {
            IInstrument(instrument).bookTransfer(leg.giver, leg.receiver, leg.quantity);
        } else {
            _payAcrossBanks(id, index, leg, consenting);
        }
        _noteMovement(leg);
    }

    /// @dev Burn at the payer's bank, reserves from bank to bank, mint at the payee's bank. Whose deposits they are, and
    /// that they settle in money, the registry says: deposits that lie pay for their own bank, and are paid to it, alone.
    // slither-disable-next-line calls-loop: 32 legs at most, that all move or none
    function _payAcrossBanks(InstructionId id, uint256 index, Leg calldata leg, address[] memory consenting) private {
        uint256 amount = leg.quantity;
        IDepositMoney payee = IDepositMoney(leg.receiverInstrument);
        (address payeeBank, IFungibleInstrument payeeReserve) = _interbankAccountOf(_REGISTRY, payee);
        (address payerBank, IFungibleInstrument reserve, bool covered) =
            IDepositMoney(leg.instrument).debit(leg.giver, amount, payeeBank);
        if (payeeBank == address(0) || payerBank == address(0) || _issuerOf(_REGISTRY, leg.instrument) != payerBank) {
            revert Engine_BankMismatch(id, index);
        }
        if (address(reserve) != address(payeeReserve)) revert Engine_ReserveMismatch(id, index);
        if (!covered) _requireConsent(id, payerBank, consenting);
        _moveReserve(reserve, payerBank, payeeBank, amount);
        payee.creditClient(leg.receiver, amount);
    }

    /// @dev All legs are on hold, or none. A hold whose instrument will not let go stays outstanding, and does not keep
    /// the others.
    function _releaseAll(InstructionId id, Instruction calldata instruction, HoldResolution resolution) private {
        uint256 held = _heldLegs[id];
        for (uint256 i = 0; held >> i != 0; ++i) {
            address instrument = instruction.legs[i].instrument;
            bytes memory input = abi.encodeCall(IInstrument.resolveHold, (id.holdId(i), resolution));
            bool success;
            assembly ("memory-safe") {
                success := call(_GAS_PER_RELEASE, instrument, 0, add(input, 32), mload(input), 0, 0)
            }
            if (success) held ^= 1 << i;
            else emit HoldReleaseFailed(id, i, ReturnData.capped());
        }
        _heldLegs[id] = held;
    }
}
