// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {Roles} from "../../../contracts/types/Participation.sol";
import {
    BatchMode,
    Consent,
    Instruction,
    InstructionId,
    InstructionStatus,
    Leg,
    Settlement
} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";
import {LyingWallet} from "../mocks/LyingWallet.sol";

/// @dev A party whose account is a contract that answers by whim. What it says binds that party and nobody else. The tree
/// is in Accounts.tree.
contract AccountsTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;

    LyingWallet private liar;

    function setUp() public override {
        super.setUp();
        liar = new LyingWallet();
        vm.prank(operator);
        registry.admitParty(address(liar), Roles.INVESTOR);
        vm.startPrank(banks[0]);
        deposits[0].openAccount(address(liar));
        deposits[0].issue(address(liar), CASH, nextBooking());
        vm.stopPrank();
    }

    // ---- what it says counts for it alone ----------------------------------------------------------------------------

    function test_Given_ItSaysYesToEverything() external {
        Instruction memory instruction = _gift();
        engine.settle(instruction, _word());
        assertEq(balance(address(deposits[0]), address(liar)), CASH - 5, "it is bound by its word");
        assertEq(balance(address(deposits[0]), bob), CASH + 5, "whom it gives to has it");
    }

    function test_RevertGiven_ItSaysYesForAnotherParty() external {
        Instruction memory instruction = _sale();
        refuse(instruction, _word(), consentMissing(instruction, alice));
        Consent[] memory consents = with(_word(), Consent(alice, "x"));
        refuse(instruction, consents, consentInvalid(instruction, alice));
    }

    function test_RevertGiven_ItsAnswerIsNotTheWordOfTheStandard() external {
        _refuseFor(LyingWallet.Answer.No);
        _refuseFor(LyingWallet.Answer.True);
        _refuseFor(LyingWallet.Answer.Short);
        _refuseFor(LyingWallet.Answer.Flood);
        _refuseFor(LyingWallet.Answer.Revert);
    }

    /// @dev Only the first word of an answer is read, so a flood costs the submitter nothing of its own.
    function test_Given_ItsYesIsAFlood() external {
        liar.setAnswer(LyingWallet.Answer.FloodedYes);
        Instruction memory instruction = _gift();
        engine.settle{gas: 1_000_000}(instruction, _word());
        assertEq(balance(address(deposits[0]), bob), CASH + 5, "settled");
    }

    // ---- what it does while it is asked ------------------------------------------------------------------------------

    /// @dev Asked by a static call, it can change nothing anywhere: neither settle another instruction nor move its own.
    function test_RevertGiven_ItReentersWhenAsked() external {
        Instruction memory other = dvp(alice, bob, NOMINAL_SOLD, 1);
        _refuseReentry(address(engine), abi.encodeCall(ISettlementEngine.settle, (other, consentsOf(other))));
        _refuseReentry(address(engine), abi.encodeCall(ISettlementEngine.lock, (other, consentsOf(other))));
        _refuseReentry(address(deposits[0]), abi.encodeWithSignature("transfer(address,uint256)", bob, CASH));
        assertEq(uint8(engine.statusOf(other)), uint8(InstructionStatus.Open), "the other one did not settle");
        assertEq(balance(address(deposits[0]), address(liar)), CASH, "its money did not move");
    }

    function test_RevertGiven_ItBurnsAllGasAlone() external {
        Instruction memory instruction = _gift();
        Consent[] memory consents = _word();
        liar.setAnswer(LyingWallet.Answer.Burn);
        vm.expectRevert();
        engine.settle{gas: 5_000_000}(instruction, consents);
        liar.setAnswer(LyingWallet.Answer.Yes);
        engine.settle(instruction, consents);
    }

    function test_GivenABatchWhen_ItBurnsItsShareAtEveryPlace() external {
        liar.setAnswer(LyingWallet.Answer.Burn);
        for (uint256 place = 0; place < 3; ++place) {
            Settlement[] memory settlements = batchOf(
                instruct(payment(alice, carol, 1)),
                instruct(payment(carol, alice, 1)),
                instruct(payment(erin, alice, 1))
            );
            Instruction memory bad = _gift();
            settlements[place] = Settlement(bad, _word());
            (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
            uint256 settled = engine.settleBatch{gas: 6_000_000}(accounts, items, BatchMode.EachForItself);
            assertEq(settled, 7 ^ (1 << place), "the others settled");
            assertEq(uint8(engine.statusOf(bad)), uint8(InstructionStatus.Open), "its own did not");
        }
    }

    // ---- it changes its mind -----------------------------------------------------------------------------------------

    /// @dev Its yes was good when the submitter looked.
    function test_GivenABatchWhen_ItTakesItsYesBack() external {
        Instruction memory bad = _gift();
        assertEq(dryRun.reasons(bad, _word()).length, 0, "nothing against it");
        Settlement[] memory settlements = new Settlement[](2);
        settlements[0] = Settlement(bad, _word());
        settlements[1] = withConsents(instruct(payment(alice, carol, 1)));
        liar.setAnswer(LyingWallet.Answer.No);
        expectFailed(engine.idOf(bad), consentInvalid(bad, address(liar)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the other one settled");
    }

    /// @dev Once it is locked nobody asks it again, but to cancel: its counterparty waits for the deadline at the latest.
    function test_GivenLockedWhen_ItTakesItsYesBack() external {
        Instruction memory settled = _lockedSale();
        Instruction memory expired = _lockedSale();
        liar.setAnswer(LyingWallet.Answer.No);
        engine.settleLocked(settled, new Consent[](0));
        assertEq(balance(address(bond), address(liar)), NOMINAL_SOLD, "settled out of the holds");
        Consent[] memory cancellations = with(_word(), sign(alice, engine.cancellationDigest(engine.idOf(expired), "")));
        bytes memory reason = consentInvalid(expired, address(liar));
        vm.expectRevert(reason);
        engine.cancel(expired, "", cancellations);
        vm.warp(expired.deadline + 1);
        engine.expire(expired);
        assertEq(held(address(bond), alice), 0, "the bond is free without its word");
    }

    // ---- helpers -----------------------------------------------------------------------------------------------------

    function _gift() private returns (Instruction memory) {
        return instruct(leg(address(liar), bob, address(deposits[0]), 5));
    }

    function _sale() private returns (Instruction memory) {
        Leg memory price = leg(address(liar), alice, address(deposits[0]), 5);
        return instruct(leg(alice, address(liar), address(bond), NOMINAL_SOLD), price);
    }

    function _lockedSale() private returns (Instruction memory instruction) {
        instruction = _sale();
        bytes32 digest = InstructionId.unwrap(engine.idOf(instruction));
        engine.lock(instruction, with(_word(), sign(alice, digest)));
    }

    /// @dev Its word is all it takes, with any bytes for a signature.
    function _word() private view returns (Consent[] memory) {
        return only(Consent(address(liar), "x"));
    }

    function _refuseFor(LyingWallet.Answer answer) private {
        liar.setAnswer(answer);
        Instruction memory instruction = _gift();
        refuse(instruction, _word(), consentInvalid(instruction, address(liar)));
    }

    function _refuseReentry(address target, bytes memory payload) private {
        liar.reenterWith(target, payload);
        Instruction memory instruction = _gift();
        Consent[] memory consents = _word();
        bytes memory reason = consentInvalid(instruction, address(liar));
        vm.expectRevert(reason);
        engine.settle{gas: 5_000_000}(instruction, consents);
    }
}
