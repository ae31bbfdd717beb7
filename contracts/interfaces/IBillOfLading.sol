// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IInstrument} from "./IInstrument.sol";

/// @title Bill of lading
/// @notice The electronic bills of lading of one carrier, as titles: exactly one party is in control of each. The
/// document stays off chain; its reference and hash are here. Status names are DCSA's.
interface IBillOfLading is IInstrument {
    /// @notice Where a bill stands; the last two are final.
    enum BillStatus {
        None,
        Issued,
        PendingSurrenderForDelivery,
        SurrenderedForDelivery,
        Voided
    }

    /// @notice What the chain knows of a bill.
    struct Bill {
        BillStatus status;
        /// Hash of the transport document.
        bytes32 documentHash;
        /// Transport document reference, at most 20 characters.
        string documentReference;
        /// Who asked for surrender, and has control again if the carrier rejects it.
        address surrenderedBy;
    }

    /// @notice Emitted when the carrier issues a bill.
    /// @param titleId SHA-256 of the reference.
    /// @param holder The first party in control.
    /// @param documentHash Hash of the document.
    /// @param documentReference The reference; untrusted text.
    event BillIssued(
        uint256 indexed titleId, address indexed holder, bytes32 indexed documentHash, string documentReference
    );

    /// @notice Emitted when the party in control asks for delivery; the carrier is in control until it answers.
    /// @param titleId The bill.
    /// @param holder Who surrendered it.
    event SurrenderForDeliveryRequested(uint256 indexed titleId, address indexed holder);

    /// @notice Emitted when the carrier accepts a surrender.
    /// @param titleId The bill.
    event SurrenderAccepted(uint256 indexed titleId);

    /// @notice Emitted when the carrier rejects a surrender.
    /// @param titleId The bill.
    /// @param holder Who is in control again.
    event SurrenderRejected(uint256 indexed titleId, address indexed holder);

    /// @notice Emitted when the carrier voids a bill that it controls.
    /// @param titleId The bill.
    event BillVoided(uint256 indexed titleId);

    /// @notice Thrown when a document reference is empty, longer than 20 characters, or used.
    /// @param documentReference The reference.
    error BillOfLading_InvalidReference(string documentReference);

    /// @notice Thrown when a live bill for the same document exists.
    /// @param documentHash Hash of the document.
    /// @param titleId The live bill.
    error BillOfLading_DocumentHasLiveBill(bytes32 documentHash, uint256 titleId);

    /// @notice Thrown when a bill's status does not allow the act.
    /// @param titleId The bill.
    /// @param status Its status.
    error BillOfLading_UnexpectedStatus(uint256 titleId, BillStatus status);

    /// @notice Thrown when somebody other than the party in control acts on a bill.
    /// @param titleId The bill.
    /// @param caller Who called.
    error BillOfLading_NotInControl(uint256 titleId, address caller);

    /// @notice Issues a bill to its first holder. Carrier only.
    function issue(address holder, string calldata documentReference, bytes32 documentHash)
        external
        returns (uint256 titleId);

    /// @notice Hands a bill back to the carrier for delivery of the goods.
    function surrenderForDelivery(uint256 titleId) external;

    /// @notice Accepts a surrender: the bill has done its work. Carrier only.
    function acceptSurrender(uint256 titleId) external;

    /// @notice Rejects a surrender: control returns to whoever surrendered. Carrier only.
    function rejectSurrender(uint256 titleId) external;

    /// @notice Voids a bill of which the carrier itself is in control. Carrier only.
    function voidBill(uint256 titleId) external;

    /// @notice A bill.
    function bill(uint256 titleId) external view returns (Bill memory);

    /// @notice The live bill of a document; zero where there is none.
    function liveBillOf(bytes32 documentHash) external view returns (uint256 titleId);
}
