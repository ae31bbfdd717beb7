// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenDisclosure} from "../../../contracts/interfaces/IGreenDisclosure.sol";
import {Commitment, DisclosureKind, UseOfProceeds} from "../../../contracts/types/Disclosure.sol";
import {Roles} from "../../../contracts/types/Participation.sol";
import {Base} from "../Base.t.sol";

/// @dev The world's bond, whose days are Hong Kong's, with three promises: an external review that a reviewer signs, an
/// allocation report that the issuer signs, and an impact report that an ERC-1271 account signs.
abstract contract Disclosing is Base {
    uint256 internal constant REVIEW = 0;
    uint256 internal constant ALLOCATION = 1;
    uint256 internal constant IMPACT = 2;
    uint32 internal constant REVIEW_DAY = 19_700; // 9 December 2023
    uint32 internal constant REPORT_DAY = 20_066; // 9 December 2024
    uint16 internal constant PROCEEDS = UseOfProceeds.RENEWABLE_ENERGY | UseOfProceeds.GREEN_BUILDINGS;
    bytes32 internal constant DOCUMENT = keccak256("document");
    string internal constant URI = "https://issuer.example/document.pdf";

    IGreenDisclosure internal disclosure;
    address internal reviewer;

    function setUp() public virtual override {
        super.setUp();
        reviewer = addParty("reviewer", Roles.REVIEWER);
        disclosure = make(PROCEEDS, three());
    }

    function make(uint16 useOfProceeds, Commitment[] memory commitments) internal returns (IGreenDisclosure) {
        return makeAs(issuer, useOfProceeds, commitments);
    }

    function makeAs(address deployer, uint16 useOfProceeds, Commitment[] memory commitments)
        internal
        returns (IGreenDisclosure made)
    {
        bytes memory arguments = abi.encode(bond, registry, useOfProceeds, commitments);
        bytes memory code =
            bytes.concat(vm.getCode("contracts/disclosure/GreenDisclosure.sol:GreenDisclosure"), arguments);
        vm.prank(deployer);
        // Not vm.deployCode, whose refusals vm.expectRevert does not see, and which leaves the prank behind.
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(add(code, 32), 0, returndatasize())
                revert(add(code, 32), returndatasize())
            }
        }
    }

    function three() internal view returns (Commitment[] memory commitments) {
        commitments = new Commitment[](3);
        commitments[REVIEW] = Commitment(DisclosureKind.ExternalReview, REVIEW_DAY, reviewer);
        commitments[ALLOCATION] = Commitment(DisclosureKind.AllocationReport, REPORT_DAY, issuer);
        commitments[IMPACT] = Commitment(DisclosureKind.ImpactReport, REPORT_DAY, address(wallet));
    }

    /// @dev Who has the key that counts for a commitment.
    function signerOf(uint256 commitment) internal view returns (address) {
        return [reviewer, issuer, walletOwner][commitment];
    }

    function signatureOf(address signer, uint256 commitment, bytes32 documentHash, string memory uri, uint32 version)
        internal
        view
        returns (bytes memory)
    {
        bytes32 digest = disclosure.attestationDigest(commitment, documentHash, uri, version);
        return sign(signer, digest).signature;
    }

    function signatureOf(uint256 commitment, bytes32 documentHash, uint32 version)
        internal
        view
        returns (bytes memory)
    {
        return signatureOf(signerOf(commitment), commitment, documentHash, URI, version);
    }

    function attest(uint256 commitment, bytes32 documentHash, uint32 version) internal {
        bytes memory signature = signatureOf(commitment, documentHash, version);
        disclosure.attest(commitment, documentHash, URI, version, signature);
    }

    /// @dev The first second of a day in Hong Kong.
    function warpTo(uint256 day) internal {
        vm.warp(day * 1 days - HONG_KONG);
    }
}
