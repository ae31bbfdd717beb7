// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {BatchMode, Leg} from "../types/Settlement.sol";

/// @title Reserve netting
/// @notice Inside a batch, reserves owed between banks are added up and moved once per bank at its end.
/// @dev All of it lives in transient storage, so a refused instruction takes its share back by reverting. In
/// `AllOrNothing` the net has to be covered at the end. In `EachForItself` that would be too late to refuse one
/// instruction, so each bank's cover is followed payment by payment: what it has free, less what it owes, plus what it
/// is owed.
abstract contract ReserveNetting {
    struct Net {
        address reserve;
        address bank;
        int256 amount;
    }

    uint256 private constant _POSITIONS = uint256(keccak256("settlement.netting.positions"));
    uint256 private constant _TOUCHED = uint256(keccak256("settlement.netting.touched"));

    uint256 private constant _CLOSED = 0;
    uint256 private constant _NET_ONLY = 1;
    uint256 private constant _COVERED = 2;

    uint256 private transient _mode;
    uint256 private transient _touchedCount;
    /// @dev In `_COVERED` a bit for each reserve that is owed, by its address's last byte: most instruments are none, and
    /// need no further look. Two that share a bit cost one.
    uint256 private transient _reserves;

    function _openNetting(BatchMode mode) internal {
        _mode = mode == BatchMode.EachForItself ? _COVERED : _NET_ONLY;
    }

    /// @dev Pays every net debtor's position to the net creditors of the same reserve.
    // slither-disable-next-line calls-loop: asked in _touch() already whether it can move; 256 items at most
    function _closeNetting() internal {
        (_mode, _reserves) = (_CLOSED, 0);
        Net[] memory nets = _takeNets();
        for (uint256 i = 0; i < nets.length; ++i) {
            for (uint256 j = 0; j < nets.length && nets[i].amount < 0; ++j) {
                if (nets[j].amount <= 0 || nets[j].reserve != nets[i].reserve) continue;
                int256 amount = -nets[i].amount < nets[j].amount ? -nets[i].amount : nets[j].amount;
                nets[i].amount += amount;
                nets[j].amount -= amount;
                // forge-lint: disable-next-line(unsafe-typecast): both sides of the comparison are positive
                IInstrument(nets[i].reserve).bookTransfer(nets[i].bank, nets[j].bank, uint256(amount));
            }
        }
    }

    /// @dev Moves reserves now, or books them where a batch is open.
    // slither-disable-next-line calls-loop: one leg of an instruction, that moves with the others or not at all
    function _moveReserve(IFungibleInstrument reserve, address from, address to, uint256 amount) internal {
        // Alone, the reserve itself would say so; netted, it would not be asked. More than an account carries is nothing
        // that anybody owes, and as a signed number it could be something that is owed the other way.
        if (from == to) revert IInstrument.Instrument_SelfMovement(from);
        if (amount == 0 || amount > type(uint96).max) revert IInstrument.Instrument_InvalidQuantity(amount);
        uint256 mode = _mode;
        if (mode == _CLOSED) {
            reserve.bookTransfer(from, to, amount);
            return;
        }
        // forge-lint: disable-next-line(unsafe-typecast): compared above
        int256 signed = int256(amount);
        _book(reserve, from, -signed, mode);
        _book(reserve, to, signed, mode);
    }

    /// @dev Follows what a leg moves beside netting, by which a bank may give away what it owes, or get more to owe.
    function _noteMovement(Leg calldata leg) internal {
        uint256 reserves = _reserves;
        if (reserves == 0) return;
        if (reserves & _bitOf(leg.instrument) != 0) _changeCover(leg.instrument, leg.giver, leg.quantity, false);
        if (reserves & _bitOf(leg.receiverInstrument) != 0) {
            _changeCover(leg.receiverInstrument, leg.receiver, leg.quantity, true);
        }
    }

    /// @dev Follows the end of the hold of a leg's quantity.
    function _noteRelease(Leg calldata leg) internal {
        if (_reserves & _bitOf(leg.instrument) != 0) _changeCover(leg.instrument, leg.giver, leg.quantity, true);
    }

    function _bitOf(address reserve) private pure returns (uint256) {
        return 1 << (uint160(reserve) & 0xff);
    }

    function _changeCover(address instrument, address bank, uint256 quantity, bool adds) private {
        uint256 slot = _positionSlot(instrument, bank);
        uint256 stored = _load(slot);
        if (stored == 0) return;
        (int256 net, uint256 cover) = _unpack(stored);
        if (!adds && quantity > cover) revert IInstrument.Instrument_InsufficientFree(bank, cover, quantity);
        _store(slot, _pack(net, adds ? cover + quantity : cover - quantity));
    }

    function _book(IFungibleInstrument reserve, address bank, int256 amount, uint256 mode) private {
        uint256 slot = _positionSlot(address(reserve), bank);
        uint256 stored = _load(slot);
        if (stored == 0) stored = _touch(reserve, bank, mode);
        (int256 net, uint256 cover) = _unpack(stored);
        if (mode == _COVERED) {
            // forge-lint: disable-next-line(unsafe-typecast): a sum of what accounts carry, far from its type's end
            int256 left = int256(cover) + amount;
            // forge-lint: disable-next-line(unsafe-typecast): as above, and negative
            if (left < 0) revert IInstrument.Instrument_InsufficientFree(bank, cover, uint256(-amount));
            // forge-lint: disable-next-line(unsafe-typecast): not negative, as just compared
            cover = uint256(left);
        }
        _store(slot, _pack(net + amount, cover));
    }

    /// @dev Once per bank and batch. An account that cannot move refuses its own instructions here, not all at the end.
    // slither-disable-next-line calls-loop: once per bank and batch
    function _touch(IFungibleInstrument reserve, address bank, uint256 mode) private returns (uint256) {
        reserve.requireUsable(bank);
        if (mode == _COVERED) _reserves |= _bitOf(address(reserve));
        uint256 index = _touchedCount++;
        _store(_TOUCHED + 2 * index, uint256(uint160(address(reserve))));
        _store(_TOUCHED + 2 * index + 1, uint256(uint160(bank)));
        return _pack(0, reserve.freeOf(bank));
    }

    /// @dev Reads all positions and leaves none behind for another batch of the same transaction.
    function _takeNets() private returns (Net[] memory nets) {
        uint256 count = _touchedCount;
        _touchedCount = 0;
        nets = new Net[](count);
        for (uint256 i = 0; i < count; ++i) {
            address reserve = address(uint160(_load(_TOUCHED + 2 * i)));
            address bank = address(uint160(_load(_TOUCHED + 2 * i + 1)));
            uint256 slot = _positionSlot(reserve, bank);
            (int256 net,) = _unpack(_load(slot));
            nets[i] = Net(reserve, bank, net);
            _store(slot, 0);
        }
    }

    /// @dev The net in the upper half, the cover in the lower, and a last bit that shows that the bank was touched.
    function _pack(int256 net, uint256 cover) private pure returns (uint256) {
        // forge-lint: disable-next-line(unsafe-typecast): keeps the sign bits, which the shift moves to the top
        return (uint256(net) << 128) | (cover << 1) | 1;
    }

    function _unpack(uint256 stored) private pure returns (int256 net, uint256 cover) {
        // forge-lint: disable-next-line(unsafe-typecast): the upper half with its sign, as it was packed
        return (int256(stored) >> 128, (stored & type(uint128).max) >> 1);
    }

    function _positionSlot(address reserve, address bank) private pure returns (uint256 slot) {
        uint256 domain = _POSITIONS;
        assembly ("memory-safe") {
            mstore(0x00, xor(domain, reserve))
            mstore(0x20, bank)
            slot := keccak256(0x00, 0x40)
        }
    }

    function _load(uint256 slot) private view returns (uint256 value) {
        assembly ("memory-safe") {
            value := tload(slot)
        }
    }

    function _store(uint256 slot, uint256 value) private {
        assembly ("memory-safe") {
            tstore(slot, value)
        }
    }
}
