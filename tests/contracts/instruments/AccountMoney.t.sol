// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {HoldId} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev Accounts, bookings and direct transfers of deposits and wholesale money. The tree is in AccountMoney.tree.
contract AccountMoneyTest is Instructions {
    uint256 private constant AMOUNT = 1_000_000;

    ITokenizedDeposit private money;
    address private bank;
    address private alice;
    address private bob;

    function setUp() public override {
        super.setUp();
        (money, bank, alice, bob) = (deposits[0], banks[0], clients[0], clients[1]);
        tokenise(alice, AMOUNT);
    }

    // ---- accounts ----------------------------------------------------------------------------------------------------

    function test_When_AnAccountIsOpenedAndClosed() external {
        assertFalse(money.hasAccount(clients[2]), "none before");
        assertFalse(money.canTransact(clients[2]), "cannot transact before");
        vm.startPrank(bank);
        vm.expectEmit(address(money));
        emit IAccountMoney.AccountOpened(clients[2]);
        money.openAccount(clients[2]);
        assertTrue(money.hasAccount(clients[2]) && money.canTransact(clients[2]), "open");
        vm.expectEmit(address(money));
        emit IAccountMoney.AccountClosed(clients[2]);
        money.closeAccount(clients[2]);
        assertFalse(money.hasAccount(clients[2]), "closed");
    }

    function test_RevertGiven_AnAccountIsOpen() external {
        vm.prank(bank);
        vm.expectRevert(abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountExists.selector, alice));
        money.openAccount(alice);
    }

    function test_RevertWhen_AnAccountIsOpenedForAnInactiveParty() external {
        vm.startPrank(bank);
        vm.expectRevert(notActive(stranger, PartyStatus.Unknown));
        money.openAccount(stranger);
    }

    function test_RevertWhen_WholesaleMoneyIsOpenedToANonBank() external {
        vm.prank(authority);
        vm.expectRevert(
            abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, alice, Roles.BANK | Roles.ISSUER)
        );
        wholesale.openAccount(alice);
    }

    function test_RevertGiven_AnAccountIsNotEmptyWhenClosed() external {
        vm.prank(bank);
        bytes4 selector = IAccountMoney.AccountMoney_AccountNotEmpty.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, AMOUNT));
        money.closeAccount(alice);
    }

    function test_RevertGiven_NoAccount() external {
        vm.startPrank(bank);
        vm.expectRevert(noAccount(clients[2]));
        money.closeAccount(clients[2]);
        vm.expectRevert(noAccount(clients[2]));
        money.blockAccount(clients[2]);
        vm.expectRevert(noAccount(clients[2]));
        money.unblockAccount(clients[2]);
        vm.expectRevert(noAccount(clients[2]));
        money.issue(clients[2], 1, "x");
        vm.expectRevert(noAccount(clients[2]));
        money.redeem(clients[2], 1, "x");
        vm.stopPrank();
        vm.expectRevert(noAccount(clients[2]));
        money.requireUsable(clients[2]);
        vm.prank(alice);
        vm.expectRevert(noAccount(clients[2]));
        IERC20(address(money)).transfer(clients[2], 1);
    }

    function test_RevertGiven_TheAccountIsBlocked() external {
        tokenise(bob, AMOUNT);
        vm.startPrank(bank);
        vm.expectEmit(address(money));
        emit IAccountMoney.AccountBlockChanged(alice, true);
        money.blockAccount(alice);
        vm.expectRevert(blockedError(alice));
        money.issue(alice, 1, "x");
        vm.expectRevert(blockedError(alice));
        money.redeem(alice, 1, "x");
        vm.stopPrank();
        vm.expectRevert(blockedError(alice));
        money.requireUsable(alice);
        assertFalse(money.canTransact(alice), "cannot transact");
        assertTrue(money.hasAccount(alice), "but has its account");
        vm.prank(alice);
        vm.expectRevert(blockedError(alice));
        IERC20(address(money)).transfer(bob, 1);
        vm.prank(bob);
        vm.expectRevert(blockedError(alice));
        IERC20(address(money)).transfer(alice, 1);
    }

    function test_When_ABlockIsLifted() external {
        vm.startPrank(bank);
        money.blockAccount(alice);
        vm.expectEmit(address(money));
        emit IAccountMoney.AccountBlockChanged(alice, false);
        money.unblockAccount(alice);
        money.redeem(alice, AMOUNT, "redeem");
        assertEq(supply(address(money)), 0, "redeemed");
    }

    function test_Given_AnAccountIsBlockedClosedAndReopened() external {
        vm.startPrank(bank);
        money.blockAccount(bob);
        money.closeAccount(bob);
        money.openAccount(bob);
        assertTrue(money.canTransact(bob), "a new account starts unblocked");
    }

    // ---- bookings ----------------------------------------------------------------------------------------------------

    function test_When_MoneyIsIssuedAndRedeemed() external {
        vm.startPrank(bank);
        vm.expectEmit(address(money));
        emit IERC20.Transfer(address(0), bob, 5);
        vm.expectEmit(address(money));
        emit IAccountMoney.MoneyIssued(bob, 5, "in");
        money.issue(bob, 5, "in");
        assertEq(supply(address(money)), AMOUNT + 5, "supply grows");
        vm.expectEmit(address(money));
        emit IERC20.Transfer(bob, address(0), 3);
        vm.expectEmit(address(money));
        emit IAccountMoney.MoneyRedeemed(bob, 3, "out");
        money.redeem(bob, 3, "out");
        assertEq(balance(address(money), bob), 2, "balance");
        assertEq(supply(address(money)), AMOUNT + 2, "supply shrinks");
    }

    function test_RevertGiven_TheBookingReferenceIsUsed() external {
        vm.startPrank(bank);
        money.issue(alice, 5, "one");
        bytes memory refused =
            abi.encodeWithSelector(IAccountMoney.AccountMoney_BookingReferenceUsed.selector, bytes32("one"));
        vm.expectRevert(refused);
        money.issue(alice, 5, "one");
        vm.expectRevert(refused);
        money.redeem(bob, 1, "one");
        money.redeem(alice, 5, "two");
        vm.stopPrank();
        vm.prank(banks[1]);
        deposits[1].issue(clients[2], 5, "one"); // Another bank's reference is another one.
    }

    function test_When_ABookingWasRefusedItsReferenceIsStillFree() external {
        vm.startPrank(bank);
        vm.expectRevert(noAccount(clients[2]));
        money.issue(clients[2], 5, "one");
        money.issue(alice, 5, "one");
    }

    function test_RevertWhen_TheAmountIsZeroOrTooLarge() external {
        uint256[2] memory amounts = [0, uint256(type(uint96).max) + 1];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory refused = abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, amounts[i]);
            vm.startPrank(bank);
            vm.expectRevert(refused);
            money.issue(alice, amounts[i], "x");
            vm.expectRevert(refused);
            money.redeem(alice, amounts[i], "x");
            vm.stopPrank();
            vm.prank(alice);
            vm.expectRevert(refused);
            IERC20(address(money)).transfer(bob, amounts[i]);
        }
    }

    function test_RevertWhen_MoreIsRedeemedThanThereIs() external {
        vm.prank(bank);
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, AMOUNT, AMOUNT + 1));
        money.redeem(alice, AMOUNT + 1, "x");
    }

    function test_RevertWhen_TheSupplyWouldNotFit() external {
        vm.startPrank(bank);
        money.issue(alice, type(uint96).max - AMOUNT, "the rest");
        vm.expectRevert();
        money.issue(bob, 1, "one more");
    }

    function test_RevertGiven_TheHolderOfABookingIsBarred() external {
        vm.prank(supervisor);
        registry.freezeParty(alice);
        vm.startPrank(bank);
        vm.expectRevert(notActive(alice, PartyStatus.Frozen));
        money.issue(alice, 1, "x");
        vm.expectRevert(notActive(alice, PartyStatus.Frozen));
        money.redeem(alice, 1, "x");
    }

    function test_RevertGiven_TheIssuerIsBarred() external {
        vm.prank(supervisor);
        registry.freezeParty(bank);
        vm.startPrank(bank);
        vm.expectRevert(notActive(bank, PartyStatus.Frozen));
        money.issue(alice, 1, "x");
        vm.expectRevert(notActive(bank, PartyStatus.Frozen));
        money.redeem(alice, 1, "x");
        vm.expectRevert(notActive(bank, PartyStatus.Frozen));
        money.unblockAccount(alice);
        vm.stopPrank();
        vm.prank(alice);
        vm.expectRevert(notActive(bank, PartyStatus.Frozen));
        IERC20(address(money)).transfer(bob, 1);
    }

    // ---- direct transfers --------------------------------------------------------------------------------------------

    function test_When_AHolderTransfers() external {
        vm.prank(alice);
        vm.expectEmit(address(money));
        emit IERC20.Transfer(alice, bob, 400);
        assertTrue(IERC20(address(money)).transfer(bob, 400));
        assertEq(balance(address(money), alice), AMOUNT - 400);
        assertEq(balance(address(money), bob), 400);
        assertEq(supply(address(money)), AMOUNT, "supply stays");
    }

    function test_When_ASpenderTransfers() external {
        vm.prank(alice);
        IERC20(address(money)).approve(clients[2], 400);
        vm.prank(clients[2]);
        IERC20(address(money)).transferFrom(alice, bob, 400);
        assertEq(balance(address(money), bob), 400);
        assertEq(IERC20(address(money)).allowance(alice, clients[2]), 0);
    }

    /// @dev It moves nothing, also not what is another's.
    function test_RevertGiven_TheSpenderIsBarredOrUnknown() external {
        vm.startPrank(alice);
        IERC20(address(money)).approve(clients[2], 400);
        IERC20(address(money)).approve(stranger, 400);
        vm.stopPrank();
        vm.prank(supervisor);
        registry.freezeParty(clients[2]);
        vm.prank(clients[2]);
        vm.expectRevert(notActive(clients[2], PartyStatus.Frozen));
        IERC20(address(money)).transferFrom(alice, bob, 400);
        vm.prank(stranger);
        vm.expectRevert(notActive(stranger, PartyStatus.Unknown));
        IERC20(address(money)).transferFrom(alice, bob, 400);
    }

    function test_RevertWhen_AHolderTransfersToItself() external {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, alice));
        IERC20(address(money)).transfer(alice, 1);
    }

    function test_RevertGiven_GiverOrReceiverIsBarred() external {
        tokenise(bob, AMOUNT);
        vm.prank(operator);
        registry.suspendParty(alice);
        vm.prank(alice);
        vm.expectRevert(notActive(alice, PartyStatus.Suspended));
        IERC20(address(money)).transfer(bob, 1);
        vm.prank(bob);
        vm.expectRevert(notActive(alice, PartyStatus.Suspended));
        IERC20(address(money)).transfer(alice, 1);
    }

    /// @dev Two queries of ERC-7943 and what happens are one and the same, in every state that can be reached.
    function testFuzz_When_QueriesAndTransfersAreCompared(uint256 seed, uint256 amount, uint256 held_) external {
        address[3] memory parties = [alice, bob, clients[2]]; // The third has no account here.
        amount = seed & 1 == 0 ? bound(amount, 0, AMOUNT + 2) : amount;
        held_ = bound(held_, 0, AMOUNT);
        if (held_ != 0) {
            vm.prank(address(engine));
            money.placeHold(HoldId.wrap("hold"), alice, held_);
        }
        for (uint256 i = 0; i < 2; ++i) {
            uint256 fate = (seed >> (8 + 8 * i)) % 8;
            vm.prank(operator);
            if (fate == 1) registry.suspendParty(parties[i]);
            else registry.admitParty(parties[i], Roles.CORPORATE);
            if (fate == 2) {
                vm.prank(bank);
                money.blockAccount(parties[i]);
            }
        }
        address from = parties[(seed >> 32) % 3 == 1 ? 1 : 0];
        address to = parties[(seed >> 40) % 3];
        bool said = money.canTransfer(from, to, amount);
        vm.prank(from);
        (bool done,) = address(money).call(abi.encodeCall(IERC20.transfer, (to, amount)));
        assertEq(said, done, "canTransfer says what transfer does");
        if (done) assertTrue(money.canTransact(from) && money.canTransact(to), "who moved can transact");
    }

    /// @dev The one state that the fuzz above leaves out: the bank whose money it is may not act.
    function test_Given_TheIssuerIsBarredWhenQueried() external {
        vm.prank(supervisor);
        registry.freezeParty(bank);
        assertFalse(money.canTransfer(alice, bob, 1), "a transfer would be refused");
    }

    function test_When_MetadataIsRead() external view {
        assertEq(IERC20Metadata(address(money)).decimals(), 2);
        assertEq(money.issuer(), bank);
        (address itsBank, IInstrument reserve) = money.interbankAccount();
        assertEq(itsBank, bank);
        assertEq(address(reserve), address(wholesale));
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function noAccount(address holder) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccountMoney.AccountMoney_NoAccount.selector, holder);
    }

    function blockedError(address holder) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountBlocked.selector, holder);
    }

    function notActive(address who, PartyStatus status) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, who, status);
    }
}
