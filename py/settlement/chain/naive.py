"""One web3.py call after another, as the library's tutorials show it: what the throughput is compared with."""

from __future__ import annotations

from eth_account import Account
from eth_utils.address import to_checksum_address

from settlement.chain.artifacts import Artifacts
from settlement.chain.deployment import Deployment
from settlement.chain.eip712 import instruction_values
from settlement.chain.funding import provide_operator_gas
from settlement.chain.rpc import Rpc
from settlement.domain.directory import Directory
from settlement.domain.instruction import MatchedInstruction


class NaiveClient:
    """Settles one by one with a contract object: web3.py fills in gas and fees, and each receipt is waited for.

    Nothing is remembered: what is lost on the way is lost. The parties' signatures are made elsewhere.
    """

    def __init__(self, url: str, artifacts: Artifacts, deployment: Deployment) -> None:
        from web3 import HTTPProvider, Web3  # It takes longer to import than all of this package.

        self._web3 = Web3(HTTPProvider(url))
        abi = list(artifacts.contract("SettlementEngine").abi)
        self._engine = self._web3.eth.contract(address=to_checksum_address(deployment.engine), abi=abi)
        self._account = Account.create()
        provide_operator_gas(Rpc(url), [self._account.address])

    def settle(self, matched: MatchedInstruction, directory: Directory) -> bool:
        """Settles one instruction; whether its transaction succeeded."""
        legs, *rest = instruction_values(matched.instruction, directory)
        values = ([(*map(to_checksum_address, leg[:4]), leg[4]) for leg in legs], *rest)
        consents = [
            (to_checksum_address(consent.address), bytes.fromhex(consent.signature[2:])) for consent in matched.consents
        ]
        address = self._account.address
        transaction = self._engine.functions.settle(values, consents).build_transaction(
            {"from": address, "nonce": self._web3.eth.get_transaction_count(address)}
        )
        signed = self._account.sign_transaction(transaction)
        sent = self._web3.eth.send_raw_transaction(signed.raw_transaction)
        return bool(self._web3.eth.wait_for_transaction_receipt(sent)["status"] == 1)
