// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {ITitleInstrument} from "../interfaces/ITitleInstrument.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {HoldId, HoldResolution} from "../types/Settlement.sol";
import {EngineBound} from "./EngineBound.sol";

/// @title Title instrument
/// @notice Implements {ITitleInstrument}, which documents every function.
abstract contract TitleInstrument is ERC721, EngineBound, ITitleInstrument {
    using Reasons for bytes[];

    mapping(HoldId holdId => uint256 titleId) private _titleOnHold;
    mapping(uint256 titleId => HoldId) private _holdOnTitle;

    /// @inheritdoc IInstrument
    function bookTransfer(address giver, address receiver, uint256 titleId) external onlyEngine {
        if (giver == receiver) revert Instrument_SelfMovement(giver);
        _requireFree(giver, titleId);
        _beforeMovement(giver, receiver, titleId);
        _update(receiver, titleId, address(0));
    }

    /// @inheritdoc IInstrument
    function placeHold(HoldId holdId, address owner, uint256 titleId) external onlyEngine {
        if (_titleOnHold[holdId] != 0) revert Instrument_HoldExists(holdId);
        _requireFree(owner, titleId);
        _titleOnHold[holdId] = titleId;
        _holdOnTitle[titleId] = holdId;
        emit HoldPlaced(holdId, owner, titleId);
    }

    /// @inheritdoc IInstrument
    function resolveHold(HoldId holdId, HoldResolution resolution) external onlyEngine {
        uint256 titleId = _titleOnHold[holdId];
        if (titleId == 0) revert Instrument_HoldUnknown(holdId);
        delete _titleOnHold[holdId];
        _holdOnTitle[titleId] = HoldId.wrap(0);
        emit HoldResolved(holdId, _ownerOf(titleId), titleId, resolution);
    }

    /// @inheritdoc IInstrument
    function moveReasons(address giver, address receiver, uint256 titleId)
        external
        view
        returns (bytes[] memory reasons)
    {
        if (giver == receiver) {
            reasons = reasons.push(abi.encodeWithSelector(Instrument_SelfMovement.selector, giver));
        }
        if (_ownerOf(titleId) != giver || giver == address(0)) {
            reasons = reasons.push(abi.encodeWithSelector(Title_NotOwner.selector, titleId, giver));
        }
        bytes32 holdId = HoldId.unwrap(_holdOnTitle[titleId]);
        if (holdId != 0) reasons = reasons.push(abi.encodeWithSelector(Title_OnHold.selector, titleId, holdId));
        reasons = reasons.concat(_movementReasons(giver, receiver, titleId));
    }

    /// @inheritdoc IInstrument
    function holdOf(HoldId holdId) external view returns (address owner, uint256 titleId) {
        titleId = _titleOnHold[holdId];
        if (titleId != 0) owner = _ownerOf(titleId);
    }

    /// @inheritdoc ERC721
    function transferFrom(address, address, uint256 titleId) public pure override {
        revert Title_SettlementOnly(titleId);
    }

    /// @inheritdoc ERC721
    function approve(address, uint256 titleId) public pure override {
        revert Title_SettlementOnly(titleId);
    }

    /// @inheritdoc ERC721
    function setApprovalForAll(address, bool) public pure override {
        revert Title_SettlementOnly(0);
    }

    /// @dev Reverts unless `owner` owns the title, it is not on hold, and the derived contract lets it move.
    function _requireFree(address owner, uint256 titleId) internal view {
        if (_ownerOf(titleId) != owner || owner == address(0)) revert Title_NotOwner(titleId, owner);
        _requireNotOnHold(titleId);
        _checkTitle(titleId);
    }

    function _requireNotOnHold(uint256 titleId) internal view {
        bytes32 holdId = HoldId.unwrap(_holdOnTitle[titleId]);
        if (holdId != 0) revert Title_OnHold(titleId, holdId);
    }

    /// @dev Reverts unless the title may move or be held.
    function _checkTitle(uint256 titleId) internal view virtual;

    /// @dev Does what a movement does beside changing the owner, or reverts. The title is free, and its owner gives it.
    function _beforeMovement(address giver, address receiver, uint256 titleId) internal virtual;

    /// @dev What `_checkTitle` and `_beforeMovement` would say, as a list.
    function _movementReasons(address giver, address receiver, uint256 titleId)
        internal
        view
        virtual
        returns (bytes[] memory);
}
