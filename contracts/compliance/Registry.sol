// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IInstrument} from "../interfaces/IInstrument.sol";
import {IRegistry} from "../interfaces/IRegistry.sol";
import {Reasons} from "../libraries/Reasons.sol";
import {InstrumentKind, PartyStatus} from "../types/Participation.sol";
import {Leg} from "../types/Settlement.sol";

/// @title Registry
/// @notice Implements {IRegistry}, which documents every function.
contract Registry is IRegistry, AccessControl {
    using Reasons for bytes[];

    /// @notice Admits, suspends and reinstates parties; admits and withdraws instruments.
    bytes32 public constant OPERATOR_ROLE = keccak256("OPERATOR_ROLE");
    /// @notice Freezes and unfreezes parties.
    bytes32 public constant SUPERVISOR_ROLE = keccak256("SUPERVISOR_ROLE");

    struct Party {
        uint16 roles;
        bool suspended;
        bool frozen;
    }

    struct Instrument {
        address issuer;
        InstrumentKind kind;
    }

    mapping(address party => Party) private _parties;
    mapping(address token => Instrument) private _instruments;

    constructor(address admin, address operator, address supervisor) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(OPERATOR_ROLE, operator);
        _grantRole(SUPERVISOR_ROLE, supervisor);
    }

    /// @inheritdoc IRegistry
    function admitParty(address party, uint16 roles) external onlyRole(OPERATOR_ROLE) {
        if (party == address(0) || roles == 0) revert Registry_InvalidAdmission(party);
        _parties[party].roles = roles;
        emit PartyAdmitted(party, roles);
    }

    /// @inheritdoc IRegistry
    function suspendParty(address party) external onlyRole(OPERATOR_ROLE) {
        _requireStatus(party, PartyStatus.Active);
        _parties[party].suspended = true;
        emit PartyStatusChanged(party, PartyStatus.Suspended);
    }

    /// @inheritdoc IRegistry
    function reinstateParty(address party) external onlyRole(OPERATOR_ROLE) {
        _requireStatus(party, PartyStatus.Suspended);
        _parties[party].suspended = false;
        emit PartyStatusChanged(party, PartyStatus.Active);
    }

    /// @inheritdoc IRegistry
    function freezeParty(address party) external onlyRole(SUPERVISOR_ROLE) {
        PartyStatus status = statusOf(party);
        if (status != PartyStatus.Active && status != PartyStatus.Suspended) {
            revert Registry_UnexpectedPartyStatus(party, status);
        }
        _parties[party].frozen = true;
        emit PartyStatusChanged(party, PartyStatus.Frozen);
    }

    /// @inheritdoc IRegistry
    function unfreezeParty(address party) external onlyRole(SUPERVISOR_ROLE) {
        _requireStatus(party, PartyStatus.Frozen);
        _parties[party].frozen = false;
        emit PartyStatusChanged(party, statusOf(party));
    }

    /// @inheritdoc IRegistry
    function admitInstrument(address token, address issuer, InstrumentKind kind) external onlyRole(OPERATOR_ROLE) {
        if (kind == InstrumentKind.Unknown) revert Registry_InvalidAdmission(token);
        if (_instruments[token].kind != InstrumentKind.Unknown) revert Registry_InstrumentAlreadyAdmitted(token);
        requireActive(issuer);
        address actual = IInstrument(token).issuer();
        if (actual != issuer) revert Registry_IssuerMismatch(token, issuer, actual);
        _instruments[token] = Instrument(issuer, kind);
        emit InstrumentAdmitted(token, issuer, kind);
    }

    /// @inheritdoc IRegistry
    function withdrawInstrument(address token) external onlyRole(OPERATOR_ROLE) {
        if (_instruments[token].kind == InstrumentKind.Unknown) revert Registry_InstrumentNotAdmitted(token);
        delete _instruments[token];
        emit InstrumentWithdrawn(token);
    }

    /// @inheritdoc IRegistry
    function checkLegs(Leg[] calldata legs) external view returns (uint256 duties) {
        for (uint256 i = 0; i < legs.length; ++i) {
            Leg calldata leg = legs[i];
            requireActive(leg.giver);
            requireActive(leg.receiver);
            _requireAdmitted(leg.instrument);
            if (leg.receiverInstrument != leg.instrument) _requireAdmitted(leg.receiverInstrument);
            if (_instruments[leg.instrument].kind == InstrumentKind.Title) duties |= 1 << i;
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
        PartyStatus status = statusOf(party);
        if (status != PartyStatus.Active) revert Registry_PartyNotActive(party, status);
    }

    /// @inheritdoc IRegistry
    function requireRole(address party, uint16 roles) external view {
        requireActive(party);
        if (_parties[party].roles & roles == 0) revert Registry_RoleMissing(party, roles);
    }

    /// @inheritdoc IRegistry
    function statusOf(address party) public view returns (PartyStatus) {
        Party memory record = _parties[party];
        if (record.roles == 0) return PartyStatus.Unknown;
        if (record.frozen) return PartyStatus.Frozen;
        return record.suspended ? PartyStatus.Suspended : PartyStatus.Active;
    }

    /// @inheritdoc IRegistry
    function rolesOf(address party) external view returns (uint16) {
        return _parties[party].roles;
    }

    /// @inheritdoc IRegistry
    function instrument(address token) external view returns (InstrumentKind kind, address issuer) {
        Instrument memory record = _instruments[token];
        return (record.kind, record.issuer);
    }

    function _requireStatus(address party, PartyStatus expected) private view {
        PartyStatus status = statusOf(party);
        if (status != expected) revert Registry_UnexpectedPartyStatus(party, status);
    }

    function _requireAdmitted(address token) private view {
        Instrument memory record = _instruments[token];
        if (record.kind == InstrumentKind.Unknown) revert Registry_InstrumentNotAdmitted(token);
        if (record.kind == InstrumentKind.Money) requireActive(record.issuer);
    }

    function _partyReasons(bytes[] memory reasons, address party) private view returns (bytes[] memory) {
        PartyStatus status = statusOf(party);
        if (status == PartyStatus.Active) return reasons;
        return reasons.push(abi.encodeWithSelector(Registry_PartyNotActive.selector, party, status));
    }

    function _instrumentReasons(bytes[] memory reasons, address token) private view returns (bytes[] memory) {
        Instrument memory record = _instruments[token];
        if (record.kind == InstrumentKind.Unknown) {
            return reasons.push(abi.encodeWithSelector(Registry_InstrumentNotAdmitted.selector, token));
        }
        return record.kind == InstrumentKind.Money ? _partyReasons(reasons, record.issuer) : reasons;
    }
}
