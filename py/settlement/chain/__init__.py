"""The chain: the only package that knows web3 and JSON-RPC."""

import contextlib
import sys

# py_ecc, which eth_account imports, lets Python recurse a hundred times as deep as is usual, and deeper than the stack
# is: reading JSON that is nested so deeply would end the process. Nothing here needs that.
_limit = sys.getrecursionlimit()
with contextlib.suppress(ImportError):
    import py_ecc  # noqa: F401
sys.setrecursionlimit(_limit)
