// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bill, ControlRecord} from "../types/Bill.sol";

/// @title Control tracking registry
/// @notice Which register (a platform's bills of one carrier) has a bill of lading: DCSA's final arbiter, and what makes
/// an electronic bill the only one (MLETR 10). Over all registers there is at most one live record for a document, and
/// one record, live or ended, for a carrier's transport document reference with its sub-reference.
/// @dev Who may record is not a second list: a register is admitted where the registry of participants and instruments
/// has it as a title. A register that is withdrawn records nothing more, but still ends or passes on what it has.
/// Movements do not come here: within its register a bill passes from party to party without a word to this one.
interface IControlTrackingRegistry {
    /// @notice Emitted when a register records a bill that begins.
    /// @param documentHash Hash of the document.
    /// @param carrier Whose bill it is.
    /// @param register Which register has it.
    /// @param titleId The bill there.
    /// @param documentReference Its reference; untrusted text.
    /// @param subReference Its sub-reference.
    event ControlRecorded(
        bytes32 indexed documentHash,
        address indexed carrier,
        address indexed register,
        uint256 titleId,
        string documentReference,
        uint16 subReference
    );

    /// @notice Emitted when a bill passes from one register to another.
    /// @param documentHash Hash of the document.
    /// @param from Which register had it.
    /// @param to Which register has it from now on.
    /// @param titleId The bill in both.
    /// @param holder Who is in control before and after.
    /// @param chainDigest What the holder named as the digest of the chain so far.
    event ControlPassed(
        bytes32 indexed documentHash,
        address indexed from,
        address indexed to,
        uint256 titleId,
        address holder,
        bytes32 chainDigest
    );

    /// @notice Emitted when a bill ends: its document may be issued again, under another reference.
    /// @param documentHash Hash of the document.
    /// @param register Which register had it.
    /// @param titleId The bill there.
    event ControlEnded(bytes32 indexed documentHash, address indexed register, uint256 titleId);

    /// @notice Thrown when a register would begin or continue a bill and is not admitted as a title.
    /// @param register The register.
    error ControlTracking_NotAdmitted(address register);

    /// @notice Thrown when a document has a live bill already, in whatever register.
    /// @param documentHash Hash of the document.
    /// @param register Which register has it.
    /// @param titleId The bill there.
    error ControlTracking_DocumentHasLiveRecord(bytes32 documentHash, address register, uint256 titleId);

    /// @notice Thrown when a carrier's reference with this sub-reference has been used, in whatever register.
    /// @param carrier The carrier.
    /// @param documentReference The reference.
    /// @param subReference The sub-reference.
    /// @param register Which register has the bill, or had it when it ended.
    error ControlTracking_ReferenceTaken(
        address carrier, string documentReference, uint16 subReference, address register
    );

    /// @notice Thrown when somebody ends or passes on a bill that it does not have.
    /// @param documentHash Hash of the document.
    /// @param caller Who called.
    /// @param register Which register has the live bill; zero where there is none.
    error ControlTracking_NotInControl(bytes32 documentHash, address caller, address register);

    /// @notice Thrown when a bill would pass to the register that has it, or to another carrier's.
    /// @param register The register named.
    error ControlTracking_InvalidTarget(address register);

    /// @notice Thrown when what would pass is not the bill on record: it is not live, or of another document reference.
    /// @param titleId The title on record.
    error ControlTracking_InvalidBill(uint256 titleId);

    /// @notice Records the caller as the register that has a bill. Admitted registers only.
    /// @param documentHash Hash of the document.
    /// @param documentReference The reference.
    /// @param subReference The sub-reference.
    /// @return titleId The bill's title, in whatever register: SHA-256 of the reference; from sub-reference 2 on, of
    /// `reference/sub-reference`.
    function begin(bytes32 documentHash, string calldata documentReference, uint16 subReference)
        external
        returns (uint256 titleId);

    /// @notice Passes a live bill on to `target`, another register of the same carrier, and has it taken over there in
    /// the same call. For the register that has it.
    /// @param target The other register.
    /// @param holder Who is in control before and after.
    /// @param bill The bill as it stands.
    /// @param chainDigest Digest of the chain so far.
    function pass(address target, address holder, Bill calldata bill, bytes32 chainDigest) external;

    /// @notice Ends the live record of a document. For the register that has it.
    /// @param documentHash Hash of the document.
    function end(bytes32 documentHash) external;

    /// @notice Which register has a document's live bill, and the bill there; zeros where there is none.
    function liveRecordOf(bytes32 documentHash) external view returns (address register, uint256 titleId);

    /// @notice The record of a carrier's reference with its sub-reference; all zeros where it was never used.
    function recordOf(address carrier, string calldata documentReference, uint16 subReference)
        external
        view
        returns (ControlRecord memory);
}
