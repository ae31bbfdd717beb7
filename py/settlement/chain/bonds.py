"""What bonds and their paying agents say of themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from settlement.chain.answers import decoded, one_of
from settlement.chain.calls import COMMITMENTS_ABI, COUPONS_ABI, DAY_COUNTS, UNFIXED, distribution_id, encode_call
from settlement.chain.transactions import Transactor
from settlement.domain.acts import CreateGreenBond
from settlement.domain.bonds.disclosure import Attestation, DisclosureKind, DisclosureState, UseOfProceeds
from settlement.domain.bonds.entries import CallEntry, CouponEntry, DistributionKind, RepaymentEntry
from settlement.domain.bonds.schedule import BondSchedule
from settlement.domain.directory import Directory
from settlement.ports import BondAllocation, BondOnChain, Disclosed, Distribution, HolderPayment, RegisterLine, SetAside

BOND_STATUSES = ("closing", "live", "redeeming", "repaid", "exited")
"""By the value of `BondStatus` in contracts/types/Bond.sol."""

_TERMS_ABI = "(bytes12,bytes3,uint96,uint96,uint96,uint8,uint8,uint32,address,bytes32,bytes32)"
_DISTRIBUTION_ABI = "(uint8,uint16,bool,uint32,uint96,uint96,uint96,uint96,uint96,uint256,uint256)"
_PAYMENT_SET_ASIDE = "0x" + keccak(text="PaymentSetAside(uint256,address,uint256,uint256,bytes)").hex()
_HOLDER_PAID = "0x" + keccak(text="HolderPaid(uint256,address,uint256,uint256,address)").hex()
_PAGE = 500
"""How many holders are asked for at once."""


class BondReader:
    """The part of `ports.Ledger` about bonds."""

    def __init__(self, transactor: Transactor, directory: Callable[[], Directory]) -> None:
        self._transactor = transactor
        self._directory = directory

    def status(self, bond: str) -> str:
        """See `ports.Ledger.bond_status`."""
        return self.status_at(self._directory().instrument(bond).address)

    def isin_at(self, contract: str) -> str:
        """The ISIN of a bond's contract, whether the directory knows it or not."""
        (terms,) = decoded([_TERMS_ABI], self._transactor.view(contract, encode_call("terms()", [])))
        return str(terms[0].decode("ascii"))

    def status_at(self, contract: str) -> str:
        """Where the issue of a bond's contract stands, whether the directory knows it or not."""
        return one_of(BOND_STATUSES, int.from_bytes(self._transactor.view(contract, encode_call("status()", []))))

    def allocation(self, bond: str) -> BondAllocation | None:
        """See `ports.Ledger.bond_allocation`."""
        address = self._directory().instrument(bond).address
        events = self._transactor.events(address, "BondAllocated(bytes32,uint256)")
        if not events:
            return None
        said = events[-1].arguments
        return BondAllocation(said["allocationHash"], said["nominal"])

    def register(self, bond: str, record: int | None) -> tuple[RegisterLine, ...]:
        """See `ports.Ledger.register`."""
        count = self._of(bond, "holderCount()", [], "uint256")
        lines: list[RegisterLine] = []
        for first in range(0, count, _PAGE):
            if record is None:
                holders = self._of(bond, "holders(uint256,uint256)", [first, _PAGE], "address[]")
                nominals = self._balances(bond, holders)
            else:
                data = encode_call("positionsAt(uint256,uint256,uint256)", [record, first, _PAGE])
                address = self._directory().instrument(bond).address
                holders, nominals = decoded(["address[]", "uint256[]"], self._transactor.view(address, data))
            for holder, nominal in zip(holders, nominals, strict=True):
                if nominal:
                    known = to_checksum_address(holder)
                    lines.append(RegisterLine(known, self._directory().name_of(known), nominal))
        return tuple(lines)

    def terms(self, bond: str) -> BondOnChain:
        """See `ports.Ledger.bond_terms`."""
        isin, currency, nominal, minimum, increment, day_count, frequency, offset, _, terms_hash, _ = self._of(
            bond, "terms()", [], _TERMS_ABI
        )
        return BondOnChain(
            isin=isin.decode("ascii"),
            currency=currency.decode("ascii"),
            nominal=nominal,
            minimum_denomination=minimum,
            increment=increment,
            day_count=list(DAY_COUNTS)[day_count],
            frequency=frequency,
            terms_hash="0x" + terms_hash.hex(),
            schedule=self._schedule(bond),
            utc_offset_seconds=offset,
        )

    def creation(self, bond: str) -> CreateGreenBond:
        """See `ports.Ledger.bond_creation`."""
        terms, schedule = self._of(bond, "terms()", [], _TERMS_ABI), self._schedule(bond)
        isin, currency, nominal, minimum, increment, day_count, frequency, offset, agent, terms_hash, framework = terms
        directory = self._directory()
        return CreateGreenBond(
            instrument=bond,
            issuer=directory.instrument(bond).issuer,
            isin=isin.decode("ascii"),
            currency=currency.decode("ascii"),
            nominal=nominal,
            minimum_denomination=minimum,
            increment=increment,
            day_count=list(DAY_COUNTS)[day_count],
            frequency=frequency,
            utc_offset_seconds=offset,
            calculation_agent=directory.name_of(to_checksum_address(agent)) if int(agent, 16) else None,
            coupons=schedule.coupons,
            repayments=schedule.repayments,
            calls=schedule.calls,
            terms_hash="0x" + terms_hash.hex(),
            framework_hash="0x" + framework.hex(),
            framework_uri=self._of(bond, "frameworkUri()", [], "string"),
        )

    def distribution(self, agent: str, kind: DistributionKind, index: int) -> Distribution:
        """See `ports.Ledger.distribution`."""
        data = encode_call("distribution(uint256)", [distribution_id(kind, index)])
        answer = self._transactor.view(self._directory().address_of(agent), data)
        (found,) = decoded([_DISTRIBUTION_ABI], answer)
        _, _, opened, _, entitled, counted, due, paid, set_aside, _, _ = found
        return Distribution(opened, entitled, counted, due, paid, set_aside)

    def disclosures(self, bond: str) -> tuple[Disclosed, ...]:
        """See `ports.Ledger.disclosures`."""
        contract, directory = self._directory().disclosure_of(bond), self._directory()
        (commitments,) = decoded([COMMITMENTS_ABI], self._transactor.view(contract, encode_call("commitments()", [])))
        found = []
        for number, (kind, due_day, attester) in enumerate(commitments):
            asked = [encode_call("state(uint256)", [number]), encode_call("attestationCount(uint256)", [number])]
            state, count = (int.from_bytes(answer) for answer in self._transactor.views(contract, asked))
            calls = [encode_call("attestation(uint256,uint32)", [number, version]) for version in range(1, count + 1)]
            versions = [
                decoded(["(bytes32,uint64,string)"], answer)[0] for answer in self._transactor.views(contract, calls)
            ]
            found.append(
                Disclosed(
                    kind=one_of(get_args(DisclosureKind), kind),
                    due_day=due_day,
                    attester=directory.name_of(to_checksum_address(attester)),
                    state=one_of(get_args(DisclosureState), state),
                    versions=tuple(
                        Attestation(version=version, document_hash="0x" + digest.hex(), time=time, uri=uri)
                        for version, (digest, time, uri) in enumerate(versions, start=1)
                    ),
                )
            )
        return tuple(found)

    def use_of_proceeds(self, bond: str) -> tuple[str, ...]:
        """See `ports.Ledger.use_of_proceeds`."""
        contract = self._directory().disclosure_of(bond)
        bits = int.from_bytes(self._transactor.view(contract, encode_call("useOfProceeds()", [])))
        return tuple(name for number, name in enumerate(get_args(UseOfProceeds)) if bits >> number & 1)

    def payment(self, agent: str, kind: DistributionKind, index: int, holder: str) -> HolderPayment | None:
        """See `ports.Ledger.payment`."""
        directory = self._directory()
        topics = [distribution_id(kind, index), int(directory.address_of(holder), 16)]
        paid = self._transactor.logs(
            directory.address_of(agent), [_HOLDER_PAID, *("0x" + topic.to_bytes(32).hex() for topic in topics)]
        )
        if not paid:
            return None
        (log,) = paid  # Nobody is paid twice.
        nominal, amount, account = decoded(
            ["uint256", "uint256", "address"], bytes.fromhex(log["data"].removeprefix("0x"))
        )
        return HolderPayment(nominal, amount, directory.name_of(to_checksum_address(account)))

    def set_aside(self, agent: str, kind: DistributionKind, index: int) -> tuple[SetAside, ...]:
        """See `ports.Ledger.set_aside`."""
        directory, distribution = self._directory(), "0x" + distribution_id(kind, index).to_bytes(32).hex()
        address = directory.address_of(agent)
        paid = {log["topics"][2] for log in self._transactor.logs(address, [_HOLDER_PAID, distribution])}
        found = []
        for log in self._transactor.logs(address, [_PAYMENT_SET_ASIDE, distribution]):
            if log["topics"][2] in paid:
                continue  # It has claimed it since.
            data = bytes.fromhex(log["data"].removeprefix("0x"))
            nominal, amount, reason = decoded(["uint256", "uint256", "bytes"], data)
            holder = directory.name_of(to_checksum_address("0x" + log["topics"][2][-40:]))
            found.append(SetAside(holder, nominal, amount, "0x" + reason.hex()))
        return tuple(found)

    def _schedule(self, bond: str) -> BondSchedule:
        coupons = self._of(bond, "coupons()", [], COUPONS_ABI)
        repayments = self._of(bond, "repayments()", [], "(uint16,uint32)[]")
        calls = self._of(bond, "calls()", [], "(uint32,uint32)[]")
        return BondSchedule(
            coupons=tuple(
                CouponEntry(
                    start_day=start,
                    end_day=end,
                    split_day=split,
                    record_day=record,
                    payment_day=payment,
                    reference_days=reference,
                    reference_days_after_split=after_split,
                    rate_millionths=None if rate == UNFIXED else rate,
                )
                for start, end, split, record, payment, reference, after_split, rate in coupons
            ),
            repayments=tuple(
                RepaymentEntry(coupon=coupon, fraction_millionths=fraction) for coupon, fraction in repayments
            ),
            calls=tuple(CallEntry(day=day, price_millionths=price) for day, price in calls),
        )

    def _balances(self, bond: str, holders: list[str]) -> list[int]:
        calls = [encode_call("balanceOf(address)", [holder]) for holder in holders]
        answers = self._transactor.views(self._directory().instrument(bond).address, calls)
        return [int.from_bytes(answer) for answer in answers]

    def _of(self, bond: str, signature: str, arguments: list[Any], answer_type: str) -> Any:
        address = self._directory().instrument(bond).address
        return decoded([answer_type], self._transactor.view(address, encode_call(signature, arguments)))[0]
