// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";
import {IBillOfLading} from "../../../contracts/interfaces/IBillOfLading.sol";
import {IFungibleInstrument} from "../../../contracts/interfaces/IFungibleInstrument.sol";
import {ITokenizedDeposit} from "../../../contracts/interfaces/ITokenizedDeposit.sol";
import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {IInstrument} from "../../../contracts/interfaces/IInstrument.sol";
import {Instruction, InstructionId, InstructionStatus} from "../../../contracts/types/Settlement.sol";
import {Exposed} from "./Exposed.sol";

/// @dev The nine rules of tests/README.md, over the whole system. Each was seen to fail on a planted fault: see
/// scripts/plant-faults.
contract InvariantsTest is Test {
    Exposed private handler;

    function setUp() external {
        handler = new Exposed();
        handler.setUp();
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), handler.acts()));
    }

    function invariant_DVP_1_NoLegTakesEffectUnlessAllDo() external view {
        assertEq(handler.breach("DVP-1"), "", "DVP-1 no leg takes effect unless every leg does");
    }

    function invariant_DVP_2_SettlesAtMostOnceAndOnlyAsAgreed() external view {
        assertEq(handler.breach("DVP-2"), "", "DVP-2 settles at most once, in its window, with every consent");
        (,,, uint256 count) = handler.counts();
        for (uint256 i = 0; i < count; ++i) {
            Instruction memory instruction = handler.pooled(i);
            InstructionStatus expected = handler.statuses(handler.keyOfNonce(instruction));
            InstructionStatus actual = handler.theEngine().statusOf(instruction);
            assertEq(uint8(actual), uint8(expected), "DVP-2 its nonce stands where its last act left it");
        }
    }

    function invariant_MON_1_PaymentsAcrossBanksCreateNoMoney() external view {
        assertEq(handler.breach("MON-1"), "", "MON-1 money moves as its holder says, and nowhere else");
        address wholesale = handler.fungibles(0);
        assertEq(_supply(wholesale), handler.supplies(wholesale), "MON-1 wholesale money comes from its issuer only");
        uint256 total;
        uint256 expectedTotal;
        for (uint256 i = 0; i < 3; ++i) {
            address money = handler.fungibles(1 + i);
            total += _supply(money);
            expectedTotal += handler.supplies(money);
            int256 gap = int256(_supply(money)) - int256(IERC20(wholesale).balanceOf(handler.bankAt(i)));
            assertEq(gap, handler.gaps(i), "MON-1 reserves move as much as deposits");
        }
        assertEq(total, expectedTotal, "MON-1 the total of all deposits comes from issue and redemption only");
    }

    function invariant_MON_2_OnlyClientsHoldDeposits() external view {
        address[] memory everybody = handler.everybody();
        for (uint256 i = 0; i < 4; ++i) {
            ITokenizedDeposit money = ITokenizedDeposit(handler.fungibles(i));
            uint256 sum;
            for (uint256 j = 0; j < everybody.length; ++j) {
                uint256 balance = IERC20(address(money)).balanceOf(everybody[j]);
                assertEq(balance, handler.balances(address(money), everybody[j]), "MON-2 deposits move at par");
                if (balance == 0) continue;
                sum += balance;
                assertTrue(money.hasAccount(everybody[j]), "MON-2 only a client of the bank holds its money");
            }
            assertEq(sum, _supply(address(money)), "MON-2 nobody else holds any");
        }
    }

    function invariant_MON_3_ReservesLeaveWithinTheMandate() external view {
        assertEq(handler.breach("MON-3"), "", "MON-3 reserves leave within the mandate or with the bank's consent");
        for (uint256 i = 0; i < 3; ++i) {
            (,, uint64 used) = ITokenizedDeposit(handler.fungibles(1 + i)).mandate(address(0));
            assertEq(used, handler.usedOn(i, handler.today()), "MON-3 what is used of the day's limit is counted");
        }
    }

    function invariant_HLD_1_AHoldEndsOnceAndNothingElseMovesIt() external view {
        assertEq(handler.breach("HLD-1"), "", "HLD-1 a held quantity is moved by its instruction only");
        address[] memory everybody = handler.everybody();
        for (uint256 i = 0; i < 5; ++i) {
            IFungibleInstrument token = IFungibleInstrument(handler.fungibles(i));
            uint256[] memory locked = handler.heldBy(address(token));
            for (uint256 j = 0; j < everybody.length; ++j) {
                uint256 held = token.heldOf(everybody[j]);
                assertEq(held, locked[j], "HLD-1 what is held is what is locked");
                if (held == 0) continue;
                uint256 balance = IERC20(address(token)).balanceOf(everybody[j]);
                assertEq(held + token.freeOf(everybody[j]), balance, "HLD-1 held + free = balance");
            }
        }
        (,,, uint256 count) = handler.counts();
        for (uint256 i = 0; i < count; ++i) {
            _checkHolds(handler.pooled(i));
        }
    }

    function _checkHolds(Instruction memory instruction) private view {
        ISettlementEngine engine = handler.theEngine();
        InstructionId id = engine.idOf(instruction);
        bool locked = handler.lockedNow(id);
        uint256 all = (1 << instruction.legs.length) - 1;
        assertEq(engine.heldLegs(id), locked ? all : 0, "HLD-1 every leg is held, or none");
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            (address owner,) = IInstrument(instruction.legs[i].instrument).holdOf(engine.holdIdOf(id, i));
            address expected = locked ? instruction.legs[i].giver : address(0);
            assertEq(owner, expected, "HLD-1 a hold stands exactly while its instruction is locked");
        }
    }

    function invariant_AST_1_SupplyChangesByIssueAndRedemptionOnly() external view {
        assertEq(handler.breach("AST-1"), "", "AST-1 issue and redemption change what they say");
        address bond = handler.fungibles(4);
        assertEq(_supply(bond), handler.supplies(bond), "AST-1 the supply changes by issue and redemption only");
        uint256 sum;
        address[] memory everybody = handler.everybody();
        for (uint256 j = 0; j < everybody.length; ++j) {
            sum += IERC20(bond).balanceOf(everybody[j]);
        }
        assertEq(sum, _supply(bond), "AST-1 the holders hold all of it");
    }

    function invariant_EBL_1_OneLiveBillAndOnePartyInControl() external view {
        assertEq(handler.breach("EBL-1"), "", "EBL-1 control passes by its rules only");
        IBillOfLading bills = handler.theBills();
        (,, uint256 count,) = handler.counts();
        for (uint256 document = 1; document <= 4; ++document) {
            uint256 live;
            for (uint256 i = 0; i < count; ++i) {
                uint256 title = handler.titles(i);
                if (bills.bill(title).documentHash != bytes32(document) || !handler.isLive(title)) continue;
                ++live;
                assertEq(handler.liveBill(bytes32(document)), title, "EBL-1 the live bill is the one on record");
            }
            assertLe(live, 1, "EBL-1 one live bill per document");
            if (live == 0) assertEq(handler.liveBill(bytes32(document)), 0, "EBL-1 a document without a live bill");
        }
        for (uint256 i = 0; i < count; ++i) {
            uint256 title = handler.titles(i);
            assertEq(handler.titleOwner(title), handler.ownerOf(title), "EBL-1 exactly one party is in control");
            assertEq(handler.isLive(title), handler.ownerOf(title) != address(0), "EBL-1 while the bill lives");
        }
    }

    function invariant_CMP_1_NothingSettlesToOrFromTheBarred() external view {
        assertEq(handler.breach("CMP-1"), "", "CMP-1 nothing settles to or from a barred party");
    }

    /// @dev An invariant over handlers that never get anything done holds always: here every act succeeds at least once.
    function test_EveryActIsReached() external {
        bytes4[] memory acts = handler.acts();
        for (uint256 i = 0; i < 2_000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("reach", i)));
            (bool success,) = address(handler)
                .call(abi.encodeWithSelector(acts[seed % acts.length], uint256(keccak256(abi.encode(seed))), seed & 1));
            assertTrue(success, "no handler reverts");
        }
        string[38] memory names = [
            "settle, within a bank",
            "settle, across banks",
            "settle, wholesale money",
            "settle, bond against cash",
            "settle, bill against cash",
            "refused, a consent missing or false",
            "refused, settled before",
            "batch, all or nothing",
            "batch, each for itself",
            "batch, one refused and another settled",
            "batch, refused as a whole",
            "batch, out of its holds",
            "lock",
            "settleLocked",
            "cancel, locked",
            "cancel, open",
            "expire",
            "warp",
            "freeze",
            "unfreeze",
            "suspend",
            "reinstate",
            "withdraw",
            "admit",
            "block",
            "unblock",
            "issue wholesale money",
            "redeem wholesale money",
            "issue deposits",
            "redeem deposits",
            "issue bonds",
            "redeem bonds",
            "transfer",
            "bill",
            "surrender",
            "accept",
            "reject",
            "void"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            assertGe(handler.done(names[i]), 1, names[i]);
        }
    }

    function _supply(address token) private view returns (uint256) {
        return IERC20(token).totalSupply();
    }
}
