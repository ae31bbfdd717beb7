// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Whether a party may take part. Only `Active` parties give or receive.
/// @custom:value0 Unknown: never admitted.
/// @custom:value1 Active: may give and receive.
/// @custom:value2 Suspended: barred by the operator until reinstated.
/// @custom:value3 Frozen: barred by the supervisor until unfrozen.
enum PartyStatus {
    Unknown,
    Active,
    Suspended,
    Frozen
}

/// @notice What kind of thing an instrument is, as far as settlement has to know.
/// @custom:value0 Unknown: not admitted.
/// @custom:value1 Money: a claim on its issuer, who has to be active for it to move.
/// @custom:value2 Asset: lays no duty on whoever receives it.
/// @custom:value3 Title: lays a duty on whoever receives it, so the receiver has to consent.
enum InstrumentKind {
    Unknown,
    Money,
    Asset,
    Title
}

/// @notice The roles a party can have, as bits; a party may have several.
library Roles {
    uint16 internal constant CENTRAL_BANK = 1 << 0;
    uint16 internal constant BANK = 1 << 1;
    uint16 internal constant ISSUER = 1 << 2;
    uint16 internal constant CUSTODIAN = 1 << 3;
    uint16 internal constant INVESTOR = 1 << 4;
    uint16 internal constant CORPORATE = 1 << 5;
    uint16 internal constant CARRIER = 1 << 6;
    uint16 internal constant PAYING_AGENT = 1 << 7;
    uint16 internal constant REVIEWER = 1 << 8;
}
