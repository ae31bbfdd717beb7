// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Instruction} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Accounts, issue, redemption and direct transfers, of wholesale CBDC and deposits alike.
contract AccountMoneyTest is Base {
    // ---- accounts ----------------------------------------------------------------------------------------------------

    function test_RevertWhen_TheCallerIsNotTheIssuer() external {
        bytes[6] memory calls = [
            abi.encodeCall(IAccountMoney.openAccount, (carol)),
            abi.encodeCall(IAccountMoney.closeAccount, (alice)),
            abi.encodeCall(IAccountMoney.blockAccount, (alice)),
            abi.encodeCall(IAccountMoney.unblockAccount, (alice)),
            abi.encodeCall(IAccountMoney.issue, (alice, 1, "x")),
            abi.encodeCall(IAccountMoney.redeem, (alice, 1, "x"))
        ];
        address[4] memory others = [authority, banks[1], operator, alice];
        for (uint256 i = 0; i < calls.length; ++i) {
            for (uint256 j = 0; j < others.length; ++j) {
                vm.prank(others[j]);
                (bool success, bytes memory data) = address(deposits[0]).call(calls[i]);
                assertFalse(success, "it should revert");
                bytes4 selector = IInstrument.Instrument_NotIssuer.selector;
                assertEq(data, abi.encodeWithSelector(selector, others[j]), "and name the caller");
            }
        }
    }

    function test_RevertGiven_TheIssuerIsBarred() external {
        freeze(banks[0]);
        vm.expectRevert(notActive(banks[0], PartyStatus.Frozen));
        vm.prank(banks[0]);
        deposits[0].issue(alice, 1, "a frozen bank mints nothing");
    }

    function test_RevertWhen_AnAccountIsOpenedTwice() external {
        vm.expectRevert(abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountExists.selector, alice));
        vm.prank(banks[0]);
        deposits[0].openAccount(alice);
    }

    function test_RevertWhen_AnAccountIsOpenedForAPartyThatMayNotHoldIt() external {
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.BANK));
        vm.prank(authority);
        wholesale.openAccount(alice);
        vm.expectRevert(notActive(stranger, PartyStatus.Unknown));
        vm.prank(banks[0]);
        deposits[0].openAccount(stranger);
    }

    function test_RevertGiven_TheAccountIsNotEmptyWhenClosed() external {
        vm.startPrank(banks[0]);
        vm.expectRevert(abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountNotEmpty.selector, alice, CASH));
        deposits[0].closeAccount(alice);
        deposits[0].redeem(alice, CASH, nextBooking());
        vm.expectEmit(address(deposits[0]));
        emit IAccountMoney.AccountClosed(alice);
        deposits[0].closeAccount(alice);
        vm.stopPrank();
        assertFalse(deposits[0].hasAccount(alice), "closed");
        refuse(
            instruct(payment(bob, alice, 1)),
            abi.encodeWithSelector(IAccountMoney.AccountMoney_NoAccount.selector, alice)
        );
    }

    function test_RevertGiven_NoAccount() external {
        bytes memory reason = abi.encodeWithSelector(IAccountMoney.AccountMoney_NoAccount.selector, carol);
        vm.startPrank(banks[0]);
        vm.expectRevert(reason);
        deposits[0].closeAccount(carol);
        vm.expectRevert(reason);
        deposits[0].blockAccount(carol);
        vm.expectRevert(reason);
        deposits[0].unblockAccount(carol);
        vm.expectRevert(reason);
        deposits[0].issue(carol, 1, nextBooking());
        vm.stopPrank();
        vm.expectRevert(reason);
        vm.prank(alice);
        IERC20(address(deposits[0])).transfer(carol, 1);
    }

    function test_GivenBlocked() external {
        vm.expectEmit(address(deposits[0]));
        emit IAccountMoney.AccountBlockChanged(alice, true);
        vm.prank(banks[0]);
        deposits[0].blockAccount(alice);
        bytes memory reason = abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountBlocked.selector, alice);
        refuse(instruct(payment(alice, bob, 1)), reason);
        refuse(instruct(payment(bob, alice, 1)), reason);
        refuse(instruct(payment(carol, alice, 1)), reason);
        vm.expectRevert(reason);
        deposits[0].requireUsable(alice);
        assertTrue(deposits[0].hasAccount(alice), "it is still an account");
        assertFalse(deposits[0].canTransact(alice), "that cannot be used");
        assertEq(balance(address(deposits[0]), alice), CASH, "with what was in it");
        vm.prank(banks[0]);
        deposits[0].unblockAccount(alice);
        settle(instruct(payment(alice, bob, 1)));
    }

    // ---- issue and redemption ----------------------------------------------------------------------------------------

    function test_When_IssuedAndRedeemed() external {
        vm.startPrank(authority);
        vm.expectEmit(address(wholesale));
        emit IAccountMoney.MoneyIssued(banks[0], 5, "in");
        wholesale.issue(banks[0], 5, "in");
        vm.expectEmit(address(wholesale));
        emit IAccountMoney.MoneyRedeemed(banks[0], 7, "out");
        wholesale.redeem(banks[0], 7, "out");
        vm.stopPrank();
        assertEq(balance(address(wholesale), banks[0]), CASH - 2, "balance");
        assertEq(supply(address(wholesale)), 3 * CASH - 2, "supply");
    }

    function test_RevertWhen_ABookingReferenceIsUsedAgain() external {
        bytes memory reason =
            abi.encodeWithSelector(IAccountMoney.AccountMoney_BookingReferenceUsed.selector, bytes32("ref"));
        vm.startPrank(authority);
        wholesale.issue(banks[0], 5, "ref");
        vm.expectRevert(reason);
        wholesale.issue(banks[1], 6, "ref");
        vm.expectRevert(reason);
        wholesale.redeem(banks[0], 5, "ref");
        vm.stopPrank();
    }

    function test_RevertGiven_MoreIsRedeemedThanIsFree() external {
        Instruction memory instruction = instruct(payment(alice, bob, 10));
        engine.lock(instruction, consentsOf(instruction));
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, CASH - 10, CASH - 9));
        vm.prank(banks[0]);
        deposits[0].redeem(alice, CASH - 9, nextBooking());
    }

    function test_RevertGiven_TheHolderIsBarred() external {
        freeze(alice);
        vm.startPrank(banks[0]);
        vm.expectRevert(notActive(alice, PartyStatus.Frozen));
        deposits[0].issue(alice, 1, nextBooking());
        vm.expectRevert(notActive(alice, PartyStatus.Frozen));
        deposits[0].redeem(alice, 1, nextBooking());
        vm.stopPrank();
    }

    function test_RevertWhen_MoreIsIssuedThanAnAccountCarries() external {
        vm.startPrank(banks[0]);
        vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, 1 << 96));
        deposits[0].issue(alice, 1 << 96, nextBooking());
        vm.stopPrank();
    }

    // ---- direct transfers --------------------------------------------------------------------------------------------

    function test_When_AHolderTransfersDirectly() external {
        assertTrue(deposits[0].canTransfer(alice, bob, 5), "it can");
        vm.prank(alice);
        IERC20(address(deposits[0])).transfer(bob, 5);
        assertEq(balance(address(deposits[0]), bob), CASH + 5, "and does");
        vm.prank(alice);
        IERC20(address(deposits[0])).approve(bob, 7);
        vm.prank(bob);
        IERC20(address(deposits[0])).transferFrom(alice, bob, 7);
        assertEq(balance(address(deposits[0]), alice), CASH - 12, "also by allowance");
    }

    function test_RevertGiven_APartyOfADirectTransferIsBarred() external {
        freeze(bob);
        _refuseTransfer(alice, bob, notActive(bob, PartyStatus.Frozen));
        _refuseTransfer(bob, alice, notActive(bob, PartyStatus.Frozen));
        assertFalse(deposits[0].canTransfer(alice, bob, 1), "it cannot");
        assertFalse(deposits[0].canTransact(bob), "nor anything else");
    }

    function test_RevertGiven_TheIssuerOfADirectTransferIsBarred() external {
        freeze(banks[0]);
        _refuseTransfer(alice, bob, notActive(banks[0], PartyStatus.Frozen));
    }

    function test_Metadata() external view {
        (, bytes memory data) = address(wholesale).staticcall(abi.encodeWithSignature("decimals()"));
        assertEq(abi.decode(data, (uint8)), 2, "cents");
        assertEq(wholesale.issuer(), authority, "the central bank's");
        assertEq(IFungibleInstrument(address(wholesale)).freeOf(banks[0]), CASH, "all free");
    }

    function _refuseTransfer(address from, address to, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(from);
        IERC20(address(deposits[0])).transfer(to, 1);
    }
}
