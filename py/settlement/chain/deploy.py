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


def deploy(rpc: Rpc, artifacts: Artifacts, chain_id: int, operator: Signer, supervisor: Signer) -> Deployment:
    """Deploys registry, engine and dry run.

    Raises:
        Refused: the chain refused, for example because the operator cannot pay gas.
    """
    transactor = Transactor(rpc, artifacts, chain_id, lambda address: address)

    def create(contract: str, types: Sequence[str], arguments: Sequence[Any]) -> str:
        code = bytes.fromhex(artifacts.contract(contract).bytecode.removeprefix("0x"))
        transaction = transactor.sign(Call("operator", None, code + encode(types, arguments)), operator)
        transactor.send(transaction)
        receipt = transactor.receipt(transaction)
        if not receipt.succeeded or receipt.created is None:
            raise Refused([receipt.reason or Reason("Reverted")], f"deployment of {contract}")
        return receipt.created

    registry = create("Registry", ["address"] * 3, [operator.address, operator.address, supervisor.address])
    engine = create("SettlementEngine", ["address"], [registry])
    dry_run = create("SettlementDryRun", ["address"], [engine])
    return Deployment(chain_id=chain_id, registry=registry, engine=engine, dry_run=dry_run)
