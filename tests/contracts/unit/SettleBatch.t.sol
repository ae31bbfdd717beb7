// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
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
import {Wallet} from "../mocks/Wallet.sol";

/// @dev A cheat code that the vendored forge-std does not name yet.
interface Cold {
    function cool(address account) external;
}

/// @dev The tree is in SettleBatch.tree; what concerns reserves is in Netting.t.sol.
contract SettleBatchTest is Base {
    // ---- the batch itself --------------------------------------------------------------------------------------------

    function test_RevertWhen_Empty() external {
        vm.expectRevert(abi.encodeWithSelector(ISettlementEngine.Engine_BatchSize.selector, 0));
        engine.settleBatch(new address[](0), "", BatchMode.AllOrNothing);
    }

    function test_RevertWhen_MoreThan256Instructions() external {
        Settlement[] memory settlements = _payments(257);
        refuseBatch(
            settlements,
            BatchMode.EachForItself,
            abi.encodeWithSelector(ISettlementEngine.Engine_BatchSize.selector, 257)
        );
    }

    function test_When_256Instructions() external {
        uint256 settled = settleBatch(_payments(256), BatchMode.AllOrNothing);
        assertEq(settled, type(uint256).max, "every bit is set");
        assertEq(balance(address(deposits[0]), bob), CASH + 256, "every payment arrived");
    }

    function test_RevertWhen_CutShort() external {
        (address[] memory accounts, bytes memory items) = encodeBatch(_payments(2));
        for (uint256 cut = 1; cut < items.length / 2; cut += 7) {
            bytes memory shorter = _first(items, items.length - cut);
            vm.expectRevert(abi.encodeWithSelector(ISettlementEngine.Engine_BatchMalformed.selector, 1));
            engine.settleBatch(accounts, shorter, BatchMode.EachForItself);
        }
    }

    function test_RevertWhen_AnAccountIsNotInTheList() external {
        (address[] memory accounts, bytes memory items) = encodeBatch(_payments(1));
        address[] memory shorter = new address[](accounts.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) {
            shorter[i] = accounts[i];
        }
        vm.expectRevert(abi.encodeWithSelector(ISettlementEngine.Engine_BatchMalformed.selector, 0));
        engine.settleBatch(shorter, items, BatchMode.EachForItself);
    }

    function test_RevertWhen_TheInnerEntryIsCalledFromOutside() external {
        Instruction memory instruction = instruct(payment(alice, bob, 1));
        Consent[] memory consents = consentsOf(instruction);
        vm.expectRevert(abi.encodeWithSelector(ISettlementEngine.Engine_NotSelf.selector, address(this)));
        engine.settleInBatch(instruction, consents, 1 << 255);
    }

    // ---- all or nothing ----------------------------------------------------------------------------------------------

    function test_RevertWhen_AllOrNothingAndOneIsRefused() external {
        Instruction memory bad = instruct(payment(bob, alice, 1));
        Settlement[] memory settlements = batchOf(instruct(payment(alice, bob, 1)), bad);
        settlements[1].consents = new Consent[](0);
        refuseBatch(settlements, BatchMode.AllOrNothing, consentMissing(bad, bob));
        assertEq(balance(address(deposits[0]), bob), CASH, "the first did not settle alone");
    }

    function test_RevertWhen_AllOrNothingAndOneComesTwice() external {
        Instruction memory one = instruct(payment(alice, bob, 1));
        bytes memory reason = abi.encodeWithSelector(
            ISettlementEngine.Engine_UnexpectedStatus.selector, engine.idOf(one), one.nonce, InstructionStatus.Settled
        );
        refuseBatch(batchOf(one, one), BatchMode.AllOrNothing, reason);
    }

    // ---- locked ------------------------------------------------------------------------------------------------------

    function test_Given_OneIsLocked() external {
        Instruction memory sale = _lockedSale();
        Settlement[] memory settlements = batchOf(sale, instruct(payment(carol, dan, 1)));
        settlements[0].consents = new Consent[](0);
        assertEq(settleBatch(settlements, BatchMode.AllOrNothing), 3, "the givers have said it before");
        assertEq(engine.heldLegs(engine.idOf(sale)), 0, "its holds have ended");
        assertEq(held(address(bond), alice), 0, "of what it delivered");
        assertEq(balance(address(bond), carol), BONDS + MINIMUM, "delivered");
        expectFailed(engine.idOf(sale), _unexpected(sale, InstructionStatus.Settled));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 0, "once");
    }

    function test_Given_AnotherOfItsNonceIsLocked() external {
        Instruction memory sale = _lockedSale();
        Instruction memory other = dvp(alice, carol, MINIMUM, 1);
        other.nonce = sale.nonce;
        expectFailed(engine.idOf(other), _unexpected(other, InstructionStatus.Locked));
        assertEq(settleBatch(batchOf(other, sale), BatchMode.EachForItself), 2, "the one that is locked");
    }

    function test_Given_OneIsLockedAndItsBankHasNotConsented() external {
        Instruction memory sale = _lockedSale();
        setMandate(1, 0, 0, 0);
        Settlement[] memory settlements = batchOf(sale, instruct(payment(carol, dan, 1)));
        expectFailed(engine.idOf(sale), consentMissing(sale, banks[1]));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the other one");
        settlements[0].consents = only(sign(banks[1], InstructionId.unwrap(engine.idOf(sale))));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 1, "with the bank's own consent");
    }

    /// @dev Once where the batch finds the parties fit, and once where it leaves that to the item.
    function test_Given_OneIsLockedAndAPartyIsFrozen() external {
        Instruction memory sale = _lockedSale();
        freeze(carol);
        expectFailed(engine.idOf(sale), notActive(carol, PartyStatus.Frozen));
        assertEq(settleBatch(batchOf(sale, instruct(payment(alice, bob, 1))), BatchMode.EachForItself), 2, "the other");
        assertEq(held(address(bond), alice), MINIMUM, "its holds stand");
    }

    // ---- each for itself ---------------------------------------------------------------------------------------------

    function test_When_EachForItselfAndOneIsRefused() external {
        Instruction memory bad = instruct(payment(bob, alice, 1));
        Settlement[] memory settlements =
            batchOf(instruct(payment(alice, bob, 1)), bad, instruct(payment(carol, dan, 1)));
        settlements[1].consents = new Consent[](0);
        expectFailed(engine.idOf(bad), consentMissing(bad, bob));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 5, "the first and the third settled");
        assertEq(balance(address(deposits[0]), bob), CASH + 1, "the first took effect");
        assertEq(balance(address(deposits[1]), dan), CASH + 1, "the third took effect");
        assertEq(uint8(engine.statusOf(bad)), uint8(InstructionStatus.Open), "the second may be tried again");
        settle(bad);
    }

    function test_When_EachForItselfAndOneLegOfTwoIsRefused() external {
        Instruction memory bad = dvp(alice, carol, 10_000_000, CASH + 1);
        bytes memory reason =
            abi.encodeWithSelector(IInstrument.Instrument_InsufficientFree.selector, carol, CASH, CASH + 1);
        Settlement[] memory settlements = batchOf(bad, dvp(alice, bob, 10_000_000, 1));
        expectFailed(engine.idOf(bad), reason);
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "only the second settled");
        assertEq(balance(address(bond), carol), BONDS, "no bond without its price");
    }

    function test_When_EachForItselfAndAPartyIsFrozen() external {
        Instruction memory bad = instruct(payment(alice, bob, 1));
        freeze(bob);
        Settlement[] memory settlements = batchOf(bad, instruct(payment(carol, dan, 1)));
        expectFailed(engine.idOf(bad), notActive(bob, PartyStatus.Frozen));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "only the second settled");
    }

    function test_When_EachForItselfAndTheReceiverOfATitleHasNotConsented() external {
        Instruction memory bad = instruct(leg(bob, alice, address(bills), issueBill(bob, "HKG-1")));
        Settlement[] memory settlements = batchOf(bad, instruct(payment(carol, dan, 1)));
        settlements[0].consents = only(sign(bob, InstructionId.unwrap(engine.idOf(bad))));
        expectFailed(engine.idOf(bad), consentMissing(bad, alice));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the codec knows a title");
    }

    function test_When_EachForItselfAndOneHasNoLegs() external {
        Instruction memory bad = instruct(new Leg[](0));
        bytes memory reason = abi.encodeWithSelector(ISettlementEngine.Engine_LegCount.selector, engine.idOf(bad), 0);
        Settlement[] memory settlements = batchOf(bad, instruct(payment(carol, dan, 1)));
        expectFailed(engine.idOf(bad), reason);
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "only the second settled");
    }

    function test_When_SignaturesInABatchAreCompactOrOfAContract() external {
        Instruction memory one = instruct(payment(alice, bob, 1));
        Instruction memory two = instruct(leg(address(wallet), bob, address(deposits[0]), 5));
        (bytes32 r, bytes32 vs) = vm.signCompact(keyOf[alice], InstructionId.unwrap(engine.idOf(one)));
        bytes memory signature = sign(walletOwner, InstructionId.unwrap(engine.idOf(two))).signature;
        Settlement[] memory settlements = new Settlement[](2);
        settlements[0] = Settlement(one, only(Consent(alice, abi.encodePacked(r, vs))));
        settlements[1] = Settlement(two, only(Consent(address(wallet), signature)));
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 3, "both settled");
    }

    // ---- gas ---------------------------------------------------------------------------------------------------------

    /// @dev A submitter who gives too little gas must not make a good instruction look refused.
    function test_RevertWhen_TheSubmitterGivesTooLittleGas() external {
        (address[] memory accounts, bytes memory items) = encodeBatch(_payments(3));
        bytes memory call = abi.encodeCall(ISettlementEngine.settleBatch, (accounts, items, BatchMode.EachForItself));
        bool refusedForGas;
        bool settled;
        for (uint256 gas = 60_000; gas < 600_000; gas += 3_000) {
            uint256 state = vm.snapshotState();
            (bool success, bytes memory data) = address(engine).call{gas: gas}(call);
            if (success) {
                assertEq(abi.decode(data, (uint256)), 7, "settled means all three");
                settled = true;
            } else if (bytes4(data) == ISettlementEngine.Engine_BatchOutOfGas.selector) {
                refusedForGas = true;
            }
            vm.revertToStateAndDelete(state);
        }
        assertTrue(refusedForGas, "too little gas is named");
        assertTrue(settled, "enough gas settles");
    }

    /// @dev An instruction that burns its own share of gas has failed by itself.
    function test_When_OneInstructionBurnsItsGas() external {
        Instruction memory greedy = instruct(leg(address(wallet), bob, address(deposits[0]), 5));
        Settlement[] memory settlements = new Settlement[](2);
        settlements[0] = Settlement(greedy, only(Consent(address(wallet), "x")));
        settlements[1] = withConsents(instruct(payment(carol, dan, 1)));
        wallet.setGreedy(true);
        assertEq(settleBatch(settlements, BatchMode.EachForItself), 2, "the other one settled");
    }

    /// @dev The share of gas that one instruction gets is enough for the largest there is: 32 payments across banks
    /// between 64 parties, nothing of it warm.
    function test_When_TheLargestInstructionIsInABatch() external {
        Leg[] memory legs = new Leg[](32);
        for (uint256 i = 0; i < 32; ++i) {
            address payer = _client(string.concat("payer ", vm.toString(i)), 0);
            address payee = _client(string.concat("payee ", vm.toString(i)), 1);
            vm.prank(banks[0]);
            deposits[0].issue(payer, 1, nextBooking());
            legs[i] = Leg(payer, payee, address(deposits[0]), address(deposits[1]), 1);
        }
        Settlement[] memory settlements = new Settlement[](1);
        settlements[0] = withConsents(instruct(legs));
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        Cold cold = Cold(address(vm));
        cold.cool(address(registry));
        cold.cool(address(deposits[0]));
        cold.cool(address(deposits[1]));
        cold.cool(address(wholesale));
        cold.cool(address(engine));
        assertEq(engine.settleBatch(accounts, items, BatchMode.AllOrNothing), 1, "settled in its share of gas");
    }

    /// @dev The dearest legs there are, too: bonds of 32 contract accounts to 32 new holders, the first movement of each
    /// after a record time.
    function test_When_TheLargestInstructionIsOfContractAccountsAfterARecordTime() external {
        _settleTheDearest(false);
    }

    /// @dev The same out of its holds, with all that was said before it was locked.
    function test_When_TheLargestInstructionIsLocked() external {
        _settleTheDearest(true);
    }

    function _settleTheDearest(bool locked) private {
        Leg[] memory legs = new Leg[](32);
        Consent[] memory consents = new Consent[](32);
        address[] memory owners = new address[](32);
        for (uint256 i = 0; i < 32; ++i) {
            owners[i] = addParty(string.concat("owner ", vm.toString(i)), Roles.INVESTOR);
            address giver = address(new Wallet(owners[i]));
            vm.prank(operator);
            registry.admitParty(giver, Roles.INVESTOR);
            vm.prank(issuer);
            IERC20(address(bond)).transfer(giver, 2_000_000);
            consents[i].party = giver;
            legs[i] =
                leg(giver, addParty(string.concat("buyer ", vm.toString(i)), Roles.INVESTOR), address(bond), 1_000_000);
        }
        uint64 later = uint64(MATURITY_DAY) * 1 days;
        Instruction memory instruction = instruct(legs);
        instruction.deadline = later;
        for (uint256 i = 0; i < 32; ++i) {
            consents[i].signature = sign(owners[i], InstructionId.unwrap(engine.idOf(instruction))).signature;
        }
        if (locked) engine.lock(instruction, consents);
        vm.warp(later);
        Settlement[] memory settlements = new Settlement[](1);
        settlements[0] = Settlement(instruction, consents);
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        Cold cold = Cold(address(vm));
        cold.cool(address(registry));
        cold.cool(address(bond));
        cold.cool(address(engine));
        for (uint256 i = 0; i < 32; ++i) {
            cold.cool(consents[i].party);
        }
        assertEq(engine.settleBatch(accounts, items, BatchMode.EachForItself), 1, "settled in its share of gas");
    }

    function _lockedSale() private returns (Instruction memory sale) {
        sale = dvp(alice, carol, MINIMUM, 1_000);
        engine.lock(sale, consentsOf(sale));
    }

    function _unexpected(Instruction memory instruction, InstructionStatus status) private view returns (bytes memory) {
        bytes4 selector = ISettlementEngine.Engine_UnexpectedStatus.selector;
        return abi.encodeWithSelector(selector, engine.idOf(instruction), instruction.nonce, status);
    }

    function _client(string memory name, uint256 bank) private returns (address client) {
        client = addParty(name, Roles.INVESTOR);
        vm.prank(banks[bank]);
        deposits[bank].openAccount(client);
    }

    function _payments(uint256 count) private returns (Settlement[] memory settlements) {
        settlements = new Settlement[](count);
        for (uint256 i = 0; i < count; ++i) {
            settlements[i] = withConsents(instruct(payment(alice, bob, 1)));
        }
    }

    function _first(bytes memory data, uint256 length) private pure returns (bytes memory shorter) {
        shorter = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            shorter[i] = data[i];
        }
    }
}
