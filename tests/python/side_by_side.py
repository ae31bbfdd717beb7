"""A market on a chain and the oracle beside it: every act is done on both, and both have to agree."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import date

from market import Market
from replayed import books_of, oracle_of

from settlement import Network, connect
from settlement.chain.artifacts import load_artifacts
from settlement.chain.calldata import CallReader
from settlement.chain.calls import CallEncoder
from settlement.domain import acts
from settlement.domain.instruction import Consent, Instruction, title_id
from settlement.domain.oracle import Refusal, Replay
from settlement.domain.quantity import Quantity
from settlement.errors import Refused
from settlement.flow.desk import perform
from settlement.service.replay import compare, named

PARTIES = ("authority", "bank-amber", "bank-jade", "issuer", "seller", "buyer", "trader", "ocean-line", "stranger")
MONEY = ("wholesale-hkd", "amber-hkd", "jade-hkd")
BONDS = ("bond", "note")
BILLS = ("BILL-1", "BILL-2")


class Disagreement(AssertionError):
    """The chain and the oracle do not say the same."""


class SideBySide:
    """A market with a third client, who is at both banks, a bond in denominations, and two bills of lading."""

    def __init__(self, network: Network, url: str) -> None:
        self.market, self.url = Market(network, url), url
        network.admit("trader", "investor")
        network.admit("ocean-line", "carrier")
        network.ledger.party_address("stranger")
        perform(network.desk, acts.ProvideGas(party="stranger", wei=10**17))
        for instrument, holder in (("amber-hkd", "trader"), ("jade-hkd", "trader"), ("amber-hkd", "issuer")):
            network.open_account(instrument, holder)
        network.set_mandate("amber-hkd", {"bank-jade": "5.00"}, "8.00")
        network.create_green_bond(
            "note",
            "issuer",
            isin="HK0000000015",
            nominal=500,
            minimum_denomination=10,
            increment=5,
            coupon_millionths=10_000,
            issue_date=date(2023, 2, 16),
            maturity_date=date(2024, 2, 16),
        )
        network.issue("note", "issuer", "300")
        network.issue("jade-hkd", "trader", "100.00")
        for holder in ("seller", "buyer", "trader"):
            network.settle(network.leg("issuer", holder, "note", "50"))
        for holder in ("buyer", "trader", "issuer"):
            network.settle(network.leg("seller", holder, "bond", "200"))
        for holder in ("seller", "trader", "issuer"):
            network.issue("amber-hkd", holder, "100.00")
        network.create_bill_of_lading("ocean-bills", "ocean-line")
        for number, bill in enumerate(BILLS, 1):
            network.issue_bill("ocean-bills", "seller", bill, f"0x{number:064x}")
        ledger = network.ledger
        self._deployment = ledger.deployment
        self._books = books_of(network, url)
        self._set_up = [each.happened for page in self._books.transactions(self._books.head()) for each in page]
        self._reader = CallReader(load_artifacts(), ledger.deployment, lambda _: False)
        self._encoder = CallEncoder(load_artifacts(), ledger.deployment)
        self.directory = ledger.directory
        self._begin()

    @contextlib.contextmanager
    def anew(self) -> Iterator[None]:
        """As it was after setting up; and the chain is taken back there afterwards."""
        snapshot = self.market.rpc.call("evm_snapshot", [])
        self._begin()
        try:
            yield
        finally:
            self.market.rpc.call("evm_revert", [snapshot])

    def _begin(self) -> None:
        self.network = connect(self.url, deployment=self._deployment, directory=self.directory)
        self.replay = Replay(oracle_of(self.network))
        for happened in self._set_up:
            self._agree(self.replay.take(happened))
        self._read = self._books.head()

    @property
    def now(self) -> int:
        return self.network.ledger.head().timestamp

    def advance(self, seconds: int) -> None:
        self.network.ledger.advance_to(self.now + seconds)

    def consents(self, instruction: Instruction, parties: Sequence[str], forged: str | None) -> tuple[Consent, ...]:
        """Each party's signature; that of `forged` is the stranger's."""
        return tuple(
            self.network.ledger.consent(party, instruction, "stranger" if party == forged else None)
            for party in parties
        )

    def do(self, act: acts.Act) -> bool:
        """Does an act on both; whether it was accepted, by both.

        Raises:
            Disagreement: one accepts it and the other does not, or for another reason, or to another effect.
        """
        try:
            perform(self.network.desk, act)
        except Refused as refusal:
            self._refuse(act, refusal)
            return False
        head = self._books.head()
        for page in self._books.transactions(head, self._read + 1):
            for each in page:
                self._agree(self.replay.take(each.happened))
        self._read = head
        return True

    def compare(self) -> None:
        """Every position, hold and status.

        Raises:
            Disagreement: one is another.
        """
        _, differences = compare(self._books, self.replay, self._books.head())
        self._agree(differences)

    def _refuse(self, act: acts.Act, refusal: Refused) -> None:
        encoded = self._encoder.encode(act, self.directory)
        asked = {"from": self.address_of(encoded.sender).lower(), "to": encoded.to, "input": "0x" + encoded.data.hex()}
        call, _ = self._reader.call(asked, self.now + 1)
        if call is None or not self.replay.oracle.models(call):
            raise Disagreement(f"{act.kind} is not modelled")
        try:
            self.replay.oracle.apply(call)
        except Refusal as by_rules:
            if by_rules.name not in (*refusal.names, "Reverted"):
                raise Disagreement(f"{act.kind}: the chain says {refusal}, and the rules {by_rules}") from None
        else:
            raise Disagreement(f"{act.kind} is refused ({refusal}), and by the rules it is accepted")

    def address_of(self, name: str) -> str:
        """Also of those who are no parties: operator and supervisor."""
        return str(self.network.ledger._signers.signer(name).address)

    def holder_of(self, bill: str) -> str | None:
        """The party in possession of a bill."""
        return self.network.ledger.title_owner(Quantity(instrument="ocean-bills", amount=title_id(bill)))

    def _agree(self, differences: Sequence[str]) -> None:
        if differences:
            raise Disagreement("; ".join(named(each, self.directory) for each in differences))
