"""Powers under dual control: what extends trust is proposed by one person and executed by another, after a delay.

    deployment, control = deploy_governed(rpc, artifacts, chain_id, operator, supervisor, terms)
    control.propose([CallEncoder(artifacts, deployment).encode(act, directory)], operator)

The second person, on another machine and after the delay, executes what `DualControl(transactor, address).pending()`
shows; a canceller vetoes it from there.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from settlement.chain.answers import decoded
from settlement.chain.artifacts import Artifacts
from settlement.chain.calls import Call, encode_call
from settlement.chain.deploy import create, deploy
from settlement.chain.deployment import Deployment
from settlement.chain.powers import POWERS, Power
from settlement.chain.rpc import Rpc
from settlement.chain.transactions import Transactor
from settlement.errors import InputError, Reason, Refused
from settlement.ports import Receipt, Signer

DELAY_SECONDS_MAX = 365 * 86_400
"""A year: a longer delay is a mistake, and only a proposal that waits as long could mend it."""

_PENDING_STATES = (1, 2)
"""Waiting and ready, of `OperationState` in OpenZeppelin's TimelockController."""

_BATCH = "address[],uint256[],bytes[],bytes32,bytes32"
_SINGLE = "address,uint256,bytes,bytes32,bytes32"
_SCHEDULED = "CallScheduled(bytes32,uint256,address,uint256,bytes,bytes32,uint256)"
_SALTED = "CallSalt(bytes32,bytes32)"


@dataclass(frozen=True)
class GovernanceTerms:
    """Who shares the powers of a deployment, by address; an address is in one of the three.

    With two proposers and two executors, one of each can be revoked at once: the last one cannot.

    Attributes:
        delay_s: Seconds from a proposal to its execution, at least; what a canceller has to notice it.
        proposers: Schedule what extends trust.
        executors: Carry it out after the delay.
        cancellers: Veto it until then; revoke roles at once.

    Raises:
        InputError: the delay leaves no time, or more than a year.
    """

    delay_s: int
    proposers: Sequence[str]
    executors: Sequence[str]
    cancellers: Sequence[str]

    def __post_init__(self) -> None:
        if not 1 <= self.delay_s <= DELAY_SECONDS_MAX:
            raise InputError(f"the delay is {self.delay_s} s; it is from 1 s to a year, {DELAY_SECONDS_MAX} s")


@dataclass(frozen=True)
class Proposal:
    """Calls that dual control makes together, once they are executed.

    Attributes:
        calls: To each target, with how much of the chain's own money, which data.
        predecessor: The id of what has to be executed before; zeros for nothing.
        salt: Tells equal proposals apart.
        single: Scheduled by itself, not as a batch of one, which makes another id.
    """

    calls: tuple[tuple[str, int, bytes], ...]
    predecessor: bytes = b"\0" * 32
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    single: bool = False

    @property
    def id(self) -> str:
        """The hash of all of it, as the contract calls it."""
        types = _SINGLE if self.single else _BATCH
        return "0x" + keccak(encode(types.split(","), self.arguments)).hex()

    @property
    def arguments(self) -> tuple[object, ...]:
        """As `execute` or `executeBatch` takes them."""
        rest = (self.predecessor, self.salt)
        return (*self.calls[0], *rest) if self.single else (*map(list, zip(*self.calls, strict=True)), *rest)


def deploy_governed(
    rpc: Rpc, artifacts: Artifacts, chain_id: int, operator: Signer, supervisor: Signer, terms: GovernanceTerms
) -> tuple[Deployment, DualControl]:
    """Deploys dual control, and registry, engine and dry run under it. The operator's key only pays for it.

    Raises:
        Refused: the chain refused, or an address has two of the three roles, or one is nobody's.
    """
    transactor = Transactor(rpc, artifacts, chain_id, lambda address: address)
    types = ["uint256", "address[]", "address[]", "address[]"]
    arguments = [terms.delay_s, list(terms.proposers), list(terms.executors), list(terms.cancellers)]
    address = create(transactor, artifacts, operator, "DualControl", types, arguments)
    deployment = deploy(rpc, artifacts, chain_id, operator, supervisor, administrator=address)
    return deployment, DualControl(transactor, address)


class DualControl:
    """The contract of that name at an address; each person acts with its own key, and pays its own gas."""

    def __init__(self, transactor: Transactor, address: str) -> None:
        self._transactor = transactor
        self.address = address

    def delay_s(self) -> int:
        """How long a proposal waits, at least."""
        answer = self._transactor.view(self.address, encode_call("getMinDelay()", []))
        return int.from_bytes(answer)

    def propose(self, calls: Sequence[Call], proposer: Signer) -> Proposal:
        """Schedules calls for the earliest time that is allowed; who would send them otherwise does not matter.

        Raises:
            Refused: not a proposer.
            InputError: no call, or one that would create a contract.
        """
        made = []
        for call in calls:
            if call.to is None:
                raise InputError("dual control creates no contracts: deploy it, and propose that it be admitted")
            made.append((call.to, call.wei, call.data))
        if not made:
            raise InputError("a proposal has at least one call")
        proposal = Proposal(tuple(made))
        signature = f"scheduleBatch({_BATCH},uint256)"
        self._send(encode_call(signature, [*proposal.arguments, self.delay_s()]), proposer)
        return proposal

    def execute(self, proposal: Proposal, executor: Signer) -> Receipt:
        """Carries a proposal out.

        Raises:
            Refused: not an executor, not ready, vetoed, or what it calls refuses.
        """
        signature = f"execute({_SINGLE})" if proposal.single else f"executeBatch({_BATCH})"
        return self._send(encode_call(signature, proposal.arguments), executor)

    def veto(self, proposal: Proposal, canceller: Signer) -> None:
        """Ends a proposal, which may be made again.

        Raises:
            Refused: not a canceller, or there is nothing to veto.
        """
        self._send(encode_call("cancel(bytes32)", [bytes.fromhex(proposal.id[2:])]), canceller)

    def revoke(self, target: str, power: Power, account: str, canceller: Signer) -> None:
        """Revokes a power at once; what a proposer has proposed stays and is to be vetoed as well.

        Args:
            target: The registry, or this contract.
            power: Which.
            account: Whose.
            canceller: Who revokes it.

        Raises:
            Refused: not a canceller; the account does not have it; it is dual control's own, or the last of its kind.
        """
        arguments = [target, POWERS[power], account]
        self._send(encode_call("revokeAtOnce(address,bytes32,address)", arguments), canceller)

    def pending(self) -> tuple[Proposal, ...]:
        """What has been proposed, by whatever program, and is neither executed nor vetoed; as it was proposed.

        Raises:
            ChainUnreachable: the chain does not tell.
        """
        calls: dict[str, list[tuple[str, int, bytes]]] = {}
        rest: dict[str, bytes] = {}
        for event in self._transactor.events(self.address, _SCHEDULED):
            told = event.arguments
            if told["index"] == 0:  # an id that was vetoed can be proposed again
                calls[told["id"]] = []
            calls[told["id"]].append((told["target"], told["value"], bytes.fromhex(told["data"][2:])))
            rest[told["id"]] = bytes.fromhex(told["predecessor"][2:])
        salts = {
            event.arguments["id"]: bytes.fromhex(event.arguments["salt"][2:])
            for event in self._transactor.events(self.address, _SALTED)
        }
        ids = list(calls)
        asked = [encode_call("getOperationState(bytes32)", [bytes.fromhex(each[2:])]) for each in ids]
        states = [decoded(["uint8"], answer)[0] for answer in self._transactor.views(self.address, asked)]
        found = []
        for proposed, state in zip(ids, states, strict=True):
            if state in _PENDING_STATES:
                terms = (tuple(calls[proposed]), rest[proposed], salts.get(proposed, b"\0" * 32))
                batch = Proposal(*terms)
                found.append(batch if batch.id == proposed else Proposal(*terms, single=True))
        return tuple(found)

    def _send(self, data: bytes, signer: Signer) -> Receipt:
        transaction = self._transactor.sign(Call("", self.address, data), signer)
        self._transactor.send(transaction)
        receipt = self._transactor.receipt(transaction)
        if not receipt.succeeded:
            raise Refused([receipt.reason or Reason("Reverted")])
        return receipt
