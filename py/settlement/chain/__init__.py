"""The chain: the only package that knows web3 and JSON-RPC."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_BLS12_381_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001


class _WhenAsked:
    """py_ecc's signatures, imported when one is asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("py_ecc.bls").G2ProofOfPossession, name)


def _module(name: str, **contents: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module


def _import_accounts() -> None:
    """Imports eth_account without py_ecc's pairings, which only keystores of validators need: nobody here has one.

    They are nine tenths of the time that eth_account takes to import.
    """
    stand_ins = (
        _module("py_ecc.bls", G2ProofOfPossession=_WhenAsked()),
        _module("py_ecc.bls12_381", curve_order=_BLS12_381_ORDER),
    )
    placed = [module.__name__ for module in stand_ins if sys.modules.setdefault(module.__name__, module) is module]
    # py_ecc lets Python recurse a hundred times as deep as is usual, and deeper than the stack is: reading JSON that is
    # nested so deeply would end the process.
    limit = sys.getrecursionlimit()
    try:
        import_module("eth_account")
    finally:
        sys.setrecursionlimit(limit)
        for name in placed:
            del sys.modules[name]


_import_accounts()
