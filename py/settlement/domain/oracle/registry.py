"""The registry: who takes part in which role, who is barred, and which instruments are admitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from settlement.domain.oracle.calls import NOBODY, Call, TermsLeg
from settlement.domain.oracle.tables import Refusal, Tables

CENTRAL_BANK, BANK, ISSUER, CARRIER = 1 << 0, 1 << 1, 1 << 2, 1 << 6
"""Roles as bits, as `Roles` in contracts/types/Participation.sol."""

UNKNOWN, ACTIVE, SUSPENDED, FROZEN = range(4)
"""Statuses of parties, as `PartyStatus` there."""

STATUS_NAMES = ("unknown", "active", "suspended", "frozen")

MONEY, ASSET, TITLE = 1, 2, 3
"""Kinds of instruments, as `InstrumentKind` there."""

ADMIN = bytes(32)
ADMISSION = bytes.fromhex("61f19161910d05b837a16537e613a7a64b5e17df251b199f664468353176cf60")
OPERATOR = bytes.fromhex("97667070c54ef182b0f5858b034beac1b6f3089aa2d3188bb1e8929f4fa9b929")
SUPERVISOR = bytes.fromhex("060c8eced3c6b422fe5573c862b67b9f6e25a3fc7d9543b14f7aee77b138e70d")
"""Hashes of the names of the roles that govern the registry."""


class Registry:
    """Parties and instruments. `issuers` has the issuer of every instrument that there is, admitted or not."""

    CALLS: ClassVar[Mapping[str, str]] = {
        "admitParty(address,uint16)": "admit_party",
        "suspendParty(address)": "suspend",
        "reinstateParty(address)": "reinstate",
        "freezeParty(address)": "freeze",
        "unfreezeParty(address)": "unfreeze",
        "admitInstrument(address,address,uint8)": "admit_instrument",
        "withdrawInstrument(address)": "withdraw_instrument",
        "grantRole(bytes32,address)": "grant_role",
        "revokeRole(bytes32,address)": "revoke_role",
        "renounceRole(bytes32,address)": "renounce_role",
    }

    def __init__(self, tables: Tables, address: str) -> None:
        self.address = address
        self._tables = tables
        self._granted: dict[tuple[bytes, str], bool] = {}
        self.roles: dict[str, int] = {}
        self.suspended: dict[str, bool] = {}
        self.frozen: dict[str, bool] = {}
        self.instruments: dict[str, tuple[int, str]] = {}
        self.issuers: dict[str, str] = {}

    def govern(self, admin: str, operator: str, supervisor: str) -> None:
        """Who may do what here from the beginning."""
        for role, account in ((ADMIN, admin), (ADMISSION, admin), (OPERATOR, operator), (SUPERVISOR, supervisor)):
            self._tables.put(self._granted, (role, account), True)

    # ---- calls -------------------------------------------------------------------------------------------------------

    def admit_party(self, call: Call, party: str, roles: int) -> None:
        """Whoever admits lets a party in, or gives it other roles."""
        self._require_granted(call, ADMISSION)
        if party == NOBODY or not roles:
            raise Refusal("Registry_InvalidAdmission", party)
        self._tables.put(self.roles, party, roles)

    def suspend(self, call: Call, party: str) -> None:
        """The operator bars a party, frozen or not."""
        self._require_granted(call, OPERATOR)
        self._require_status(party, ACTIVE, FROZEN)
        if self.suspended.get(party):
            raise Refusal("Registry_UnexpectedPartyStatus", f"{party} is suspended below its freeze")
        self._tables.put(self.suspended, party, True)

    def reinstate(self, call: Call, party: str) -> None:
        """Whoever admits ends that."""
        self._require_granted(call, ADMISSION)
        self._require_status(party, SUSPENDED)
        self._tables.put(self.suspended, party, False)

    def freeze(self, call: Call, party: str) -> None:
        """The supervisor bars a party, suspended or not."""
        self._require_granted(call, SUPERVISOR)
        self._require_status(party, ACTIVE, SUSPENDED)
        self._tables.put(self.frozen, party, True)

    def unfreeze(self, call: Call, party: str) -> None:
        """The supervisor ends that; a suspension stays."""
        self._require_granted(call, SUPERVISOR)
        self._require_status(party, FROZEN)
        self._tables.put(self.frozen, party, False)

    def admit_instrument(self, call: Call, instrument: str, issuer: str, kind: int) -> None:
        """Whoever admits lets in an instrument of an active issuer."""
        self._require_granted(call, ADMISSION)
        if not kind:
            raise Refusal("Registry_InvalidAdmission", instrument)
        if self.kind_of(instrument):
            raise Refusal("Registry_InstrumentAlreadyAdmitted", instrument)
        self.require_active(issuer)
        if self.issuers.get(instrument) != issuer:
            raise Refusal("Registry_IssuerMismatch", f"{issuer} is not the issuer of {instrument}")
        self._tables.put(self.instruments, instrument, (kind, issuer))

    def withdraw_instrument(self, call: Call, instrument: str) -> None:
        """The operator takes an instrument out of settlement."""
        self._require_granted(call, OPERATOR)
        self._require_admitted(instrument)
        self._tables.put(self.instruments, instrument, (0, NOBODY))

    def grant_role(self, call: Call, role: bytes, account: str) -> None:
        """The administrator gives a role."""
        self._require_granted(call, ADMIN)
        self._tables.put(self._granted, (role, account), True)

    def revoke_role(self, call: Call, role: bytes, account: str) -> None:
        """The administrator takes a role."""
        self._require_granted(call, ADMIN)
        self._tables.put(self._granted, (role, account), False)

    def renounce_role(self, call: Call, role: bytes, account: str) -> None:
        """Somebody lays a role down."""
        if call.sender != account:
            raise Refusal("AccessControlBadConfirmation")
        self._tables.put(self._granted, (role, account), False)

    # ---- rules -------------------------------------------------------------------------------------------------------

    def status_of(self, party: str) -> int:
        """Whether a party may take part."""
        if not self.roles.get(party):
            return UNKNOWN
        if self.frozen.get(party):
            return FROZEN
        return SUSPENDED if self.suspended.get(party) else ACTIVE

    def kind_of(self, instrument: str) -> int:
        """What kind of instrument it is; 0 where it is not admitted."""
        return self.instruments.get(instrument, (0, NOBODY))[0]

    def require_active(self, party: str) -> None:
        """Refuses unless the party may give and receive."""
        status = self.status_of(party)
        if status != ACTIVE:
            raise Refusal("Registry_PartyNotActive", f"{party} is {STATUS_NAMES[status]}")

    def require_role(self, party: str, roles: int) -> None:
        """Refuses unless the party is active and has one of these roles."""
        self.require_active(party)
        if not self.roles[party] & roles:
            raise Refusal("Registry_RoleMissing", f"{party} has another role")

    def check_legs(self, legs: Sequence[TermsLeg]) -> None:
        """Refuses unless all parties are active, and all instruments admitted, with an active issuer if money."""
        for leg in legs:
            self.require_active(leg.giver)
            self.require_active(leg.receiver)
            self._require_usable(leg.instrument)
            if leg.receiver_instrument != leg.instrument:
                self._require_usable(leg.receiver_instrument)

    def _require_usable(self, instrument: str) -> None:
        self._require_admitted(instrument)
        kind, issuer = self.instruments[instrument]
        if kind == MONEY:
            self.require_active(issuer)

    def _require_admitted(self, instrument: str) -> None:
        if not self.kind_of(instrument):
            raise Refusal("Registry_InstrumentNotAdmitted", instrument)

    def _require_status(self, party: str, *expected: int) -> None:
        status = self.status_of(party)
        if status not in expected:
            raise Refusal("Registry_UnexpectedPartyStatus", f"{party} is {STATUS_NAMES[status]}")

    def _require_granted(self, call: Call, role: bytes) -> None:
        if not self._granted.get((role, call.sender)):
            raise Refusal("AccessControlUnauthorizedAccount", f"{call.sender} may not")
