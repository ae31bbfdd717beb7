"""The transport document: what a bill of lading says. The chain keeps its hash alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from settlement.domain.bills import BillKind
from settlement.domain.ebl.content import content_hash, read_json
from settlement.domain.ebl.party import LINE, WORD, DcsaModel, Items, Party
from settlement.domain.ebl.responses import ResponseCode, faults_of, refusal

TransportDocumentStatus = Literal[
    "DRAFT",
    "APPROVED",
    "ISSUED",
    "PENDING_SURRENDER_FOR_AMENDMENT",
    "SURRENDERED_FOR_AMENDMENT",
    "PENDING_SURRENDER_FOR_DELIVERY",
    "SURRENDERED_FOR_DELIVERY",
    "VOIDED",
]
"""Where a transport document stands; from ISSUED on as `BillStatus` in contracts/types/Bill.sol."""

_UNISSUED = ("DRAFT", "APPROVED")


def _line(most: int) -> Any:
    return Field(pattern=LINE, max_length=most)


def _check_day(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no day such as 2026-03-31") from None
    return text


def _as_decimal(value: object) -> object:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


DocumentReference = Annotated[str, _line(20)]
"""The transport document reference, at most 20 characters."""

SubReference = Annotated[str, _line(100)]
"""Which version of the document this is."""

CarrierCode = Annotated[str, Field(pattern=WORD, max_length=4)]
"""A carrier's code, SCAC or SMDG."""

Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_check_day)]
Positive = Annotated[Decimal, BeforeValidator(_as_decimal), Field(gt=0)]
LocationCode = Annotated[str, Field(pattern=r"^[A-Z]{2}[A-Z2-9]{3}$")]
ContainerCode = Annotated[str, _line(11)]
ServiceType = Literal["CY", "SD", "CFS"]
MovementType = Literal["FCL", "LCL"]


class InvoicePayableAt(DcsaModel):
    """Where freight is paid: one of the two."""

    un_location_code: LocationCode | None = Field(default=None, alias="UNLocationCode")
    free_text: Annotated[str, Field(max_length=35)] | None = None


class PartyContactDetail(DcsaModel):
    """Whom to ask; a telephone number, an e-mail address or both."""

    name: Annotated[str, _line(35)]
    phone: Annotated[str, _line(30)] | None = None
    email: Annotated[str, Field(max_length=100)] | None = None


class PartyAddress(DcsaModel):
    """A postal address."""

    street: Annotated[str, Field(max_length=70)]
    city: Annotated[str, _line(35)]
    country_code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class IssuingParty(Party):
    """The carrier, or who issues for it."""

    address: PartyAddress


class DocumentParties(DcsaModel):
    """Parties with their roles.

    Attributes:
        shipper: Who ships the goods.
        issuing_party: Who issues the document.
        consignee: To whom the goods go; mandatory in a straight bill.
        endorsee: Who has title first; only in a bill to order.
    """

    shipper: Party
    issuing_party: IssuingParty
    consignee: Party | None = None
    endorsee: Party | None = None


class CargoGrossWeight(DcsaModel):
    """Goods and packaging, without the container."""

    value: Positive
    unit: Literal["KGM", "LBR"]


class OuterPackaging(DcsaModel):
    """How the goods are packed."""

    number_of_packages: Annotated[int, Field(ge=1, le=99_999_999)]
    description: Annotated[str, Field(max_length=100)]


class CargoItem(DcsaModel):
    """The part of a consignment that is in one container."""

    equipment_reference: ContainerCode
    cargo_gross_weight: CargoGrossWeight
    outer_packaging: OuterPackaging


class ConsignmentItem(DcsaModel):
    """Goods of one kind and one booking."""

    carrier_booking_reference: Annotated[str, _line(35)]
    description_of_goods: Items[Annotated[str, _line(35)]]
    hs_codes: Items[Annotated[str, Field(pattern=r"^[0-9]{6,10}$")]] = Field(alias="HSCodes")
    cargo_items: Items[CargoItem]


class Equipment(DcsaModel):
    """A container."""

    equipment_reference: ContainerCode


class Seal(DcsaModel):
    """What a container is sealed with."""

    number: Annotated[str, Field(max_length=15)]


class UtilizedTransportEquipment(DcsaModel):
    """A container and its seals."""

    equipment: Equipment
    is_shipper_owned: bool
    seals: Items[Seal]


class Port(DcsaModel):
    """A port."""

    un_location_code: LocationCode | None = Field(default=None, alias="UNLocationCode")
    location_name: Annotated[str, _line(100)] | None = None


class VesselVoyage(DcsaModel):
    """A vessel on a voyage."""

    vessel_name: Annotated[str, _line(50)]
    carrier_export_voyage_number: Annotated[str, _line(50)]


class Transports(DcsaModel):
    """From where to where, when, and on which vessels."""

    planned_arrival_date: Day
    planned_departure_date: Day
    port_of_loading: Port
    port_of_discharge: Port
    vessel_voyages: Items[VesselVoyage]


class TransportDocument(DcsaModel):
    """A transport document of DCSA's Bill of Lading 3.0: its mandatory fields, and those that rules here ask for.

    Attributes:
        transport_document_reference: The carrier's reference.
        transport_document_sub_reference: The version; None where there is one only.
        transport_document_status: Where it stands.
        transport_document_type_code: A bill of lading, or a sea waybill, which is no title.
        is_shipped_on_board_type: Whether the goods are on board, or received for shipment.
        is_electronic: Whether it moves electronically.
        is_to_order: Whether it is negotiable.
        invoice_payable_at: Where freight is paid.
        party_contact_details: Whom to ask.
        document_parties: Shipper, issuing party, and consignee or endorsee.
        consignment_items: The goods.
        utilized_transport_equipments: The containers.
        terms_and_conditions: The carrier's.
        receipt_type_at_origin: Where the carrier receives the goods.
        delivery_type_at_destination: Where it delivers them.
        cargo_movement_type_at_origin: Whether full containers are loaded.
        cargo_movement_type_at_destination: Whether full containers are unloaded.
        carrier_code: The carrier's, SCAC or SMDG.
        carrier_code_list_provider: Whose list that is from.
        transports: The voyage.
        issue_date: Mandatory from ISSUED on.
        shipped_on_board_date: From ISSUED on, this or the next.
        received_for_shipment_date: See there.
        number_of_originals_with_charges: Of an electronic bill there is one original at most.
        number_of_originals_without_charges: Counted with the others.
    """

    transport_document_reference: DocumentReference
    transport_document_sub_reference: SubReference | None = None
    transport_document_status: TransportDocumentStatus
    transport_document_type_code: Literal["BOL", "SWB"]
    is_shipped_on_board_type: bool
    is_electronic: bool
    is_to_order: bool
    invoice_payable_at: InvoicePayableAt
    party_contact_details: Items[PartyContactDetail]
    document_parties: DocumentParties
    consignment_items: Items[ConsignmentItem]
    utilized_transport_equipments: Items[UtilizedTransportEquipment]
    terms_and_conditions: Annotated[str, Field(max_length=50_000)]
    receipt_type_at_origin: ServiceType
    delivery_type_at_destination: ServiceType
    cargo_movement_type_at_origin: MovementType
    cargo_movement_type_at_destination: MovementType
    carrier_code: CarrierCode
    carrier_code_list_provider: Literal["SMDG", "NMFTA"]
    transports: Transports
    issue_date: Day | None = None
    shipped_on_board_date: Day | None = None
    received_for_shipment_date: Day | None = None
    number_of_originals_with_charges: Annotated[int, Field(ge=0)] | None = None
    number_of_originals_without_charges: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True)
class BillOfLading:
    """A transport document that can be a title, and all it says.

    Attributes:
        document: The fields that rules ask for.
        content: Every field, as it was written.
    """

    document: TransportDocument
    content: Mapping[str, Any]

    @property
    def kind(self) -> BillKind:
        """Straight; to order, where an endorsee is named; or blank."""
        if not self.document.is_to_order:
            return "straight"
        return "blank" if self.document.document_parties.endorsee is None else "to-order"

    @property
    def named(self) -> Party | None:
        """The consignee of a straight bill, the first endorsee of one to order; nobody of a blank one."""
        parties = self.document.document_parties
        return parties.endorsee if self.document.is_to_order else parties.consignee

    @property
    def hash(self) -> str:
        """SHA-256 of the whole document's canonical text: what the bill's contract keeps."""
        return content_hash(self.content)


def read_bill(data: bytes) -> BillOfLading:
    """A bill of lading out of a transport document in JSON.

    Raises:
        InputError: it is no JSON.
        EblRefused: a mandatory field is missing or wrong, the document contradicts itself, or it is no electronic
            title. BREQ, as a platform answers an issuance.
    """
    content = read_json(data)
    if not isinstance(content, dict):
        raise refusal(ResponseCode.BREQ, [("", "a transport document is a JSON object")])
    try:
        document = TransportDocument.model_validate(content)
    except ValidationError as error:
        raise refusal(ResponseCode.BREQ, faults_of(error.errors(include_url=False))) from None
    faults = list(_contradictions(document))
    if faults:
        raise refusal(ResponseCode.BREQ, faults)
    return BillOfLading(document, content)


def _contradictions(document: TransportDocument) -> Iterable[tuple[str, str]]:
    if document.transport_document_type_code == "SWB":
        yield "transportDocumentTypeCode", "a sea waybill (SWB) is no title; allowed: BOL"
    if not document.is_electronic:
        yield "isElectronic", "this bill is on paper, and only an electronic one can be issued here"
    yield from _of_parties(document)
    place = document.invoice_payable_at
    if (place.un_location_code is None) == (place.free_text is None):
        yield "invoicePayableAt", "it takes either UNLocationCode or freeText"
    for position, contact in enumerate(document.party_contact_details):
        if contact.phone is None and contact.email is None:
            yield f"partyContactDetails[{position}]", "it takes phone, email or both"
    if document.transport_document_status not in _UNISSUED:
        if document.issue_date is None:
            yield "issueDate", f"it is mandatory of a document that is {document.transport_document_status}"
        if (document.shipped_on_board_date is None) == (document.received_for_shipment_date is None):
            yield "shippedOnBoardDate", "an issued bill has either this or receivedForShipmentDate"
    originals = (document.number_of_originals_with_charges or 0) + (document.number_of_originals_without_charges or 0)
    if originals > 1:
        yield "numberOfOriginalsWithCharges", f"of an electronic bill there is one original, not {originals}"


def _of_parties(document: TransportDocument) -> Iterable[tuple[str, str]]:
    parties = document.document_parties
    if parties.consignee is not None and parties.endorsee is not None:
        yield "documentParties.endorsee", "a bill names a consignee or an endorsee, not both"
    elif not document.is_to_order and parties.endorsee is not None:
        yield "documentParties.endorsee", "a straight bill (isToOrder false) has no endorsee"
    if not document.is_to_order and parties.consignee is None:
        yield "documentParties.consignee", "it is mandatory of a straight bill (isToOrder false)"
    for role, party in (("consignee", parties.consignee), ("endorsee", parties.endorsee)):
        if party is not None and not party.identifying_codes:
            yield f"documentParties.{role}.identifyingCodes", "this field is mandatory"
