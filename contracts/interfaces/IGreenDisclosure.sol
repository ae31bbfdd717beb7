// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Attestation, Commitment, DisclosureState} from "../types/Disclosure.sol";
import {IGreenBond} from "./IGreenBond.sol";
import {IRegistry} from "./IRegistry.sol";

/// @title Green disclosure
/// @notice What the issuer of a green bond promised to publish, by when, and what was published, in the words of ICMA's
/// Green Bond Principles. Documents stay off chain; a version of one is its hash, signed by whoever answers for it.
/// @dev One contract for one bond, deployed by its issuer. The promises are fixed from then on, so a date that was missed
/// stays visible. What a document says is not judged here, nor whether it can be read where it is said to be.
interface IGreenDisclosure {
    /// @notice Emitted when a version of a document is recorded.
    /// @param commitment Position of the commitment.
    /// @param version One for the first, and one more for each that follows.
    /// @param attester Who signed it.
    /// @param documentHash Hash of the document.
    /// @param uri Where the document can be read; untrusted text.
    event Attested(
        uint256 indexed commitment, uint32 version, address indexed attester, bytes32 indexed documentHash, string uri
    );

    /// @notice Thrown when somebody other than the bond's issuer deploys.
    /// @param caller Who deploys.
    error GreenDisclosure_NotIssuer(address caller);

    /// @notice Thrown when the use of proceeds names no category, or one that there is not.
    /// @param useOfProceeds The bits given.
    error GreenDisclosure_InvalidUseOfProceeds(uint16 useOfProceeds);

    /// @notice Thrown when there is no commitment, or more than 64.
    /// @param count How many there are.
    error GreenDisclosure_CommitmentCount(uint256 count);

    /// @notice Thrown when a commitment names nobody who attests, or the issuer as its own external reviewer.
    /// @param commitment Position of the commitment.
    error GreenDisclosure_InvalidCommitment(uint256 commitment);

    /// @notice Thrown when a commitment is named that there is not.
    /// @param commitment The position given.
    error GreenDisclosure_UnknownCommitment(uint256 commitment);

    /// @notice Thrown when a version is asked for that there is not.
    /// @param commitment Position of the commitment.
    /// @param version The version given.
    error GreenDisclosure_UnknownVersion(uint256 commitment, uint32 version);

    /// @notice Thrown when an attestation names no document.
    /// @param commitment Position of the commitment.
    error GreenDisclosure_NoDocument(uint256 commitment);

    /// @notice Thrown when an attestation's version is not the one that comes next.
    /// @param commitment Position of the commitment.
    /// @param version The version given.
    /// @param expected The one that comes next.
    error GreenDisclosure_UnexpectedVersion(uint256 commitment, uint32 version, uint256 expected);

    /// @notice Thrown when the signature is not the attester's over this attestation.
    /// @param commitment Position of the commitment.
    /// @param attester Who has to sign.
    error GreenDisclosure_InvalidSignature(uint256 commitment, address attester);

    /// @notice Records a version of a document. Anybody may submit it; it takes the attester's signature, and that the
    /// attester is active now, and of an external review a reviewer in the registry.
    /// @dev A signature cannot be called back: until its version is taken, anybody who has it may submit it.
    /// @param commitment Position of the commitment.
    /// @param documentHash Hash of the document; not zero.
    /// @param uri Where the document can be read.
    /// @param version One more than the last, so that nothing is overwritten and nothing comes twice.
    /// @param signature The attester's over `attestationDigest`: 65-byte ECDSA, 64-byte compact (EIP-2098), or whatever
    /// the ERC-1271 account of the attester accepts.
    function attest(
        uint256 commitment,
        bytes32 documentHash,
        string calldata uri,
        uint32 version,
        bytes calldata signature
    ) external;

    /// @notice What an attester signs: the EIP-712 digest of
    /// `Attestation(uint256 commitment,bytes32 documentHash,string uri,uint32 version)` in the domain of this contract,
    /// whose name is `GreenDisclosure` and whose version is `1`.
    function attestationDigest(uint256 commitment, bytes32 documentHash, string calldata uri, uint32 version)
        external
        view
        returns (bytes32);

    /// @notice Every commitment.
    function commitments() external view returns (Commitment[] memory);

    /// @notice Where a commitment stands.
    function state(uint256 commitment) external view returns (DisclosureState);

    /// @notice How many versions there are, which is the number of the last one.
    function attestationCount(uint256 commitment) external view returns (uint256);

    /// @notice A version; the first is 1.
    function attestation(uint256 commitment, uint32 version) external view returns (Attestation memory);

    /// @notice What the proceeds are used for: bits of `UseOfProceeds`.
    /// @dev Bit 0 renewable energy; 1 energy efficiency; 2 pollution prevention and control; 3 environmentally
    /// sustainable management of living natural resources and land use; 4 terrestrial and aquatic biodiversity
    /// conservation; 5 clean transportation; 6 sustainable water and wastewater management; 7 climate change adaptation;
    /// 8 circular economy adapted products, production technologies and processes, and certified eco-efficient products;
    /// 9 green buildings.
    function useOfProceeds() external view returns (uint16);

    /// @notice The bond whose issuer promised this.
    function bond() external view returns (IGreenBond);

    /// @notice The registry that says whether an attester is active.
    function registry() external view returns (IRegistry);
}
