"""Gas for the accounts that run a development network."""

from __future__ import annotations

from collections.abc import Sequence

from settlement.chain.rpc import Rpc, RpcError
from settlement.errors import InputError

OPERATOR_WEI = 10**22
"""What an account gets that has nothing, on a chain that lets anybody set balances."""


def provide_operator_gas(rpc: Rpc, addresses: Sequence[str]) -> None:
    """Sees to it that each address can pay gas.

    Raises:
        InputError: one has nothing, gas has a price, and the chain does not let us give it any.
    """
    if _gas_is_free(rpc):
        return
    for address in addresses:
        if int(rpc.call("eth_getBalance", [address, "latest"]), 16) > 0:
            continue
        try:
            rpc.call("anvil_setBalance", [address, hex(OPERATOR_WEI)])
        except RpcError:
            raise InputError(
                f"account {address} cannot pay gas on the chain at {rpc.name}: send it some, or use a chain "
                "without gas price"
            ) from None


def _gas_is_free(rpc: Rpc) -> bool:
    return int(rpc.call("eth_gasPrice", []), 16) == 0
