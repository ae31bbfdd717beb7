// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What an issuer of green bonds publishes, in the words of ICMA's Green Bond Principles.
/// @custom:value0 ExternalReview: of the framework or the bond, by somebody other than the issuer.
/// @custom:value1 AllocationReport: to which projects the proceeds went, and what is still unallocated.
/// @custom:value2 ImpactReport: what the projects brought about, as expected or as measured.
enum DisclosureKind {
    ExternalReview,
    AllocationReport,
    ImpactReport
}

/// @notice Where a commitment stands. Only the first two can change; how the first version came in stays visible.
/// @custom:value0 Due: nothing is published, and the due day is not over.
/// @custom:value1 Overdue: nothing is published, and the due day is over.
/// @custom:value2 Published: the first version came by the end of the due day.
/// @custom:value3 PublishedLate: the first version came after it.
enum DisclosureState {
    Due,
    Overdue,
    Published,
    PublishedLate
}

/// @notice One disclosure that the issuer promised. One storage slot.
struct Commitment {
    /// What is to be published.
    DisclosureKind kind;
    /// By the end of this day: days since 1 January 1970 in the bond's own time zone.
    uint32 dueDay;
    /// Who answers for the document by its signature.
    address attester;
}

/// @notice One version of a document, as its attester signed it.
struct Attestation {
    /// Hash of the document, which stays off chain.
    bytes32 documentHash;
    /// Unix time at which it was recorded here.
    uint64 time;
    /// Where the document can be read; untrusted text.
    string uri;
}

/// @notice The categories of green projects of ICMA's Green Bond Principles, as bits; a bond may have several.
library UseOfProceeds {
    uint16 internal constant RENEWABLE_ENERGY = 1 << 0;
    uint16 internal constant ENERGY_EFFICIENCY = 1 << 1;
    uint16 internal constant POLLUTION_PREVENTION_AND_CONTROL = 1 << 2;
    /// @dev Environmentally sustainable management of living natural resources and land use.
    uint16 internal constant LIVING_NATURAL_RESOURCES_AND_LAND_USE = 1 << 3;
    /// @dev Terrestrial and aquatic biodiversity conservation.
    uint16 internal constant BIODIVERSITY_CONSERVATION = 1 << 4;
    uint16 internal constant CLEAN_TRANSPORTATION = 1 << 5;
    /// @dev Sustainable water and wastewater management.
    uint16 internal constant WATER_AND_WASTEWATER_MANAGEMENT = 1 << 6;
    uint16 internal constant CLIMATE_CHANGE_ADAPTATION = 1 << 7;
    /// @dev Circular economy adapted products, production technologies and processes, and certified eco-efficient
    /// products.
    uint16 internal constant CIRCULAR_ECONOMY = 1 << 8;
    uint16 internal constant GREEN_BUILDINGS = 1 << 9;
    /// @dev All ten; there are no other bits.
    uint16 internal constant ALL = (1 << 10) - 1;
}
