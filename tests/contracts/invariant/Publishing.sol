// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenDisclosure} from "../../../contracts/interfaces/IGreenDisclosure.sol";
import {Attestation} from "../../../contracts/types/Disclosure.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {Disclosing} from "../support/Disclosing.sol";

/// @dev What happens around a bond's disclosures: attesters sign, are suspended and reinstated, time passes, and
/// somebody tries everything that has no signature, or one that was for something else.
contract Publishing is Disclosing {
    /// @dev What was attested, as books kept beside show it.
    mapping(uint256 commitment => Attestation[]) private books;
    /// @dev Every signature that was given, to be tried again for anything.
    bytes[] private signatures;
    uint256 public refused;
    /// @dev How many versions came without the attester's signature over them, or from one who was not active.
    uint256 public intruded;

    function acts() external pure returns (bytes4[] memory selectors) {
        selectors = new bytes4[](4);
        selectors[0] = this.publish.selector;
        selectors[1] = this.intrude.selector;
        selectors[2] = this.suspendOrReinstate.selector;
        selectors[3] = this.wait_.selector;
    }

    function contractUnderTest() external view returns (IGreenDisclosure) {
        return disclosure;
    }

    function kept(uint256 commitment) external view returns (Attestation[] memory) {
        return books[commitment];
    }

    // ---- acts --------------------------------------------------------------------------------------------------------

    /// @dev The attester signs the next version, and somebody submits it.
    function publish(uint256 seed) external {
        uint256 commitment = seed % 3;
        bytes32 document = documentOf(seed >> 8);
        uint32 version = next(commitment);
        bytes memory signature = signatureOf(commitment, document, version);
        bool active = registry.statusOf(disclosure.commitments()[commitment].attester) == PartyStatus.Active;
        if (!submit(commitment, document, version, signature)) return;
        if (!active) ++intruded;
        books[commitment].push(Attestation(document, uint64(block.timestamp), URI));
        signatures.push(signature);
    }

    /// @dev Somebody else signs, or a signature that was given is tried for any document and version.
    function intrude(uint256 seed) external {
        uint256 commitment = seed % 3;
        bytes32 document = documentOf(seed >> 8);
        uint32 version = uint32(bound(seed >> 16, 0, uint256(next(commitment)) + 1));
        if ((seed >> 48) % 2 == 0) version = next(commitment);
        bytes memory signature = (seed >> 56) % 2 == 0 || signatures.length == 0
            ? signatureOf(stranger, commitment, document, URI, version)
            : signatures[(seed >> 64) % signatures.length];
        if (submit(commitment, document, version, signature)) ++intruded;
        else ++refused;
    }

    function suspendOrReinstate(uint256 seed) external {
        address party = [reviewer, issuer, address(wallet)][seed % 3];
        vm.startPrank(operator);
        if (registry.statusOf(party) == PartyStatus.Active) registry.suspendParty(party);
        else registry.reinstateParty(party);
        vm.stopPrank();
    }

    function wait_(uint256 seed) external {
        vm.warp(block.timestamp + seed % 100 days);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    /// @dev Few enough that the same one comes again.
    function documentOf(uint256 seed) private pure returns (bytes32) {
        return bytes32(1 + seed % 4);
    }

    function next(uint256 commitment) private view returns (uint32) {
        return uint32(books[commitment].length + 1);
    }

    function submit(uint256 commitment, bytes32 document, uint32 version, bytes memory signature)
        private
        returns (bool ok)
    {
        bytes memory input = abi.encodeCall(IGreenDisclosure.attest, (commitment, document, URI, version, signature));
        (ok,) = address(disclosure).call(input);
    }
}
