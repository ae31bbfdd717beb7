// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../../../contracts/interfaces/ISettlementEngine.sol";
import {InstrumentKind, PartyStatus} from "../../../contracts/types/Participation.sol";
import {Consent, Instruction, InstructionId, InstructionStatus, Leg} from "../../../contracts/types/Settlement.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev An instrument that does whatever it is asked, and has nothing against a movement.
contract Obliging {
    function moveReasons(address, address, uint256) external pure returns (bytes[] memory) {}

    fallback() external {}
}

/// @dev The engine with anything in its storage, so that every nonce may have any status. Its instrument here does
/// whatever it is asked: what is asked of it is in `SettlementProofs`, what a movement does in the instruments' proofs.
///
/// Parties sign with keys, 65 bytes each. The recovery of a signer is left open: whatever key a signature is of, nothing
/// here depends on it, and the proofs ask the same precompile whose it is.
abstract contract EngineWorld is Symbolic {
    ISettlementEngine internal engine;
    address internal instrument;

    function make() internal virtual override {
        instrument = address(new Obliging());
        engine = ISettlementEngine(make("SettlementEngine", abi.encode(registry)));
    }

    function instructionOf(Leg memory leg, uint256 nonce, uint64 notBefore, uint64 deadline, bytes32 terms)
        internal
        pure
        returns (Instruction memory)
    {
        Leg[] memory legs = new Leg[](1);
        legs[0] = leg;
        return Instruction(legs, terms, notBefore, deadline, nonce);
    }

    /// @dev As many consents as parties, each with any signature.
    function consentsOf(address one, address two) internal returns (Consent[] memory consents) {
        consents = new Consent[](2);
        consents[0] = Consent(keyed(one), svm.createBytes(65, "signature"));
        consents[1] = Consent(keyed(two), svm.createBytes(65, "signature"));
    }

    function keyed(address party) internal view returns (address) {
        vm.assume(party.code.length == 0);
        return party;
    }

    function hasSigned(Consent memory consent, bytes32 digest) internal pure returns (bool) {
        bytes memory signature = consent.signature;
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
        return ecrecover(digest, v, r, s) == consent.party;
    }

    function consented(address party, Consent[] memory consents, bytes32 digest) internal pure returns (bool) {
        for (uint256 i = 0; i < consents.length; ++i) {
            if (consents[i].party == party && hasSigned(consents[i], digest)) return true;
        }
        return false;
    }
}

contract EngineProofs is EngineWorld {
    struct Terms {
        address giver;
        address receiver;
        uint256 quantity;
        uint256 nonce;
        uint64 notBefore;
        uint64 deadline;
        bytes32 terms;
    }

    // ---- when, and by whose word -------------------------------------------------------------------------------------

    /// @notice An instruction settles only where it was open, within its window, and is settled then.
    /// @dev Symbolic: parties, quantity, nonce, window, time, consents, every status.
    /// @custom:bounds one leg, two consents of 65 bytes
    function check_DVP_2_SettlesOnceAndInItsWindow(Terms memory terms, address one, address two, uint64 time) public {
        vm.warp(time);
        Instruction memory instruction = instructionOf(terms);
        InstructionStatus was = engine.statusOf(instruction);
        Consent[] memory consents = consentsOf(one, two);
        engine.settle(instruction, consents);
        assert(was == InstructionStatus.Open);
        assert(terms.notBefore <= time && time <= terms.deadline);
        assert(engine.statusOf(instruction) == InstructionStatus.Settled);
        (bool again,) = address(engine).call(abi.encodeCall(ISettlementEngine.settle, (instruction, consents)));
        assert(!again);
    }

    function reach_DVP_2_SettlesOnceAndInItsWindow(Terms memory terms, address one, address two, uint64 time)
        public
        reaches
    {
        check_DVP_2_SettlesOnceAndInItsWindow(terms, one, two, time);
    }

    /// @notice Whoever gives has signed these very words, and so has whoever receives a title; no signature is false.
    /// @dev Symbolic: as above, and the instrument's kind.
    /// @custom:bounds one leg, two consents of 65 bytes
    function check_DVP_2_EveryGiverHasSigned(Terms memory terms, address one, address two, uint64 time) public {
        vm.warp(time);
        Instruction memory instruction = instructionOf(terms);
        Consent[] memory consents = consentsOf(one, two);
        (InstrumentKind kind,) = registry.instrument(instrument);
        bytes32 id = InstructionId.unwrap(engine.idOf(instruction));
        engine.settle(instruction, consents);
        assert(consented(terms.giver, consents, id));
        assert(kind != InstrumentKind.Title || consented(terms.receiver, consents, id));
        assert(hasSigned(consents[0], id) && hasSigned(consents[1], id));
    }

    function reach_DVP_2_EveryGiverHasSigned(Terms memory terms, address one, address two, uint64 time) public reaches {
        check_DVP_2_EveryGiverHasSigned(terms, one, two, time);
    }

    /// @notice Nothing settles or is locked unless giver, receiver and, of money, the issuer are active, and the
    /// instrument admitted.
    /// @dev Symbolic: as above, every party's status, the instrument's kind and issuer, which of the three functions.
    /// @custom:bounds one leg, two consents of 65 bytes
    function check_CMP_1_SettlesBetweenActivePartiesOnly(Terms memory terms, uint8 which, uint64 time) public {
        vm.warp(time);
        Instruction memory instruction = instructionOf(terms);
        Consent[] memory consents = consentsOf(terms.giver, terms.receiver);
        (InstrumentKind kind, address issuer) = registry.instrument(instrument);
        if (which == 0) engine.settle(instruction, consents);
        else if (which == 1) engine.lock(instruction, consents);
        else engine.settleLocked(instruction, consents);
        assert(isActive(terms.giver) && isActive(terms.receiver));
        assert(kind != InstrumentKind.Unknown || issuer != address(0));
        assert(kind != InstrumentKind.Money || isActive(issuer));
    }

    function reach_CMP_1_SettlesBetweenActivePartiesOnly(Terms memory terms, uint8 which, uint64 time) public reaches {
        check_CMP_1_SettlesBetweenActivePartiesOnly(terms, which, time);
    }

    // ---- inside ------------------------------------------------------------------------------------------------------

    function instructionOf(Terms memory terms) private view returns (Instruction memory) {
        Leg memory leg = Leg(terms.giver, terms.receiver, instrument, instrument, terms.quantity);
        return instructionOf(leg, terms.nonce, terms.notBefore, terms.deadline, terms.terms);
    }

    function isActive(address party) private view returns (bool) {
        return registry.statusOf(party) == PartyStatus.Active;
    }
}
