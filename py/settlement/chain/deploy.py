"""Deploys the three contracts that every deployment has, whatever instruments come later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eth_abi.abi import encode

from settlement.chain.artifacts import Artifacts
from settlement.chain.calls import Call
from settlement.chain.deployment import Deployment
from settlement.chain.rpc import Rpc
from settlement.chain.transactions import Transactor
from settlement.errors import Reason, Refused
from settlement.ports import Signer


def deploy(
    rpc: Rpc,
    artifacts: Artifacts,
    chain_id: int,
    operator: Signer,
    supervisor: Signer,
    administrator: str | None = None,
) -> Deployment:
    """Deploys registry, engine and dry run.

    Args:
        rpc: The chain.
        artifacts: The compiled contracts.
        chain_id: The chain's id.
        operator: Pays for the deployment; suspends parties and withdraws instruments.
        supervisor: Freezes and unfreezes parties.
        administrator: The address that admits parties and instruments and grants roles; None for the operator, which is
            for development. `governance.deploy_governed` puts these powers under dual control.

    Raises:
        Refused: the chain refused, for example because the operator cannot pay gas.
    """
    transactor = Transactor(rpc, artifacts, chain_id, lambda address: address)

    def make(contract: str, types: Sequence[str], arguments: Sequence[Any]) -> str:
        return create(transactor, artifacts, operator, contract, types, arguments)

    holders = [administrator or operator.address, operator.address, supervisor.address]
    registry = make("Registry", ["address"] * 3, holders)
    engine = make("SettlementEngine", ["address"], [registry])
    dry_run = make("SettlementDryRun", ["address"], [engine])
    return Deployment(chain_id=chain_id, registry=registry, engine=engine, dry_run=dry_run)


def create(
    transactor: Transactor,
    artifacts: Artifacts,
    operator: Signer,
    contract: str,
    types: Sequence[str],
    arguments: Sequence[Any],
) -> str:
    """Deploys one contract and returns its address.

    Args:
        transactor: Sends to the chain.
        artifacts: The compiled contracts.
        operator: Pays for it.
        contract: Its name.
        types: The ABI types of its constructor's arguments.
        arguments: Those arguments.

    Raises:
        Refused: the chain, or the contract's constructor, refused.
    """
    code = bytes.fromhex(artifacts.contract(contract).bytecode.removeprefix("0x"))
    transaction = transactor.sign(Call("operator", None, code + encode(types, arguments)), operator)
    transactor.send(transaction)
    receipt = transactor.receipt(transaction)
    if not receipt.succeeded or receipt.created is None:
        raise Refused([receipt.reason or Reason("Reverted")], f"deployment of {contract}")
    return receipt.created
