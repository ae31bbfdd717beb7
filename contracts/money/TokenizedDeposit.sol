// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "../interfaces/IDepositMoney.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ITokenizedDeposit} from "../interfaces/ITokenizedDeposit.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {EngineBound} from "../token/EngineBound.sol";
import {FungibleInstrument} from "../token/FungibleInstrument.sol";
import {Roles} from "../types/Participation.sol";
import {AccountMoney} from "./AccountMoney.sol";

/// @title Tokenised deposit
/// @notice Implements {ITokenizedDeposit}, which documents every function.
contract TokenizedDeposit is AccountMoney, ITokenizedDeposit {
    using Reasons for bytes[];

    uint16 private constant _CLIENT_ROLES = type(uint16).max;

    // These three share the supply's slot, so that a payment writes it once.
    uint64 private _usedOnDay;
    uint64 private _limitPerDay;
    uint16 private _day;

    IFungibleInstrument private immutable _RESERVE;
    /// @dev Seconds by which the business day's zone is ahead of UTC.
    uint256 private immutable _UTC_OFFSET;

    mapping(address counterparty => uint64) private _limitPerPayment;

    constructor(
        string memory name_,
        string memory symbol_,
        uint8 decimals_,
        address engine,
        address bank,
        IRegistry registry,
        IFungibleInstrument reserve,
        uint256 utcOffset
    ) FungibleInstrument(name_, symbol_, decimals_) EngineBound(engine, bank, registry) {
        registry.requireRole(bank, Roles.BANK);
        _RESERVE = reserve;
        _UTC_OFFSET = utcOffset;
    }

    /// @inheritdoc ITokenizedDeposit
    function setCounterpartyLimit(address counterparty, uint64 limitPerPayment) external onlyIssuer {
        // A mandate can be ended whatever has become of the counterparty.
        if (limitPerPayment != 0) _REGISTRY.requireRole(counterparty, Roles.BANK);
        _limitPerPayment[counterparty] = limitPerPayment;
        emit CounterpartyLimitSet(counterparty, limitPerPayment);
    }

    /// @inheritdoc ITokenizedDeposit
    function setDailyLimit(uint64 limitPerDay) external onlyIssuer {
        _limitPerDay = limitPerDay;
        emit DailyLimitSet(limitPerDay);
    }

    /// @inheritdoc IDepositMoney
    // slither-disable-next-line incorrect-equality,events-maths: whole days; the engine's event tells of the payment
    function debit(address payer, uint256 amount, address payeeBank)
        external
        onlyEngine
        returns (address bank, IFungibleInstrument reserve, bool covered)
    {
        covered = withinMandate(amount, payeeBank);
        if (covered) {
            uint16 today = _today();
            if (_day == today) {
                // forge-lint: disable-next-line(unsafe-typecast): within the daily limit, so it fits
                _usedOnDay += uint64(amount);
            } else {
                // forge-lint: disable-next-line(unsafe-typecast): within the daily limit, so it fits
                (_day, _usedOnDay) = (today, uint64(amount));
            }
        }
        _burnFrom(payer, amount);
        return (_ISSUER, _RESERVE, covered);
    }

    /// @inheritdoc IDepositMoney
    function creditClient(address payee, uint256 amount) external onlyEngine {
        _mintTo(payee, amount);
    }

    /// @inheritdoc IDepositMoney
    function interbankAccount() external view returns (address bank, IFungibleInstrument reserve) {
        return (_ISSUER, _RESERVE);
    }

    /// @inheritdoc ITokenizedDeposit
    function mandate(address counterparty)
        external
        view
        returns (uint64 limitPerPayment, uint64 limitPerDay, uint64 usedToday)
    {
        return (_limitPerPayment[counterparty], _limitPerDay, uint64(_usedToday()));
    }

    /// @inheritdoc IDepositMoney
    function withinMandate(uint256 amount, address payeeBank) public view returns (bool) {
        return amount <= _limitPerPayment[payeeBank] && _usedToday() + amount <= _limitPerDay;
    }

    /// @inheritdoc IDepositMoney
    function debitReasons(address payer, uint256 amount) external view returns (bytes[] memory) {
        return _giveReasons(payer, amount);
    }

    /// @inheritdoc IDepositMoney
    function creditReasons(address payee, uint256 amount) external view returns (bytes[] memory reasons) {
        reasons = _receiveReasons(payee);
        // What is above the mask is said of the payer's side already.
        if (amount <= _AMOUNT_MASK && amount > _AMOUNT_MASK - totalSupply()) {
            reasons = reasons.push(abi.encodeWithSelector(Instrument_InvalidQuantity.selector, amount));
        }
    }

    // slither-disable-next-line incorrect-equality: whole days
    function _usedToday() private view returns (uint256) {
        return _day == _today() ? _usedOnDay : 0;
    }

    function _today() private view returns (uint16) {
        return uint16((block.timestamp + _UTC_OFFSET) / 1 days); // Until the year 2149.
    }

    function _holderRoles() internal pure override returns (uint16) {
        return _CLIENT_ROLES;
    }
}
