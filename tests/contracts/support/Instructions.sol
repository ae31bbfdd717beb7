// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchMode, Consent, Instruction, InstructionId, Leg, Settlement} from "../../../contracts/types/Settlement.sol";
import {World} from "./World.sol";

/// @dev Builds instructions, signs them, and puts batches into their compact form.
abstract contract Instructions is World {
    uint256 private _nonces;

    // ---- legs --------------------------------------------------------------------------------------------------------

    function leg(address giver, address receiver, address instrument, uint256 quantity)
        internal
        pure
        returns (Leg memory)
    {
        return Leg(giver, receiver, instrument, instrument, quantity);
    }

    /// @dev A payment in deposits, across banks where the two clients' banks differ.
    function payment(address payer, address payee, uint256 amount) internal view returns (Leg memory) {
        return Leg(payer, payee, address(depositOf(payer)), address(depositOf(payee)), amount);
    }

    // ---- instructions ------------------------------------------------------------------------------------------------

    function instruct(Leg memory one) internal returns (Instruction memory) {
        Leg[] memory legs = new Leg[](1);
        legs[0] = one;
        return instruct(legs);
    }

    function instruct(Leg memory one, Leg memory two) internal returns (Instruction memory) {
        Leg[] memory legs = new Leg[](2);
        (legs[0], legs[1]) = (one, two);
        return instruct(legs);
    }

    /// @dev Open from now on for a day, with a nonce of its own.
    function instruct(Leg[] memory legs) internal returns (Instruction memory) {
        return
            Instruction(legs, keccak256("terms"), uint64(block.timestamp), uint64(block.timestamp + 1 days), _nonces++);
    }

    /// @dev A bond against deposits.
    function dvp(address seller, address buyer, uint256 nominal, uint256 cash) internal returns (Instruction memory) {
        return instruct(leg(seller, buyer, address(bond), nominal), payment(buyer, seller, cash));
    }

    // ---- consents ----------------------------------------------------------------------------------------------------

    function sign(address party, bytes32 digest) internal view returns (Consent memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[party], digest);
        return Consent(party, abi.encodePacked(r, s, v));
    }

    /// @dev Every giver's and every receiver's consent, each once.
    function consentsOf(Instruction memory instruction) internal view returns (Consent[] memory) {
        return signAll(instruction, InstructionId.unwrap(engine.idOf(instruction)));
    }

    function cancellationsOf(Instruction memory instruction, string memory reason)
        internal
        view
        returns (Consent[] memory)
    {
        return signAll(instruction, engine.cancellationDigest(engine.idOf(instruction), reason));
    }

    function signAll(Instruction memory instruction, bytes32 digest) internal view returns (Consent[] memory) {
        address[] memory parties = partiesOf(instruction);
        Consent[] memory consents = new Consent[](parties.length);
        for (uint256 i = 0; i < parties.length; ++i) {
            consents[i] = sign(parties[i], digest);
        }
        return consents;
    }

    function partiesOf(Instruction memory instruction) internal pure returns (address[] memory parties) {
        parties = new address[](2 * instruction.legs.length);
        uint256 count;
        for (uint256 i = 0; i < instruction.legs.length; ++i) {
            count = _add(parties, count, instruction.legs[i].giver);
            count = _add(parties, count, instruction.legs[i].receiver);
        }
        assembly ("memory-safe") {
            mstore(parties, count)
        }
    }

    function only(Consent memory one) internal pure returns (Consent[] memory consents) {
        consents = new Consent[](1);
        consents[0] = one;
    }

    function with(Consent[] memory consents, Consent memory more) internal pure returns (Consent[] memory longer) {
        longer = new Consent[](consents.length + 1);
        for (uint256 i = 0; i < consents.length; ++i) {
            longer[i] = consents[i];
        }
        longer[consents.length] = more;
    }

    function settle(Instruction memory instruction) internal returns (InstructionId) {
        return engine.settle(instruction, consentsOf(instruction));
    }

    // ---- batches -----------------------------------------------------------------------------------------------------

    function settleBatch(Settlement[] memory settlements, BatchMode mode) internal returns (uint256) {
        (address[] memory accounts, bytes memory items) = encodeBatch(settlements);
        return engine.settleBatch(accounts, items, mode);
    }

    /// @dev The form that BatchCodec documents. Each item is made by itself and all are joined once: joining as they
    /// come copies the batch for every leg of it.
    function encodeBatch(Settlement[] memory settlements)
        internal
        pure
        returns (address[] memory accounts, bytes memory items)
    {
        accounts = new address[](_namesIn(settlements));
        bytes[] memory parts = new bytes[](settlements.length);
        uint256 count;
        uint256 length;
        for (uint256 i = 0; i < settlements.length; ++i) {
            (parts[i], count) = _encodeItem(settlements[i], accounts, count);
            length += parts[i].length;
        }
        assembly ("memory-safe") {
            mstore(accounts, count)
        }
        items = new bytes(length);
        uint256 offset = 32;
        for (uint256 i = 0; i < parts.length; ++i) {
            bytes memory part = parts[i];
            assembly ("memory-safe") {
                mcopy(add(items, offset), add(part, 32), mload(part))
            }
            offset += part.length;
        }
    }

    function _encodeItem(Settlement memory settlement, address[] memory accounts, uint256 count)
        private
        pure
        returns (bytes memory item, uint256 countNow)
    {
        Instruction memory terms = settlement.instruction;
        Consent[] memory consents = settlement.consents;
        item = abi.encodePacked(terms.termsHash, terms.notBefore, terms.deadline, terms.nonce, uint8(terms.legs.length));
        for (uint256 j = 0; j < terms.legs.length; ++j) {
            Leg memory one = terms.legs[j];
            count = _add(accounts, count, one.giver);
            count = _add(accounts, count, one.receiver);
            count = _add(accounts, count, one.instrument);
            count = _add(accounts, count, one.receiverInstrument);
            item = abi.encodePacked(
                item,
                _position(accounts, one.giver),
                _position(accounts, one.receiver),
                _position(accounts, one.instrument),
                _position(accounts, one.receiverInstrument),
                one.quantity
            );
        }
        item = abi.encodePacked(item, uint8(consents.length));
        for (uint256 j = 0; j < consents.length; ++j) {
            count = _add(accounts, count, consents[j].party);
            uint16 length = uint16(consents[j].signature.length);
            item = abi.encodePacked(item, _position(accounts, consents[j].party), length, consents[j].signature);
        }
        return (item, count);
    }

    function _namesIn(Settlement[] memory settlements) private pure returns (uint256 most) {
        for (uint256 i = 0; i < settlements.length; ++i) {
            most += 4 * settlements[i].instruction.legs.length + settlements[i].consents.length;
        }
    }

    function _add(address[] memory list, uint256 count, address item) private pure returns (uint256) {
        for (uint256 i = 0; i < count; ++i) {
            if (list[i] == item) return count;
        }
        list[count] = item;
        return count + 1;
    }

    function _position(address[] memory list, address item) private pure returns (uint16 position) {
        while (list[position] != item) ++position;
    }
}
