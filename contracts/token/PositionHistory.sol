// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPositionHistory} from "../interfaces/IPositionHistory.sol";
import {FungibleInstrument} from "./FungibleInstrument.sol";

/// @title Position history
/// @notice Implements {IPositionHistory}, which documents every function.
/// @dev A holder's word says how many record times had passed when its balance last changed. Only the first change after
/// a record time writes the old balance down; every other movement reads one more slot, and both sides share it.
abstract contract PositionHistory is FungibleInstrument, IPositionHistory {
    // A holder's flags: since which period it has its balance, and whether it is in the list of holders.
    uint256 private constant _SINCE_MASK = 0xffff;
    uint256 private constant _LISTED = 1 << 16;

    /// @dev What somebody had from record `since` on up to the record under which it is kept.
    struct Past {
        uint96 quantity;
        uint16 since;
        bool kept;
    }

    /// @dev One slot, which every movement reads once.
    struct Register {
        /// When the next record time is; the last possible second where there is none.
        uint64 nextRecordTime;
        /// How many record times had passed at the last movement.
        uint16 period;
        /// Since which period the supply is what it is.
        uint16 supplySince;
        /// The derived contract's own.
        uint8 stage;
    }

    Register private _register;
    address[] private _holders;
    mapping(address holder => mapping(uint256 record => Past)) private _past;
    mapping(uint256 record => Past) private _pastSupply;

    // ---- queries -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPositionHistory
    function holderCount() external view returns (uint256) {
        return _holders.length;
    }

    /// @inheritdoc IPositionHistory
    function holders(uint256 first, uint256 count) external view returns (address[] memory page) {
        page = _page(first, count);
    }

    /// @inheritdoc IPositionHistory
    function recordsPassed() public view returns (uint256 period) {
        period = _register.period;
        uint256 count = _recordCount();
        while (period < count && block.timestamp >= _recordTime(period)) ++period;
    }

    /// @inheritdoc IPositionHistory
    function positionAt(address holder, uint256 record) public view returns (uint256) {
        _requirePassed(record);
        uint256 since = _flags(holder) & _SINCE_MASK;
        if (since <= record) return balanceOf(holder);
        return _find(_past[holder], record, since);
    }

    /// @inheritdoc IPositionHistory
    function positionsAt(uint256 record, uint256 first, uint256 count)
        external
        view
        returns (address[] memory page, uint256[] memory quantities)
    {
        page = _page(first, count);
        quantities = new uint256[](page.length);
        for (uint256 i = 0; i < page.length; ++i) {
            quantities[i] = positionAt(page[i], record);
        }
    }

    /// @inheritdoc IPositionHistory
    function supplyAt(uint256 record) external view returns (uint256) {
        _requirePassed(record);
        uint256 since = _register.supplySince;
        if (since <= record) return totalSupply();
        return _find(_pastSupply, record, since);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    /// @dev To be called once all record times can be asked for.
    function _startHistory() internal {
        _register.nextRecordTime = _recordCount() == 0 ? type(uint64).max : _recordTime(0);
    }

    /// @inheritdoc FungibleInstrument
    function _beforeMovement(address giver, address receiver) internal override returns (uint256) {
        Register memory register = _register;
        _checkStage(register.stage, giver, receiver);
        return block.timestamp < register.nextRecordTime ? register.period : _nextPeriod();
    }

    /// @inheritdoc FungibleInstrument
    function _beforeChange(address account, uint256 word, uint256 period) internal override returns (uint256) {
        // Most often it is listed and nothing has passed since its last change.
        if (word >> _FLAGS_SHIFT == _LISTED | period) return word;
        uint256 flags = word >> _FLAGS_SHIFT;
        uint256 since = flags & _SINCE_MASK;
        uint256 quantity = word & _AMOUNT_MASK;
        // forge-lint: disable-next-line(unsafe-typecast): a balance has 96 bits; since has 16
        if (since != period && quantity != 0) _past[account][period - 1] = Past(uint96(quantity), uint16(since), true);
        if (flags & _LISTED == 0) _holders.push(account);
        return (word & ((1 << _FLAGS_SHIFT) - 1)) | ((_LISTED | period) << _FLAGS_SHIFT);
    }

    /// @inheritdoc FungibleInstrument
    function _beforeSupplyChange(uint96 supply, uint256 period) internal override {
        uint256 since = _register.supplySince;
        if (since == period) return;
        // forge-lint: disable-next-line(unsafe-typecast): read out of 16 bits
        if (supply != 0) _pastSupply[period - 1] = Past(supply, uint16(since), true);
        // forge-lint: disable-next-line(unsafe-typecast): no bond has 65,536 coupons: no block could deploy it
        _register.supplySince = uint16(period);
    }

    function _nextPeriod() private returns (uint256 period) {
        period = recordsPassed();
        // forge-lint: disable-next-line(unsafe-typecast): no bond has 65,536 coupons: no block could deploy it
        _register.period = uint16(period);
        _register.nextRecordTime = period < _recordCount() ? _recordTime(period) : type(uint64).max;
    }

    function _stage() internal view returns (uint8) {
        return _register.stage;
    }

    function _setStage(uint8 stage) internal {
        _register.stage = stage;
    }

    /// @dev What was had at a record time before the last change: kept under the first record from there on, if it was
    /// had that long ago. Nothing is kept of nothing.
    function _find(mapping(uint256 record => Past) storage past, uint256 record, uint256 since)
        private
        view
        returns (uint256)
    {
        for (uint256 i = record; i < since; ++i) {
            Past memory found = past[i];
            if (found.kept) return found.since <= record ? found.quantity : 0;
        }
        return 0;
    }

    function _page(uint256 first, uint256 count) private view returns (address[] memory page) {
        uint256 total = _holders.length;
        if (first >= total) return page;
        if (count > total - first) count = total - first;
        page = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            page[i] = _holders[first + i];
        }
    }

    function _requirePassed(uint256 record) private view {
        if (record >= recordsPassed()) revert PositionHistory_RecordNotPassed(record);
    }

    /// @dev Reverts unless what `_beforeMovement` is about is possible at this stage.
    function _checkStage(uint8 stage, address giver, address receiver) internal view virtual;

    /// @dev How many record times there are.
    function _recordCount() internal view virtual returns (uint256);

    /// @dev The first second after a record day; later ones are later.
    function _recordTime(uint256 record) internal view virtual returns (uint64);
}
