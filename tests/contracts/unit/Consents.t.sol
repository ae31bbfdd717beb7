// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {PartyStatus} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction, InstructionId, InstructionStatus, Leg} from "../../../contracts/types/Settlement.sol";
import {Base} from "../Base.t.sol";

/// @dev Who has to sign, what counts as a signature, and that a signature counts nowhere else.
contract ConsentsTest is Base {
    /// @dev The order of secp256k1's group.
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    // ---- who has to sign ---------------------------------------------------------------------------------------------

    function test_RevertWhen_AGiverHasNotConsented() external {
        Instruction memory instruction = dvp(alice, bob, 10_000_000, 5);
        Consent[] memory consents = only(sign(alice, _digest(instruction)));
        refuse(instruction, consents, consentMissing(instruction, bob));
    }

    function test_RevertWhen_NobodyHasConsented() external {
        Instruction memory instruction = dvp(alice, bob, 10_000_000, 5);
        refuse(instruction, new Consent[](0), consentMissing(instruction, alice));
    }

    function test_RevertWhen_TheReceiverOfATitleHasNotConsented() external {
        Instruction memory instruction = instruct(leg(bob, alice, address(bills), issueBill(bob, "HKG-1")));
        Consent[] memory consents = only(sign(bob, _digest(instruction)));
        refuse(instruction, consents, consentMissing(instruction, alice));
    }

    function test_When_TheReceiverOfMoneyHasNotConsented() external {
        Instruction memory instruction = instruct(payment(alice, carol, 5));
        engine.settle(instruction, only(sign(alice, _digest(instruction))));
        assertEq(balance(address(deposits[1]), carol), CASH + 5, "money lays no duty on its receiver");
    }

    /// @dev Each leg's own duty: a title's receiver signs wherever the title stands, and nobody signs for another's.
    function test_When_OneOfManyLegsIsATitle() external {
        uint256[3] memory places = [uint256(0), 8, 31];
        for (uint256 i = 0; i < places.length; ++i) {
            Leg[] memory legs = new Leg[](32);
            for (uint256 j = 0; j < 32; ++j) {
                legs[j] = leg(alice, carol, address(bond), MINIMUM);
            }
            legs[places[i]] = leg(alice, bob, address(bills), issueBill(alice, vm.toString(i)));
            Instruction memory instruction = instruct(legs);
            Consent[] memory consents = only(sign(alice, _digest(instruction)));
            refuse(instruction, consents, consentMissing(instruction, bob));
            engine.settle(instruction, with(consents, sign(bob, _digest(instruction))));
        }
        assertEq(balance(address(bond), carol), BONDS + 3 * 31 * MINIMUM, "who receives bonds has signed nothing");
    }

    // ---- what counts -------------------------------------------------------------------------------------------------

    function test_RevertWhen_SignedByAnotherKey() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        Consent memory consent = sign(stranger, _digest(instruction));
        consent.party = alice;
        refuse(instruction, only(consent), consentInvalid(instruction, alice));
    }

    function test_RevertWhen_OneWordIsChanged() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        Consent[] memory consents = consentsOf(instruction);
        instruction.legs[0].quantity = 6;
        refuse(instruction, consents, consentInvalid(instruction, alice));
        instruction.legs[0].quantity = 5;
        instruction.termsHash = keccak256("other terms");
        refuse(instruction, consents, consentInvalid(instruction, alice));
    }

    function test_RevertWhen_OneConsentOfManyIsInvalid() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        Consent[] memory consents = with(consentsOf(instruction), Consent(stranger, ""));
        refuse(instruction, consents, consentInvalid(instruction, stranger));
    }

    function test_RevertWhen_TheSignatureIsForACancellation() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        refuse(instruction, cancellationsOf(instruction, ""), consentInvalid(instruction, alice));
    }

    function test_RevertWhen_TheSignatureIsTheOtherHalf() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[alice], _digest(instruction));
        bytes memory malleable = abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        refuse(instruction, only(Consent(alice, malleable)), consentInvalid(instruction, alice));
    }

    function test_RevertWhen_TheSignatureHasAnOddLength() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        bytes memory longer = abi.encodePacked(sign(alice, _digest(instruction)).signature, uint8(0));
        refuse(instruction, only(Consent(alice, longer)), consentInvalid(instruction, alice));
    }

    function test_RevertWhen_ThePartyIsZero() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        Consent[] memory consents = with(consentsOf(instruction), Consent(address(0), new bytes(65)));
        refuse(instruction, consents, consentInvalid(instruction, address(0)));
    }

    /// @dev Zero is what `ecrecover` answers where it recovers nobody, and it is nobody's account here.
    function test_RevertWhen_TheGiverIsZero() external {
        Instruction memory instruction = instruct(leg(address(0), bob, address(deposits[0]), 5));
        Consent[] memory consents = only(Consent(address(0), abi.encodePacked(bytes32(0), bytes32(0), uint8(27))));
        refuse(instruction, consents, notActive(address(0), PartyStatus.Unknown));
        assertTrue(
            contains(dryRun.reasons(instruction, consents), consentInvalid(instruction, address(0))), "nor signed"
        );
    }

    /// @dev Some wallets write the last byte as 0 or 1: another form of the same signature, and none here.
    function test_RevertWhen_TheSignaturesLastByteIsWrong() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[alice], _digest(instruction));
        uint8[4] memory others = [v - 27, v == 27 ? 28 : 27, 29, 255];
        for (uint256 i = 0; i < others.length; ++i) {
            Consent memory consent = Consent(alice, abi.encodePacked(r, s, others[i]));
            refuse(instruction, only(consent), consentInvalid(instruction, alice));
        }
    }

    function test_RevertWhen_TheSignatureIsEmptyOrZero() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[alice], _digest(instruction));
        bytes[5] memory signatures = [
            bytes(""),
            new bytes(64),
            new bytes(65),
            abi.encodePacked(bytes32(0), s, v),
            abi.encodePacked(r, bytes32(0), v)
        ];
        for (uint256 i = 0; i < signatures.length; ++i) {
            refuse(instruction, only(Consent(alice, signatures[i])), consentInvalid(instruction, alice));
        }
    }

    function test_When_TheSignatureIsCompact() external {
        Instruction memory instruction = instruct(payment(alice, carol, 5));
        (bytes32 r, bytes32 vs) = vm.signCompact(keyOf[alice], _digest(instruction));
        engine.settle(instruction, only(Consent(alice, abi.encodePacked(r, vs))));
        assertEq(balance(address(deposits[1]), carol), CASH + 5, "64 bytes are enough");
    }

    function test_When_ThePartyIsAContract() external {
        Instruction memory instruction = _fromWallet();
        bytes memory signature = sign(walletOwner, _digest(instruction)).signature;
        engine.settle(instruction, only(Consent(address(wallet), signature)));
        assertEq(balance(address(deposits[0]), bob), CASH + 5, "ERC-1271");
    }

    function test_RevertWhen_TheContractDeclines() external {
        Instruction memory instruction = _fromWallet();
        bytes memory signature = sign(stranger, _digest(instruction)).signature;
        refuse(instruction, only(Consent(address(wallet), signature)), consentInvalid(instruction, address(wallet)));
    }

    /// @dev EIP-7702: a key whose account has code still signs as a key.
    function test_When_ThePartysKeyHasCode() external {
        Instruction memory instruction = instruct(payment(alice, carol, 5));
        vm.etch(alice, hex"00");
        settle(instruction);
        assertEq(balance(address(deposits[1]), carol), CASH + 5, "the key counts first");
    }

    // ---- nowhere else ------------------------------------------------------------------------------------------------

    function test_RevertWhen_OnAnotherChain() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        Consent[] memory consents = consentsOf(instruction);
        InstructionId here = engine.idOf(instruction);
        vm.chainId(block.chainid + 1);
        assertTrue(InstructionId.unwrap(engine.idOf(instruction)) != InstructionId.unwrap(here), "another id");
        refuse(instruction, consents, consentInvalid(instruction, alice));
    }

    function test_RevertWhen_AtAnotherDeployment() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        Consent[] memory consents = consentsOf(instruction);
        engine = ISettlementEngine(_deploy("settlement/SettlementEngine.sol:SettlementEngine", abi.encode(registry)));
        bytes memory reason = consentInvalid(instruction, alice);
        vm.expectRevert(reason);
        engine.settle(instruction, consents);
    }

    /// @dev Every word of the domain counts: its name, its version, the chain, the contract. The last is as it should be.
    function test_RevertWhen_SignedForAnotherDomain() external {
        Instruction memory instruction = instruct(payment(alice, bob, 5));
        uint256 chain = block.chainid;
        _refuseUnder(instruction, _domain("Settlement", "2", chain, address(engine)));
        _refuseUnder(instruction, _domain("Settlement", "", chain, address(engine)));
        _refuseUnder(instruction, _domain("settlement", "1", chain, address(engine)));
        _refuseUnder(instruction, _domain("Settlement", "1", chain + 1, address(engine)));
        _refuseUnder(instruction, _domain("Settlement", "1", chain, address(deposits[0])));
        bytes32 right = _domain("Settlement", "1", chain, address(engine));
        engine.settle(instruction, only(sign(alice, _digestUnder(right, instruction))));
        assertEq(balance(address(deposits[0]), bob), CASH + 5, "settled");
    }

    /// @dev What a wallet shows its user: the id is the EIP-712 digest, made here from the words of the standard.
    function test_IdIsTheEip712Digest() external {
        Instruction memory instruction = instruct(payment(alice, carol, 5));
        bytes32 domain = _domain("Settlement", "1", block.chainid, address(engine));
        assertEq(_digest(instruction), _digestUnder(domain, instruction), "EIP-712");
        assertEq(uint8(engine.statusOf(instruction)), uint8(InstructionStatus.Open), "asking changes nothing");
        assertEq(address(engine.registry()), address(registry), "and the engine names its registry");
    }

    function _refuseUnder(Instruction memory instruction, bytes32 domain) private {
        Consent memory consent = sign(alice, _digestUnder(domain, instruction));
        refuse(instruction, only(consent), consentInvalid(instruction, alice));
    }

    function _domain(string memory name, string memory version, uint256 chain, address verifier)
        private
        pure
        returns (bytes32)
    {
        bytes32 type_ = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        return keccak256(abi.encode(type_, keccak256(bytes(name)), keccak256(bytes(version)), chain, verifier));
    }

    /// @dev Of an instruction with one leg.
    function _digestUnder(bytes32 domain, Instruction memory instruction) private pure returns (bytes32) {
        bytes32 legType = keccak256(
            "Leg(address giver,address receiver,address instrument,address receiverInstrument,uint256 quantity)"
        );
        bytes32 legHash = keccak256(abi.encode(legType, instruction.legs[0]));
        bytes32 instructionType = keccak256(
            "Instruction(Leg[] legs,bytes32 termsHash,uint64 notBefore,uint64 deadline,uint256 nonce)Leg(address giver,address receiver,address instrument,address receiverInstrument,uint256 quantity)"
        );
        bytes32 structHash = keccak256(
            abi.encode(
                instructionType,
                keccak256(abi.encodePacked(legHash)),
                instruction.termsHash,
                instruction.notBefore,
                instruction.deadline,
                instruction.nonce
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _fromWallet() private returns (Instruction memory) {
        return instruct(leg(address(wallet), bob, address(deposits[0]), 5));
    }

    function _digest(Instruction memory instruction) private view returns (bytes32) {
        return InstructionId.unwrap(engine.idOf(instruction));
    }
}
