"""What carriers' contracts say of bills of lading, and the control tracking registry of which of them has a bill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from settlement.chain.answers import decoded, one_of
from settlement.chain.calls import encode_call
from settlement.chain.transactions import Transactor
from settlement.domain.bills import AmendmentReason, BillAction, BillKind, BillNumber, BillStatus, HandOverBill
from settlement.domain.directory import Directory
from settlement.domain.instruction import title_id
from settlement.domain.quantity import Quantity
from settlement.ports import BillEntrustment, BillEntry, BillIssue, BillOnChain

_BILL_ABI = "(uint8,uint8,bool,uint16,bytes4,address,address,address,bytes32,string,uint256,uint256)"
"""`Bill` in contracts/types/Bill.sol."""

BILL_STATUSES: tuple[BillStatus | None, ...] = (None, *get_args(BillStatus))
"""By the value of `BillStatus` in contracts/types/Bill.sol; None where there is no such bill."""

_ISSUED = "0x" + keccak(text="BillIssued(uint256,address,bytes32,string,uint16,uint8,address,uint256)").hex()
_NO_CHAIN = bytes(32)
"""The digest of a chain without entries."""

_TRANSACTION = "0x" + keccak(text="BillTransaction(uint256,uint8,address,address,bytes32)").hex()
_ENTRUSTMENTS = {
    "0x" + keccak(text=text).hex(): text.split("(")[0]
    for text in (
        "PossessionEntrusted(uint256,address,address,uint64)",
        "EntrustmentAccepted(uint256,address,address)",
        "EntrustmentRenounced(uint256,address,address)",
        "EntrustmentRevoked(uint256,address,address)",
    )
}
_ENDED = frozenset({"SURRENDERED_FOR_AMENDMENT", "SURRENDERED_FOR_DELIVERY", "VOIDED", "HANDED_OVER"})
_BETWEEN_REGISTERS = frozenset({"HAND_OVER", "TAKE_OVER"})
_RECORD_ABI = "(address,bool,uint256)"
"""`ControlRecord` in contracts/types/Bill.sol."""
_REASONS = {reason.encode().ljust(4, b"\0"): reason for reason in get_args(AmendmentReason)}


class BillReader:
    """The part of `ports.Ledger` about bills of lading."""

    def __init__(self, transactor: Transactor, directory: Callable[[], Directory]) -> None:
        self._transactor = transactor
        self._directory = directory

    def state(self, title: Quantity) -> BillOnChain | None:
        """See `ports.Ledger.bill`."""
        found = self._bill(title)
        status = one_of(BILL_STATUSES, found[0])
        if status is None:
            return None
        _, kind, endorsable, sub_reference, reason, endorsee, surrendered_by, shipper, document, reference, *line = (
            found
        )
        ended = status in _ENDED
        owner = None if ended else self._of(title, "ownerOf(uint256)", [title.amount], "address")
        replaces, replaced_by = (self._name_of_bill(title.instrument, other) for other in line)
        return BillOnChain(
            reference=reference,
            sub_reference=sub_reference,
            status=status,
            kind=one_of(get_args(BillKind), kind),
            endorsable=endorsable,
            endorsee=None if ended else self._name(endorsee),
            possession=None if owner is None else self._name(owner),
            shipper=self._name(shipper) or "",
            surrendered_by=self._name(surrendered_by),
            amendment_reason=_REASONS.get(reason),
            document_hash="0x" + document.hex(),
            replaces=replaces,
            replaced_by=replaced_by,
            register=self._name(self._record(title, reference, sub_reference)[0]) or title.instrument,
        )

    def issue(self, title: Quantity) -> BillIssue:
        """See `ports.Ledger.bill_issue`."""
        (log,) = self._logs(title, _ISSUED)
        data = bytes.fromhex(log["data"].removeprefix("0x"))
        _, _, kind, endorsee, _ = decoded(["string", "uint16", "uint8", "address", "uint256"], data)
        return BillIssue(one_of(get_args(BillKind), kind), self._name(endorsee))

    def in_control(self, title: Quantity) -> Quantity:
        """See `ports.Ledger.title_in_control`."""
        found = self.state(title)
        return title if found is None else Quantity(instrument=found.register, amount=title.amount)

    def chain(self, title: Quantity) -> tuple[BillEntry, ...]:
        """See `ports.Ledger.bill_chain`."""
        logs = self._logs(title, _TRANSACTION)
        times = self._transactor.block_times({_block(log) for log in logs})
        digests: dict[str, bytes] = {}
        handed = b""
        entries = []
        for log in logs:
            entry = self._entry(log, times[_block(log)])
            before = digests.get(log["address"], _NO_CHAIN)
            if entry.action == "HAND_OVER":
                handed, right = bytes.fromhex((entry.chain_digest or "")[2:]), "0x" + before.hex() == entry.chain_digest
                entry = replace(entry, is_digest_right=right)
            elif entry.action == "TAKE_OVER":
                entry = replace(entry, is_digest_right="0x" + handed.hex() == entry.chain_digest)
            digests[log["address"]] = _next_digest(before, log)
            entries.append(entry)
        return tuple(entries)

    def chain_digest(self, act: HandOverBill) -> str:
        """The digest of a bill's chain in the register that would hand it over, as it stands."""
        register = self._directory().instrument(act.instrument).address
        digest = _NO_CHAIN
        for log in self._transactor.logs(register, [_TRANSACTION, f"0x{title_id(act.document_reference):064x}"]):
            digest = _next_digest(digest, log)
        return "0x" + digest.hex()

    def _logs(self, title: Quantity, topic: str) -> list[dict[str, Any]]:
        """In every register of the carrier: within one carrier a title is one bill."""
        directory = self._directory()
        carrier = directory.instrument(title.instrument).issuer
        registers = [
            record.address
            for record in directory.instruments.values()
            if record.kind == "bill-of-lading" and record.issuer == carrier and not record.unlisted
        ]
        return self._transactor.logs(registers, [topic, f"0x{title.amount:064x}"])

    def _record(self, title: Quantity, reference: str, sub_reference: int) -> Any:
        directory = self._directory()
        carrier = directory.address_of(directory.instrument(title.instrument).issuer)
        data = encode_call("recordOf(address,string,uint16)", [carrier, reference, sub_reference])
        return decoded([_RECORD_ABI], self._transactor.view(directory.control_tracking_registry, data))[0]

    def entrustments(self, title: Quantity) -> tuple[BillEntrustment, ...]:
        """See `ports.Ledger.bill_entrustments`."""
        contract = self._directory().instrument(title.instrument).address
        found: dict[tuple[str, str], BillEntrustment] = {}
        for log in self._transactor.logs(contract, [list(_ENTRUSTMENTS), f"0x{title.amount:064x}"]):
            giver, receiver = (self._name("0x" + topic[-40:]) or "" for topic in log["topics"][2:])
            match _ENTRUSTMENTS[log["topics"][0]]:
                case "PossessionEntrusted":
                    time = int(log["data"], 16)
                    found[giver, receiver] = BillEntrustment(giver, receiver, accepted=False, realisable_from=time)
                case "EntrustmentRevoked":
                    found.pop((giver, receiver), None)
                case event:
                    accepted = event == "EntrustmentAccepted"
                    found[giver, receiver] = replace(found[giver, receiver], accepted=accepted)
        return tuple(found.values())

    def _entry(self, log: dict[str, Any], time: int) -> BillEntry:
        action = one_of(get_args(BillAction), int(log["topics"][2], 16))
        recipient, data = _values(log)
        is_amendment, is_between = action == "SURRENDER_FOR_AMENDMENT", action in _BETWEEN_REGISTERS
        said = "0x" + data.hex() if any(data) else None
        return BillEntry(
            action=action,
            actor=self._name("0x" + log["topics"][3][-40:]) or "",
            recipient=self._name(recipient),
            reason=_REASONS.get(data[:4]) if is_amendment else None,
            statement_hash=None if is_amendment or is_between else said,
            register=self._name(log["address"]) or "",
            chain_digest=said if is_between else None,
            is_digest_right=None,
            block=_block(log),
            time=time,
            transaction=log["transactionHash"],
        )

    def _name_of_bill(self, instrument: str, title: int) -> str | None:
        if title == 0:
            return None
        found = self._bill(Quantity(instrument=instrument, amount=title))
        return BillNumber(found[9], found[3]).name

    def _name(self, address: str) -> str | None:
        return self._directory().name_of(to_checksum_address(address)) if int(address, 16) else None

    def _bill(self, title: Quantity) -> Any:
        return self._of(title, "bill(uint256)", [title.amount], _BILL_ABI)

    def _of(self, title: Quantity, signature: str, arguments: list[Any], answer_type: str) -> Any:
        address = self._directory().instrument(title.instrument).address
        return decoded([answer_type], self._transactor.view(address, encode_call(signature, arguments)))[0]


def _values(log: dict[str, Any]) -> tuple[str, bytes]:
    """An entry's recipient, and its data."""
    recipient, data = decoded(["address", "bytes32"], bytes.fromhex(log["data"].removeprefix("0x")))
    return recipient, data


def _next_digest(before: bytes, log: dict[str, Any]) -> bytes:
    """The digest of a chain with one more entry.

    Keccak-256 of the digest before it and the entry's four values, each in a word: whoever has the events computes it.
    """
    words = [bytes.fromhex(topic.removeprefix("0x")) for topic in log["topics"][2:4]]
    return keccak(before + b"".join(words) + bytes.fromhex(log["data"].removeprefix("0x")))


def _block(log: dict[str, Any]) -> int:
    return int(log["blockNumber"], 16)
