from string import Formatter
from typing import Any

import pytest
from eth_abi.abi import encode
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError

from settlement.chain import reverts
from settlement.chain.artifacts import Artifacts, selector_of
from settlement.chain.reverts import decode_revert, reason_of
from settlement.chain.rpc import RpcError

PARTY = "0x52908400098527886E0F7030069857D2E4169EE7"
ID = b"\xab" * 32


def revert(artifacts: Artifacts, name: str, *values: Any) -> bytes:
    abi = next(abi for abi in artifacts.errors.values() if abi["name"] == name)
    return bytes.fromhex(selector_of(abi)[2:]) + encode([item["type"] for item in abi["inputs"]], values)


def test_every_error_has_a_sentence_that_fits(artifacts: Artifacts) -> None:
    errors = {abi["name"]: abi for abi in artifacts.errors.values()}
    assert set(errors) - set(reverts.SENTENCES) == set()
    for name, abi in errors.items():
        used = {field for _, field, _, _ in Formatter().parse(reverts.SENTENCES[name]) if field}
        assert used <= {item["name"] for item in abi["inputs"]}, name


def test_no_sentence_is_for_an_error_of_ours_that_is_gone(artifacts: Artifacts) -> None:
    names = {abi["name"] for abi in artifacts.errors.values()}
    assert {name for name in reverts.SENTENCES if "_" in name} - names == set()


def test_every_error_decodes_from_any_values(artifacts: Artifacts) -> None:
    samples = {"address": PARTY, "string": "ref", "bytes32": ID, "bytes12": b"XS0000000009", "bytes4": b"SWTP"}
    for abi in artifacts.errors.values():
        data = revert(artifacts, abi["name"], *(samples.get(item["type"], 1) for item in abi["inputs"]))
        reason = decode_revert(data, artifacts)
        assert reason.name == abi["name"]
        assert list(reason.arguments) == [item["name"] or str(at) for at, item in enumerate(abi["inputs"])]
        assert reason.sentence
        assert "{" not in reason.sentence


def test_arguments_and_sentence(artifacts: Artifacts) -> None:
    data = revert(artifacts, "Instrument_InsufficientFree", PARTY.lower(), 5, 7)
    reason = decode_revert(data, artifacts, naming={PARTY: "bank-a"}.__getitem__)
    assert reason.arguments == {"owner": PARTY, "free": 5, "needed": 7}
    assert reason.sentence == "bank-a has 5 free and 7 is needed"
    assert decode_revert("0x" + data.hex(), artifacts).sentence == f"{PARTY} has 5 free and 7 is needed"


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("Registry_PartyNotActive", (PARTY, 3), f"{PARTY} is not active; it is frozen"),
        ("Registry_PartyNotActive", (PARTY, 9), f"{PARTY} is not active; it is in status 9"),
        ("Engine_UnexpectedStatus", (ID, 4, 2), "nonce 4 of these parties is settled, which does"),
        ("BillOfLading_UnexpectedStatus", (2**255, 6), "the bill 0x80000000… is voided, which does"),
        ("BillOfLading_UnexpectedStatus", (2**255, 7), "the bill 0x80000000… is handed over, which does"),
        ("ControlTracking_DocumentHasLiveRecord", (ID, PARTY, 2**255), f"0x80000000…, in the register {PARTY}"),
        ("BillOfLading_UnexpectedReason", (2**255, b"COD"), "the reason 'COD' of the bill 0x80000000… is not"),
        ("Registry_RoleMissing", (PARTY, 2), f"{PARTY} lacks the role bank"),
        ("Engine_Expired", (ID, 0, 86400), "1970-01-01T00:00:00Z has passed; it is 1970-01-02T00:00:00Z"),
        ("Engine_Expired", (ID, 2**64 - 1, 0), "the deadline 18446744073709551615 has passed"),
        ("GreenBond_InvalidIsin", (b"XS0000000009",), "XS0000000009 is not an ISIN"),
        ("Panic", (0x11,), "failed a check of its own: a result is out of range"),
        ("Error", ("no way",), "no way"),
    ],
)
def test_sentences(artifacts: Artifacts, name: str, values: tuple[Any, ...], sentence: str) -> None:
    assert sentence in decode_revert(revert(artifacts, name, *values), artifacts).sentence


def test_enumerations_and_hashes_stay_plain(artifacts: Artifacts) -> None:
    reason = decode_revert(revert(artifacts, "Engine_UnexpectedStatus", ID, 4, 2), artifacts)
    assert reason.arguments == {"instructionId": "0x" + "ab" * 32, "nonce": 4, "status": 2}


@pytest.mark.parametrize("data", [b"", "0x", None, {}, {"message": "no"}])
def test_no_data(artifacts: Artifacts, data: Any) -> None:
    reason = decode_revert(data, artifacts)
    assert (reason.name, reason.sentence) == ("Reverted", "reverted without a reason")


def test_unknown_and_broken_data(artifacts: Artifacts) -> None:
    for data in ("0xdeadbeef", "0x01"):
        reason = decode_revert(data, artifacts)
        assert (reason.name, reason.arguments) == ("UnknownError", {"data": data})
    cut = revert(artifacts, "Instrument_InsufficientFree", PARTY, 5, 7)[:-32]
    reason = decode_revert(cut, artifacts)
    assert (reason.name, reason.arguments) == ("UnknownError", {"data": "0x" + cut.hex()})
    assert "Instrument_InsufficientFree that cannot be read" in reason.sentence


def test_the_data_is_found_in_every_exception(artifacts: Artifacts) -> None:
    data = "0x" + revert(artifacts, "AccountMoney_NoAccount", PARTY).hex()
    nested = {"message": "reverted", "data": data}
    exceptions = [
        ContractCustomError(data, data=data),
        ContractCustomError(data),
        ContractLogicError("execution reverted", data=data),
        ContractLogicError("execution reverted", data=nested),
        ContractLogicError("execution reverted", data={"data": nested}),
        ContractLogicError("execution reverted", data="Reverted " + data),
        Web3RPCError("reverted", rpc_response={"error": {"code": 3, "message": "reverted", "data": data}}),
        Web3RPCError("reverted", rpc_response={"error": {"code": -32603, "message": "no", "data": nested}}),
        RpcError(3, "execution reverted", data),
        RpcError(-32603, "Error: VM Exception", nested),
        ValueError({"code": 3, "message": "execution reverted", "data": data}),
    ]
    for exception in exceptions:
        reason = reason_of(exception, artifacts)
        assert reason is not None, repr(exception)
        assert reason.name == "AccountMoney_NoAccount"
        assert reason.arguments == {"holder": PARTY}


def test_exceptions_without_data(artifacts: Artifacts) -> None:
    reason = reason_of(ContractLogicError("execution reverted", data="0x"), artifacts)
    assert reason is not None
    assert reason.name == "Reverted"
    assert reason_of(RpcError(-32000, "nonce too low"), artifacts) is None
    assert reason_of(OSError("no"), artifacts) is None
