// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IBillOfLading} from "../interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../interfaces/IControlTrackingRegistry.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Bill, BillStatus, ControlRecord} from "../types/Bill.sol";
import {InstrumentKind} from "../types/Participation.sol";

/// @title Control tracking registry
/// @notice Implements {IControlTrackingRegistry}, which documents every function.
contract ControlTrackingRegistry is IControlTrackingRegistry {
    IRegistry private immutable _REGISTRY;

    mapping(bytes32 key => ControlRecord) private _records;
    /// @dev The key of a document's live record.
    mapping(bytes32 documentHash => bytes32 key) private _live;

    constructor(IRegistry registry) {
        _REGISTRY = registry;
    }

    /// @inheritdoc IControlTrackingRegistry
    function begin(bytes32 documentHash, string calldata documentReference, uint16 subReference)
        external
        returns (uint256 titleId)
    {
        address carrier = _carrierOf(msg.sender);
        ControlRecord storage live = _records[_live[documentHash]];
        if (live.live) revert ControlTracking_DocumentHasLiveRecord(documentHash, live.register, live.titleId);
        titleId = _titleIdOf(documentReference, subReference);
        bytes32 key = _keyOf(carrier, titleId);
        address taken = _records[key].register;
        if (taken != address(0)) {
            revert ControlTracking_ReferenceTaken(carrier, documentReference, subReference, taken);
        }
        _records[key] = ControlRecord(msg.sender, true, titleId);
        _live[documentHash] = key;
        emit ControlRecorded(documentHash, carrier, msg.sender, titleId, documentReference, subReference);
    }

    /// @inheritdoc IControlTrackingRegistry
    /// @dev A target that does not take it over reverts, and so does all of it.
    function pass(address target, address holder, Bill calldata bill, bytes32 chainDigest) external {
        bytes32 documentHash = bill.documentHash;
        ControlRecord storage record = _controlled(documentHash);
        uint256 titleId = record.titleId;
        // Both carriers as they were admitted, the caller's when the record began: that one may have been withdrawn since,
        // and is not asked, for it could say anything.
        if (target == msg.sender || _keyOf(_carrierOf(target), titleId) != _live[documentHash]) {
            revert ControlTracking_InvalidTarget(target);
        }
        // What the target takes over it takes for its own: that it is the bill on record, and alive.
        if (bill.status != BillStatus.Issued || _titleIdOf(bill.documentReference, bill.subReference) != titleId) {
            revert ControlTracking_InvalidBill(titleId);
        }
        record.register = target;
        emit ControlPassed(documentHash, msg.sender, target, titleId, holder, chainDigest);
        IBillOfLading(target).takeOver(titleId, holder, bill, chainDigest);
    }

    /// @inheritdoc IControlTrackingRegistry
    function end(bytes32 documentHash) external {
        ControlRecord storage record = _controlled(documentHash);
        record.live = false;
        delete _live[documentHash];
        emit ControlEnded(documentHash, msg.sender, record.titleId);
    }

    /// @inheritdoc IControlTrackingRegistry
    function liveRecordOf(bytes32 documentHash) external view returns (address register, uint256 titleId) {
        ControlRecord storage record = _records[_live[documentHash]];
        return (record.register, record.titleId);
    }

    /// @inheritdoc IControlTrackingRegistry
    function recordOf(address carrier, string calldata documentReference, uint16 subReference)
        external
        view
        returns (ControlRecord memory)
    {
        return _records[_keyOf(carrier, _titleIdOf(documentReference, subReference))];
    }

    /// @dev The live record of a document, which the caller has.
    function _controlled(bytes32 documentHash) private view returns (ControlRecord storage record) {
        record = _records[_live[documentHash]];
        if (record.register != msg.sender) {
            revert ControlTracking_NotInControl(documentHash, msg.sender, record.register);
        }
    }

    function _carrierOf(address register) private view returns (address carrier) {
        InstrumentKind kind;
        (kind, carrier) = _REGISTRY.instrument(register);
        if (kind != InstrumentKind.Title) revert ControlTracking_NotAdmitted(register);
    }

    /// @dev By the title, so that what has the same title is the same reference.
    function _keyOf(address carrier, uint256 titleId) private pure returns (bytes32) {
        return keccak256(abi.encode(carrier, titleId));
    }

    function _titleIdOf(string calldata documentReference, uint16 subReference) private pure returns (uint256) {
        bytes memory name = bytes(documentReference);
        if (subReference != 1) name = bytes.concat(name, "/", bytes(Strings.toString(subReference)));
        return uint256(sha256(name));
    }
}
