// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchMode, Consent, Instruction, Settlement} from "../../contracts/types/Settlement.sol";
import {Base} from "./Base.t.sol";

/// @dev What things cost, written to tests/contracts/snapshots and checked in: a change shows in the diff. Each call is
/// a transaction of its own (intrinsic gas and calldata included, nothing warm from the fixture), and the one before it
/// has opened the slots that every later one finds used.
/// forge-config: default.isolate = true
contract GasTest is Base {
    uint256 private constant NOMINAL_SOLD = 10_000_000;
    /// @dev EIP-170.
    uint256 private constant CODE_SIZE_MAX = 24_576;

    function setUp() public override {
        super.setUp();
        settle(dvp(alice, bob, NOMINAL_SOLD, 1));
        settle(dvp(alice, carol, NOMINAL_SOLD, 1));
        settle(dvp(carol, alice, NOMINAL_SOLD, 1));
    }

    function test_Gas_SettleSameBank() external {
        Instruction memory instruction = dvp(alice, bob, NOMINAL_SOLD, 1);
        Consent[] memory consents = consentsOf(instruction);
        engine.settle(instruction, consents);
        vm.snapshotGasLastCall("Engine", "settle, both at one bank");
    }

    function test_Gas_SettleAcrossBanks() external {
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, 1);
        Consent[] memory consents = consentsOf(instruction);
        engine.settle(instruction, consents);
        vm.snapshotGasLastCall("Engine", "settle, across two banks");
    }

    function test_Gas_BatchOf50AcrossBanks() external {
        Settlement[] memory settlements = new Settlement[](50);
        for (uint256 i = 0; i < 50; ++i) {
            settlements[i] = withConsents(dvp(alice, carol, 1_000_000, 1));
        }
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        engine.settleBatch(accounts, items, BatchMode.EachForItself);
        uint256 gas = vm.snapshotGasLastCall("Engine", "settleBatch, 50 across two banks, each for itself");
        vm.snapshotValue("Engine", "settleBatch, 50 across two banks, per settlement", gas / 50);
    }

    function test_Gas_BatchOf50AcrossBanksAllOrNothing() external {
        Settlement[] memory settlements = new Settlement[](50);
        for (uint256 i = 0; i < 50; ++i) {
            settlements[i] = withConsents(dvp(alice, carol, 1_000_000, 1));
        }
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        engine.settleBatch(accounts, items, BatchMode.AllOrNothing);
        vm.snapshotGasLastCall("Engine", "settleBatch, 50 across two banks, all or nothing");
    }

    function test_Gas_LockThenSettle() external {
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, 1);
        engine.lock(instruction, consentsOf(instruction));
        vm.snapshotGasLastCall("Engine", "lock, two legs");
        engine.settleLocked(instruction, new Consent[](0));
        vm.snapshotGasLastCall("Engine", "settleLocked, across two banks");
    }

    function test_Gas_Cancel() external {
        Instruction memory open = dvp(alice, carol, NOMINAL_SOLD, 1);
        engine.cancel(open, "", cancellationsOf(open, ""));
        vm.snapshotGasLastCall("Engine", "cancel, open");
        Instruction memory locked = dvp(alice, carol, NOMINAL_SOLD, 1);
        engine.lock(locked, consentsOf(locked));
        engine.cancel(locked, "", cancellationsOf(locked, ""));
        vm.snapshotGasLastCall("Engine", "cancel, locked");
    }

    function test_Gas_Expire() external {
        Instruction memory instruction = dvp(alice, carol, NOMINAL_SOLD, 1);
        engine.lock(instruction, consentsOf(instruction));
        vm.warp(instruction.deadline + 1);
        engine.expire(instruction);
        vm.snapshotGasLastCall("Engine", "expire, two legs");
    }

    function test_CodeSizes() external {
        string[7] memory names = [
            "Registry",
            "SettlementEngine",
            "SettlementDryRun",
            "WholesaleCBDC",
            "TokenizedDeposit",
            "GreenBond",
            "BillOfLading"
        ];
        address[7] memory deployed = [
            address(registry),
            address(engine),
            address(dryRun),
            address(wholesale),
            address(deposits[0]),
            address(bond),
            address(bills)
        ];
        for (uint256 i = 0; i < 7; ++i) {
            assertLt(deployed[i].code.length, CODE_SIZE_MAX, string.concat(names[i], " is too large to deploy"));
            vm.snapshotValue("CodeSize", names[i], deployed[i].code.length);
        }
    }
}
