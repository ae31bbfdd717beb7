// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenDisclosure} from "../../../contracts/interfaces/IGreenDisclosure.sol";
import {AccessMatrix} from "../support/AccessMatrix.sol";
import {Disclosing} from "../support/Disclosing.sol";

/// @dev As AccessTest, of a bond's disclosures. The tree is in DisclosureAccess.tree.
contract DisclosureAccessTest is Disclosing, AccessMatrix {
    function _group() internal pure override returns (string memory) {
        return "access_disclosure";
    }

    function setUp() public override {
        super.setUp();
        address[10] memory all = [
            operator, supervisor, authority, banks[0], banks[1], issuer, carrier, clients[0], stranger, address(engine)
        ];
        for (uint256 i = 0; i < 10; ++i) {
            callers[i] = all[i];
        }
        _name(address(disclosure), "GreenDisclosure");
    }

    function test_When_AnAttestationIsSubmitted() external measured {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        bytes memory signed = abi.encodeCall(IGreenDisclosure.attest, (REVIEW, DOCUMENT, URI, 1, signature));
        bytes memory forged = abi.encodeCall(IGreenDisclosure.attest, (ALLOCATION, DOCUMENT, URI, 1, signature));
        for (uint256 i = 0; i < 10; ++i) {
            assertEq(refused(address(disclosure), i, signed), "", "whoever submits it");
            assertGt(refused(address(disclosure), i, forged).length, 0, "and nobody without the attester's signature");
        }
    }
}
