// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Every function of money at every state of the account that it is about: none, open, blocked. The tree is in
/// AccountStates.tree.
abstract contract AccountStates is Base {
    HoldId private constant HOLD = HoldId.wrap("before");
    HoldId private constant OTHER = HoldId.wrap("other");

    IAccountMoney internal money;
    address internal bank;
    address internal holder;
    address internal neighbour;

    /// @dev The money, its issuer, and two who have an account.
    function _subject() internal view virtual returns (IAccountMoney, address, address, address);

    function setUp() public override {
        super.setUp();
        (money, bank, holder, neighbour) = _subject();
        vm.prank(address(engine));
        money.placeHold(HOLD, holder, 1);
    }

    // ---- the account itself ------------------------------------------------------------------------------------------

    function test_When_OpenAccountIsCalled() external {
        _expect(bank, abi.encodeCall(IAccountMoney.openAccount, (holder)), "", _exists(), _exists());
    }

    function test_When_CloseAccountIsCalled() external {
        bytes memory left = abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountNotEmpty.selector, holder, CASH);
        _expect(bank, abi.encodeCall(IAccountMoney.closeAccount, (holder)), _none(), left, left);
    }

    function test_When_BlockAccountIsCalled() external {
        _expect(bank, abi.encodeCall(IAccountMoney.blockAccount, (holder)), _none(), "", "");
    }

    function test_When_UnblockAccountIsCalled() external {
        _expect(bank, abi.encodeCall(IAccountMoney.unblockAccount, (holder)), _none(), "", "");
    }

    // ---- the issuer's bookings ---------------------------------------------------------------------------------------

    function test_When_IssueIsCalled() external {
        _expectOnlyOpen(bank, abi.encodeCall(IAccountMoney.issue, (holder, 1, "x")));
    }

    function test_When_RedeemIsCalled() external {
        _expectOnlyOpen(bank, abi.encodeCall(IAccountMoney.redeem, (holder, 1, "x")));
    }

    // ---- the holder's own --------------------------------------------------------------------------------------------

    function test_When_TransferIsCalled() external {
        _expectOnlyOpen(holder, abi.encodeCall(IERC20.transfer, (neighbour, 1)));
        _expectOnlyOpen(neighbour, abi.encodeCall(IERC20.transfer, (holder, 1)));
    }

    function test_When_TransferFromIsCalled() external {
        vm.prank(holder);
        IERC20(address(money)).approve(dan, 1);
        vm.prank(neighbour);
        IERC20(address(money)).approve(dan, 1);
        _expectOnlyOpen(dan, abi.encodeCall(IERC20.transferFrom, (holder, neighbour, 1)));
        _expectOnlyOpen(dan, abi.encodeCall(IERC20.transferFrom, (neighbour, holder, 1)));
    }

    // ---- the engine's ------------------------------------------------------------------------------------------------

    function test_When_BookTransferIsCalled() external {
        _expectOnlyOpen(address(engine), abi.encodeCall(IInstrument.bookTransfer, (holder, neighbour, 1)));
        _expectOnlyOpen(address(engine), abi.encodeCall(IInstrument.bookTransfer, (neighbour, holder, 1)));
    }

    function test_When_PlaceHoldIsCalled() external {
        _expectOnlyOpen(address(engine), abi.encodeCall(IInstrument.placeHold, (OTHER, holder, 1)));
    }

    /// @dev A hold ends whatever the account is like; one with a hold is never closed, so there is none without one.
    function test_When_ResolveHoldIsCalled() external {
        bytes memory unknown = abi.encodeWithSelector(IInstrument.Instrument_HoldUnknown.selector, HOLD);
        for (uint256 how = 0; how < 3; ++how) {
            bytes memory input = abi.encodeCall(IInstrument.resolveHold, (HOLD, HoldResolution(how)));
            _expect(address(engine), input, unknown, "", "");
        }
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _expectOnlyOpen(address caller, bytes memory input) internal {
        _expect(
            caller,
            input,
            _none(),
            "",
            abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountBlocked.selector, holder)
        );
    }

    /// @dev What each state answers with; nothing where it succeeds.
    function _expect(address caller, bytes memory input, bytes memory none, bytes memory open, bytes memory blocked)
        private
    {
        uint256 state = vm.snapshotState();
        _call(caller, input, open, "open");
        vm.revertToState(state);
        vm.prank(bank);
        money.blockAccount(holder);
        _call(caller, input, blocked, "blocked");
        vm.revertToState(state);
        vm.prank(address(engine));
        money.resolveHold(HOLD, HoldResolution.Released);
        vm.startPrank(bank);
        money.redeem(holder, CASH, "all");
        money.closeAccount(holder);
        vm.stopPrank();
        _call(caller, input, none, "none");
        vm.revertToStateAndDelete(state);
    }

    function _call(address caller, bytes memory input, bytes memory expected, string memory state) private {
        vm.prank(caller);
        (bool success, bytes memory data) = address(money).call(input);
        assertEq(success, expected.length == 0, state);
        if (!success) assertEq(data, expected, state);
    }

    function _none() private view returns (bytes memory) {
        return abi.encodeWithSelector(IAccountMoney.AccountMoney_NoAccount.selector, holder);
    }

    function _exists() private view returns (bytes memory) {
        return abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountExists.selector, holder);
    }
}

contract DepositStatesTest is AccountStates {
    function _subject() internal view override returns (IAccountMoney, address, address, address) {
        return (deposits[0], banks[0], alice, bob);
    }

    function test_When_DebitIsCalled() external {
        _expectOnlyOpen(address(engine), abi.encodeCall(IDepositMoney.debit, (holder, 1, banks[1])));
    }

    function test_When_CreditClientIsCalled() external {
        _expectOnlyOpen(address(engine), abi.encodeCall(IDepositMoney.creditClient, (holder, 1)));
    }
}

contract ReserveStatesTest is AccountStates {
    function _subject() internal view override returns (IAccountMoney, address, address, address) {
        return (wholesale, authority, banks[0], banks[1]);
    }
}
