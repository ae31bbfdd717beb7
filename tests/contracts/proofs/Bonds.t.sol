// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {BondStatus, Call, Coupon, Repayment} from "../../../contracts/types/Bond.sol";
import {Symbolic} from "./Symbolic.sol";

/// @custom:halmos --solver-timeout-branching 100
/// @dev A green bond with anything in its storage: any holdings, holds, stage and paying agent, any number of records
/// passed, each account changed last in any period. What is fixed when it is made is concrete: an increment of 1,024 and
/// a minimum of 4,096, powers of two, by which a solver divides at once. So is that no record time passes at the very
/// call.
///
/// Taken as given is what `MoneyProofs` takes as given: what is held is part of the balance, what a hold is of is held,
/// and nobody has more than the supply.
contract BondProofs is Symbolic {
    address internal constant ENGINE = address(0xe1);
    /// @dev Which the constructor has written: the next record time in its low 64 bits, the records passed, the stage.
    uint256 private constant REGISTER_SLOT = 8;
    uint256 private constant MINIMUM = 4096;

    IGreenBond internal bond;

    struct Account {
        uint256 balance;
        uint256 held;
    }

    function make() internal override {
        IGreenBond.Terms memory terms;
        terms.isin = "HK0000000007";
        terms.nominal = 2 ** 95;
        terms.minimumDenomination = uint96(MINIMUM);
        terms.increment = 1024;
        terms.frequency = 1;
        Coupon[] memory coupons = new Coupon[](1);
        coupons[0] = Coupon(1, 3, 0, 1, 2, 1, 0, 0);
        bytes memory arguments = abi.encode(
            "Bond", "B", ENGINE, ISSUER, registry, terms, coupons, new Repayment[](0), new Call[](0), "framework"
        );
        bond = IGreenBond(make("GreenBond", arguments));
        bytes32 register = svm.createBytes32("register");
        vm.assume(uint64(uint256(register)) > block.timestamp);
        vm.store(address(bond), bytes32(REGISTER_SLOT), register);
    }

    /// @notice A movement by the engine takes from the giver what it gives the receiver, and changes nothing else; nobody
    /// else can make it.
    /// @dev Symbolic: the caller, both parties, the quantity, a third party, everybody's balance, holds and records.
    /// @custom:bounds one movement of a live bond, both sides keep the minimum, no record time at that moment
    function check_AST_1_AMovementConserves(
        address caller,
        address giver,
        address receiver,
        uint256 quantity,
        address third
    ) public {
        vm.assume(bond.status() == BondStatus.Live);
        vm.assume(third != giver && third != receiver);
        uint256 supply = supplyOf();
        Account memory givers = soundOf(giver);
        Account memory receivers = soundOf(receiver);
        Account memory thirds = accountOf(third);
        unchecked {
            vm.assume(givers.balance - givers.held - quantity >= MINIMUM);
            vm.assume(receivers.balance - receivers.held + quantity >= MINIMUM);
        }
        vm.prank(caller);
        bond.bookTransfer(giver, receiver, quantity);
        assert(caller == ENGINE);
        unchecked {
            uint256 wrong = shortBy(quantity, givers.balance - givers.held) | (supplyOf() ^ supply);
            wrong |= difference(giver, givers, 0, quantity) | difference(receiver, receivers, quantity, 0);
            assert(wrong | difference(third, thirds, 0, 0) == 0);
        }
    }

    function reach_AST_1_AMovementConserves(
        address caller,
        address giver,
        address receiver,
        uint256 quantity,
        address third
    ) public reaches {
        check_AST_1_AMovementConserves(caller, giver, receiver, quantity, third);
    }

    /// @notice But for a movement, a holder's own transfer, issue and redemption, no function changes a balance or the
    /// supply, whoever calls it, and nobody but the engine changes what is held.
    /// @dev Symbolic: the function, its arguments, the caller, the account. The transfer is the code of `MoneyProofs`.
    /// @custom:bounds one call, no record time at that moment
    function check_AST_1_NothingElseChangesABalance(address caller, address account) public {
        bytes memory input = svm.createCalldata("GreenBond");
        bytes4 selector = selectorOf(input);
        vm.assume(
            selector != IInstrument.bookTransfer.selector && selector != IERC20.transfer.selector
                && selector != IERC20.transferFrom.selector && selector != IGreenBond.issue.selector
                && selector != IGreenBond.redeem.selector && selector != IGreenBond.redeemHolder.selector
        );
        if (selector == IInstrument.resolveHold.selector) assumeSoundHold(bond, input);
        uint256 supply = supplyOf();
        Account memory was = soundOf(account);
        call(address(bond), caller, input);
        Account memory now_ = accountOf(account);
        assert((now_.balance ^ was.balance) | (supplyOf() ^ supply) == 0);
        assert(now_.held == was.held || caller == ENGINE);
    }

    function reach_AST_1_NothingElseChangesABalance(address caller, address account) public reaches {
        check_AST_1_NothingElseChangesABalance(caller, account);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    /// @dev Zero where an account has changed by that much and no hold of it has. Gathered without a branch, so that each
    /// path ends in one question to the solver.
    function difference(address account, Account memory was, uint256 more, uint256 less)
        private
        view
        returns (uint256)
    {
        Account memory now_ = accountOf(account);
        unchecked {
            return (now_.balance ^ (was.balance + more - less)) | (now_.held ^ was.held)
                | shortBy(was.balance, now_.balance + less);
        }
    }

    /// @dev Zero where `wanted` is at most `there`.
    function shortBy(uint256 wanted, uint256 there) private pure returns (uint256 short) {
        assembly ("memory-safe") {
            short := gt(wanted, there)
        }
    }

    function accountOf(address account) private view returns (Account memory) {
        return Account(IERC20(address(bond)).balanceOf(account), bond.heldOf(account));
    }

    function soundOf(address account) private view returns (Account memory sound) {
        sound = accountOf(account);
        vm.assume(sound.held <= sound.balance);
    }

    function supplyOf() private view returns (uint256) {
        return IERC20(address(bond)).totalSupply();
    }
}
