// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IPayingAgent} from "../../../contracts/interfaces/IPayingAgent.sol";
import {Servicing} from "./Servicing.sol";

/// @dev The rules of tests/README.md about what bonds pay. Each was seen to fail on a planted fault: see
/// scripts/plant-faults.
contract ServicingInvariantsTest is Test {
    Servicing private handler;

    function setUp() external {
        handler = new Servicing();
        handler.setUp();
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), handler.acts()));
    }

    function invariant_CPN_1_PaidAndSetAsideIsDue() external view {
        IPayingAgent agent = handler.theAgent();
        uint256 owed;
        uint256 paid;
        for (uint256 i = 0; i < handler.DISTRIBUTIONS(); ++i) {
            IPayingAgent.Distribution memory state = agent.distribution(handler.idAt(i));
            owed += state.due - state.paid;
            paid += state.paid;
            uint256 kept;
            for (uint256 j = 0; j < 6; ++j) {
                kept += agent.setAsideOf(handler.idAt(i), handler.client(j));
            }
            assertEq(kept, state.setAside, "CPN-1 what is set aside is set aside for somebody");
            if (state.counted == state.entitled) {
                assertEq(uint256(state.paid) + state.setAside, state.due, "CPN-1 paid and set aside is due");
            }
        }
        assertEq(agent.owed(), owed, "CPN-1 what is not paid is owed");
        assertGe(handler.funds(), owed, "CPN-1 what is owed is there");
        assertEq(handler.received(), paid, "CPN-1 holders got what was paid");
    }

    function invariant_CPN_2_NobodyIsPaidTwice() external view {
        for (uint256 i = 0; i < handler.DISTRIBUTIONS(); ++i) {
            for (uint256 j = 0; j < 6; ++j) {
                uint256 times = handler.times(handler.idAt(i), handler.client(j));
                assertLe(times, 1, "CPN-2 nobody is paid twice of one distribution");
            }
        }
    }

    function invariant_REC_1_PositionsAtARecordTimeStand() external view {
        IGreenBond bond = IGreenBond(handler.register());
        for (uint256 record = 0; record < 2; ++record) {
            for (uint256 j = 0; handler.taken(record) && j < 6; ++j) {
                address holder = handler.client(j);
                uint256 had = handler.had(record, holder);
                assertEq(bond.positionAt(holder, record), had, "REC-1 what was held at a record time stays known");
            }
        }
    }

    /// @dev No act is idle: over a fixed run, distributions are opened, paid in part, set aside and claimed.
    function test_EveryActIsReached() external {
        for (uint256 i = 0; i < 4000; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(i)));
            bytes4 act = handler.acts()[seed % 6];
            (bool ok,) = address(handler).call(abi.encodeWithSelector(act, seed >> 3));
            assertTrue(ok, "no act reverts");
        }
        assertEq(handler.opened(), handler.DISTRIBUTIONS(), "everything was opened");
        assertGt(handler.claims(), 0, "something was claimed");
        assertGt(handler.received(), 0, "something was paid");
    }
}
