// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IGreenBond} from "../interfaces/IGreenBond.sol";
import {IGreenDisclosure} from "../interfaces/IGreenDisclosure.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Roles} from "../types/Participation.sol";
import {Attestation, Commitment, DisclosureKind, DisclosureState, UseOfProceeds} from "../types/Disclosure.sol";

/// @title Green disclosure
/// @notice Implements {IGreenDisclosure}, which documents every function.
contract GreenDisclosure is IGreenDisclosure, EIP712 {
    bytes32 private constant _ATTESTATION_TYPEHASH =
        keccak256("Attestation(uint256 commitment,bytes32 documentHash,string uri,uint32 version)");
    uint256 private constant _COMMITMENTS_MAX = 64;

    IGreenBond private immutable _BOND;
    IRegistry private immutable _REGISTRY;
    uint256 private immutable _UTC_OFFSET;

    /// @inheritdoc IGreenDisclosure
    uint16 public immutable useOfProceeds;

    Commitment[] private _commitments;
    /// @dev Only ever appended to.
    // slither-disable-next-line uninitialized-state: attest() appends through a storage pointer
    mapping(uint256 commitment => Attestation[]) private _attestations;

    constructor(IGreenBond bond_, IRegistry registry_, uint16 useOfProceeds_, Commitment[] memory commitments_)
        EIP712("GreenDisclosure", "1")
    {
        if (msg.sender != bond_.issuer()) revert GreenDisclosure_NotIssuer(msg.sender);
        registry_.requireActive(msg.sender);
        if (useOfProceeds_ == 0 || useOfProceeds_ > UseOfProceeds.ALL) {
            revert GreenDisclosure_InvalidUseOfProceeds(useOfProceeds_);
        }
        uint256 count = commitments_.length;
        if (count == 0 || count > _COMMITMENTS_MAX) revert GreenDisclosure_CommitmentCount(count);
        for (uint256 i = 0; i < count; ++i) {
            address attester = commitments_[i].attester;
            bool reviewsItself = commitments_[i].kind == DisclosureKind.ExternalReview && attester == msg.sender;
            if (attester == address(0) || reviewsItself) revert GreenDisclosure_InvalidCommitment(i);
            _commitments.push(commitments_[i]);
        }
        _BOND = bond_;
        _REGISTRY = registry_;
        _UTC_OFFSET = bond_.terms().utcOffset;
        useOfProceeds = useOfProceeds_;
    }

    /// @inheritdoc IGreenDisclosure
    function attest(
        uint256 commitment,
        bytes32 documentHash,
        string calldata uri,
        uint32 version,
        bytes calldata signature
    ) external {
        Commitment memory committed = _commitment(commitment);
        address attester = committed.attester;
        if (documentHash == 0) revert GreenDisclosure_NoDocument(commitment);
        Attestation[] storage versions = _attestations[commitment];
        uint256 expected = versions.length + 1;
        if (version != expected) revert GreenDisclosure_UnexpectedVersion(commitment, version, expected);
        if (committed.kind == DisclosureKind.ExternalReview) _REGISTRY.requireRole(attester, Roles.REVIEWER);
        else _REGISTRY.requireActive(attester);
        bytes32 digest = attestationDigest(commitment, documentHash, uri, version);
        if (!Signatures.isValid(attester, digest, signature)) {
            revert GreenDisclosure_InvalidSignature(commitment, attester);
        }
        versions.push(Attestation(documentHash, uint64(block.timestamp), uri));
        emit Attested(commitment, version, attester, documentHash, uri);
    }

    // ---- queries -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IGreenDisclosure
    function attestationDigest(uint256 commitment, bytes32 documentHash, string calldata uri, uint32 version)
        public
        view
        returns (bytes32)
    {
        bytes32 uriHash = keccak256(bytes(uri));
        return
            _hashTypedDataV4(keccak256(abi.encode(_ATTESTATION_TYPEHASH, commitment, documentHash, uriHash, version)));
    }

    /// @inheritdoc IGreenDisclosure
    function commitments() external view returns (Commitment[] memory) {
        return _commitments;
    }

    /// @inheritdoc IGreenDisclosure
    /// @dev The first version decides: those that follow correct a document, and do not make up for a missed date.
    function state(uint256 commitment) external view returns (DisclosureState) {
        uint256 dueDay = _commitment(commitment).dueDay;
        Attestation[] storage versions = _attestations[commitment];
        if (versions.length == 0) {
            return _dayOf(block.timestamp) > dueDay ? DisclosureState.Overdue : DisclosureState.Due;
        }
        return _dayOf(versions[0].time) > dueDay ? DisclosureState.PublishedLate : DisclosureState.Published;
    }

    /// @inheritdoc IGreenDisclosure
    function attestationCount(uint256 commitment) external view returns (uint256) {
        _commitment(commitment);
        return _attestations[commitment].length;
    }

    /// @inheritdoc IGreenDisclosure
    function attestation(uint256 commitment, uint32 version) external view returns (Attestation memory) {
        _commitment(commitment);
        Attestation[] storage versions = _attestations[commitment];
        if (version == 0 || version > versions.length) revert GreenDisclosure_UnknownVersion(commitment, version);
        return versions[version - 1];
    }

    /// @inheritdoc IGreenDisclosure
    function bond() external view returns (IGreenBond) {
        return _BOND;
    }

    /// @inheritdoc IGreenDisclosure
    function registry() external view returns (IRegistry) {
        return _REGISTRY;
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function _commitment(uint256 commitment) private view returns (Commitment storage) {
        if (commitment >= _commitments.length) revert GreenDisclosure_UnknownCommitment(commitment);
        return _commitments[commitment];
    }

    /// @dev The day in the bond's own time zone.
    function _dayOf(uint256 time) private view returns (uint256) {
        return (time + _UTC_OFFSET) / 1 days;
    }
}
