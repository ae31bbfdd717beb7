// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "../interfaces/IDepositMoney.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISettlementDryRun} from "../interfaces/ISettlementDryRun.sol";
import {ISettlementEngine} from "../interfaces/ISettlementEngine.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {InstrumentKind} from "../types/Participation.sol";
import {Consent, Instruction, InstructionId, InstructionStatus, Leg} from "../types/Settlement.sol";

/// @title Settlement dry run
/// @notice Implements {ISettlementDryRun}, which documents every function.
contract SettlementDryRun is ISettlementDryRun {
    using Reasons for bytes[];

    /// @dev The engine's own limit.
    uint256 private constant _LEGS_MAX = 32;

    ISettlementEngine private immutable _ENGINE;

    constructor(ISettlementEngine engine) {
        _ENGINE = engine;
    }

    /// @inheritdoc ISettlementDryRun
    function reasons(Instruction calldata instruction, Consent[] calldata consents)
        external
        view
        returns (bytes[] memory list)
    {
        InstructionId id = _ENGINE.idOf(instruction);
        list = _termsReasons(id, instruction);
        list = list.concat(_ENGINE.registry().legReasons(instruction.legs));
        list = _consentReasons(list, id, instruction.legs, consents);
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            list = list.concat(_legReasons(id, i, instruction.legs[i], consents));
        }
    }

    function _termsReasons(InstructionId id, Instruction calldata instruction)
        private
        view
        returns (bytes[] memory list)
    {
        uint256 count = instruction.legs.length;
        if (count == 0 || count > _LEGS_MAX) {
            list = list.push(abi.encodeWithSelector(ISettlementEngine.Engine_LegCount.selector, id, count));
        }
        InstructionStatus status = _ENGINE.statusOf(instruction);
        if (status != InstructionStatus.Open) {
            list = list.push(
                abi.encodeWithSelector(
                    ISettlementEngine.Engine_UnexpectedStatus.selector, id, instruction.nonce, status
                )
            );
        }
        if (block.timestamp < instruction.notBefore) {
            list = list.push(
                abi.encodeWithSelector(
                    ISettlementEngine.Engine_TooEarly.selector, id, instruction.notBefore, block.timestamp
                )
            );
        }
        if (block.timestamp > instruction.deadline) {
            list = list.push(
                abi.encodeWithSelector(
                    ISettlementEngine.Engine_Expired.selector, id, instruction.deadline, block.timestamp
                )
            );
        }
    }

    // slither-disable-start calls-loop,unused-return,incorrect-equality: a view asks for each leg, and compares by hash
    function _consentReasons(bytes[] memory list, InstructionId id, Leg[] calldata legs, Consent[] calldata consents)
        private
        view
        returns (bytes[] memory)
    {
        for (uint256 i = 0; i < consents.length; ++i) {
            if (!Signatures.isValid(consents[i].party, InstructionId.unwrap(id), consents[i].signature)) {
                list = list.push(
                    abi.encodeWithSelector(ISettlementEngine.Engine_ConsentInvalid.selector, id, consents[i].party)
                );
            }
        }
        for (uint256 i = 0; i < legs.length; ++i) {
            list = _missing(list, id, legs[i].giver, consents);
            (InstrumentKind kind,) = _ENGINE.registry().instrument(legs[i].instrument);
            if (kind == InstrumentKind.Title) list = _missing(list, id, legs[i].receiver, consents);
        }
        return list;
    }

    function _missing(bytes[] memory list, InstructionId id, address party, Consent[] calldata consents)
        private
        pure
        returns (bytes[] memory)
    {
        if (_consented(party, consents)) return list;
        bytes memory reason = abi.encodeWithSelector(ISettlementEngine.Engine_ConsentMissing.selector, id, party);
        for (uint256 i = 0; i < list.length; ++i) {
            if (keccak256(list[i]) == keccak256(reason)) return list; // One party gives in several legs.
        }
        return list.push(reason);
    }

    /// @dev An instrument that is not admitted is not asked: it could answer anything.
    function _legReasons(InstructionId id, uint256 index, Leg calldata leg, Consent[] calldata consents)
        private
        view
        returns (bytes[] memory list)
    {
        if (!_admitted(leg.instrument) || !_admitted(leg.receiverInstrument)) return list;
        if (leg.instrument == leg.receiverInstrument) {
            return IInstrument(leg.instrument).moveReasons(leg.giver, leg.receiver, leg.quantity);
        }
        return _paymentReasons(id, index, leg, consents);
    }

    /// @dev What is no deposit money has no interbank account, and settles in no reserve.
    function _paymentReasons(InstructionId id, uint256 index, Leg calldata leg, Consent[] calldata consents)
        private
        view
        returns (bytes[] memory list)
    {
        IDepositMoney payer = IDepositMoney(leg.instrument);
        IDepositMoney payee = IDepositMoney(leg.receiverInstrument);
        (address payerBank, address payerReserve) = _interbankAccount(payer);
        (address payeeBank, address payeeReserve) = _interbankAccount(payee);
        bool matches = payerReserve == payeeReserve && payerReserve != address(0);
        if (!matches) {
            list = list.push(abi.encodeWithSelector(ISettlementEngine.Engine_ReserveMismatch.selector, id, index));
        }
        if (payerReserve != address(0)) {
            list = list.concat(payer.debitReasons(leg.giver, leg.quantity));
        }
        if (
            (payerReserve != address(0) && !_isMoneyOf(leg.instrument, payerBank))
                || (payeeReserve != address(0) && !_isMoneyOf(leg.receiverInstrument, payeeBank))
        ) list = list.push(abi.encodeWithSelector(ISettlementEngine.Engine_BankMismatch.selector, id, index));
        if (matches) {
            if (!_isMoney(payerReserve)) {
                list =
                    list.push(abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, payerReserve));
            }
            if (!payer.withinMandate(leg.quantity, payeeBank)) list = _missing(list, id, payerBank, consents);
            list = list.concat(IFungibleInstrument(payerReserve).moveReasons(payerBank, payeeBank, leg.quantity));
        }
        if (payeeReserve != address(0)) list = list.concat(payee.creditReasons(leg.receiver, leg.quantity));
    }

    function _interbankAccount(IDepositMoney money) private view returns (address bank, address reserve) {
        try money.interbankAccount() returns (address bank_, IFungibleInstrument reserve_) {
            return (bank_, address(reserve_));
        } catch {
            return (address(0), address(0));
        }
    }

    function _isMoneyOf(address token, address bank) private view returns (bool) {
        (InstrumentKind kind, address issuer) = _ENGINE.registry().instrument(token);
        return kind == InstrumentKind.Money && issuer == bank;
    }

    function _isMoney(address token) private view returns (bool) {
        (InstrumentKind kind,) = _ENGINE.registry().instrument(token);
        return kind == InstrumentKind.Money;
    }

    function _admitted(address token) private view returns (bool) {
        (InstrumentKind kind,) = _ENGINE.registry().instrument(token);
        return kind != InstrumentKind.Unknown;
    }
    // slither-disable-end calls-loop,unused-return,incorrect-equality

    function _consented(address party, Consent[] calldata consents) private pure returns (bool) {
        for (uint256 i = 0; i < consents.length; ++i) {
            if (consents[i].party == party) return true;
        }
        return false;
    }
}
