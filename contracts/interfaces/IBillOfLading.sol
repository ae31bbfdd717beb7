// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bill, BillAction, BillKind, BillStatus, Entrustment} from "../types/Bill.sol";
import {IControlTrackingRegistry} from "./IControlTrackingRegistry.sol";
import {IInstrument} from "./IInstrument.sol";

/// @title Bill of lading
/// @notice The electronic bills of lading of one carrier, as titles. The ERC-721 owner has possession: MLETR's exclusive
/// control. Beside it the endorsee has title; of a blank bill, whoever has possession. The document stays off chain;
/// its reference and hash are here. Names are DCSA's.
/// @dev A movement by the engine passes title with possession, unless its giver has entrusted the receiver, who has
/// agreed: then the receiver has possession alone, as an agent or a pledgee. That no other register has a bill on the
/// same document or under the same reference is known to the control tracking registry, where each bill is recorded as it
/// begins, passes to another register and ends; what it refuses is refused here, in its words.
interface IBillOfLading is IInstrument {
    /// @notice Emitted when the carrier issues a bill.
    /// @param titleId SHA-256 of the reference; from sub-reference 2 on, of `reference/sub-reference`.
    /// @param holder The first party in possession.
    /// @param documentHash Hash of the document.
    /// @param documentReference The reference; untrusted text.
    /// @param subReference 1, or one more than that of the bill with the same reference whose place it takes.
    /// @param kind Its kind.
    /// @param endorsee Who has title; nobody of a blank bill.
    /// @param replaces The bill whose place it takes; zero where there is none.
    event BillIssued(
        uint256 indexed titleId,
        address indexed holder,
        bytes32 indexed documentHash,
        string documentReference,
        uint16 subReference,
        BillKind kind,
        address endorsee,
        uint256 replaces
    );

    /// @notice Emitted once for every act: a bill's chain, in order.
    /// @param titleId The bill.
    /// @param action What happened.
    /// @param actor Who did it; of a movement, who gave.
    /// @param recipient To whom: the first or next party in possession, the new endorsee, the carrier; or nobody.
    /// @param data Of `Sign`, and of `Sacc` and `Issue` where the medium changes, the statement's hash; of
    /// `SurrenderForAmendment` the reason; of `HandOver` and `TakeOver` the digest of the chain before; otherwise zero.
    event BillTransaction(
        uint256 indexed titleId, BillAction indexed action, address indexed actor, address recipient, bytes32 data
    );

    /// @notice Emitted when a party says whom it will give possession alone.
    /// @param titleId The bill.
    /// @param giver Who will have title.
    /// @param receiver Who will have possession.
    /// @param realisableFrom From when on the receiver may pass title; zero: never.
    event PossessionEntrusted(
        uint256 indexed titleId, address indexed giver, address indexed receiver, uint64 realisableFrom
    );

    /// @notice Emitted when the receiver agrees.
    /// @param titleId The bill.
    /// @param giver Who will have title.
    /// @param receiver Who agreed.
    event EntrustmentAccepted(uint256 indexed titleId, address indexed giver, address indexed receiver);

    /// @notice Emitted when the receiver no longer agrees, or has given possession away.
    /// @param titleId The bill.
    /// @param giver Who entrusted it.
    /// @param receiver Who renounced.
    event EntrustmentRenounced(uint256 indexed titleId, address indexed giver, address indexed receiver);

    /// @notice Emitted when a party takes an entrustment back.
    /// @param titleId The bill.
    /// @param giver Who took it back.
    /// @param receiver Whose it was.
    event EntrustmentRevoked(uint256 indexed titleId, address indexed giver, address indexed receiver);

    /// @notice Thrown when a document reference is empty or longer than 20 characters.
    /// @param documentReference The reference.
    error BillOfLading_InvalidReference(string documentReference);

    /// @notice Thrown when a bill's status does not allow the act.
    /// @param titleId The bill.
    /// @param status Its status.
    error BillOfLading_UnexpectedStatus(uint256 titleId, BillStatus status);

    /// @notice Thrown when somebody without possession (for a signature: and without title) acts on a bill.
    /// @param titleId The bill.
    /// @param caller Who called.
    error BillOfLading_NotInControl(uint256 titleId, address caller);

    /// @notice Thrown when somebody who has possession does what takes title too.
    /// @param titleId The bill.
    /// @param caller Who called.
    error BillOfLading_NotTitleholder(uint256 titleId, address caller);

    /// @notice Thrown when a blank bill names an endorsee, or the carrier would become one by endorsement.
    /// @param endorsee The party named.
    error BillOfLading_InvalidEndorsee(address endorsee);

    /// @notice Thrown when title would pass of a straight bill, or by an endorsee that cannot endorse.
    /// @param titleId The bill.
    /// @param endorsee Who has title.
    error BillOfLading_TitleCannotPass(uint256 titleId, address endorsee);

    /// @notice Thrown when a party without title would give possession to somebody who is neither the titleholder nor
    /// entrusted by it.
    /// @param titleId The bill.
    /// @param titleholder Who has title.
    /// @param receiver Who would have possession.
    error BillOfLading_NotEntrusted(uint256 titleId, address titleholder, address receiver);

    /// @notice Thrown when possession would pass to a party that has not agreed to have it without title.
    /// @param titleId The bill.
    /// @param titleholder Who has title.
    /// @param receiver Who has to agree.
    error BillOfLading_EntrustmentNotAccepted(uint256 titleId, address titleholder, address receiver);

    /// @notice Thrown when somebody would entrust itself, nobody or the carrier, or possession alone of a blank bill.
    /// @param titleId The bill.
    /// @param receiver Who would be entrusted.
    error BillOfLading_InvalidEntrustment(uint256 titleId, address receiver);

    /// @notice Thrown when an entrustment would be changed while its receiver has possession.
    /// @param titleId The bill.
    /// @param receiver Who has possession.
    error BillOfLading_EntrustmentInUse(uint256 titleId, address receiver);

    /// @notice Thrown when a receiver answers an entrustment that is not there, or has other terms.
    /// @param titleId The bill.
    /// @param giver The party named.
    /// @param receiver Who called.
    error BillOfLading_UnknownEntrustment(uint256 titleId, address giver, address receiver);

    /// @notice Thrown when an amendment's reason is not DCSA's, or not the one that the act is for.
    /// @param titleId The bill.
    /// @param reason The reason.
    error BillOfLading_UnexpectedReason(uint256 titleId, bytes4 reason);

    /// @notice Thrown when a change of medium comes without the hash of a statement.
    error BillOfLading_StatementMissing();

    /// @notice Thrown when another bill has taken this one's place already.
    /// @param titleId The bill.
    /// @param replacedBy The other one.
    error BillOfLading_Replaced(uint256 titleId, uint256 replacedBy);

    /// @notice Thrown when an amended bill would be issued to somebody other than who surrendered the old one.
    /// @param titleId The old bill.
    /// @param holder The party named.
    error BillOfLading_NotSurrenderedBy(uint256 titleId, address holder);

    /// @notice Thrown when somebody other than the control tracking registry has a bill taken over.
    /// @param caller Who called.
    error BillOfLading_NotControlTracking(address caller);

    /// @notice Thrown when a bill is handed over without a digest of its chain.
    /// @param titleId The bill.
    error BillOfLading_ChainDigestMissing(uint256 titleId);

    /// @notice Issues a bill to its first holder. Carrier only.
    /// @param holder Who has possession first: the shipper.
    /// @param documentReference 1 to 20 bytes, never used before.
    /// @param documentHash Hash of the transport document.
    /// @param kind Its kind.
    /// @param endorsee The consignee of a straight bill, the first endorsee of one to order; zero of a blank one.
    function issue(
        address holder,
        string calldata documentReference,
        bytes32 documentHash,
        BillKind kind,
        address endorsee
    ) external returns (uint256 titleId);

    /// @notice Issues the bill that takes the place of one surrendered for amendment, once. Carrier only.
    /// @param oldTitleId The old bill.
    /// @param holder Whoever surrendered it.
    /// @param documentReference The old reference, whose sub-reference goes up by one, or one never used.
    function reissue(
        uint256 oldTitleId,
        address holder,
        string calldata documentReference,
        bytes32 documentHash,
        BillKind kind,
        address endorsee
    ) external returns (uint256 titleId);

    /// @notice Issues a bill in the place of a paper one, once for each. Carrier only.
    /// @param oldTitleId The bill that was switched to that paper; zero where the document was never electronic.
    /// @param statementHash Hash of the statement of the change of medium (MLETR 17).
    function issueFromPaper(
        address holder,
        string calldata documentReference,
        bytes32 documentHash,
        BillKind kind,
        address endorsee,
        uint256 oldTitleId,
        bytes32 statementHash
    ) external returns (uint256 titleId);

    /// @notice ENDORSE: `endorsee` gets title and cannot endorse. For the endorsee who has possession, or whoever has
    /// possession of a blank bill; not for straight ones, nor on hold. Moves no possession.
    function endorse(uint256 titleId, address endorsee) external;

    /// @notice ENDORSE_TO_ORDER: as `endorse`, but the new endorsee can endorse.
    function endorseToOrder(uint256 titleId, address endorsee) external;

    /// @notice BLANK_ENDORSE: as `endorse`, but from now on possession is title.
    function blankEndorse(uint256 titleId) external;

    /// @notice SIGN: the party in possession or the endorsee puts its name to a statement.
    function sign(uint256 titleId, bytes32 statementHash) external;

    /// @notice Says that whenever the caller has title and gives this bill to `receiver`, possession alone passes. It
    /// does not pass until the receiver has accepted. Not while `receiver` has possession, nor on hold.
    /// @param realisableFrom From when on `receiver`, while it has possession, may pass title; zero: never.
    function entrust(uint256 titleId, address receiver, uint64 realisableFrom) external;

    /// @notice Takes an entrustment back. Not while `receiver` has possession, nor on hold.
    function revokeEntrustment(uint256 titleId, address receiver) external;

    /// @notice The receiver agrees to have possession without title, of a bill to order once: it ends when the receiver gives it
    /// away. Not on hold: what a settlement will pass stands.
    /// @param realisableFrom What it agrees to, so that it cannot be changed under its hands.
    function acceptEntrustment(uint256 titleId, address giver, uint64 realisableFrom) external;

    /// @notice The receiver no longer agrees: nothing moves under the entrustment until it accepts again. Not on hold.
    function renounceEntrustment(uint256 titleId, address giver) external;

    /// @notice Hands a bill back to the carrier for delivery of the goods. A straight one: the shipper or the consignee
    /// who has possession; one to order: the endorsee who has possession; a blank one: whoever has possession.
    function surrenderForDelivery(uint256 titleId) external;

    /// @notice As `surrenderForDelivery`, for amendment.
    /// @param reason `COD`, `SWI` or `SWTP`: ASCII, left-aligned.
    function surrenderForAmendment(uint256 titleId, bytes4 reason) external;

    /// @notice Accepts a surrender, other than for a switch to paper: nothing more happens to the bill. Carrier only.
    function acceptSurrender(uint256 titleId) external;

    /// @notice Accepts a surrender for a switch to paper: this bill ceases to have effect. Carrier only.
    /// @param statementHash Hash of the statement of the change of medium (MLETR 18).
    function acceptSwitchToPaper(uint256 titleId, bytes32 statementHash) external;

    /// @notice Rejects a surrender: possession returns to whoever surrendered. Carrier only.
    function rejectSurrender(uint256 titleId) external;

    /// @notice Voids a bill of which the carrier itself has possession and title. Carrier only.
    function voidBill(uint256 titleId) external;

    /// @notice Hands a bill over to another register of the same carrier, where it goes on in the same call: the same
    /// party in possession, the same title, kind and references. For whoever may surrender it. Entrustments stay behind.
    /// @param target The other register, admitted.
    /// @param chainDigest Digest of the chain so far, so that it can be proved there; not zero. The caller vouches for it,
    /// and the entries here show whether it is right.
    function handOver(uint256 titleId, address target, bytes32 chainDigest) external;

    /// @notice Goes on with a bill of another register. Control tracking registry only.
    /// @param holder Who is in control before and after.
    /// @param taken The bill as it stands there.
    /// @param chainDigest Digest of the chain there.
    function takeOver(uint256 titleId, address holder, Bill calldata taken, bytes32 chainDigest) external;

    /// @notice A bill.
    function bill(uint256 titleId) external view returns (Bill memory);

    /// @notice Who has title to a bill; nobody where it has ended.
    function titleholderOf(uint256 titleId) external view returns (address);

    /// @notice What `giver` entrusts `receiver` with.
    function entrustment(uint256 titleId, address giver, address receiver) external view returns (Entrustment memory);

    /// @notice Where it is known which register has a bill.
    function controlTracking() external view returns (IControlTrackingRegistry);
}
