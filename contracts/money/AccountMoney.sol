// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccountMoney} from "../interfaces/IAccountMoney.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {FungibleInstrument} from "../token/FungibleInstrument.sol";
import {Bookings} from "./Bookings.sol";

/// @title Account money
/// @notice Implements {IAccountMoney}, which documents every function.
/// @dev `Bookings` comes first and this contract stores nothing itself, so that the supply stays the last storage
/// variable and a derived contract can share its slot.
abstract contract AccountMoney is Bookings, FungibleInstrument, IAccountMoney {
    using Reasons for bytes[];

    uint256 private constant OPEN = 1;
    uint256 private constant BLOCKED = 2;

    /// @inheritdoc IAccountMoney
    function openAccount(address holder) external onlyIssuer {
        _REGISTRY.requireRole(holder, _holderRoles());
        if (hasAccount(holder)) revert AccountMoney_AccountExists(holder);
        _setFlags(holder, OPEN);
        emit AccountOpened(holder);
    }

    /// @inheritdoc IAccountMoney
    function closeAccount(address holder) external onlyIssuer {
        if (!hasAccount(holder)) revert AccountMoney_NoAccount(holder);
        uint256 balance = balanceOf(holder);
        if (balance != 0) revert AccountMoney_AccountNotEmpty(holder, balance);
        _setFlags(holder, 0);
        emit AccountClosed(holder);
    }

    /// @inheritdoc IAccountMoney
    function blockAccount(address holder) external onlyIssuer {
        _setBlocked(holder, true);
    }

    /// @inheritdoc IAccountMoney
    function unblockAccount(address holder) external onlyIssuer {
        _setBlocked(holder, false);
    }

    /// @inheritdoc IAccountMoney
    function issue(address holder, uint256 amount, bytes32 bookingReference) external onlyIssuer {
        _book(bookingReference);
        _mint(holder, amount);
        emit MoneyIssued(holder, amount, bookingReference);
    }

    /// @inheritdoc IAccountMoney
    function redeem(address holder, uint256 amount, bytes32 bookingReference) external onlyIssuer {
        _book(bookingReference);
        _burn(holder, amount);
        emit MoneyRedeemed(holder, amount, bookingReference);
    }

    /// @inheritdoc IAccountMoney
    function hasAccount(address holder) public view returns (bool) {
        return _flags(holder) & OPEN != 0;
    }

    /// @dev Which roles, as bits, a holder may have.
    function _holderRoles() internal pure virtual returns (uint16);

    function _setBlocked(address holder, bool blocked) private {
        if (!hasAccount(holder)) revert AccountMoney_NoAccount(holder);
        _setFlags(holder, blocked ? OPEN | BLOCKED : OPEN);
        emit AccountBlockChanged(holder, blocked);
    }

    function _checkAccount(address account, uint256 flags) internal pure override {
        if (flags != OPEN) {
            if (flags & OPEN == 0) revert AccountMoney_NoAccount(account);
            revert AccountMoney_AccountBlocked(account);
        }
    }

    function _receiveReasons(address account) internal view override returns (bytes[] memory reasons) {
        uint256 flags = _flags(account);
        if (flags == OPEN) return reasons;
        bytes4 selector = flags & OPEN == 0 ? AccountMoney_NoAccount.selector : AccountMoney_AccountBlocked.selector;
        return reasons.push(abi.encodeWithSelector(selector, account));
    }
}
