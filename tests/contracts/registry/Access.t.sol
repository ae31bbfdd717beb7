// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IAccountMoney} from "../../../contracts/interfaces/IAccountMoney.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IControlTrackingRegistry} from "../../../contracts/interfaces/IControlTrackingRegistry.sol";
import {IDepositMoney} from "../../../contracts/interfaces/IDepositMoney.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {ITitleInstrument} from "../../../contracts/interfaces/ITitleInstrument.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {Bill, BillKind} from "../../../contracts/types/Bill.sol";
import {InstrumentKind, PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {BatchMode, HoldId, HoldResolution, Instruction, Settlement} from "../../../contracts/types/Settlement.sol";
import {AccessMatrix} from "../support/AccessMatrix.sol";
import {Instructions} from "../support/Instructions.sol";

/// @dev Every state-changing function of every contract, called by every kind of caller: those who may succeed, and
/// every other gets exactly the error that names it. The tree is in Access.tree.
contract AccessTest is Instructions, AccessMatrix {
    HoldId private constant HOLD = HoldId.wrap("hold");
    HoldId private constant TAKEN = HoldId.wrap("taken");
    bytes32 private constant ADMISSION_ROLE = keccak256("ADMISSION_ROLE");
    bytes32 private constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    bytes32 private constant SUPERVISOR_ROLE = keccak256("SUPERVISOR_ROLE");

    /// @dev What a refused call reverts with: `selector(caller)`, or with `role` behind it for the registry's roles.
    struct Refusal {
        bytes4 selector;
        bytes32 role;
        bool isRole;
    }

    ITokenizedDeposit private money;
    address private client;
    address private other;

    function _group() internal pure override returns (string memory) {
        return "access";
    }

    function setUp() public override {
        super.setUp();
        address[10] memory all = [
            operator, supervisor, authority, banks[0], banks[1], issuer, carrier, clients[0], stranger, address(engine)
        ];
        for (uint256 i = 0; i < 10; ++i) {
            callers[i] = all[i];
        }
        (callers[16], callers[17]) = (address(bills), address(control));
        _name(address(registry), "Registry");
        _name(address(engine), "SettlementEngine");
        _name(address(wholesale), "WholesaleCBDC");
        _name(address(deposits[0]), "TokenizedDeposit");
        _name(address(bond), "GreenBond");
        _name(address(bills), "BillOfLading");
        _name(address(control), "ControlTrackingRegistry");
        (money, client, other) = (deposits[0], clients[0], clients[1]);
        issueReserves(0, 1000);
        tokenise(client, 1000);
        vm.startPrank(issuer);
        bond.issue(4 * MINIMUM);
        assertTrue(IERC20(address(bond)).transfer(client, 2 * MINIMUM), "moved");
        vm.stopPrank();
    }

    // ---- registry ----------------------------------------------------------------------------------------------------

    /// @dev In the fixture the operator is also the administrator, who admits; GovernedAccess.t.sol has them apart.
    function test_When_TheAdministratorAdmits() external measured {
        Refusal memory refusal = lacks(ADMISSION_ROLE);
        address target = address(registry);
        check(target, abi.encodeCall(IRegistry.admitParty, (makeAddr("new"), Roles.BANK)), OPERATOR, refusal);
        vm.startPrank(operator);
        registry.withdrawInstrument(address(bond));
        registry.suspendParty(client);
        vm.stopPrank();
        check(target, abi.encodeCall(IRegistry.reinstateParty, (client)), OPERATOR, refusal);
        bytes memory admission =
            abi.encodeCall(IRegistry.admitInstrument, (address(bond), issuer, InstrumentKind.Asset));
        check(target, admission, OPERATOR, refusal);
    }

    function test_When_TheOperatorsFunctionsAreCalled() external measured {
        Refusal memory refusal = lacks(OPERATOR_ROLE);
        address target = address(registry);
        check(target, abi.encodeCall(IRegistry.suspendParty, (client)), OPERATOR, refusal);
        check(target, abi.encodeCall(IRegistry.withdrawInstrument, (address(bond))), OPERATOR, refusal);
    }

    function test_When_TheSupervisorsFunctionsAreCalled() external measured {
        Refusal memory refusal = lacks(SUPERVISOR_ROLE);
        check(address(registry), abi.encodeCall(IRegistry.freezeParty, (client)), SUPERVISOR, refusal);
        vm.prank(supervisor);
        registry.freezeParty(client);
        check(address(registry), abi.encodeCall(IRegistry.unfreezeParty, (client)), SUPERVISOR, refusal);
    }

    function test_When_RolesAreGrantedAndRevoked() external measured {
        address target = address(registry);
        Refusal memory refusal = lacks(bytes32(0));
        check(target, abi.encodeCall(IAccessControl.grantRole, (OPERATOR_ROLE, stranger)), OPERATOR, refusal);
        check(target, abi.encodeCall(IAccessControl.revokeRole, (SUPERVISOR_ROLE, supervisor)), OPERATOR, refusal);
        bytes memory renounce = abi.encodeCall(IAccessControl.renounceRole, (OPERATOR_ROLE, operator));
        checkFixed(target, renounce, OPERATOR, IAccessControl.AccessControlBadConfirmation.selector);
    }

    // ---- money -------------------------------------------------------------------------------------------------------

    function test_When_TheIssuersFunctionsOfMoneyAreCalled() external measured {
        issuersFunctions(wholesale, banks[0], banks[2], AUTHORITY);
        issuersFunctions(money, client, clients[2], BANK);
        Refusal memory refusal = names(IInstrument.Instrument_NotIssuer.selector);
        address target = address(money);
        check(target, abi.encodeCall(ITokenizedDeposit.setCounterpartyLimit, (banks[1], 5)), BANK, refusal);
        check(target, abi.encodeCall(ITokenizedDeposit.setDailyLimit, (5)), BANK, refusal);
    }

    function issuersFunctions(IAccountMoney target, address holder, address fresh, uint32 who) private {
        Refusal memory refusal = names(IInstrument.Instrument_NotIssuer.selector);
        address token = address(target);
        check(token, abi.encodeCall(IAccountMoney.issue, (holder, 5, "x")), who, refusal);
        check(token, abi.encodeCall(IAccountMoney.redeem, (holder, 5, "x")), who, refusal);
        check(token, abi.encodeCall(IAccountMoney.blockAccount, (holder)), who, refusal);
        check(token, abi.encodeCall(IAccountMoney.unblockAccount, (holder)), who, refusal);
        if (target.hasAccount(fresh)) {
            check(token, abi.encodeCall(IAccountMoney.closeAccount, (fresh)), who, refusal);
            vm.prank(target.issuer());
            target.closeAccount(fresh);
        }
        check(token, abi.encodeCall(IAccountMoney.openAccount, (fresh)), who, refusal);
        vm.prank(target.issuer());
        target.openAccount(fresh);
        check(token, abi.encodeCall(IAccountMoney.closeAccount, (fresh)), who, refusal);
    }

    function test_When_TheEnginesFunctionsAreCalled() external measured {
        enginesFunctions(wholesale, banks[0], banks[1], 5);
        enginesFunctions(money, client, other, 5);
        enginesFunctions(bond, issuer, client, MINIMUM);
        vm.prank(carrier);
        uint256 title = bills.issue(client, "BL-1", "document", BillKind.ToOrder, client);
        enginesFunctions(bills, client, other, title);
        Refusal memory refusal = names(IInstrument.Instrument_NotEngine.selector);
        check(address(money), abi.encodeCall(IDepositMoney.debit, (client, 5, banks[1])), ENGINE, refusal);
        check(address(money), abi.encodeCall(IDepositMoney.creditClient, (client, 5)), ENGINE, refusal);
    }

    function enginesFunctions(IInstrument target, address giver, address receiver, uint256 quantity) private {
        Refusal memory refusal = names(IInstrument.Instrument_NotEngine.selector);
        address token = address(target);
        check(token, abi.encodeCall(IInstrument.bookTransfer, (giver, receiver, quantity)), ENGINE, refusal);
        check(token, abi.encodeCall(IInstrument.placeHold, (HOLD, giver, quantity)), ENGINE, refusal);
        vm.prank(address(engine));
        target.placeHold(TAKEN, giver, quantity);
        check(token, abi.encodeCall(IInstrument.resolveHold, (TAKEN, HoldResolution.Released)), ENGINE, refusal);
        vm.prank(address(engine));
        target.resolveHold(TAKEN, HoldResolution.Released);
    }

    /// @dev Everybody may dispose of what is its own: the registry, then the account, then the balance refuse.
    function test_When_ErcFunctionsOfMoneyAndBondsAreCalled() external measured {
        address[3] memory tokens = [address(wholesale), address(money), address(bond)];
        for (uint256 i = 0; i < 3; ++i) {
            check(tokens[i], abi.encodeCall(IERC20.approve, (other, 5)), EVERYBODY, names(0));
            for (uint256 j = 0; j < callers.length; ++j) {
                if (callers[j] == address(0)) continue;
                address holder = callers[j];
                bytes memory transfer = abi.encodeCall(IERC20.transfer, (i == 0 ? banks[2] : other, MINIMUM));
                if (i != 2) transfer = abi.encodeCall(IERC20.transfer, (i == 0 ? banks[2] : other, 5));
                bool owns = i == 0 ? holder == banks[0] : holder == client || (i == 2 && holder == issuer);
                bytes memory reason = refused(tokens[i], j, transfer);
                assertEq(reason.length == 0, owns, "only the owner");
                if (registry.statusOf(holder) != PartyStatus.Active) {
                    bytes4 selector = IRegistry.Registry_PartyNotActive.selector;
                    assertEq(reason, abi.encodeWithSelector(selector, holder, PartyStatus.Unknown));
                } else if (!owns && i != 2 && !IAccountMoney(tokens[i]).hasAccount(holder)) {
                    assertEq(reason, abi.encodeWithSelector(IAccountMoney.AccountMoney_NoAccount.selector, holder));
                }
                address owner = i == 0 ? banks[0] : i == 1 ? client : issuer;
                reason = refused(tokens[i], j, abi.encodeCall(IERC20.transferFrom, (owner, other, 5)));
                bytes memory wanted = abi.encodeWithSelector(
                    IRegistry.Registry_PartyNotActive.selector, holder, registry.statusOf(holder)
                );
                if (registry.statusOf(holder) == PartyStatus.Active) {
                    bytes4 allowance = bytes4(keccak256("ERC20InsufficientAllowance(address,uint256,uint256)"));
                    wanted = abi.encodeWithSelector(allowance, holder, 0, 5);
                }
                assertEq(reason, wanted, "no party without an allowance, and nobody who is no party");
            }
        }
    }

    // ---- assets ------------------------------------------------------------------------------------------------------

    function test_When_TheIssuersFunctionsOfAssetsAreCalled() external measured {
        Refusal memory refusal = names(IInstrument.Instrument_NotIssuer.selector);
        check(address(bond), abi.encodeCall(IGreenBond.issue, (MINIMUM)), ISSUER, refusal);
        check(address(bond), abi.encodeCall(IGreenBond.redeem, (MINIMUM)), ISSUER, refusal);

        address target = address(bills);
        BillKind blank = BillKind.Blank;
        bytes memory input = abi.encodeCall(IBillOfLading.issue, (client, "BL", "document", blank, address(0)));
        check(target, input, CARRIER, refusal);
        input =
            abi.encodeCall(IBillOfLading.issueFromPaper, (client, "BL", "document", blank, address(0), 0, "statement"));
        check(target, input, CARRIER, refusal);
        uint256 title = newBill(carrier, "BL-1");
        check(target, abi.encodeCall(IBillOfLading.voidBill, (title)), CARRIER, refusal);
        uint256 pending = newBill(client, "BL-2");
        vm.prank(client);
        bills.surrenderForDelivery(pending);
        check(target, abi.encodeCall(IBillOfLading.acceptSurrender, (pending)), CARRIER, refusal);
        check(target, abi.encodeCall(IBillOfLading.rejectSurrender, (pending)), CARRIER, refusal);
        pending = newBill(client, "BL-3");
        vm.prank(client);
        bills.surrenderForAmendment(pending, "SWTP");
        check(target, abi.encodeCall(IBillOfLading.acceptSwitchToPaper, (pending, "statement")), CARRIER, refusal);
        pending = newBill(client, "BL-4");
        vm.prank(client);
        bills.surrenderForAmendment(pending, "COD");
        vm.prank(carrier);
        bills.acceptSurrender(pending);
        input = abi.encodeCall(IBillOfLading.reissue, (pending, client, "BL-4", "document", blank, address(0)));
        check(target, input, CARRIER, refusal);
    }

    function test_When_TheHoldersFunctionsOfBillsAreCalled() external measured {
        IBillOfLading elsewhere = anotherRegister(carrier);
        _admit(address(elsewhere), carrier, InstrumentKind.Title);
        uint256 title = newBill(client, "BL-1");
        holdersFunction(title, abi.encodeCall(IBillOfLading.surrenderForDelivery, (title)));
        holdersFunction(title, abi.encodeCall(IBillOfLading.surrenderForAmendment, (title, "COD")));
        holdersFunction(title, abi.encodeCall(IBillOfLading.endorse, (title, other)));
        holdersFunction(title, abi.encodeCall(IBillOfLading.endorseToOrder, (title, other)));
        holdersFunction(title, abi.encodeCall(IBillOfLading.handOver, (title, address(elsewhere), "chain")));
        holdersFunction(title, abi.encodeCall(IBillOfLading.blankEndorse, (title)));
    }

    function test_When_TheRegistersFunctionsOfControlTrackingAreCalled() external measured {
        IBillOfLading elsewhere = anotherRegister(carrier);
        _admit(address(elsewhere), carrier, InstrumentKind.Title);
        _name(address(elsewhere), "BillOfLading");
        uint256 title = newBill(client, "BL-1");
        Bill memory bill = bills.bill(title);
        bytes32 document = bill.documentHash;
        bytes4 selector = IControlTrackingRegistry.ControlTracking_NotInControl.selector;
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory expected = callers[i] == address(bills)
                ? bytes("")
                : abi.encodeWithSelector(selector, document, callers[i], bills);
            bytes memory input = abi.encodeCall(IControlTrackingRegistry.end, (document));
            assertEq(refused(address(control), i, input), expected, "only the register that has it");
            input = abi.encodeCall(IControlTrackingRegistry.pass, (address(elsewhere), client, bill, "chain"));
            assertEq(refused(address(control), i, input), expected, "only the register that has it");
        }
        bytes memory begin = abi.encodeCall(IControlTrackingRegistry.begin, ("other", "BL-2", 1));
        check(address(control), begin, REGISTER, names(IControlTrackingRegistry.ControlTracking_NotAdmitted.selector));
        bytes memory takeOver = abi.encodeCall(IBillOfLading.takeOver, (title, client, bill, "chain"));
        bytes4 notControlTracking = IBillOfLading.BillOfLading_NotControlTracking.selector;
        check(address(elsewhere), takeOver, CONTROL_TRACKING, names(notControlTracking));
    }

    function holdersFunction(uint256 title, bytes memory input) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes4 selector = IBillOfLading.BillOfLading_NotInControl.selector;
            bytes memory expected = abi.encodeWithSelector(selector, title, callers[i]);
            bytes memory reason = refused(address(bills), i, input);
            assertEq(reason, callers[i] == client ? bytes("") : expected, "only the party in control");
        }
    }

    /// @dev Whoever takes part may say whom it will entrust, or agree to be.
    function test_When_TheOtherFunctionsOfBillsAreCalled() external measured {
        uint256 title = newBill(client, "BL-1");
        activeOnly(abi.encodeCall(IBillOfLading.entrust, (title, other, 0)));
        activeOnly(abi.encodeCall(IBillOfLading.revokeEntrustment, (title, other)));
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory reason = refused(address(bills), i, abi.encodeCall(IBillOfLading.sign, (title, "statement")));
            assertEq(reason.length == 0, callers[i] == client, "only the party in control");
            bytes memory input = abi.encodeCall(IBillOfLading.acceptEntrustment, (title, other, 0));
            assertGt(refused(address(bills), i, input).length, 0, "nobody who is not entrusted");
            input = abi.encodeCall(IBillOfLading.renounceEntrustment, (title, other));
            assertGt(refused(address(bills), i, input).length, 0, "nobody who is not entrusted");
        }
        entrusted(title);
    }

    /// @dev Of all, another bank is the one that the titleholder has entrusted.
    function entrusted(uint256 title) private {
        vm.prank(client);
        bills.entrust(title, banks[1], 0);
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory input = abi.encodeCall(IBillOfLading.acceptEntrustment, (title, client, 0));
            assertEq(refused(address(bills), i, input).length == 0, callers[i] == banks[1], "only who is entrusted");
        }
        vm.prank(banks[1]);
        bills.acceptEntrustment(title, client, 0);
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory input = abi.encodeCall(IBillOfLading.renounceEntrustment, (title, client));
            assertEq(refused(address(bills), i, input).length == 0, callers[i] == banks[1], "only who has accepted");
        }
    }

    function activeOnly(bytes memory input) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory reason = refused(address(bills), i, input);
            if (registry.statusOf(callers[i]) == PartyStatus.Active) assertEq(reason, "", "everybody who is active");
            else assertEq(bytes4(reason), IRegistry.Registry_PartyNotActive.selector, "and nobody else");
        }
    }

    function newBill(address holder, string memory documentReference) private returns (uint256) {
        vm.prank(carrier);
        return bills.issue(holder, documentReference, bytes32(bytes(documentReference)), BillKind.ToOrder, holder);
    }

    function test_When_ErcFunctionsOfTitlesAreCalled() external measured {
        vm.prank(carrier);
        uint256 title = bills.issue(client, "BL-1", "document", BillKind.ToOrder, client);
        address target = address(bills);
        bytes4 selector = ITitleInstrument.Title_SettlementOnly.selector;
        checkFixed(target, abi.encodeCall(IERC721.transferFrom, (client, other, title)), 0, selector, title);
        checkFixed(target, abi.encodeCall(IERC721.approve, (other, title)), 0, selector, title);
        checkFixed(target, abi.encodeCall(IERC721.setApprovalForAll, (other, true)), 0, selector, 0);
        bytes memory safe = abi.encodeWithSignature("safeTransferFrom(address,address,uint256)", client, other, title);
        checkFixed(target, safe, 0, selector, title);
        safe = abi.encodeWithSignature("safeTransferFrom(address,address,uint256,bytes)", client, other, title, "");
        checkFixed(target, safe, 0, selector, title);
    }

    // ---- engine ------------------------------------------------------------------------------------------------------

    /// @dev Anybody may submit, because only signatures count; the inner entry is the engine's own.
    function test_When_TheEngineItselfIsCalled() external measured {
        address target = address(engine);
        Instruction memory instruction = instruct(payment(client, other, 5));
        Settlement[] memory batch = new Settlement[](1);
        batch[0] = Settlement(instruction, consentsOf(instruction));
        (address[] memory accounts, bytes memory items) = encodeBatch(batch);
        Refusal memory none;
        check(target, abi.encodeCall(engine.settle, (instruction, batch[0].consents)), EVERYBODY, none);
        bytes memory input = abi.encodeCall(engine.settleBatch, (accounts, items, BatchMode.AllOrNothing));
        check(target, input, EVERYBODY, none);
        input = abi.encodeCall(engine.settleInBatch, (instruction, batch[0].consents, 0));
        check(target, input, ENGINE, names(ISettlementEngine.Engine_NotSelf.selector));
        check(target, abi.encodeCall(engine.lock, (instruction, batch[0].consents)), EVERYBODY, none);
        input = abi.encodeCall(engine.cancel, (instruction, "no", cancellationsOf(instruction, "no")));
        check(target, input, EVERYBODY, none);

        engine.lock(instruction, batch[0].consents);
        check(target, input, EVERYBODY, none);
        input = abi.encodeCall(engine.settleLocked, (instruction, batch[0].consents));
        check(target, input, EVERYBODY, none);
        vm.warp(instruction.deadline + 1);
        check(target, abi.encodeCall(engine.expire, (instruction)), EVERYBODY, none);
        // An instrument that will not let go for once leaves its hold to releaseLeg.
        vm.mockCallRevert(address(money), abi.encodeWithSelector(IInstrument.resolveHold.selector), "");
        engine.expire(instruction);
        vm.clearMockedCalls();
        check(target, abi.encodeCall(engine.releaseLeg, (instruction, 0)), EVERYBODY, none);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function check(address target, bytes memory data, uint32 allowed, Refusal memory refusal) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory expected;
            if (allowed & (1 << i) == 0) {
                expected = refusal.isRole
                    ? abi.encodeWithSelector(refusal.selector, callers[i], refusal.role)
                    : abi.encodeWithSelector(refusal.selector, callers[i]);
            }
            assertEq(refused(target, i, data), expected, vm.toString(i));
        }
    }

    function checkFixed(address target, bytes memory data, uint32 allowed, bytes4 selector) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            bytes memory expected = allowed & (1 << i) != 0 ? bytes("") : abi.encodeWithSelector(selector);
            assertEq(refused(target, i, data), expected, vm.toString(i));
        }
    }

    function checkFixed(address target, bytes memory data, uint32, bytes4 selector, uint256 id) private {
        for (uint256 i = 0; i < callers.length; ++i) {
            if (callers[i] == address(0)) continue;
            assertEq(refused(target, i, data), abi.encodeWithSelector(selector, id), vm.toString(i));
        }
    }

    function lacks(bytes32 role) private pure returns (Refusal memory) {
        return Refusal(IAccessControl.AccessControlUnauthorizedAccount.selector, role, true);
    }

    function names(bytes4 selector) private pure returns (Refusal memory) {
        return Refusal(selector, 0, false);
    }
}
