// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {BatchCodec} from "../libraries/BatchCodec.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {InstrumentKind, PartyStatus} from "../types/Participation.sol";
import {Leg} from "../types/Settlement.sol";

/// @title Registry
/// @notice Implements {IRegistry}, which documents every function.
contract Registry is IRegistry, AccessControl {
    using Reasons for bytes[];

    /// @notice Suspends parties, withdraws instruments.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    /// @notice Freezes and unfreezes parties.
    bytes32 public constant SUPERVISOR_ROLE = keccak256("SUPERVISOR_ROLE");

    // Admits and reinstates parties, admits instruments. A function that tells it would cost every
    // look-up that the compiler sorts behind it 22 gas.
    bytes32 private constant _ADMISSION_ROLE = keccak256("ADMISSION_ROLE");

    // One word each, read at every leg: a party's roles in the low 16 bits and these two above them, so that a party
    // is active where its word is neither zero nor above the roles; an instrument's issuer, and its kind above that.
    uint256 private constant _SUSPENDED = 1 << 16;
    uint256 private constant _FROZEN = 1 << 17;
    uint256 private constant _KIND_SHIFT = 160;

    mapping(address party => uint256) private _parties;
    mapping(address token => uint256) private _instruments;

    constructor(address admin, address operator, address supervisor) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(_ADMISSION_ROLE, admin);
        _grantRole(OPERATOR_ROLE, operator);
        _grantRole(SUPERVISOR_ROLE, supervisor);
    }

    /// @inheritdoc IRegistry
    function admitParty(address party, uint16 roles) external onlyRole(_ADMISSION_ROLE) {
        if (party == address(0) || roles == 0) revert Registry_InvalidAdmission(party);
        _parties[party] = (_parties[party] & (_SUSPENDED | _FROZEN)) | roles;
        emit PartyAdmitted(party, roles);
    }

    /// @inheritdoc IRegistry
    function suspendParty(address party) external onlyRole(OPERATOR_ROLE) {
        PartyStatus status = statusOf(party);
        if (status != PartyStatus.Active && (status != PartyStatus.Frozen || _parties[party] & _SUSPENDED != 0)) {
            revert Registry_UnexpectedPartyStatus(party, status);
        }
        _parties[party] |= _SUSPENDED;
        emit PartyStatusChanged(party, statusOf(party));
    }

    /// @inheritdoc IRegistry
    function reinstateParty(address party) external onlyRole(_ADMISSION_ROLE) {
        _requireStatus(party, PartyStatus.Suspended);
        _parties[party] ^= _SUSPENDED;
        emit PartyStatusChanged(party, PartyStatus.Active);
    }

    /// @inheritdoc IRegistry
    function freezeParty(address party) external onlyRole(SUPERVISOR_ROLE) {
        PartyStatus status = statusOf(party);
        if (status != PartyStatus.Active && status != PartyStatus.Suspended) {
            revert Registry_UnexpectedPartyStatus(party, status);
        }
        _parties[party] |= _FROZEN;
        emit PartyStatusChanged(party, PartyStatus.Frozen);
    }

    /// @inheritdoc IRegistry
    function unfreezeParty(address party) external onlyRole(SUPERVISOR_ROLE) {
        _requireStatus(party, PartyStatus.Frozen);
        _parties[party] ^= _FROZEN;
        emit PartyStatusChanged(party, statusOf(party));
    }

    /// @inheritdoc IRegistry
    function admitInstrument(address token, address issuer, InstrumentKind kind) external onlyRole(_ADMISSION_ROLE) {
        if (kind == InstrumentKind.Unknown) revert Registry_InvalidAdmission(token);
        if (_instruments[token] != 0) revert Registry_InstrumentAlreadyAdmitted(token);
        requireActive(issuer);
        address actual = IInstrument(token).issuer();
        if (actual != issuer) revert Registry_IssuerMismatch(token, issuer, actual);
        _instruments[token] = uint256(uint160(issuer)) | (uint256(kind) << _KIND_SHIFT);
        emit InstrumentAdmitted(token, issuer, kind);
    }

    /// @inheritdoc IRegistry
    function withdrawInstrument(address token) external onlyRole(OPERATOR_ROLE) {
        if (_instruments[token] == 0) revert Registry_InstrumentNotAdmitted(token);
        delete _instruments[token];
        emit InstrumentWithdrawn(token);
    }

    /// @inheritdoc IRegistry
    function checkLegs(Leg[] calldata legs) external view returns (uint256 duties) {
        for (uint256 i = 0; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            requireActive(leg.giver);
            requireActive(leg.receiver);
            uint256 kind = _requireAdmitted(leg.instrument);
            if (leg.receiverInstrument != leg.instrument) _requireAdmitted(leg.receiverInstrument);
            if (kind == uint256(InstrumentKind.Title)) duties |= 1 << i;
        }
    }

    /// @inheritdoc IRegistry
    function classify(address[] calldata accounts) external view returns (uint256[] memory classes) {
        classes = new uint256[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (_isActive(_parties[accounts[i]])) classes[i] = BatchCodec.ACTIVE_PARTY;
            uint256 word = _instruments[accounts[i]];
            if (word == 0) continue;
            uint256 kind = word >> _KIND_SHIFT;
            // forge-lint: disable-next-line(unsafe-typecast): the low 160 bits are the issuer
            if (kind != uint256(InstrumentKind.Money) || _isActive(_parties[address(uint160(word))])) {
                classes[i] |= BatchCodec.ADMITTED_INSTRUMENT;
            }
            if (kind == uint256(InstrumentKind.Title)) classes[i] |= BatchCodec.TITLE;
        }
    }

    /// @inheritdoc IRegistry
    function legReasons(Leg[] calldata legs) external view returns (bytes[] memory reasons) {
        for (uint256 i = 0; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            reasons = _partyReasons(reasons, leg.giver);
            reasons = _partyReasons(reasons, leg.receiver);
            reasons = _instrumentReasons(reasons, leg.instrument);
            if (leg.receiverInstrument != leg.instrument) {
                reasons = _instrumentReasons(reasons, leg.receiverInstrument);
            }
        }
    }

    /// @inheritdoc IRegistry
    function requireActive(address party) public view {
        if (!_isActive(_parties[party])) revert Registry_PartyNotActive(party, statusOf(party));
    }

    /// @inheritdoc IRegistry
    function requireRole(address party, uint16 roles) external view {
        requireActive(party);
        if (_parties[party] & roles == 0) revert Registry_RoleMissing(party, roles);
    }

    /// @inheritdoc IRegistry
    function statusOf(address party) public view returns (PartyStatus) {
        uint256 word = _parties[party];
        if (word == 0) return PartyStatus.Unknown;
        if (word & _FROZEN != 0) return PartyStatus.Frozen;
        return word & _SUSPENDED != 0 ? PartyStatus.Suspended : PartyStatus.Active;
    }

    /// @inheritdoc IRegistry
    function rolesOf(address party) external view returns (uint16) {
        return uint16(_parties[party]);
    }

    /// @inheritdoc IRegistry
    function instrument(address token) external view returns (InstrumentKind kind, address issuer) {
        uint256 word = _instruments[token];
        // forge-lint: disable-next-line(unsafe-typecast): the low 160 bits are the issuer
        return (InstrumentKind(word >> _KIND_SHIFT), address(uint160(word)));
    }

    function _requireStatus(address party, PartyStatus expected) private view {
        PartyStatus status = statusOf(party);
        if (status != expected) revert Registry_UnexpectedPartyStatus(party, status);
    }

    function _isActive(uint256 party) private pure returns (bool) {
        return party != 0 && party < _SUSPENDED;
    }

    function _requireAdmitted(address token) private view returns (uint256 kind) {
        uint256 word = _instruments[token];
        if (word == 0) revert Registry_InstrumentNotAdmitted(token);
        kind = word >> _KIND_SHIFT;
        // forge-lint: disable-next-line(unsafe-typecast): the low 160 bits are the issuer
        if (kind == uint256(InstrumentKind.Money)) requireActive(address(uint160(word)));
    }

    function _partyReasons(bytes[] memory reasons, address party) private view returns (bytes[] memory) {
        PartyStatus status = statusOf(party);
        if (status == PartyStatus.Active) return reasons;
        return reasons.push(abi.encodeWithSelector(Registry_PartyNotActive.selector, party, status));
    }

    function _instrumentReasons(bytes[] memory reasons, address token) private view returns (bytes[] memory) {
        uint256 word = _instruments[token];
        if (word == 0) {
            return reasons.push(abi.encodeWithSelector(Registry_InstrumentNotAdmitted.selector, token));
        }
        bool isMoney = word >> _KIND_SHIFT == uint256(InstrumentKind.Money);
        // forge-lint: disable-next-line(unsafe-typecast): the low 160 bits are the issuer
        return isMoney ? _partyReasons(reasons, address(uint160(word))) : reasons;
    }
}
