// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IPayingAgent} from "../../../contracts/interfaces/IPayingAgent.sol";
import {Call, Coupon, DayCount, Repayment, UNFIXED} from "../../../contracts/types/Bond.sol";
import {InstrumentKind, Roles} from "../../../contracts/types/Participation.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {AccessMatrix} from "../support/AccessMatrix.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev As AccessTest, of a bond's life after its issue, and of its paying agent. The tree is in ServicingAccess.tree.
contract ServicingAccessTest is Serviced, AccessMatrix {
    IGreenBond private closing;
    address private calculationAgent = makeAddr("calculation agent");

    function _group() internal pure override returns (string memory) {
        return "access_servicing";
    }

    function setUp() public override {
        super.setUp();
        vm.prank(operator);
        registry.admitParty(calculationAgent, Roles.BANK);
        closing = _another();
        address[13] memory all = [
            operator,
            supervisor,
            authority,
            banks[0],
            banks[1],
            issuer,
            carrier,
            alice,
            stranger,
            address(engine),
            address(agent),
            agentOperator,
            calculationAgent
        ];
        for (uint256 i = 0; i < 13; ++i) {
            callers[i] = all[i];
        }
        _name(address(agent), "PayingAgent");
        _name(address(bond), "GreenBond");
        _name(address(closing), "GreenBond");
    }

    /// @dev A bond whose issue is not open yet, without a paying agent.
    function _another() private returns (IGreenBond made) {
        made = _make(twoCoupons());
        vm.startPrank(issuer);
        made.issue(NOMINAL);
        made.allocate(keccak256("allocations"), 0);
        vm.stopPrank();
    }

    function _make(Coupon[] memory coupons) private returns (IGreenBond made) {
        IGreenBond.Terms memory terms = bond.terms();
        (terms.calculationAgent, terms.dayCount) = (calculationAgent, DayCount.Actual365Fixed);
        bytes memory arguments = abi.encode(
            "Bond", "B", engine, issuer, registry, terms, coupons, new Repayment[](0), new Call[](0), "framework"
        );
        made = IGreenBond(_deploy("assets/GreenBond.sol:GreenBond", arguments));
        _admit(address(made), issuer, InstrumentKind.Asset);
    }

    // ---- bond --------------------------------------------------------------------------------------------------------

    function test_When_TheIssuersFunctionsOfABondAreCalled() external measured {
        bytes4 refusal = IInstrument.Instrument_NotIssuer.selector;
        bytes memory allocation = abi.encodeCall(IGreenBond.allocate, (keccak256("others"), HELD));
        check(address(closing), allocation, ISSUER, refusal);
        check(address(closing), abi.encodeCall(IGreenBond.open, ()), ISSUER, refusal);
        check(address(bond), abi.encodeCall(IGreenBond.exit, ()), ISSUER, refusal);
        vm.mockCall(address(agent), abi.encodeCall(IPayingAgent.bond, ()), abi.encode(closing));
        check(address(closing), abi.encodeCall(IGreenBond.setPayingAgent, (address(agent))), ISSUER, refusal);
        check(address(closing), abi.encodeCall(IGreenBond.setDisclosure, (address(agent))), ISSUER, refusal);
    }

    function test_When_AnIndexIsFixed() external measured {
        Coupon[] memory coupons = twoCoupons();
        coupons[1].rate = UNFIXED;
        IGreenBond floater = _make(coupons);
        _name(address(floater), "GreenBond");
        bytes memory fixing = abi.encodeCall(IGreenBond.recordFixing, (1, 30_000, "index"));
        check(address(floater), fixing, CALCULATION_AGENT, IGreenBond.GreenBond_NotCalculationAgent.selector);
    }

    function test_When_ThePayingAgentsFunctionsOfABondAreCalled() external measured {
        bytes4 refusal = IGreenBond.GreenBond_NotPayingAgent.selector;
        check(address(bond), abi.encodeCall(IGreenBond.close, ()), PAYING_AGENT, refusal);
        vm.prank(address(agent));
        bond.close();
        check(address(bond), abi.encodeCall(IGreenBond.redeemHolder, (alice)), PAYING_AGENT, refusal);
    }

    /// @dev What AccessTest asks of everybody else, asked of those that only a bond in service has.
    function test_When_AllOtherFunctionsOfABondAreCalled() external measured {
        address target = address(bond);
        for (uint256 i = 10; i < 13; ++i) {
            address caller = callers[i];
            assertEq(refused(target, i, abi.encodeCall(IERC20.approve, (alice, 5))), "", "its own allowance");
            bytes memory input = abi.encodeCall(IERC20.transfer, (alice, MINIMUM));
            assertGt(refused(target, i, input).length, 0, "nobody who has none");
            input = abi.encodeCall(IERC20.transferFrom, (alice, caller, MINIMUM));
            assertGt(refused(target, i, input).length, 0, "nobody without an allowance");
            bytes memory expected = abi.encodeWithSelector(IInstrument.Instrument_NotIssuer.selector, caller);
            assertEq(refused(target, i, abi.encodeCall(IGreenBond.issue, (MINIMUM))), expected, "its issuer alone");
            assertEq(refused(target, i, abi.encodeCall(IGreenBond.redeem, (MINIMUM))), expected, "its issuer alone");
            expected = abi.encodeWithSelector(IInstrument.Instrument_NotEngine.selector, caller);
            input = abi.encodeCall(IInstrument.bookTransfer, (alice, caller, MINIMUM));
            assertEq(refused(target, i, input), expected, "the engine alone");
            input = abi.encodeCall(IInstrument.placeHold, (HoldId.wrap("hold"), alice, MINIMUM));
            assertEq(refused(target, i, input), expected, "the engine alone");
            input = abi.encodeCall(IInstrument.resolveHold, (HoldId.wrap("hold"), HoldResolution.Released));
            assertEq(refused(target, i, input), expected, "the engine alone");
        }
    }

    // ---- paying agent ------------------------------------------------------------------------------------------------

    function test_When_AccountsAreElected() external measured {
        IDepositMoney account = IDepositMoney(address(deposits[1]));
        check(address(agent), abi.encodeCall(IPayingAgent.electAccount, (account)), EVERYBODY, 0);
        address[] memory holders = new address[](1);
        IDepositMoney[] memory accounts = new IDepositMoney[](1);
        (holders[0], accounts[0]) = (alice, account);
        bytes memory election = abi.encodeCall(IPayingAgent.electAccounts, (holders, accounts));
        check(address(agent), election, AGENT_OPERATOR, IPayingAgent.PayingAgent_NotAllowed.selector);
    }

    /// @dev What is due on its day is paid whoever asks for it.
    function test_When_WhatIsDueIsAskedFor() external measured {
        warpTo(SECOND_DAY);
        check(address(agent), abi.encodeCall(IPayingAgent.openCoupon, (0)), EVERYBODY, 0);
        uint256 id = agent.openCoupon(0);
        check(address(agent), abi.encodeCall(IPayingAgent.pay, (id, 10)), EVERYBODY, 0);
        vm.prank(supervisor);
        registry.freezeParty(alice);
        vm.prank(agentOperator);
        agent.pay(id, 10);
        vm.prank(supervisor);
        registry.unfreezeParty(alice);
        check(address(agent), abi.encodeCall(IPayingAgent.claim, (id, alice)), EVERYBODY, 0);
        warpTo(LAST_DAY);
        check(address(agent), abi.encodeCall(IPayingAgent.openRedemption, ()), EVERYBODY, 0);
    }

    function test_When_APartOrACallIsDue() external measured {
        (Repayment[] memory repayments, Call[] memory calls) = (new Repayment[](1), new Call[](1));
        repayments[0] = Repayment(0, 500_000);
        calls[0] = Call(SECOND_DAY, 1_000_000);
        _makeServiced(repayments, calls);
        (callers[10], callers[11]) = (address(agent), agentOperator);
        _name(address(agent), "PayingAgent");
        warpTo(SECOND_DAY);
        check(address(agent), abi.encodeCall(IPayingAgent.openRepayment, (0)), EVERYBODY, 0);
        bytes4 refusal = IPayingAgent.PayingAgent_NotAllowed.selector;
        check(address(agent), abi.encodeCall(IPayingAgent.openEarlyRedemption, (0)), ISSUER, refusal);
    }

    function test_When_TheAgentsOwnFunctionsAreCalled() external measured {
        bytes4 refusal = IPayingAgent.PayingAgent_NotAllowed.selector;
        IDepositMoney account = IDepositMoney(address(deposits[0]));
        vm.prank(banks[0]);
        deposits[0].openAccount(issuer);
        check(address(agent), abi.encodeCall(IPayingAgent.returnSurplus, (account, 1)), ISSUER, refusal);
        IPayingAgent.Payment[] memory none = new IPayingAgent.Payment[](0);
        check(address(agent), abi.encodeCall(IPayingAgent.payTogether, (0, none, false)), PAYING_AGENT, refusal);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function check(address target, bytes memory data, uint32 allowed, bytes4 refusal) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory expected = allowed & (1 << i) != 0 ? bytes("") : abi.encodeWithSelector(refusal, callers[i]);
            assertEq(refused(target, i, data), expected, vm.toString(i));
        }
    }
}
