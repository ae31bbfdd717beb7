// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IDepositMoney} from "../interfaces/IDepositMoney.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IGreenBond} from "../interfaces/IGreenBond.sol";
import {IPayingAgent} from "../interfaces/IPayingAgent.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISettlementEngine} from "../interfaces/ISettlementEngine.sol";
import {ReturnData} from "../libraries/ReturnData.sol";
import {Consent, Instruction, InstructionId, Leg} from "../types/Settlement.sol";

/// @title Disbursement
/// @notice How a paying agent's money reaches holders: up to 32 payments as one instruction of the settlement engine, and
/// one by one where those do not all go through, so that nobody's account keeps the others from theirs.
abstract contract Disbursement is IPayingAgent, IERC1271 {
    uint256 internal constant _LEGS_MAX = 32;
    /// @dev Enough for an instruction, and for each payment of it across banks into a cold account, with a redemption.
    uint256 private constant _GAS_PER_INSTRUCTION = 300_000;
    uint256 private constant _GAS_PER_PAYMENT = 300_000;
    /// @dev Many times what an account's answer takes, and little enough that those which burn it hold nobody up.
    uint256 private constant _GAS_PER_ANSWER = 100_000;

    ISettlementEngine private immutable _ENGINE;
    IRegistry internal immutable _REGISTRY;
    IGreenBond internal immutable _BOND;
    IDepositMoney internal immutable _CASH;
    IFungibleInstrument internal immutable _RESERVE;

    /// @dev The one instruction that is consented to, while it is settled.
    InstructionId private transient _consented;

    // slither-disable-next-line unused-return: of the two, the reserve is wanted
    constructor(ISettlementEngine engine, IGreenBond bond_, IDepositMoney cash) {
        _ENGINE = engine;
        _REGISTRY = engine.registry();
        _BOND = bond_;
        _CASH = cash;
        (, _RESERVE) = cash.interbankAccount();
    }

    /// @inheritdoc IPayingAgent
    // slither-disable-next-line calls-loop,unused-return,reentrancy-benign: all or none, and pay() is guarded
    function payTogether(uint256 id, Payment[] calldata payments, bool redeems) external {
        if (msg.sender != address(this)) revert PayingAgent_NotAllowed(msg.sender);
        Leg[] memory legs = new Leg[](payments.length);
        uint256 filled = 0;
        for (uint256 i = 0; i < payments.length; ++i) {
            Payment calldata payment = payments[i];
            if (redeems) _BOND.redeemHolder(payment.holder);
            // What the agent holds itself was given to it: its money stays here, and is the issuer's.
            if (payment.amount == 0 || payment.holder == address(this)) continue;
            legs[filled++] = _leg(payment.holder, payment.account, payment.amount);
        }
        if (filled != 0) _settle(id, legs, filled);
    }

    /// @dev Tries payments as one instruction; why they did not go through, or nothing where they did. A lack of gas is
    /// the caller's fault, and fails everything: only what had its full share has failed by itself.
    function _try(uint256 id, Payment[] memory payments, bool redeems) internal returns (bytes memory reason) {
        bytes memory input = abi.encodeCall(this.payTogether, (id, payments, redeems));
        uint256 share = _GAS_PER_INSTRUCTION + payments.length * _GAS_PER_PAYMENT;
        uint256 available = gasleft() - gasleft() / 64;
        bool success;
        assembly ("memory-safe") {
            success := call(share, address(), 0, add(input, 32), mload(input), 0, 0)
        }
        if (success) return "";
        reason = ReturnData.capped();
        if (available < share) revert PayingAgent_OutOfGas(id);
        if (reason.length == 0) return abi.encodeWithSelector(PayingAgent_NoReason.selector, id);
    }

    /// @inheritdoc IPayingAgent
    function requireCreditable(IDepositMoney account, address holder, uint256 amount) external view {
        bytes[] memory reasons = account.creditReasons(holder, amount);
        if (reasons.length != 0) ReturnData.revertWith(reasons[0]);
    }

    /// @dev Why an account cannot be credited, or nothing where it can. It was admitted, and may have turned hostile
    /// since: one that answers nonsense, too much or not at all is its holder's obstacle, and nobody else's.
    function _creditReason(uint256 id, Payment memory payment) internal view returns (bytes memory reason) {
        if (_isCreditable(payment)) return "";
        bytes memory input =
            abi.encodeCall(this.requireCreditable, (IDepositMoney(payment.account), payment.holder, payment.amount));
        uint256 available = gasleft() - gasleft() / 64;
        bool success;
        assembly ("memory-safe") {
            success := staticcall(_GAS_PER_ANSWER, address(), add(input, 32), mload(input), 0, 0)
        }
        if (success) return "";
        reason = ReturnData.capped();
        if (available < _GAS_PER_ANSWER) revert PayingAgent_OutOfGas(id);
        if (reason.length == 0) return abi.encodeWithSelector(PayingAgent_NoReason.selector, id);
    }

    /// @dev Whether the account answers that nothing is in the way: an empty list, word for word. Whatever else it does is
    /// looked into by `requireCreditable`.
    function _isCreditable(Payment memory payment) private view returns (bool creditable) {
        address account = payment.account;
        bytes memory input = abi.encodeCall(IDepositMoney.creditReasons, (payment.holder, payment.amount));
        assembly ("memory-safe") {
            if staticcall(_GAS_PER_ANSWER, account, add(input, 32), mload(input), 0, 64) {
                creditable := and(eq(returndatasize(), 64), and(eq(mload(0), 32), iszero(mload(32))))
            }
        }
    }

    function _settleOne(uint256 id, address holder, address account, uint256 amount) internal {
        Leg[] memory legs = new Leg[](1);
        legs[0] = _leg(holder, account, amount);
        _settle(id, legs, 1);
    }

    /// @dev Reverts unless the agent's own account can be debited: what holds everybody up is nobody's obstacle.
    // slither-disable-next-line unused-return: of the two, the bank is wanted
    function _requirePayer() internal view {
        _REGISTRY.requireActive(address(this));
        (address bank,) = _CASH.interbankAccount();
        _REGISTRY.requireActive(bank);
        bytes[] memory reasons = _CASH.debitReasons(address(this), 1);
        if (reasons.length != 0) ReturnData.revertWith(reasons[0]);
    }

    function _leg(address holder, address account, uint256 amount) private view returns (Leg memory) {
        return Leg(address(this), holder, address(_CASH), account, amount);
    }

    // slither-disable-next-line unused-return,reentrancy-benign: it settles or reverts, for this once
    function _settle(uint256 id, Leg[] memory legs, uint256 filled) private {
        assembly ("memory-safe") {
            mstore(legs, filled)
        }
        // The same holders are paid again at the next coupon: the block and the distribution tell the nonces apart. A
        // holder who foresees one can cancel it, for those it is paid together with; alone it would cancel its own.
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
}
