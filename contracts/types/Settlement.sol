// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Identifies an instruction: the EIP-712 digest of its terms under one engine on one chain, so the same terms
/// have another id on another chain or deployment.
type InstructionId is bytes32;

/// @notice Identifies a hold: the instruction it serves and the position of the leg in it.
type HoldId is bytes32;

/// @notice One movement inside a settlement.
/// @dev A payment leg across two banks names the payer's deposit instrument as `instrument` and the payee's as
/// `receiverInstrument`; every other leg names the same contract twice.
struct Leg {
    /// Who gives; always has to consent.
    address giver;
    /// Who receives; has to consent where the instrument lays a duty on whoever receives it.
    address receiver;
    /// The token contract that the giver's quantity leaves.
    address instrument;
    /// The token contract in which the receiver is credited.
    address receiverInstrument;
    /// Smallest units of the instrument; for a title, its token id.
    uint256 quantity;
}

/// @notice What the parties agree to. Its EIP-712 hash is its id, and is what they sign.
struct Instruction {
    /// Performed in this order, all or none.
    Leg[] legs;
    /// Hash of the full terms, which stay off chain.
    bytes32 termsHash;
    /// First second (Unix time) in which the instruction may settle.
    uint64 notBefore;
    /// Last second (Unix time) in which the instruction may settle or be locked.
    uint64 deadline;
    /// Unordered; may be used once by this group of parties.
    uint256 nonce;
}

/// @notice A party's signature over an instruction.
struct Consent {
    address party;
    /// 65-byte ECDSA, 64-byte compact (EIP-2098), or whatever the ERC-1271 account `party` accepts.
    bytes signature;
}

/// @notice An instruction with the consents that make it settle.
struct Settlement {
    Instruction instruction;
    Consent[] consents;
}

/// @notice Where an instruction stands. Only `Open` and `Locked` can change; the other three are final.
/// @custom:value0 Open: nothing has happened on chain.
/// @custom:value1 Locked: matched on chain, every leg's quantity is on hold.
/// @custom:value2 Settled: every leg took effect.
/// @custom:value3 Cancelled: by one party until it is locked, then by all together.
/// @custom:value4 Expired: the deadline passed and somebody recorded it.
enum InstructionStatus {
    Open,
    Locked,
    Settled,
    Cancelled,
    Expired
}

/// @notice How a hold ended; a hold ends exactly once.
enum HoldResolution {
    Executed,
    Released,
    Expired
}

/// @notice What a batch does when one of its instructions is refused.
enum BatchMode {
    AllOrNothing,
    EachForItself
}
