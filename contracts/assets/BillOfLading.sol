// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IBillOfLading} from "../interfaces/IBillOfLading.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {EngineBound} from "../token/EngineBound.sol";
import {TitleInstrument} from "../token/TitleInstrument.sol";
import {Roles} from "../types/Participation.sol";

/// @title Bill of lading
/// @notice Implements {IBillOfLading}, which documents every function.
contract BillOfLading is TitleInstrument, IBillOfLading {
    using Reasons for bytes[];

    /// @dev DCSA's limit on transportDocumentReference.
    uint256 private constant _REFERENCE_LENGTH_MAX = 20;

    mapping(uint256 titleId => Bill) private _bills;
    mapping(bytes32 documentHash => uint256 titleId) private _liveBill;

    constructor(string memory name_, string memory symbol_, address engine, address carrier, IRegistry registry)
        ERC721(name_, symbol_)
        EngineBound(engine, carrier, registry)
    {
        registry.requireRole(carrier, Roles.CARRIER);
    }

    /// @inheritdoc IBillOfLading
    function issue(address holder, string calldata documentReference, bytes32 documentHash)
        external
        onlyIssuer
        returns (uint256 titleId)
    {
        _REGISTRY.requireActive(holder);
        uint256 length = bytes(documentReference).length;
        titleId = uint256(sha256(bytes(documentReference)));
        if (length == 0 || length > _REFERENCE_LENGTH_MAX || _bills[titleId].status != BillStatus.None) {
            revert BillOfLading_InvalidReference(documentReference);
        }
        if (_liveBill[documentHash] != 0) {
            revert BillOfLading_DocumentHasLiveBill(documentHash, _liveBill[documentHash]);
        }
        _bills[titleId] = Bill(BillStatus.Issued, documentHash, documentReference, address(0));
        _liveBill[documentHash] = titleId;
        _mint(holder, titleId);
        emit BillIssued(titleId, holder, documentHash, documentReference);
    }

    /// @inheritdoc IBillOfLading
    function surrenderForDelivery(uint256 titleId) external {
        if (_ownerOf(titleId) != msg.sender) revert BillOfLading_NotInControl(titleId, msg.sender);
        _REGISTRY.requireActive(msg.sender);
        _requireFree(msg.sender, titleId);
        _bills[titleId].status = BillStatus.PendingSurrenderForDelivery;
        _bills[titleId].surrenderedBy = msg.sender;
        _update(_ISSUER, titleId, address(0));
        emit SurrenderForDeliveryRequested(titleId, msg.sender);
    }

    /// @inheritdoc IBillOfLading
    function acceptSurrender(uint256 titleId) external onlyIssuer {
        _requireStatus(titleId, BillStatus.PendingSurrenderForDelivery);
        _end(titleId, BillStatus.SurrenderedForDelivery);
        emit SurrenderAccepted(titleId);
    }

    /// @inheritdoc IBillOfLading
    function rejectSurrender(uint256 titleId) external onlyIssuer {
        _requireStatus(titleId, BillStatus.PendingSurrenderForDelivery);
        address holder = _bills[titleId].surrenderedBy;
        _bills[titleId].status = BillStatus.Issued;
        delete _bills[titleId].surrenderedBy;
        _update(holder, titleId, address(0));
        emit SurrenderRejected(titleId, holder);
    }

    /// @inheritdoc IBillOfLading
    function voidBill(uint256 titleId) external onlyIssuer {
        _requireStatus(titleId, BillStatus.Issued);
        if (_ownerOf(titleId) != msg.sender) revert BillOfLading_NotInControl(titleId, msg.sender);
        _requireFree(msg.sender, titleId);
        _end(titleId, BillStatus.Voided);
        emit BillVoided(titleId);
    }

    /// @inheritdoc IBillOfLading
    function bill(uint256 titleId) external view returns (Bill memory) {
        return _bills[titleId];
    }

    /// @inheritdoc IBillOfLading
    function liveBillOf(bytes32 documentHash) external view returns (uint256 titleId) {
        return _liveBill[documentHash];
    }

    function _end(uint256 titleId, BillStatus status) private {
        _bills[titleId].status = status;
        delete _liveBill[_bills[titleId].documentHash];
        _burn(titleId);
    }

    function _requireStatus(uint256 titleId, BillStatus expected) private view {
        BillStatus status = _bills[titleId].status;
        if (status != expected) revert BillOfLading_UnexpectedStatus(titleId, status);
    }

    function _checkTitle(uint256 titleId) internal view override {
        _requireStatus(titleId, BillStatus.Issued);
    }

    function _titleReasons(uint256 titleId) internal view override returns (bytes[] memory reasons) {
        BillStatus status = _bills[titleId].status;
        if (status == BillStatus.Issued) return reasons;
        return reasons.push(abi.encodeWithSelector(BillOfLading_UnexpectedStatus.selector, titleId, status));
    }
}
