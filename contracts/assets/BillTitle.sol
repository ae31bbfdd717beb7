// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBillOfLading} from "../interfaces/IBillOfLading.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {TitleInstrument} from "../token/TitleInstrument.sol";
import {Bill, BillAction, BillKind, BillStatus, Entrustment} from "../types/Bill.sol";
import {PartyStatus} from "../types/Participation.sol";

/// @title Bill title
/// @notice Who has title to a bill beside who has possession of it: endorsements, entrustments, and what a movement
/// passes. {IBillOfLading} documents every function.
abstract contract BillTitle is TitleInstrument, IBillOfLading {
    using Reasons for bytes[];

    /// @dev What a movement passes, or why it does not.
    enum Passage {
        Possession,
        Title,
        TitleCannotPass,
        NotEntrusted,
        NotAccepted,
        NotEntrustable,
        TitleholderFrozen
    }

    mapping(uint256 titleId => Bill) internal _bills;
    mapping(uint256 titleId => mapping(address giver => mapping(address receiver => Entrustment))) private
        _entrustments;

    // ---- endorsements ------------------------------------------------------------------------------------------------

    /// @inheritdoc IBillOfLading
    function endorse(uint256 titleId, address endorsee) external {
        _endorse(titleId, endorsee, BillAction.Endorse);
    }

    /// @inheritdoc IBillOfLading
    function endorseToOrder(uint256 titleId, address endorsee) external {
        _endorse(titleId, endorsee, BillAction.EndorseToOrder);
    }

    /// @inheritdoc IBillOfLading
    function blankEndorse(uint256 titleId) external {
        _requireEndorsable(titleId);
        Bill storage current = _bills[titleId];
        (current.kind, current.endorsable, current.endorsee) = (BillKind.Blank, true, address(0));
        emit BillTransaction(titleId, BillAction.BlankEndorse, msg.sender, address(0), 0);
    }

    function _endorse(uint256 titleId, address endorsee, BillAction action) private {
        _requireEndorsable(titleId);
        _requireActive(endorsee);
        if (endorsee == _ISSUER) revert BillOfLading_InvalidEndorsee(endorsee);
        _setEndorsee(titleId, endorsee, action == BillAction.EndorseToOrder);
        emit BillTransaction(titleId, action, msg.sender, endorsee, 0);
    }

    function _setEndorsee(uint256 titleId, address endorsee, bool endorsable) private {
        Bill storage current = _bills[titleId];
        (current.kind, current.endorsable, current.endorsee) = (BillKind.ToOrder, endorsable, endorsee);
    }

    /// @dev The caller has possession and title, and can pass title on.
    function _requireEndorsable(uint256 titleId) private view {
        _requireInControl(titleId);
        _requireTitle(titleId);
        Bill storage current = _bills[titleId];
        if (current.kind == BillKind.Straight || !current.endorsable) {
            revert BillOfLading_TitleCannotPass(titleId, current.endorsee);
        }
    }

    /// @inheritdoc IBillOfLading
    function sign(uint256 titleId, bytes32 statementHash) external {
        _requireActive(msg.sender);
        address holder = _ownerOf(titleId);
        if (holder == address(0)) revert BillOfLading_UnexpectedStatus(titleId, _bills[titleId].status);
        if (msg.sender != holder && msg.sender != _bills[titleId].endorsee) {
            revert BillOfLading_NotInControl(titleId, msg.sender);
        }
        emit BillTransaction(titleId, BillAction.Sign, msg.sender, address(0), statementHash);
    }

    // ---- entrustments ------------------------------------------------------------------------------------------------

    /// @inheritdoc IBillOfLading
    /// @dev The carrier is handed a bill by surrender, never as an agent. On hold, what a settlement will pass stands.
    function entrust(uint256 titleId, address receiver, uint64 realisableFrom) external {
        _requireStatus(titleId, BillStatus.Issued);
        if (
            receiver == msg.sender || receiver == address(0) || receiver == _ISSUER
                || _bills[titleId].kind == BillKind.Blank
        ) revert BillOfLading_InvalidEntrustment(titleId, receiver);
        _requireUnused(titleId, receiver);
        _entrustments[titleId][msg.sender][receiver] = Entrustment(true, false, realisableFrom);
        emit PossessionEntrusted(titleId, msg.sender, receiver, realisableFrom);
    }

    /// @inheritdoc IBillOfLading
    function revokeEntrustment(uint256 titleId, address receiver) external {
        _requireUnused(titleId, receiver);
        delete _entrustments[titleId][msg.sender][receiver];
        emit EntrustmentRevoked(titleId, msg.sender, receiver);
    }

    /// @inheritdoc IBillOfLading
    function acceptEntrustment(uint256 titleId, address giver, uint64 realisableFrom) external {
        _requireActive(msg.sender);
        _requireNotOnHold(titleId);
        Entrustment storage found = _entrustments[titleId][giver][msg.sender];
        if (!found.given || found.realisableFrom != realisableFrom) {
            revert BillOfLading_UnknownEntrustment(titleId, giver, msg.sender);
        }
        found.accepted = true;
        emit EntrustmentAccepted(titleId, giver, msg.sender);
    }

    /// @inheritdoc IBillOfLading
    /// @dev It stays given: without it, what the giver has signed would pass title.
    function renounceEntrustment(uint256 titleId, address giver) external {
        _requireActive(msg.sender);
        _requireNotOnHold(titleId);
        Entrustment storage found = _entrustments[titleId][giver][msg.sender];
        if (!found.accepted) revert BillOfLading_UnknownEntrustment(titleId, giver, msg.sender);
        found.accepted = false;
        emit EntrustmentRenounced(titleId, giver, msg.sender);
    }

    /// @inheritdoc IBillOfLading
    function entrustment(uint256 titleId, address giver, address receiver) external view returns (Entrustment memory) {
        return _entrustments[titleId][giver][receiver];
    }

    function _requireUnused(uint256 titleId, address receiver) private view {
        _requireActive(msg.sender);
        _requireNotOnHold(titleId);
        if (_ownerOf(titleId) == receiver) revert BillOfLading_EntrustmentInUse(titleId, receiver);
    }

    // ---- movements ---------------------------------------------------------------------------------------------------

    function _beforeMovement(address giver, address receiver, uint256 titleId) internal override {
        (Passage passage, address titleholder) = _passageOf(giver, receiver, titleId);
        if (passage == Passage.Possession) {
            emit BillTransaction(titleId, BillAction.Transfer, giver, receiver, 0);
        } else if (passage == Passage.Title) {
            _setEndorsee(titleId, receiver, true);
            emit BillTransaction(titleId, BillAction.TransferWithTitle, giver, receiver, 0);
        } else {
            bytes memory reason = _refusal(passage, titleId, titleholder, receiver);
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
        if (giver != titleholder && _bills[titleId].kind == BillKind.ToOrder) {
            _endAcceptance(titleId, titleholder, giver);
        }
    }

    /// @dev It was for as long as the receiver has possession: else a former agent that buys the bill would pay, and get
    /// possession alone. A straight bill is never sold so.
    function _endAcceptance(uint256 titleId, address titleholder, address receiver) private {
        Entrustment storage found = _entrustments[titleId][titleholder][receiver];
        if (!found.accepted) return;
        found.accepted = false;
        emit EntrustmentRenounced(titleId, titleholder, receiver);
    }

    /// @dev The same decision as the movement's, and the same words.
    function _movementReasons(address giver, address receiver, uint256 titleId)
        internal
        view
        override
        returns (bytes[] memory reasons)
    {
        BillStatus status = _bills[titleId].status;
        if (status != BillStatus.Issued) {
            return reasons.push(abi.encodeWithSelector(BillOfLading_UnexpectedStatus.selector, titleId, status));
        }
        // What another giver would pass is not asked.
        if (_ownerOf(titleId) != giver || giver == receiver) return reasons;
        (Passage passage, address titleholder) = _passageOf(giver, receiver, titleId);
        if (passage <= Passage.Title) return reasons;
        return reasons.push(_refusal(passage, titleId, titleholder, receiver));
    }

    /// @dev Of an issued bill, in the giver's possession.
    // slither-disable-next-line cyclomatic-complexity: one table of who may pass what to whom
    function _passageOf(address giver, address receiver, uint256 titleId)
        private
        view
        returns (Passage passage, address titleholder)
    {
        Bill storage current = _bills[titleId];
        BillKind kind = current.kind;
        titleholder = kind == BillKind.Blank ? giver : current.endorsee;
        Entrustment memory agreed = _entrustments[titleId][titleholder][receiver];
        Passage withTitle = current.endorsable ? Passage.Title : Passage.TitleCannotPass;

        if (kind == BillKind.Straight) {
            address shipper = current.shipper;
            bool named = receiver == titleholder || receiver == shipper || agreed.accepted
                || _entrustments[titleId][shipper][receiver].accepted;
            passage = named ? Passage.Possession : Passage.TitleCannotPass;
        } else if (giver != titleholder) {
            if (receiver == titleholder || agreed.accepted) passage = Passage.Possession;
            else if (!_realisable(titleId, titleholder, giver)) passage = Passage.NotEntrusted;
            else passage = _isFrozen(titleholder) ? Passage.TitleholderFrozen : withTitle;
        } else if (agreed.given) {
            if (kind == BillKind.Blank) passage = Passage.NotEntrustable;
            else passage = agreed.accepted ? Passage.Possession : Passage.NotAccepted;
        } else {
            passage = kind == BillKind.Blank ? Passage.Possession : withTitle;
        }
    }

    /// @dev Whether the pledgee `holder` may realise its pledge now.
    function _realisable(uint256 titleId, address titleholder, address holder) private view returns (bool) {
        Entrustment memory pledge = _entrustments[titleId][titleholder][holder];
        return pledge.accepted && pledge.realisableFrom != 0 && block.timestamp >= pledge.realisableFrom;
    }

    /// @dev The engine has asked for giver and receiver only. A suspension does not keep a pledge from being realised.
    function _isFrozen(address titleholder) private view returns (bool) {
        return _REGISTRY.statusOf(titleholder) == PartyStatus.Frozen;
    }

    function _refusal(Passage passage, uint256 titleId, address titleholder, address receiver)
        private
        pure
        returns (bytes memory)
    {
        if (passage == Passage.TitleCannotPass) {
            return abi.encodeWithSelector(BillOfLading_TitleCannotPass.selector, titleId, titleholder);
        }
        if (passage == Passage.NotEntrustable) {
            return abi.encodeWithSelector(BillOfLading_InvalidEntrustment.selector, titleId, receiver);
        }
        if (passage == Passage.TitleholderFrozen) {
            return abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, titleholder, PartyStatus.Frozen);
        }
        bytes4 selector = passage == Passage.NotAccepted
            ? BillOfLading_EntrustmentNotAccepted.selector
            : BillOfLading_NotEntrusted.selector;
        return abi.encodeWithSelector(selector, titleId, titleholder, receiver);
    }

    // ---- checks ------------------------------------------------------------------------------------------------------

    /// @dev One copy of the call: written where it is needed, it would make the contract too large.
    function _requireActive(address party) internal view {
        _REGISTRY.requireActive(party);
    }

    /// @dev The caller has possession, and is active; the bill is issued and not on hold.
    function _requireInControl(uint256 titleId) internal view {
        if (_ownerOf(titleId) != msg.sender) revert BillOfLading_NotInControl(titleId, msg.sender);
        _requireActive(msg.sender);
        _requireFree(msg.sender, titleId);
    }

    /// @dev The caller, who has possession, has title too.
    function _requireTitle(uint256 titleId) internal view {
        Bill storage current = _bills[titleId];
        if (current.kind != BillKind.Blank && current.endorsee != msg.sender) {
            revert BillOfLading_NotTitleholder(titleId, msg.sender);
        }
    }

    function _requireStatus(uint256 titleId, BillStatus expected) internal view {
        BillStatus status = _bills[titleId].status;
        if (status != expected) revert BillOfLading_UnexpectedStatus(titleId, status);
    }

    function _checkTitle(uint256 titleId) internal view override {
        _requireStatus(titleId, BillStatus.Issued);
    }
}
