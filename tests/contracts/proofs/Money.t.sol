// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {HoldId, HoldResolution} from "../../../contracts/types/Settlement.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev A tokenised deposit with anything in its storage. Wholesale CBDC is the same code without debits and mandates.
///
/// Taken as given of the accounts that a property is about, because the properties themselves hand it on from call to
/// call: what is held is part of the balance, what a hold is of is held, and nobody has more than the supply.
contract MoneyProofs is Symbolic {
    address internal constant ENGINE = address(0xe1);
    address internal constant RESERVE = address(0xce1);

    ITokenizedDeposit internal money;

    struct Account {
        uint256 balance;
        uint256 held;
        bool open;
    }

    function make() internal override {
        bytes memory arguments = abi.encode("Deposit", "d", uint8(2), ENGINE, ISSUER, registry, RESERVE, HONG_KONG);
        money = ITokenizedDeposit(make("TokenizedDeposit", arguments));
    }

    // ---- conservation ------------------------------------------------------------------------------------------------

    /// @notice A movement by the engine takes from the giver what it gives the receiver, and changes nothing else.
    /// @dev Symbolic: both parties, the quantity, a third party, everybody's balance, holds and status.
    /// @custom:bounds one movement
    function check_MON_1_AMovementConserves(address giver, address receiver, uint256 quantity, address third) public {
        vm.assume(third != giver && third != receiver);
        uint256 supply = supplyOf();
        Account memory givers = soundOf(giver);
        Account memory receivers = soundOf(receiver);
        Account memory thirds = accountOf(third);
        vm.prank(ENGINE);
        money.bookTransfer(giver, receiver, quantity);
        assert(quantity <= givers.balance - givers.held);
        assertChanged(giver, givers, 0, quantity);
        assertChanged(receiver, receivers, quantity, 0);
        assertChanged(third, thirds, 0, 0);
        assert(supplyOf() == supply);
    }

    function reach_MON_1_AMovementConserves(address giver, address receiver, uint256 quantity, address third)
        public
        reaches
    {
        check_MON_1_AMovementConserves(giver, receiver, quantity, third);
    }

    /// @notice A holder's own transfer does the same, and takes from another only what that one has approved.
    /// @dev Symbolic: the caller, both parties, the quantity, a third party, which of the two functions, all allowances.
    /// @custom:bounds one call
    function check_MON_1_ATransferConserves(
        address caller,
        address giver,
        address receiver,
        uint256 quantity,
        address third,
        bool direct
    ) public {
        if (direct) vm.assume(caller == giver);
        vm.assume(third != giver && third != receiver);
        uint256 supply = supplyOf();
        uint256 allowed = IERC20(address(money)).allowance(giver, caller);
        Account memory givers = soundOf(giver);
        Account memory receivers = soundOf(receiver);
        Account memory thirds = accountOf(third);
        vm.prank(caller);
        if (direct) IERC20(address(money)).transfer(receiver, quantity);
        else IERC20(address(money)).transferFrom(giver, receiver, quantity);
        assert(quantity <= givers.balance - givers.held);
        assert(direct || quantity <= allowed);
        assertChanged(giver, givers, 0, quantity);
        assertChanged(receiver, receivers, quantity, 0);
        assertChanged(third, thirds, 0, 0);
        assert(supplyOf() == supply);
    }

    function reach_MON_1_ATransferConserves(
        address caller,
        address giver,
        address receiver,
        uint256 quantity,
        address third,
        bool direct
    ) public reaches {
        check_MON_1_ATransferConserves(caller, giver, receiver, quantity, third, direct);
    }

    /// @notice What comes into being or ceases to be is one account's and the supply's, by the same amount.
    /// @dev Symbolic: the caller, the account, the amount, a third party, the payee's bank, which of the four functions.
    /// @custom:bounds one call
    function check_MON_1_SupplyFollowsTheAccount(
        address caller,
        address account,
        uint256 amount,
        address third,
        address bank,
        uint8 which
    ) public {
        vm.assume(third != account);
        uint256 supply = supplyOf();
        Account memory accounts = soundOf(account);
        Account memory thirds = accountOf(third);
        vm.assume(accounts.balance <= supply);
        vm.prank(caller);
        if (which == 0) money.issue(account, amount, "reference");
        else if (which == 1) money.creditClient(account, amount);
        else if (which == 2) money.redeem(account, amount, "reference");
        else money.debit(account, amount, bank);
        bool adds = which < 2;
        assert(caller == (which % 2 == 0 && which < 4 ? ISSUER : ENGINE));
        assert(adds || amount <= accounts.balance - accounts.held);
        assertChanged(account, accounts, adds ? amount : 0, adds ? 0 : amount);
        assertChanged(third, thirds, 0, 0);
        unchecked {
            assert(supplyOf() == (adds ? supply + amount : supply - amount));
            assert(!adds || supplyOf() > supply);
        }
    }

    function reach_MON_1_SupplyFollowsTheAccount(
        address caller,
        address account,
        uint256 amount,
        address third,
        address bank,
        uint8 which
    ) public reaches {
        check_MON_1_SupplyFollowsTheAccount(caller, account, amount, third, bank, which);
    }

    /// @notice No other function changes a balance or the supply, whoever calls it.
    /// @dev Symbolic: the function, its arguments, the caller, the account. With the three above: the balances add up to
    /// the supply after any calls, if they did before.
    /// @custom:bounds one call
    function check_MON_1_NothingElseChangesABalance(address caller, address account) public {
        bytes memory input = svm.createCalldata("TokenizedDeposit");
        bytes4 selector = selectorOf(input);
        vm.assume(
            selector != IInstrument.bookTransfer.selector && selector != IERC20.transfer.selector
                && selector != IERC20.transferFrom.selector && selector != IAccountMoney.issue.selector
                && selector != IAccountMoney.redeem.selector && selector != IDepositMoney.debit.selector
                && selector != IDepositMoney.creditClient.selector
        );
        if (selector == IInstrument.resolveHold.selector) assumeSoundHold(money, input);
        uint256 supply = supplyOf();
        uint256 balance = balanceOf(account);
        soundOf(account);
        call(address(money), caller, input);
        assert(balanceOf(account) == balance);
        assert(supplyOf() == supply);
    }

    function reach_MON_1_NothingElseChangesABalance(address caller, address account) public reaches {
        check_MON_1_NothingElseChangesABalance(caller, account);
    }

    // ---- clients and strangers ---------------------------------------------------------------------------------------

    /// @notice Whoever has a balance has an account, after any call of anybody's.
    /// @dev Symbolic: the function, its arguments, the caller, the account.
    /// @custom:bounds one call
    function check_MON_2_OnlyClientsHoldDeposits(address caller, address account) public {
        bytes memory input = svm.createCalldata("TokenizedDeposit");
        if (selectorOf(input) == IInstrument.resolveHold.selector) assumeSoundHold(money, input);
        Account memory accounts = soundOf(account);
        vm.assume(accounts.open || accounts.balance == 0);
        call(address(money), caller, input);
        accounts = accountOf(account);
        assert(accounts.open || accounts.balance == 0);
    }

    function reach_MON_2_OnlyClientsHoldDeposits(address caller, address account) public reaches {
        check_MON_2_OnlyClientsHoldDeposits(caller, account);
    }

    /// @notice Who is neither engine nor bank can take nothing of anybody who has approved nothing to it, hold nothing of
    /// it, close or block nobody's account, change no mandate and not the supply.
    /// @dev Symbolic: the function, its arguments, the caller, the victim, a counterparty.
    /// @custom:bounds one call
    function check_MON_2_AStrangerTakesNothing(address stranger, address victim, address counterparty) public {
        vm.assume(stranger != ENGINE && stranger != ISSUER && stranger != victim);
        vm.assume(IERC20(address(money)).allowance(victim, stranger) == 0);
        bytes memory input = svm.createCalldata("TokenizedDeposit");
        uint256 supply = supplyOf();
        Account memory victims = soundOf(victim);
        (uint64 perPayment, uint64 perDay, uint64 used) = money.mandate(counterparty);
        call(address(money), stranger, input);
        Account memory now_ = accountOf(victim);
        assert(now_.balance >= victims.balance);
        assert(now_.held == victims.held);
        assert(now_.open == victims.open);
        assert(supplyOf() == supply);
        (uint64 perPaymentNow, uint64 perDayNow, uint64 usedNow) = money.mandate(counterparty);
        assert(perPaymentNow == perPayment && perDayNow == perDay && usedNow == used);
    }

    function reach_MON_2_AStrangerTakesNothing(address stranger, address victim, address counterparty) public reaches {
        check_MON_2_AStrangerTakesNothing(stranger, victim, counterparty);
    }

    /// @notice A holder's own transfer goes from an active party to an active party, and its issuer is active.
    /// @dev Symbolic: all parties, the quantity, every party's status.
    /// @custom:bounds one call
    function check_CMP_1_ATransferIsBetweenActiveParties(address giver, address receiver, uint256 quantity) public {
        soundOf(giver);
        vm.prank(giver);
        IERC20(address(money)).transfer(receiver, quantity);
        assert(isActive(giver) && isActive(receiver) && isActive(ISSUER));
    }

    function reach_CMP_1_ATransferIsBetweenActiveParties(address giver, address receiver, uint256 quantity)
        public
        reaches
    {
        check_CMP_1_ATransferIsBetweenActiveParties(giver, receiver, quantity);
    }

    // ---- the mandate -------------------------------------------------------------------------------------------------

    /// @notice A debit that counts as covered is within both limits and uses up the day's; another uses nothing.
    /// @dev Symbolic: the payer, the amount, the payee's bank, the time, both limits, what was used and on which day.
    /// @custom:bounds one debit
    function check_MON_3_ACoveredDebitIsWithinTheMandate(address payer, uint256 amount, address bank, uint64 time)
        public
    {
        vm.warp(time);
        soundOf(payer);
        (uint64 perPayment, uint64 perDay, uint64 used) = money.mandate(bank);
        vm.prank(ENGINE);
        (address payerBank,, bool covered) = money.debit(payer, amount, bank);
        (uint64 perPaymentNow, uint64 perDayNow, uint64 usedNow) = money.mandate(bank);
        assert(payerBank == ISSUER);
        assert(perPaymentNow == perPayment && perDayNow == perDay);
        unchecked {
            assert(usedNow == (covered ? used + amount : used));
        }
        assert(!covered || (amount <= perPayment && usedNow <= perDay));
    }

    function reach_MON_3_ACoveredDebitIsWithinTheMandate(address payer, uint256 amount, address bank, uint64 time)
        public
        reaches
    {
        check_MON_3_ACoveredDebitIsWithinTheMandate(payer, amount, bank, time);
    }

    // ---- holds -------------------------------------------------------------------------------------------------------

    /// @notice Only placing and resolving a hold changes what is held, and what is held stays part of the balance.
    /// @dev Symbolic: the function, its arguments, the caller, the account.
    /// @custom:bounds one call
    function check_HLD_1_WhatIsHeldStaysAndStaysCovered(address caller, address account) public {
        bytes memory input = svm.createCalldata("TokenizedDeposit");
        bytes4 selector = selectorOf(input);
        if (selector == IInstrument.resolveHold.selector) assumeSoundHold(money, input);
        Account memory accounts = soundOf(account);
        call(address(money), caller, input);
        Account memory now_ = accountOf(account);
        assert(now_.held <= now_.balance);
        if (now_.held != accounts.held) {
            assert(caller == ENGINE);
            assert(selector == IInstrument.placeHold.selector || selector == IInstrument.resolveHold.selector);
        }
    }

    function reach_HLD_1_WhatIsHeldStaysAndStaysCovered(address caller, address account) public reaches {
        check_HLD_1_WhatIsHeldStaysAndStaysCovered(caller, account);
    }

    /// @notice A hold sets aside exactly what is free, its end gives exactly that back, and it ends once.
    /// @dev Symbolic: the hold, the owner, the quantity, how it ends, a third party.
    /// @custom:bounds one hold, placed and resolved
    function check_HLD_1_AHoldIsExactAndEndsOnce(HoldId id, address owner, uint256 quantity, uint8 how, address third)
        public
    {
        vm.assume(how < 3 && third != owner && owner != address(0)); // which is never admitted
        Account memory owners = soundOf(owner);
        Account memory thirds = accountOf(third);
        vm.startPrank(ENGINE);
        money.placeHold(id, owner, quantity);
        (address heldOf, uint256 heldQuantity) = money.holdOf(id);
        assert(heldOf == owner && heldQuantity == quantity);
        assert(accountOf(owner).balance == owners.balance);
        unchecked {
            assert(quantity <= owners.balance - owners.held);
            assert(accountOf(owner).held == owners.held + quantity);
            assert(money.freeOf(owner) == owners.balance - owners.held - quantity);
        }
        (bool again,) = address(money).call(abi.encodeCall(IInstrument.placeHold, (id, owner, quantity)));
        assert(!again);
        money.resolveHold(id, HoldResolution(how));
        assertChanged(owner, owners, 0, 0);
        assertChanged(third, thirds, 0, 0);
        (again,) = address(money).call(abi.encodeCall(IInstrument.resolveHold, (id, HoldResolution(how))));
        assert(!again);
        vm.stopPrank();
    }

    function reach_HLD_1_AHoldIsExactAndEndsOnce(HoldId id, address owner, uint256 quantity, uint8 how, address third)
        public
        reaches
    {
        check_HLD_1_AHoldIsExactAndEndsOnce(id, owner, quantity, how, third);
    }

    /// @notice The end of any hold lowers what its owner has held by the hold's quantity, and nothing else of anybody.
    /// @dev Symbolic: the hold and what it is of, how it ends, a third party.
    /// @custom:bounds one hold
    function check_HLD_1_AnyHoldEndsExactly(HoldId id, uint8 how, address third) public {
        vm.assume(how < 3);
        (address owner, uint256 quantity) = money.holdOf(id);
        vm.assume(third != owner);
        Account memory owners = soundOf(owner);
        Account memory thirds = accountOf(third);
        vm.assume(quantity <= owners.held);
        vm.prank(ENGINE);
        money.resolveHold(id, HoldResolution(how));
        assert(owner != address(0));
        assert(accountOf(owner).balance == owners.balance && accountOf(owner).open == owners.open);
        unchecked {
            assert(accountOf(owner).held == owners.held - quantity);
        }
        assertChanged(third, thirds, 0, 0);
        (address left,) = money.holdOf(id);
        assert(left == address(0));
    }

    function reach_HLD_1_AnyHoldEndsExactly(HoldId id, uint8 how, address third) public reaches {
        check_HLD_1_AnyHoldEndsExactly(id, how, third);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function assertChanged(address account, Account memory was, uint256 more, uint256 less) private view {
        Account memory now_ = accountOf(account);
        unchecked {
            assert(now_.balance == was.balance + more - less);
        }
        assert(more == 0 || now_.balance > was.balance);
        assert(now_.held == was.held);
        assert(now_.open == was.open);
    }

    function accountOf(address account) private view returns (Account memory) {
        return Account(balanceOf(account), money.heldOf(account), money.hasAccount(account));
    }

    function soundOf(address account) private view returns (Account memory sound) {
        sound = accountOf(account);
        vm.assume(sound.held <= sound.balance);
    }

    function supplyOf() private view returns (uint256) {
        return IERC20(address(money)).totalSupply();
    }

    function balanceOf(address account) private view returns (uint256) {
        return IERC20(address(money)).balanceOf(account);
    }

    function isActive(address party) private view returns (bool) {
        return registry.statusOf(party) == PartyStatus.Active;
    }
}
