// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdError} from "forge-std/StdError.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IPayingAgent} from "../../../contracts/interfaces/IPayingAgent.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {BondStatus, Call, Repayment} from "../../../contracts/types/Bond.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev The tree is in PayingAgent.tree.
contract PayingAgentTest is Serviced {
    uint256 private constant COUPON_0 = 0;
    uint256 private constant REPAYMENT_0 = 1 << 16;
    uint256 private constant REDEMPTION = 2 << 16;
    uint256 private constant CALL_0 = 3 << 16;

    // ---- coupons -----------------------------------------------------------------------------------------------------

    function test_When_ACouponIsPaidAcrossBanks() external {
        uint256[3] memory before = [money(0, alice), money(1, carol), money(2, erin)];
        uint256[3] memory reserves = [reserve(0), reserve(1), reserve(2)];
        warpTo(SECOND_DAY);
        uint256 id = agent.openCoupon(0);
        uint256 due = interest(HELD, 182);
        assertEq(agent.distribution(id).due, due, "the whole, rounded half up once");
        assertEq(agent.owed(), due);
        payAll(id);
        uint256 toAlice = money(0, alice) - before[0];
        uint256 toCarol = money(1, carol) - before[1];
        uint256 toErin = money(2, erin) - before[2];
        assertApproxEqAbs(toAlice, interest(ALICES, 182), 1);
        assertApproxEqAbs(toCarol, interest(CAROLS, 182), 1);
        assertApproxEqAbs(toErin, interest(ERINS, 182), 1);
        assertEq(toAlice + toCarol + toErin, due, "not a cent more or less");
        assertEq(reserve(0), reserves[0] - toCarol - toErin, "the payer's bank has paid the others");
        assertEq(reserve(1), reserves[1] + toCarol);
        assertEq(reserve(2), reserves[2] + toErin);
        assertEq(agent.owed(), 0);
    }

    function test_When_BondsAreSoldAfterTheRecordTime() external {
        warpTo(SECOND_DAY);
        give(alice, bob, ALICES);
        uint256 before = money(0, bob);
        uint256 id = agent.openCoupon(0);
        payAll(id);
        assertEq(money(0, bob), before, "who bought later gets nothing");
        assertEq(agent.distribution(id).paid, interest(HELD, 182));
    }

    function test_RevertWhen_ItIsOpenedBeforeItsDayOrTwice() external {
        vm.warp(uint256(SECOND_DAY) * 1 days - HONG_KONG - 1);
        bytes4 early = IPayingAgent.PayingAgent_TooEarly.selector;
        vm.expectRevert(abi.encodeWithSelector(early, COUPON_0, block.timestamp + 1));
        agent.openCoupon(0);
        vm.warp(block.timestamp + 1);
        agent.openCoupon(0);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_AlreadyOpened.selector, COUPON_0));
        agent.openCoupon(0);
    }

    function test_RevertWhen_TheMoneyIsNotThere() external {
        uint256 due = interest(HELD, 182);
        openIssuersAccount();
        returnSurplus(issuer, CASH - due + 1);
        warpTo(SECOND_DAY);
        vm.expectRevert(
            abi.encodeWithSelector(IPayingAgent.PayingAgent_InsufficientFunds.selector, COUPON_0, due - 1, due)
        );
        agent.openCoupon(0);
    }

    function test_RevertWhen_SomebodyElseTakesTheSurplus() external {
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NotAllowed.selector, alice));
        returnSurplus(alice, 1);
    }

    function test_RevertWhen_WhatIsOwedWouldBeTakenOut() external {
        openIssuersAccount();
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        uint256 free = CASH - agent.owed();
        bytes4 selector = IPayingAgent.PayingAgent_InsufficientFunds.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, 0, free, free + 1));
        returnSurplus(issuer, free + 1);
        returnSurplus(issuer, free);
        payAll(COUPON_0);
    }

    function test_RevertWhen_NobodyHoldsAnything() external {
        give(alice, issuer, ALICES);
        give(carol, issuer, CAROLS);
        give(erin, issuer, ERINS);
        warpTo(SECOND_DAY);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NothingDue.selector, COUPON_0));
        agent.openCoupon(0);
    }

    function test_When_ItGoesOnPageByPage() external {
        warpTo(SECOND_DAY);
        uint256 before = money(0, alice);
        uint256 id = agent.openCoupon(0);
        agent.pay(id, 2); // The issuer, who gets nothing, and Alice.
        uint256 afterwards = money(0, alice);
        assertGt(afterwards, before);
        assertEq(agent.distribution(id).counted, ALICES, "how far it has come is on the chain");
        agent.pay(id, 1);
        agent.pay(id, 1);
        assertEq(money(0, alice), afterwards, "nobody twice");
        assertEq(agent.distribution(id).paid, agent.distribution(id).due);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NothingToPay.selector, id));
        agent.pay(id, 1);
    }

    function test_RevertWhen_APageIsPaidThatWasNotOpened() external {
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NothingToPay.selector, COUPON_0));
        agent.pay(COUPON_0, 1);
    }

    function test_RevertGiven_ThePayersBankMayNotPayTheOthers() external {
        setMandate(0, 1, 0, type(uint64).max);
        warpTo(SECOND_DAY);
        uint256 id = agent.openCoupon(0);
        vm.expectRevert();
        agent.pay(id, 10);
        setMandate(0, 1, type(uint64).max, type(uint64).max);
        payAll(id);
        assertEq(agent.distribution(id).paid, agent.distribution(id).due, "and then it goes on");
    }

    // ---- set aside ---------------------------------------------------------------------------------------------------

    function test_Given_AHolderIsFrozen() external {
        freeze(carol);
        warpTo(SECOND_DAY);
        uint256 id = agent.openCoupon(0);
        bytes memory reason =
            abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, carol, PartyStatus.Frozen);
        payAll(id);
        IPayingAgent.Distribution memory state = agent.distribution(id);
        assertEq(state.paid + state.setAside, state.due, "paid and set aside is due");
        assertEq(agent.setAsideOf(id, carol), state.setAside);
        assertEq(agent.owed(), state.setAside, "the money stays for her");
        vm.expectRevert(reason);
        agent.claim(id, carol);
        vm.prank(supervisor);
        registry.unfreezeParty(carol);
        uint256 before = money(1, carol);
        agent.claim(id, carol);
        assertEq(money(1, carol) - before, state.setAside);
        assertEq(agent.distribution(id).paid, state.due);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NothingToPay.selector, id));
        agent.claim(id, carol);
    }

    function test_Given_AHolderHasNoAccountAndLaterElectsOneAtAnotherBank() external {
        give(alice, walletHolder(), 2 * MINIMUM);
        warpTo(SECOND_DAY);
        uint256 id = agent.openCoupon(0);
        payAll(id);
        uint256 amount = agent.setAsideOf(id, address(wallet));
        assertApproxEqAbs(amount, interest(2 * MINIMUM, 182), 1);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NoAccount.selector, address(wallet)));
        agent.claim(id, address(wallet));
        vm.prank(banks[2]);
        deposits[2].openAccount(address(wallet));
        vm.prank(address(wallet));
        agent.electAccount(IDepositMoney(address(deposits[2])));
        agent.claim(id, address(wallet));
        assertEq(money(2, address(wallet)), amount);
    }

    function test_Given_AnAccountIsBlockedOrTheBankSuspended() external {
        vm.prank(banks[1]);
        deposits[1].blockAccount(carol);
        suspend(banks[2]);
        warpTo(SECOND_DAY);
        uint256 id = agent.openCoupon(0);
        payAll(id);
        assertGt(agent.setAsideOf(id, carol), 0);
        assertGt(agent.setAsideOf(id, erin), 0);
        assertEq(agent.setAsideOf(id, alice), 0, "the others are paid");
    }

    // ---- accounts ----------------------------------------------------------------------------------------------------

    function test_RevertWhen_AnAccountIsInOtherMoney() external {
        IAccountMoney usd = otherWholesale();
        address other = address(otherDeposit(0, usd, alice));
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_OtherCurrency.selector, other));
        agent.electAccount(IDepositMoney(other));
    }

    function test_When_AHolderElectsNoAccount() external {
        vm.prank(alice);
        agent.electAccount(IDepositMoney(address(0)));
        electAll();
        assertEq(agent.accountOf(alice), address(0), "what the holder said stands");
        warpTo(SECOND_DAY);
        uint256 id = agent.openCoupon(0);
        uint256 before = money(0, alice);
        payAll(id);
        assertEq(money(0, alice), before, "nowhere to pay it");
        assertApproxEqAbs(agent.setAsideOf(id, alice), interest(ALICES, 182), 1);
    }

    function test_RevertWhen_FewerAccountsThanHoldersAreElected() external {
        address[] memory holders = new address[](2);
        IDepositMoney[] memory accounts = new IDepositMoney[](1);
        (holders[0], holders[1], accounts[0]) = (alice, carol, IDepositMoney(address(deposits[1])));
        vm.prank(agentOperator);
        vm.expectRevert(stdError.indexOOBError);
        agent.electAccounts(holders, accounts);
        assertEq(agent.accountOf(alice), address(deposits[0]), "nor the first");
    }

    function test_When_TheOperatorElectsAfterTheHolder() external {
        vm.prank(alice);
        agent.electAccount(IDepositMoney(address(deposits[1])));
        electAll();
        assertEq(agent.accountOf(alice), address(deposits[1]), "what the holder said stands");
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NotAllowed.selector, address(this)));
        agent.electAccounts(new address[](0), new IDepositMoney[](0));
    }

    // ---- principal ---------------------------------------------------------------------------------------------------

    function test_When_TheBondIsRedeemedAtMaturity() external {
        warpTo(LAST_DAY);
        payAll(agent.openCoupon(0));
        payAll(agent.openCoupon(1));
        uint256 before = money(1, carol);
        uint256 id = agent.openRedemption();
        assertEq(uint8(bond.status()), uint8(BondStatus.Redeeming));
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_UnexpectedStatus.selector, BondStatus.Redeeming));
        IERC20(address(bond)).transfer(bob, MINIMUM);
        payAll(id);
        assertEq(money(1, carol) - before, CAROLS * 100, "at par");
        assertEq(supply(address(bond)), NOMINAL - HELD, "only the issuer's own is left");
        vm.prank(issuer);
        bond.redeem(NOMINAL - HELD);
        assertEq(uint8(bond.status()), uint8(BondStatus.Repaid));
    }

    function test_Given_AHolderIsFrozenAtRedemption() external {
        freeze(carol);
        warpTo(LAST_DAY);
        uint256 id = agent.openRedemption();
        payAll(id);
        assertEq(balance(address(bond), carol), CAROLS, "not paid, not redeemed");
        vm.prank(supervisor);
        registry.unfreezeParty(carol);
        agent.claim(id, carol);
        assertEq(balance(address(bond), carol), 0);
        assertEq(agent.distribution(id).paid, HELD * 100);
    }

    function test_Given_AHolderHasBondsOnHoldAtRedemption() external {
        vm.prank(address(engine));
        bond.placeHold(HoldId.wrap("hold"), alice, MINIMUM);
        warpTo(LAST_DAY);
        uint256 id = agent.openRedemption();
        payAll(id);
        assertEq(agent.setAsideOf(id, alice), ALICES * 100);
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, ALICES - MINIMUM, ALICES));
        agent.claim(id, alice);
        vm.prank(address(engine));
        bond.resolveHold(HoldId.wrap("hold"), HoldResolution.Released);
        agent.claim(id, alice);
        assertEq(balance(address(bond), alice), 0);
    }

    function test_When_APartIsRepaidEarly() external {
        Repayment[] memory repayments = new Repayment[](1);
        repayments[0] = Repayment(0, 250_000);
        _makeServiced(repayments, new Call[](0));
        warpTo(SECOND_DAY);
        payAll(agent.openCoupon(0));
        uint256 id = agent.openRepayment(0);
        assertEq(id, REPAYMENT_0);
        payAll(id);
        assertEq(agent.distribution(id).paid, HELD * 25, "a quarter of the nominal");
        warpTo(LAST_DAY);
        uint256 coupon = agent.openCoupon(1);
        assertApproxEqAbs(agent.distribution(coupon).due, interest(HELD * 3 / 4, 184), 1, "interest on the rest");
        payAll(coupon);
        uint256 rest = agent.openRedemption();
        assertEq(rest, REDEMPTION);
        payAll(rest);
        assertEq(agent.distribution(rest).paid, HELD * 75);
    }

    function test_When_TheIssuerCallsTheBond() external {
        _makeServiced(new Repayment[](0), oneCall());
        warpTo(SECOND_DAY + 30);
        payAll(agent.openCoupon(0));
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NotAllowed.selector, address(this)));
        agent.openEarlyRedemption(0);
        vm.prank(issuer);
        uint256 id = agent.openEarlyRedemption(0);
        assertEq(id, CALL_0);
        uint256 expected = HELD * 100 * 101 / 100 + interest(HELD, 30);
        assertApproxEqAbs(agent.distribution(id).due, expected, 1, "101, and thirty days of interest");
        payAll(id);
        assertEq(balance(address(bond), alice), 0);
        warpTo(LAST_DAY);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_AfterClosing.selector, 1));
        agent.openCoupon(1);
    }

    function test_RevertGiven_TheBondWasCalled() external {
        _makeServiced(new Repayment[](0), oneCall());
        warpTo(SECOND_DAY);
        vm.startPrank(issuer);
        uint256 id = agent.openEarlyRedemption(0);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_AlreadyOpened.selector, id));
        agent.openEarlyRedemption(0);
        vm.stopPrank();
        warpTo(LAST_DAY);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_UnexpectedStatus.selector, BondStatus.Redeeming));
        agent.openRedemption(); // There would be money for both.
        payAll(id);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NothingDue.selector, REDEMPTION));
        agent.openRedemption();
    }

    function test_RevertWhen_ARepaymentIsOpenedBeforeItsDayOrTwice() external {
        Repayment[] memory repayments = new Repayment[](1);
        repayments[0] = Repayment(0, 250_000);
        _makeServiced(repayments, new Call[](0));
        refuseTwice(SECOND_DAY, REPAYMENT_0, abi.encodeCall(IPayingAgent.openRepayment, (0)));
    }

    function test_RevertWhen_TheRedemptionIsOpenedBeforeItsDayOrTwice() external {
        refuseTwice(LAST_DAY, REDEMPTION, abi.encodeCall(IPayingAgent.openRedemption, ()));
    }

    function refuseTwice(uint256 day, uint256 id, bytes memory input) private {
        warpTo(day);
        uint256 time = block.timestamp;
        vm.warp(time - 1);
        refuse(input, abi.encodeWithSelector(IPayingAgent.PayingAgent_TooEarly.selector, id, time));
        vm.warp(time);
        (bool opened,) = address(agent).call(input);
        assertTrue(opened, "in the first second of its day");
        refuse(input, abi.encodeWithSelector(IPayingAgent.PayingAgent_AlreadyOpened.selector, id));
    }

    function refuse(bytes memory input, bytes memory reason) private {
        (bool opened, bytes memory answer) = address(agent).call(input);
        assertFalse(opened, "refused");
        assertEq(answer, reason);
    }

    function test_RevertWhen_ItIsCalledBeforeItsDay() external {
        _makeServiced(new Repayment[](0), oneCall());
        warpTo(SECOND_DAY - 31);
        bytes4 selector = IPayingAgent.PayingAgent_TooEarly.selector;
        uint256 time = uint256(SECOND_DAY - 30) * 1 days - HONG_KONG;
        vm.prank(issuer);
        vm.expectRevert(abi.encodeWithSelector(selector, CALL_0, time));
        agent.openEarlyRedemption(0);
    }

    /// @dev Else the coupon would be paid for the whole period, and its first days once more.
    function test_RevertWhen_ItIsCalledBetweenARecordTimeAndTheCouponDate() external {
        recordsBefore = 10;
        _makeServiced(new Repayment[](0), oneCall());
        warpTo(SECOND_DAY - 5);
        vm.prank(issuer);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_ClosedPeriod.selector, SECOND_DAY));
        agent.openEarlyRedemption(0);
        warpTo(SECOND_DAY);
        vm.prank(issuer);
        agent.openEarlyRedemption(0);
    }

    function test_RevertGiven_TheRegisterHasGoneOnElsewhere() external {
        warpTo(SECOND_DAY);
        uint256 before = agent.openCoupon(0);
        vm.prank(issuer);
        bond.exit();
        payAll(before); // What was opened is paid here.
        warpTo(LAST_DAY);
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_AfterClosing.selector, 1));
        agent.openCoupon(1);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_UnexpectedStatus.selector, BondStatus.Exited));
        agent.openRedemption();
    }

    // ---- others' consents --------------------------------------------------------------------------------------------

    function test_When_SomebodyAsksItForASignature() external view {
        (bool ok, bytes memory answer) =
            address(agent).staticcall(abi.encodeWithSignature("isValidSignature(bytes32,bytes)", bytes32("any"), ""));
        assertTrue(ok);
        assertEq(bytes4(answer), bytes4(0xffffffff), "it consents to nothing but what it pays");
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function oneCall() private pure returns (Call[] memory calls) {
        calls = new Call[](1);
        calls[0] = Call(SECOND_DAY - 30, 1_010_000);
    }

    function reserve(uint256 bank) private view returns (uint256) {
        return balance(address(wholesale), banks[bank]);
    }

    function walletHolder() private view returns (address) {
        return address(wallet);
    }

    function openIssuersAccount() private {
        vm.prank(banks[0]);
        deposits[0].openAccount(issuer);
    }

    function returnSurplus(address who, uint256 amount) private {
        vm.prank(who);
        agent.returnSurplus(IDepositMoney(address(deposits[0])), amount);
    }
}
