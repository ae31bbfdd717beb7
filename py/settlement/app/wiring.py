"""The wiring of a network: on a chain of its own, or on any EVM chain that answers at a URL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from settlement.app.description import NetworkDescription
from settlement.app.service import Service, require_chain
from settlement.app.signing import OPERATOR, SUPERVISOR, KeyKind, Keys, Signing, development_warning, one_key_warning
from settlement.chain.artifacts import Artifacts, load_artifacts
from settlement.chain.batches import EvmBatches, genesis_hash
from settlement.chain.books import EvmBooks
from settlement.chain.deploy import deploy
from settlement.chain.deployment import Deployment
from settlement.chain.funding import provide_operator_gas
from settlement.chain.ledger import EvmLedger
from settlement.chain.node import AnvilNode, NodeSettings
from settlement.chain.rpc import DEFAULT_TIMEOUT_S, Rpc, RpcError
from settlement.chain.signers import SignerBook
from settlement.domain.directory import Directory
from settlement.domain.finality import FinalityRule
from settlement.durable.database import Database
from settlement.durable.journal import SqlJournal
from settlement.durable.queue import SqlQueue
from settlement.errors import ChainUnreachable, InputError
from settlement.flow.network import Network
from settlement.ports import ChainIdentity, Signer

DEVELOPMENT_CHAIN_ID = 31337


@contextmanager
def start(timestamp: int | None = None, port: int | None = None, label: str = "") -> Iterator[Network]:
    """A network on a chain of its own, which ends with the block.

    Args:
        timestamp: Unix time of the chain's first block; None for now.
        port: Where the chain listens on loopback; None for a free port.
        label: Distinguishes the development keys of one network from another's.

    Raises:
        ChainUnreachable: the chain could not be started.
        InputError: the port is in use.
    """
    settings = NodeSettings(chain_id=DEVELOPMENT_CHAIN_ID, timestamp=timestamp, port=port)
    with AnvilNode(settings) as node:
        yield connect(node.url, label=label)


def connect(
    url: str,
    chain_id: int | None = None,
    deployment: Deployment | None = None,
    label: str = "",
    directory: Directory | None = None,
    journal: Path | str | None = None,
    operator: Signer | None = None,
    keys: Keys | None = None,
    senders: Collection[str] = (),
    first_nonce: int = 0,
) -> Network:
    """A network on the chain at `url`; its core contracts are deployed where no deployment is given.

    Args:
        url: The chain's JSON-RPC address.
        chain_id: What the chain has to be; None for whatever it is.
        deployment: Where the core contracts already are.
        label: Distinguishes the development keys of one network from another's.
        directory: Parties and instruments that are already there.
        journal: The journal's file or URL; None keeps it in memory.
        operator: Signs for the operator; None for one found as the others are.
        keys: Which keys sign; None leaves it to the chain: development keys where it is local, and else keystores.
        senders: Who has to be able to sign before anything is sent, besides operator and supervisor.
        first_nonce: From which on the journal counts the nonces of parties that it does not know yet.

    Raises:
        InputError: not a URL, another chain than expected, or keys that are missing or unusable.
        ChainUnreachable: nobody answers there.
        Refused: the chain refused the deployment.
    """
    rpc = Rpc(url)
    actual = _chain_id_of(rpc)
    expected = deployment.chain_id if deployment else chain_id
    if expected is not None and expected != actual:
        raise InputError(f"the chain at {rpc.name} has id {actual}, and {expected} was expected")
    artifacts = load_artifacts()
    signing = Signing(keys or Keys(), rpc, url, actual, label, directory, operator)
    signing.require([*(() if deployment else (OPERATOR, SUPERVISOR)), *senders])
    if deployment is None:
        if warning := one_key_warning(url, actual):
            (keys or Keys()).warn(warning)
        deployment = _deploy_core(rpc, artifacts, actual, signing.book)
    ledger = EvmLedger(rpc, artifacts, deployment, signing.book, directory)
    return Network(ledger, SqlJournal(journal, scope_of(deployment, label), first_nonce=first_nonce))


def open_service(
    description: NetworkDescription,
    journal: Path | str,
    url: str | None = None,
    keys: Keys | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
) -> Service:
    """The service over a network that is there; the journal is bound to its chain.

    Args:
        description: The network.
        journal: A file, or a database's URL.
        url: The chain's JSON-RPC address, where it is another than the one described.
        keys: Which keys sign; None leaves it to the description and the chain.
        timeout_s: How long to wait for an answer of the chain.

    Raises:
        InputError: the chain, or the journal's, is another one, or the keys asked for are not for this chain.
        ChainUnreachable, JournalUnavailable: nobody answers there.
    """
    rpc = Rpc(url or description.url, timeout_s)
    deployment = description.deployment
    expected = ChainIdentity(deployment.chain_id, description.genesis_hash)
    artifacts = load_artifacts()
    signing = Signing(
        keys or Keys(),
        rpc,
        url or description.url,
        deployment.chain_id,
        description.label,
        description.directory,
        described=description.keys,
    )
    ledger = EvmLedger(rpc, artifacts, deployment, signing.book, description.directory)
    batches = EvmBatches(rpc, artifacts, deployment, signing.book, lambda: ledger.directory)
    require_chain(batches, expected)
    database = Database(journal)
    books = EvmBooks(rpc, artifacts, deployment)
    try:
        database.bind(*expected)
        kept = SqlJournal(database, scope=scope_of(deployment, description.label))
        if not kept.has_instructions():
            database.since_block(kept.scope, books.head())
    except BaseException:
        database.close()
        raise
    network, queue = Network(ledger, kept), SqlQueue(database, kept.scope)
    return Service(network, deployment, batches, books, queue, expected, database, signing)


def describe(
    url: str,
    deployment: Deployment,
    directory: Directory,
    label: str,
    finality: FinalityRule | None = None,
    keys: KeyKind = "development",
) -> NetworkDescription:
    """What another process needs to work on the same network, and which keys it has: never the keys.

    Raises:
        ChainUnreachable: nobody answers.
    """
    return NetworkDescription(
        url=url,
        genesis_hash=genesis_hash(Rpc(url)),
        deployment=deployment,
        label=label,
        directory=directory,
        finality=str(finality or FinalityRule()),
        keys=keys,
        warning=" ".join(development_warning(url, deployment.chain_id)) or None if keys == "development" else None,
    )


def scope_of(deployment: Deployment, label: str) -> str:
    """The scope of a network's instructions in a journal."""
    return f"{deployment.engine}/{label}"


def deploy_on(url: str) -> Deployment:
    """Deploys the core contracts on the chain at `url`.

    Raises:
        ChainUnreachable: nobody answers there.
        Refused: the chain refused.
    """
    rpc = Rpc(url)
    chain_id = _chain_id_of(rpc)
    signing = Signing(Keys(), rpc, url, chain_id, "")
    signing.require([OPERATOR, SUPERVISOR])
    return _deploy_core(rpc, load_artifacts(), chain_id, signing.book)


def _deploy_core(rpc: Rpc, artifacts: Artifacts, chain_id: int, signers: SignerBook) -> Deployment:
    operator, supervisor = signers.signer(OPERATOR), signers.signer(SUPERVISOR)
    provide_operator_gas(rpc, [operator.address, supervisor.address])
    return deploy(rpc, artifacts, chain_id, operator, supervisor)


def _chain_id_of(rpc: Rpc) -> int:
    try:
        return int(rpc.call("eth_chainId", []), 16)
    except (RpcError, TypeError, ValueError) as error:
        raise ChainUnreachable(f"{rpc.name} does not say which chain it is") from error
