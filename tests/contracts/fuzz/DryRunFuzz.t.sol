// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {Consent, Instruction, InstructionId, Leg} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev The dry run lists no reason exactly where the instruction settles, and where there is one reason alone it is
/// the error that settling reverts with. The world is broken in up to three of many ways first.
contract DryRunFuzzTest is Base {
    uint256 private constant WAYS = 30;

    uint256 private _bill;
    ITokenizedDeposit private _dollars;

    function setUp() public override {
        super.setUp();
        _bill = issueBill(alice, "HKG-1");
        _dollars = otherDeposit(1, otherWholesale(), carol);
    }

    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_NoReasonExactlyWhereItSettles(uint256 kind, uint256[3] memory ways, uint256 amount) external {
        (Instruction memory instruction, Consent[] memory consents) = _broken(kind, ways, amount);
        bytes[] memory reasons = dryRun.reasons(instruction, consents);
        (bool settled, bytes memory reason) =
            address(engine).call(abi.encodeCall(engine.settle, (instruction, consents)));
        assertEq(settled, reasons.length == 0, "no reason exactly where it settles");
        if (settled) return;
        // What is no deposit money answers a payment with no data; the dry run says what that means.
        if (reason.length != 0) assertTrue(contains(reasons, reason), "the reason it gave is in the list");
        if (reasons.length == 1 && reason.length != 0) assertEq(reason, reasons[0], "the one reason is the error");
    }

    /// @dev It is locked exactly where nothing is against it but what the settlement will find, and then it settles: in its
    /// window, with reserves, and with the banks' consent.
    /// forge-config: default.fuzz.runs = 1024
    function testFuzz_LocksExactlyWhatCanSettle(uint256 kind, uint256[3] memory ways, uint256 amount) external {
        (Instruction memory instruction, Consent[] memory consents) = _broken(kind, ways, amount);
        bytes[] memory reasons = dryRun.reasons(instruction, consents);
        bool canSettle = true;
        for (uint256 i = 0; i < reasons.length; ++i) {
            canSettle = canSettle && _passes(instruction, reasons[i]);
        }
        // Less than the minimum goes to who has some already, which it may no longer have when the hold ends.
        bool tooLittle =
            canSettle && instruction.legs[0].instrument == address(bond) && instruction.legs[0].quantity < MINIMUM;
        (bool locked,) = address(engine).call(abi.encodeCall(engine.lock, (instruction, consents)));
        assertEq(locked, canSettle && !tooLittle, "locked exactly where it can settle");
        if (!locked) return;
        if (block.timestamp < instruction.notBefore) vm.warp(instruction.notBefore);
        bytes32 digest = InstructionId.unwrap(engine.idOf(instruction));
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(authority);
            (bool issued,) =
                address(wholesale).call(abi.encodeCall(wholesale.issue, (banks[i], 2 * CASH, nextBooking())));
            issued; // A bank that may have none is none of this payment's.
            consents = with(consents, sign(banks[i], digest));
        }
        engine.settleLocked(instruction, consents);
    }

    /// @dev Whether the reason may be gone at the settlement, by itself or by a bank's doing: the window, and reserves and
    /// consent of a bank that pays for a client.
    function _passes(Instruction memory instruction, bytes memory reason) private view returns (bool) {
        bytes4 selector = bytes4(reason);
        if (selector == ISettlementEngine.Engine_TooEarly.selector) return true;
        bool ofReserves = selector == IInstrument.Instrument_InsufficientFree.selector;
        if (!ofReserves && selector != ISettlementEngine.Engine_ConsentMissing.selector) return false;
        address party;
        assembly ("memory-safe") {
            party := mload(add(reason, 68)) // the consent's; of reserves, the first word is whose they are
            if ofReserves { party := mload(add(reason, 36)) }
        }
        return party != instruction.legs[0].giver && (party == banks[0] || party == banks[1] || party == banks[2]);
    }

    function _broken(uint256 kind, uint256[3] memory ways, uint256 amount)
        private
        returns (Instruction memory instruction, Consent[] memory consents)
    {
        // Often only one thing is wrong, and often nothing.
        uint256 broken = kind >> 8 & 3;
        instruction = _instruction(kind % 6, amount);
        for (uint256 i = 0; i < broken; ++i) {
            _breakTerms(instruction, ways[i] % WAYS);
        }
        consents = consentsOf(instruction);
        for (uint256 i = 0; i < broken; ++i) {
            consents = _breakWorld(instruction, consents, ways[i] % WAYS);
        }
    }

    function _instruction(uint256 kind, uint256 amount) private returns (Instruction memory) {
        amount = bound(amount, 1, CASH + CASH / 8);
        uint256 nominal = bound(amount, 1, 2 * BONDS / INCREMENT) * INCREMENT;
        if (kind == 0) return dvp(alice, carol, nominal, amount);
        if (kind == 1) return dvp(alice, bob, nominal, amount);
        if (kind == 2) return instruct(leg(alice, carol, address(bills), _bill), payment(carol, alice, amount));
        if (kind == 3) return instruct(leg(banks[0], banks[1], address(wholesale), amount));
        if (kind == 4) return instruct(leg(issuer, erin, address(bond), nominal), payment(erin, bob, amount));
        return instruct(payment(alice, carol, amount));
    }

    /// @dev What has to be wrong before it is signed.
    function _breakTerms(Instruction memory instruction, uint256 way) private view {
        uint256 last = instruction.legs.length == 0 ? 0 : instruction.legs.length - 1;
        if (way == 0) instruction.notBefore = uint64(block.timestamp + 1);
        if (way == 1) instruction.deadline = uint64(block.timestamp - 1);
        if (way == 2) instruction.legs = new Leg[](0);
        if (instruction.legs.length == 0) return;
        if (way == 3) instruction.legs[last].quantity = 0;
        if (way == 4) instruction.legs[last].quantity = uint256(type(uint96).max) + 1;
        if (way == 5) instruction.legs[0].receiver = instruction.legs[0].giver;
        if (way == 6) instruction.legs[last].receiver = stranger;
        if (way == 7) instruction.legs[0].quantity += 1;
        if (way == 8 && last == 1) instruction.legs[1].receiverInstrument = address(_dollars);
    }

    function _breakWorld(Instruction memory instruction, Consent[] memory consents, uint256 way)
        private
        returns (Consent[] memory)
    {
        if (way == 9 && instruction.legs.length != 0) {
            _tryTo(operator, abi.encodeCall(registry.suspendParty, (alice)));
        }
        if (way == 10) _tryTo(supervisor, abi.encodeCall(registry.freezeParty, (carol)));
        if (way == 11) _tryTo(supervisor, abi.encodeCall(registry.freezeParty, (banks[1])));
        if (way == 12) _tryTo(operator, abi.encodeCall(registry.withdrawInstrument, (address(deposits[0]))));
        if (way == 13) _tryTo(operator, abi.encodeCall(registry.withdrawInstrument, (address(bond))));
        if (way == 14) _block(address(deposits[0]), banks[0], alice);
        if (way == 15) _block(address(deposits[1]), banks[1], carol);
        if (way == 16) _block(address(wholesale), authority, banks[1]);
        if (way == 17) _lowerMandate(0, 1);
        if (way == 18) _lowerMandate(1, 0);
        if (way == 19) _drainReserves(0);
        if (way == 20) _drainReserves(1);
        if (way == 21) return _without(consents, 0);
        if (way == 22 && consents.length != 0) consents[consents.length - 1].signature[3] ^= 0x01;
        if (way == 23) {
            (bool settled,) = address(engine).call(abi.encodeCall(engine.settle, (instruction, consents)));
            settled; // Where it settles it may not settle again; where not, nothing has changed.
        }
        if (way == 24) {
            (bool locked,) = address(engine).call(abi.encodeCall(engine.lock, (instruction, consents)));
            locked;
        }
        if (way == 25) {
            // The banks consent to what their mandates may not cover.
            bytes32 digest = InstructionId.unwrap(engine.idOf(instruction));
            return with(with(consents, sign(banks[0], digest)), sign(banks[1], digest));
        }
        if (way == 26) _doWithBill(alice, abi.encodeCall(bills.endorse, (_bill, bob)));
        if (way == 27) _doWithBill(alice, abi.encodeCall(bills.blankEndorse, (_bill)));
        if (way == 28) _doWithBill(alice, abi.encodeCall(bills.entrust, (_bill, carol, 0)));
        if (way == 29) _doWithBill(alice, abi.encodeCall(bills.surrenderForAmendment, (_bill, "COD")));
        return consents;
    }

    function _tryTo(address caller, bytes memory call) private {
        vm.prank(caller);
        (bool done,) = address(registry).call(call);
        done; // It may have been done already.
    }

    /// @dev She may be suspended, or the bill locked or sold.
    function _doWithBill(address caller, bytes memory call) private {
        vm.prank(caller);
        (bool done,) = address(bills).call(call);
        done;
    }

    function _block(address money, address by, address holder) private {
        vm.prank(by);
        (bool done,) = money.call(abi.encodeWithSignature("blockAccount(address)", holder));
        done; // The bank may be frozen, and then cannot.
    }

    /// @dev A frozen bank cannot change its mandate, nor be named in one.
    function _lowerMandate(uint256 from, uint256 to) private {
        vm.prank(banks[from]);
        (bool done,) = address(deposits[from]).call(abi.encodeCall(deposits[from].setCounterpartyLimit, (banks[to], 7)));
        done;
    }

    function _drainReserves(uint256 bank) private {
        vm.prank(authority);
        (bool done,) =
            address(wholesale).call(abi.encodeCall(wholesale.redeem, (banks[bank], CASH - CASH / 16, nextBooking())));
        done;
    }

    function _without(Consent[] memory consents, uint256 index) private pure returns (Consent[] memory fewer) {
        if (consents.length == 0) return consents;
        fewer = new Consent[](consents.length - 1);
        for (uint256 i = 0; i < fewer.length; ++i) {
            fewer[i] = consents[i < index ? i : i + 1];
        }
    }
}
