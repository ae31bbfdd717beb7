// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IPayingAgent} from "../../../contracts/interfaces/IPayingAgent.sol";
import {Call, Coupon, Repayment} from "../../../contracts/types/Bond.sol";
import {InstrumentKind, Roles} from "../../../contracts/types/Participation.sol";
import {Base} from "../Base.t.sol";

/// @dev In the place of the world's bond one with two coupons, a part repaid with the first, a call and a paying agent
/// that banks with bank 0. Alice, Carol and Erin hold it, at three banks; the agent has all the money it will need.
abstract contract Serviced is Base {
    uint32 internal constant FIRST_DAY = 19_676; // 15 November 2023
    uint32 internal constant SECOND_DAY = 19_858; // 15 May 2024, 182 days later
    uint32 internal constant LAST_DAY = 20_042; // 15 November 2024, 184 days later
    uint32 internal constant RATE = 40_500;
    uint256 internal constant ALICES = 100_000_000;
    uint256 internal constant CAROLS = 50_500_000;
    uint256 internal constant ERINS = 20_000_000;
    uint256 internal constant HELD = ALICES + CAROLS + ERINS;

    /// @dev How many days the record day is before the payment day.
    uint32 internal recordsBefore = 1;

    IPayingAgent internal agent;
    address internal agentOperator = makeAddr("agent operator");

    function setUp() public virtual override {
        super.setUp();
        _makeServiced(new Repayment[](0), new Call[](0));
    }

    /// @dev Alice, Carol and Erin get theirs, and the paying agent is set up.
    function _makeServiced(Repayment[] memory repayments, Call[] memory calls) internal {
        IGreenBond.Terms memory terms = bond.terms();
        bytes memory arguments =
            abi.encode("Bond", "B", engine, issuer, registry, terms, twoCoupons(), repayments, calls, "framework");
        bond = IGreenBond(_deploy("assets/GreenBond.sol:GreenBond", arguments));
        _admit(address(bond), issuer, InstrumentKind.Asset);
        serve();
        vm.startPrank(issuer);
        bond.issue(NOMINAL);
        bond.allocate(keccak256("allocations"), HELD);
        IERC20(address(bond)).transfer(alice, ALICES);
        IERC20(address(bond)).transfer(carol, CAROLS);
        IERC20(address(bond)).transfer(erin, ERINS);
        bond.open();
        vm.stopPrank();
    }

    /// @dev The bond gets a paying agent, which knows everybody's account.
    function serve() internal {
        agent = IPayingAgent(
            _deploy("servicing/PayingAgent.sol:PayingAgent", abi.encode(engine, bond, deposits[0], agentOperator))
        );
        vm.prank(operator);
        registry.admitParty(address(agent), Roles.PAYING_AGENT);
        vm.startPrank(banks[0]);
        deposits[0].openAccount(address(agent));
        deposits[0].issue(address(agent), CASH, nextBooking());
        vm.stopPrank();
        vm.prank(issuer);
        bond.setPayingAgent(address(agent));
        electAll();
    }

    function electAll() internal {
        address[] memory holders = new address[](6);
        IDepositMoney[] memory accounts = new IDepositMoney[](6);
        for (uint256 i = 0; i < 6; ++i) {
            (holders[i], accounts[i]) = (clients[i], IDepositMoney(address(deposits[i / 2])));
        }
        vm.prank(agentOperator);
        agent.electAccounts(holders, accounts);
    }

    function twoCoupons() internal view returns (Coupon[] memory coupons) {
        coupons = new Coupon[](2);
        coupons[0] = Coupon(FIRST_DAY, SECOND_DAY, 0, SECOND_DAY - recordsBefore, SECOND_DAY, 182, 0, RATE);
        coupons[1] = Coupon(SECOND_DAY, LAST_DAY, 0, LAST_DAY - recordsBefore, LAST_DAY, 184, 0, RATE);
    }

    /// @dev The first second of a day in Hong Kong.
    function warpTo(uint256 day) internal {
        vm.warp(day * 1 days - HONG_KONG);
    }

    function give(address from, address to, uint256 nominal) internal {
        vm.prank(from);
        IERC20(address(bond)).transfer(to, nominal);
    }

    function money(uint256 bank, address holder) internal view returns (uint256) {
        return balance(address(deposits[bank]), holder);
    }

    function interest(uint256 nominal, uint256 actualDays) internal pure returns (uint256) {
        return (nominal * 100 * RATE * actualDays * 2 + 365_000_000) / (2 * 365_000_000);
    }

    function payAll(uint256 id) internal {
        agent.pay(id, type(uint32).max);
    }
}
