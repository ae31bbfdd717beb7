// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "../interfaces/IDepositMoney.sol";
import {IFungibleInstrument} from "../interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {ISettlementEngine} from "../interfaces/ISettlementEngine.sol";
import {ReturnData} from "../libraries/ReturnData.sol";
import {InstructionId, Leg} from "../types/Settlement.sol";
import {IssuingBanks} from "./IssuingBanks.sol";

/// @title Performable legs
/// @notice What may be put on hold: a leg that could be performed now, but for reserves and the mandate of a payment across
/// banks, which are for the settlement to find.
/// @dev What nobody can settle would be kept from those who are to give it until the deadline, for as long as one of them
/// does not cancel.
abstract contract PerformableLegs is IssuingBanks {
    // slither-disable-next-line calls-loop: 32 legs at most, that are all held or none
    function _requirePerformable(IRegistry registry, InstructionId id, uint256 index, Leg calldata leg) internal {
        bytes[] memory reasons = leg.instrument == leg.receiverInstrument
            ? IInstrument(leg.instrument).moveReasons(leg.giver, leg.receiver, leg.quantity)
            : _payeeReasons(registry, id, index, leg);
        if (reasons.length != 0) ReturnData.revertWith(reasons[0]);
    }

    // slither-disable-next-line calls-loop: 32 legs at most, that are all held or none
    function _payeeReasons(IRegistry registry, InstructionId id, uint256 index, Leg calldata leg)
        private
        returns (bytes[] memory)
    {
        (address payerBank, IFungibleInstrument reserve) = _bankOf(registry, id, index, leg.instrument);
        (address payeeBank, IFungibleInstrument payeeReserve) = _bankOf(registry, id, index, leg.receiverInstrument);
        if (address(reserve) != address(payeeReserve)) revert ISettlementEngine.Engine_ReserveMismatch(id, index);
        if (payerBank == payeeBank) revert IInstrument.Instrument_SelfMovement(payerBank);
        reserve.requireUsable(payerBank);
        reserve.requireUsable(payeeBank);
        return IDepositMoney(leg.receiverInstrument).creditReasons(leg.receiver, leg.quantity);
    }

    /// @dev Whose deposits they are, and in which reserve they settle; what is no money is not asked.
    function _bankOf(IRegistry registry, InstructionId id, uint256 index, address deposits)
        private
        returns (address bank, IFungibleInstrument reserve)
    {
        if (_issuerOf(registry, deposits) != address(0)) {
            (bank, reserve) = _interbankAccountOf(registry, IDepositMoney(deposits));
        }
        if (bank == address(0)) revert ISettlementEngine.Engine_BankMismatch(id, index);
    }
}
