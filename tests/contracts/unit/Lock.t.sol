// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {
    Consent,
    HoldId,
    HoldResolution,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg
} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Holds first, settlement out of them later. The tree is in Lock.tree.
contract LockTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;
    uint256 private constant PRICE = 1_000;

    // ---- lock --------------------------------------------------------------------------------------------------------

    function test_RevertWhen_LockedAfterTheDeadline() external {
        Instruction memory instruction = _sale();
        vm.warp(instruction.deadline + 1);
        bytes4 selector = ISettlementEngine.Engine_Expired.selector;
        InstructionId id = engine.idOf(instruction);
        _refuseLock(instruction, abi.encodeWithSelector(selector, id, instruction.deadline, block.timestamp));
    }

    /// @dev It would only keep what is held until the deadline.
    function test_RevertWhen_TheWindowEndsBeforeItBegins() external {
        Instruction memory instruction = _sale();
        instruction.notBefore = instruction.deadline + 1;
        bytes4 selector = ISettlementEngine.Engine_WindowEmpty.selector;
        InstructionId id = engine.idOf(instruction);
        _refuseLock(instruction, abi.encodeWithSelector(selector, id, instruction.notBefore, instruction.deadline));
        instruction.notBefore = instruction.deadline;
        engine.lock(instruction, consentsOf(instruction));
    }

    function test_RevertGiven_Locked() external {
        Instruction memory instruction = _locked();
        _refuseLock(instruction, _unexpected(instruction, InstructionStatus.Locked));
        refuse(instruction, _unexpected(instruction, InstructionStatus.Locked));
    }

    function test_RevertWhen_LockedWithoutAConsent() external {
        Instruction memory instruction = _sale();
        Consent[] memory consents = only(sign(alice, InstructionId.unwrap(engine.idOf(instruction))));
        bytes memory reason = consentMissing(instruction, carol);
        vm.expectRevert(reason);
        engine.lock(instruction, consents);
    }

    function test_RevertGiven_APartyIsFrozenAtTheLock() external {
        Instruction memory instruction = _sale();
        freeze(carol);
        _refuseLock(instruction, notActive(carol, PartyStatus.Frozen));
    }

    function test_RevertGiven_TooLittleFreeAtTheLock() external {
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, CASH + 1);
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        _refuseLock(instruction, abi.encodeWithSelector(selector, carol, CASH, CASH + 1));
        assertEq(held(address(bond), alice), 0, "no hold stands alone");
    }

    /// @dev Else a seller who entrusts its buyer just before would decide alone whether it is ever paid.
    function test_RevertGiven_TheTitleCouldNotPass() external {
        uint256 title = issueBill(bob, "HKG-1");
        vm.prank(bob);
        bills.entrust(title, alice, 0);
        Instruction memory instruction =
            instruct(leg(bob, alice, address(bills), title), leg(alice, bob, address(deposits[0]), PRICE));
        bytes4 selector = IBillOfLading.BillOfLading_EntrustmentNotAccepted.selector;
        _refuseLock(instruction, abi.encodeWithSelector(selector, title, bob, alice));
        vm.prank(bob);
        bills.revokeEntrustment(title, alice);
        engine.lock(instruction, consentsOf(instruction));
        engine.settleLocked(instruction, new Consent[](0));
        assertEq(IERC721(address(bills)).ownerOf(title), alice, "once locked, it settles");
    }

    function test_RevertGiven_ALegIsToItsGiver() external {
        address[2] memory instruments = [address(bond), address(deposits[0])];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, alice);
            _refuseLockBeside(leg(alice, alice, instruments[i], NOMINAL_SOLD), reason);
        }
    }

    function test_RevertGiven_APayeeHasNoAccount() external {
        bytes memory reason = abi.encodeWithSelector(IAccountMoney.AccountMoney_NoAccount.selector, alice);
        _refuseLockBeside(leg(carol, alice, address(deposits[1]), PRICE), reason);
        _refuseLockBeside(Leg(carol, alice, address(deposits[1]), address(deposits[2]), PRICE), reason);
    }

    function test_RevertGiven_WhatIsPaidAcrossBanksIsNoMoney() external {
        bytes4 selector = ISettlementEngine.Engine_BankMismatch.selector;
        Instruction memory instruction = instruct(
            Leg(alice, carol, address(bond), address(deposits[1]), NOMINAL_SOLD), payment(carol, alice, PRICE)
        );
        _refuseLock(instruction, abi.encodeWithSelector(selector, engine.idOf(instruction), 0));
        Leg memory title = Leg(bob, alice, address(bills), address(deposits[0]), issueBill(bob, "HKG-1"));
        instruction = instruct(payment(alice, bob, PRICE), title);
        _refuseLock(instruction, abi.encodeWithSelector(selector, engine.idOf(instruction), 1));
        instruction = dvp(alice, carol, NOMINAL_SOLD, PRICE);
        instruction.legs[1].receiverInstrument = address(bond);
        _refuseLock(instruction, abi.encodeWithSelector(selector, engine.idOf(instruction), 1));
    }

    /// @dev It has no interbank account to name.
    function test_RevertGiven_WhatIsPaidAcrossBanksIsCentralBankMoney() external {
        _refuseLockBeside(Leg(carol, alice, address(deposits[1]), address(wholesale), PRICE), "");
        _refuseLockBeside(Leg(banks[1], alice, address(wholesale), address(deposits[0]), PRICE), "");
    }

    function test_RevertGiven_APaymentStaysInOneBank() external {
        ITokenizedDeposit other = otherDeposit(1, wholesale, alice);
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_SelfMovement.selector, banks[1]);
        _refuseLockBeside(Leg(carol, alice, address(deposits[1]), address(other), PRICE), reason);
    }

    function test_RevertGiven_APaymentJoinsTwoReserves() external {
        ITokenizedDeposit other = otherDeposit(0, otherWholesale(), alice);
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, PRICE);
        instruction.legs[1].receiverInstrument = address(other);
        bytes4 selector = ISettlementEngine.Engine_ReserveMismatch.selector;
        _refuseLock(instruction, abi.encodeWithSelector(selector, engine.idOf(instruction), 1));
    }

    function test_RevertGiven_ABanksReserveAccountIsBlocked() external {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(authority);
            wholesale.blockAccount(banks[i]);
            bytes4 selector = IAccountMoney.AccountMoney_AccountBlocked.selector;
            _refuseLock(_sale(), abi.encodeWithSelector(selector, banks[i]));
            vm.prank(authority);
            wholesale.unblockAccount(banks[i]);
        }
    }

    function test_RevertGiven_ThePayeesBankCanIssueNoMore() external {
        uint256 left = type(uint96).max - supply(address(deposits[0]));
        vm.prank(banks[0]);
        deposits[0].issue(bob, left - PRICE + 1, nextBooking());
        bytes memory reason = abi.encodeWithSelector(IInstrument.Instrument_InvalidQuantity.selector, PRICE);
        refuse(_sale(), reason);
        _refuseLock(_sale(), reason);
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, PRICE - 1);
        engine.lock(instruction, consentsOf(instruction));
        engine.settleLocked(instruction, new Consent[](0));
    }

    /// @dev They are looked for at the settlement, when the bank may have got them, or consents.
    function test_When_LockedBeforeReservesAndMandateReach() external {
        setMandate(1, 0, 0, 0);
        vm.prank(authority);
        wholesale.redeem(banks[1], CASH, nextBooking());
        Instruction memory instruction = _locked();
        issueReserves(1, PRICE);
        setMandate(1, 0, uint64(PRICE), uint64(PRICE));
        engine.settleLocked(instruction, new Consent[](0));
        assertEq(balance(address(deposits[0]), alice), CASH + PRICE, "paid");
    }

    function test_When_LockedBeforeTheWindow() external {
        Instruction memory instruction = _sale();
        instruction.notBefore = instruction.deadline;
        InstructionId id = engine.idOf(instruction);
        Consent[] memory consents = consentsOf(instruction);
        vm.expectEmit(address(bond));
        emit IInstrument.HoldPlaced(engine.holdIdOf(id, 0), alice, NOMINAL_SOLD);
        vm.expectEmit(address(engine));
        emit ISettlementEngine.InstructionLocked(id, instruction.termsHash);
        engine.lock(instruction, consents);
        assertEq(engine.heldLegs(id), 3, "both legs are held");
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Locked), "locked");
        assertEq(held(address(bond), alice), NOMINAL_SOLD, "the bond is held");
        assertEq(held(address(deposits[1]), carol), PRICE, "the cash is held");
        assertEq(balance(address(bond), alice), BONDS, "and still the seller's");
        (address owner, uint256 quantity) = bond.holdOf(engine.holdIdOf(id, 0));
        assertEq(owner, alice, "the hold names its owner");
        assertEq(quantity, NOMINAL_SOLD, "and the quantity");
    }

    function test_RevertGiven_HeldQuantityIsTransferredDirectly() external {
        Instruction memory instruction = dvp(alice, carol, BONDS, PRICE);
        engine.lock(instruction, consentsOf(instruction));
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, alice, 0, MINIMUM));
        vm.prank(alice);
        IERC20(address(bond)).transfer(bob, MINIMUM);
    }

    function test_RevertGiven_HeldQuantityIsSoldAgain() external {
        Instruction memory instruction = dvp(alice, carol, BONDS, PRICE);
        engine.lock(instruction, consentsOf(instruction));
        bytes4 selector = IInstrument.Instrument_InsufficientFree.selector;
        refuse(dvp(alice, bob, MINIMUM, 1), abi.encodeWithSelector(selector, alice, 0, MINIMUM));
    }

    function test_RevertGiven_HeldTitleIsSoldAgain() external {
        uint256 title = issueBill(bob, "HKG-1");
        Instruction memory first = instruct(leg(bob, alice, address(bills), title));
        engine.lock(first, consentsOf(first));
        HoldId holdId = engine.holdIdOf(engine.idOf(first), 0);
        bytes memory reason =
            abi.encodeWithSelector(ITitleInstrument.Title_OnHold.selector, title, HoldId.unwrap(holdId));
        refuse(instruct(leg(bob, carol, address(bills), title)), reason);
        _refuseLock(instruct(leg(bob, carol, address(bills), title)), reason);
    }

    // ---- settle out of the holds -------------------------------------------------------------------------------------

    function test_RevertGiven_NotLocked() external {
        Instruction memory instruction = _sale();
        _refuseLocked(instruction, _unexpected(instruction, InstructionStatus.Open));
    }

    /// @dev The nonce is locked, but by another instruction of the same parties.
    function test_RevertGiven_AnotherInstructionIsLocked() external {
        Instruction memory locked = _locked();
        Instruction memory other = dvp(alice, carol, NOMINAL_SOLD, 1);
        other.nonce = locked.nonce;
        _refuseLocked(other, _unexpected(other, InstructionStatus.Locked));
    }

    function test_RevertWhen_SettledTwiceOutOfTheHolds() external {
        Instruction memory instruction = _locked();
        engine.settleLocked(instruction, new Consent[](0));
        _refuseLocked(instruction, _unexpected(instruction, InstructionStatus.Settled));
    }

    function test_RevertWhen_SettledBeforeTheWindow() external {
        Instruction memory instruction = _sale();
        instruction.notBefore = uint64(block.timestamp + 60);
        engine.lock(instruction, consentsOf(instruction));
        InstructionId id = engine.idOf(instruction);
        bytes4 selector = ISettlementEngine.Engine_TooEarly.selector;
        _refuseLocked(instruction, abi.encodeWithSelector(selector, id, instruction.notBefore, block.timestamp));
        vm.warp(instruction.notBefore);
        engine.settleLocked(instruction, new Consent[](0));
    }

    function test_RevertWhen_SettledAfterTheDeadline() external {
        Instruction memory instruction = _locked();
        vm.warp(instruction.deadline + 1);
        bytes4 selector = ISettlementEngine.Engine_Expired.selector;
        InstructionId id = engine.idOf(instruction);
        _refuseLocked(instruction, abi.encodeWithSelector(selector, id, instruction.deadline, block.timestamp));
    }

    function test_RevertGiven_APartyWasFrozenSinceTheLock() external {
        Instruction memory instruction = _locked();
        freeze(carol);
        _refuseLocked(instruction, notActive(carol, PartyStatus.Frozen));
        vm.prank(supervisor);
        registry.unfreezeParty(carol);
        engine.settleLocked(instruction, new Consent[](0));
    }

    function test_RevertGiven_AnAccountWasBlockedSinceTheLock() external {
        Instruction memory instruction = _locked();
        vm.prank(banks[1]);
        deposits[1].blockAccount(carol);
        _refuseLocked(instruction, abi.encodeWithSelector(IAccountMoney.AccountMoney_AccountBlocked.selector, carol));
    }

    function test_RevertGiven_TheMandateNoLongerCovers() external {
        Instruction memory instruction = _locked();
        setMandate(1, 0, 0, 0);
        _refuseLocked(instruction, consentMissing(instruction, banks[1]));
        engine.settleLocked(instruction, only(sign(banks[1], InstructionId.unwrap(engine.idOf(instruction)))));
        assertEq(balance(address(bond), carol), BONDS + NOMINAL_SOLD, "with the bank's own consent");
    }

    function test_RevertWhen_TheBanksConsentIsInvalid() external {
        Instruction memory instruction = _locked();
        bytes memory reason = consentInvalid(instruction, banks[1]);
        vm.expectRevert(reason);
        engine.settleLocked(instruction, only(Consent(banks[1], "")));
    }

    function test_When_SettledOutOfTheHolds() external {
        Instruction memory instruction = _locked();
        InstructionId id = engine.idOf(instruction);
        vm.expectEmit(address(bond));
        emit IInstrument.HoldResolved(engine.holdIdOf(id, 0), alice, NOMINAL_SOLD, HoldResolution.Executed);
        vm.expectEmit(address(engine));
        emit ISettlementEngine.InstructionSettled(id, instruction.termsHash);
        engine.settleLocked(instruction, new Consent[](0));
        assertEq(engine.heldLegs(id), 0, "no hold is left");
        assertEq(held(address(bond), alice), 0, "nothing is held");
        assertEq(balance(address(bond), carol), BONDS + NOMINAL_SOLD, "the bond moved");
        assertEq(balance(address(deposits[0]), alice), CASH + PRICE, "the cash moved");
        (address owner,) = bond.holdOf(engine.holdIdOf(id, 0));
        assertEq(owner, address(0), "the hold is gone");
    }

    function test_When_ATitleIsSettledOutOfItsHold() external {
        uint256 title = issueBill(bob, "HKG-1");
        Leg memory one = leg(bob, alice, address(bills), title);
        Instruction memory instruction = instruct(one, payment(alice, bob, PRICE));
        InstructionId id = engine.settleLocked(_lock(instruction), new Consent[](0));
        (address owner,) = bills.holdOf(engine.holdIdOf(id, 0));
        assertEq(owner, address(0), "the hold is gone");
        settle(instruct(leg(alice, bob, address(bills), title))); // So the bill is free, and alice's.
    }

    /// @dev Bank 0 pays Carol's bank out of what that bank gives it; and gives on what it gets.
    function test_When_OneLegGivesTheReservesThatAnotherNeeds() external {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(authority);
            wholesale.redeem(banks[i], CASH - 100, nextBooking());
        }
        Leg[] memory legs = new Leg[](3);
        legs[0] = payment(alice, carol, 100);
        legs[1] = leg(banks[0], banks[1], address(wholesale), 100);
        legs[2] = leg(banks[1], banks[0], address(wholesale), 100);
        (legs[1], legs[2]) = (legs[2], legs[1]);
        engine.settleLocked(_lock(instruct(legs)), new Consent[](0));
        assertEq(balance(address(wholesale), banks[1]), 200, "what the client paid has come with it");
        assertEq(balance(address(wholesale), banks[0]), 0, "and is gone there");
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _sale() private returns (Instruction memory) {
        return dvp(alice, carol, NOMINAL_SOLD, PRICE);
    }

    function _locked() private returns (Instruction memory) {
        return _lock(_sale());
    }

    function _lock(Instruction memory instruction) private returns (Instruction memory) {
        engine.lock(instruction, consentsOf(instruction));
        return instruction;
    }

    function _refuseLock(Instruction memory instruction, bytes memory reason) private {
        Consent[] memory consents = consentsOf(instruction);
        vm.expectRevert(reason);
        engine.lock(instruction, consents);
    }

    /// @dev Alice sells for a leg that cannot be performed.
    function _refuseLockBeside(Leg memory bad, bytes memory reason) private {
        _refuseLock(instruct(leg(alice, carol, address(bond), NOMINAL_SOLD), bad), reason);
        assertEq(held(address(bond), alice), 0, "no hold stands alone");
    }

    function _refuseLocked(Instruction memory instruction, bytes memory reason) private {
        vm.expectRevert(reason);
        engine.settleLocked(instruction, new Consent[](0));
    }

    function _unexpected(Instruction memory instruction, InstructionStatus status) private view returns (bytes memory) {
        bytes4 selector = ISettlementEngine.Engine_UnexpectedStatus.selector;
        return abi.encodeWithSelector(selector, engine.idOf(instruction), instruction.nonce, status);
    }
}
