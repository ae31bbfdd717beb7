// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BillKind} from "../../../contracts/types/Bill.sol";
import {Commitment, DisclosureKind} from "../../../contracts/types/Disclosure.sol";
import {BatchMode, Consent, Instruction, Settlement} from "../../../contracts/types/Settlement.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev What the calls that are made most often cost, as transactions of their own, with calldata. The numbers are kept
/// in tests/contracts/snapshots; `FORGE_SNAPSHOT_CHECK=true scripts/forge test` fails where one has changed.
contract GasTest is Instructions {
    function setUp() public override {
        super.setUp();
        openAllMandates();
        for (uint256 i = 0; i < 3; ++i) {
            issueReserves(i, 1e12);
        }
        for (uint256 i = 0; i < 6; ++i) {
            tokenise(clients[i], 1e12);
        }
        vm.startPrank(issuer);
        bond.issue(100 * MINIMUM);
        (bool ok,) = address(bond).call(abi.encodeWithSignature("transfer(address,uint256)", clients[0], 60 * MINIMUM));
        assertTrue(ok, "transfer");
        vm.stopPrank();
    }

    /// forge-config: default.isolate = true
    function test_When_SettledInOneBank() external {
        third(clients[0], clients[1]);
        vm.snapshotGasLastCall("settlement", "settle_same_bank");
    }

    /// forge-config: default.isolate = true
    function test_When_SettledAcrossBanks() external {
        third(clients[0], clients[2]);
        vm.snapshotGasLastCall("settlement", "settle_cross_bank");
    }

    /// @dev The third one to pass between the same two parties, each with a bill left.
    /// forge-config: default.isolate = true
    function test_When_ABillIsSettledAcrossBanks() external {
        (address exporter, address importer) = (clients[0], clients[2]);
        string[5] memory references = ["BL-1", "BL-2", "BL-3", "BL-4", "BL-5"];
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(carrier);
            bills.issue(exporter, references[i], bytes32(i + 1), BillKind.ToOrder, exporter);
        }
        for (uint256 i = 0; i < 3; ++i) {
            uint256 title = liveBillOf(bytes32(i + 1));
            Instruction memory instruction =
                instruct(leg(exporter, importer, address(bills), title), payment(importer, exporter, 1e6));
            Consent[] memory consents = consentsOf(instruction);
            engine.settle(instruction, consents);
        }
        vm.snapshotGasLastCall("settlement", "settle_bill_cross_bank");
    }

    /// forge-config: default.isolate = true
    function test_When_FiftyAreSettledInABatch() external {
        settle(dvp(clients[0], clients[2], MINIMUM, 1e6));
        Settlement[] memory batch = new Settlement[](50);
        for (uint256 i = 0; i < 50; ++i) {
            Instruction memory instruction = dvp(clients[0], clients[i % 2 == 0 ? 2 : 4], MINIMUM, 1e6);
            batch[i] = Settlement(instruction, consentsOf(instruction));
        }
        (address[] memory accounts, bytes memory items) = encodeBatch(batch);
        uint256 settled = engine.settleBatch(accounts, items, BatchMode.EachForItself);
        vm.snapshotGasLastCall("settlement", "settle_batch_50");
        assertEq(settled, (1 << 50) - 1, "all settled");
    }

    /// forge-config: default.isolate = true
    function test_When_LockedAndSettled() external {
        settle(dvp(clients[0], clients[2], MINIMUM, 1e6));
        Instruction memory instruction = dvp(clients[0], clients[2], MINIMUM, 1e6);
        engine.lock(instruction, consentsOf(instruction));
        vm.snapshotGasLastCall("settlement", "lock");
        engine.settleLocked(instruction, new Consent[](0));
        vm.snapshotGasLastCall("settlement", "settle_locked");
    }

    /// forge-config: default.isolate = true
    function test_When_Cancelled() external {
        settle(dvp(clients[0], clients[2], MINIMUM, 1e6));
        Instruction memory instruction = dvp(clients[0], clients[2], MINIMUM, 1e6);
        bytes32 digest = engine.cancellationDigest(engine.idOf(instruction), "wrong price");
        Consent[] memory cancellation = only(sign(clients[0], digest));
        engine.cancel(instruction, "wrong price", cancellation);
        vm.snapshotGasLastCall("settlement", "cancel");
    }

    function test_When_CodeSizeIsMeasured() external {
        size("Registry", address(registry));
        size("SettlementEngine", address(engine));
        size("SettlementDryRun", address(dryRun));
        size("WholesaleCBDC", address(wholesale));
        size("TokenizedDeposit", address(deposits[0]));
        size("GreenBond", address(bond));
        size("BillOfLading", address(bills));
        size("ControlTrackingRegistry", address(control));
        bytes memory arguments = abi.encode(engine, bond, deposits[0], operator);
        size("PayingAgent", _deploy("servicing/PayingAgent.sol:PayingAgent", arguments));
        Commitment[] memory commitments = new Commitment[](1);
        commitments[0] = Commitment(DisclosureKind.AllocationReport, MATURITY_DAY, issuer);
        arguments = abi.encode(bond, registry, uint16(1), commitments);
        vm.startPrank(issuer);
        size("GreenDisclosure", _deploy("disclosure/GreenDisclosure.sol:GreenDisclosure", arguments));
        vm.stopPrank();
        address[][3] memory persons = [new address[](1), new address[](1), new address[](1)];
        (persons[0][0], persons[1][0], persons[2][0]) = (operator, issuer, supervisor);
        arguments = abi.encode(1 days, persons[0], persons[1], persons[2]);
        size("DualControl", _deploy("compliance/DualControl.sol:DualControl", arguments));
    }

    /// @dev The third trade of the same two parties: by then every slot is there.
    function third(address seller, address buyer) private {
        settle(dvp(seller, buyer, MINIMUM, 1e6));
        settle(dvp(seller, buyer, MINIMUM, 1e6));
        Instruction memory instruction = dvp(seller, buyer, MINIMUM, 1e6);
        Consent[] memory consents = consentsOf(instruction);
        engine.settle(instruction, consents);
    }

    /// @dev EIP-170.
    function size(string memory name, address deployed) private {
        assertLt(deployed.code.length, 24_576, name);
        vm.snapshotValue("code_size", name, deployed.code.length);
    }
}
