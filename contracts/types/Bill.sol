// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Where a bill stands, in DCSA's words.
/// @custom:value0 None: there is no such bill.
/// @custom:value1 Issued: it may be endorsed, moved and surrendered.
/// @custom:value2 PendingSurrenderForAmendment: the carrier has possession until it answers.
/// @custom:value3 SurrenderedForAmendment: final; a new bill or a paper one takes its place.
/// @custom:value4 PendingSurrenderForDelivery: the carrier has possession until it answers.
/// @custom:value5 SurrenderedForDelivery: final.
/// @custom:value6 Voided: final.
/// @custom:value7 HandedOver: not DCSA's; another register has the bill, and unless it comes back nothing happens here.
enum BillStatus {
    None,
    Issued,
    PendingSurrenderForAmendment,
    SurrenderedForAmendment,
    PendingSurrenderForDelivery,
    SurrenderedForDelivery,
    Voided,
    HandedOver
}

/// @notice Who can have title to a bill.
/// @custom:value0 Straight: the consignee, who is named as endorsee; never endorsed.
/// @custom:value1 ToOrder: the endorsee named.
/// @custom:value2 Blank: nobody is named, and possession is title.
enum BillKind {
    Straight,
    ToOrder,
    Blank
}

/// @notice An entry of a bill's chain. Those that are not DCSA's action codes say so.
/// @custom:value0 Issue: the first entry of a bill, and there once.
/// @custom:value1 Transfer: possession alone passes, or of a blank bill possession, which is title.
/// @custom:value2 TransferWithTitle: not DCSA's; ENDORSE_TO_ORDER and TRANSFER to the same party, in one settled movement.
/// @custom:value3 Endorse: the new endorsee cannot endorse.
/// @custom:value4 EndorseToOrder: the new endorsee can.
/// @custom:value5 BlankEndorse: from now on possession is title.
/// @custom:value6 Sign: somebody puts its name to a statement.
/// @custom:value7 SurrenderForDelivery.
/// @custom:value8 SurrenderForAmendment.
/// @custom:value9 Sacc: the surrender is accepted; always the last entry.
/// @custom:value10 Srej: the surrender is rejected, and possession returns.
/// @custom:value11 Void: not DCSA's; always the last entry.
/// @custom:value12 HandOver: not DCSA's; the chain goes on in another register.
/// @custom:value13 TakeOver: not DCSA's; the chain of another register goes on here.
enum BillAction {
    Issue,
    Transfer,
    TransferWithTitle,
    Endorse,
    EndorseToOrder,
    BlankEndorse,
    Sign,
    SurrenderForDelivery,
    SurrenderForAmendment,
    Sacc,
    Srej,
    Void,
    HandOver,
    TakeOver
}

/// @notice What the chain knows of a bill. What a movement reads and writes shares the first word.
struct Bill {
    BillStatus status;
    BillKind kind;
    /// Whether the endorsee can endorse, and so pass title.
    bool endorsable;
    /// 1, and one more in each bill that takes the place of one with the same reference.
    uint16 subReference;
    /// DCSA's code, where surrender for amendment was asked for.
    bytes4 amendmentReason;
    /// Who has title; nobody where the bill is blank.
    address endorsee;
    /// Who asked for surrender, and has possession again if the carrier rejects it.
    address surrenderedBy;
    /// The original shipper: the first holder of the first bill in the line.
    address shipper;
    /// Hash of the transport document.
    bytes32 documentHash;
    /// Transport document reference, at most 20 characters.
    string documentReference;
    /// The bill whose place this one takes; zero where there is none.
    uint256 replaces;
    /// The bill that has taken the place of this one; zero where there is none.
    uint256 replacedBy;
}

/// @notice Which register has a bill, in the control tracking registry.
struct ControlRecord {
    /// The register that has it, or had it when it ended.
    address register;
    /// Whether the bill lives.
    bool live;
    /// The bill there.
    uint256 titleId;
}

/// @notice That a party will be given possession without title, as an agent or a pledgee.
struct Entrustment {
    bool given;
    /// Whether the receiver has agreed, without which nothing moves under it.
    bool accepted;
    /// From when on (Unix time) the receiver may pass title, as a pledgee realises its pledge; zero: never.
    uint64 realisableFrom;
}

/// @notice DCSA's reasons for an amendment.
library AmendmentReasons {
    /// @notice Change of destination.
    bytes4 internal constant CHANGE_OF_DESTINATION = "COD";
    /// @notice Switch of the bill.
    bytes4 internal constant SWITCH_BILL = "SWI";
    /// @notice Switch to paper.
    bytes4 internal constant SWITCH_TO_PAPER = "SWTP";
}
