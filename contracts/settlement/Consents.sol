// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEngine} from "../interfaces/ISettlementEngine.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {Consent, InstructionId, Leg} from "../types/Settlement.sol";

/// @title Consents
/// @notice Whose word there is, and whose is missing.
abstract contract Consents {
    /// @dev Every consent given is valid, and every giver, and every receiver on whom receiving lays a duty, has given
    /// one.
    function _requireConsents(InstructionId id, Leg[] calldata legs, Consent[] calldata consents, uint256 duties)
        internal
        view
        returns (address[] memory consenting)
    {
        consenting = _verify(id, InstructionId.unwrap(id), consents);
        for (uint256 i = 0; i < legs.length; ++i) {
            _requireConsent(id, legs[i].giver, consenting);
            if (duties & (1 << i) != 0) _requireConsent(id, legs[i].receiver, consenting);
        }
    }

    /// @dev One party's word is enough until it is locked, then every party's is needed.
    function _requireCancellations(InstructionId id, Leg[] calldata legs, address[] memory consenting, bool locked)
        internal
        pure
    {
        for (uint256 i = 0; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            if (locked) {
                _requireConsent(id, leg.giver, consenting);
                _requireConsent(id, leg.receiver, consenting);
            } else if (_consented(leg.giver, consenting) || _consented(leg.receiver, consenting)) {
                return;
            }
        }
        if (!locked) revert ISettlementEngine.Engine_ConsentMissing(id, legs[0].giver);
    }

    /// @dev Who has consented; reverts where one of the signatures is not what it claims to be.
    function _verify(InstructionId id, bytes32 digest, Consent[] calldata consents)
        internal
        view
        returns (address[] memory consenting)
    {
        consenting = new address[](consents.length);
        for (uint256 i = 0; i < consents.length; ++i) {
            Consent calldata consent = consents[i];
            address party = consent.party;
            if (!Signatures.isValid(party, digest, consent.signature)) {
                revert ISettlementEngine.Engine_ConsentInvalid(id, party);
            }
            consenting[i] = party;
        }
    }

    function _requireConsent(InstructionId id, address party, address[] memory consenting) internal pure {
        if (!_consented(party, consenting)) revert ISettlementEngine.Engine_ConsentMissing(id, party);
    }

    function _consented(address party, address[] memory consenting) internal pure returns (bool) {
        for (uint256 i = 0; i < consenting.length; ++i) {
            if (consenting[i] == party) return true;
        }
        return false;
    }
}
