// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Vm} from "forge-std/Vm.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {InstrumentKind, Roles} from "../../../contracts/types/Participation.sol";
import {BatchMode, Instruction, Leg, Settlement} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Reserves inside a batch: moved once per bank; who is refused when they do not reach.
contract NettingTest is Base {
    function setUp() public override {
        super.setUp();
        _leaveReserves(0, 10);
        _leaveReserves(1, 0);
        _leaveReserves(2, 0);
    }

    // ---- all or nothing ----------------------------------------------------------------------------------------------

    /// @dev 100 there and 95 back: gross, bank 0 would need 100; netted it needs 5.
    function test_When_AllOrNothingTheNetIsEnough() external {
        Settlement[] memory settlements =
            batchOf(instruct(payment(alice, carol, 100)), instruct(payment(carol, alice, 95)));
        settleBatch(settlements, BatchMode.AllOrNothing);
        _assertReserves(5, 5, 0);
        assertEq(balance(address(deposits[0]), alice), CASH - 5, "alice's payments were gross");
        assertEq(balance(address(deposits[1]), carol), CASH + 5, "carol's payments were gross");
    }

    /// @dev Three banks in a ring owe each other the same, and nobody needs any reserves.
    function test_When_ARingOfPaymentsCancelsOut() external {
        Settlement[] memory settlements = batchOf(
            instruct(payment(alice, carol, 1000)),
            instruct(payment(carol, erin, 1000)),
            instruct(payment(erin, alice, 1000))
        );
        vm.recordLogs();
        settleBatch(settlements, BatchMode.AllOrNothing);
        assertEq(_reserveMovements(), 0, "no reserve movement at all");
        _assertReserves(10, 0, 0);
    }

    function test_When_OneBankOwesTwo() external {
        Settlement[] memory settlements = batchOf(
            instruct(payment(alice, carol, 4)), instruct(payment(bob, erin, 5)), instruct(payment(alice, frank, 1))
        );
        vm.recordLogs();
        settleBatch(settlements, BatchMode.AllOrNothing);
        assertEq(_reserveMovements(), 2, "one movement for each creditor bank");
        _assertReserves(0, 4, 6);
    }

    /// @dev With fewer banks there is one that all others owe, or one that owes all others, and nobody can pay too much.
    function test_When_TwoBanksOweTwo() external {
        issueReserves(1, 10);
        (address fourth, address client, address money) = _fourthBank();
        settleBatch(
            batchOf(
                instruct(payment(alice, erin, 3)),
                instruct(Leg(alice, client, address(deposits[0]), money, 2)),
                instruct(Leg(carol, client, address(deposits[1]), money, 5))
            ),
            BatchMode.AllOrNothing
        );
        _assertReserves(5, 5, 3);
        assertEq(balance(address(wholesale), fourth), 7, "reserves of the fourth bank");
    }

    function test_RevertWhen_AllOrNothingTheNetIsNotCovered() external {
        Settlement[] memory settlements =
            batchOf(instruct(payment(alice, carol, 100)), instruct(payment(carol, alice, 89)));
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        refuseBatch(settlements, BatchMode.AllOrNothing, abi.encodeWithSelector(selector, banks[0], 10, 11));
    }

    function test_When_TwoReservesAreNettedApart() external {
        IAccountMoney dollars = otherWholesale();
        vm.startPrank(authority);
        dollars.openAccount(banks[0]);
        dollars.openAccount(banks[1]);
        dollars.issue(banks[1], 50, nextBooking());
        vm.stopPrank();
        ITokenizedDeposit from = otherDeposit(1, dollars, carol);
        ITokenizedDeposit to = otherDeposit(0, dollars, alice);
        vm.startPrank(banks[1]);
        from.issue(carol, 50, nextBooking());
        from.setCounterpartyLimit(banks[0], 50);
        from.setDailyLimit(50);
        vm.stopPrank();
        Settlement[] memory settlements =
            batchOf(instruct(payment(alice, carol, 10)), instruct(Leg(carol, alice, address(from), address(to), 50)));
        settleBatch(settlements, BatchMode.AllOrNothing);
        _assertReserves(0, 10, 0);
        assertEq(balance(address(dollars), banks[0]), 50, "dollars went the other way, in full");
    }

    function test_When_TwoBatchesComeOneAfterTheOther() external {
        for (uint256 i = 0; i < 2; ++i) {
            Settlement[] memory settlements =
                batchOf(instruct(payment(alice, carol, 3)), instruct(payment(bob, dan, 2)));
            settleBatch(settlements, BatchMode.AllOrNothing);
        }
        _assertReserves(0, 10, 0);
        settle(instruct(payment(carol, alice, 4))); // And outside a batch nothing is netted.
        _assertReserves(4, 6, 0);
    }

    // ---- each for itself ---------------------------------------------------------------------------------------------

    /// @dev The same 100 there and 95 back: the first is not covered at its turn, and the second neither.
    function test_When_EachForItselfInSequence() external {
        Instruction memory there = instruct(payment(alice, carol, 100));
        Instruction memory back = instruct(payment(carol, alice, 95));
        assertEq(settleBatch(batchOf(there, back), BatchMode.EachForItself), 0, "neither is covered");
        _assertReserves(10, 0, 0);
        expectFailed(
            engine.idOf(there),
            abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, banks[0], 10, 100)
        );
        settleBatch(batchOf(there, back), BatchMode.EachForItself);
    }

    /// @dev What a bank is owed earlier in the batch covers what it owes later.
    function test_When_EachForItselfWhatIsOwedCovers() external {
        Settlement[] memory settlements = batchOf(
            instruct(payment(alice, carol, 10)), instruct(payment(carol, erin, 8)), instruct(payment(erin, alice, 9))
        );
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 3, "the first two; the third lacks one");
        _assertReserves(0, 2, 8);
    }

    /// @dev A refused payment leaves no trace in the cover.
    function test_When_EachForItselfARefusedOneTakesItsShareBack() external {
        Instruction memory bad = instruct(payment(alice, carol, 10), payment(bob, alice, CASH + 1));
        Settlement[] memory settlements = batchOf(bad, instruct(payment(alice, carol, 10)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the second has the whole cover");
        _assertReserves(0, 10, 0);
    }

    /// @dev A bank that gives reserves away as a leg cannot also owe them.
    function test_When_EachForItselfReservesLeaveAsALeg() external {
        Settlement[] memory settlements = batchOf(
            instruct(payment(alice, carol, 6)),
            instruct(leg(banks[0], banks[2], address(wholesale), 5)),
            instruct(leg(banks[0], banks[2], address(wholesale), 4))
        );
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 5, "four are free, five are not");
        _assertReserves(0, 6, 4);
    }

    function test_When_EachForItselfReservesArriveAsALeg() external {
        Settlement[] memory settlements = batchOf(
            instruct(payment(alice, carol, 1)),
            instruct(leg(banks[0], banks[1], address(wholesale), 9)),
            instruct(payment(carol, alice, 10))
        );
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 7, "what arrived covers");
        _assertReserves(10, 0, 0);
    }

    /// @dev An account that its issuer has blocked refuses the instructions that need it, not the batch.
    function test_When_EachForItselfAReserveAccountIsBlocked() external {
        vm.prank(authority);
        wholesale.blockAccount(banks[2]);
        Instruction memory bad = instruct(payment(alice, erin, 1));
        Settlement[] memory settlements =
            batchOf(instruct(payment(alice, carol, 9)), bad, instruct(payment(carol, alice, 6)));
        expectFailed(
            engine.idOf(bad), abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountBlocked.selector, banks[2])
        );
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 5, "the other two settled");
        _assertReserves(7, 3, 0);
    }

    /// @dev Reserves on hold cover nothing.
    function test_When_EachForItselfReservesAreOnHold() external {
        Instruction memory held = instruct(leg(banks[0], banks[1], address(wholesale), 6));
        engine.lock(held, consentsOf(held));
        Settlement[] memory settlements =
            batchOf(instruct(payment(alice, carol, 5)), instruct(payment(alice, carol, 4)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "only what is free");
        engine.settleLocked(held, consentsOf(held));
        _assertReserves(0, 10, 0);
    }

    /// @dev The first payment looks at what the bank has free; what comes free after it pays for the next.
    function test_When_EachForItselfAHoldOfReservesEndsInTheBatch() external {
        Instruction memory held = instruct(leg(banks[0], banks[1], address(wholesale), 6));
        engine.lock(held, consentsOf(held));
        Settlement[] memory settlements =
            batchOf(instruct(payment(alice, carol, 4)), held, instruct(payment(carol, alice, 10)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 7, "it is followed as if it had not been on hold");
        _assertReserves(10, 0, 0);
    }

    /// @dev Deposits at bank 1 are the reserve of other deposits: what bank 0 pays out of them, across banks, it cannot also
    /// owe in them, and what it is paid into them it can.
    function test_When_EachForItselfReservesThatAreDepositsArePaidAcrossBanks() external {
        (address payer, address payee) = _tier();
        issueReserves(1, 60);
        Instruction memory owed = instruct(Leg(alice, erin, payer, payee, 60));
        Instruction memory out = instruct(Leg(banks[0], alice, address(deposits[1]), address(deposits[0]), 60));
        Settlement[] memory settlements = batchOf(owed, out, instruct(payment(alice, bob, 1)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 5, "it has 100 there, of which it owes 60");
        issueReserves(0, 50);
        settlements = batchOf(
            instruct(Leg(alice, erin, payer, payee, 1)),
            instruct(Leg(alice, banks[0], address(deposits[0]), address(deposits[1]), 50)),
            instruct(Leg(alice, erin, payer, payee, 89))
        );
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 7, "40 and 50 are enough for 1 and 89");
        assertEq(balance(address(deposits[1]), banks[0]), 0, "all of it is gone");
    }

    /// @dev What comes free by a hold's end and is burned at once pays for nothing more.
    function test_When_EachForItselfAHoldOfReservesThatAreDepositsEnds() external {
        (address payer, address payee) = _tier();
        issueReserves(1, 60);
        Instruction memory out = instruct(Leg(banks[0], alice, address(deposits[1]), address(deposits[0]), 60));
        engine.lock(out, consentsOf(out));
        Settlement[] memory settlements =
            batchOf(instruct(Leg(alice, erin, payer, payee, 30)), out, instruct(Leg(alice, erin, payer, payee, 60)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 3, "10 are left for the last");
    }

    /// @dev Deposits of banks 0 and 2 that settle in deposits at bank 1, of which bank 0 has 100.
    function _tier() private returns (address payer, address payee) {
        IAccountMoney reserve = IAccountMoney(address(deposits[1]));
        ITokenizedDeposit from = otherDeposit(0, reserve, alice);
        payer = address(from);
        payee = address(otherDeposit(2, reserve, erin));
        vm.startPrank(banks[1]);
        reserve.openAccount(banks[0]);
        reserve.openAccount(banks[2]);
        reserve.issue(banks[0], 100, nextBooking());
        vm.stopPrank();
        vm.startPrank(banks[0]);
        from.issue(alice, 1000, nextBooking());
        from.setCounterpartyLimit(banks[2], 1000);
        from.setDailyLimit(1000);
        vm.stopPrank();
    }

    /// @dev A bank that the others may pay, a client of its own, and its deposit money.
    function _fourthBank() private returns (address bank, address client, address money) {
        bank = addParty("bank 3", Roles.BANK);
        client = addParty("client 6", Roles.INVESTOR);
        bytes memory arguments = abi.encode("Fourth", "f", uint8(2), engine, bank, registry, wholesale, HONG_KONG);
        money = _deploy("money/TokenizedDeposit.sol:TokenizedDeposit", arguments);
        _admit(money, bank, InstrumentKind.Money);
        vm.prank(authority);
        wholesale.openAccount(bank);
        vm.prank(bank);
        IAccountMoney(money).openAccount(client);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(banks[i]);
            deposits[i].setCounterpartyLimit(bank, type(uint64).max);
        }
    }

    function _leaveReserves(uint256 bank, uint256 left) private {
        vm.prank(authority);
        wholesale.redeem(banks[bank], CASH - left, nextBooking());
    }

    function _assertReserves(uint256 zero, uint256 one, uint256 two) private view {
        assertEq(balance(address(wholesale), banks[0]), zero, "reserves of bank 0");
        assertEq(balance(address(wholesale), banks[1]), one, "reserves of bank 1");
        assertEq(balance(address(wholesale), banks[2]), two, "reserves of bank 2");
    }

    function _reserveMovements() private returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(wholesale) && logs[i].topics[0] == IERC20.Transfer.selector) ++count;
        }
    }
}
