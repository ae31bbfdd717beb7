// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {Roles} from "../../../contracts/types/Participation.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev What a page of a coupon costs: a hundred holders at three banks, whose accounts were never used, in a transaction
/// of its own. The number is kept in tests/contracts/snapshots/servicing.json.
contract CouponGasTest is Serviced {
    uint256 private constant HOLDERS = 100;
    uint256 private constant COUPON_0 = 0;

    function setUp() public override {
        super.setUp();
        address[] memory holders = new address[](HOLDERS);
        IDepositMoney[] memory accounts = new IDepositMoney[](HOLDERS);
        for (uint256 i = 0; i < HOLDERS; ++i) {
            holders[i] = addParty(string.concat("holder ", vm.toString(i)), Roles.INVESTOR);
            accounts[i] = IDepositMoney(address(deposits[i % 3]));
            vm.prank(banks[i % 3]);
            deposits[i % 3].openAccount(holders[i]);
            vm.prank(issuer);
            assertTrue(IERC20(address(bond)).transfer(holders[i], MINIMUM), "transfer");
        }
        vm.prank(agentOperator);
        agent.electAccounts(holders, accounts);
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        agent.pay(COUPON_0, 4); // The issuer, who came first, and the three who hold it already.
    }

    /// forge-config: default.isolate = true
    function test_When_AHundredHoldersArePaidInAPage() external {
        uint256 before = agent.distribution(COUPON_0).paid;
        agent.pay(COUPON_0, HOLDERS);
        vm.snapshotGasLastCall("servicing", "coupon_page_of_100_holders");
        uint256 paid = agent.distribution(COUPON_0).paid - before;
        assertApproxEqAbs(paid, interest(HOLDERS * MINIMUM, 182), 1, "each of them is paid");
    }
}
