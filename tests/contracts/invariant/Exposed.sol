// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {Handler} from "./Handler.sol";

/// @dev The handler, with what the invariants ask of it and the list of its acts.
contract Exposed is Handler {
    function theEngine() external view returns (ISettlementEngine) {
        return engine;
    }

    function liveBill(bytes32 document) external view returns (uint256) {
        return liveBillOf(document);
    }

    function theBills() external view returns (IBillOfLading) {
        return bills;
    }

    function bankAt(uint256 index) external view returns (address) {
        return banks[index];
    }

    function acts() external pure returns (bytes4[] memory list) {
        list = new bytes4[](23);
        list[0] = this.settleNew.selector;
        list[1] = this.settleAgain.selector;
        list[2] = this.batch.selector;
        list[3] = this.lock.selector;
        list[4] = this.settleLocked.selector;
        list[5] = this.cancel.selector;
        list[6] = this.expire.selector;
        list[7] = this.release.selector;
        list[8] = this.warp.selector;
        list[9] = this.bar.selector;
        list[10] = this.suspendOne.selector;
        list[11] = this.liftAll.selector;
        list[12] = this.withdrawOrAdmit.selector;
        list[13] = this.issueMoney.selector;
        list[14] = this.redeemMoney.selector;
        list[15] = this.changeAccount.selector;
        list[16] = this.blockReserves.selector;
        list[17] = this.setLimits.selector;
        list[18] = this.changeBond.selector;
        list[19] = this.transferDirectly.selector;
        list[20] = this.newBill.selector;
        list[21] = this.surrender.selector;
        list[22] = this.answer.selector;
    }
}
