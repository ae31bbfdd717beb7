// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Vm} from "forge-std/Vm.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IPayingAgent} from "../../../contracts/interfaces/IPayingAgent.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {BondStatus, Call, Repayment} from "../../../contracts/types/Bond.sol";
import {InstrumentKind, PartyStatus} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction, InstructionId, Leg} from "../../../contracts/types/Settlement.sol";
import {LyingDeposit} from "../mocks/LyingDeposit.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev Nobody's account, bank or cancellation keeps the others from what is due to them. The tree is in Obstacles.tree.
contract ObstaclesTest is Serviced {
    uint256 private constant COUPON_0 = 0;

    // ---- what one holder can do --------------------------------------------------------------------------------------

    function test_When_AHolderElectsOtherDepositsOfThePayersBank() external {
        bytes memory arguments =
            abi.encode("Deposit 2", "d2", uint8(2), engine, banks[0], registry, wholesale, HONG_KONG);
        ITokenizedDeposit second = ITokenizedDeposit(_deploy("money/TokenizedDeposit.sol:TokenizedDeposit", arguments));
        _admit(address(second), banks[0], InstrumentKind.Money);
        elect(alice, address(second), 0);
        othersArePaidButNot(alice);
    }

    function test_When_AHolderElectsABankWithoutAMandate() external {
        vm.prank(banks[0]);
        deposits[0].setCounterpartyLimit(banks[2], 0);
        elect(alice, address(deposits[2]), 2);
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        vm.prank(agentOperator);
        agent.pay(COUPON_0, 100);
        assertApproxEqAbs(agent.distribution(COUPON_0).paid, interest(CAROLS, 182), 1, "hers alone may be paid");
        assertGt(agent.setAsideOf(COUPON_0, alice), 0);
        assertGt(agent.setAsideOf(COUPON_0, erin), 0);
        complete();
    }

    function test_When_APayeeBanksReserveAccountIsBlocked() external {
        vm.prank(authority);
        wholesale.blockAccount(banks[2]);
        othersArePaidButNot(erin);
        vm.prank(authority);
        wholesale.unblockAccount(banks[2]);
        agent.claim(COUPON_0, erin);
        assertEq(agent.owed(), 0, "and then the last one is");
    }

    /// @dev It was admitted, and has turned hostile since: whatever it answers, or if it does not, is its holder's affair.
    function test_When_AHoldersAccountDoesNotAnswer() external {
        LyingDeposit account = electHostile(alice);
        account.setMood(LyingDeposit.Mood.Reverting);
        keptForAlone(alice, abi.encodeWithSignature("Error(string)", "no answer"));
        account.setMood(LyingDeposit.Mood.Flooding);
        keptForAlone(alice, noReason());
        account.setMood(LyingDeposit.Mood.Malformed);
        keptForAlone(alice, noReason());
        account.setMood(LyingDeposit.Mood.Burning);
        keptForAlone(alice, noReason());
    }

    /// @dev What fails without a word is told as that.
    function test_When_APaymentFailsWithoutAReason() external {
        electHostile(alice).setMood(LyingDeposit.Mood.Mute);
        keptForAlone(alice, noReason());
    }

    function test_When_AHoldersAccountWasWithdrawn() external {
        vm.prank(operator);
        registry.withdrawInstrument(address(deposits[2]));
        keptForAlone(
            erin, abi.encodeWithSelector(IRegistry.Registry_InstrumentNotAdmitted.selector, address(deposits[2]))
        );
    }

    function test_When_AHolderCancelsThePaymentItForesees() external {
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        Leg[] memory legs = new Leg[](3);
        legs[0] = Leg(address(agent), alice, address(0), address(0), 0);
        legs[1] = Leg(address(agent), carol, address(0), address(0), 0);
        legs[2] = Leg(address(agent), erin, address(0), address(0), 0);
        cancel(legs, carol);
        vm.prank(agentOperator);
        agent.pay(COUPON_0, 100);
        assertEq(agent.setAsideOf(COUPON_0, carol), 0, "they are paid one by one");
        assertEq(agent.distribution(COUPON_0).paid, agent.distribution(COUPON_0).due);
    }

    function test_When_AHolderCancelsItsOwnPaymentToo() external {
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        Leg[] memory legs = new Leg[](3);
        legs[0] = Leg(address(agent), alice, address(0), address(0), 0);
        legs[1] = Leg(address(agent), carol, address(0), address(0), 0);
        legs[2] = Leg(address(agent), erin, address(0), address(0), 0);
        cancel(legs, carol);
        Leg[] memory own = new Leg[](1);
        own[0] = legs[1];
        cancel(own, carol);
        vm.prank(agentOperator);
        agent.pay(COUPON_0, 100);
        assertGt(agent.setAsideOf(COUPON_0, carol), 0, "it has kept itself from its own");
        vm.roll(block.number + 1);
        agent.claim(COUPON_0, carol);
        complete();
    }

    // ---- what the banks lack -----------------------------------------------------------------------------------------

    function test_When_ThePayersBankIsShortOfReserves() external {
        drainReserves();
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        vm.expectRevert(
            abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, banks[0], 0, interest(CAROLS, 182))
        );
        vm.prank(stranger);
        agent.pay(COUPON_0, 100);
        uint256 before = money(0, alice);
        vm.prank(agentOperator);
        agent.pay(COUPON_0, 100);
        assertApproxEqAbs(money(0, alice) - before, interest(ALICES, 182), 1, "its own client is paid");
        assertGt(agent.setAsideOf(COUPON_0, carol), 0, "and the others are kept theirs");
        complete();
    }

    function test_RevertWhen_TheAgentsOwnAccountIsBlocked() external {
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        vm.prank(banks[0]);
        deposits[0].blockAccount(address(agent));
        vm.expectRevert(abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountBlocked.selector, address(agent)));
        vm.prank(agentOperator);
        agent.pay(COUPON_0, 100);
        vm.prank(banks[0]);
        deposits[0].unblockAccount(address(agent));
        freeze(banks[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, banks[0], PartyStatus.Frozen)
        );
        vm.prank(agentOperator);
        agent.pay(COUPON_0, 100);
    }

    /// @dev Whatever gas is given: it reverts, or everybody has been paid.
    /// @dev The register closes for good: nobody closes it while nobody could be paid.
    function test_RevertWhen_RedemptionIsOpenedWhileTheAgentCannotPay() external {
        warpTo(LAST_DAY);
        vm.prank(banks[0]);
        deposits[0].blockAccount(address(agent));
        vm.expectRevert(abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountBlocked.selector, address(agent)));
        agent.openRedemption();
        vm.prank(banks[0]);
        deposits[0].unblockAccount(address(agent));
        address[2] memory barred = [banks[0], address(agent)];
        for (uint256 i = 0; i < 2; ++i) {
            suspend(barred[i]);
            vm.expectRevert(notActive(barred[i], PartyStatus.Suspended));
            agent.openRedemption();
            vm.prank(operator);
            registry.reinstateParty(barred[i]);
        }
        assertEq(uint8(bond.status()), uint8(BondStatus.Live));
        payAll(agent.openRedemption());
    }

    /// @dev Who is barred closes nothing, and takes nobody's bonds.
    function test_RevertGiven_IssuerOrAgentIsBarred() external {
        Call[] memory calls = new Call[](1);
        calls[0] = Call(SECOND_DAY, 1_000_000);
        vm.prank(operator);
        registry.withdrawInstrument(address(bond));
        _makeServiced(new Repayment[](0), calls);
        warpTo(SECOND_DAY);
        freeze(issuer);
        vm.prank(issuer);
        vm.expectRevert(notActive(issuer, PartyStatus.Frozen));
        agent.openEarlyRedemption(0);
        freeze(address(agent));
        vm.startPrank(address(agent));
        vm.expectRevert(notActive(address(agent), PartyStatus.Frozen));
        bond.close();
        vm.expectRevert(notActive(address(agent), PartyStatus.Frozen));
        bond.redeemHolder(alice);
    }

    function test_When_GasIsCutSoThatAnAccountCannotAnswer() external {
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        bool paid;
        for (uint256 gas = 50_000; gas < 1_800_000; gas += 12_000) {
            uint256 state = vm.snapshotState();
            vm.prank(agentOperator);
            (bool success,) = address(agent).call{gas: gas}(abi.encodeCall(IPayingAgent.pay, (COUPON_0, 100)));
            assertEq(agent.distribution(COUPON_0).setAside, 0, "kept from somebody for want of gas");
            paid = paid || success;
            vm.revertToStateAndDelete(state);
        }
        assertTrue(paid, "enough gas pays");
    }

    function test_RevertWhen_TooLittleGasIsGivenToTell() external {
        drainReserves();
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        vm.prank(agentOperator);
        (bool success, bytes memory data) =
            address(agent).call{gas: 900_000}(abi.encodeCall(IPayingAgent.pay, (COUPON_0, 100)));
        assertFalse(success);
        assertEq(data, abi.encodeWithSelector(IPayingAgent.PayingAgent_OutOfGas.selector, COUPON_0));
    }

    function test_RevertWhen_AnybodyElsePaysTogether() external {
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NotAllowed.selector, agentOperator));
        vm.prank(agentOperator);
        agent.payTogether(COUPON_0, new IPayingAgent.Payment[](0), false);
    }

    // ---- what is given to the agent ----------------------------------------------------------------------------------

    function test_When_BondsAreGivenToTheAgent() external {
        give(alice, address(agent), MINIMUM);
        warpTo(LAST_DAY);
        for (uint16 i = 0; i < 2; ++i) {
            uint256 coupon = agent.openCoupon(i);
            payAll(coupon);
        }
        uint256 id = agent.openRedemption();
        payAll(id);
        assertEq(agent.owed(), 0);
        vm.prank(issuer);
        bond.redeem(NOMINAL - HELD);
        assertEq(uint8(bond.status()), uint8(BondStatus.Repaid), "nothing stays behind");
        vm.prank(banks[0]);
        deposits[0].openAccount(issuer);
        uint256 left = balance(address(deposits[0]), address(agent));
        vm.prank(issuer);
        agent.returnSurplus(IDepositMoney(address(deposits[0])), left);
        assertGt(left, MINIMUM * 100, "its money is the issuer's");
    }

    function test_When_NothingIsDueOnWhatIsSetAside() external {
        Repayment[] memory repayments = new Repayment[](1);
        repayments[0] = Repayment(0, 999_000); // What is left of a unit is a tenth of a cent.
        smallBond(repayments);
        freeze(carol);
        warpTo(LAST_DAY);
        uint256 id = agent.openRedemption();
        payAll(id);
        assertEq(agent.setAsideOf(id, carol), 0);
        assertEq(uint8(bond.status()), uint8(BondStatus.Redeeming));
        vm.prank(supervisor);
        registry.unfreezeParty(carol);
        agent.claim(id, carol);
        assertEq(uint8(bond.status()), uint8(BondStatus.Repaid));
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_NothingToPay.selector, id));
        agent.claim(id, carol);
    }

    // ---- exit --------------------------------------------------------------------------------------------------------

    function test_When_TheRegisterGoesOnElsewhereAfterARecordTime() external {
        recordsBefore = 5;
        _makeServiced(new Repayment[](0), new Call[](0));
        warpTo(SECOND_DAY - 2);
        vm.prank(issuer);
        bond.exit();
        assertEq(bond.recordsAtClosing(), 1);
        warpTo(LAST_DAY);
        payAll(agent.openCoupon(0));
        assertEq(agent.distribution(COUPON_0).paid, interest(HELD, 182), "who was entitled here is paid here");
        vm.expectRevert(abi.encodeWithSelector(IPayingAgent.PayingAgent_AfterClosing.selector, 1));
        agent.openCoupon(1);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function othersArePaidButNot(address holder) private {
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        vm.expectRevert();
        vm.prank(stranger);
        agent.pay(COUPON_0, 100);
        vm.prank(agentOperator);
        agent.pay(COUPON_0, 100);
        uint256 kept = agent.setAsideOf(COUPON_0, holder);
        assertGt(kept, 0, "what is its own is kept for it");
        assertEq(agent.distribution(COUPON_0).paid, agent.distribution(COUPON_0).due - kept, "the others have theirs");
        complete();
    }

    /// @dev The operator pays, and everybody but `holder` has its money; then it is as before.
    function keptForAlone(address holder, bytes memory reason) private {
        uint256 state = vm.snapshotState();
        warpTo(SECOND_DAY);
        agent.openCoupon(0);
        vm.recordLogs();
        vm.prank(agentOperator);
        agent.pay{gas: 20_000_000}(COUPON_0, 100);
        assertEq(reasonFor(holder), reason, "why it is kept");
        uint256 kept = agent.setAsideOf(COUPON_0, holder);
        assertGt(kept, 0, "what is its own is kept for it");
        assertEq(agent.distribution(COUPON_0).paid, agent.distribution(COUPON_0).due - kept, "the others have theirs");
        complete();
        vm.revertToStateAndDelete(state);
    }

    function reasonFor(address holder) private returns (bytes memory reason) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IPayingAgent.PaymentSetAside.selector) continue;
            assertEq(address(uint160(uint256(logs[i].topics[2]))), holder, "only one is kept from its money");
            (,, reason) = abi.decode(logs[i].data, (uint256, uint256, bytes));
        }
    }

    function noReason() private pure returns (bytes memory) {
        return abi.encodeWithSelector(IPayingAgent.PayingAgent_NoReason.selector, COUPON_0);
    }

    /// @dev Another bank's deposits, meek as yet.
    function electHostile(address holder) private returns (LyingDeposit account) {
        account = new LyingDeposit(banks[2]);
        _admit(address(account), banks[2], InstrumentKind.Money);
        account.say(banks[2], wholesale);
        vm.prank(holder);
        agent.electAccount(account);
    }

    function complete() private view {
        IPayingAgent.Distribution memory state = agent.distribution(COUPON_0);
        assertEq(state.counted, state.entitled);
        assertEq(uint256(state.paid) + state.setAside, state.due, "CPN-1");
        assertEq(agent.owed(), state.setAside);
    }

    function elect(address holder, address account, uint256 bank) private {
        vm.prank(banks[bank]);
        ITokenizedDeposit(account).openAccount(holder);
        vm.prank(holder);
        agent.electAccount(IDepositMoney(account));
    }

    function drainReserves() private {
        uint256 left = balance(address(wholesale), banks[0]);
        vm.prank(banks[0]);
        assertTrue(IERC20(address(wholesale)).transfer(banks[2], left), "transfer");
    }

    function cancel(Leg[] memory legs, address by) private {
        uint256 nonce = uint256(keccak256(abi.encode(COUPON_0, block.number, block.timestamp)));
        Instruction memory instruction = Instruction(legs, 0, 0, 0, nonce);
        bytes32 digest = engine.cancellationDigest(engine.idOf(instruction), "no");
        Consent[] memory cancellations = new Consent[](1);
        cancellations[0] = sign(by, digest);
        vm.prank(stranger);
        engine.cancel(instruction, "no", cancellations);
    }

    function smallBond(Repayment[] memory repayments) private {
        IGreenBond.Terms memory terms = bond.terms();
        (terms.minimumDenomination, terms.increment) = (1, 1);
        bytes memory arguments =
            abi.encode("Bond", "B", engine, issuer, registry, terms, twoCoupons(), repayments, new Call[](0), "f");
        bond = IGreenBond(_deploy("assets/GreenBond.sol:GreenBond", arguments));
        _admit(address(bond), issuer, InstrumentKind.Asset);
        serve();
        vm.startPrank(issuer);
        bond.issue(1001);
        bond.allocate("x", 1001);
        assertTrue(IERC20(address(bond)).transfer(alice, 1000), "transfer");
        assertTrue(IERC20(address(bond)).transfer(carol, 1), "transfer");
        bond.open();
        vm.stopPrank();
    }
}
