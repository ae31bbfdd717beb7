// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {BatchMode} from "../types/Settlement.sol";

/// @title Reserve netting
/// @notice Inside a batch, reserves owed between banks are added up and moved once per bank at its end.
/// @dev All of it lives in transient storage, so a refused instruction takes its share back by reverting. A position is
/// stored as twice its value plus one, so that a position of zero still shows that it was touched.
abstract contract ReserveNetting {
    struct Net {
        address reserve;
        address bank;
        int256 amount;
    }

    uint256 private constant _POSITIONS = uint256(keccak256("settlement.netting.positions"));
    uint256 private constant _TOUCHED = uint256(keccak256("settlement.netting.touched"));

    bool private transient _open;
    bool private transient _covered;
    uint256 private transient _touchedCount;

    /// @dev `EachForItself` has to know at each payment that its bank is covered; `AllOrNothing` asks at the end.
    function _openNetting(BatchMode mode) internal {
        _open = true;
        _covered = mode == BatchMode.EachForItself;
    }

    /// @dev Pays every net debtor's position to the net creditors of the same reserve.
    function _closeNetting() internal {
        _open = false;
        Net[] memory nets = _takeNets();
        for (uint256 i = 0; i < nets.length; ++i) {
            for (uint256 j = 0; j < nets.length && nets[i].amount < 0; ++j) {
                if (nets[j].amount <= 0 || nets[j].reserve != nets[i].reserve) continue;
                int256 amount = -nets[i].amount < nets[j].amount ? -nets[i].amount : nets[j].amount;
                nets[i].amount += amount;
                nets[j].amount -= amount;
                IInstrument(nets[i].reserve).move(nets[i].bank, nets[j].bank, uint256(amount));
            }
        }
    }

    /// @dev Moves reserves now, or books them where a batch is open.
    function _moveReserve(IFungibleInstrument reserve, address from, address to, uint256 amount) internal {
        if (!_open) {
            reserve.move(from, to, amount);
            return;
        }
        _book(address(reserve), from, -int256(amount));
        _book(address(reserve), to, int256(amount));
        _requireCovered(address(reserve), from);
    }

    /// @dev In an open batch, reverts where `bank` has given away what it owes. `instrument` may be no reserve at all:
    /// then nothing is booked under it.
    function _requireCovered(address instrument, address bank) internal view {
        if (!_open || !_covered) return;
        uint256 stored = _load(_positionSlot(instrument, bank));
        if (stored == 0) return;
        int256 position = int256(stored) >> 1;
        if (position >= 0) return;
        uint256 free = IFungibleInstrument(instrument).freeOf(bank);
        if (int256(free) + position < 0) {
            revert IInstrument.Instrument_InsufficientFree(bank, free, uint256(-position));
        }
    }

    function _book(address reserve, address bank, int256 amount) private {
        uint256 slot = _positionSlot(reserve, bank);
        uint256 stored = _load(slot);
        if (stored == 0) {
            // Once per bank and batch, so that an account that cannot move refuses its own instructions only.
            IFungibleInstrument(reserve).requireUsable(bank);
            uint256 index = _touchedCount++;
            _store(_TOUCHED + 2 * index, uint256(uint160(reserve)));
            _store(_TOUCHED + 2 * index + 1, uint256(uint160(bank)));
        }
        int256 position = (int256(stored) >> 1) + amount;
        _store(slot, (uint256(position) << 1) | 1);
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
            nets[i] = Net(reserve, bank, int256(_load(slot)) >> 1);
            _store(slot, 0);
        }
    }

    function _positionSlot(address reserve, address bank) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(_POSITIONS, reserve, bank)));
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
