// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IBillOfLading} from "../interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../interfaces/IControlTrackingRegistry.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {EngineBound} from "../token/EngineBound.sol";
import {AmendmentReasons, Bill, BillAction, BillKind, BillStatus} from "../types/Bill.sol";
import {Roles} from "../types/Participation.sol";
import {BillTitle} from "./BillTitle.sol";

/// @title Bill of lading
/// @notice Implements {IBillOfLading}, which documents every function: here how a bill begins and ends.
contract BillOfLading is BillTitle {
    /// @dev DCSA's limit on transportDocumentReference.
    uint256 private constant _REFERENCE_LENGTH_MAX = 20;

    /// @dev Fixed and trusted, as the registry is. It asks that one for kinds and issuers, and calls nobody else but
    /// where a bill is passed on.
    IControlTrackingRegistry private immutable _CONTROL;

    /// @dev As `onlyIssuer`, in one copy: six would make the contract too large.
    modifier onlyCarrier() {
        _requireCarrier();
        _;
    }

    constructor(
        string memory name_,
        string memory symbol_,
        address engine,
        address carrier,
        IRegistry registry,
        IControlTrackingRegistry control
    ) ERC721(name_, symbol_) EngineBound(engine, carrier, registry) {
        registry.requireRole(carrier, Roles.CARRIER);
        _CONTROL = control;
    }

    // ---- issue -------------------------------------------------------------------------------------------------------

    /// @inheritdoc IBillOfLading
    function issue(
        address holder,
        string calldata documentReference,
        bytes32 documentHash,
        BillKind kind,
        address endorsee
    ) external onlyCarrier returns (uint256) {
        return _issue(holder, documentReference, documentHash, kind, endorsee, 0, 0);
    }

    /// @inheritdoc IBillOfLading
    function reissue(
        uint256 oldTitleId,
        address holder,
        string calldata documentReference,
        bytes32 documentHash,
        BillKind kind,
        address endorsee
    ) external onlyCarrier returns (uint256) {
        bytes4 reason = _bills[oldTitleId].amendmentReason;
        _requireStatus(oldTitleId, BillStatus.SurrenderedForAmendment);
        if (reason == AmendmentReasons.SWITCH_TO_PAPER) revert BillOfLading_UnexpectedReason(oldTitleId, reason);
        if (holder != _bills[oldTitleId].surrenderedBy) revert BillOfLading_NotSurrenderedBy(oldTitleId, holder);
        return _issue(holder, documentReference, documentHash, kind, endorsee, oldTitleId, 0);
    }

    /// @inheritdoc IBillOfLading
    function issueFromPaper(
        address holder,
        string calldata documentReference,
        bytes32 documentHash,
        BillKind kind,
        address endorsee,
        uint256 oldTitleId,
        bytes32 statementHash
    ) external onlyCarrier returns (uint256) {
        if (statementHash == 0) revert BillOfLading_StatementMissing();
        if (oldTitleId != 0) {
            bytes4 reason = _bills[oldTitleId].amendmentReason;
            _requireStatus(oldTitleId, BillStatus.SurrenderedForAmendment);
            if (reason != AmendmentReasons.SWITCH_TO_PAPER) revert BillOfLading_UnexpectedReason(oldTitleId, reason);
        }
        return _issue(holder, documentReference, documentHash, kind, endorsee, oldTitleId, statementHash);
    }

    // slither-disable-next-line reentrancy-no-eth,reentrancy-benign,reentrancy-events: _CONTROL calls nobody back
    function _issue(
        address holder,
        string calldata documentReference,
        bytes32 documentHash,
        BillKind kind,
        address endorsee,
        uint256 oldTitleId,
        bytes32 statementHash
    ) private returns (uint256 titleId) {
        _requireActive(holder);
        if (kind != BillKind.Blank) _requireActive(endorsee);
        else if (endorsee != address(0)) revert BillOfLading_InvalidEndorsee(endorsee);
        uint256 length = bytes(documentReference).length;
        if (length == 0 || length > _REFERENCE_LENGTH_MAX) revert BillOfLading_InvalidReference(documentReference);
        uint16 subReference = _subReference(oldTitleId, documentReference);
        titleId = _CONTROL.begin(documentHash, documentReference, subReference);

        Bill storage made = _bills[titleId];
        made.status = BillStatus.Issued;
        made.kind = kind;
        made.endorsable = kind != BillKind.Straight;
        made.subReference = subReference;
        made.endorsee = endorsee;
        made.shipper = holder;
        made.documentHash = documentHash;
        made.documentReference = documentReference;
        if (oldTitleId != 0) _replace(oldTitleId, titleId);
        _mint(holder, titleId);
        emit BillIssued(titleId, holder, documentHash, documentReference, subReference, kind, endorsee, oldTitleId);
        emit BillTransaction(titleId, BillAction.Issue, msg.sender, holder, statementHash);
    }

    /// @dev DCSA's way: the same reference, one version up. Another reference begins at 1.
    function _subReference(uint256 oldTitleId, string calldata documentReference) private view returns (uint16) {
        bool same = oldTitleId != 0 && Strings.equal(_bills[oldTitleId].documentReference, documentReference);
        return same ? _bills[oldTitleId].subReference + 1 : 1;
    }

    /// @dev Whoever shipped the goods is still their shipper.
    function _replace(uint256 oldTitleId, uint256 titleId) private {
        Bill storage old = _bills[oldTitleId];
        if (old.replacedBy != 0) revert BillOfLading_Replaced(oldTitleId, old.replacedBy);
        old.replacedBy = titleId;
        _bills[titleId].replaces = oldTitleId;
        _bills[titleId].shipper = old.shipper;
    }

    // ---- surrender ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IBillOfLading
    function surrenderForDelivery(uint256 titleId) external {
        _surrender(titleId, BillStatus.PendingSurrenderForDelivery, BillAction.SurrenderForDelivery, 0);
    }

    /// @inheritdoc IBillOfLading
    function surrenderForAmendment(uint256 titleId, bytes4 reason) external {
        if (
            reason != AmendmentReasons.CHANGE_OF_DESTINATION && reason != AmendmentReasons.SWITCH_BILL
                && reason != AmendmentReasons.SWITCH_TO_PAPER
        ) revert BillOfLading_UnexpectedReason(titleId, reason);
        _surrender(titleId, BillStatus.PendingSurrenderForAmendment, BillAction.SurrenderForAmendment, reason);
    }

    function _surrender(uint256 titleId, BillStatus status, BillAction action, bytes4 reason) private {
        _requireInControl(titleId);
        _requireDisposal(titleId);
        Bill storage current = _bills[titleId];
        current.status = status;
        current.amendmentReason = reason;
        current.surrenderedBy = msg.sender;
        _update(_ISSUER, titleId, address(0));
        emit BillTransaction(titleId, action, msg.sender, _ISSUER, reason);
    }

    /// @inheritdoc IBillOfLading
    // slither-disable-next-line reentrancy-events: _CONTROL calls nobody back
    function acceptSurrender(uint256 titleId) external onlyCarrier {
        bool amendment = _requirePending(titleId);
        bytes4 reason = _bills[titleId].amendmentReason;
        if (reason == AmendmentReasons.SWITCH_TO_PAPER) revert BillOfLading_UnexpectedReason(titleId, reason);
        _end(titleId, amendment ? BillStatus.SurrenderedForAmendment : BillStatus.SurrenderedForDelivery);
        emit BillTransaction(titleId, BillAction.Sacc, msg.sender, address(0), 0);
    }

    /// @inheritdoc IBillOfLading
    // slither-disable-next-line reentrancy-events: _CONTROL calls nobody back
    function acceptSwitchToPaper(uint256 titleId, bytes32 statementHash) external onlyCarrier {
        if (statementHash == 0) revert BillOfLading_StatementMissing();
        _requirePending(titleId);
        bytes4 reason = _bills[titleId].amendmentReason;
        if (reason != AmendmentReasons.SWITCH_TO_PAPER) revert BillOfLading_UnexpectedReason(titleId, reason);
        _end(titleId, BillStatus.SurrenderedForAmendment);
        emit BillTransaction(titleId, BillAction.Sacc, msg.sender, address(0), statementHash);
    }

    /// @inheritdoc IBillOfLading
    function rejectSurrender(uint256 titleId) external onlyCarrier {
        _requirePending(titleId);
        Bill storage current = _bills[titleId];
        address holder = current.surrenderedBy;
        current.status = BillStatus.Issued;
        current.amendmentReason = 0;
        delete current.surrenderedBy;
        _update(holder, titleId, address(0));
        emit BillTransaction(titleId, BillAction.Srej, msg.sender, holder, 0);
    }

    /// @inheritdoc IBillOfLading
    /// @dev Without its title the carrier would void what is another's.
    // slither-disable-next-line reentrancy-events: _CONTROL calls nobody back
    function voidBill(uint256 titleId) external onlyCarrier {
        _requireStatus(titleId, BillStatus.Issued);
        _requireInControl(titleId);
        _requireTitle(titleId);
        _end(titleId, BillStatus.Voided);
        emit BillTransaction(titleId, BillAction.Void, msg.sender, address(0), 0);
    }

    // ---- another register --------------------------------------------------------------------------------------------

    /// @inheritdoc IBillOfLading
    function handOver(uint256 titleId, address target, bytes32 chainDigest) external {
        _requireInControl(titleId);
        _requireDisposal(titleId);
        if (chainDigest == 0) revert BillOfLading_ChainDigestMissing(titleId);
        Bill memory handed = _bills[titleId];
        _bills[titleId].status = BillStatus.HandedOver;
        _burn(titleId);
        emit BillTransaction(titleId, BillAction.HandOver, msg.sender, msg.sender, chainDigest);
        _CONTROL.pass(target, msg.sender, handed, chainDigest);
    }

    /// @inheritdoc IBillOfLading
    /// @dev The control tracking registry has looked at the rest. A bill that was here before may come back.
    function takeOver(uint256 titleId, address holder, Bill calldata taken, bytes32 chainDigest) external {
        if (msg.sender != address(_CONTROL)) revert BillOfLading_NotControlTracking(msg.sender);
        _requireActive(holder);
        _bills[titleId] = taken;
        _mint(holder, titleId);
        emit BillTransaction(titleId, BillAction.TakeOver, holder, holder, chainDigest);
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IBillOfLading
    function bill(uint256 titleId) external view returns (Bill memory) {
        return _bills[titleId];
    }

    /// @inheritdoc IBillOfLading
    function titleholderOf(uint256 titleId) external view returns (address) {
        address holder = _ownerOf(titleId);
        return holder == address(0) || _bills[titleId].kind == BillKind.Blank ? holder : _bills[titleId].endorsee;
    }

    /// @inheritdoc IBillOfLading
    function controlTracking() external view returns (IControlTrackingRegistry) {
        return _CONTROL;
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function _requireCarrier() private view {
        if (msg.sender != _ISSUER) revert Instrument_NotIssuer(msg.sender);
        _requireActive(msg.sender);
    }

    /// @dev The caller, who has possession, has title too, or is the shipper of a straight bill.
    function _requireDisposal(uint256 titleId) private view {
        Bill storage current = _bills[titleId];
        if (current.kind != BillKind.Straight || current.shipper != msg.sender) _requireTitle(titleId);
    }

    // slither-disable-next-line reentrancy-benign,reentrancy-events: _CONTROL calls nobody back
    function _end(uint256 titleId, BillStatus status) private {
        _bills[titleId].status = status;
        _CONTROL.end(_bills[titleId].documentHash);
        _burn(titleId);
    }

    /// @dev Reverts unless the carrier has an answer to give.
    function _requirePending(uint256 titleId) private view returns (bool amendment) {
        BillStatus status = _bills[titleId].status;
        amendment = status == BillStatus.PendingSurrenderForAmendment;
        if (!amendment && status != BillStatus.PendingSurrenderForDelivery) {
            revert BillOfLading_UnexpectedStatus(titleId, status);
        }
    }
}
