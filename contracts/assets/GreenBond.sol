// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenBond} from "../interfaces/IGreenBond.sol";
import {IGreenDisclosure} from "../interfaces/IGreenDisclosure.sol";
import {IPayingAgent} from "../interfaces/IPayingAgent.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Isin} from "../libraries/Isin.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {EngineBound} from "../token/EngineBound.sol";
import {FungibleInstrument} from "../token/FungibleInstrument.sol";
import {BondStatus, Call, Coupon, Repayment} from "../types/Bond.sol";
import {Roles} from "../types/Participation.sol";
import {CouponSchedule} from "./CouponSchedule.sol";

/// @title Green bond
/// @notice Implements {IGreenBond}, which documents every function.
contract GreenBond is CouponSchedule {
    using Reasons for bytes[];

    // Read at every movement, so not in storage.
    uint96 private immutable _MINIMUM;
    uint96 private immutable _INCREMENT;

    /// @dev While what is closed to others is redeemed.
    bool private transient _redeeming;

    Terms private _terms;
    string private _frameworkUri;
    address private _payingAgent;
    address private _disclosure;
    uint16 private _recordsAtClosing;
    uint96 private _issued;
    uint96 private _allocated;

    constructor(
        string memory name_,
        string memory symbol_,
        address engine,
        address issuer_,
        IRegistry registry,
        Terms memory terms_,
        Coupon[] memory coupons_,
        Repayment[] memory repayments_,
        Call[] memory calls_,
        string memory frameworkUri_
    )
        FungibleInstrument(name_, symbol_, 0)
        EngineBound(engine, issuer_, registry)
        CouponSchedule(terms_, coupons_, repayments_, calls_)
    {
        registry.requireRole(issuer_, Roles.ISSUER);
        if (!Isin.isValid(terms_.isin)) revert GreenBond_InvalidIsin(terms_.isin);
        if (
            terms_.increment == 0 || terms_.minimumDenomination % terms_.increment != 0
                || terms_.minimumDenomination == 0 || terms_.nominal < terms_.minimumDenomination
                || terms_.nominal % terms_.increment != 0
        ) revert GreenBond_InvalidTerms();
        _MINIMUM = terms_.minimumDenomination;
        _INCREMENT = terms_.increment;
        _terms = terms_;
        _frameworkUri = frameworkUri_;
    }

    // ---- issuance ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IGreenBond
    function issue(uint256 nominal) external onlyIssuer {
        uint256 issued = _issued + nominal;
        if (issued > _terms.nominal) revert GreenBond_NominalExceeded(issued, _terms.nominal);
        // forge-lint: disable-next-line(unsafe-typecast): at most the nominal of the terms
        _issued = uint96(issued);
        _mint(_ISSUER, nominal);
        emit BondIssued(nominal);
    }

    /// @inheritdoc IGreenBond
    function allocate(bytes32 allocationHash, uint256 nominal) external onlyIssuer {
        _requireStatus(BondStatus.Closing);
        if (nominal > _terms.nominal) revert GreenBond_NominalExceeded(nominal, _terms.nominal);
        // forge-lint: disable-next-line(unsafe-typecast): at most the nominal of the terms
        _allocated = uint96(nominal);
        emit BondAllocated(allocationHash, nominal);
    }

    /// @inheritdoc IGreenBond
    function open() external onlyIssuer {
        _requireStatus(BondStatus.Closing);
        uint256 delivered = totalSupply() - balanceOf(_ISSUER);
        if (delivered != _allocated) revert GreenBond_NotDelivered(delivered, _allocated);
        _setStage(uint8(BondStatus.Live));
        emit BondOpened(delivered);
    }

    /// @inheritdoc IGreenBond
    function setPayingAgent(address payingAgent_) external onlyIssuer {
        _REGISTRY.requireRole(payingAgent_, Roles.PAYING_AGENT);
        if (address(IPayingAgent(payingAgent_).bond()) != address(this)) revert GreenBond_NotOfThisBond(payingAgent_);
        if (_payingAgent != address(0)) revert GreenBond_PayingAgentKnown();
        _payingAgent = payingAgent_;
        emit PayingAgentSet(payingAgent_);
    }

    /// @inheritdoc IGreenBond
    function setDisclosure(address disclosure_) external onlyIssuer {
        if (address(IGreenDisclosure(disclosure_).bond()) != address(this)) {
            revert GreenBond_NotOfThisBond(disclosure_);
        }
        if (_disclosure != address(0)) revert GreenBond_DisclosureKnown();
        _disclosure = disclosure_;
        emit DisclosureSet(disclosure_);
    }

    // ---- redemption, exit --------------------------------------------------------------------------------------------

    /// @inheritdoc IGreenBond
    function redeem(uint256 nominal) external onlyIssuer {
        if (status() == BondStatus.Exited) revert GreenBond_UnexpectedStatus(BondStatus.Exited);
        _redeem(_ISSUER, nominal);
    }

    /// @inheritdoc IGreenBond
    function close() external {
        _requirePayingAgent();
        _requireStatus(BondStatus.Live);
        _close(BondStatus.Redeeming);
    }

    /// @inheritdoc IGreenBond
    function redeemHolder(address holder) external returns (uint256 nominal) {
        _requirePayingAgent();
        _requireStatus(BondStatus.Redeeming);
        nominal = balanceOf(holder);
        _redeem(holder, nominal);
    }

    /// @inheritdoc IGreenBond
    function exit() external onlyIssuer {
        _requireStatus(BondStatus.Live);
        _close(BondStatus.Exited);
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

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
    function status() public view returns (BondStatus) {
        return BondStatus(_stage());
    }

    /// @inheritdoc IGreenBond
    function payingAgent() external view returns (address) {
        return _payingAgent;
    }

    /// @inheritdoc IGreenBond
    function recordsAtClosing() external view returns (uint256) {
        return _recordsAtClosing;
    }

    /// @inheritdoc IGreenBond
    function disclosure() external view returns (address) {
        return _disclosure;
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function _redeem(address holder, uint256 nominal) private {
        _redeeming = true;
        _burnFrom(holder, nominal);
        _redeeming = false;
        if (status() == BondStatus.Redeeming && totalSupply() == 0) _setStage(uint8(BondStatus.Repaid));
        emit BondRedeemed(nominal);
    }

    function _close(BondStatus status_) private {
        _setStage(uint8(status_));
        _recordsAtClosing = uint16(recordsPassed());
        emit RegisterClosed(status_);
    }

    function _requirePayingAgent() private view {
        if (msg.sender != _payingAgent) revert GreenBond_NotPayingAgent(msg.sender);
        _REGISTRY.requireActive(msg.sender);
    }

    function _requireStatus(BondStatus expected) private view {
        if (status() != expected) revert GreenBond_UnexpectedStatus(status());
    }

    function _checkStage(uint8 stage, address giver, address receiver) internal view override {
        if (stage == uint8(BondStatus.Live)) return;
        if (_isBarred(BondStatus(stage), giver, receiver)) revert GreenBond_UnexpectedStatus(BondStatus(stage));
    }

    function _checkQuantity(uint96 amount) internal view override {
        if (amount % _INCREMENT != 0) revert GreenBond_NotInIncrement(amount, _INCREMENT);
    }

    /// @dev The issuer's own account is a treasury, not a holding: any multiple of the increment may stay there. Others'
    /// holdings are counted without what is on hold, so that delivering that changes nothing.
    function _checkPosition(address account, uint256 free) internal view override {
        if (_isBelowMinimum(account, free)) revert GreenBond_BelowMinimumDenomination(account, free, _MINIMUM);
    }

    /// @dev The receiver may have nothing else when it is delivered, so every hold is a holding, the issuer's too.
    function _checkHold(address account, uint96 amount, uint256 free) internal view override {
        if (amount < _MINIMUM) revert GreenBond_BelowMinimumDenomination(account, amount, _MINIMUM);
        _checkPosition(account, free);
    }

    function _movementReasons(address giver, address receiver) internal view override returns (bytes[] memory reasons) {
        if (!_isBarred(status(), giver, receiver)) return reasons;
        return reasons.push(abi.encodeWithSelector(GreenBond_UnexpectedStatus.selector, status()));
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
        reasons = _minimumReasons(reasons, giver, freeOf(giver) - quantity);
        reasons = _minimumReasons(reasons, receiver, freeOf(receiver) + quantity);
    }

    function _minimumReasons(bytes[] memory reasons, address account, uint256 free)
        private
        view
        returns (bytes[] memory)
    {
        if (!_isBelowMinimum(account, free)) return reasons;
        return
            reasons.push(abi.encodeWithSelector(GreenBond_BelowMinimumDenomination.selector, account, free, _MINIMUM));
    }

    function _isBelowMinimum(address account, uint256 free) private view returns (bool) {
        return free != 0 && free < _MINIMUM && account != _ISSUER;
    }

    /// @dev Before the issue is open, nominal goes from and to the issuer alone; once it is closed, it is redeemed alone.
    function _isBarred(BondStatus status_, address giver, address receiver) private view returns (bool) {
        if (status_ > BondStatus.Live) return !_redeeming;
        bool moves = giver != address(0) && receiver != address(0);
        return status_ == BondStatus.Closing && moves && giver != _ISSUER && receiver != _ISSUER;
    }
}
