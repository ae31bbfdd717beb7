// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchMode, Consent, HoldId, Instruction, InstructionId, InstructionStatus} from "../types/Settlement.sol";
import {IRegistry} from "./IRegistry.sol";

/// @title Settlement engine
/// @notice Performs all legs of an instruction in one transaction, or none. Anyone may submit: what counts is the
/// parties' consents, which bind every word of the instruction, the chain and this contract.
/// @dev Assumed of admitted instruments, broken = unsafe: `move` moves exactly what it is told or reverts; holds are
/// exclusive; deposit money settles in wholesale money and has the issuer that the registry names. Broken = only stuck:
/// an instrument that reverts at will blocks the instructions that name it, and no others; the other legs' holds stay
/// recoverable one by one.
interface ISettlementEngine {
    /// @notice Emitted when every leg of an instruction has taken effect.
    /// @param instructionId The instruction.
    /// @param termsHash Hash of its full terms.
    event InstructionSettled(InstructionId indexed instructionId, bytes32 indexed termsHash);

    /// @notice Emitted when an instruction is matched on chain and all its legs are on hold.
    /// @param instructionId The instruction.
    /// @param termsHash Hash of its full terms.
    event InstructionLocked(InstructionId indexed instructionId, bytes32 indexed termsHash);

    /// @notice Emitted when an instruction is cancelled.
    /// @param instructionId The instruction.
    /// @param reason The parties' own words; untrusted text.
    event InstructionCancelled(InstructionId indexed instructionId, string reason);

    /// @notice Emitted when an instruction's expiry is recorded.
    /// @param instructionId The instruction.
    event InstructionExpired(InstructionId indexed instructionId);

    /// @notice Emitted when one instruction of an `EachForItself` batch is refused; nothing of it took effect and it
    /// may be tried again inside its window.
    /// @param instructionId The instruction.
    /// @param reason The encoded error; cut to 1,024 bytes.
    event InstructionFailed(InstructionId indexed instructionId, bytes reason);

    /// @notice Emitted when a hold could not be released together with the others; `releaseLeg` tries it again.
    /// @param instructionId The instruction.
    /// @param leg Position of the leg.
    /// @param reason The encoded error; cut to 1,024 bytes.
    event HoldReleaseFailed(InstructionId indexed instructionId, uint256 leg, bytes reason);

    /// @notice Thrown when an instruction has no leg, or more than the engine takes.
    /// @param instructionId The instruction.
    /// @param legs How many it has.
    error Engine_LegCount(InstructionId instructionId, uint256 legs);

    /// @notice Thrown when a settlement comes before its window.
    /// @param instructionId The instruction.
    /// @param notBefore First second of the window.
    /// @param timestamp Time of the block.
    error Engine_TooEarly(InstructionId instructionId, uint64 notBefore, uint256 timestamp);

    /// @notice Thrown when an instruction is to be locked whose window ends before it begins.
    /// @param instructionId The instruction.
    /// @param notBefore First second of the window.
    /// @param deadline Last second of the window.
    error Engine_WindowEmpty(InstructionId instructionId, uint64 notBefore, uint64 deadline);

    /// @notice Thrown when a settlement or lock comes after the deadline.
    /// @param instructionId The instruction.
    /// @param deadline Last second of the window.
    /// @param timestamp Time of the block.
    error Engine_Expired(InstructionId instructionId, uint64 deadline, uint256 timestamp);

    /// @notice Thrown when an expiry is recorded while the window is open.
    /// @param instructionId The instruction.
    /// @param deadline Last second of the window.
    /// @param timestamp Time of the block.
    error Engine_NotExpired(InstructionId instructionId, uint64 deadline, uint256 timestamp);

    /// @notice Thrown when the instruction, or another one of the same parties with the same nonce, stands elsewhere
    /// than the call needs: settled, cancelled, expired, locked, or not locked.
    /// @param instructionId The instruction.
    /// @param nonce Its nonce.
    /// @param status Where the nonce stands.
    error Engine_UnexpectedStatus(InstructionId instructionId, uint256 nonce, InstructionStatus status);

    /// @notice Thrown when a leg asks for a hold of this instruction that is not outstanding.
    /// @param instructionId The instruction.
    /// @param leg Position of the leg.
    error Engine_LegNotHeld(InstructionId instructionId, uint256 leg);

    /// @notice Thrown when a party that has to consent has not.
    /// @param instructionId The instruction.
    /// @param party The party.
    error Engine_ConsentMissing(InstructionId instructionId, address party);

    /// @notice Thrown when a consent's signature is not the party's over this instruction.
    /// @param instructionId The instruction.
    /// @param party The party it was given for.
    error Engine_ConsentInvalid(InstructionId instructionId, address party);

    /// @notice Thrown when a payment leg joins deposits that settle in different wholesale money.
    /// @param instructionId The instruction.
    /// @param leg Position of the leg.
    error Engine_ReserveMismatch(InstructionId instructionId, uint256 leg);

    /// @notice Thrown when the payer's or the payee's deposits name a bank that is not their issuer in the registry, or are
    /// no money there.
    /// @param instructionId The instruction.
    /// @param leg Position of the leg.
    error Engine_BankMismatch(InstructionId instructionId, uint256 leg);

    /// @notice Thrown when the reason of a cancellation is longer than the engine takes.
    /// @param instructionId The instruction.
    /// @param length Its length in bytes.
    error Engine_ReasonTooLong(InstructionId instructionId, uint256 length);

    /// @notice Thrown when a batch is empty or larger than the engine takes.
    /// @param size How many instructions it has.
    error Engine_BatchSize(uint256 size);

    /// @notice Thrown when a batch's items are cut short, or name an account that is not in its list.
    /// @param index Position in the batch.
    error Engine_BatchMalformed(uint256 index);

    /// @notice Thrown when the gas given is too little to tell a refusal from a lack of gas.
    /// @param index Position in the batch at which gas ran low.
    error Engine_BatchOutOfGas(uint256 index);

    /// @notice Thrown when the engine's own inner entry is called from outside.
    /// @param caller Who called.
    error Engine_NotSelf(address caller);

    /// @notice Matches and settles an instruction in one step.
    /// @param instruction The instruction.
    /// @param consents The consents of every giver, of every receiver on whom receiving lays a duty, and of every bank
    /// whose mandate does not cover its payment.
    /// @return instructionId The instruction's id.
    function settle(Instruction calldata instruction, Consent[] calldata consents)
        external
        returns (InstructionId instructionId);

    /// @notice Settles many instructions, out of their holds where they are locked. Reserves move once per bank, for the
    /// net of all payments.
    /// @dev In `AllOrNothing` the net has to be covered; in `EachForItself` an instruction is refused where its own
    /// payment is not covered by what its bank has at that point of the batch.
    /// @param accounts Every party and instrument that the items name, once.
    /// @param items The instructions with their consents, in the form that `BatchCodec` documents.
    /// @param mode What happens when one is refused.
    /// @return settled Bit i is set where the i-th settled.
    function settleBatch(address[] calldata accounts, bytes calldata items, BatchMode mode)
        external
        returns (uint256 settled);

    /// @notice What a batch calls for each of its instructions; only the engine itself may.
    /// @param instruction The instruction.
    /// @param consents Its consents.
    /// @param eligibility Zero, or that its parties and instruments were found fit, and which legs lay a duty.
    function settleInBatch(Instruction calldata instruction, Consent[] calldata consents, uint256 eligibility)
        external
        returns (InstructionId instructionId);

    /// @notice Matches an instruction on chain and puts every leg on hold, any time up to its deadline. Each leg has to be
    /// one that could be performed now, but for reserves and the mandate of a payment across banks.
    function lock(Instruction calldata instruction, Consent[] calldata consents)
        external
        returns (InstructionId instructionId);

    /// @notice Settles a locked instruction out of its holds.
    /// @param instruction The instruction.
    /// @param consents Only those of banks whose mandate does not cover their payment.
    function settleLocked(Instruction calldata instruction, Consent[] calldata consents)
        external
        returns (InstructionId instructionId);

    /// @notice Cancels an instruction for good: with the signature of any one party of its legs while it is open, of
    /// all of them once it is locked.
    /// @param instruction The instruction.
    /// @param reason The parties' own words; they sign it.
    /// @param cancellations Signatures over `Cancellation(bytes32 instructionId,string reason)`.
    function cancel(Instruction calldata instruction, string calldata reason, Consent[] calldata cancellations)
        external
        returns (InstructionId instructionId);

    /// @notice Records that an instruction's deadline has passed, and releases its holds.
    function expire(Instruction calldata instruction) external returns (InstructionId instructionId);

    /// @notice Releases the hold of one leg of a cancelled or expired instruction.
    function releaseLeg(Instruction calldata instruction, uint256 leg) external returns (InstructionId instructionId);

    /// @notice The instruction's id: what its parties sign.
    function idOf(Instruction calldata instruction) external view returns (InstructionId);

    /// @notice What a party signs to cancel.
    function cancellationDigest(InstructionId instructionId, string calldata reason) external view returns (bytes32);

    /// @notice Where the instruction's nonce stands. Another instruction of the same parties with the same nonce
    /// answers the same: a nonce serves one instruction.
    function statusOf(Instruction calldata instruction) external view returns (InstructionStatus);

    /// @notice Bit i is set where leg i's hold is outstanding.
    function heldLegs(InstructionId instructionId) external view returns (uint256);

    /// @notice The id under which leg `leg` of the instruction is held.
    function holdIdOf(InstructionId instructionId, uint256 leg) external pure returns (HoldId);

    /// @notice The registry of participants and instruments that the engine obeys.
    function registry() external view returns (IRegistry);
}
