// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IDepositMoney} from "../interfaces/IDepositMoney.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IGreenBond} from "../interfaces/IGreenBond.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {IPayingAgent} from "../interfaces/IPayingAgent.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISettlementEngine} from "../interfaces/ISettlementEngine.sol";
import {Accrual} from "../libraries/Accrual.sol";
import {ReturnData} from "../libraries/ReturnData.sol";
import {BondStatus, Call, Coupon} from "../types/Bond.sol";
import {InstrumentKind, PartyStatus} from "../types/Participation.sol";
import {Disbursement} from "./Disbursement.sol";

/// @title Paying agent
/// @notice Implements {IPayingAgent}, which documents every function.
contract PayingAgent is Disbursement, ReentrancyGuardTransient {
    using Accrual for uint256;

    uint256 private constant _INDEX_BITS = 16;

    address private immutable _ISSUER;
    /// @dev Keeps what holders have said of their accounts.
    address private immutable _OPERATOR;
    uint256 private immutable _UTC_OFFSET;

    struct Election {
        address account;
        bool byHolder;
    }

    mapping(address holder => Election) private _elections;
    mapping(uint256 id => Distribution) private _distributions;
    /// @dev What is set aside, and one more: nothing may be due on what is still to be redeemed.
    mapping(uint256 id => mapping(address holder => uint256)) private _setAside;

    /// @inheritdoc IPayingAgent
    uint256 public owed;

    // slither-disable-next-line missing-zero-check: without an operator, holders elect their accounts themselves
    constructor(ISettlementEngine engine, IGreenBond bond_, IDepositMoney cash, address operator)
        Disbursement(engine, bond_, cash)
    {
        _ISSUER = bond_.issuer();
        _OPERATOR = operator;
        _UTC_OFFSET = bond_.terms().utcOffset;
    }

    // ---- accounts ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayingAgent
    function electAccount(IDepositMoney account) external {
        _elect(msg.sender, account, true);
    }

    /// @inheritdoc IPayingAgent
    function electAccounts(address[] calldata holders, IDepositMoney[] calldata accounts) external {
        if (msg.sender != _OPERATOR) revert PayingAgent_NotAllowed(msg.sender);
        for (uint256 i = 0; i < holders.length; ++i) {
            if (!_elections[holders[i]].byHolder) _elect(holders[i], accounts[i], false);
        }
    }

    // slither-disable-next-line calls-loop,unused-return: the operator chooses whom it names; the bank is not asked for
    function _elect(address holder, IDepositMoney account, bool byHolder) private {
        if (address(account) != address(0)) {
            (, IFungibleInstrument reserve) = account.interbankAccount();
            if (address(reserve) != address(_RESERVE)) revert PayingAgent_OtherCurrency(address(account));
        }
        _elections[holder] = Election(address(account), byHolder);
        emit AccountElected(holder, address(account));
    }

    // ---- what is due -------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayingAgent
    function openCoupon(uint16 coupon) external nonReentrant returns (uint256 id) {
        id = idOf(Kind.Coupon, coupon);
        uint256 entitled = _entitledAt(id, coupon);
        (uint256 numerator, uint256 denominator) = _BOND.couponPerUnit(coupon);
        _open(id, entitled, numerator, denominator);
    }

    /// @inheritdoc IPayingAgent
    function openRepayment(uint16 repayment) external nonReentrant returns (uint256 id) {
        id = idOf(Kind.Repayment, repayment);
        uint256 entitled = _entitledAt(id, _BOND.repayments()[repayment].coupon);
        (uint256 numerator, uint256 denominator) = _BOND.repaymentPerUnit(repayment);
        _open(id, entitled, numerator, denominator);
    }

    /// @inheritdoc IPayingAgent
    function openRedemption() external nonReentrant returns (uint256 id) {
        id = idOf(Kind.Redemption, 0);
        Coupon[] memory coupons = _BOND.coupons();
        _requireDay(id, coupons[coupons.length - 1].paymentDay);
        (uint256 numerator, uint256 denominator) = _BOND.redemptionPerUnit();
        _closeAndOpen(id, numerator, denominator);
    }

    /// @inheritdoc IPayingAgent
    function openEarlyRedemption(uint16 call) external nonReentrant returns (uint256 id) {
        if (msg.sender != _ISSUER) revert PayingAgent_NotAllowed(msg.sender);
        _REGISTRY.requireActive(msg.sender);
        id = idOf(Kind.EarlyRedemption, call);
        _requireDay(id, _BOND.calls()[call].day);
        uint256 today = (block.timestamp + _UTC_OFFSET) / 1 days;
        Coupon[] memory coupons = _BOND.coupons();
        uint256 period;
        while (period + 1 < coupons.length && today >= coupons[period].end) ++period;
        // Else the coupon whose record time has passed would be paid, and accrued here once more.
        if (_BOND.recordsPassed() > period) revert PayingAgent_ClosedPeriod(coupons[period].end);
        // forge-lint: disable-next-line(unsafe-typecast): days, not seconds: for millions of years
        (uint256 numerator, uint256 denominator) = _BOND.callPerUnit(call, uint32(today));
        _closeAndOpen(id, numerator, denominator);
    }

    /// @dev What holders had at a coupon's record time, once it is to be paid. What the issuer has earns nothing.
    function _entitledAt(uint256 id, uint256 coupon) private view returns (uint256) {
        _requireDay(id, _BOND.coupons()[coupon].paymentDay);
        // Record times after the register closed are nobody's here; where it has gone on elsewhere, they count there.
        if (_BOND.status() > BondStatus.Live && coupon >= _BOND.recordsAtClosing()) {
            revert PayingAgent_AfterClosing(id);
        }
        return _BOND.supplyAt(coupon) - _BOND.positionAt(_ISSUER, coupon);
    }

    /// @dev For good, so not while the agent could not pay.
    function _closeAndOpen(uint256 id, uint256 numerator, uint256 denominator) private {
        IERC20 register = IERC20(address(_BOND));
        _open(id, register.totalSupply() - register.balanceOf(_ISSUER), numerator, denominator);
        _requirePayer();
        _BOND.close();
    }

    // slither-disable-next-line incorrect-equality: asks whether anything is due, not for an exact balance
    function _open(uint256 id, uint256 entitled, uint256 numerator, uint256 denominator) private {
        Distribution storage opened = _distributions[id];
        if (opened.opened) revert PayingAgent_AlreadyOpened(id);
        uint256 due = entitled.timesHalfUp(numerator, denominator);
        if (due == 0) revert PayingAgent_NothingDue(id);
        uint256 free = _free();
        if (due > free) revert PayingAgent_InsufficientFunds(id, free, due);
        owed += due;
        opened.kind = Kind(id >> _INDEX_BITS);
        // forge-lint: disable-next-line(unsafe-typecast): the low 16 bits are the index
        opened.index = uint16(id);
        opened.opened = true;
        // forge-lint: disable-next-line(unsafe-typecast): at most the supply, and the cash that is there
        (opened.entitled, opened.due) = (uint96(entitled), uint96(due));
        (opened.numerator, opened.denominator) = (numerator, denominator);
        emit DistributionOpened(id, entitled, due);
    }

    function _requireDay(uint256 id, uint256 day) private view {
        uint256 time = day * 1 days - _UTC_OFFSET;
        if (block.timestamp < time) revert PayingAgent_TooEarly(id, time);
    }

    function _free() private view returns (uint256) {
        uint256 free = _CASH.freeOf(address(this));
        return free > owed ? free - owed : 0;
    }

    // ---- paying ------------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayingAgent
    /// @dev Each holder gets the difference between two rounded running totals, so what all get is the rounded whole.
    function pay(uint256 id, uint256 count) external nonReentrant {
        Distribution memory state = _distributions[id];
        if (state.counted == state.entitled) revert PayingAgent_NothingToPay(id);
        _requirePayer();
        (address[] memory holders, uint256[] memory nominals) = _positions(state, count);
        Payment[] memory payments = new Payment[](holders.length);
        uint256 filled = 0;
        for (uint256 i = 0; i < holders.length; ++i) {
            if (nominals[i] == 0 || holders[i] == _ISSUER) continue;
            uint256 amount = _next(state, nominals[i]);
            Payment memory payment = Payment(holders[i], _elections[holders[i]].account, nominals[i], amount);
            bytes memory obstacle = _obstacle(id, state.kind, payment);
            if (obstacle.length != 0) _keepFor(id, state, payment, obstacle);
            else payments[filled++] = payment;
        }
        for (uint256 first = 0; first < filled; first += _LEGS_MAX) {
            uint256 size = filled - first < _LEGS_MAX ? filled - first : _LEGS_MAX;
            _payGroup(id, state, _slice(payments, first, size));
        }
        state.cursor += uint32(holders.length);
        _keep(id, state);
    }

    /// @dev All together, or else each for itself.
    function _payGroup(uint256 id, Distribution memory state, Payment[] memory group) private {
        bool redeems = _redeems(state.kind);
        bytes memory reason = _try(id, group, redeems);
        bool together = reason.length == 0;
        for (uint256 i = 0; i < group.length; ++i) {
            if (!together && group.length != 1) reason = _try(id, _slice(group, i, 1), redeems);
            if (reason.length == 0) {
                state.paid += uint96(group[i].amount);
                emit HolderPaid(id, group[i].holder, group[i].nominal, group[i].amount, group[i].account);
                continue;
            }
            // It may be for a while only, as where a bank is short of reserves: a stranger does not decide to go on.
            if (msg.sender != _OPERATOR && msg.sender != _ISSUER) ReturnData.revertWith(reason);
            _keepFor(id, state, group[i], reason);
        }
    }

    function _keepFor(uint256 id, Distribution memory state, Payment memory payment, bytes memory reason) private {
        state.setAside += uint96(payment.amount);
        _setAside[id][payment.holder] = payment.amount + 1;
        emit PaymentSetAside(id, payment.holder, payment.nominal, payment.amount, reason);
    }

    function _slice(Payment[] memory payments, uint256 first, uint256 size)
        private
        pure
        returns (Payment[] memory slice)
    {
        slice = new Payment[](size);
        for (uint256 i = 0; i < size; ++i) {
            slice[i] = payments[first + i];
        }
    }

    /// @inheritdoc IPayingAgent
    // slither-disable-next-line reentrancy-benign: guarded, and what is set aside is deleted first
    function claim(uint256 id, address holder) external nonReentrant {
        uint256 kept = _setAside[id][holder];
        if (kept == 0) revert PayingAgent_NothingToPay(id);
        delete _setAside[id][holder];
        Distribution storage state = _distributions[id];
        Payment memory payment = Payment(holder, _elections[holder].account, 0, kept - 1);
        bytes memory obstacle = _obstacle(id, state.kind, payment);
        if (obstacle.length != 0) ReturnData.revertWith(obstacle);
        state.setAside -= uint96(payment.amount);
        state.paid += uint96(payment.amount);
        owed -= payment.amount;
        payment.nominal = _redeems(state.kind) ? _BOND.redeemHolder(holder) : _BOND.positionAt(holder, _recordOf(state));
        emit HolderPaid(id, holder, payment.nominal, payment.amount, payment.account);
        if (payment.amount != 0) _settleOne(id, holder, payment.account, payment.amount);
    }

    /// @inheritdoc IPayingAgent
    function returnSurplus(IDepositMoney account, uint256 amount) external nonReentrant {
        if (msg.sender != _ISSUER) revert PayingAgent_NotAllowed(msg.sender);
        uint256 free = _free();
        if (amount > free) revert PayingAgent_InsufficientFunds(0, free, amount);
        _settleOne(type(uint256).max, _ISSUER, address(account), amount);
    }

    // slither-disable-next-line calls-loop: the bond alone is asked, in pages that the caller chooses
    function _positions(Distribution memory state, uint256 count)
        private
        view
        returns (address[] memory holders, uint256[] memory nominals)
    {
        if (!_redeems(state.kind)) return _BOND.positionsAt(_recordOf(state), state.cursor, count);
        // The register is closed: what they have is what they had.
        holders = _BOND.holders(state.cursor, count);
        nominals = new uint256[](holders.length);
        for (uint256 i = 0; i < holders.length; ++i) {
            nominals[i] = IERC20(address(_BOND)).balanceOf(holders[i]);
        }
    }

    function _recordOf(Distribution memory state) private view returns (uint256) {
        return state.kind == Kind.Coupon ? state.index : _BOND.repayments()[state.index].coupon;
    }

    function _next(Distribution memory state, uint256 nominal) private pure returns (uint256) {
        uint256 before = uint256(state.counted).timesHalfUp(state.numerator, state.denominator);
        // forge-lint: disable-next-line(unsafe-typecast): at most the supply
        state.counted += uint96(nominal);
        return uint256(state.counted).timesHalfUp(state.numerator, state.denominator) - before;
    }

    function _keep(uint256 id, Distribution memory state) private {
        Distribution storage kept = _distributions[id];
        owed -= state.paid - kept.paid;
        (kept.cursor, kept.counted) = (state.cursor, state.counted);
        (kept.paid, kept.setAside) = (state.paid, state.setAside);
        if (state.counted == state.entitled) emit DistributionCompleted(id, state.paid, state.setAside);
    }

    /// @dev Why a holder cannot be paid now, as far as its own side says; empty where nothing does.
    // slither-disable-next-line calls-loop: in pages that the caller chooses; an account is asked once it is admitted
    function _obstacle(uint256 id, Kind kind, Payment memory payment) private view returns (bytes memory) {
        address holder = payment.holder;
        if (holder == address(this)) return "";
        address account = payment.account;
        if (account == address(0)) return abi.encodeWithSelector(PayingAgent_NoAccount.selector, holder);
        PartyStatus status = _REGISTRY.statusOf(holder);
        if (status != PartyStatus.Active) {
            return abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, holder, status);
        }
        (InstrumentKind instrumentKind, address bank) = _REGISTRY.instrument(account);
        if (instrumentKind != InstrumentKind.Money) {
            return abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, account);
        }
        status = _REGISTRY.statusOf(bank);
        if (status != PartyStatus.Active) {
            return abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, bank, status);
        }
        bytes memory reason = _creditReason(id, payment);
        if (reason.length != 0) return reason;
        if (!_redeems(kind)) return "";
        uint256 held = _BOND.heldOf(holder);
        if (held == 0) return "";
        uint256 free = _BOND.freeOf(holder);
        return abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, holder, free, free + held);
    }

    function _redeems(Kind kind) private pure returns (bool) {
        return kind >= Kind.Redemption;
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPayingAgent
    function distribution(uint256 id) external view returns (Distribution memory) {
        return _distributions[id];
    }

    /// @inheritdoc IPayingAgent
    function idOf(Kind kind, uint16 index) public pure returns (uint256) {
        return (uint256(kind) << _INDEX_BITS) | index;
    }

    /// @inheritdoc IPayingAgent
    function setAsideOf(uint256 id, address holder) external view returns (uint256) {
        uint256 kept = _setAside[id][holder];
        return kept == 0 ? 0 : kept - 1;
    }

    /// @inheritdoc IPayingAgent
    function accountOf(address holder) external view returns (address) {
        return _elections[holder].account;
    }

    /// @inheritdoc IPayingAgent
    function bond() external view returns (IGreenBond) {
        return _BOND;
    }
}
