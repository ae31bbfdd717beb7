"""What carriers' contracts say of bills of lading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from settlement.chain.calls import encode_call
from settlement.chain.transactions import Transactor
from settlement.domain.bills import AmendmentReason, BillAction, BillKind, BillNumber, BillStatus
from settlement.domain.directory import Directory
from settlement.domain.quantity import Quantity
from settlement.ports import BillEntrustment, BillEntry, BillIssue, BillOnChain

_BILL_ABI = "(uint8,uint8,bool,uint16,bytes4,address,address,address,bytes32,string,uint256,uint256)"
"""`Bill` in contracts/types/Bill.sol."""

BILL_STATUSES: tuple[BillStatus | None, ...] = (None, *get_args(BillStatus))
"""By the value of `BillStatus` in contracts/types/Bill.sol; None where there is no such bill."""

_ISSUED = "0x" + keccak(text="BillIssued(uint256,address,bytes32,string,uint16,uint8,address,uint256)").hex()
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
_ENDED = frozenset({"SURRENDERED_FOR_AMENDMENT", "SURRENDERED_FOR_DELIVERY", "VOIDED"})
_REASONS = {reason.encode().ljust(4, b"\0"): reason for reason in get_args(AmendmentReason)}


class BillReader:
    """The part of `ports.Ledger` about bills of lading."""

    def __init__(self, transactor: Transactor, directory: Callable[[], Directory]) -> None:
        self._transactor = transactor
        self._directory = directory

    def state(self, title: Quantity) -> BillOnChain | None:
        """See `ports.Ledger.bill`."""
        found = self._bill(title)
        status = BILL_STATUSES[found[0]]
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
            kind=get_args(BillKind)[kind],
            endorsable=endorsable,
            endorsee=None if ended else self._name(endorsee),
            possession=None if owner is None else self._name(owner),
            shipper=self._name(shipper) or "",
            surrendered_by=self._name(surrendered_by),
            amendment_reason=_REASONS.get(reason),
            document_hash="0x" + document.hex(),
            replaces=replaces,
            replaced_by=replaced_by,
        )

    def issue(self, title: Quantity) -> BillIssue:
        """See `ports.Ledger.bill_issue`."""
        contract = self._directory().instrument(title.instrument).address
        (log,) = self._transactor.logs(contract, [_ISSUED, f"0x{title.amount:064x}"])
        data = bytes.fromhex(log["data"].removeprefix("0x"))
        _, _, kind, endorsee, _ = decode(["string", "uint16", "uint8", "address", "uint256"], data)
        return BillIssue(get_args(BillKind)[kind], self._name(endorsee))

    def chain(self, title: Quantity) -> tuple[BillEntry, ...]:
        """See `ports.Ledger.bill_chain`."""
        contract = self._directory().instrument(title.instrument).address
        logs = self._transactor.logs(contract, [_TRANSACTION, f"0x{title.amount:064x}"])
        times = self._transactor.block_times({_block(log) for log in logs})
        return tuple(self._entry(log, times[_block(log)]) for log in logs)

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
        action = get_args(BillAction)[int(log["topics"][2], 16)]
        recipient, data = decode(["address", "bytes32"], bytes.fromhex(log["data"].removeprefix("0x")))
        is_amendment = action == "SURRENDER_FOR_AMENDMENT"
        return BillEntry(
            action=action,
            actor=self._name("0x" + log["topics"][3][-40:]) or "",
            recipient=self._name(recipient),
            reason=_REASONS.get(data[:4]) if is_amendment else None,
            statement_hash="0x" + data.hex() if any(data) and not is_amendment else None,
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
        return decode([answer_type], self._transactor.view(address, encode_call(signature, arguments)))[0]


def _block(log: dict[str, Any]) -> int:
    return int(log["blockNumber"], 16)
