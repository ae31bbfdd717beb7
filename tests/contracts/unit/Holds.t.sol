// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev What an instrument owes the engine, asked directly: the same suite on both bases, fungible and title.
contract HoldsTest is Base {
    HoldId private constant HOLD = HoldId.wrap("hold");

    uint256 private title;
    address[2] private instruments;
    uint256[2] private quantities;

    function setUp() public override {
        super.setUp();
        title = issueBill(alice, "HKG-1");
        instruments = [address(bond), address(bills)];
        quantities = [uint256(MINIMUM), title];
    }

    function test_RevertWhen_TheCallerIsNotTheEngine() external {
        address[4] memory others = [operator, issuer, carrier, alice];
        for (uint256 i = 0; i < 2; ++i) {
            IInstrument token = IInstrument(instruments[i]);
            for (uint256 j = 0; j < others.length; ++j) {
                bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_NotEngine.selector, others[j]);
                vm.startPrank(others[j]);
                vm.expectRevert(reason);
                token.bookTransfer(alice, bob, quantities[i]);
                vm.expectRevert(reason);
                token.placeHold(HOLD, alice, quantities[i]);
                vm.expectRevert(reason);
                token.resolveHold(HOLD, HoldResolution.Released);
                vm.stopPrank();
            }
        }
    }

    function test_RevertWhen_TheCallerOfADepositIsNotTheEngine() external {
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_NotEngine.selector, banks[0]);
        vm.startPrank(banks[0]);
        vm.expectRevert(reason);
        IDepositMoney(address(deposits[0])).debit(alice, 1, banks[1]);
        vm.expectRevert(reason);
        IDepositMoney(address(deposits[0])).creditClient(alice, 1);
        vm.stopPrank();
    }

    function test_RevertGiven_TheHoldExists() external {
        vm.startPrank(address(engine));
        for (uint256 i = 0; i < 2; ++i) {
            IInstrument token = IInstrument(instruments[i]);
            token.placeHold(HOLD, alice, quantities[i]);
            vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_HoldExists.selector, HOLD));
            token.placeHold(HOLD, alice, quantities[i]);
        }
        vm.stopPrank();
    }

    function test_RevertGiven_TheHoldIsUnknownOrEnded() external {
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_HoldUnknown.selector, HOLD);
        vm.startPrank(address(engine));
        for (uint256 i = 0; i < 2; ++i) {
            IInstrument token = IInstrument(instruments[i]);
            vm.expectRevert(reason);
            token.resolveHold(HOLD, HoldResolution.Executed);
            token.placeHold(HOLD, alice, quantities[i]);
            token.resolveHold(HOLD, HoldResolution.Executed);
            vm.expectRevert(reason);
            token.resolveHold(HOLD, HoldResolution.Released);
        }
        vm.stopPrank();
    }

    function test_When_PlacedAndResolved() external {
        vm.startPrank(address(engine));
        for (uint256 i = 0; i < 2; ++i) {
            IInstrument token = IInstrument(instruments[i]);
            vm.expectEmit(instruments[i]);
            emit IInstrument.HoldPlaced(HOLD, alice, quantities[i]);
            token.placeHold(HOLD, alice, quantities[i]);
            _assertHold(token, alice, quantities[i]);
            vm.expectEmit(instruments[i]);
            emit IInstrument.HoldResolved(HOLD, alice, quantities[i], HoldResolution.Expired);
            token.resolveHold(HOLD, HoldResolution.Expired);
            _assertHold(token, address(0), 0);
        }
        vm.stopPrank();
    }

    function test_RevertWhen_AHoldIsForNothing() external {
        vm.startPrank(address(engine));
        vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, 0));
        bond.placeHold(HOLD, alice, 0);
        vm.stopPrank();
    }

    function _assertHold(IInstrument token, address owner, uint256 quantity) private view {
        (address actualOwner, uint256 actualQuantity) = token.holdOf(HOLD);
        assertEq(actualOwner, owner, "owner");
        assertEq(actualQuantity, quantity, "quantity");
    }
}
