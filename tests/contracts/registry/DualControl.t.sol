// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IDualControl} from "../../../contracts/interfaces/IDualControl.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {InstrumentKind, PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction, InstructionId} from "../../../contracts/types/Settlement.sol";
import {Governed} from "../support/Governed.sol";

/// @dev The tree is in DualControl.tree; who may call what is in GovernedAccess.t.sol.
contract DualControlTest is Governed {
    uint256 private constant UNSET = 1 << 0;
    uint256 private constant PENDING = 1 << 1 | 1 << 2;
    uint256 private constant READY = 1 << 2;

    address private newcomer;
    bytes private admission;

    function setUp() public override {
        super.setUp();
        newcomer = makeAddr("newcomer");
        admission = abi.encodeCall(IRegistry.admitParty, (newcomer, Roles.BANK));
    }

    // ---- its making -------------------------------------------------------------------------------------------------

    function test_RevertWhen_AnAccountIsToHaveTwoRoles() external {
        address[3] memory three = [operator, executor, canceller];
        // The executors are given theirs first, then the proposers, then the cancellers.
        bytes32[3] memory second = [PROPOSER_ROLE, CANCELLER_ROLE, CANCELLER_ROLE];
        for (uint256 i = 0; i < 3; ++i) {
            address[3] memory joined = three;
            joined[i] = three[(i + 1) % 3];
            vm.expectRevert(incompatible(joined[i], second[i]));
            this.make(listOf(joined[0]), listOf(joined[1]), listOf(joined[2]));
        }
    }

    function test_RevertWhen_ARoleIsForEverybody() external {
        vm.expectRevert(incompatible(address(0), PROPOSER_ROLE));
        this.make(listOf(address(0)), listOf(executor), listOf(canceller));
        vm.expectRevert(incompatible(address(0), EXECUTOR_ROLE));
        this.make(listOf(operator), listOf(address(0)), listOf(canceller));
        vm.expectRevert(incompatible(address(0), CANCELLER_ROLE));
        this.make(listOf(operator), listOf(executor), listOf(address(0)));
    }

    function test_RevertWhen_ARoleIsForNobody() external {
        address[] memory nobody = new address[](0);
        vm.expectRevert(vacant(PROPOSER_ROLE));
        this.make(nobody, listOf(executor), listOf(canceller));
        vm.expectRevert(vacant(EXECUTOR_ROLE));
        this.make(listOf(operator), nobody, listOf(canceller));
        vm.expectRevert(vacant(CANCELLER_ROLE));
        this.make(listOf(operator), listOf(executor), nobody);
    }

    function make(address[] memory proposers, address[] memory executors, address[] memory cancellers) external {
        _makeControl(DELAY, proposers, executors, cancellers);
    }

    function test_When_ARegistryIsMadeUnderIt() external {
        bytes memory arguments = abi.encode(dualControl, operator, supervisor);
        IAccessControl made = IAccessControl(_deploy("compliance/Registry.sol:Registry", arguments));
        address[5] memory accounts = [operator, supervisor, executor, canceller, address(dualControl)];
        bytes32[4] memory roles = [OPERATOR_ROLE, SUPERVISOR_ROLE, ADMISSION_ROLE, ADMINISTRATOR];
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                bool has = i == 0 ? j == 0 : i == 1 ? j == 1 : i == 4 && j >= 2;
                assertEq(made.hasRole(roles[j], accounts[i]), has, "each has its own powers");
                assertEq(powers.hasRole(roles[j], accounts[i]), has, "the same as after a hand-over");
            }
        }
    }

    // ---- what extends trust -----------------------------------------------------------------------------------------

    function test_When_ProposedAndExecutedByTwo() external {
        bytes32 id = propose(dualControl, address(registry), admission);
        skip(DELAY);
        assertEq(uint8(registry.statusOf(newcomer)), uint8(PartyStatus.Unknown), "not by itself");
        execute(dualControl, executor, address(registry), admission);
        assertEq(uint8(registry.statusOf(newcomer)), uint8(PartyStatus.Active), "admitted");
        vm.prank(executor);
        vm.expectRevert(inAnotherState(id, READY));
        dualControl.execute(address(registry), 0, admission, 0, 0);
    }

    function test_RevertWhen_ProposedTwice() external {
        bytes32 id = propose(dualControl, address(registry), admission);
        vm.prank(operator);
        vm.expectRevert(inAnotherState(id, UNSET));
        dualControl.schedule(address(registry), 0, admission, 0, 0, DELAY);
        skip(DELAY);
        execute(dualControl, executor, address(registry), admission);
        vm.prank(operator);
        vm.expectRevert(inAnotherState(id, UNSET)); // Done once, it needs another salt.
        dualControl.schedule(address(registry), 0, admission, 0, 0, DELAY);
    }

    function test_When_SeveralAreProposedTogether() external {
        address second = makeAddr("second newcomer");
        (bytes32 id, bytes[] memory calls) = proposeTwo(abi.encodeCall(IRegistry.admitParty, (second, Roles.BANK)));
        vm.prank(executor);
        vm.expectRevert(inAnotherState(id, READY)); // Not before the delay.
        dualControl.executeBatch(twice(address(registry)), new uint256[](2), calls, 0, 0);
        skip(DELAY);
        vm.startPrank(executor);
        dualControl.executeBatch(twice(address(registry)), new uint256[](2), calls, 0, 0);
        assertEq(uint8(registry.statusOf(newcomer)), uint8(PartyStatus.Active), "the first");
        assertEq(uint8(registry.statusOf(second)), uint8(PartyStatus.Active), "and the second");
        vm.expectRevert(inAnotherState(id, READY));
        dualControl.executeBatch(twice(address(registry)), new uint256[](2), calls, 0, 0);
    }

    function test_RevertWhen_OneOfSeveralIsRefused() external {
        bytes4 selector = IRegistry.Registry_InvalidAdmission.selector;
        (, bytes[] memory calls) = proposeTwo(abi.encodeCall(IRegistry.admitParty, (address(0), Roles.BANK)));
        skip(DELAY);
        vm.prank(executor);
        vm.expectRevert(abi.encodeWithSelector(selector, address(0)));
        dualControl.executeBatch(twice(address(registry)), new uint256[](2), calls, 0, 0);
        assertEq(uint8(registry.statusOf(newcomer)), uint8(PartyStatus.Unknown), "nor is the other done");
    }

    function test_RevertGiven_SeveralAreVetoed() external {
        (bytes32 id, bytes[] memory calls) = proposeTwo(abi.encodeCall(IRegistry.admitParty, (stranger, Roles.BANK)));
        veto(id);
        skip(DELAY);
        vm.prank(executor);
        vm.expectRevert(inAnotherState(id, READY));
        dualControl.executeBatch(twice(address(registry)), new uint256[](2), calls, 0, 0);
    }

    function proposeTwo(bytes memory second) private returns (bytes32 id, bytes[] memory calls) {
        calls = new bytes[](2);
        (calls[0], calls[1]) = (admission, second);
        address[] memory targets = twice(address(registry));
        id = dualControl.hashOperationBatch(targets, new uint256[](2), calls, 0, 0);
        vm.prank(operator);
        dualControl.scheduleBatch(targets, new uint256[](2), calls, 0, 0, DELAY);
    }

    function twice(address target) private pure returns (address[] memory targets) {
        targets = new address[](2);
        (targets[0], targets[1]) = (target, target);
    }

    function test_When_TheDelayIsChanged() external {
        address own = address(dualControl);
        bytes memory change = abi.encodeCall(TimelockController.updateDelay, (DELAY / 2));
        propose(dualControl, own, change);
        skip(DELAY);
        bytes32 waiting = propose(dualControl, address(registry), admission);
        execute(dualControl, executor, own, change);
        assertEq(dualControl.getMinDelay(), DELAY / 2, "from then on");
        skip(DELAY / 2);
        vm.prank(executor);
        vm.expectRevert(inAnotherState(waiting, READY)); // What waits goes on waiting.
        dualControl.execute(address(registry), 0, admission, 0, 0);
        bytes memory later = abi.encodeCall(IRegistry.admitParty, (stranger, Roles.BANK));
        enact(dualControl, address(registry), later);
        assertEq(uint8(registry.statusOf(stranger)), uint8(PartyStatus.Active), "after half the time");
    }

    function test_RevertWhen_ExecutedBeforeTheDelay() external {
        bytes32 id = propose(dualControl, address(registry), admission);
        skip(DELAY - 1);
        vm.prank(executor);
        vm.expectRevert(inAnotherState(id, READY));
        dualControl.execute(address(registry), 0, admission, 0, 0);
        vm.prank(operator);
        bytes4 selector = TimelockController.TimelockInsufficientDelay.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, DELAY - 1, DELAY));
        dualControl.schedule(address(registry), 0, admission, 0, "shorter", DELAY - 1);
    }

    function test_RevertWhen_ExecutedByItsProposer() external {
        propose(dualControl, address(registry), admission);
        skip(DELAY);
        address[3] memory others = [operator, deputy, canceller];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert(lacking(others[i], EXECUTOR_ROLE));
            dualControl.execute(address(registry), 0, admission, 0, 0);
        }
    }

    function test_RevertGiven_Vetoed() external {
        uint256[2] memory waits = [uint256(0), DELAY + 30 days]; // at once, and long after it was ready
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 id = propose(dualControl, address(registry), admission);
            skip(waits[i]);
            veto(id);
            skip(DELAY);
            vm.prank(executor);
            vm.expectRevert(inAnotherState(id, READY));
            dualControl.execute(address(registry), 0, admission, 0, 0);
            vm.prank(canceller);
            vm.expectRevert(inAnotherState(id, PENDING));
            dualControl.cancel(id);
        }
    }

    function test_RevertGiven_DoneWhen_Vetoed() external {
        bytes32 id = propose(dualControl, address(registry), admission);
        skip(DELAY);
        execute(dualControl, executor, address(registry), admission);
        vm.prank(canceller);
        vm.expectRevert(inAnotherState(id, PENDING));
        dualControl.cancel(id);
    }

    /// @dev What is not refused here would let two persons become one.
    function test_RevertWhen_RolesAreJoinedByAProposal() external {
        address own = address(dualControl);
        refuseToEnact(abi.encodeCall(IAccessControl.grantRole, (EXECUTOR_ROLE, operator)), EXECUTOR_ROLE, operator);
        refuseToEnact(abi.encodeCall(IAccessControl.grantRole, (CANCELLER_ROLE, deputy)), CANCELLER_ROLE, deputy);
        refuseToEnact(abi.encodeCall(IAccessControl.grantRole, (PROPOSER_ROLE, executor)), PROPOSER_ROLE, executor);
        refuseToEnact(abi.encodeCall(IAccessControl.grantRole, (EXECUTOR_ROLE, address(0))), EXECUTOR_ROLE, address(0));
        refuseToEnact(abi.encodeCall(IAccessControl.grantRole, (ADMINISTRATOR, stranger)), ADMINISTRATOR, stranger);
        enact(dualControl, own, abi.encodeCall(IAccessControl.grantRole, (EXECUTOR_ROLE, stranger)));
        assertTrue(dualControl.hasRole(EXECUTOR_ROLE, stranger), "a third person may");
    }

    function refuseToEnact(bytes memory grant, bytes32 role, address account) private {
        propose(dualControl, address(dualControl), grant);
        skip(DELAY);
        vm.prank(executor);
        vm.expectRevert(incompatible(account, role));
        dualControl.execute(address(dualControl), 0, grant, 0, 0);
    }

    // ---- what reduces trust -----------------------------------------------------------------------------------------

    function test_When_TrustIsReduced() external {
        vm.startPrank(operator);
        registry.suspendParty(clients[0]);
        registry.withdrawInstrument(address(bond));
        vm.stopPrank();
        vm.prank(supervisor);
        registry.freezeParty(clients[1]);
        assertEq(uint8(registry.statusOf(clients[0])), uint8(PartyStatus.Suspended), "by one key, at once");
        assertEq(uint8(registry.statusOf(clients[1])), uint8(PartyStatus.Frozen), "by one key, at once");
    }

    function test_Given_SuspendedBeforeItWasFrozen() external {
        vm.prank(operator);
        registry.suspendParty(clients[0]);
        vm.startPrank(supervisor);
        registry.freezeParty(clients[0]);
        registry.unfreezeParty(clients[0]);
        vm.stopPrank();
        assertEq(uint8(registry.statusOf(clients[0])), uint8(PartyStatus.Suspended), "no key alone lets it back");
        enact(dualControl, address(registry), abi.encodeCall(IRegistry.reinstateParty, (clients[0])));
        assertEq(uint8(registry.statusOf(clients[0])), uint8(PartyStatus.Active), "two do");
    }

    // ---- revocation -------------------------------------------------------------------------------------------------

    function test_When_RolesAreRevokedAtOnce() external {
        address[4] memory targets = [address(registry), address(registry), address(dualControl), address(dualControl)];
        bytes32[4] memory roles = [OPERATOR_ROLE, SUPERVISOR_ROLE, PROPOSER_ROLE, EXECUTOR_ROLE];
        address[4] memory accounts = [operator, supervisor, operator, executor];
        enact(dualControl, address(dualControl), abi.encodeCall(IAccessControl.grantRole, (EXECUTOR_ROLE, stranger)));
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectEmit(address(dualControl));
            emit IDualControl.RevokedAtOnce(targets[i], roles[i], accounts[i], canceller);
            revoke(targets[i], roles[i], accounts[i]);
            assertFalse(IAccessControl(targets[i]).hasRole(roles[i], accounts[i]), "revoked");
        }
    }

    function test_RevertWhen_ThereIsNothingToRevoke() external {
        vm.expectRevert(notRevocable(address(registry), OPERATOR_ROLE, supervisor));
        revoke(address(registry), OPERATOR_ROLE, supervisor);
    }

    function test_RevertWhen_ItsOwnPowersAreToBeRevoked() external {
        address own = address(dualControl);
        vm.expectRevert(notRevocable(address(registry), ADMISSION_ROLE, own));
        revoke(address(registry), ADMISSION_ROLE, own);
        vm.expectRevert(notRevocable(address(registry), ADMINISTRATOR, own));
        revoke(address(registry), ADMINISTRATOR, own);
        vm.expectRevert(notRevocable(own, ADMINISTRATOR, own));
        revoke(own, ADMINISTRATOR, own);
    }

    function test_RevertWhen_ARoleWouldBeLeftToNobody() external {
        vm.expectRevert(vacant(EXECUTOR_ROLE));
        revoke(address(dualControl), EXECUTOR_ROLE, executor);
        vm.expectRevert(vacant(CANCELLER_ROLE));
        revoke(address(dualControl), CANCELLER_ROLE, canceller);
        revoke(address(dualControl), PROPOSER_ROLE, operator);
        vm.prank(deputy);
        vm.expectRevert(vacant(PROPOSER_ROLE));
        dualControl.renounceRole(PROPOSER_ROLE, deputy);
    }

    function test_When_ARoleIsRevokedByAProposal() external {
        bytes memory revocation = abi.encodeCall(IAccessControl.revokeRole, (PROPOSER_ROLE, deputy));
        enact(dualControl, address(dualControl), revocation);
        assertFalse(dualControl.hasRole(PROPOSER_ROLE, deputy), "revoked");
        revocation = abi.encodeCall(IAccessControl.revokeRole, (PROPOSER_ROLE, operator));
        propose(dualControl, address(dualControl), revocation);
        skip(DELAY);
        vm.prank(executor);
        vm.expectRevert(vacant(PROPOSER_ROLE));
        dualControl.execute(address(dualControl), 0, revocation, 0, 0);
    }

    // ---- stolen keys ------------------------------------------------------------------------------------------------

    /// @dev It stops what it can, and extends nothing: what it schedules waits, and is vetoed when it is found out.
    function test_Given_TheOperatorsKeyIsStolen() external {
        vm.startPrank(operator);
        vm.expectRevert(lacking(operator, ADMISSION_ROLE));
        registry.admitParty(newcomer, Roles.BANK);
        registry.withdrawInstrument(address(bond));
        vm.expectRevert(lacking(operator, ADMISSION_ROLE));
        registry.admitInstrument(address(bond), issuer, InstrumentKind.Asset);
        registry.suspendParty(clients[0]);
        vm.expectRevert(lacking(operator, ADMISSION_ROLE));
        registry.reinstateParty(clients[0]);
        vm.expectRevert(lacking(operator, ADMINISTRATOR));
        powers.grantRole(ADMISSION_ROLE, operator);
        vm.expectRevert(lacking(operator, ADMINISTRATOR));
        powers.revokeRole(SUPERVISOR_ROLE, supervisor);
        vm.expectRevert(lacking(operator, CANCELLER_ROLE));
        dualControl.cancel("another's proposal");
        vm.stopPrank();

        bytes32 id = propose(dualControl, address(registry), admission);
        skip(DELAY - 1);
        revoke(address(registry), OPERATOR_ROLE, operator);
        revoke(address(dualControl), PROPOSER_ROLE, operator);
        veto(id);
        skip(DELAY);
        vm.startPrank(operator);
        vm.expectRevert(lacking(operator, OPERATOR_ROLE));
        registry.suspendParty(clients[1]);
        vm.expectRevert(lacking(operator, PROPOSER_ROLE));
        dualControl.schedule(address(registry), 0, admission, 0, "again", DELAY);
        vm.stopPrank();
        assertEq(uint8(registry.statusOf(newcomer)), uint8(PartyStatus.Unknown), "nothing came of it");
    }

    /// @dev Both have to be stolen, and even then there is the delay and the veto.
    function test_Given_ProposersAndExecutorsKeysAreStolen() external {
        bytes memory grant = abi.encodeCall(IAccessControl.grantRole, (ADMISSION_ROLE, stranger));
        bytes32 id = propose(dualControl, address(powers), grant);
        vm.prank(executor);
        vm.expectRevert(inAnotherState(id, READY));
        dualControl.execute(address(powers), 0, grant, 0, 0);
        veto(id);
        skip(DELAY);
        vm.prank(executor);
        vm.expectRevert(inAnotherState(id, READY));
        dualControl.execute(address(powers), 0, grant, 0, 0);
    }

    /// @dev It can stop everything, all but dual control for good, and gains nothing by it.
    function test_Given_TheCancellersKeyIsStolen() external {
        vm.prank(supervisor);
        registry.freezeParty(clients[0]);
        revoke(address(registry), SUPERVISOR_ROLE, supervisor);
        revoke(address(registry), OPERATOR_ROLE, operator);
        vm.startPrank(supervisor);
        vm.expectRevert(lacking(supervisor, SUPERVISOR_ROLE));
        registry.unfreezeParty(clients[0]);
        vm.stopPrank();
        bytes memory grant = abi.encodeCall(IAccessControl.grantRole, (SUPERVISOR_ROLE, supervisor));
        veto(propose(dualControl, address(powers), grant));
        vm.startPrank(canceller);
        vm.expectRevert(lacking(canceller, PROPOSER_ROLE));
        dualControl.schedule(address(registry), 0, admission, 0, 0, DELAY);
        vm.expectRevert(lacking(canceller, ADMISSION_ROLE));
        registry.admitParty(newcomer, Roles.BANK);
        vm.expectRevert(lacking(canceller, SUPERVISOR_ROLE));
        registry.freezeParty(clients[0]);
        vm.expectRevert(lacking(canceller, ADMINISTRATOR));
        dualControl.grantRole(CANCELLER_ROLE, stranger);
        vm.stopPrank();
    }

    // ---- money under dual control -----------------------------------------------------------------------------------

    function test_Given_TheCentralBankIsUnderDualControl() external {
        TimelockController issuing = _makeControl(0, listOf(operator), listOf(executor), listOf(canceller));
        enact(
            dualControl, address(registry), abi.encodeCall(IRegistry.admitParty, (address(issuing), Roles.CENTRAL_BANK))
        );
        bytes memory arguments = abi.encode("Wholesale HKD", "wHKD", uint8(2), engine, issuing, registry);
        IAccountMoney money = IAccountMoney(_deploy("money/WholesaleCBDC.sol:WholesaleCBDC", arguments));
        enact(issuing, address(money), abi.encodeCall(IAccountMoney.openAccount, (banks[0])));

        address[2] memory persons = [operator, executor];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(persons[i]);
            vm.expectRevert(abi.encodeWithSelector(IInstrument.Instrument_NotIssuer.selector, persons[i]));
            money.issue(banks[0], 1000, "alone");
        }
        bytes memory issue = abi.encodeCall(IAccountMoney.issue, (banks[0], 1000, "together"));
        propose(issuing, address(money), issue);
        vm.prank(operator);
        vm.expectRevert(lacking(operator, EXECUTOR_ROLE));
        issuing.execute(address(money), 0, issue, 0, 0);
        assertEq(balance(address(money), banks[0]), 0, "one person issues nothing");
        execute(issuing, executor, address(money), issue);
        assertEq(balance(address(money), banks[0]), 1000, "two do, without a delay where there is none");
    }

    /// @dev Within its mandate a bank signs nothing, so its deposits are paid to another bank's clients as any other's.
    function test_Given_ABankIsUnderDualControl() external {
        TimelockController bank = _makeControl(0, listOf(operator), listOf(executor), listOf(canceller));
        enact(dualControl, address(registry), abi.encodeCall(IRegistry.admitParty, (address(bank), Roles.BANK)));
        bytes memory arguments =
            abi.encode("Deposit", "dHKD", uint8(2), engine, address(bank), registry, wholesale, HONG_KONG);
        ITokenizedDeposit money = ITokenizedDeposit(_deploy("money/TokenizedDeposit.sol:TokenizedDeposit", arguments));
        InstrumentKind kind = InstrumentKind.Money;
        bytes memory admitted = abi.encodeCall(IRegistry.admitInstrument, (address(money), address(bank), kind));
        enact(dualControl, address(registry), admitted);
        vm.startPrank(authority);
        wholesale.openAccount(address(bank));
        wholesale.issue(address(bank), 1000, nextBooking());
        vm.stopPrank();
        enact(bank, address(money), abi.encodeCall(IAccountMoney.openAccount, (clients[0])));
        enact(bank, address(money), abi.encodeCall(IAccountMoney.issue, (clients[0], 1000, "deposit")));
        Instruction memory instruction = instruct(payment(clients[0], clients[2], 400));
        instruction.legs[0].instrument = address(money);
        Consent[] memory consents = only(sign(clients[0], InstructionId.unwrap(engine.idOf(instruction))));
        vm.expectRevert();
        engine.settle(instruction, consents);
        enact(bank, address(money), abi.encodeCall(ITokenizedDeposit.setCounterpartyLimit, (banks[1], 400)));
        enact(bank, address(money), abi.encodeCall(ITokenizedDeposit.setDailyLimit, (400)));
        engine.settle(instruction, consents);
        assertEq(balance(address(money), clients[0]), 600, "debited");
        assertEq(balance(address(deposits[1]), clients[2]), 400, "credited");
        assertEq(balance(address(wholesale), address(bank)), 600, "and settled in reserves");
    }
}
