"""The ledger: one deployment on one EVM chain, behind the port that the flow knows."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from settlement.chain.answers import decoded, one_of
from settlement.chain.artifacts import Artifacts
from settlement.chain.bills import BillReader
from settlement.chain.bonds import BondReader
from settlement.chain.calls import CONSENTS_ABI, INSTRUMENT_KINDS, ROLE_BITS, CallEncoder, consent_values, encode_call
from settlement.chain.deployment import Deployment
from settlement.chain.eip712 import (
    INSTRUCTION_ABI,
    attestation_digest,
    cancellation_digest,
    domain_separator,
    instruction_digest,
    instruction_values,
)
from settlement.chain.keystore import signer_of
from settlement.chain.reverts import decode_revert
from settlement.chain.rpc import Rpc, RpcError
from settlement.chain.signers import SignerBook
from settlement.chain.transactions import Transactor
from settlement.domain import acts
from settlement.domain.bills import HandOverBill
from settlement.domain.bonds.entries import DistributionKind
from settlement.domain.bonds.register import PartyStanding
from settlement.domain.directory import Directory, InstrumentKind, InstrumentRecord
from settlement.domain.instruction import Consent, Instruction, InstructionStatus, MatchedInstruction
from settlement.domain.quantity import Quantity
from settlement.errors import InputError, Reason, Refused
from settlement.ports import (
    BillEntrustment,
    BillEntry,
    BillIssue,
    BillOnChain,
    Block,
    BondAllocation,
    BondOnChain,
    Disclosed,
    Distribution,
    HolderPayment,
    Movement,
    Position,
    Receipt,
    RegisterLine,
    SetAside,
    SignedTransaction,
)

STATUSES = (
    InstructionStatus.MATCHED,
    InstructionStatus.LOCKED,
    InstructionStatus.SETTLED,
    InstructionStatus.CANCELLED,
    InstructionStatus.EXPIRED,
)
"""By the value of `InstructionStatus` in contracts/types/Settlement.sol; open on chain is matched off chain."""

_KINDS: dict[type, InstrumentKind] = {
    acts.CreateWholesaleCBDC: "wholesale-cbdc",
    acts.CreateTokenizedDeposit: "tokenized-deposit",
    acts.CreateGreenBond: "green-bond",
    acts.CreateBillOfLading: "bill-of-lading",
}

_CREATIONS = (
    *_KINDS,
    acts.CreatePayingAgent,
    acts.CreateGreenDisclosure,
    acts.CreateControlTrackingRegistry,
)
"""Acts after which there is a contract that enters the directory."""

_ERC_1271_ACCEPTED = bytes.fromhex("1626ba7e")

_ZERO_ADDRESS = "0x" + "0" * 40

_MOVED = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
_ADMITTED = "0x" + keccak(text="InstrumentAdmitted(address,address,uint8)").hex()
_ALLOCATED = "0x" + keccak(text="BondAllocated(bytes32,uint256)").hex()

_ASKED_AT_ONCE = 2_000
"""How many balances are asked for in a request."""


class EvmLedger:
    """Implements `ports.Ledger`."""

    def __init__(
        self,
        rpc: Rpc,
        artifacts: Artifacts,
        deployment: Deployment,
        signers: SignerBook,
        directory: Directory | None = None,
        confirmations_min: int = 0,
    ) -> None:
        self._rpc = rpc
        self._artifacts = artifacts
        self._deployment = deployment
        self._signers = signers
        self._parties: dict[str, str] = dict(directory.parties) if directory else {}
        self._instruments: dict[str, InstrumentRecord] = dict(directory.instruments) if directory else {}
        self._control_tracking = directory.control_tracking if directory else None
        self._directory = directory or Directory(parties={}, instruments={})
        self._created: dict[str, acts.Act] = {}
        self._confirmations_min = confirmations_min
        self._encoder = CallEncoder(artifacts, deployment)
        self._separator = domain_separator(deployment.chain_id, deployment.engine)
        self._transactor = Transactor(rpc, artifacts, deployment.chain_id, self._name)
        self._bonds = BondReader(self._transactor, lambda: self._directory)
        self._bills = BillReader(self._transactor, lambda: self._directory)

    @property
    def chain_id(self) -> int:
        """The chain's id."""
        return self._deployment.chain_id

    @property
    def deployment(self) -> Deployment:
        """Where the core contracts are."""
        return self._deployment

    @property
    def engine(self) -> str:
        """See `ports.Ledger.engine`."""
        return to_checksum_address(self._deployment.engine)

    @property
    def directory(self) -> Directory:
        """See `ports.Ledger.directory`."""
        return self._directory

    def head(self) -> Block:
        """The newest block."""
        return self._transactor.block()

    def know_party(self, party: str, address: str) -> None:
        """See `ports.Ledger.know_party`."""
        self._enter(parties={party: address})

    def know_parties(self, parties: Mapping[str, str]) -> None:
        """See `ports.Ledger.know_parties`."""
        self._enter(parties=parties)

    def know_unlisted(self, instrument: str, like: str) -> None:
        """See `ports.Ledger.know_unlisted`."""
        record = self._directory.instrument(like)
        stray = "0x" + (int(record.address, 16) ^ 1).to_bytes(20).hex()
        update = {"instrument": instrument, "address": stray, "unlisted": True}
        self._enter(instruments={instrument: record.model_copy(update=update)})

    def party_address(self, party: str) -> str:
        """See `ports.Ledger.party_address`."""
        return self.party_addresses([party])[party]

    def party_addresses(self, parties: Sequence[str]) -> Mapping[str, str]:
        """See `ports.Ledger.party_addresses`."""
        addresses = {party: self._signers.signer(party).address for party in parties}
        self._enter(parties=addresses)
        return addresses

    # ---- transactions ------------------------------------------------------------------------------------------------

    def prepare(self, act: acts.Act) -> SignedTransaction:
        """See `ports.Ledger.prepare`."""
        if isinstance(act, HandOverBill) and act.chain_digest is None:
            act = act.model_copy(update={"chain_digest": self._bills.chain_digest(act)})
        call = self._encoder.encode(act, self._directory)
        transaction = self._transactor.sign(call, self._signers.signer(call.sender))
        if isinstance(act, _CREATIONS):
            self._created[transaction.hash] = act
        return transaction

    def prepare_many(self, some: Sequence[acts.Act], gas: int) -> list[SignedTransaction]:
        """See `ports.Ledger.prepare_many`."""
        calls = [self._encoder.encode(act, self._directory) for act in some]
        return self._transactor.sign_many([(call, self._signers.signer(call.sender)) for call in calls], gas)

    def send_many(self, transactions: Sequence[SignedTransaction]) -> None:
        """See `ports.Ledger.send_many`."""
        self._transactor.send_many(transactions)

    def send(self, transaction: SignedTransaction) -> None:
        """See `ports.Ledger.send`."""
        self._transactor.send(transaction)

    def receipt(self, transaction: SignedTransaction) -> Receipt:
        """See `ports.Ledger.receipt`; a contract that came into being enters the directory."""
        receipt = self._transactor.receipt(transaction)
        act = self._created.pop(transaction.hash, None)
        if act is not None and receipt.succeeded and receipt.created:
            if isinstance(act, acts.CreatePayingAgent):
                bond = self._directory.instrument(act.bond)
                served = bond.model_copy(update={"paying_agent": act.party, "pays_in": act.cash})
                self._enter(parties={act.party: receipt.created}, instruments={act.bond: served})
            elif isinstance(act, acts.CreateGreenDisclosure):
                bond = self._directory.instrument(act.instrument)
                self._enter(instruments={act.instrument: bond.model_copy(update={"disclosure": receipt.created})})
            elif isinstance(act, acts.CreateControlTrackingRegistry):
                self._control_tracking = receipt.created
                self._enter()
            else:
                self._enter_instrument(act, receipt.created)
        return receipt

    def is_final(self, receipt: Receipt) -> bool:
        """See `ports.Ledger.is_final`. The rule here is a depth; zero where every block is final at once."""
        if self.head().number - receipt.block.number < self._confirmations_min:
            return False
        return self._transactor.block(receipt.block.number).hash == receipt.block.hash

    # ---- consents ----------------------------------------------------------------------------------------------------

    def instruction_id(self, instruction: Instruction) -> str:
        """See `ports.Ledger.instruction_id`."""
        return "0x" + self._digest(instruction).hex()

    def consent(self, party: str, instruction: Instruction, signed_by: str | None = None) -> Consent:
        """See `ports.Ledger.consent`."""
        return self._sign(party, self._digest(instruction), signed_by)

    def signed(self, instruction: Instruction, parties: Sequence[str]) -> MatchedInstruction:
        """See `ports.Ledger.signed`."""
        digest = self._digest(instruction)
        consents = tuple(self._sign(party, digest, None) for party in parties)
        return MatchedInstruction(instruction_id="0x" + digest.hex(), instruction=instruction, consents=consents)

    def require_signers(self, parties: Sequence[str]) -> None:
        """See `ports.Ledger.require_signers`."""
        for party in parties:
            self._signers.signer(party)

    def require_consent(self, instruction: Instruction, consent: Consent) -> None:
        """See `ports.Ledger.require_consent`."""
        address = self._directory.address_of(consent.party)
        if consent.address != address:
            raise InputError(f"the consent of {consent.party!r} comes from {consent.address}, and not from {address}")
        digest, signature = self._digest(instruction), bytes.fromhex(consent.signature[2:])
        if signer_of(digest, signature) == address or self._accepts(address, digest, signature):
            return
        raise InputError(
            f"the consent of {consent.party!r} is no signature of {address} over instruction 0x{digest.hex()}: sign "
            "this very instruction, with its nonce, for this chain and engine"
        )

    def _accepts(self, address: str, digest: bytes, signature: bytes) -> bool:
        data = encode_call("isValidSignature(bytes32,bytes)", [digest, signature])
        try:
            return self._transactor.view(address, data)[:4] == _ERC_1271_ACCEPTED
        except Refused:
            return False

    def attestation(self, bond: str, commitment: int, document_hash: str, uri: str, version: int, by: str) -> str:
        """See `ports.Ledger.attestation`."""
        disclosure = self._directory.disclosure_of(bond)
        digest = attestation_digest(self.chain_id, disclosure, commitment, document_hash, uri, version)
        return "0x" + self._signers.signer(by).sign_digest(digest).hex()

    def disclosures(self, bond: str) -> tuple[Disclosed, ...]:
        """See `ports.Ledger.disclosures`."""
        return self._bonds.disclosures(bond)

    def use_of_proceeds(self, bond: str) -> tuple[str, ...]:
        """See `ports.Ledger.use_of_proceeds`."""
        return self._bonds.use_of_proceeds(bond)

    def movements(self, bond: str) -> tuple[Movement, ...]:
        """See `ports.Ledger.movements`."""
        wanted = {"address": self._directory.instrument(bond).address, "fromBlock": "0x0", "toBlock": "latest"}
        logs = self._rpc.call("eth_getLogs", [wanted | {"topics": [_MOVED]}])
        blocks = list(dict.fromkeys(log["blockNumber"] for log in logs))
        headers = self._rpc.batch([("eth_getBlockByNumber", [number, False]) for number in blocks]) if blocks else []
        times = {number: int(header["timestamp"], 16) for number, header in zip(blocks, headers, strict=True)}
        return tuple(
            Movement(
                block=int(log["blockNumber"], 16),
                time=times[log["blockNumber"]],
                giver=_holder(log["topics"][1]),
                receiver=_holder(log["topics"][2]),
                nominal=int(log["data"], 16),
                transaction=log["transactionHash"],
            )
            for log in logs
        )

    def bond_creation(self, bond: str) -> acts.CreateGreenBond:
        """See `ports.Ledger.bond_creation`."""
        return self._bonds.creation(bond)

    def allocated(self, allocation_hash: str) -> Sequence[tuple[str, str]]:
        """See `ports.Ledger.allocated`."""
        wanted = {"fromBlock": "0x0", "toBlock": "latest", "topics": [_ALLOCATED, allocation_hash]}
        said = {to_checksum_address(log["address"]) for log in self._rpc.call("eth_getLogs", [wanted])}
        return [(contract, self._bonds.status_at(contract)) for contract in self._admitted_bonds() if contract in said]

    def bonds_with(self, isin: str) -> Sequence[tuple[str, str, str]]:
        """See `ports.Ledger.bonds_with`."""
        return [
            (contract, self._bonds.status_at(contract), issuer)
            for contract, issuer in self._admitted_bonds().items()
            if self._bonds.isin_at(contract) == isin
        ]

    def _admitted_bonds(self) -> dict[str, str]:
        """Contracts and issuers of the bonds that are admitted: what any other contract says counts for nothing."""
        registry, bond = self._deployment.registry, INSTRUMENT_KINDS["green-bond"]
        wanted = {"address": registry, "fromBlock": "0x0", "toBlock": "latest", "topics": [_ADMITTED]}
        logs = self._rpc.call("eth_getLogs", [wanted])
        contracts = list(dict.fromkeys(to_checksum_address("0x" + log["topics"][1][-40:]) for log in logs))
        kinds = self._transactor.views(registry, [encode_call("instrument(address)", [each]) for each in contracts])
        return {
            contract: to_checksum_address("0x" + found[44:64].hex())
            for contract, found in zip(contracts, kinds, strict=True)
            if int.from_bytes(found[:32]) == bond
        }

    def know_bond(self, creation: acts.CreateGreenBond, contract: str) -> None:
        """See `ports.Ledger.know_bond`."""
        self._enter_instrument(creation, contract)

    def standings(self, addresses: Sequence[str]) -> Sequence[tuple[tuple[acts.Role, ...], PartyStanding]]:
        """See `ports.Ledger.standings`."""
        registry = self._deployment.registry
        found: list[tuple[tuple[acts.Role, ...], PartyStanding]] = []
        for first in range(0, len(addresses), _ASKED_AT_ONCE):
            some = addresses[first : first + _ASKED_AT_ONCE]
            roles = self._transactor.views(registry, [encode_call("rolesOf(address)", [each]) for each in some])
            statuses = self._transactor.views(registry, [encode_call("statusOf(address)", [each]) for each in some])
            for bits, status in zip(roles, statuses, strict=True):
                names = tuple(role for role, bit in ROLE_BITS.items() if int.from_bytes(bits) & bit)
                found.append((names, one_of(get_args(PartyStanding), int.from_bytes(status))))
        return found

    def cancellation(self, party: str, instruction: Instruction, reason: str) -> Consent:
        """See `ports.Ledger.cancellation`."""
        return self._sign(party, cancellation_digest(self._separator, self._digest(instruction), reason), None)

    def _digest(self, instruction: Instruction) -> bytes:
        return instruction_digest(self._separator, instruction_values(instruction, self._directory))

    def _sign(self, party: str, digest: bytes, signed_by: str | None) -> Consent:
        signature = self._signers.signer(signed_by or party).sign_digest(digest)
        return Consent(
            party=party, address=self._directory.address_of(party), signature="0x" + _compact(signature).hex()
        )

    # ---- queries -----------------------------------------------------------------------------------------------------

    def status(self, instruction: Instruction) -> InstructionStatus:
        """See `ports.Ledger.status`."""
        values = instruction_values(instruction, self._directory)
        data = encode_call(f"statusOf({INSTRUCTION_ABI})", [values])
        return one_of(STATUSES, self._answer(self._deployment.engine, data, "uint8"))

    def reasons(
        self, instruction: Instruction, consents: Sequence[Consent], *, locked: bool = False
    ) -> tuple[Reason, ...]:
        """See `ports.Ledger.reasons`: the dry run's list, and what only shows when all legs are tried together."""
        values, signed = instruction_values(instruction, self._directory), consent_values(consents)
        function = "settleLocked" if locked else "settle"
        trial = encode_call(f"{function}({INSTRUCTION_ABI},{CONSENTS_ABI})", [values, signed])
        try:
            self._transactor.view(self._deployment.engine, trial)
        except Refused as refusal:
            actual = refusal.reasons
        else:
            return ()  # Legs are performed in order: what a later one gives, an earlier one may have brought.
        listed: list[Reason] = []
        if not locked:
            data = encode_call(f"reasons({INSTRUCTION_ABI},{CONSENTS_ABI})", [values, signed])
            with contextlib.suppress(Refused):  # An instrument that does not answer leaves what the engine said.
                for reason in self._answer(self._deployment.dry_run, data, "bytes[]"):
                    listed.append(decode_revert(reason, self._artifacts, naming=self._name))
        if not {reason.name for reason in actual} <= {reason.name for reason in listed}:
            listed.extend(actual)
        return tuple(listed)

    def reason(self, encoded: str) -> Reason:
        """See `ports.Ledger.reason`."""
        return decode_revert(encoded, self._artifacts, naming=self._name)

    def position(self, party: str, instrument: str) -> Position:
        """See `ports.Ledger.position`."""
        record = self._directory.instrument(instrument)
        holder = self._directory.address_of(party)
        # A title is held or not; nobody asks how much of it.
        names = ("balanceOf(address)", "heldOf(address)")[: 1 if record.kind == "bill-of-lading" else 2]
        answers = self._transactor.views(record.address, [encode_call(name, [holder]) for name in names])
        balance, held, *_ = (*(decoded(["uint256"], answer)[0] for answer in answers), 0)
        return Position(balance, held)

    def positions(self, parties: Collection[str] | None = None) -> Mapping[tuple[str, str], Position]:
        """See `ports.Ledger.positions`; few round trips."""
        addresses = self._directory.parties
        asked = addresses if parties is None else {party: addresses[party] for party in parties}
        calls = {
            party: tuple(
                "0x" + encode_call(name, [address]).hex() for name in ("balanceOf(address)", "heldOf(address)")
            )
            for party, address in asked.items()
        }
        keys, questions = [], []
        for record in self._directory.instruments.values():
            if record.unlisted:
                continue
            wanted = 1 if record.kind == "bill-of-lading" else 2  # As above.
            for party, data in calls.items():
                for each in data[:wanted]:
                    keys.append((party, record.instrument))
                    questions.append(("eth_call", [{"to": record.address, "data": each}, "latest"]))
        found: dict[tuple[str, str], Position] = {}
        answers: list[Any] = []
        for first in range(0, len(questions), _ASKED_AT_ONCE):
            answers += self._rpc.batch(questions[first : first + _ASKED_AT_ONCE])
        for key, answer in zip(keys, answers, strict=True):
            if isinstance(answer, RpcError) and not answer.is_revert:
                raise answer
            if isinstance(answer, RpcError) or answer == "0x":
                continue
            (amount,) = decoded(["uint256"], bytes.fromhex(answer[2:]))
            found[key] = Position(found[key].balance, amount) if key in found else Position(amount, 0)
        return found

    def supply(self, instrument: str) -> int:
        """See `ports.Ledger.supply`."""
        record = self._directory.instrument(instrument)
        if record.kind == "bill-of-lading":
            raise InputError(f"{instrument} is a register of titles and has no supply")
        return int(self._answer(record.address, encode_call("totalSupply()", []), "uint256"))

    def title_owner(self, title: Quantity) -> str | None:
        """See `ports.Ledger.title_owner`."""
        record = self._directory.instrument(title.instrument)
        try:
            owner = self._answer(record.address, encode_call("ownerOf(uint256)", [title.amount]), "address")
        except Refused:
            return None
        return None if owner == _ZERO_ADDRESS else self._name(owner)

    def title_status(self, title: Quantity) -> str:
        """See `ports.Ledger.title_status`."""
        found = self._bills.state(title)
        return "NONE" if found is None else found.status

    def bill(self, title: Quantity) -> BillOnChain | None:
        """See `ports.Ledger.bill`."""
        return self._bills.state(title)

    def bill_issue(self, title: Quantity) -> BillIssue:
        """See `ports.Ledger.bill_issue`."""
        return self._bills.issue(title)

    def title_in_control(self, title: Quantity) -> Quantity:
        """See `ports.Ledger.title_in_control`."""
        return self._bills.in_control(title)

    def bill_chain(self, title: Quantity) -> tuple[BillEntry, ...]:
        """See `ports.Ledger.bill_chain`."""
        return self._bills.chain(title)

    def bill_entrustments(self, title: Quantity) -> tuple[BillEntrustment, ...]:
        """See `ports.Ledger.bill_entrustments`."""
        return self._bills.entrustments(title)

    def accrued_interest(self, nominal: Quantity, settlement_date: int) -> int:
        """See `ports.Ledger.accrued_interest`."""
        record = self._directory.instrument(nominal.instrument)
        data = encode_call("accruedInterestHalfUp(uint256,uint64)", [nominal.amount, settlement_date])
        return int(self._answer(record.address, data, "uint256"))

    def bond_status(self, bond: str) -> str:
        """See `ports.Ledger.bond_status`."""
        return self._bonds.status(bond)

    def bond_allocation(self, bond: str) -> BondAllocation | None:
        """See `ports.Ledger.bond_allocation`."""
        return self._bonds.allocation(bond)

    def register(self, bond: str, record: int | None = None) -> tuple[RegisterLine, ...]:
        """See `ports.Ledger.register`."""
        return self._bonds.register(bond, record)

    def bond_terms(self, bond: str) -> BondOnChain:
        """See `ports.Ledger.bond_terms`."""
        return self._bonds.terms(bond)

    def distribution(self, agent: str, kind: DistributionKind, index: int) -> Distribution:
        """See `ports.Ledger.distribution`."""
        return self._bonds.distribution(agent, kind, index)

    def payment(self, agent: str, kind: DistributionKind, index: int, holder: str) -> HolderPayment | None:
        """See `ports.Ledger.payment`."""
        return self._bonds.payment(agent, kind, index, holder)

    def set_aside(self, agent: str, kind: DistributionKind, index: int) -> tuple[SetAside, ...]:
        """See `ports.Ledger.set_aside`."""
        return self._bonds.set_aside(agent, kind, index)

    def advance_to(self, timestamp: int) -> None:
        """See `ports.Ledger.advance_to`."""
        now = self.head().timestamp
        if timestamp <= now:
            raise InputError(f"the chain's clock is at {now} and cannot be set back to {timestamp}")
        try:
            self._rpc.call("evm_setNextBlockTimestamp", [timestamp])
            self._rpc.call("evm_mine", [])
        except RpcError as error:
            raise InputError("this chain's clock cannot be set: use a development chain such as anvil") from error

    def time_next_block(self, timestamp: int) -> None:
        """See `ports.Ledger.time_next_block`."""
        if self.head().timestamp != timestamp:
            self.advance_to(timestamp)
        try:
            self._rpc.call("evm_setNextBlockTimestamp", [timestamp])
        except RpcError as error:
            raise InputError("this chain's clock cannot be set: use a development chain such as anvil") from error

    # ---- inside ------------------------------------------------------------------------------------------------------

    def _answer(self, to: str, data: bytes, answer_type: str) -> Any:
        return decoded([answer_type], self._transactor.view(to, data))[0]

    def _name(self, address: str) -> str:
        return self._directory.name_of(address)

    def _enter_instrument(self, act: Any, address: str) -> None:
        record = InstrumentRecord(
            instrument=act.instrument,
            kind=_KINDS[type(act)],
            address=address,
            issuer=act.issuer,
            decimals=getattr(act, "decimals", 0),
            currency=getattr(act, "currency", None),
            reserve=getattr(act, "reserve", None),
        )
        self._enter(instruments={act.instrument: record})

    def _enter(
        self,
        parties: Mapping[str, str] | None = None,
        instruments: Mapping[str, InstrumentRecord] | None = None,
    ) -> None:
        self._parties.update(parties or {})
        self._instruments.update(instruments or {})
        self._directory = Directory(
            parties=dict(self._parties),
            instruments=dict(self._instruments),
            control_tracking=self._control_tracking,
        )


def _compact(signature: bytes) -> bytes:
    """A 65-byte signature in EIP-2098's 64 bytes."""
    r, s, v = signature[:32], int.from_bytes(signature[32:64]), signature[64]
    return r + (s | ((v - 27) << 255)).to_bytes(32)


def _holder(topic: str) -> str | None:
    """The account in a topic; None for the zero address, where nominal comes from and goes to."""
    return to_checksum_address("0x" + topic[-40:]) if int(topic, 16) else None
