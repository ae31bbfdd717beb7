// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {BillKind} from "../../../contracts/types/Bill.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev HLD-1: what is on hold serves one instruction and nothing else. The tree is in Holds.tree.
contract HoldsTest is Instructions {
    uint256 private constant AMOUNT = 1_000_000;
    HoldId private constant FIRST = HoldId.wrap("first");
    HoldId private constant SECOND = HoldId.wrap("second");

    ITokenizedDeposit private money;
    address private alice;
    address private bob;
    uint256 private title;

    function setUp() public override {
        super.setUp();
        (money, alice, bob) = (deposits[0], clients[0], clients[1]);
        tokenise(alice, AMOUNT);
        vm.prank(issuer);
        bond.issue(4 * MINIMUM);
        vm.prank(carrier);
        title = bills.issue(alice, "BL-1", "document", BillKind.ToOrder, alice);
    }

    // ---- every kind of instrument ------------------------------------------------------------------------------------

    function test_RevertWhen_AnybodyButTheEngineActs() external {
        IInstrument[4] memory all = [IInstrument(wholesale), money, bond, bills];
        address[4] memory callers = [alice, banks[0], operator, issuer];
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                bytes memory refused = abi.encodeWithSelector(IInstrument.Instrument_NotEngine.selector, callers[j]);
                vm.startPrank(callers[j]);
                vm.expectRevert(refused);
                all[i].placeHold(FIRST, alice, 1);
                vm.expectRevert(refused);
                all[i].resolveHold(FIRST, HoldResolution.Released);
                vm.expectRevert(refused);
                all[i].bookTransfer(alice, bob, 1);
                vm.stopPrank();
            }
        }
    }

    function test_When_AHoldIsPlacedAndResolved() external {
        (IInstrument[3] memory kinds, address[3] memory owners, uint256[3] memory quantities) = samples();
        for (uint256 i = 0; i < 3; ++i) {
            for (uint256 how = 0; how < 3; ++how) {
                vm.startPrank(address(engine));
                vm.expectEmit(address(kinds[i]));
                emit IInstrument.HoldPlaced(FIRST, owners[i], quantities[i]);
                kinds[i].placeHold(FIRST, owners[i], quantities[i]);
                (address owner, uint256 quantity) = kinds[i].holdOf(FIRST);
                assertEq(owner, owners[i], "owner");
                assertEq(quantity, quantities[i], "quantity");
                vm.expectEmit(address(kinds[i]));
                emit IInstrument.HoldResolved(FIRST, owners[i], quantities[i], HoldResolution(how));
                kinds[i].resolveHold(FIRST, HoldResolution(how));
                vm.stopPrank();
                (owner, quantity) = kinds[i].holdOf(FIRST);
                assertEq(owner, address(0), "gone");
                assertEq(quantity, 0, "gone");
            }
        }
    }

    function test_RevertGiven_TheHoldIsResolvedOrNeverWas() external {
        (IInstrument[3] memory kinds, address[3] memory owners, uint256[3] memory quantities) = samples();
        bytes memory refused = abi.encodeWithSelector(IInstrument.Instrument_HoldUnknown.selector, FIRST);
        vm.startPrank(address(engine));
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(refused);
            kinds[i].resolveHold(FIRST, HoldResolution.Executed);
            kinds[i].placeHold(FIRST, owners[i], quantities[i]);
            kinds[i].resolveHold(FIRST, HoldResolution.Executed);
            vm.expectRevert(refused);
            kinds[i].resolveHold(FIRST, HoldResolution.Released);
        }
    }

    function test_RevertGiven_TheHoldIdIsTaken() external {
        (IInstrument[3] memory kinds, address[3] memory owners, uint256[3] memory quantities) = samples();
        vm.startPrank(address(engine));
        for (uint256 i = 0; i < 3; ++i) {
            kinds[i].placeHold(FIRST, owners[i], quantities[i]);
            vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_HoldExists.selector, FIRST));
            kinds[i].placeHold(FIRST, owners[i], quantities[i]);
        }
    }

    // ---- fungible ----------------------------------------------------------------------------------------------------

    function test_RevertWhen_HeldMoneyIsGivenAway() external {
        hold(FIRST, 600_000);
        vm.prank(alice);
        vm.expectRevert(insufficient(400_000, 400_001));
        IERC20(address(money)).transfer(bob, 400_001);

        vm.prank(alice);
        IERC20(address(money)).approve(bob, AMOUNT);
        vm.prank(bob);
        vm.expectRevert(insufficient(400_000, AMOUNT));
        IERC20(address(money)).transferFrom(alice, bob, AMOUNT);

        vm.prank(banks[0]);
        vm.expectRevert(insufficient(400_000, 400_001));
        money.redeem(alice, 400_001, "x");

        vm.startPrank(address(engine));
        vm.expectRevert(insufficient(400_000, 400_001));
        money.bookTransfer(alice, bob, 400_001);
        vm.expectRevert(insufficient(400_000, 400_001));
        money.debit(alice, 400_001, banks[1]);
        vm.expectRevert(insufficient(400_000, 400_001));
        money.placeHold(SECOND, alice, 400_001);
    }

    function test_RevertWhen_HeldBondsAreRedeemed() external {
        vm.prank(address(engine));
        bond.placeHold(FIRST, issuer, 3 * MINIMUM);
        vm.prank(issuer);
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, issuer, MINIMUM, 2 * MINIMUM));
        bond.redeem(2 * MINIMUM);
    }

    function test_When_OnlyWhatIsFreeIsGivenAway() external {
        hold(FIRST, 600_000);
        vm.prank(alice);
        IERC20(address(money)).transfer(bob, 400_000);
        assertEq(money.freeOf(alice), 0);
        assertEq(balance(address(money), alice), 600_000, "the owner stays the owner");
        vm.startPrank(address(engine));
        money.resolveHold(FIRST, HoldResolution.Executed);
        money.bookTransfer(alice, bob, 600_000);
        assertEq(balance(address(money), bob), AMOUNT);
    }

    function test_RevertWhen_AnAccountWithAHoldIsClosed() external {
        hold(FIRST, AMOUNT);
        vm.prank(banks[0]);
        bytes4 selector = IAccountMoney.AccountMoney_AccountNotEmpty.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, AMOUNT));
        money.closeAccount(alice);
    }

    function test_Given_TheOwnerIsBlockedOrFrozen() external {
        hold(FIRST, AMOUNT);
        vm.prank(banks[0]);
        money.blockAccount(alice);
        vm.prank(supervisor);
        registry.freezeParty(alice);
        assertEq(money.heldOf(alice), AMOUNT, "blocking an account keeps its holds");
        vm.prank(address(engine));
        money.resolveHold(FIRST, HoldResolution.Expired);
        assertEq(money.freeOf(alice), AMOUNT, "a hold can always end");
        assertFalse(money.canTransact(alice), "and the account is still blocked");
    }

    function test_RevertWhen_TheHeldQuantityIsZeroOrTooLarge() external {
        uint256[2] memory quantities = [0, uint256(type(uint96).max) + 1];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(address(engine));
            vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, quantities[i]));
            money.placeHold(FIRST, alice, quantities[i]);
        }
    }

    /// @dev Any mixture of holds, releases, transfers, issues and redemptions: what is free and what is held make up
    /// the balance, and what is held is what the open holds say.
    function testFuzz_When_HoldsComeAndGo(uint256[16] memory steps) external {
        uint256[4] memory open;
        for (uint256 i = 0; i < steps.length; ++i) {
            uint256 slot = (steps[i] >> 8) & 3;
            HoldId id = HoldId.wrap(bytes32(1 + slot));
            uint256 quantity = 1 + (steps[i] >> 16) % (AMOUNT + 10);
            uint256 free = money.freeOf(alice);
            uint256 kind = steps[i] % 5;
            bool fits = quantity <= free;
            if (kind == 0) {
                fits = fits && open[slot] == 0;
                attempt(address(engine), abi.encodeCall(IInstrument.placeHold, (id, alice, quantity)), fits);
                if (fits) open[slot] = quantity;
            } else if (kind == 1) {
                bytes memory input = abi.encodeCall(IInstrument.resolveHold, (id, HoldResolution.Released));
                attempt(address(engine), input, open[slot] != 0);
                open[slot] = 0;
            } else if (kind == 2) {
                attempt(alice, abi.encodeCall(IERC20.transfer, (bob, quantity)), fits);
            } else if (kind == 3) {
                attempt(banks[0], abi.encodeCall(IAccountMoney.redeem, (alice, quantity, bytes32(1000 + i))), fits);
            } else {
                attempt(banks[0], abi.encodeCall(IAccountMoney.issue, (alice, quantity, bytes32(1000 + i))), true);
            }
            uint256 held_ = open[0] + open[1] + open[2] + open[3];
            assertEq(money.heldOf(alice), held_, "held is the sum of the holds");
            assertEq(money.freeOf(alice) + held_, balance(address(money), alice), "held + free = balance");
            assertTrue(money.hasAccount(alice), "the flags above are untouched");
        }
    }

    // ---- titles ------------------------------------------------------------------------------------------------------

    function test_RevertWhen_AHeldTitleIsMovedHeldOrSurrendered() external {
        vm.startPrank(address(engine));
        bills.placeHold(FIRST, alice, title);
        bytes memory refused = abi.encodeWithSelector(ITitleInstrument.Title_OnHold.selector, title, FIRST);
        vm.expectRevert(refused);
        bills.bookTransfer(alice, bob, title);
        vm.expectRevert(refused);
        bills.placeHold(SECOND, alice, title);
        vm.stopPrank();
        vm.prank(alice);
        vm.expectRevert(refused);
        bills.surrenderForDelivery(title);
        assertEq(bills.moveReasons(alice, bob, title)[0], refused, "the dry run says so");
    }

    function test_RevertWhen_AHeldTitleIsVoided() external {
        vm.prank(address(engine));
        bills.bookTransfer(alice, carrier, title);
        vm.prank(address(engine));
        bills.placeHold(FIRST, carrier, title);
        vm.prank(carrier);
        vm.expectRevert(abi.encodeWithSelector(ITitleInstrument.Title_OnHold.selector, title, FIRST));
        bills.voidBill(title);
    }

    function test_RevertWhen_ATitleIsHeldOfAnother() external {
        vm.startPrank(address(engine));
        vm.expectRevert(abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, title, bob));
        bills.placeHold(FIRST, bob, title);
        vm.expectRevert(abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, 5, alice));
        bills.placeHold(FIRST, alice, 5);
        vm.expectRevert(abi.encodeWithSelector(ITitleInstrument.Title_NotOwner.selector, 5, address(0)));
        bills.placeHold(FIRST, address(0), 5);
    }

    function test_When_ATitleIsReleased() external {
        vm.startPrank(address(engine));
        bills.placeHold(FIRST, alice, title);
        bills.resolveHold(FIRST, HoldResolution.Released);
        bills.placeHold(SECOND, alice, title);
        bills.resolveHold(SECOND, HoldResolution.Executed);
        bills.bookTransfer(alice, bob, title);
        assertEq(ownerOf(title), bob, "moved");
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function samples()
        private
        view
        returns (IInstrument[3] memory kinds, address[3] memory owners, uint256[3] memory quantities)
    {
        return ([IInstrument(money), bond, bills], [alice, issuer, alice], [uint256(1000), MINIMUM, title]);
    }

    function hold(HoldId id, uint256 quantity) private {
        vm.prank(address(engine));
        money.placeHold(id, alice, quantity);
    }

    function attempt(address caller, bytes memory data, bool passes) private {
        vm.prank(caller);
        (bool ok,) = address(money).call(data);
        assertEq(ok, passes, "refused exactly where it has to be");
    }

    function insufficient(uint256 free, uint256 needed) private view returns (bytes memory) {
        return abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, alice, free, needed);
    }

    function ownerOf(uint256 id) private view returns (address owner) {
        (, bytes memory data) = address(bills).staticcall(abi.encodeWithSignature("ownerOf(uint256)", id));
        return abi.decode(data, (address));
    }
}
