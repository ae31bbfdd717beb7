// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {IGreenDisclosure} from "../../../contracts/interfaces/IGreenDisclosure.sol";
import {Attestation} from "../../../contracts/types/Disclosure.sol";
import {Publishing} from "./Publishing.sol";

/// @dev GRN-1: what was attested is kept: no call changes or removes a version, and only the named attester's signature
/// adds one.
contract DisclosureInvariantsTest is Test {
    Publishing private handler;

    function setUp() external {
        handler = new Publishing();
        handler.setUp();
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), handler.acts()));
    }

    function invariant_GRN_1_WhatWasAttestedIsKept() external view {
        IGreenDisclosure disclosure = handler.contractUnderTest();
        assertEq(handler.intruded(), 0, "GRN-1 only the attester's signature adds a version");
        for (uint256 commitment = 0; commitment < 3; ++commitment) {
            Attestation[] memory kept = handler.kept(commitment);
            assertEq(disclosure.attestationCount(commitment), kept.length, "GRN-1 no version is removed");
            for (uint32 i = 0; i < kept.length; ++i) {
                bytes memory found = abi.encode(disclosure.attestation(commitment, i + 1));
                assertEq(keccak256(found), keccak256(abi.encode(kept[i])), "GRN-1 no version is changed");
            }
        }
    }

    /// @dev No act is idle: over a fixed run, every commitment has versions, and what has no signature is refused.
    function test_EveryActIsReached() external {
        for (uint256 i = 0; i < 300; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(i)));
            (bool ok,) = address(handler).call(abi.encodeWithSelector(handler.acts()[seed % 4], seed >> 2));
            assertTrue(ok, "no act reverts");
        }
        for (uint256 commitment = 0; commitment < 3; ++commitment) {
            assertGt(handler.kept(commitment).length, 2, "several versions");
        }
        assertGt(handler.refused(), 10, "something was refused");
    }
}
