"""A governed deployment: what each key can do alone, and what takes two and a delay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from settlement.app import connect
from settlement.chain.artifacts import Artifacts
from settlement.chain.calls import Call, encode_call
from settlement.chain.deployment import Deployment
from settlement.chain.funding import provide_operator_gas
from settlement.chain.governance import DualControl, GovernanceTerms, deploy_governed
from settlement.chain.keystore import DevelopmentSigner
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.chain.rpc import Rpc
from settlement.chain.transactions import Transactor
from settlement.errors import InputError, Refused

CHAIN_ID = 31337
DAY_S = 86_400
BANK = 1 << 1
UNKNOWN, ACTIVE, SUSPENDED, FROZEN = range(4)
NEWCOMER = "0x52908400098527886E0F7030069857D2E4169EE7"
CLIENT = "0x8617E340B3D01FA5F11F306F4090FD50E238070D"

OPERATOR, DEPUTY, EXECUTOR, SUPERVISOR, CANCELLER = (
    DevelopmentSigner(name, chain_id=CHAIN_ID) for name in ("operator", "deputy", "executor", "supervisor", "canceller")
)
PERSONS = (OPERATOR, DEPUTY, EXECUTOR, SUPERVISOR, CANCELLER)
TERMS = GovernanceTerms(
    delay_s=2 * DAY_S,
    proposers=(OPERATOR.address, DEPUTY.address),
    executors=(EXECUTOR.address,),
    cancellers=(CANCELLER.address,),
)


class Governed:
    """A governed deployment of its own on the chain."""

    def __init__(self, url: str, artifacts: Artifacts) -> None:
        self.url = url
        self.rpc = Rpc(url)
        self.transactor = Transactor(self.rpc, artifacts, CHAIN_ID, lambda address: address)
        self.deployment: Deployment
        self.control: DualControl
        self.deployment, self.control = deploy_governed(self.rpc, artifacts, CHAIN_ID, OPERATOR, SUPERVISOR, TERMS)
        self.registry = self.deployment.registry

    def call(self, signature: str, *arguments: object) -> Call:
        return Call("anybody", self.registry, encode_call(signature, arguments))

    def admit(self, party: str) -> Call:
        return self.call("admitParty(address,uint16)", party, BANK)

    def status(self, party: str) -> int:
        data = self.call("statusOf(address)", party).data
        return int(self.rpc.call("eth_call", [{"to": self.registry, "data": "0x" + data.hex()}, "latest"]), 16)

    def wait(self, seconds: int) -> None:
        """Until so much later, in a block."""
        now = int(self.rpc.call("eth_getBlockByNumber", ["latest", False])["timestamp"], 16)
        self.rpc.call("evm_setNextBlockTimestamp", [now + seconds])
        self.rpc.call("evm_mine", [])

    def act(self, signer: DevelopmentSigner, call: Call) -> None:
        """Somebody makes a call alone."""
        transaction = self.transactor.sign(call, signer)
        self.transactor.send(transaction)
        assert self.transactor.receipt(transaction).succeeded


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A chain of these tests' own: its clock is moved."""
    with AnvilNode(NodeSettings(chain_id=CHAIN_ID)) as node:
        provide_operator_gas(Rpc(node.url), [person.address for person in PERSONS])
        yield node.url


@pytest.fixture
def governed(url: str, artifacts: Artifacts) -> Governed:
    return Governed(url, artifacts)


def test_what_is_proposed_is_executed_after_the_delay_by_a_second_person(governed: Governed) -> None:
    proposal = governed.control.propose([governed.admit(NEWCOMER), governed.admit(CLIENT)], OPERATOR)
    governed.wait(TERMS.delay_s)
    with pytest.raises(Refused, match="lacks the administrative role executor"):
        governed.control.execute(proposal, OPERATOR)
    assert governed.status(NEWCOMER) == UNKNOWN
    governed.control.execute(proposal, EXECUTOR)
    assert (governed.status(NEWCOMER), governed.status(CLIENT)) == (ACTIVE, ACTIVE)
    with pytest.raises(Refused, match="is not ready"):
        governed.control.execute(proposal, EXECUTOR)


def test_nothing_is_executed_before_the_delay(governed: Governed) -> None:
    proposal = governed.control.propose([governed.admit(NEWCOMER)], OPERATOR)
    governed.wait(TERMS.delay_s - 60)
    with pytest.raises(Refused, match="is not ready: it has to wait"):
        governed.control.execute(proposal, EXECUTOR)
    assert governed.status(NEWCOMER) == UNKNOWN


def test_a_veto_ends_a_proposal(governed: Governed) -> None:
    vetoed = governed.control.propose([governed.admit(NEWCOMER)], OPERATOR)
    kept = governed.control.propose([governed.admit(CLIENT)], DEPUTY)
    with pytest.raises(Refused, match="lacks the administrative role canceller"):
        governed.control.veto(kept, OPERATOR)
    governed.control.veto(vetoed, CANCELLER)
    governed.wait(TERMS.delay_s)
    with pytest.raises(Refused, match="is not ready"):
        governed.control.execute(vetoed, EXECUTOR)
    governed.control.execute(kept, EXECUTOR)
    assert (governed.status(NEWCOMER), governed.status(CLIENT)) == (UNKNOWN, ACTIVE)


def test_the_operators_stolen_key_extends_nothing_and_is_revoked_at_once(governed: Governed) -> None:
    thief = OPERATOR
    with pytest.raises(Refused, match="lacks the administrative role admission"):
        governed.act(thief, governed.admit(NEWCOMER))
    with pytest.raises(Refused, match="lacks the administrative role administrator"):
        governed.act(thief, governed.call("grantRole(bytes32,address)", b"\0" * 32, thief.address))
    governed.control.propose([governed.admit(NEWCOMER)], thief)
    governed.control.revoke(governed.registry, "operator", thief.address, CANCELLER)
    governed.control.revoke(governed.control.address, "proposer", thief.address, CANCELLER)
    for proposal in governed.control.pending():
        governed.control.veto(proposal, CANCELLER)
    with pytest.raises(Refused, match="lacks the administrative role operator"):
        governed.act(thief, governed.call("suspendParty(address)", CLIENT))
    with pytest.raises(Refused, match="lacks the administrative role proposer"):
        governed.control.propose([governed.admit(NEWCOMER)], thief)
    assert governed.control.pending() == ()
    governed.control.propose([governed.admit(CLIENT)], DEPUTY)


def test_what_reduces_trust_is_done_at_once_by_one_key(governed: Governed) -> None:
    governed.control.propose([governed.admit(NEWCOMER), governed.admit(CLIENT)], OPERATOR)
    governed.wait(TERMS.delay_s)
    governed.control.execute(governed.control.pending()[0], EXECUTOR)
    governed.act(OPERATOR, governed.call("suspendParty(address)", NEWCOMER))
    governed.act(SUPERVISOR, governed.call("freezeParty(address)", CLIENT))
    assert (governed.status(NEWCOMER), governed.status(CLIENT)) == (SUSPENDED, FROZEN)
    with pytest.raises(Refused, match="lacks the administrative role admission"):
        governed.act(OPERATOR, governed.call("reinstateParty(address)", NEWCOMER))


def test_the_last_of_a_role_and_the_powers_of_dual_control_stay(governed: Governed) -> None:
    own = governed.control.address
    with pytest.raises(Refused, match="nobody would be left with the role executor"):
        governed.control.revoke(own, "executor", EXECUTOR.address, CANCELLER)
    with pytest.raises(Refused, match="does not have the role supervisor"):
        governed.control.revoke(governed.registry, "supervisor", OPERATOR.address, CANCELLER)
    with pytest.raises(Refused, match="is dual control, whose own powers are not revoked"):
        governed.control.revoke(governed.registry, "admission", own, CANCELLER)


def test_what_is_pending_is_seen_whatever_program_proposed_it(governed: Governed) -> None:
    control, call = governed.control, governed.admit(NEWCOMER)
    mine = control.propose([call], OPERATOR)
    zeros = b"\0" * 32
    single = encode_call(
        "schedule(address,uint256,bytes,bytes32,bytes32,uint256)",
        [governed.registry, 0, call.data, zeros, zeros, control.delay_s()],
    )
    governed.act(DEPUTY, Call("", control.address, single))
    seen = control.pending()
    assert seen[0] == mine
    assert (len(seen), seen[1].single, seen[1].salt) == (2, True, zeros)
    assert seen[1].calls == ((governed.registry, 0, call.data),)
    governed.wait(TERMS.delay_s)
    control.execute(seen[1], EXECUTOR)
    assert governed.status(NEWCOMER) == ACTIVE
    assert control.pending() == (mine,)


def test_a_network_on_a_governed_deployment_says_which_power_is_missing(governed: Governed) -> None:
    network = connect(governed.url, deployment=governed.deployment)
    with pytest.raises(Refused, match="lacks the administrative role admission"):
        network.admit("newcomer", "bank")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"executors": (OPERATOR.address,)}, "cannot have the role proposer"),
        ({"cancellers": (EXECUTOR.address,)}, "cannot have the role canceller"),
        ({"executors": ()}, "nobody would be left with the role executor"),
    ],
)
def test_terms_that_leave_one_person_are_refused(
    url: str, artifacts: Artifacts, changed: dict[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        deploy_governed(Rpc(url), artifacts, CHAIN_ID, OPERATOR, SUPERVISOR, replace(TERMS, **changed))


@pytest.mark.parametrize("delay_s", [-1, 0, 366 * DAY_S])
def test_a_delay_that_is_none_or_longer_than_a_year_is_refused(delay_s: int) -> None:
    with pytest.raises(InputError, match=f"the delay is {delay_s} s"):
        replace(TERMS, delay_s=delay_s)


def test_a_proposal_has_calls_and_creates_nothing(governed: Governed) -> None:
    with pytest.raises(InputError, match="at least one call"):
        governed.control.propose([], OPERATOR)
    with pytest.raises(InputError, match="creates no contracts"):
        governed.control.propose([Call("operator", None, b"\x60")], OPERATOR)
