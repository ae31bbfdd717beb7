// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {PartyStatus} from "../types/Participation.sol";
import {HoldId, HoldResolution} from "../types/Settlement.sol";
import {EngineBound} from "./EngineBound.sol";

/// @title Fungible instrument
/// @notice An ERC-20 whose accounts carry holds, and that the engine moves without allowances.
/// @dev An account is one storage slot: balance, what of it is held, and flags for the derived contract. This replaces
/// OpenZeppelin's balance mapping, so every function that reads or writes it is overridden here.
abstract contract FungibleInstrument is ERC20, EngineBound, IFungibleInstrument {
    using Reasons for bytes[];

    // An account's word: its balance in the low 96 bits, what of it is held in the next 96, and flags above them.
    uint256 private constant _HELD_SHIFT = 96;
    uint256 internal constant _FLAGS_SHIFT = 192;
    uint256 internal constant _AMOUNT_MASK = type(uint96).max;

    struct Hold {
        address owner;
        uint96 quantity;
    }

    uint8 private immutable _DECIMALS;

    mapping(address account => uint256) private _accounts;
    mapping(HoldId holdId => Hold) private _holds;

    /// @dev Last in this contract on purpose: a derived contract's small first variables share its slot.
    uint96 private _supply;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        _DECIMALS = decimals_;
    }

    // ---- settlement --------------------------------------------------------------------------------------------------

    /// @inheritdoc IInstrument
    function bookTransfer(address giver, address receiver, uint256 quantity) external onlyEngine {
        _bookTransfer(giver, receiver, quantity);
    }

    /// @inheritdoc IInstrument
    function placeHold(HoldId holdId, address owner, uint256 quantity) external onlyEngine {
        if (_holds[holdId].owner != address(0)) revert Instrument_HoldExists(holdId);
        _beforeMovement(owner, address(0));
        uint96 amount = _toAmount(quantity);
        uint256 word = _accounts[owner];
        _checkAccount(owner, word >> _FLAGS_SHIFT);
        uint256 free = _free(word);
        if (amount > free) revert Instrument_InsufficientFree(owner, free, amount);
        _checkQuantity(amount);
        _checkHold(owner, amount, free - amount);
        _accounts[owner] = word + (uint256(amount) << _HELD_SHIFT);
        _holds[holdId] = Hold(owner, amount);
        emit HoldPlaced(holdId, owner, quantity);
    }

    /// @inheritdoc IInstrument
    function resolveHold(HoldId holdId, HoldResolution resolution) external onlyEngine {
        Hold memory hold = _holds[holdId];
        if (hold.owner == address(0)) revert Instrument_HoldUnknown(holdId);
        delete _holds[holdId];
        _accounts[hold.owner] -= uint256(hold.quantity) << _HELD_SHIFT;
        emit HoldResolved(holdId, hold.owner, hold.quantity, resolution);
    }

    /// @inheritdoc IInstrument
    function moveReasons(address giver, address receiver, uint256 quantity)
        external
        view
        virtual
        returns (bytes[] memory reasons)
    {
        if (giver == receiver) {
            reasons = reasons.push(abi.encodeWithSelector(Instrument_SelfMovement.selector, giver));
        }
        reasons = reasons.concat(_movementReasons(giver, receiver));
        reasons = reasons.concat(_giveReasons(giver, quantity));
        reasons = reasons.concat(_receiveReasons(receiver));
        bool moves = reasons.length == 0; // Only then is there a position afterwards to speak of.
        if (moves) reasons = reasons.concat(_positionReasons(giver, receiver, quantity));
    }

    // ---- what holders do ---------------------------------------------------------------------------------------------

    /// @inheritdoc ERC20
    /// @dev Who is barred moves nothing, also not what is another's.
    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _REGISTRY.requireActive(msg.sender);
        return super.transferFrom(from, to, value);
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IInstrument
    function holdOf(HoldId holdId) external view returns (address owner, uint256 quantity) {
        Hold memory hold = _holds[holdId];
        return (hold.owner, hold.quantity);
    }

    /// @inheritdoc IFungibleInstrument
    function heldOf(address account) external view returns (uint256) {
        return (_accounts[account] >> _HELD_SHIFT) & _AMOUNT_MASK;
    }

    /// @inheritdoc IFungibleInstrument
    function freeOf(address account) public view returns (uint256) {
        return _free(_accounts[account]);
    }

    /// @inheritdoc IFungibleInstrument
    function requireUsable(address account) external view {
        _checkAccount(account, _flags(account));
    }

    /// @inheritdoc IFungibleInstrument
    function canTransact(address account) public view returns (bool) {
        return _REGISTRY.statusOf(account) == PartyStatus.Active && _receiveReasons(account).length == 0;
    }

    /// @inheritdoc IFungibleInstrument
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        return canTransact(from) && canTransact(to) && _REGISTRY.statusOf(_ISSUER) == PartyStatus.Active
            && this.moveReasons(from, to, amount).length == 0;
    }

    /// @inheritdoc ERC20
    function balanceOf(address account) public view override returns (uint256) {
        return _accounts[account] & _AMOUNT_MASK;
    }

    /// @inheritdoc ERC20
    function totalSupply() public view override returns (uint256) {
        return _supply;
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return _DECIMALS;
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    /// @dev Where the owner's own ERC-20 transfers, and the issuer's mint and burn, come together. Unlike the engine,
    /// they have not asked the registry yet.
    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0)) {
            _REGISTRY.requireActive(to);
            _mintTo(to, value);
        } else if (to == address(0)) {
            _REGISTRY.requireActive(from);
            _burnFrom(from, value);
        } else {
            _REGISTRY.requireActive(from);
            _REGISTRY.requireActive(to);
            _REGISTRY.requireActive(_ISSUER);
            _bookTransfer(from, to, value);
        }
    }

    function _bookTransfer(address giver, address receiver, uint256 quantity) private {
        if (giver == receiver) revert Instrument_SelfMovement(giver);
        uint256 period = _beforeMovement(giver, receiver);
        uint96 amount = _toAmount(quantity);
        _checkQuantity(amount);
        uint256 giverNow = _take(giver, amount, period);
        uint256 receiverNow = _give(receiver, amount, period);
        _checkPosition(giver, _free(giverNow));
        _checkPosition(receiver, _free(receiverNow));
        emit Transfer(giver, receiver, quantity);
    }

    function _mintTo(address account, uint256 quantity) internal {
        uint256 period = _beforeMovement(address(0), account);
        uint96 amount = _toAmount(quantity);
        _checkQuantity(amount);
        _beforeSupplyChange(_supply, period);
        uint256 supply = uint256(_supply) + amount;
        if (supply > _AMOUNT_MASK) revert Instrument_InvalidQuantity(quantity);
        // forge-lint: disable-next-line(unsafe-typecast): compared with the mask of 96 bits above
        _supply = uint96(supply);
        _give(account, amount, period);
        emit Transfer(address(0), account, quantity);
    }

    function _burnFrom(address account, uint256 quantity) internal {
        uint256 period = _beforeMovement(account, address(0));
        uint96 amount = _toAmount(quantity);
        _checkQuantity(amount);
        _take(account, amount, period);
        _beforeSupplyChange(_supply, period);
        unchecked {
            // No account holds more than the supply.
            _supply -= amount;
        }
        emit Transfer(account, address(0), quantity);
    }

    /// @return word The account's word afterwards.
    function _take(address from, uint96 amount, uint256 period) private returns (uint256 word) {
        word = _accounts[from];
        _checkAccount(from, word >> _FLAGS_SHIFT);
        uint256 free = _free(word);
        if (amount > free) revert Instrument_InsufficientFree(from, free, amount);
        word = _beforeChange(from, word, period);
        unchecked {
            // What is free is part of the balance, so nothing is borrowed from the bits above.
            word -= amount;
        }
        _accounts[from] = word;
    }

    /// @return word The account's word afterwards.
    function _give(address to, uint96 amount, uint256 period) private returns (uint256 word) {
        word = _accounts[to];
        _checkAccount(to, word >> _FLAGS_SHIFT);
        if ((word & _AMOUNT_MASK) + amount > _AMOUNT_MASK) revert Instrument_InvalidQuantity(amount);
        word = _beforeChange(to, word, period) + amount;
        _accounts[to] = word;
    }

    function _free(uint256 word) private pure returns (uint256) {
        unchecked {
            // What is held is never more than the balance.
            return (word & _AMOUNT_MASK) - ((word >> _HELD_SHIFT) & _AMOUNT_MASK);
        }
    }

    function _flags(address account) internal view returns (uint256) {
        return _accounts[account] >> _FLAGS_SHIFT;
    }

    function _setFlags(address account, uint256 flags) internal {
        uint256 amounts = _accounts[account] & ((1 << _FLAGS_SHIFT) - 1);
        _accounts[account] = amounts | (flags << _FLAGS_SHIFT);
    }

    function _toAmount(uint256 quantity) internal pure returns (uint96) {
        if (quantity == 0 || quantity > type(uint96).max) revert Instrument_InvalidQuantity(quantity);
        // forge-lint: disable-next-line(unsafe-typecast): compared above
        return uint96(quantity);
    }

    /// @dev In the order in which a movement meets them.
    function _giveReasons(address giver, uint256 quantity) internal view returns (bytes[] memory reasons) {
        bool valid = quantity != 0 && quantity <= type(uint96).max;
        if (!valid) reasons = reasons.push(abi.encodeWithSelector(Instrument_InvalidQuantity.selector, quantity));
        reasons = reasons.concat(_quantityReasons(quantity)).concat(_receiveReasons(giver));
        if (valid && quantity > freeOf(giver)) {
            reasons = reasons.push(
                abi.encodeWithSelector(Instrument_InsufficientFree.selector, giver, freeOf(giver), quantity)
            );
        }
    }

    // ---- for the derived contract ------------------------------------------------------------------------------------

    /// @dev Reverts unless a quantity may go from `giver` to `receiver`, whatever their accounts are like; nobody where it
    /// comes into being, ceases to be, or is put on hold. Returns what the two below are given.
    function _beforeMovement(address giver, address receiver) internal virtual returns (uint256 period) {}

    /// @dev Called before a balance changes; returns the account's word with the flags that it is to have then.
    function _beforeChange(address, uint256 word, uint256) internal virtual returns (uint256) {
        return word;
    }

    /// @dev Called before the supply changes.
    function _beforeSupplyChange(uint96 supply, uint256 period) internal virtual {}

    /// @dev What `_beforeMovement` would say, as a list.
    function _movementReasons(address, address) internal view virtual returns (bytes[] memory) {}

    /// @dev Reverts unless an account with these flags may be debited and credited.
    function _checkAccount(address account, uint256 flags) internal view virtual {}

    /// @dev Reverts unless the quantity may move or be held.
    function _checkQuantity(uint96 amount) internal view virtual {}

    /// @dev Reverts unless `free` may be what `account` has free.
    function _checkPosition(address account, uint256 free) internal view virtual {}

    /// @dev Reverts unless `account` may put the quantity on hold and be left with `free`: what is delivered out of a hold
    /// has to be possible then whatever either side did meanwhile.
    function _checkHold(address account, uint96 amount, uint256 free) internal view virtual {}

    /// @dev What `_checkAccount` would say, as a list.
    function _receiveReasons(address) internal view virtual returns (bytes[] memory) {}

    /// @dev What `_checkQuantity` would say, as a list.
    function _quantityReasons(uint256) internal view virtual returns (bytes[] memory) {}

    /// @dev What `_checkPosition` would say of both sides, as a list.
    function _positionReasons(address, address, uint256) internal view virtual returns (bytes[] memory) {}
}
