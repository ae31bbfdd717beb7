"""The contracts keep to their folders, and say everything public in an interface."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from settlement.chain.artifacts import load_artifacts, selector_of

CONTRACTS = Path(__file__).parents[3] / "contracts"

# Which folders each folder may import from; every folder may import from itself.
MAY_IMPORT = {
    "types": set(),
    "interfaces": {"types"},
    "libraries": {"types"},
    "compliance": {"interfaces", "libraries", "types"},
    "token": {"interfaces", "libraries", "types"},
    "money": {"interfaces", "libraries", "types", "token"},
    "assets": {"interfaces", "libraries", "types", "token"},
    "disclosure": {"interfaces", "libraries", "types"},
    "servicing": {"interfaces", "libraries", "types"},
    "settlement": {"interfaces", "libraries", "types"},
}

LINES_MAX = 400
CODE_BYTES_MAX = 24_576


def sources() -> list[Path]:
    return sorted(CONTRACTS.glob("*/*.sol"))


@pytest.mark.parametrize("source", sources(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_contract_imports_only_what_its_folder_may(source: Path) -> None:
    own = source.parent.name
    imported = re.findall(r'from "(\.{1,2}/[^"]+)"', source.read_text("utf-8"))
    folders = {(source.parent / path).resolve().parent.name for path in imported}
    assert folders <= MAY_IMPORT[own] | {own}


def test_every_folder_has_a_rule() -> None:
    assert {path.parent.name for path in sources()} == set(MAY_IMPORT)


@pytest.mark.parametrize("source", sources(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_contract_file_can_be_held_in_the_head(source: Path) -> None:
    assert len(source.read_text("utf-8").splitlines()) <= LINES_MAX


def functions_declared_in_interfaces() -> set[str]:
    text = "\n".join(path.read_text("utf-8") for path in (CONTRACTS / "interfaces").glob("*.sol"))
    return set(re.findall(r"function (\w+)\(", text))


# What OpenZeppelin's bases and public constants bring along; documented there.
INHERITED = {
    *("name", "symbol", "decimals", "totalSupply", "balanceOf", "transfer", "allowance", "approve", "transferFrom"),
    *("ownerOf", "safeTransferFrom", "setApprovalForAll", "getApproved", "isApprovedForAll", "tokenURI"),
    *("supportsInterface", "hasRole", "getRoleAdmin", "grantRole", "revokeRole", "renounceRole", "eip712Domain"),
    *("isValidSignature",),  # ERC-1271
    *("DEFAULT_ADMIN_ROLE", "OPERATOR_ROLE", "SUPERVISOR_ROLE"),
    # of a TimelockController
    *("PROPOSER_ROLE", "EXECUTOR_ROLE", "CANCELLER_ROLE", "schedule", "scheduleBatch", "execute", "executeBatch"),
    *("cancel", "getMinDelay", "updateDelay", "getTimestamp", "getOperationState", "hashOperation"),
    *("hashOperationBatch", "isOperation", "isOperationPending", "isOperationReady", "isOperationDone"),
    *("onERC721Received", "onERC1155Received", "onERC1155BatchReceived"),
}


@pytest.mark.parametrize("name", sorted(load_artifacts().contracts))
def test_every_public_function_is_declared_and_documented_in_an_interface(name: str) -> None:
    own = {entry["name"] for entry in load_artifacts().contract(name).abi if entry["type"] == "function"}
    assert own - INHERITED <= functions_declared_in_interfaces()


@pytest.mark.parametrize("name", sorted(load_artifacts().contracts))
def test_a_contract_fits_on_chain(name: str) -> None:
    code = load_artifacts().contract(name).deployed_bytecode.removeprefix("0x")
    assert len(code) // 2 < CODE_BYTES_MAX


@pytest.mark.parametrize("name", sorted(load_artifacts().contracts))
def test_every_error_of_a_contract_can_be_decoded(name: str) -> None:
    artifacts = load_artifacts()
    errors = {selector_of(entry) for entry in artifacts.contract(name).abi if entry["type"] == "error"}
    assert errors <= set(artifacts.errors)
