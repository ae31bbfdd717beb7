// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGreenBond} from "../../../contracts/interfaces/IGreenBond.sol";
import {IGreenDisclosure} from "../../../contracts/interfaces/IGreenDisclosure.sol";
import {IRegistry} from "../../../contracts/interfaces/IRegistry.sol";
import {
    Attestation,
    Commitment,
    DisclosureKind,
    DisclosureState,
    UseOfProceeds
} from "../../../contracts/types/Disclosure.sol";
import {PartyStatus, Roles} from "../../../contracts/types/Participation.sol";
import {Disclosing} from "../support/Disclosing.sol";

/// @dev GRN-1: what was attested is kept: no call changes or removes a version, and only the named attester's signature
/// adds one. Here call by call; over any order of calls in invariant/DisclosureInvariants.t.sol. The tree is in
/// GreenDisclosure.tree.
contract GreenDisclosureTest is Disclosing {
    /// @dev The order of secp256k1's group.
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private constant OTHER = keccak256("other document");

    // ---- what is promised --------------------------------------------------------------------------------------------

    function test_When_TheIssuerPromises() external view {
        Commitment[] memory commitments = disclosure.commitments();
        assertEq(keccak256(abi.encode(commitments)), keccak256(abi.encode(three())), "as they were given");
        assertEq(disclosure.useOfProceeds(), PROCEEDS);
        assertEq(address(disclosure.bond()), address(bond));
        assertEq(address(disclosure.registry()), address(registry));
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(disclosure.attestationCount(i), 0, "nothing is published yet");
            assertState(i, DisclosureState.Due);
        }
    }

    function test_RevertWhen_AnotherThanTheIssuerDeploys() external {
        Commitment[] memory commitments = three();
        vm.expectRevert(abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_NotIssuer.selector, reviewer));
        makeAs(reviewer, PROCEEDS, commitments);
    }

    function test_RevertGiven_TheIssuerIsNotActive() external {
        freeze(issuer);
        Commitment[] memory commitments = three();
        vm.expectRevert(notActive(issuer, PartyStatus.Frozen));
        make(PROCEEDS, commitments);
    }

    function test_RevertWhen_TheProceedsAreForNothing() external {
        Commitment[] memory commitments = three();
        vm.expectRevert(abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_InvalidUseOfProceeds.selector, 0));
        make(0, commitments);
    }

    function testFuzz_When_TheProceedsAreForAnything(uint16 bits) external {
        Commitment[] memory commitments = three();
        bool valid = bits != 0 && bits < 1024;
        bytes4 selector = IGreenDisclosure.GreenDisclosure_InvalidUseOfProceeds.selector;
        if (!valid) vm.expectRevert(abi.encodeWithSelector(selector, bits));
        IGreenDisclosure made = make(bits, commitments);
        if (valid) assertEq(made.useOfProceeds(), bits, "every set of the ten categories, and no other");
    }

    /// @dev The order in which the Green Bond Principles name them; what reads the bits relies on it.
    function test_TheCategoriesAreTenBits() external pure {
        uint16[10] memory categories = [
            UseOfProceeds.RENEWABLE_ENERGY,
            UseOfProceeds.ENERGY_EFFICIENCY,
            UseOfProceeds.POLLUTION_PREVENTION_AND_CONTROL,
            UseOfProceeds.LIVING_NATURAL_RESOURCES_AND_LAND_USE,
            UseOfProceeds.BIODIVERSITY_CONSERVATION,
            UseOfProceeds.CLEAN_TRANSPORTATION,
            UseOfProceeds.WATER_AND_WASTEWATER_MANAGEMENT,
            UseOfProceeds.CLIMATE_CHANGE_ADAPTATION,
            UseOfProceeds.CIRCULAR_ECONOMY,
            UseOfProceeds.GREEN_BUILDINGS
        ];
        uint16 all;
        for (uint256 i = 0; i < 10; ++i) {
            assertEq(categories[i], 1 << i);
            all |= categories[i];
        }
        assertEq(all, UseOfProceeds.ALL);
    }

    function test_RevertWhen_NothingIsPromised() external {
        vm.expectRevert(abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_CommitmentCount.selector, 0));
        make(PROCEEDS, new Commitment[](0));
    }

    function test_RevertWhen_MoreThanSixtyFourAreGiven() external {
        Commitment[] memory commitments = many(65);
        vm.expectRevert(abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_CommitmentCount.selector, 65));
        make(PROCEEDS, commitments);
        assertEq(make(PROCEEDS, many(64)).commitments().length, 64, "64 are taken");
    }

    function test_RevertWhen_NobodyAttests() external {
        Commitment[] memory commitments = three();
        commitments[IMPACT].attester = address(0);
        vm.expectRevert(abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_InvalidCommitment.selector, IMPACT));
        make(PROCEEDS, commitments);
    }

    function test_RevertWhen_TheIssuerReviewsItself() external {
        Commitment[] memory commitments = three();
        commitments[REVIEW].attester = issuer;
        vm.expectRevert(abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_InvalidCommitment.selector, REVIEW));
        make(PROCEEDS, commitments);
    }

    // ---- what is published -------------------------------------------------------------------------------------------

    function test_When_TheAttesterHasSigned() external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        vm.expectEmit(address(disclosure));
        emit IGreenDisclosure.Attested(REVIEW, 1, reviewer, DOCUMENT, URI);
        vm.prank(stranger);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
        assertEq(disclosure.attestationCount(REVIEW), 1);
        assertVersion(REVIEW, 1, DOCUMENT, URI, block.timestamp);
        assertState(REVIEW, DisclosureState.Published);
        assertState(ALLOCATION, DisclosureState.Due); // The others are as they were.
    }

    function test_When_SeveralVersionsAreAttested() external {
        uint256 first = block.timestamp;
        attest(ALLOCATION, DOCUMENT, 1);
        vm.warp(first + 100 days);
        string memory elsewhere = "ipfs://corrected";
        bytes memory signature = signatureOf(issuer, ALLOCATION, OTHER, elsewhere, 2);
        disclosure.attest(ALLOCATION, OTHER, elsewhere, 2, signature);
        vm.warp(first + 200 days);
        attest(ALLOCATION, DOCUMENT, 3); // The first document again is a version of its own.
        assertEq(disclosure.attestationCount(ALLOCATION), 3);
        assertVersion(ALLOCATION, 1, DOCUMENT, URI, first);
        assertVersion(ALLOCATION, 2, OTHER, elsewhere, first + 100 days);
        assertVersion(ALLOCATION, 3, DOCUMENT, URI, first + 200 days);
    }

    function test_RevertWhen_ThereIsNoSuchCommitment() external {
        bytes memory unknown = abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_UnknownCommitment.selector, 3);
        vm.expectRevert(unknown);
        disclosure.attest(3, DOCUMENT, URI, 1, "");
        vm.expectRevert(unknown);
        disclosure.state(3);
        vm.expectRevert(unknown);
        disclosure.attestationCount(3);
        vm.expectRevert(unknown);
        disclosure.attestation(3, 1);
    }

    function test_RevertWhen_AVersionIsReadThatThereIsNot() external {
        attest(REVIEW, DOCUMENT, 1);
        bytes4 selector = IGreenDisclosure.GreenDisclosure_UnknownVersion.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, REVIEW, 0));
        disclosure.attestation(REVIEW, 0);
        vm.expectRevert(abi.encodeWithSelector(selector, REVIEW, 2));
        disclosure.attestation(REVIEW, 2);
    }

    function test_RevertWhen_ThereIsNoDocument() external {
        bytes memory signature = signatureOf(REVIEW, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IGreenDisclosure.GreenDisclosure_NoDocument.selector, REVIEW));
        disclosure.attest(REVIEW, 0, URI, 1, signature);
    }

    function test_RevertWhen_AVersionComesTwice() external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
        expectVersion(REVIEW, 1, 2);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
        signature = signatureOf(REVIEW, OTHER, 1); // Nor does another document take its place.
        expectVersion(REVIEW, 1, 2);
        disclosure.attest(REVIEW, OTHER, URI, 1, signature);
        assertVersion(REVIEW, 1, DOCUMENT, URI, block.timestamp);
    }

    function testFuzz_RevertWhen_AVersionIsNotTheNext(uint32 version) external {
        attest(REVIEW, DOCUMENT, 1);
        vm.assume(version != 2);
        bytes memory signature = signatureOf(REVIEW, OTHER, version);
        expectVersion(REVIEW, version, 2);
        disclosure.attest(REVIEW, OTHER, URI, version, signature);
    }

    // ---- who may attest ----------------------------------------------------------------------------------------------

    function test_RevertGiven_TheAttesterIsNotActive() external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        suspend(reviewer);
        vm.expectRevert(notActive(reviewer, PartyStatus.Suspended));
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
        vm.prank(operator);
        registry.reinstateParty(reviewer);
        freeze(reviewer);
        vm.expectRevert(notActive(reviewer, PartyStatus.Frozen));
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    /// @dev Whether somebody reviews from outside the registry says, and not the issuer that names it.
    function test_RevertGiven_TheReviewerIsNoReviewer() external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        vm.prank(operator);
        registry.admitParty(reviewer, Roles.INVESTOR);
        vm.expectRevert(abi.encodeWithSelector(IRegistry.Registry_RoleMissing.selector, reviewer, Roles.REVIEWER));
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_Given_TheAttesterIsSuspendedAfterwards() external {
        attest(REVIEW, DOCUMENT, 1);
        suspend(reviewer);
        assertVersion(REVIEW, 1, DOCUMENT, URI, block.timestamp);
        assertState(REVIEW, DisclosureState.Published);
    }

    /// @dev A promise may name somebody who is admitted only when there is something to sign.
    function test_RevertGiven_TheAttesterWasNeverAdmitted() external {
        Commitment[] memory commitments = three();
        commitments[REVIEW].attester = stranger;
        disclosure = make(PROCEEDS, commitments);
        bytes memory signature = signatureOf(stranger, REVIEW, DOCUMENT, URI, 1);
        vm.expectRevert(notActive(stranger, PartyStatus.Unknown));
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_RevertWhen_SignedByAnotherKey() external {
        bytes memory signature = signatureOf(issuer, REVIEW, DOCUMENT, URI, 1);
        expectInvalid(REVIEW, reviewer);
        vm.prank(reviewer); // Who submits does not count.
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_RevertWhen_NothingIsSigned() external {
        expectInvalid(REVIEW, reviewer);
        vm.prank(reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, "");
    }

    function test_RevertWhen_TheSignatureIsTheOtherHalf() external {
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(keyOf[reviewer], disclosure.attestationDigest(REVIEW, DOCUMENT, URI, 1));
        bytes memory malleable = abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, malleable);
    }

    function testFuzz_RevertWhen_OneBitOfTheSignatureIsChanged(uint256 bit) external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        bit = bound(bit, 0, 65 * 8 - 1);
        signature[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_When_TheSignatureIsCompact() external {
        (bytes32 r, bytes32 vs) =
            vm.signCompact(keyOf[reviewer], disclosure.attestationDigest(REVIEW, DOCUMENT, URI, 1));
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, abi.encodePacked(r, vs));
        assertVersion(REVIEW, 1, DOCUMENT, URI, block.timestamp);
    }

    function test_When_TheAttesterIsAContract() external {
        attest(IMPACT, DOCUMENT, 1);
        assertVersion(IMPACT, 1, DOCUMENT, URI, block.timestamp);
    }

    function test_RevertWhen_TheContractDeclines() external {
        bytes memory signature = signatureOf(stranger, IMPACT, DOCUMENT, URI, 1);
        expectInvalid(IMPACT, address(wallet));
        disclosure.attest(IMPACT, DOCUMENT, URI, 1, signature);
    }

    // ---- what the signature is over ----------------------------------------------------------------------------------

    function test_RevertWhen_AnotherDocumentWasSigned() external {
        bytes memory signature = signatureOf(REVIEW, OTHER, 1);
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_RevertWhen_AnotherUriWasSigned() external {
        bytes memory signature = signatureOf(reviewer, REVIEW, DOCUMENT, "https://elsewhere.example", 1);
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_RevertWhen_AnotherVersionWasSigned() external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 2);
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_RevertWhen_AnotherCommitmentWasSigned() external {
        Commitment[] memory commitments = three();
        commitments[ALLOCATION].attester = reviewer;
        disclosure = make(PROCEEDS, commitments);
        bytes memory signature = signatureOf(reviewer, ALLOCATION, DOCUMENT, URI, 1);
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_RevertWhen_SignedForAnotherContract() external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        disclosure = make(PROCEEDS, three());
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    function test_RevertWhen_SignedForAnotherChain() external {
        bytes memory signature = signatureOf(REVIEW, DOCUMENT, 1);
        vm.chainId(block.chainid + 1);
        expectInvalid(REVIEW, reviewer);
        disclosure.attest(REVIEW, DOCUMENT, URI, 1, signature);
    }

    /// @dev What a wallet shows its user: the digest is EIP-712's, made here from the words of the standard.
    function testFuzz_When_ADigestIsMade(uint256 commitment, bytes32 document, string calldata uri, uint32 version)
        external
        view
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("GreenDisclosure"),
                keccak256("1"),
                block.chainid,
                address(disclosure)
            )
        );
        bytes32 typeHash = keccak256("Attestation(uint256 commitment,bytes32 documentHash,string uri,uint32 version)");
        bytes32 structHash = keccak256(abi.encode(typeHash, commitment, document, keccak256(bytes(uri)), version));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, structHash));
        assertEq(disclosure.attestationDigest(commitment, document, uri, version), digest);
    }

    // ---- by when -----------------------------------------------------------------------------------------------------

    function test_When_TheDueDayEnds() external {
        warpTo(uint256(REVIEW_DAY) + 1);
        vm.warp(block.timestamp - 1);
        assertEq(block.timestamp % 1 days, 16 hours - 1, "midnight in Hong Kong is 16:00 UTC");
        assertState(REVIEW, DisclosureState.Due); // The last second of the due day.
        vm.warp(block.timestamp + 1);
        assertState(REVIEW, DisclosureState.Overdue); // The first after it.
        assertState(ALLOCATION, DisclosureState.Due);
    }

    function test_When_ItIsPublishedInTheLastSecondOfTheDueDay() external {
        warpTo(uint256(REVIEW_DAY) + 1);
        vm.warp(block.timestamp - 1);
        attest(REVIEW, DOCUMENT, 1);
        assertState(REVIEW, DisclosureState.Published);
        vm.warp(block.timestamp + 1);
        assertState(REVIEW, DisclosureState.Published);
        attest(REVIEW, OTHER, 2); // A later version of what came in time does not make it late.
        assertState(REVIEW, DisclosureState.Published);
    }

    function test_When_ItIsPublishedInTheFirstSecondAfterTheDueDay() external {
        warpTo(uint256(REVIEW_DAY) + 1);
        attest(REVIEW, DOCUMENT, 1);
        assertState(REVIEW, DisclosureState.PublishedLate);
        for (uint32 version = 2; version < 5; ++version) {
            vm.warp(block.timestamp + 365 days);
            attest(REVIEW, OTHER, version);
            assertState(REVIEW, DisclosureState.PublishedLate); // And stays so.
        }
    }

    /// @dev Against a second calculation, which counts seconds and not days.
    function testFuzz_When_TheBondIsInAnyTimeZone(uint32 dueDay, uint32 ahead, uint64 time, uint64 later) external {
        IGreenBond.Terms memory terms = bond.terms();
        terms.utcOffset = uint32(bound(ahead, 0, 14 hours));
        vm.mockCall(address(bond), abi.encodeCall(IGreenBond.terms, ()), abi.encode(terms));
        Commitment[] memory commitments = three();
        commitments[REVIEW].dueDay = uint32(bound(dueDay, 1, type(uint32).max));
        disclosure = make(PROCEEDS, commitments);
        uint256 over = (uint256(commitments[REVIEW].dueDay) + 1) * 1 days - terms.utcOffset;
        vm.warp(bound(time, over > 2 days ? over - 2 days : 0, over + 2 days));
        bool late = block.timestamp >= over;
        assertState(REVIEW, late ? DisclosureState.Overdue : DisclosureState.Due);
        attest(REVIEW, DOCUMENT, 1);
        vm.warp(block.timestamp + bound(later, 0, 36_500 days));
        assertState(REVIEW, late ? DisclosureState.PublishedLate : DisclosureState.Published);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function many(uint256 count) private view returns (Commitment[] memory commitments) {
        commitments = new Commitment[](count);
        for (uint256 i = 0; i < count; ++i) {
            commitments[i] = Commitment(DisclosureKind.AllocationReport, REPORT_DAY + uint32(365 * i), issuer);
        }
    }

    function expectInvalid(uint256 commitment, address attester) private {
        bytes4 selector = IGreenDisclosure.GreenDisclosure_InvalidSignature.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, commitment, attester));
    }

    function expectVersion(uint256 commitment, uint32 version, uint256 expected) private {
        bytes4 selector = IGreenDisclosure.GreenDisclosure_UnexpectedVersion.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, commitment, version, expected));
    }

    function assertState(uint256 commitment, DisclosureState expected) private view {
        assertEq(uint8(disclosure.state(commitment)), uint8(expected), "where it stands");
    }

    function assertVersion(uint256 commitment, uint32 version, bytes32 document, string memory uri, uint256 time)
        private
        view
    {
        Attestation memory kept = disclosure.attestation(commitment, version);
        assertEq(kept.documentHash, document, "GRN-1 the document is kept");
        assertEq(kept.uri, uri, "GRN-1 where it can be read is kept");
        assertEq(kept.time, time, "GRN-1 when it came is kept");
    }
}
