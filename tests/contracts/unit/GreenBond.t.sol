// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev The terms are those of Hong Kong's first tokenised green bond of 2023. The tree is in GreenBond.tree.
contract GreenBondTest is Base {
    // ---- terms -------------------------------------------------------------------------------------------------------

    function test_RevertWhen_TheIsinIsWrong() external {
        bytes12[9] memory wrong = [
            bytes12("HK0000000008"), // check digit
            "HK0000000070", // transposed
            "hk0000000007", // lower case
            "H10000000007", // digit in the country
            "HK000000000A", // letter as check digit
            "HK00000000-7", // neither letter nor digit
            "HK000000000", // short
            "US0378331004",
            "GB0002634947"
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            IGreenBond.Terms memory terms = bond.terms();
            terms.isin = wrong[i];
            _refuseTerms(terms, abi.encodeWithSelector(IGreenBond.GreenBond_InvalidIsin.selector, wrong[i]));
        }
    }

    /// @dev Published ISINs: with letters inside, and of other countries.
    function test_When_TheIsinIsRight() external {
        bytes12[5] memory right =
            [bytes12("US0378331005"), "GB0002634946", "DE000BAY0017", "AU0000XVGZA3", "US912810SV17"];
        for (uint256 i = 0; i < right.length; ++i) {
            IGreenBond.Terms memory terms = bond.terms();
            terms.isin = right[i];
            assertTrue(_deployBond(terms, issuer) != address(0), "deployed");
        }
    }

    function test_RevertWhen_TheTermsContradictEachOther() external {
        for (uint256 i = 0; i < 7; ++i) {
            IGreenBond.Terms memory terms = bond.terms();
            if (i == 0) terms.increment = 0;
            if (i == 1) terms.minimumDenomination = INCREMENT + 1;
            if (i == 2) terms.minimumDenomination = 0;
            if (i == 3) terms.nominal = MINIMUM - 1;
            if (i == 4) terms.nominal = NOMINAL + 1;
            if (i == 5) terms.maturityDate = terms.issueDate;
            if (i == 6) terms.maturityDate = terms.issueDate - 1;
            _refuseTerms(terms, abi.encodeWithSelector(IGreenBond.GreenBond_InvalidTerms.selector));
        }
    }

    function test_RevertWhen_TheIssuerIsNone() external {
        bytes memory reason = abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.ISSUER);
        IGreenBond.Terms memory terms = bond.terms();
        vm.expectRevert(reason);
        this.deployBond(terms, alice);
    }

    function test_Terms() external view {
        assertEq(bond.terms().isin, ISIN, "ISIN");
        assertEq(bond.terms().nominal, NOMINAL, "nominal");
        assertEq(bond.terms().couponMillionths, 40_500, "coupon");
        assertEq(bond.frameworkUri(), "framework", "framework");
        assertEq(bond.issuer(), issuer, "issuer");
    }

    // ---- issue and redemption ----------------------------------------------------------------------------------------

    function test_RevertWhen_TheCallerIsNotTheIssuer() external {
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_NotIssuer.selector, operator);
        vm.startPrank(operator);
        vm.expectRevert(reason);
        bond.issue(INCREMENT);
        vm.expectRevert(reason);
        bond.redeem(INCREMENT);
        vm.stopPrank();
    }

    function test_RevertWhen_MoreIsIssuedThanTheTermsAllow() external {
        bytes4 selector = IGreenBond.GreenBond_NominalExceeded.selector;
        vm.startPrank(issuer);
        vm.expectRevert(abi.encodeWithSelector(selector, NOMINAL + INCREMENT, NOMINAL));
        bond.issue(INCREMENT);
        bond.redeem(INCREMENT);
        vm.expectRevert(abi.encodeWithSelector(selector, NOMINAL + INCREMENT, NOMINAL));
        bond.issue(INCREMENT); // What is redeemed is not issued again.
        vm.stopPrank();
        assertEq(bond.issuedNominal(), NOMINAL, "issued in all");
        assertEq(supply(address(bond)), NOMINAL - INCREMENT, "outstanding");
    }

    function test_RevertWhen_IssuedNotInIncrements() external {
        vm.startPrank(issuer);
        bond.redeem(INCREMENT);
        IGreenBond fresh = IGreenBond(_deployBond(bond.terms(), issuer));
        vm.expectRevert(abi.encodeWithSelector(IGreenBond.GreenBond_NotInIncrement.selector, 1, INCREMENT));
        fresh.issue(1);
        vm.expectEmit(address(fresh));
        emit IGreenBond.BondIssued(INCREMENT);
        fresh.issue(INCREMENT);
        vm.expectEmit(address(fresh));
        emit IGreenBond.BondRedeemed(INCREMENT);
        fresh.redeem(INCREMENT);
        vm.stopPrank();
    }

    function test_RevertWhen_MoreIsRedeemedThanTheIssuerHolds() external {
        uint256 treasury = NOMINAL - 2 * BONDS;
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, issuer, treasury, treasury + INCREMENT));
        vm.prank(issuer);
        bond.redeem(treasury + INCREMENT);
    }

    // ---- movements ---------------------------------------------------------------------------------------------------

    function test_RevertWhen_MovedNotInIncrements() external {
        refuse(
            instruct(leg(alice, bob, address(bond), MINIMUM + 1)),
            abi.encodeWithSelector(IGreenBond.GreenBond_NotInIncrement.selector, MINIMUM + 1, INCREMENT)
        );
    }

    function test_RevertWhen_HeldNotInIncrements() external {
        Instruction memory instruction = instruct(leg(alice, bob, address(bond), MINIMUM + 1));
        Consent[] memory consents = consentsOf(instruction);
        bytes4 selector = IGreenBond.GreenBond_NotInIncrement.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, MINIMUM + 1, INCREMENT));
        engine.lock(instruction, consents);
    }

    function test_RevertWhen_TheReceiverWouldHoldTooLittle() external {
        bytes4 selector = IGreenBond.GreenBond_BelowMinimumDenomination.selector;
        refuse(
            instruct(leg(alice, bob, address(bond), INCREMENT)),
            abi.encodeWithSelector(selector, bob, INCREMENT, MINIMUM)
        );
    }

    function test_RevertWhen_TheGiverWouldBeLeftWithTooLittle() external {
        bytes4 selector = IGreenBond.GreenBond_BelowMinimumDenomination.selector;
        refuse(
            instruct(leg(alice, bob, address(bond), BONDS - INCREMENT)),
            abi.encodeWithSelector(selector, alice, INCREMENT, MINIMUM)
        );
        vm.expectRevert(abi.encodeWithSelector(selector, alice, INCREMENT, MINIMUM));
        vm.prank(alice);
        IERC20(address(bond)).transfer(bob, BONDS - INCREMENT);
    }

    function test_When_NothingOrTheMinimumIsLeft() external {
        settle(instruct(leg(alice, bob, address(bond), BONDS - MINIMUM)));
        settle(instruct(leg(alice, bob, address(bond), MINIMUM)));
        assertEq(balance(address(bond), bob), BONDS, "all of it");
    }

    /// @dev The issuer's account is a treasury, so any multiple of the increment may come back to it.
    function test_When_TheIssuerIsLeftWithLittle() external {
        vm.prank(issuer);
        bond.redeem(NOMINAL - 2 * BONDS);
        settle(instruct(leg(alice, issuer, address(bond), INCREMENT)));
        assertEq(balance(address(bond), issuer), INCREMENT, "less than the minimum");
    }

    function test_RevertGiven_TheIssuerIsBarredAndAHolderTransfers() external {
        freeze(issuer);
        vm.expectRevert(notActive(issuer, PartyStatus.Frozen));
        vm.prank(alice);
        IERC20(address(bond)).transfer(bob, MINIMUM);
    }

    // ---- interest ----------------------------------------------------------------------------------------------------

    function test_AccruedInterest() external view {
        uint64 issueDate = bond.terms().issueDate;
        assertEq(bond.accruedInterestHalfUp(NOMINAL, issueDate + 181 days), 1_606_684_932, "181 days on 800 million");
        assertEq(bond.accruedInterestHalfUp(BONDS, issueDate + 89 days), 98_753_425, "89 days on 100 million");
        assertEq(bond.accruedInterestHalfUp(BONDS, issueDate + 365 days), 405_000_000, "a year");
        assertEq(bond.accruedInterestHalfUp(BONDS, issueDate + 1 days - 1), 0, "the day has not passed");
        assertEq(bond.accruedInterestHalfUp(BONDS, issueDate), 0, "the first day");
        assertEq(bond.accruedInterestHalfUp(BONDS, issueDate - 1), 0, "before it");
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    /// @dev From outside, so that the deployment is one call that can be expected to revert.
    function deployBond(IGreenBond.Terms memory terms, address by) external returns (address) {
        return _deployBond(terms, by);
    }

    function _deployBond(IGreenBond.Terms memory terms, address by) private returns (address) {
        return _deploy("assets/GreenBond.sol:GreenBond", abi.encode("Bond", "GB", engine, by, registry, terms, "uri"));
    }

    function _refuseTerms(IGreenBond.Terms memory terms, bytes memory reason) private {
        vm.expectRevert(reason);
        this.deployBond(terms, issuer);
    }
}
