// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IGreenDisclosure} from "../../../contracts/interfaces/IGreenDisclosure.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {BondStatus, Call, Coupon, DayCount, Repayment, UNFIXED} from "../../../contracts/types/Bond.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {HoldId} from "../../../contracts/types/Settlement.sol";
import {Serviced} from "../support/Serviced.sol";

/// @dev The tree is in BondLife.tree.
contract BondLifeTest is Serviced {
    address private calculationAgent = makeAddr("calculation agent");

    // ---- issuance ----------------------------------------------------------------------------------------------------

    function test_Given_TheIssueIsNotOpen() external {
        IGreenBond fresh = make(twoCoupons(), new Repayment[](0), new Call[](0), address(0));
        vm.startPrank(issuer);
        fresh.issue(10 * MINIMUM);
        fresh.allocate("list", 4 * MINIMUM);
        IERC20(address(fresh)).transfer(alice, 4 * MINIMUM);
        vm.stopPrank();
        bytes memory refused = unexpected(BondStatus.Closing);
        assertEq(fresh.moveReasons(alice, bob, MINIMUM)[0], refused, "the dry run says so");
        vm.prank(alice);
        vm.expectRevert(refused);
        IERC20(address(fresh)).transfer(bob, MINIMUM);
        vm.prank(alice);
        IERC20(address(fresh)).transfer(issuer, MINIMUM);
        vm.prank(issuer);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_NotDelivered.selector, 3 * MINIMUM, 4 * MINIMUM));
        fresh.open();
        vm.startPrank(issuer);
        fresh.allocate("shorter list", 3 * MINIMUM);
        vm.expectEmit(address(fresh));
        emit IGreenBond.BondOpened(3 * MINIMUM);
        fresh.open();
        vm.expectRevert(unexpected(BondStatus.Live));
        fresh.allocate("again", MINIMUM);
        vm.expectRevert(unexpected(BondStatus.Live));
        fresh.open();
        vm.stopPrank();
        vm.prank(alice);
        IERC20(address(fresh)).transfer(bob, MINIMUM);
    }

    function test_RevertWhen_MoreIsAllocatedThanTheTermsAllow() external {
        IGreenBond fresh = make(twoCoupons(), new Repayment[](0), new Call[](0), address(0));
        vm.prank(issuer);
        bytes4 selector = IGreenBond.GreenBond_NominalExceeded.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, uint256(NOMINAL) + 1, NOMINAL));
        fresh.allocate("list", uint256(NOMINAL) + 1);
    }

    function test_RevertWhen_AnotherThanTheIssuerActs() external {
        vm.startPrank(alice);
        bytes memory refused = abi.encodeWithSelector(IInstrument.Instrument_NotIssuer.selector, alice);
        vm.expectRevert(refused);
        bond.allocate("list", 1);
        vm.expectRevert(refused);
        bond.open();
        vm.expectRevert(refused);
        bond.exit();
        vm.expectRevert(refused);
        bond.setPayingAgent(alice);
        vm.expectRevert(refused);
        bond.setDisclosure(alice);
        refused = abi.encodeWithSelector(IGreenBond.GreenBond_NotPayingAgent.selector, alice);
        vm.expectRevert(refused);
        bond.close();
        vm.expectRevert(refused);
        bond.redeemHolder(alice);
    }

    function test_RevertWhen_ThePayingAgentIsSetTwice() external {
        vm.prank(issuer);
        vm.expectRevert(IGreenBond.GreenBond_PayingAgentKnown.selector);
        bond.setPayingAgent(address(agent));
    }

    function test_RevertWhen_ThePayingAgentWasNotAdmittedOrIsAnotherBonds() external {
        IGreenBond other = make(twoCoupons(), new Repayment[](0), new Call[](0), address(0));
        vm.startPrank(issuer);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, issuer, Roles.PAYING_AGENT));
        other.setPayingAgent(issuer); // Else it could close the register and redeem everybody, unpaid.
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_NotOfThisBond.selector, address(agent)));
        other.setPayingAgent(address(agent));
    }

    function test_When_TheIssuerNamesItsDisclosure() external {
        assertEq(bond.disclosure(), address(0), "none before");
        address named = makeAddr("disclosure");
        vm.mockCall(named, abi.encodeCall(IGreenDisclosure.bond, ()), abi.encode(makeAddr("another bond")));
        vm.startPrank(issuer);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_NotOfThisBond.selector, named));
        bond.setDisclosure(named);
        vm.mockCall(named, abi.encodeCall(IGreenDisclosure.bond, ()), abi.encode(bond));
        vm.expectEmit(address(bond));
        emit IGreenBond.DisclosureSet(named);
        bond.setDisclosure(named);
        assertEq(bond.disclosure(), named);
        vm.expectRevert(IGreenBond.GreenBond_DisclosureKnown.selector);
        bond.setDisclosure(named);
    }

    // ---- exit --------------------------------------------------------------------------------------------------------

    function test_When_TheRegisterGoesOnElsewhere() external {
        vm.prank(issuer);
        vm.expectEmit(address(bond));
        emit IGreenBond.RegisterClosed(BondStatus.Exited);
        bond.exit();
        bytes memory refused = unexpected(BondStatus.Exited);
        vm.prank(alice);
        vm.expectRevert(refused);
        IERC20(address(bond)).transfer(bob, MINIMUM);
        vm.startPrank(address(engine));
        vm.expectRevert(refused);
        bond.bookTransfer(alice, bob, MINIMUM);
        vm.expectRevert(refused);
        bond.placeHold(HoldId.wrap("hold"), alice, MINIMUM);
        vm.stopPrank();
        vm.startPrank(issuer);
        vm.expectRevert(refused);
        bond.redeem(MINIMUM);
        vm.expectRevert(refused);
        bond.open();
        vm.stopPrank();
        assertEq(balance(address(bond), alice), ALICES, "it can still be read");
    }

    // ---- fixings -----------------------------------------------------------------------------------------------------

    function test_When_AnIndexIsFixed() external {
        Coupon[] memory coupons = twoCoupons();
        coupons[1].rate = UNFIXED;
        IGreenBond floater = make(coupons, new Repayment[](0), new Call[](0), calculationAgent);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_FixingMissing.selector, 1));
        floater.couponPerUnit(1);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_NotCalculationAgent.selector, issuer));
        vm.prank(issuer);
        floater.recordFixing(1, 30_000, "index");
        vm.prank(calculationAgent);
        bytes4 notActive = IRegistry.Registry_PartyNotActive.selector;
        vm.expectRevert(abi.encodeWithSelector(notActive, calculationAgent, PartyStatus.Unknown));
        floater.recordFixing(1, 30_000, "index");
        vm.prank(operator);
        registry.admitParty(calculationAgent, Roles.BANK);
        vm.prank(supervisor);
        registry.freezeParty(calculationAgent);
        vm.prank(calculationAgent);
        vm.expectRevert(abi.encodeWithSelector(notActive, calculationAgent, PartyStatus.Frozen));
        floater.recordFixing(1, 30_000, "index");
        vm.prank(supervisor);
        registry.unfreezeParty(calculationAgent);
        vm.startPrank(calculationAgent);
        bytes4 notDue = IGreenBond.GreenBond_FixingNotDue.selector;
        vm.expectRevert(abi.encodeWithSelector(notDue, 0));
        floater.recordFixing(0, 30_000, "index");
        vm.expectRevert(abi.encodeWithSelector(notDue, 2));
        floater.recordFixing(2, 30_000, "index");
        vm.expectRevert(abi.encodeWithSelector(notDue, 1));
        floater.recordFixing(1, 1_000_001, "index");
        vm.expectEmit(address(floater));
        emit IGreenBond.FixingRecorded(1, 30_000, "index");
        floater.recordFixing(1, 30_000, "index");
        vm.expectRevert(abi.encodeWithSelector(notDue, 1));
        floater.recordFixing(1, 30_001, "index");
        uint256 accrued = floater.accruedInterestHalfUp(1_000_000, uint64(SECOND_DAY + 10) * 1 days);
        assertEq(accrued, 82_192, "ten days of 3 %");
    }

    // ---- schedules ---------------------------------------------------------------------------------------------------

    function test_When_InterestRunsOverCouponDates() external view {
        uint64 second = uint64(SECOND_DAY) * 1 days;
        assertEq(bond.accruedInterestHalfUp(ALICES, second - 1), interest(ALICES, 181));
        assertEq(bond.accruedInterestHalfUp(ALICES, second), 0, "the coupon is paid that day");
        assertEq(bond.accruedInterestHalfUp(ALICES, second + 10 days), interest(ALICES, 10));
        assertEq(bond.accruedInterestHalfUp(ALICES, second + 1000 days), interest(ALICES, 184));
    }

    function test_RevertWhen_TheScheduleContradictsItself() external {
        for (uint256 i = 0; i < 11; ++i) {
            Coupon[] memory coupons = twoCoupons();
            uint256 entry = i < 8 ? 1 : 0;
            if (i == 0) coupons[1].start += 1;
            if (i == 1) coupons[1].end = coupons[1].start;
            if (i == 2) coupons[1].recordDay = coupons[0].recordDay;
            if (i == 3) coupons[1].recordDay = coupons[1].paymentDay;
            if (i == 4) coupons[1].split = coupons[1].start;
            if (i == 5) coupons[1].split = coupons[1].end;
            if (i == 6) coupons[1].split = coupons[1].start + 1; // and no days of reference after it
            if (i == 7) coupons[1].rate = 1_000_001;
            if (i == 8) coupons[0].rate = UNFIXED; // and nobody to fix it
            if (i == 9) coupons = new Coupon[](0);
            if (i == 10) coupons[0].recordDay = coupons[0].paymentDay + 1;
            vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_InvalidSchedule.selector, entry));
            this.make(coupons, new Repayment[](0), new Call[](0), address(0));
        }
    }

    function test_RevertWhen_RepaymentsOrCallsContradictTheSchedule() external {
        Repayment[] memory repayments = new Repayment[](1);
        repayments[0] = Repayment(1, 250_000); // With the last coupon everything is repaid.
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_InvalidSchedule.selector, 2));
        this.make(twoCoupons(), repayments, new Call[](0), address(0));
        repayments[0] = Repayment(0, 1_000_000); // Nothing would be left.
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_InvalidSchedule.selector, 2));
        this.make(twoCoupons(), repayments, new Call[](0), address(0));
        Call[] memory calls = new Call[](1);
        calls[0] = Call(LAST_DAY, 1_000_000);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_InvalidSchedule.selector, 2));
        this.make(twoCoupons(), new Repayment[](0), calls, address(0));
        calls[0] = Call(SECOND_DAY, 0);
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_InvalidSchedule.selector, 2));
        this.make(twoCoupons(), new Repayment[](0), calls, address(0));
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function make(Coupon[] memory coupons, Repayment[] memory repayments, Call[] memory calls, address agent_)
        public
        returns (IGreenBond)
    {
        IGreenBond.Terms memory terms = bond.terms();
        terms.calculationAgent = agent_;
        terms.dayCount = DayCount.Actual365Fixed;
        bytes memory arguments =
            abi.encode("Bond", "B", engine, issuer, registry, terms, coupons, repayments, calls, "framework");
        bytes memory code = bytes.concat(vm.getCode("contracts/assets/GreenBond.sol:GreenBond"), arguments);
        address made;
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(add(code, 32), 0, returndatasize())
                revert(add(code, 32), returndatasize())
            }
        }
        return IGreenBond(made);
    }

    function unexpected(BondStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IGreenBond.GreenBond_UnexpectedStatus.selector, status);
    }
}
