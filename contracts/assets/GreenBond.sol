// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenBond} from "../interfaces/IGreenBond.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Accrual} from "../libraries/Accrual.sol";
import {Isin} from "../libraries/Isin.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {EngineBound} from "../token/EngineBound.sol";
import {FungibleInstrument} from "../token/FungibleInstrument.sol";
import {Roles} from "../types/Participation.sol";

/// @title Green bond
/// @notice Implements {IGreenBond}, which documents every function.
contract GreenBond is FungibleInstrument, IGreenBond {
    using Reasons for bytes[];

    /// @dev Smallest units of currency to one unit of nominal.
    uint256 private constant _MINOR_UNITS = 100;

    // Read at every movement, so not in storage.
    uint96 private immutable _MINIMUM;
    uint96 private immutable _INCREMENT;

    Terms private _terms;
    string private _frameworkUri;
    uint96 private _issued;

    constructor(
        string memory name_,
        string memory symbol_,
        address engine,
        address issuer_,
        IRegistry registry,
        Terms memory terms_,
        string memory frameworkUri_
    ) FungibleInstrument(name_, symbol_, 0) EngineBound(engine, issuer_, registry) {
        registry.requireRole(issuer_, Roles.ISSUER);
        if (!Isin.isValid(terms_.isin)) revert GreenBond_InvalidIsin(terms_.isin);
        if (
            terms_.increment == 0 || terms_.minimumDenomination % terms_.increment != 0
                || terms_.minimumDenomination == 0 || terms_.nominal < terms_.minimumDenomination
                || terms_.nominal % terms_.increment != 0 || terms_.maturityDate <= terms_.issueDate
        ) revert GreenBond_InvalidTerms();
        _MINIMUM = terms_.minimumDenomination;
        _INCREMENT = terms_.increment;
        _terms = terms_;
        _frameworkUri = frameworkUri_;
    }

    /// @inheritdoc IGreenBond
    function issue(uint256 nominal) external onlyIssuer {
        uint256 issued = _issued + nominal;
        if (issued > _terms.nominal) revert GreenBond_NominalExceeded(issued, _terms.nominal);
        _issued = uint96(issued);
        _mint(_ISSUER, nominal);
        emit BondIssued(nominal);
    }

    /// @inheritdoc IGreenBond
    function redeem(uint256 nominal) external onlyIssuer {
        _burn(_ISSUER, nominal);
        emit BondRedeemed(nominal);
    }

    /// @inheritdoc IGreenBond
    function terms() external view returns (Terms memory) {
        return _terms;
    }

    /// @inheritdoc IGreenBond
    function frameworkUri() external view returns (string memory) {
        return _frameworkUri;
    }

    /// @inheritdoc IGreenBond
    function issuedNominal() external view returns (uint256) {
        return _issued;
    }

    /// @inheritdoc IGreenBond
    function accruedInterestHalfUp(uint256 nominal, uint64 settlementDate) external view returns (uint256) {
        if (settlementDate < _terms.issueDate) return 0;
        uint64 end = settlementDate < _terms.maturityDate ? settlementDate : _terms.maturityDate;
        uint256 actualDays = end / 1 days - _terms.issueDate / 1 days;
        return Accrual.act365FixedHalfUp(nominal * _MINOR_UNITS, _terms.couponMillionths, actualDays);
    }

    function _checkQuantity(uint96 amount) internal view override {
        if (amount % _INCREMENT != 0) revert GreenBond_NotInIncrement(amount, _INCREMENT);
    }

    /// @dev The issuer's own account is a treasury, not a holding: any multiple of the increment may stay there.
    function _checkPosition(address account, uint256 balance) internal view override {
        if (_isBelowMinimum(account, balance)) revert GreenBond_BelowMinimumDenomination(account, balance, _MINIMUM);
    }

    function _quantityReasons(uint256 quantity) internal view override returns (bytes[] memory reasons) {
        if (quantity % _INCREMENT == 0) return reasons;
        return reasons.push(abi.encodeWithSelector(GreenBond_NotInIncrement.selector, quantity, _INCREMENT));
    }

    function _positionReasons(address giver, address receiver, uint256 quantity)
        internal
        view
        override
        returns (bytes[] memory reasons)
    {
        reasons = _minimumReasons(reasons, giver, balanceOf(giver) - quantity);
        reasons = _minimumReasons(reasons, receiver, balanceOf(receiver) + quantity);
    }

    function _minimumReasons(bytes[] memory reasons, address account, uint256 balance)
        private
        view
        returns (bytes[] memory)
    {
        if (!_isBelowMinimum(account, balance)) return reasons;
        return
            reasons.push(
                abi.encodeWithSelector(GreenBond_BelowMinimumDenomination.selector, account, balance, _MINIMUM)
            );
    }

    function _isBelowMinimum(address account, uint256 balance) private view returns (bool) {
        return balance != 0 && balance < _MINIMUM && account != _ISSUER;
    }
}
