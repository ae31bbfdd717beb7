"""What a run of a scenario did: steps, settlements, positions before and after, and what was checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settlement.domain.model import Model
from settlement.errors import SettlementError

Positions = Mapping[str, Mapping[str, str]]
"""Per party and instrument, a balance as decimal text in major units; what is nought is left out."""


class LegReport(Model):
    """One leg, by names; `amount` as decimal text in major units, or, of a title, its document reference."""

    giver: str
    receiver: str
    instrument: str
    receiver_instrument: str
    amount: str
    is_title: bool = False


class PricedReport(Model):
    """How a cash amount was computed from a trade in a bond; amounts as decimal text in major units.

    `nominal` is in whole units, `clean_price` per 100 of nominal, `cash` is clean amount plus accrued interest.
    """

    leg: int
    bond: str
    nominal: str
    clean_price: str
    settlement_date: str
    clean_amount: str
    accrued_interest: str
    cash: str


class SettlementReport(Model):
    """One instruction after the run."""

    id: str
    reference: str
    status: str
    legs: tuple[LegReport, ...]
    transaction: str | None
    gas_used: int | None
    terms: Mapping[str, Any]
    priced: tuple[PricedReport, ...]


class CheckReport(Model):
    """One thing that was checked; `detail` says what was found where it is not as expected."""

    name: str
    ok: bool
    detail: str = ""


class StepReport(Model):
    """One step; `refused`: the reasons where the ledger refused it; `detail`: what it came to where legs do not say."""

    name: str
    action: str
    ok: bool
    seconds: float
    gas_used: int
    transaction: str | None
    refused: tuple[str, ...]
    legs: tuple[LegReport, ...]
    detail: str = ""


class RunReport(Model):
    """A whole run. `ok` where every check is."""

    scenario: str
    title: str
    chain_id: int
    block: int
    seconds: float
    steps: tuple[StepReport, ...]
    settlements: tuple[SettlementReport, ...]
    before: Positions
    positions: Positions
    checks: tuple[CheckReport, ...]

    @property
    def ok(self) -> bool:
        """Whether every check was met."""
        return all(check.ok for check in self.checks)

    def document(self) -> dict[str, Any]:
        """The run as one JSON document."""
        return self.model_dump(mode="json") | {"ok": self.ok}


class NotRecorded(SettlementError):
    """A run settled, and what has to be kept of it here could not be written: its report is all there is.

    Attributes:
        report: What was done.
    """

    exit_code = 3

    def __init__(self, report: RunReport, where: object, why: str) -> None:
        self.report = report
        super().__init__(f"{report.scenario} settled on the chain, and was not recorded in {where}: {why}")
