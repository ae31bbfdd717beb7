// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
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
import {Consent, Instruction, InstructionId, Leg} from "../types/Settlement.sol";

/// @title Paying agent
/// @notice Implements {IPayingAgent}, which documents every function.
contract PayingAgent is IPayingAgent, IERC1271, ReentrancyGuardTransient {
    using Accrual for uint256;

    uint256 private constant _LEGS_MAX = 32;
    uint256 private constant _INDEX_BITS = 16;

    ISettlementEngine private immutable _ENGINE;
    IRegistry private immutable _REGISTRY;
    IGreenBond private immutable _BOND;
    IDepositMoney private immutable _CASH;
    IFungibleInstrument private immutable _RESERVE;
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
    mapping(uint256 id => mapping(address holder => uint256)) private _setAside;

    /// @inheritdoc IPayingAgent
    uint256 public owed;
    /// @dev How many record times had passed when the register closed, and one more; zero before.
    uint256 private _recordsAtClosing;
    /// @dev The one instruction that is consented to, while it is settled.
    InstructionId private transient _consented;

    constructor(ISettlementEngine engine, IGreenBond bond_, IDepositMoney cash, address operator) {
        _ENGINE = engine;
        _REGISTRY = engine.registry();
        _BOND = bond_;
        _CASH = cash;
        (, _RESERVE) = cash.interbankAccount();
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
        id = idOf(Kind.EarlyRedemption, call);
        _requireDay(id, _BOND.calls()[call].day);
        uint256 today = (block.timestamp + _UTC_OFFSET) / 1 days;
        Coupon[] memory coupons = _BOND.coupons();
        uint256 period;
        while (period + 1 < coupons.length && today >= coupons[period].end) ++period;
        // Else the coupon whose record time has passed would be paid, and accrued here once more.
        if (_BOND.recordsPassed() > period) revert PayingAgent_ClosedPeriod(coupons[period].end);
        (uint256 numerator, uint256 denominator) = _BOND.callPerUnit(call, uint32(today));
        _closeAndOpen(id, numerator, denominator);
    }

    /// @dev What holders had at a coupon's record time, once it is to be paid. What the issuer has earns nothing.
    function _entitledAt(uint256 id, uint256 coupon) private view returns (uint256) {
        _requireDay(id, _BOND.coupons()[coupon].paymentDay);
        // Where the register has gone on elsewhere, so have its coupons: they would be paid twice.
        bool gone = _BOND.status() == BondStatus.Exited;
        if (gone || (_recordsAtClosing != 0 && coupon + 1 >= _recordsAtClosing)) revert PayingAgent_AfterClosing(id);
        return _BOND.supplyAt(coupon) - _BOND.positionAt(_ISSUER, coupon);
    }

    function _closeAndOpen(uint256 id, uint256 numerator, uint256 denominator) private {
        _recordsAtClosing = _BOND.recordsPassed() + 1;
        IERC20 register = IERC20(address(_BOND));
        _open(id, register.totalSupply() - register.balanceOf(_ISSUER), numerator, denominator);
        _BOND.close();
    }

    function _open(uint256 id, uint256 entitled, uint256 numerator, uint256 denominator) private {
        Distribution storage opened = _distributions[id];
        if (opened.opened) revert PayingAgent_AlreadyOpened(id);
        uint256 due = entitled.timesHalfUp(numerator, denominator);
        if (due == 0) revert PayingAgent_NothingDue(id);
        uint256 free = _free();
        if (due > free) revert PayingAgent_InsufficientFunds(id, free, due);
        owed += due;
        opened.kind = Kind(id >> _INDEX_BITS);
        opened.index = uint16(id);
        opened.opened = true;
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
        (address[] memory holders, uint256[] memory nominals) = _positions(state, count);
        Leg[] memory legs = new Leg[](_LEGS_MAX);
        uint256 filled;
        for (uint256 i = 0; i < holders.length; ++i) {
            if (nominals[i] == 0 || holders[i] == _ISSUER) continue;
            uint256 amount = _next(state, nominals[i]);
            address account = _elections[holders[i]].account;
            bytes memory obstacle = _obstacle(state.kind, holders[i], account, amount);
            if (obstacle.length != 0) {
                state.setAside += uint96(amount);
                _setAside[id][holders[i]] = amount;
                emit PaymentSetAside(id, holders[i], nominals[i], amount, obstacle);
                continue;
            }
            state.paid += uint96(amount);
            if (_redeems(state.kind)) _BOND.redeemHolder(holders[i]);
            if (amount != 0) legs[filled++] = _leg(holders[i], account, amount);
            emit HolderPaid(id, holders[i], nominals[i], amount, account);
            if (filled == _LEGS_MAX) {
                _settle(id, legs, filled);
                legs = new Leg[](_LEGS_MAX);
                filled = 0;
            }
        }
        if (filled != 0) _settle(id, legs, filled);
        state.cursor += uint32(holders.length);
        _keep(id, state);
    }

    /// @inheritdoc IPayingAgent
    function claim(uint256 id, address holder) external nonReentrant {
        uint256 amount = _setAside[id][holder];
        if (amount == 0) revert PayingAgent_NothingToPay(id);
        delete _setAside[id][holder];
        Distribution storage state = _distributions[id];
        address account = _elections[holder].account;
        bytes memory obstacle = _obstacle(state.kind, holder, account, amount);
        if (obstacle.length != 0) ReturnData.revertWith(obstacle);
        state.setAside -= uint96(amount);
        state.paid += uint96(amount);
        owed -= amount;
        uint256 nominal = _redeems(state.kind) ? _BOND.redeemHolder(holder) : _BOND.positionAt(holder, _recordOf(state));
        emit HolderPaid(id, holder, nominal, amount, account);
        _settleOne(id, holder, account, amount);
    }

    /// @inheritdoc IPayingAgent
    function returnSurplus(IDepositMoney account, uint256 amount) external nonReentrant {
        if (msg.sender != _ISSUER) revert PayingAgent_NotAllowed(msg.sender);
        uint256 free = _free();
        if (amount > free) revert PayingAgent_InsufficientFunds(0, free, amount);
        _settleOne(type(uint256).max, _ISSUER, address(account), amount);
    }

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

    /// @dev Why a holder cannot be paid now; empty where it can.
    function _obstacle(Kind kind, address holder, address account, uint256 amount) private view returns (bytes memory) {
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
        bytes[] memory reasons = IDepositMoney(account).creditReasons(holder, amount);
        if (reasons.length != 0) return reasons[0];
        if (!_redeems(kind)) return "";
        uint256 held = _BOND.heldOf(holder);
        if (held == 0) return "";
        uint256 free = _BOND.freeOf(holder);
        return abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, holder, free, free + held);
    }

    function _redeems(Kind kind) private pure returns (bool) {
        return kind >= Kind.Redemption;
    }

    function _leg(address holder, address account, uint256 amount) private view returns (Leg memory) {
        return Leg(address(this), holder, address(_CASH), account, amount);
    }

    function _settleOne(uint256 id, address holder, address account, uint256 amount) private {
        Leg[] memory legs = new Leg[](1);
        legs[0] = _leg(holder, account, amount);
        _settle(id, legs, 1);
    }

    function _settle(uint256 id, Leg[] memory legs, uint256 filled) private {
        assembly ("memory-safe") {
            mstore(legs, filled)
        }
        // The same holders are paid again at the next coupon: the block and the distribution tell the nonces apart.
        uint256 nonce = uint256(keccak256(abi.encode(id, block.number, block.timestamp)));
        Instruction memory instruction = Instruction(legs, bytes32(id), 0, type(uint64).max, nonce);
        Consent[] memory consents = new Consent[](1);
        consents[0].party = address(this);
        _consented = _ENGINE.idOf(instruction);
        _ENGINE.settle(instruction, consents);
        _consented = InstructionId.wrap(0);
    }

    /// @inheritdoc IERC1271
    /// @dev Only what this contract is settling at this moment; a signature says nothing here.
    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        bool ours = hash != 0 && hash == InstructionId.unwrap(_consented);
        return ours ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
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
        return _setAside[id][holder];
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
