// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {Call, Coupon, Repayment} from "../../../contracts/types/Bond.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {HoldId} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev The tree is in GreenBond.tree.
contract GreenBondTest is Instructions {
    address private alice;
    address private bob;

    function setUp() public override {
        super.setUp();
        (alice, bob) = (clients[0], clients[1]);
        vm.startPrank(issuer);
        bond.issue(10 * MINIMUM);
        IERC20(address(bond)).transfer(alice, 4 * MINIMUM);
        vm.stopPrank();
    }

    // ---- terms -------------------------------------------------------------------------------------------------------

    function test_When_TheIsinIsReal() external {
        IGreenBond.Terms memory terms = bond.terms();
        bytes12[3] memory real = [bytes12("HK0000963295"), "US0378331005", "GB0002634946"];
        for (uint256 i = 0; i < real.length; ++i) {
            terms.isin = real[i];
            assertEq(make(issuer, terms).terms().isin, real[i]);
        }
    }

    function test_RevertWhen_TheIsinIsWrong() external {
        bytes12[3] memory wrong = [bytes12("HK0000963296"), "hk0000963295", "HK000096329"];
        for (uint256 i = 0; i < wrong.length; ++i) {
            IGreenBond.Terms memory terms = bond.terms();
            terms.isin = wrong[i];
            vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_InvalidIsin.selector, wrong[i]));
            this.make(issuer, terms);
        }
    }

    function test_RevertWhen_TheTermsContradictEachOther() external {
        for (uint256 i = 0; i < 5; ++i) {
            IGreenBond.Terms memory terms = bond.terms();
            if (i == 0) terms.increment = 0;
            if (i == 1) terms.minimumDenomination = MINIMUM + 1;
            if (i == 2) terms.minimumDenomination = 0;
            if (i == 3) terms.nominal = MINIMUM - INCREMENT;
            if (i == 4) terms.nominal = NOMINAL + 1;
            vm.expectRevert(IGreenBond.GreenBond_InvalidTerms.selector);
            this.make(issuer, terms);
        }
    }

    function test_RevertWhen_TheIssuerHasAnotherRole() external {
        IGreenBond.Terms memory terms = bond.terms();
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.ISSUER));
        this.make(alice, terms);
    }

    function test_When_TheTermsAreRead() external view {
        IGreenBond.Terms memory terms = bond.terms();
        assertEq(terms.isin, ISIN);
        assertEq(terms.currency, bytes3("HKD"));
        assertEq(bond.coupons()[0].rate, 40_500);
        assertEq(terms.frameworkHash, keccak256("framework"));
        assertEq(bond.frameworkUri(), "framework");
        assertEq(bond.issuer(), issuer);
        assertEq(IERC20Metadata(address(bond)).decimals(), 0, "whole units of nominal");
    }

    // ---- issue and redemption ----------------------------------------------------------------------------------------

    function test_When_AllNominalIsIssued() external {
        vm.startPrank(issuer);
        vm.expectEmit(address(bond));
        emit IGreenBond.BondIssued(NOMINAL - 10 * MINIMUM);
        bond.issue(NOMINAL - 10 * MINIMUM);
        assertEq(bond.issuedNominal(), NOMINAL);
        assertEq(supply(address(bond)), NOMINAL);
        bytes4 selector = IGreenBond.GreenBond_NominalExceeded.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, NOMINAL + INCREMENT, NOMINAL));
        bond.issue(INCREMENT);
    }

    function test_RevertGiven_NominalIsIssuedAndRedeemed() external {
        vm.startPrank(issuer);
        bond.issue(NOMINAL - 10 * MINIMUM);
        vm.expectEmit(address(bond));
        emit IGreenBond.BondRedeemed(MINIMUM);
        bond.redeem(MINIMUM);
        assertEq(supply(address(bond)), NOMINAL - MINIMUM, "supply shrinks");
        assertEq(bond.issuedNominal(), NOMINAL, "issued stays issued");
        bytes4 selector = IGreenBond.GreenBond_NominalExceeded.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, NOMINAL + MINIMUM, NOMINAL));
        bond.issue(MINIMUM);
    }

    function test_RevertWhen_MoreIsRedeemedThanTheIssuerHas() external {
        vm.prank(issuer);
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, issuer, 6 * MINIMUM, 7 * MINIMUM));
        bond.redeem(7 * MINIMUM);
    }

    function test_RevertWhen_NothingIsIssuedOrRedeemed() external {
        vm.startPrank(issuer);
        vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, 0));
        bond.issue(0);
        vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, 0));
        bond.redeem(0);
    }

    // ---- quantities --------------------------------------------------------------------------------------------------

    function testFuzz_RevertWhen_NotInIncrement(uint256 quantity) external {
        quantity = bound(quantity, 1, 4 * MINIMUM);
        vm.assume(quantity % INCREMENT != 0);
        bytes memory refused = abi.encodeWithSelector(IGreenBond.GreenBond_NotInIncrement.selector, quantity, INCREMENT);
        vm.startPrank(issuer);
        vm.expectRevert(refused);
        bond.issue(quantity);
        vm.expectRevert(refused);
        bond.redeem(quantity);
        vm.expectRevert(refused);
        IERC20(address(bond)).transfer(alice, quantity);
        vm.stopPrank();
        vm.prank(address(engine));
        vm.expectRevert(refused);
        bond.placeHold(HoldId.wrap("hold"), alice, quantity);
    }

    function test_RevertWhen_TheReceiverWouldHaveLessThanTheMinimum() external {
        vm.prank(alice);
        vm.expectRevert(belowMinimum(bob, INCREMENT));
        IERC20(address(bond)).transfer(bob, INCREMENT);
    }

    function test_RevertWhen_TheGiverWouldHaveLessThanTheMinimum() external {
        vm.startPrank(alice);
        vm.expectRevert(belowMinimum(alice, INCREMENT));
        IERC20(address(bond)).transfer(bob, 4 * MINIMUM - INCREMENT);
    }

    function test_When_TheGiverGivesAllAndTheReceiverAddsAnIncrement() external {
        vm.startPrank(alice);
        IERC20(address(bond)).transfer(bob, MINIMUM);
        IERC20(address(bond)).transfer(bob, INCREMENT);
        assertEq(balance(address(bond), bob), MINIMUM + INCREMENT, "above the minimum, increments do");
        IERC20(address(bond)).transfer(bob, 2 * MINIMUM + INCREMENT);
        assertEq(balance(address(bond), alice), 0, "nothing is not less than the minimum");
    }

    function test_When_TheIssuerIsLeftWithLessThanTheMinimum() external {
        vm.prank(issuer);
        IERC20(address(bond)).transfer(bob, 6 * MINIMUM - INCREMENT);
        assertEq(balance(address(bond), issuer), INCREMENT, "a treasury has no minimum");
        vm.prank(bob);
        IERC20(address(bond)).transfer(issuer, INCREMENT);
        assertEq(balance(address(bond), issuer), 2 * INCREMENT);
    }

    function test_RevertWhen_LessThanTheMinimumIsPutOnHold() external {
        address[2] memory owners = [alice, issuer];
        vm.startPrank(address(engine));
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(belowMinimum(owners[i], INCREMENT));
            bond.placeHold(HoldId.wrap("hold"), owners[i], INCREMENT);
        }
    }

    function test_RevertWhen_AHoldWouldLeaveLessThanTheMinimumFree() external {
        vm.startPrank(address(engine));
        vm.expectRevert(belowMinimum(alice, INCREMENT));
        bond.placeHold(HoldId.wrap("hold"), alice, 4 * MINIMUM - INCREMENT);
        bond.placeHold(HoldId.wrap("hold"), issuer, 6 * MINIMUM - INCREMENT);
        assertEq(bond.freeOf(issuer), INCREMENT, "a treasury has no minimum");
    }

    function test_RevertGiven_OnlyWhatIsOnHoldIsAboveTheMinimum() external {
        vm.prank(address(engine));
        bond.placeHold(HoldId.wrap("hold"), alice, 2 * MINIMUM);
        vm.startPrank(alice);
        vm.expectRevert(belowMinimum(alice, INCREMENT));
        IERC20(address(bond)).transfer(bob, 2 * MINIMUM - INCREMENT);
        IERC20(address(bond)).transfer(bob, 2 * MINIMUM);
        vm.stopPrank();
        vm.prank(bob);
        vm.expectRevert(belowMinimum(alice, INCREMENT));
        IERC20(address(bond)).transfer(alice, INCREMENT);
    }

    function test_When_ASpenderTransfers() external {
        vm.prank(alice);
        IERC20(address(bond)).approve(clients[3], 2 * MINIMUM);
        vm.startPrank(clients[3]);
        IERC20(address(bond)).transferFrom(alice, bob, MINIMUM);
        assertEq(balance(address(bond), bob), MINIMUM);
        assertEq(IERC20(address(bond)).allowance(alice, clients[3]), MINIMUM, "used up");
        bytes4 selector = IERC20Errors.ERC20InsufficientAllowance.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, clients[3], MINIMUM, 2 * MINIMUM));
        IERC20(address(bond)).transferFrom(alice, bob, 2 * MINIMUM);
        vm.expectRevert(belowMinimum(clients[2], INCREMENT));
        IERC20(address(bond)).transferFrom(alice, clients[2], INCREMENT);
        assertEq(IERC20(address(bond)).allowance(alice, clients[3]), MINIMUM, "a refusal uses nothing up");
    }

    function test_RevertGiven_TheIssuerIsFrozen() external {
        vm.prank(supervisor);
        registry.freezeParty(issuer);
        bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
        bytes memory refused = abi.encodeWithSelector(selector, issuer, PartyStatus.Frozen);
        vm.prank(issuer);
        vm.expectRevert(refused);
        bond.issue(MINIMUM);
        vm.prank(issuer);
        vm.expectRevert(refused);
        bond.redeem(MINIMUM);
    }

    /// @dev The query, the engine's movement and its list of reasons agree on every position.
    function testFuzz_When_QueriesAndTransfersAreCompared(uint256 seed, uint8 steps, uint8 start) external {
        address[3] memory parties = [alice, bob, issuer];
        uint256 given = bound(start, 0, 6);
        if (given > 1) {
            vm.prank(issuer);
            IERC20(address(bond)).transfer(bob, given * INCREMENT);
        }
        if (seed % 3 == 0) {
            vm.prank(address(engine));
            bond.placeHold(HoldId.wrap("hold"), alice, MINIMUM + (seed >> 8) % 5 * INCREMENT);
        }
        if (seed % 7 == 0) {
            vm.prank(operator);
            registry.suspendParty(bob);
        }
        uint256 quantity = uint256(steps % 14) * INCREMENT + (seed % 5 == 0 ? 1 : 0);
        address from = parties[(seed >> 16) % 3];
        address to = parties[(seed >> 24) % 3];
        bool said = bond.canTransfer(from, to, quantity);
        bytes[] memory reasons = bond.moveReasons(from, to, quantity);

        uint256 state = vm.snapshotState();
        vm.prank(address(engine));
        (bool moved, bytes memory reason) =
            address(bond).call(abi.encodeCall(IInstrument.bookTransfer, (from, to, quantity)));
        assertEq(moved, reasons.length == 0, "no reason where the engine's movement passes");
        if (!moved) assertEq(reason, reasons[0], "else the first is the one it reverts with");
        vm.revertToState(state);

        vm.prank(from);
        (bool done,) = address(bond).call(abi.encodeCall(IERC20.transfer, (to, quantity)));
        assertEq(said, done, "canTransfer says what transfer does");
    }

    // ---- interest ----------------------------------------------------------------------------------------------------

    function test_When_InterestIsAccrued() external view {
        uint64 from = uint64(ISSUE_DAY) * 1 days;
        assertEq(bond.accruedInterestHalfUp(800_000_000, from + 181 days), 1_606_684_932);
        assertEq(bond.accruedInterestHalfUp(800_000_000, from + 184 days), 1_633_315_068);
        assertEq(bond.accruedInterestHalfUp(100_000_000, from + 89 days), 98_753_425);
        assertEq(bond.accruedInterestHalfUp(800_000_000, from), 0);
    }

    function testFuzz_When_TheSettlementDateIsBeforeTheIssueDate(uint64 date) external view {
        date = uint64(bound(date, 0, uint64(ISSUE_DAY) * 1 days));
        assertEq(bond.accruedInterestHalfUp(800_000_000, date), 0, "no interest yet");
    }

    function testFuzz_When_TheTimeOfDayDiffers(uint64 second) external view {
        uint64 day = uint64(ISSUE_DAY) * 1 days + 89 days;
        second = uint64(bound(second, 0, 1 days - 1));
        assertEq(bond.accruedInterestHalfUp(100_000_000, day + second), 98_753_425, "days count, not seconds");
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function make(address issuer_, IGreenBond.Terms memory terms) public returns (IGreenBond) {
        return make(issuer_, terms, oneCoupon(), new Repayment[](0), new Call[](0));
    }

    function make(
        address issuer_,
        IGreenBond.Terms memory terms,
        Coupon[] memory coupons,
        Repayment[] memory repayments,
        Call[] memory calls
    ) public returns (IGreenBond) {
        bytes memory arguments = abi.encode(
            "Green bond", "GB", engine, issuer_, registry, terms, coupons, repayments, calls, "framework"
        );
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

    function belowMinimum(address holder, uint256 position) private pure returns (bytes memory) {
        bytes4 selector = IGreenBond.GreenBond_BelowMinimumDenomination.selector;
        return abi.encodeWithSelector(selector, holder, position, MINIMUM);
    }
}
