"""The contract keeps the rules of bills of lading: the same acts are let through or refused, for the same reason.

`SETTLEMENT_BILL_RULES=500` tries that many sequences of acts instead of the few that a suite has time for.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection
from typing import Any, get_args

from carrying import CARRIER, INSTRUMENT, STRANGER, TRADERS, Carrying, assert_same, dcsa_chain
from eth_abi.abi import decode
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from settlement import Network
from settlement.chain.artifacts import load_artifacts
from settlement.chain.bills import BILL_STATUSES
from settlement.chain.calls import Call, CallEncoder, encode_call
from settlement.chain.events import decode_events
from settlement.chain.reverts import reason_of
from settlement.chain.rpc import RpcError
from settlement.domain import acts
from settlement.domain.bills import BillAction, BillKind
from settlement.domain.ebl.chain import replay
from settlement.domain.ebl.control import Bill, Entry, Movement, Register
from settlement.domain.instruction import Instruction, Leg, title_id
from settlement.domain.quantity import Quantity

EXAMPLES = int(os.environ.get("SETTLEMENT_BILL_RULES", "20"))
FAR_FUTURE = 2**40
GAS = hex(1_000_000)
BILL = "(uint8,uint8,bool,uint16,bytes4,address,address,address,bytes32,string,uint256,uint256)"


class Node:
    """A node asked over one connection that is kept, which takes a fraction of what a client's session does."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(url.removeprefix("http://"))

    def __call__(self, *requests: tuple[str, list[Any]]) -> list[Any]:
        """Several requests at once; the answer or the RpcError of each, in order."""
        body = [
            {"jsonrpc": "2.0", "id": id_, "method": each[0], "params": each[1]} for id_, each in enumerate(requests)
        ]
        self._connection.request("POST", "/", json.dumps(body), {"Content-Type": "application/json"})
        answers = sorted(json.loads(self._connection.getresponse().read()), key=lambda answer: answer["id"])
        return [RpcError(**answer["error"]) if "error" in answer else answer["result"] for answer in answers]

    def ask(self, method: str, *params: Any) -> Any:
        """One request; its answer."""
        (answer,) = self((method, list(params)))
        if isinstance(answer, RpcError):
            raise answer
        return answer


class Chain:
    """A carrier's register on a chain that signs for whoever is named, so that an act takes a few requests."""

    def __init__(self, network: Network, url: str) -> None:
        self.ledger, self.node = network.ledger, Node(url)
        self.artifacts = load_artifacts()
        self.encoder = CallEncoder(self.artifacts, self.ledger.deployment)
        network.admit(CARRIER, "carrier")
        for trader in TRADERS:
            network.admit(trader, "corporate")
        self.ledger.know_party(STRANGER, self.ledger.party_address(STRANGER))
        network.create_bill_of_lading(INSTRUMENT, CARRIER)
        self.contract = self.ledger.directory.instrument(INSTRUMENT).address
        self.senders = {name: self.ledger.party_address(name) for name in ("operator", "supervisor")}
        self.senders |= self.ledger.directory.parties
        for sender in self.senders.values():
            self.node.ask("anvil_setBalance", sender, hex(10**20))
        self.node.ask("anvil_autoImpersonateAccount", True)
        self.nonce = 0
        self.locked: dict[str, Instruction] = {}

    def close(self) -> None:
        """Signs for nobody any more."""
        self.node.ask("anvil_autoImpersonateAccount", False)

    def begin(self) -> int:
        """An empty register; the time."""
        self.locked.clear()
        self.snapshot = self.node.ask("evm_snapshot")
        self.node.ask("evm_mine")
        self.beginning = self.node.ask("eth_blockNumber")
        return self.ledger.head().timestamp

    def end(self) -> None:
        """As it was when it began."""
        self.node.ask("evm_revert", self.snapshot)

    # ---- acts ----

    def attempt(self, act: Any) -> str | None:
        """Asks whether an act would be let through, and does it if so; the error's name if not."""
        request = self._request(self.encoder.encode(self._written(act), self.ledger.directory))
        try:
            self.node.ask("eth_call", request, "latest")
        except RpcError as error:
            reason = reason_of(error, self.artifacts)
            return reason.name if reason else str(error)
        receipt = self.node.ask("eth_sendTransactionSync", request | {"gas": GAS})
        assert int(receipt["status"], 16) == 1
        if isinstance(act, Movement) and act.step == "lock":
            self.locked[act.document_reference] = self.newest
        return None

    def _request(self, call: Call) -> dict[str, Any]:
        return {"from": self.senders[call.sender], "to": call.to, "data": "0x" + call.data.hex()}

    def _written(self, act: Any) -> acts.Act:
        """A movement as both parties have signed it; any other act as it is."""
        if not isinstance(act, Movement):
            return act
        if act.step in ("settle", "lock"):
            self.nonce += 1
            leg = Leg(
                giver=act.giver,
                receiver=act.receiver,
                quantity=title(act.document_reference),
                receiver_instrument=INSTRUMENT,
            )
            instruction = Instruction(
                reference="R", legs=(leg,), terms={}, not_before=0, deadline=FAR_FUTURE, nonce=self.nonce
            )
            self.newest = instruction
        else:
            instruction = self.locked[act.document_reference]
        if act.step == "release":
            given = tuple(self.ledger.cancellation(each, instruction, "") for each in instruction.parties)
            return acts.Cancel(instruction=instruction, reason="", cancellations=given)
        if act.step == "settle-locked":
            return acts.SettleLocked(instruction=instruction, consents=())
        consents = tuple(self.ledger.consent(each, instruction) for each in instruction.parties)
        kind = acts.Lock if act.step == "lock" else acts.Settle
        return kind(instruction=instruction, consents=consents)

    def status_changes(self, party: str, change: str) -> None:
        """A party is barred, or let in again."""
        assert self.attempt(acts.ChangePartyStatus(party=party, change=change)) is None

    def time_passes(self, now: int) -> None:
        """It is `now`."""
        self.node.ask("evm_setNextBlockTimestamp", hex(now))
        self.node.ask("evm_mine")

    # ---- what it says ----

    def state(self, bill: Bill) -> tuple[Any, ...]:
        """What the contract says of a bill, and which bill of its document is live."""
        token = title_id(bill.number.name)
        asked = [("bill(uint256)", token), ("ownerOf(uint256)", token), ("titleholderOf(uint256)", token)]
        data = [(self.contract, encode_call(signature, [value])) for signature, value in asked]
        record = encode_call("liveRecordOf(bytes32)", [bytes.fromhex(bill.document_hash[2:])])
        data.append((self.ledger.directory.control_tracking_registry, record))
        calls = [("eth_call", [{"to": to, "data": "0x" + each.hex()}, "latest"]) for to, each in data]
        answers = self.node(*calls)
        found, owner, titleholder, live = (
            None if isinstance(answer, RpcError) else decode([kind], bytes.fromhex(answer[2:]))[0]
            for answer, kind in zip(answers, (BILL, "address", "address", "(address,uint256)"), strict=True)
        )
        status, kind, endorsable, _, reason, _, surrendered_by, shipper, *_, replaces, replaced_by = found
        return (
            BILL_STATUSES[status],
            get_args(BillKind)[kind],
            endorsable,
            reason.rstrip(b"\0").decode() or None,
            *map(self.name, (owner, titleholder, surrendered_by, shipper)),
            replaces,
            replaced_by,
            live[1],
        )

    def entries(self) -> dict[int, list[Entry]]:
        """Each bill's chain, from the contract's events alone."""
        wanted = {"address": self.contract, "fromBlock": self.beginning, "toBlock": "latest"}
        found: dict[int, list[Entry]] = {}
        for event in decode_events(self.node.ask("eth_getLogs", wanted), self.artifacts):
            if event.name == "BillTransaction":
                said = event.arguments
                action = get_args(BillAction)[said["action"]]
                reason = (
                    bytes.fromhex(said["data"][2:]).rstrip(b"\0").decode() if action.endswith("AMENDMENT") else None
                )
                entry = Entry(action, self.name(said["actor"]) or "", self.name(said["recipient"]), reason)
                found.setdefault(said["titleId"], []).append(entry)
        return found

    def name(self, address: str | None) -> str | None:
        """Whose address it is; None of nobody's."""
        return None if address is None or not int(address, 16) else self.ledger.directory.name_of(address)


def title(name: str) -> Quantity:
    return Quantity(instrument=INSTRUMENT, amount=title_id(name))


def ruled(bill: Bill, register: Register) -> tuple[Any, ...]:
    """What the contract has to say of a bill by the rules."""
    live = register.live_bill_of(bill.document_hash)
    return (
        bill.status,
        bill.kind,
        bill.endorsable,
        bill.amendment_reason,
        bill.possession,
        bill.titleholder,
        bill.surrendered_by,
        bill.shipper,
        *(0 if name is None else title_id(name) for name in (bill.replaces, bill.replaced_by, live)),
    )


class Contract(Carrying):
    """The same acts, by the rules and on the chain."""

    chain: Chain

    def begin(self) -> int:
        return self.chain.begin()

    def teardown(self) -> None:
        try:
            self.chains_tell_the_same()
        finally:
            self.chain.end()

    def status_changes(self, party_: str, change: str) -> None:
        self.chain.status_changes(party_, change)

    def time_passes(self) -> None:
        self.chain.time_passes(self.register.now)

    def refused(self, act: Any, reason: str) -> None:
        super().refused(act, reason)
        assert self.chain.attempt(act) == reason, act

    def done(self, act: Any, before: Register) -> None:
        super().done(act, before)
        assert self.chain.attempt(act) is None, act
        for name, bill in self.register.bills.items():
            if bill is not before.bills.get(name):
                assert self.chain.state(bill) == ruled(bill, self.register), act

    def chains_tell_the_same(self) -> None:
        """The contract's events are the chain by the rules, which as a DCSA chain says what the contract says."""
        found = self.chain.entries()
        for name, bill in self.register.bills.items():
            assert tuple(found[title_id(name)]) == bill.chain
            if (told := dcsa_chain(bill)) is not None:
                assert_same(replay(*told), bill)


def test_the_contract_keeps_the_rules(settlement_network: Network, settlement_chain: str) -> None:
    chain = Chain(settlement_network, settlement_chain)
    of_this_chain = type("OfThisChain", (Contract,), {"chain": chain})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    try:
        run_state_machine_as_test(
            of_this_chain,
            settings=settings(
                max_examples=EXAMPLES, stateful_step_count=10, deadline=None, suppress_health_check=checks
            ),
        )
    finally:
        chain.close()
