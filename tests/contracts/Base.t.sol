// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAccountMoney} from "../../contracts/interfaces/IAccountMoney.sol";
import {IRegistry} from "../../contracts/interfaces/IRegistry.sol";
import {ISettlementEngine} from "../../contracts/interfaces/ISettlementEngine.sol";
import {ITokenizedDeposit} from "../../contracts/interfaces/ITokenizedDeposit.sol";
import {BillKind} from "../../contracts/types/Bill.sol";
import {InstrumentKind, PartyStatus, Roles} from "../../contracts/types/Participation.sol";
import {BatchMode, Consent, Instruction, InstructionId, Settlement} from "../../contracts/types/Settlement.sol";
import {Instructions} from "./support/Instructions.sol";
import {Wallet} from "./mocks/Wallet.sol";

/// @dev A world in which everything can be paid: reserves, deposits and bonds are issued, mandates are open, and one
/// investor is a contract. A test then takes away the one thing whose lack it is about.
abstract contract Base is Instructions {
    /// @dev In cents: a billion dollars.
    uint256 internal constant CASH = 100_000_000_000;
    uint256 internal constant BONDS = 100_000_000;

    // Alice and Bob bank with bank 0, Carol and Dan with bank 1, Erin and Frank with bank 2.
    address internal alice;
    address internal bob;
    address internal carol;
    address internal dan;
    address internal erin;
    address internal frank;

    /// @dev An ERC-1271 account with a deposit at bank 0; `walletOwner` signs for it.
    Wallet internal wallet;
    address internal walletOwner;

    function setUp() public virtual override {
        super.setUp();
        (alice, bob, carol, dan, erin, frank) = (clients[0], clients[1], clients[2], clients[3], clients[4], clients[5]);
        for (uint256 i = 0; i < 3; ++i) {
            issueReserves(i, CASH);
        }
        for (uint256 i = 0; i < 6; ++i) {
            tokenise(clients[i], CASH);
        }
        openAllMandates();
        vm.startPrank(issuer);
        bond.issue(NOMINAL);
        IERC20(address(bond)).transfer(alice, BONDS);
        IERC20(address(bond)).transfer(carol, BONDS);
        vm.stopPrank();
        _makeWallet();
    }

    function _makeWallet() private {
        uint256 key;
        (walletOwner, key) = makeAddrAndKey("wallet owner");
        keyOf[walletOwner] = key;
        wallet = new Wallet(walletOwner);
        vm.prank(operator);
        registry.admitParty(address(wallet), Roles.INVESTOR);
        vm.startPrank(banks[0]);
        deposits[0].openAccount(address(wallet));
        deposits[0].issue(address(wallet), CASH, nextBooking());
        vm.stopPrank();
    }

    // ---- refusals ----------------------------------------------------------------------------------------------------

    /// @dev The instruction is refused for this reason, and the dry run names it too.
    function refuse(Instruction memory instruction, Consent[] memory consents, bytes memory reason) internal {
        assertTrue(contains(dryRun.reasons(instruction, consents), reason), "the dry run does not name the reason");
        vm.expectRevert(reason);
        engine.settle(instruction, consents);
    }

    function refuse(Instruction memory instruction, bytes memory reason) internal {
        refuse(instruction, consentsOf(instruction), reason);
    }

    function refuseBatch(Settlement[] memory settlements, BatchMode mode, bytes memory reason) internal {
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        vm.expectRevert(reason);
        engine.settleBatch(accounts, items, mode);
    }

    function contains(bytes[] memory list, bytes memory wanted) internal pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (keccak256(list[i]) == keccak256(wanted)) return true;
        }
        return false;
    }

    function notActive(address party, PartyStatus status) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IRegistry.Registry_PartyNotActive.selector, party, status);
    }

    function consentMissing(Instruction memory instruction, address party) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementEngine.Engine_ConsentMissing.selector, engine.idOf(instruction), party);
    }

    function consentInvalid(Instruction memory instruction, address party) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementEngine.Engine_ConsentInvalid.selector, engine.idOf(instruction), party);
    }

    // ---- what happens to parties ------------------------------------------------------------------------------------

    function freeze(address party) internal {
        vm.prank(supervisor);
        registry.freezeParty(party);
    }

    function suspend(address party) internal {
        vm.prank(operator);
        registry.suspendParty(party);
    }

    function setMandate(uint256 from, uint256 to, uint64 perPayment, uint64 perDay) internal {
        vm.startPrank(banks[from]);
        deposits[from].setCounterpartyLimit(banks[to], perPayment);
        deposits[from].setDailyLimit(perDay);
        vm.stopPrank();
    }

    // ---- more of the world -------------------------------------------------------------------------------------------

    /// @dev Wholesale money of another currency.
    function otherWholesale() internal returns (IAccountMoney other) {
        bytes memory arguments = abi.encode("Wholesale USD", "wUSD", uint8(2), engine, authority, registry);
        other = IAccountMoney(_deploy("money/WholesaleCBDC.sol:WholesaleCBDC", arguments));
        _admit(address(other), authority, InstrumentKind.Money);
    }

    /// @dev A second deposit instrument of a bank, which settles in `reserve`; `client` has an account.
    function otherDeposit(uint256 bank, IAccountMoney reserve, address client)
        internal
        returns (ITokenizedDeposit other)
    {
        bytes memory arguments = abi.encode("Other", "o", uint8(2), engine, banks[bank], registry, reserve, HONG_KONG);
        other = ITokenizedDeposit(_deploy("money/TokenizedDeposit.sol:TokenizedDeposit", arguments));
        _admit(address(other), banks[bank], InstrumentKind.Money);
        vm.prank(banks[bank]);
        other.openAccount(client);
    }

    /// @dev To the holder's order.
    function issueBill(address holder, string memory documentReference) internal returns (uint256 titleId) {
        bytes32 documentHash = keccak256(bytes(documentReference));
        vm.prank(carrier);
        titleId = bills.issue(holder, documentReference, documentHash, BillKind.ToOrder, holder);
    }

    // ---- batches -----------------------------------------------------------------------------------------------------

    function withConsents(Instruction memory instruction) internal view returns (Settlement memory) {
        return Settlement(instruction, consentsOf(instruction));
    }

    function batchOf(Instruction memory one, Instruction memory two) internal view returns (Settlement[] memory list) {
        list = new Settlement[](2);
        (list[0], list[1]) = (withConsents(one), withConsents(two));
    }

    function batchOf(Instruction memory one, Instruction memory two, Instruction memory three)
        internal
        view
        returns (Settlement[] memory list)
    {
        list = new Settlement[](3);
        (list[0], list[1], list[2]) = (withConsents(one), withConsents(two), withConsents(three));
    }

    function expectFailed(InstructionId id, bytes memory reason) internal {
        vm.expectEmit(address(engine));
        emit ISettlementEngine.InstructionFailed(id, reason);
    }
}
