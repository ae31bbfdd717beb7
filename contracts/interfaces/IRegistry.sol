// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {InstrumentKind, PartyStatus} from "../types/Participation.sol";
import {Leg} from "../types/Settlement.sol";

/// @title Registry of participants and instruments
/// @notice Who may take part in settlement, in which roles, and which instruments are admitted to it.
/// @dev Its own powers are roles of OpenZeppelin's AccessControl, each the hash of its name. What extends trust takes
/// ADMISSION_ROLE, which the administrator has from the start: make that `IDualControl`, and it takes two persons and a
/// delay. What reduces trust is done at once, by one key: OPERATOR_ROLE, SUPERVISOR_ROLE.
interface IRegistry {
    /// @notice Emitted when a party is admitted, or its roles are changed.
    /// @param party The party.
    /// @param roles Its roles, as bits of `Roles`.
    event PartyAdmitted(address indexed party, uint16 roles);

    /// @notice Emitted when a party is suspended, reinstated, frozen or unfrozen.
    /// @param party The party.
    /// @param status Its status from now on.
    event PartyStatusChanged(address indexed party, PartyStatus status);

    /// @notice Emitted when an instrument is admitted to settlement.
    /// @param instrument The token contract.
    /// @param issuer The party whose liability or issue it is.
    /// @param kind What settlement has to know of it.
    event InstrumentAdmitted(address indexed instrument, address indexed issuer, InstrumentKind kind);

    /// @notice Emitted when an instrument is withdrawn from settlement.
    /// @param instrument The token contract.
    event InstrumentWithdrawn(address indexed instrument);

    /// @notice Thrown when a party gives, receives or issues while it is not active.
    /// @param party The party.
    /// @param status Its status.
    error Registry_PartyNotActive(address party, PartyStatus status);

    /// @notice Thrown when a leg names an instrument that is not admitted, or pays in what is not admitted as money.
    /// @param instrument The token contract named.
    error Registry_InstrumentNotAdmitted(address instrument);

    /// @notice Thrown when a party lacks the role that an act takes.
    /// @param party The party.
    /// @param role The role it would need.
    error Registry_RoleMissing(address party, uint16 role);

    /// @notice Thrown when a party's status does not allow the change asked for.
    /// @param party The party.
    /// @param status Its status.
    error Registry_UnexpectedPartyStatus(address party, PartyStatus status);

    /// @notice Thrown when an admission has no role, no address, or no kind.
    /// @param subject The party or instrument.
    error Registry_InvalidAdmission(address subject);

    /// @notice Thrown when an instrument is admitted a second time.
    /// @param instrument The token contract.
    error Registry_InstrumentAlreadyAdmitted(address instrument);

    /// @notice Thrown when an instrument is admitted under an issuer other than its own.
    /// @param instrument The token contract.
    /// @param issuer The issuer named in the admission.
    /// @param actual The issuer the contract names.
    error Registry_IssuerMismatch(address instrument, address issuer, address actual);

    /// @notice Admits `party` as active, or gives an admitted party other roles without touching its status.
    /// Takes ADMISSION_ROLE.
    function admitParty(address party, uint16 roles) external;

    /// @notice Bars a party until it is reinstated. One that is frozen stays frozen, and is suspended once that ends. Takes
    /// OPERATOR_ROLE.
    function suspendParty(address party) external;

    /// @notice Lifts a suspension. Takes ADMISSION_ROLE.
    function reinstateParty(address party) external;

    /// @notice Bars an admitted party on the supervisor's order; outranks a suspension. Takes SUPERVISOR_ROLE.
    function freezeParty(address party) external;

    /// @notice Lifts a freeze; a party that was suspended before the freeze is suspended again. Takes SUPERVISOR_ROLE,
    /// and no delay: a bank that was frozen by mistake could pay nothing that is due meanwhile.
    function unfreezeParty(address party) external;

    /// @notice Admits an instrument to settlement. Takes ADMISSION_ROLE.
    function admitInstrument(address token, address issuer, InstrumentKind kind) external;

    /// @notice Withdraws an instrument from settlement. Takes OPERATOR_ROLE.
    function withdrawInstrument(address token) external;

    /// @notice Reverts unless every party and instrument of `legs` may settle now.
    /// @return duties Bit i is set where leg i's receiver has to consent.
    function checkLegs(Leg[] calldata legs) external view returns (uint256 duties);

    /// @notice What each account is to settlement, all at once for a batch: bit 0 an active party, bit 1 an admitted
    /// instrument that may move, bit 2 a title.
    function classify(address[] calldata accounts) external view returns (uint256[] memory classes);

    /// @notice Every reason, as an encoded error, why `legs` may not settle now; empty where `checkLegs` passes.
    function legReasons(Leg[] calldata legs) external view returns (bytes[] memory reasons);

    /// @notice Reverts unless `party` is active.
    function requireActive(address party) external view;

    /// @notice Reverts unless `party` is active and has one of the roles in `roles`.
    function requireRole(address party, uint16 roles) external view;

    /// @notice A party's status.
    function statusOf(address party) external view returns (PartyStatus);

    /// @notice A party's roles, as bits of `Roles`.
    function rolesOf(address party) external view returns (uint16);

    /// @notice An instrument's kind and issuer; `Unknown` and zero where it is not admitted.
    function instrument(address token) external view returns (InstrumentKind kind, address issuer);
}
